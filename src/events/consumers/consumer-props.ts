import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { IFunction } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { IdempotentConsumerAlarmOptions } from './alarms';
import { CrossRegionEventMesh } from '../mesh/cross-region-event-mesh';

/** What to do with an event when a later one of its subject was done before. */
export enum StaleEvents {
  /** Deliver it all the same, and count it: every event matters. */
  DELIVER = 'DELIVER',
  /** Discard it, and count it: only the newest state matters. */
  SKIP = 'SKIP',
}

/** How the team's handler gets its events. */
export enum ConsumerHandling {
  /** A function of ours calls it with one envelope at a time; any language. */
  INVOKE = 'INVOKE',
  /** It is wrapped by `idempotentConsumer` (of `cdk-multi-region-payments/runtime`) and reads the queue itself; Node.js. */
  WRAPPED = 'WRAPPED',
}

/** Properties of `IdempotentConsumer`. */
export interface IdempotentConsumerProps {
  /** The mesh in this stack's region. */
  readonly mesh: CrossRegionEventMesh;

  /**
   * Name of the consumer: 2 to 30 lower-case letters, digits and hyphens; the same in every region. Its queue, inbox and metrics are named
   * by it.
   */
  readonly consumerName: string;

  /**
   * Function with the effect. It succeeds, or throws: then the event is tried again, and set aside in the end. Between its effect and the
   * inbox's record of it a crash can come: what must not be done twice even then gets the event's ID as its own key, or marks the inbox
   * in its own transaction (`grantComplete`). It is given the envelope, with the event's `source`.
   */
  readonly handler: IFunction;

  /**
   * How the handler gets its events.
   *
   * @default ConsumerHandling.INVOKE
   */
  readonly handling?: ConsumerHandling;

  /**
   * How long the handler may take for one event, 1 second to 5 minutes; at least as long as the function's own timeout where it is called.
   *
   * @default Duration.seconds(15)
   */
  readonly handlerTimeout?: Duration;

  /**
   * Attempts after which an event is set aside in the dead-letter queue, 1 to 100.
   *
   * @default 5
   */
  readonly maxAttempts?: number;

  /**
   * What to do with an event when a later one of its subject was done before.
   *
   * @default StaleEvents.DELIVER
   */
  readonly staleEvents?: StaleEvents;

  /**
   * How long an event is remembered, in whole days, 15 to 3650: a copy that comes later has its effect again. The default outlives
   * every way of a copy that takes nobody's doing: a day in a stream, a day on a rule, and then 14 days in each of two dead-letter queues.
   * Longer, when older archives are replayed.
   *
   * @default Duration.days(30)
   */
  readonly remember?: Duration;

  /**
   * Types of events, such as `payment.captured`.
   *
   * @default - all
   */
  readonly types?: string[];

  /**
   * `Source` of the events that are accepted, 1 to 20. An event of any other never reaches the handler: it is counted, raises an alarm, and
   * is kept in the dead-letter queue. Events are told apart by source, tenant and ID.
   *
   * @default - the ledger's alone, `<systemName>.ledger`
   */
  readonly sources?: string[];

  /**
   * Calls of the handler at the same time, 2 to 1000.
   *
   * @default 10
   */
  readonly maxConcurrency?: number;

  /**
   * Key of this region that encrypts queues and inbox. EventBridge must be able to use it: its policy is extended where it can be.
   *
   * @default - SQS's and DynamoDB's own keys
   */
  readonly encryptionKey?: IKey;

  /**
   * What becomes of the inbox when it is removed from the stack. Without its inbox a consumer knows nothing of what it has done.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * The alarms and whom they tell.
   *
   * @default - every alarm with its default, telling nobody
   */
  readonly alarms?: IdempotentConsumerAlarmOptions;

  /**
   * How long the log of our own function is kept.
   *
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays;
}
