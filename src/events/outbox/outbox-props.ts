import { Duration } from 'aws-cdk-lib';
import { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { AlarmTuning } from '../../cdk/tuned-alarms';
import { LedgerReplica } from '../../ledger/constructs/ledger-replica';
import { CrossRegionEventMesh } from '../mesh/cross-region-event-mesh';

/** How this region publishes for a lost one. */
export interface LedgerSweepOptions {
  /**
   * Whether it does. Without it the events of a lost region come when that region is back.
   *
   * @default true
   */
  readonly enabled?: boolean;

  /**
   * How long a peer has to publish by itself before this region looks whether it lives, 0 to 15 minutes.
   *
   * @default Duration.minutes(5)
   */
  readonly delay?: Duration;
}

/** The alarms of an outbox. */
export interface LedgerOutboxAlarmOptions {
  /**
   * Whom to tell when an alarm rises. Nobody is told that it ended, or that a new one has its first data: nothing is to be done then.
   *
   * @default - nobody: the alarms are there to be seen
   */
  readonly actions?: IAlarmAction[];

  /**
   * Age of the oldest change of the ledger that is not published, in milliseconds.
   *
   * @default - 60,000 ms in 3 minutes
   */
  readonly age?: AlarmTuning;

  /**
   * Payments that this region decided in five minutes in which the outbox was not called at all. A stream that is not read (a mapping that
   * is off, a right that was taken away) has no age. Of the last 25 minutes; `minutes` counts spans of five.
   *
   * @default - 1 payment, in 2 of the last five spans of five minutes
   */
  readonly unread?: AlarmTuning;

  /**
   * Ranges of the stream that were given up.
   *
   * @default - 1 in 1 minute
   */
  readonly deadLetters?: AlarmTuning;

  /**
   * Age of the oldest change of a peer that the sweep has not seen, in milliseconds.
   *
   * @default - 300,000 ms in 3 minutes
   */
  readonly sweepAge?: AlarmTuning;

  /**
   * Events of lost peers that could not be published here.
   *
   * @default - 1 in 1 minute
   */
  readonly sweepDeadLetters?: AlarmTuning;
}

/** Properties of `LedgerOutbox`. */
export interface LedgerOutboxProps {
  /** The ledger in this stack's region. The table must be there when the stack is deployed. */
  readonly ledger: LedgerReplica;

  /** The mesh in this region, over all of the ledger's replicas. */
  readonly mesh: CrossRegionEventMesh;

  /**
   * How this region publishes for a lost one.
   *
   * @default - it does, after 5 minutes
   */
  readonly sweep?: LedgerSweepOptions;

  /**
   * Batches of one shard that are worked on side by side, 1 to 10. The changes of one account stay in order.
   *
   * @default 4
   */
  readonly parallelizationFactor?: number;

  /**
   * Age at which a change that cannot be published is given up, so that it does not hold up the others: 1 minute to 20 hours. The stream
   * keeps it for 24 hours, and until then the range can be redriven.
   *
   * @default Duration.hours(12)
   */
  readonly maxRecordAge?: Duration;

  /**
   * Attempts at a batch before it is given up, 1 to 10,000. Lambda tries about once a minute at last.
   *
   * @default 1000
   */
  readonly retryAttempts?: number;

  /**
   * Key of this region that encrypts the queues, which hold the IDs of payments and accounts.
   *
   * @default - SQS's own key
   */
  readonly encryptionKey?: IKey;

  /**
   * The alarms and whom they tell.
   *
   * @default - every alarm with its default, telling nobody
   */
  readonly alarms?: LedgerOutboxAlarmOptions;

  /**
   * How long the functions' logs are kept.
   *
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays;
}
