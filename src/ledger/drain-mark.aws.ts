import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { drainKey, ledgerSchema, switchAttributes } from './contract';
import { markItem, markOf } from './drain-mark.domain';
import { DrainMark } from './model';

/** The switch item whose presence drains a region, with the owner that set it: a drill or a trial takes away its own alone. */
export class DrainMarks {
  constructor(
    private readonly client: DynamoDBClient,
    private readonly tableName: string,
  ) {}

  /** Undefined where there is none. One that is over is there until somebody takes it away: see `isDrainedBy`. */
  public async read(region: string): Promise<DrainMark | undefined> {
    const { Item } = await this.client.send(new GetItemCommand({ TableName: this.tableName, Key: keyOf(region), ConsistentRead: true }));
    return Item && markOf(Item);
  }

  /** The owner's mark as it stands then. Undefined: somebody else has set it, and nothing was changed. */
  public async set(region: string, mark: DrainMark): Promise<DrainMark | undefined> {
    try {
      await this.client.send(
        new PutItemCommand({
          TableName: this.tableName,
          Item: { ...keyOf(region), ...markItem(mark) },
          // One that is over drains nothing. It may still be there where its owner was lost.
          ConditionExpression: `attribute_not_exists(${ledgerSchema.partitionKey}) OR #until < :at`,
          ExpressionAttributeNames: { '#until': switchAttributes.until },
          ExpressionAttributeValues: { ':at': { N: String(mark.at) } },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
      return mark;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      // It may be sent twice. The first one stays, so that no repetition makes a drain longer.
      const standing = error.Item && markOf(error.Item);
      return standing?.owner === mark.owner ? standing : undefined;
    }
  }

  /** False: it was not the owner's, or not there. */
  public async clear(region: string, owner: string): Promise<boolean> {
    try {
      await this.client.send(
        new DeleteItemCommand({
          TableName: this.tableName,
          Key: keyOf(region),
          ConditionExpression: '#owner = :owner',
          ExpressionAttributeNames: { '#owner': switchAttributes.owner },
          ExpressionAttributeValues: { ':owner': { S: owner } },
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }
}

const keyOf = (region: string): Record<string, { S: string }> => ({ [ledgerSchema.partitionKey]: { S: drainKey(region) } });
