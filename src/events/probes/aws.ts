import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
  UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { meshSchema } from '../contract';
import { ProbeNews, ProbeStore } from './service';

const { partitionKey, arrivedAt, sentAt, resumedAt, probeKey } = meshSchema;

/** What a region has heard of its peers, in the mesh's table there. */
export function probeStore(client: DynamoDBClient, tableName: string): ProbeStore {
  const keyOf = (peer: string): { TableName: string; Key: { [name: string]: { S: string } } } => ({
    TableName: tableName,
    Key: { [partitionKey]: { S: probeKey(peer) } },
  });
  return {
    newsOf: async (peer): Promise<ProbeNews> => {
      const { Item: item = {} } = await client.send(new GetItemCommand({ ...keyOf(peer), ConsistentRead: true }));
      const numberIn = (name: string): Record<string, number> => (item[name]?.N === undefined ? {} : { [name]: Number(item[name].N) });
      return { ...numberIn(arrivedAt), ...numberIn(sentAt), ...numberIn(resumedAt) };
    },
    arrived: async (peer, at, silentAfterMs) => {
      const values = { ':arrived': { N: `${at.arrivedAt}` }, ':sent': { N: `${at.sentAt}` } };
      const set = `SET ${arrivedAt} = :arrived, ${sentAt} = :sent`;
      // Each is one write under a condition: two probes that arrive at once cannot hide the end of a silence from each other.
      const heard = await update(client, {
        ...keyOf(peer),
        UpdateExpression: set,
        ConditionExpression: `${arrivedAt} BETWEEN :audible AND :arrived`,
        ExpressionAttributeValues: { ...values, ':audible': { N: `${at.arrivedAt - silentAfterMs}` } },
      });
      if (heard) return;
      await update(client, {
        ...keyOf(peer),
        UpdateExpression: `${set}, ${resumedAt} = :arrived`,
        ConditionExpression: `attribute_not_exists(${arrivedAt}) OR ${arrivedAt} < :audible`,
        ExpressionAttributeValues: { ...values, ':audible': { N: `${at.arrivedAt - silentAfterMs}` } },
      });
    },
  };
}

/** Whether its condition held. */
async function update(client: DynamoDBClient, input: UpdateItemCommandInput): Promise<boolean> {
  try {
    await client.send(new UpdateItemCommand(input));
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}
