import { DynamoDBStreamsClient, GetRecordsCommand, GetShardIteratorCommand } from '@aws-sdk/client-dynamodb-streams';
import { outboxRedriveEnv } from './contract';
import { FailedRange, redrive, Redriven } from './outbox-redrive.service';
import { LambdaStreamRecord, outboxOf, reserveMs, streamRecords } from './outbox.aws';
import { StreamRecord } from './outbox.service';
import { redriveQueue } from './redrive.aws';
import { Environment } from '../ledger/environment.aws';
import { connection } from '../runtime/clients';

/** What an operator may ask for. */
export interface RedriveRequest {
  /** Whether ranges that the stream has forgotten leave the queue; they stay when undefined. */
  readonly removeExpired?: boolean;
}

/** A function's redrive, from its environment. */
export function redriveOf(source: Environment): (request: RedriveRequest | null, remainingMs: number) => Promise<Redriven> {
  const { deadLetterQueueUrl } = outboxRedriveEnv.read(source);
  const { outbox, telemetry } = outboxOf(source, 'outbox-redrive');
  const queue = redriveQueue(deadLetterQueueUrl, telemetry);
  const streams = new DynamoDBStreamsClient({ maxAttempts: 3, requestHandler: connection() });
  return async (request, remainingMs) => {
    const removeExpired = request?.removeExpired ?? false;
    if (typeof removeExpired !== 'boolean') throw new Error(`'removeExpired' is ${JSON.stringify(removeExpired)}; allowed: true or false`);
    const open = new Set<string>();
    try {
      const result = await redrive({
        receive: async () => (await queue.receive()).map(({ body, handle }) => {
          open.add(handle);
          return { body, remove: () => queue.discard([handle]).then(() => void open.delete(handle)) };
        }),
        read: (range) => readRange(streams, range),
        publish: (records, deadlineMs) => outbox.republish(records, deadlineMs),
        nowMs: Date.now,
      }, Date.now() + remainingMs - reserveMs, removeExpired);
      telemetry.record('redrive', { ...result });
      return result;
    } finally {
      // Only now: this run would receive them again. The next one finds them, and so does the alarm.
      await queue.release([...open]);
    }
  };
}

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
