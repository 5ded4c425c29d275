import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, IAlarmAction, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { CanarySettings } from './canary-checks';
import { describeAlarm } from '../../cdk/tuned-alarms';
import { canaryMetrics } from '../contract';

/** What is said of a canary in its alarms. */
export interface WatchedCanary {
  readonly systemName: string;
  readonly name: string;
  /** Such as `the endpoint of us-east-1`. */
  readonly place: string;
}

/** A canary's metric, one value for each run. */
export function canaryMetric(name: string, canary: string, period: Duration, statistic: string): Metric {
  return new Metric({
    namespace: canaryMetrics.namespace,
    metricName: name,
    dimensionsMap: { [canaryMetrics.canaryDimension]: canary },
    period,
    statistic,
  });
}

/** Runs that an alarm looks at. One alone may have met a deployment, or a link that was slow for a moment. */
const runs = { watched: 3, bad: 2 } as const;

/** Alarms on one canary: it fails, it is slow, it does not run. Each has its entry in the runbook. */
export function defineCanaryAlarms(
  scope: Construct,
  { systemName, name, place }: WatchedCanary,
  { intervalMinutes, slowAfterSeconds }: CanarySettings,
  actions: IAlarmAction[] = [],
): Alarm[] {
  const period = Duration.minutes(intervalMinutes);
  const alarm = (
    id: string,
    says: string,
    anchor: string,
    more: {
      metric: Metric;
      threshold: number;
      comparisonOperator: ComparisonOperator;
      datapointsToAlarm: number;
      treatMissingData: TreatMissingData;
    },
  ): Alarm => {
    const created = new Alarm(scope, id, {
      alarmDescription: describeAlarm(systemName, says, anchor),
      evaluationPeriods: runs.watched,
      ...more,
    });
    created.addAlarmAction(...actions);
    return created;
  };
  return [
    alarm('Failing', `payments of the canary fail at ${place}`, 'a-canary-fails', {
      metric: canaryMetric(canaryMetrics.success, name, period, Stats.AVERAGE),
      threshold: 100,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      datapointsToAlarm: runs.bad,
      // A canary that does not run has an alarm of its own.
      treatMissingData: TreatMissingData.NOT_BREACHING,
    }),
    alarm('Slow', `a payment of the canary and its moves take longer than ${slowAfterSeconds} s at ${place}`, 'a-canary-is-slow', {
      metric: canaryMetric(canaryMetrics.duration, name, period, Stats.AVERAGE),
      threshold: 1000 * slowAfterSeconds,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      datapointsToAlarm: runs.bad,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    }),
    alarm('Silent', `the canary at ${place} does not run, so it is not known whether payments pass`, 'a-canary-is-silent', {
      metric: canaryMetric(canaryMetrics.success, name, period, Stats.SAMPLE_COUNT),
      threshold: 1,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      datapointsToAlarm: runs.watched,
      treatMissingData: TreatMissingData.BREACHING,
    }),
  ];
}
