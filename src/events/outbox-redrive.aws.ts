import { DynamoDBStreamsClient, GetRecordsCommand, GetShardIteratorCommand } from '@aws-sdk/client-dynamodb-streams';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { outboxRedriveEnv, outboxRedriveHintsEnv } from './contract';
import { FailedRange, redrive, Redriven } from './outbox-redrive.service';
import { LambdaStreamRecord, outboxOf, reserveMs, streamRecords } from './outbox.aws';
import { StreamRecord } from './outbox.service';
import { redriveQueue } from './redrive.aws';
import { Environment } from '../ledger/environment.aws';
import { connection } from '../runtime/clients';
import type { Telemetry } from '../runtime/telemetry';

/** What an operator may ask for. */
export interface RedriveRequest {
  /** Whether ranges that the stream has forgotten leave the queue; they stay when undefined. */
  readonly removeExpired?: boolean;
}

/** What an operator is told. */
export interface RedriveAnswer extends Redriven {
  /** Hints that the sweep had given up and has again. */
  readonly hints: number;
}

/** A function's redrive, from its environment. */
export function redriveOf(source: Environment): (request: RedriveRequest | null, remainingMs: number) => Promise<RedriveAnswer> {
  const { deadLetterQueueUrl } = outboxRedriveEnv.read(source);
  const { outbox, telemetry } = outboxOf(source, 'outbox-redrive');
  const queue = redriveQueue(deadLetterQueueUrl, telemetry);
  const giveHintsAgain = hintsRedrive(source, telemetry);
  const streams = new DynamoDBStreamsClient({ maxAttempts: 3, requestHandler: connection() });
  return async (request, remainingMs) => {
    const removeExpired = request?.removeExpired ?? false;
    if (typeof removeExpired !== 'boolean') throw new Error(`'removeExpired' is ${JSON.stringify(removeExpired)}; allowed: true or false`);
    const open = new Set<string>();
    const begun = Date.now();
    const endMs = begun + remainingMs - reserveMs;
    try {
      const ranges = await redrive({
        receive: async () => (await queue.receive()).map(({ body, handle }) => {
          open.add(handle);
          return { body, remove: () => queue.discard([handle]).then(() => void open.delete(handle)) };
        }),
        read: (range) => readRange(streams, range),
        publish: (records, deadlineMs) => outbox.republish(records, deadlineMs),
        nowMs: Date.now,
      }, endMs, removeExpired);
      const result = { ...ranges, hints: await giveHintsAgain(begun, endMs) };
      telemetry.record('redrive', { ...result });
      return result;
    } finally {
      // Only now: this run would receive them again. The next one finds them, and so does the alarm.
      await queue.release([...open]);
    }
  };
}

/** Hints that were given up, as far as they were there at the beginning, go back to where the sweep finds them. */
function hintsRedrive(source: Environment, telemetry: Telemetry): (begun: number, deadlineMs: number) => Promise<number> {
  if (!source[hintsVariable]) return () => Promise.resolve(0);
  const { hintLettersUrl, hintsUrl } = outboxRedriveHintsEnv.read(source);
  const letters = redriveQueue(hintLettersUrl, telemetry);
  const sqs = new SQSClient({ maxAttempts: 3, requestHandler: connection() });
  return async (begun, deadlineMs) => {
    let moved = 0;
    for (let received = await letters.receive(); received.length > 0 && Date.now() < deadlineMs; received = await letters.receive()) {
      const own = received.filter(({ sentAt }) => sentAt <= begun);
      for (const { body } of own) await sqs.send(new SendMessageCommand({ QueueUrl: hintsUrl, MessageBody: body }));
      if (own.length > 0) await letters.discard(own.map(({ handle }) => handle));
      moved += own.length;
    }
    return moved;
  };
}

const [hintsVariable] = Object.keys(outboxRedriveHintsEnv.write({ hintLettersUrl: '-', hintsUrl: '-' }));

/** The first records of a shard that is still there, or a shard that is not: it goes some time after its last record. */
const forgotten = new Set(['TrimmedDataAccessException', 'ResourceNotFoundException']);

async function readRange(streams: DynamoDBStreamsClient, range: FailedRange): Promise<readonly StreamRecord[] | 'expired'> {
  const { streamArn, shardId, startSequenceNumber, endSequenceNumber } = range;
  const records: LambdaStreamRecord[] = [];
  try {
    const { ShardIterator: start } = await streams.send(new GetShardIteratorCommand({
      StreamArn: streamArn, ShardId: shardId, ShardIteratorType: 'AT_SEQUENCE_NUMBER', SequenceNumber: startSequenceNumber,
    }));
    let iterator = start;
    while (iterator) {
      const page = await streams.send(new GetRecordsCommand({ ShardIterator: iterator }));
      const found = (page.Records ?? []) as LambdaStreamRecord[];
      const within = found.filter(({ dynamodb }) => BigInt(dynamodb!.SequenceNumber!) <= BigInt(endSequenceNumber));
      records.push(...within);
      if (within.length < found.length || endOf(within) === endSequenceNumber) break;
      iterator = page.NextShardIterator;
    }
  } catch (error) {
    if (forgotten.has((error as Error).name)) return 'expired';
    throw error;
  }
  return streamRecords(records);
}

const endOf = (records: readonly LambdaStreamRecord[]): string | undefined => records[records.length - 1]?.dynamodb?.SequenceNumber;
