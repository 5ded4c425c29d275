import { randomUUID } from 'crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { completion, documentCompletion, DynamoInbox } from './aws';
import { Consumer, ConsumerPorts, ConsumerSettings, Handled, DeliveryOutcome } from './service';
import { namedCauseOf } from '../../kernel/cause';
import type { TeamTracers } from '../../kernel/team-tracers';
import { connection } from '../../runtime/clients';
import { withinTrace } from '../../runtime/team-tracers';
import { Telemetry } from '../../runtime/telemetry';
import { tracerOf } from '../../runtime/xray';
import { consumerEnv, consumerLeaseMs, meshMetrics } from '../contract';
import type { ConsumedEvent } from '../model';
import { letterReason } from '../publishing/letter.domain';
import type { EventDelivery, EventHandler, IdempotentConsumerOptions, QueueHandler } from '../runtime.model';

/** Clients for the inbox and for the dead-letter queue. */
export interface ConsumerClients {
  readonly dynamoDb: DynamoDBClient;
  readonly sqs: Pick<SQSClient, 'send'>;
}

/** A repeated request does no harm: each write is refused by the trace that the first one left. */
export function consumerClients(): ConsumerClients {
  const options = { maxAttempts: 3, requestHandler: connection() };
  return { dynamoDb: new DynamoDBClient(options), sqs: new SQSClient(options) };
}

/** See `lateAfterMs` of the outbox: a trace as old as this is closed. */
const lateAfterMs = 15 * 60_000;
const dayMs = 86_400_000;

/**
 * Makes the handler of a function that gets events from the queue of an `IdempotentConsumer`: each event's effect comes about once. The
 * handler throws when it failed; after the last attempt the event is set aside in the dead-letter queue.
 */
export function idempotentConsumer<Data = unknown>(options: IdempotentConsumerOptions, handler: EventHandler<Data>): QueueHandler {
  return consumerFunction(options.environment ?? process.env, consumerClients(), handlerWithin(handler, options.tracers));
}

type Handle = (event: ConsumedEvent, delivery: EventDelivery, timeoutMs: number) => Promise<Handled>;

/** A handler in this function, as the consumer knows one. */
export function handlerWithin<Data = unknown>(handler: EventHandler<Data>, tracers: TeamTracers = {}): Handle {
  return (event, delivery, timeoutMs) => {
    const work = (): Promise<void> => handler(event as ConsumedEvent<Data>, delivery);
    const { trace } = delivery;
    return Promise.race([handled(trace ? async () => withinTrace(tracers, trace, work) : work), timedOut(timeoutMs)]);
  };
}

/** A queue's function around whatever handles an event within a time. */
export function consumerFunction(
  source: Readonly<Record<string, string | undefined>>,
  clients: ConsumerClients,
  handle: Handle,
): QueueHandler {
  const env = consumerEnv.read(source);
  const timeoutMs = Number(env.handlerTimeoutMs);
  const region = source.AWS_REGION ?? 'unknown';
  const telemetry = new Telemetry({
    systemName: env.systemName,
    region,
    service: env.consumer,
    dimensions: { [meshMetrics.consumerDimension]: env.consumer },
  });
  const open: DeliveryOutcome[] = [];
  const ports: ConsumerPorts = {
    inbox: new DynamoInbox(clients.dynamoDb, env.inboxTable),
    handle: (event, delivery) =>
      handle(
        event,
        {
          ...delivery,
          completion: () => completion(env.inboxTable, event, Date.now()),
          documentCompletion: () => documentCompletion(env.inboxTable, event, Date.now()),
        },
        timeoutMs,
      ),
    deadLetter: async ({ body }, reason) => {
      const attributes = { ERROR_CODE: 'SET_ASIDE', ERROR_MESSAGE: letterReason(reason) };
      await clients.sqs.send(
        new SendMessageCommand({
          QueueUrl: env.deadLetterQueueUrl,
          MessageBody: body,
          MessageAttributes: Object.fromEntries(
            Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
          ),
        }),
      );
    },
    nowMs: Date.now,
    nonce: randomUUID,
    tracer: tracerOf(source, env.systemName),
    observe: (outcome) => {
      count(telemetry, outcome);
      if (outcome.reason !== undefined || !outcome.settled) open.push(outcome);
    },
  };
  const settings: ConsumerSettings = {
    name: `${env.systemName}-${env.consumer}`,
    sources: env.sources.split(' '),
    leaseMs: consumerLeaseMs(timeoutMs, env.handlerArn !== undefined),
    maxAttempts: Number(env.maxAttempts),
    rememberMs: Number(env.rememberDays) * dayMs,
    stale: env.staleEvents === 'SKIP' ? 'SKIP' : 'DELIVER',
    lateAfterMs,
  };
  const consumer = new Consumer(ports, settings);
  return async (event, context) => {
    const messages = event.Records.map(({ messageId, body }) => ({ id: messageId, body }));
    const again = await consumer.receive(messages, Date.now() + context.getRemainingTimeInMillis());
    telemetry.record('events', { messages: messages.length, again: again.length, open: open.splice(0).slice(0, 10) });
    return { batchItemFailures: again.map((itemIdentifier) => ({ itemIdentifier })) };
  };
}

function count(telemetry: Telemetry, { kind, outOfOrder }: DeliveryOutcome): void {
  if (kind === 'done') telemetry.count(meshMetrics.consumed);
  if (kind === 'duplicate') telemetry.count(meshMetrics.duplicates);
  if (kind === 'setAside') telemetry.count(meshMetrics.setAside);
  if (kind === 'refused') telemetry.count(meshMetrics.refused);
  if (outOfOrder) telemetry.count(meshMetrics.outOfOrder);
}

async function handled(work: () => Promise<void>): Promise<Handled> {
  try {
    await work();
    return { kind: 'done' };
  } catch (error) {
    return { kind: 'failed', reason: namedCauseOf(error) };
  }
}

function timedOut(timeoutMs: number): Promise<Handled> {
  return new Promise((resolve) => {
    setTimeout(() => resolve({ kind: 'unknown', reason: `the handler did not end within ${timeoutMs} ms` }), timeoutMs).unref();
  });
}
