import { DynamoDBStreamsClient, GetRecordsCommand, GetShardIteratorCommand } from '@aws-sdk/client-dynamodb-streams';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { outboxRedriveEnv, outboxRedriveHintsEnv } from '../contract';
import { redriveQueue } from './aws';
import { redrive, Redriven } from './outbox.service';
import type { Environment } from '../../kernel/env';
import { onwards } from '../../kernel/pages';
import { connection } from '../../runtime/clients';
import type { Telemetry } from '../../runtime/telemetry';
import { LambdaStreamRecord, outboxOf, reserveMs, streamRecords } from '../outbox/aws';
import { FailedRange, StreamRecord } from '../outbox/service';
import { asideWriter, findRecord } from '../outbox/set-aside.aws';
import { setAside } from '../outbox/set-aside.service';

/** What an operator may ask for. */
export interface RedriveRequest {
  /** Whether ranges that the stream has forgotten leave the queue; they stay when undefined. */
  readonly removeExpired?: boolean;
  /** Sequence number of a record that holds up the outbox or the sweep: it alone is set aside, and nothing is redriven. */
  readonly setAside?: string;
}

/** What an operator is told who set a record aside. */
export interface SetAsideAnswer {
  /** The record's place: it is a dead letter now. */
  readonly setAside: FailedRange;
}

/** What an operator is told. */
export interface RedriveAnswer extends Redriven {
  /** Hints that the sweep had given up and has again. */
  readonly hints: number;
}

/** A function's redrive, from its environment. */
export function redriveOf(
  source: Environment,
): (request: RedriveRequest | null, remainingMs: number) => Promise<RedriveAnswer | SetAsideAnswer> {
  const { deadLetterQueueUrl, streamArn } = outboxRedriveEnv.read(source);
  const { outbox, telemetry, dynamoDb, meshTableName } = outboxOf(source, 'outbox-redrive');
  const sqs = new SQSClient({ maxAttempts: 3, requestHandler: connection() });
  const queue = redriveQueue(deadLetterQueueUrl, telemetry);
  const giveHintsAgain = hintsRedrive(source, telemetry, sqs);
  const streams = new DynamoDBStreamsClient({ maxAttempts: 3, requestHandler: connection() });
  const mark = asideWriter(dynamoDb, meshTableName, Date.now);
  return async (request, remainingMs) => {
    if (request?.setAside !== undefined) {
      const sequenceNumber = sequenceNumberOf(request);
      const letter = async (one: FailedRange): Promise<void> => {
        await sqs.send(new SendMessageCommand({ QueueUrl: deadLetterQueueUrl, MessageBody: JSON.stringify({ DDBStreamBatchInfo: one }) }));
      };
      const range = await setAside({ find: (number) => findRecord(streams, streamArn, number), letter, mark }, sequenceNumber);
      telemetry.record('set aside', { ...range });
      return { setAside: range };
    }
    const removeExpired = request?.removeExpired ?? false;
    if (typeof removeExpired !== 'boolean') throw new Error(`'removeExpired' is ${JSON.stringify(removeExpired)}; allowed: true or false`);
    const open = new Set<string>();
    const begun = Date.now();
    const endMs = begun + remainingMs - reserveMs;
    try {
      const ranges = await redrive(
        {
          receive: async () =>
            (await queue.receive()).map(({ body, handle }) => {
              open.add(handle);
              return { body, remove: () => queue.discard([handle]).then(() => void open.delete(handle)) };
            }),
          read: (range) => readRange(streams, range),
          publish: (records, deadlineMs) => outbox.republish(records, deadlineMs),
          nowMs: Date.now,
        },
        endMs,
        removeExpired,
      );
      const result = { ...ranges, hints: await giveHintsAgain(begun, endMs) };
      telemetry.record('redrive', { ...result });
      return result;
    } finally {
      // Only now: this run would receive them again. The next one finds them, and so does the alarm.
      await queue.release([...open]);
    }
  };
}

/** A sequence number as a text: as a number, JSON's readers would round it. */
function sequenceNumberOf({ setAside: given, removeExpired }: RedriveRequest): string {
  if (typeof given !== 'string' || !/^\d{1,40}$/.test(given)) {
    throw new Error(`'setAside' is ${JSON.stringify(given)}; allowed: a sequence number in quotes, 1 to 40 digits`);
  }
  if (removeExpired !== undefined) throw new Error("'setAside' and 'removeExpired' are given; allowed: one of them");
  return given;
}

/** Hints that were given up, as far as they were there at the beginning, go back to where the sweep finds them. */
function hintsRedrive(source: Environment, telemetry: Telemetry, sqs: SQSClient): (begun: number, deadlineMs: number) => Promise<number> {
  if (!source[hintsVariable]) return () => Promise.resolve(0);
  const { hintLettersUrl, hintsUrl } = outboxRedriveHintsEnv.read(source);
  const letters = redriveQueue(hintLettersUrl, telemetry);
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
    const { ShardIterator: start } = await streams.send(
      new GetShardIteratorCommand({
        StreamArn: streamArn,
        ShardId: shardId,
        ShardIteratorType: 'AT_SEQUENCE_NUMBER',
        SequenceNumber: startSequenceNumber,
      }),
    );
    const next = onwards<string>(`the records from ${startSequenceNumber} on in ${shardId}`);
    let iterator = next(start);
    while (iterator) {
      const page = await streams.send(new GetRecordsCommand({ ShardIterator: iterator }));
      const pageRecords = (page.Records ?? []) as LambdaStreamRecord[];
      const within = pageRecords.filter(({ dynamodb }) => BigInt(dynamodb!.SequenceNumber!) <= BigInt(endSequenceNumber));
      records.push(...within);
      if (within.length < pageRecords.length || endOf(within) === endSequenceNumber) break;
      iterator = next(page.NextShardIterator);
    }
  } catch (error) {
    if (forgotten.has((error as Error).name)) return 'expired';
    throw error;
  }
  return streamRecords(records);
}

const endOf = (records: readonly LambdaStreamRecord[]): string | undefined => records[records.length - 1]?.dynamodb?.SequenceNumber;
