import { IAlarmAction, IMetric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { IQueue } from 'aws-cdk-lib/aws-sqs';
import { AlarmDefinition, AlarmTuning, minute } from '../../cdk/tuned-alarms';

/** The alarms of a consumer. Duplicates raise none: they are the transport's way. */
export interface IdempotentConsumerAlarmOptions {
  /**
   * Whom to tell when an alarm rises. Nobody is told that it ended, or that a new one has its first data: nothing is to be done then.
   *
   * @default - nobody: the alarms are there to be seen
   */
  readonly actions?: IAlarmAction[];

  /**
   * Age of the oldest event that waits in the queue, in seconds.
   *
   * @default - 300 s in 3 minutes
   */
  readonly age?: AlarmTuning;

  /**
   * Events in the dead-letter queue: those set aside, and those whose consumer died over and over.
   *
   * @default - 1 in 1 minute
   */
  readonly deadLetters?: AlarmTuning;

  /**
   * Events a minute that were set aside.
   *
   * @default - 1 in 1 minute
   */
  readonly setAside?: AlarmTuning;

  /**
   * Events a minute that were refused: of a source that the consumer does not accept.
   *
   * @default - 1 in 1 minute
   */
  readonly refused?: AlarmTuning;
}

/** What the alarms of a consumer watch. */
export interface ConsumerWatched {
  readonly queue: IQueue;
  readonly deadLetters: IQueue;
  readonly setAside: IMetric;
  readonly refused: IMetric;
}

/** The alarms of a consumer. */
export function consumerAlarms(
  alarms: IdempotentConsumerAlarmOptions = {},
  { queue, deadLetters, setAside, refused }: ConsumerWatched,
): AlarmDefinition[] {
  return [
    {
      id: 'Age',
      says: 'events wait in the queue',
      anchor: 'consumer-age',
      threshold: 300,
      minutes: 3,
      tuning: alarms.age,
      metric: queue.metricApproximateAgeOfOldestMessage({ statistic: Stats.MAXIMUM, period: minute }),
    },
    {
      id: 'DeadLetterAlarm',
      says: 'events are in the dead-letter queue',
      anchor: 'consumer-dead-letters',
      threshold: 1,
      minutes: 1,
      tuning: alarms.deadLetters,
      metric: deadLetters.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM, period: minute }),
    },
    {
      id: 'SetAside',
      says: 'events are set aside',
      anchor: 'consumer-dead-letters',
      threshold: 1,
      minutes: 1,
      tuning: alarms.setAside,
      metric: setAside,
    },
    {
      id: 'Refused',
      says: 'events of a source that is not accepted arrive',
      anchor: 'consumer-refused',
      threshold: 1,
      minutes: 1,
      tuning: alarms.refused,
      metric: refused,
    },
  ];
}
