/**
 * What `cdk-multi-region-payments/runtime` takes and returns: types only, without those of the AWS SDK, since they are published as they
 * are.
 */
import type { ConsumedEvent, EventTrace } from './model';
import type { TeamTracers } from '../kernel/team-tracers';
import type { TraceContext } from '../kernel/trace';

/** The part of Lambda's event for a queue that is used here. */
export interface QueueEvent {
  readonly Records: readonly { readonly messageId: string; readonly body: string }[];
}

/** What Lambda is told about a batch: the messages that have to come again. */
export interface QueueBatchResponse {
  readonly batchItemFailures: { readonly itemIdentifier: string }[];
}

/** The part of Lambda's context that is used here. */
export interface QueueContext {
  readonly getRemainingTimeInMillis: () => number;
}

export type QueueHandler = (event: QueueEvent, context: QueueContext) => Promise<QueueBatchResponse>;

/** A member of `TransactItems` in DynamoDB's TransactWriteItems. */
export interface Completion {
  readonly Update: {
    readonly TableName: string;
    readonly Key: Record<string, { readonly S: string }>;
    readonly ConditionExpression: string;
    readonly UpdateExpression: string;
    readonly ExpressionAttributeNames: Record<string, string>;
    readonly ExpressionAttributeValues: Record<string, { readonly S: string } | { readonly N: string }>;
  };
}

/** The same for `TransactWriteCommand` of `@aws-sdk/lib-dynamodb`, which takes values as JavaScript has them. */
export interface DocumentCompletion {
  readonly Update: Omit<Completion['Update'], 'Key' | 'ExpressionAttributeValues'> & {
    readonly Key: Record<string, string>;
    readonly ExpressionAttributeValues: Record<string, string | number>;
  };
}

/** What a handler may want to know of a delivery. */
export interface EventDelivery {
  /** From 1; more than 1: an earlier attempt failed, or died before it could say how it went. */
  readonly attempt: number;
  /** Trace to go on from; absent when it is not recorded. */
  readonly trace?: TraceContext;
  /**
   * Marks the event as done, as a part of the handler's own DynamoDB transaction: then the effect and the record of it are one write, and
   * no crash can come between them. The transaction is cancelled when another attempt was faster. The handler may leave it out: then
   * the event is marked after it has returned.
   */
  readonly completion: () => Completion;
  /** The same, where the handler has the document client. */
  readonly documentCompletion: () => DocumentCompletion;
}

/** Options of `idempotentConsumer`. */
export interface IdempotentConsumerOptions {
  /** Environment to read the settings from, which `IdempotentConsumer` writes. @default process.env */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Tracers of the handler's own: they record in the event's trace, below the consumer's work. @default - none */
  readonly tracers?: TeamTracers;
}

/** Options of `traced`. */
export interface TracedOptions {
  /** Name of the system, as the traces of its parts say it. */
  readonly systemName: string;
  /** Name of the work in traces, such as `acme-pay-shop`: at most 200 letters, digits, blanks and `_.:/%&#=+-@`. */
  readonly name: string;
  /** Tracers of the handler's own. */
  readonly tracers: TeamTracers;
  /** Environment to read the daemon's address and the region from. @default process.env */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** A handler of Lambda, with the trace that it goes on in. */
export type TracedHandler<I, O, C> = (event: I, context: C, trace: TraceContext) => Promise<O>;

/** See `traced`. */
export type CreateTraced = <I, O, C = unknown>(
  options: TracedOptions,
  handler: TracedHandler<I, O, C>,
) => (event: I, context: C) => Promise<O>;

/** Does what an event is there for. Throws when it failed. */
export type EventHandler<Data> = (event: ConsumedEvent<Data>, delivery: EventDelivery) => Promise<void>;

/** Options of `createPublisher`. */
export interface PublisherOptions {
  /** `Source` of the events: the one of `mesh.publisherEnvironment()`, and no other. @default - that one */
  readonly source?: string;
  /**
   * How long a call of `publish` tries, in milliseconds, 100 to 600,000; giving up into the dead-letter queue comes on top.
   * @default 5000
   */
  readonly timeoutMs?: number;
  /** Environment to read the settings from: `mesh.publisherEnvironment()`. @default process.env */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** An event as it is handed in; what is left out is filled in. */
export interface NewEvent<Data = unknown> {
  /**
   * The event's own ID: 1 to 128 of `A-Z a-z 0-9 . _ : -`. Give one that follows from what happened if you may publish it twice: consumers
   * discard the second one by it.
   *
   * @default - a random one
   */
  readonly id?: string;
  readonly type: string;
  /** @default 1 */
  readonly schemaVersion?: number;
  /** ISO 8601 in UTC with milliseconds. @default - now */
  readonly occurredAt?: string;
  readonly tenant?: string;
  readonly subject?: string;
  readonly sequence?: number;
  /** @default - that of the function's invocation, if it is recorded */
  readonly trace?: EventTrace;
  readonly data: Data;
}

/** What became of an event. */
export interface PublishedEvent {
  readonly id: string;
  /** `deadLettered`: it is in the publisher's dead-letter queue, from where an operator puts it back; an alarm tells. */
  readonly outcome: 'sent' | 'deadLettered';
  /** Why it was not sent. */
  readonly reason?: string;
}

/** Publishes a team's events. */
export interface Publisher {
  /**
   * Publishes events, those of one subject in the order given. Throws `InvalidEvent` before anything is sent, or `EventsNotPublished`
   * when neither EventBridge nor the dead-letter queue took some of them.
   */
  publish(events: readonly NewEvent[]): Promise<readonly PublishedEvent[]>;
}

/** See `idempotentConsumer`. */
export type CreateIdempotentConsumer = <Data = unknown>(options: IdempotentConsumerOptions, handler: EventHandler<Data>) => QueueHandler;

/** See `createPublisher`. */
export type CreatePublisher = (options?: PublisherOptions) => Publisher;
