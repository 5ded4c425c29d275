import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  Shard,
} from '@aws-sdk/client-dynamodb-streams';
import { onwards } from '../../kernel/pages';
import { meshSchema } from '../contract';
import { FailedRange } from './service';

const { partitionKey, asideKey } = meshSchema;
const keyOf = (sequenceNumber: string): Record<string, { readonly S: string }> => ({ [partitionKey]: { S: asideKey(sequenceNumber) } });

/** Whether a record was set aside; not, where that cannot be known: then it holds up the others, as it did. */
export function asideReader(client: DynamoDBClient, tableName: string): (sequenceNumber: string) => Promise<boolean> {
  return async (sequenceNumber) => {
    try {
      const { Item: item } = await client.send(
        new GetItemCommand({ TableName: tableName, Key: keyOf(sequenceNumber), ConsistentRead: true }),
      );
      return item !== undefined;
    } catch {
      return false;
    }
  };
}

export function asideWriter(client: DynamoDBClient, tableName: string, nowMs: () => number): (sequenceNumber: string) => Promise<void> {
  return async (sequenceNumber) => {
    await client.send(new PutItemCommand({ TableName: tableName, Item: { ...keyOf(sequenceNumber), setAsideAt: { N: `${nowMs()}` } } }));
  };
}

/** The place of one record: its shard, among all whose numbers include it, since those of several shards overlap. */
export async function findRecord(
  streams: DynamoDBStreamsClient,
  streamArn: string,
  sequenceNumber: string,
): Promise<FailedRange | undefined> {
  for await (const shard of shardsOf(streams, streamArn)) {
    const arrivedAt = await arrivalIn(streams, streamArn, shard, sequenceNumber);
    if (arrivedAt === undefined) continue;
    const at = arrivedAt.toISOString();
    return {
      streamArn,
      shardId: shard.ShardId!,
      startSequenceNumber: sequenceNumber,
      endSequenceNumber: sequenceNumber,
      approximateArrivalOfFirstRecord: at,
      approximateArrivalOfLastRecord: at,
    };
  }
  return undefined;
}

async function* shardsOf(streams: DynamoDBStreamsClient, streamArn: string): AsyncIterable<Shard> {
  const next = onwards<string>(`the shards of ${streamArn}`);
  let last: string | undefined;
  do {
    const { StreamDescription: page = {} } = await streams.send(
      new DescribeStreamCommand({ StreamArn: streamArn, ExclusiveStartShardId: last }),
    );
    yield* page.Shards ?? [];
    last = next(page.LastEvaluatedShardId);
  } while (last !== undefined);
}

/** What is said of a number that a shard does not have, or no more. */
const notThere = new Set(['TrimmedDataAccessException', 'ResourceNotFoundException', 'ValidationException']);

/** When the record came into the shard; undefined where it is not in it. */
async function arrivalIn(
  streams: DynamoDBStreamsClient,
  streamArn: string,
  shard: Shard,
  sequenceNumber: string,
): Promise<Date | undefined> {
  const { StartingSequenceNumber: first = '0', EndingSequenceNumber: last } = shard.SequenceNumberRange ?? {};
  const number = BigInt(sequenceNumber);
  if (number < BigInt(first) || (last !== undefined && number > BigInt(last))) return undefined;
  try {
    const { ShardIterator: iterator } = await streams.send(
      new GetShardIteratorCommand({
        StreamArn: streamArn,
        ShardId: shard.ShardId,
        ShardIteratorType: 'AT_SEQUENCE_NUMBER',
        SequenceNumber: sequenceNumber,
      }),
    );
    const { Records: [record] = [] } = await streams.send(new GetRecordsCommand({ ShardIterator: iterator, Limit: 1 }));
    return record?.dynamodb?.SequenceNumber === sequenceNumber ? (record.dynamodb.ApproximateCreationDateTime ?? new Date(0)) : undefined;
  } catch (error) {
    if (notThere.has((error as Error).name)) return undefined;
    throw error;
  }
}
