import { Alarm, IAlarmAction, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { AlarmDefinition, AlarmTuning, defineAlarms, minute } from '../../cdk/tuned-alarms';
import { CopyDirection, copyMetrics, copyMinutes, copyRuleName } from '../contract';

/** The alarms on the copies of documents: two on each way into this region, one on each way out. S3 publishes their metrics there. */
export interface DocumentsAlarmOptions {
  /**
   * Whom to tell when an alarm rises, in this region.
   *
   * @default - nobody: the alarms are there to be seen
   */
  readonly actions?: IAlarmAction[];

  /**
   * How far this region's copies are behind, in seconds.
   *
   * @default - 900 s in 3 minutes: S3 promises no more
   */
  readonly latency?: AlarmTuning;

  /**
   * Bytes that are still to be copied into this region.
   *
   * @default - 1 GiB in 5 minutes
   */
  readonly bytesPending?: AlarmTuning;

  /**
   * Documents of this region that were not copied. S3 does not try again: a backfill does.
   *
   * @default - 1 in a minute
   */
  readonly failedOperations?: AlarmTuning;
}

const gibibyte = 1024 ** 3;

/** What the alarms of a region are on. */
interface WatchedCopies {
  readonly systemName: string;
  readonly region: string;
  readonly directions: readonly CopyDirection[];
  readonly bucketName: (region: string) => string;
}

/** The alarms of a region; each description ends with the address of what to do. */
export function defineDocumentsAlarms(scope: Construct, watched: WatchedCopies, options: DocumentsAlarmOptions = {}): Alarm[] {
  const { systemName, region, directions, bucketName } = watched;
  const metric = ({ from, to }: CopyDirection, metricName: string, statistic: string): Metric =>
    new Metric({
      namespace: copyMetrics.namespace,
      metricName,
      statistic,
      period: minute,
      dimensionsMap: { SourceBucket: bucketName(from), DestinationBucket: bucketName(to), RuleId: copyRuleName(to) },
    });
  const arriving = directions
    .filter(({ to }) => to === region)
    .flatMap((direction): AlarmDefinition[] => [
      {
        id: `Latency-${direction.from}`,
        says: `documents from ${direction.from} arrive later than S3 promises`,
        anchor: 'documents-late',
        threshold: copyMinutes * 60,
        minutes: 3,
        tuning: options.latency,
        metric: metric(direction, copyMetrics.latency, Stats.MAXIMUM),
      },
      {
        id: `BytesPending-${direction.from}`,
        says: `more and more documents from ${direction.from} wait to be copied`,
        anchor: 'documents-waiting',
        threshold: gibibyte,
        minutes: 5,
        tuning: options.bytesPending,
        metric: metric(direction, copyMetrics.bytesPending, Stats.MAXIMUM),
      },
    ]);
  const leaving = directions
    .filter(({ from }) => from === region)
    .map((direction): AlarmDefinition => ({
      id: `Failed-${direction.to}`,
      says: `documents were not copied to ${direction.to}, and S3 does not try again`,
      anchor: 'documents-not-copied',
      threshold: 1,
      minutes: 1,
      tuning: options.failedOperations,
      metric: metric(direction, copyMetrics.failed, Stats.SUM),
    }));
  return defineAlarms(scope, `${systemName} documents in ${region}`, [...arriving, ...leaving], options.actions);
}
