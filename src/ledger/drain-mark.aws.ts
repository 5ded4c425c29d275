import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { drainKey, ledgerSchema } from './contract';

/** Whose a drain switch is, and since when. */
export interface DrainMark {
  readonly owner: string;
  /** Epoch milliseconds; 0 where nobody wrote it. */
  readonly at: number;
}

/** The attributes that say whose switch it is. */
const [ownerAttribute, timeAttribute] = ['drainedBy', 'drainedAt'];

/** The switch item whose presence drains a region, with the owner that set it: a drill or a trial takes away its own alone. */
export class DrainMarks {
  constructor(
    private readonly client: DynamoDBClient,
    private readonly tableName: string,
  ) {}

  /** Undefined when the region is in service. The owner is empty when a person has set it. */
  public async read(region: string): Promise<DrainMark | undefined> {
    const { Item } = await this.client.send(new GetItemCommand({ TableName: this.tableName, Key: keyOf(region), ConsistentRead: true }));
    return Item && { owner: Item[ownerAttribute]?.S ?? '', at: Number(Item[timeAttribute]?.N ?? 0) };
  }

  /** False: somebody else has set it, and nothing was changed. */
  public set(region: string, { owner, at }: DrainMark): Promise<boolean> {
    return this.written(
      new PutItemCommand({
        TableName: this.tableName,
        Item: { ...keyOf(region), [ownerAttribute]: { S: owner }, [timeAttribute]: { N: String(at) } },
        // It may be sent twice: the second one finds the owner's own.
        ConditionExpression: `attribute_not_exists(${ledgerSchema.partitionKey}) OR #owner = :owner`,
        ...ownedBy(owner),
      }),
    );
  }

  /** False: it was not the owner's, or not there. */
  public clear(region: string, owner: string): Promise<boolean> {
    return this.written(
      new DeleteItemCommand({ TableName: this.tableName, Key: keyOf(region), ConditionExpression: '#owner = :owner', ...ownedBy(owner) }),
    );
  }

  private async written(command: PutItemCommand | DeleteItemCommand): Promise<boolean> {
    try {
      await this.client.send(command as PutItemCommand);
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }
}

const keyOf = (region: string): Record<string, { S: string }> => ({ [ledgerSchema.partitionKey]: { S: drainKey(region) } });
const ownedBy = (owner: string) => ({
  ExpressionAttributeNames: { '#owner': ownerAttribute },
  ExpressionAttributeValues: { ':owner': { S: owner } },
});
