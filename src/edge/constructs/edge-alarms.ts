import { Distribution } from 'aws-cdk-lib/aws-cloudfront';
import { Alarm, IAlarmAction, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { AlarmTuning, defineAlarms, minute } from '../../cdk/tuned-alarms';

/** The alarms of the edge. CloudFront's metrics are in us-east-1 alone, and so are these. */
export interface EdgeAlarmOptions {
  /**
   * Whom to tell when an alarm rises, in us-east-1.
   *
   * @default - nobody: the alarms are there to be seen
   */
  readonly actions?: IAlarmAction[];

  /**
   * Share of requests answered with a 5xx, in percent: by the edge, the API or the site.
   *
   * @default - 1 percent in 3 minutes
   */
  readonly serverErrors?: AlarmTuning;

  /**
   * 99th percentile of the time that API and buckets take to answer, in milliseconds. CloudFront counts it among its additional metrics,
   * which it bills for each distribution; switch the alarm off to leave them out.
   *
   * @default - 3,000 ms in 3 minutes
   */
  readonly originLatency?: AlarmTuning;
}

/** Whether CloudFront must count its additional metrics: one alarm alone needs them. */
export function needsAdditionalMetrics(options: EdgeAlarmOptions = {}): boolean {
  return options.originLatency?.enabled !== false;
}

/** A metric of CloudFront has a region's name besides the distribution, which is always this one; the CDK's class leaves it out. */
const dimensionsOf = ({ distributionId }: Distribution): Record<string, string> => ({ DistributionId: distributionId, Region: 'Global' });

/** The alarms on a distribution; each description ends with the address of what to do. */
export function defineEdgeAlarms(
  scope: Construct,
  systemName: string,
  distribution: Distribution,
  options: EdgeAlarmOptions = {},
): Alarm[] {
  const watched = { period: minute, dimensionsMap: dimensionsOf(distribution) };
  const latency = {
    id: 'OriginLatency',
    says: 'one request in a hundred waits too long for API or site',
    anchor: 'edge-origin-latency',
    threshold: 3000,
    minutes: 3,
    tuning: options.originLatency,
  };
  return defineAlarms(
    scope,
    `${systemName} at the edge`,
    [
      {
        id: 'ServerErrors',
        says: 'requests are answered with 5xx',
        anchor: 'edge-server-errors',
        threshold: 1,
        minutes: 3,
        tuning: options.serverErrors,
        metric: distribution.metric5xxErrorRate(watched),
      },
      // The class refuses the metric where CloudFront does not count it.
      ...(needsAdditionalMetrics(options)
        ? [{ ...latency, metric: distribution.metricOriginLatency({ ...watched, statistic: Stats.percentile(99) }) }]
        : []),
    ],
    options.actions,
  );
}
