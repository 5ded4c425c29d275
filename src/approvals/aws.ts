import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import type { AttributeValue, Put } from '@aws-sdk/client-dynamodb';
import { SendTaskHeartbeatCommand, SendTaskSuccessCommand, SFNClient } from '@aws-sdk/client-sfn';
import { gateSchema } from './contract';
import { ApprovalRecord, ApprovalRequest, ApprovalResult } from './model';
import { ApprovalStore, TokenTasks } from './ports';

const { partitionKey, sortKey, dueIndex, duePartitionKey, dueSortKey } = gateSchema;

/** The index's only partition: what is still to do is little. */
const duePartition = 'due';
const requestSort = 'request';

/** The gate's store in a DynamoDB table. It puts and reads: nothing is ever updated or deleted, so its functions need no right to. */
export class DynamoApprovals implements ApprovalStore {
  constructor(
    private readonly client: DynamoDBClient,
    private readonly tableName: string,
  ) {}

  public async create(request: ApprovalRequest, record: ApprovalRecord): Promise<'created' | 'exists'> {
    const writes = await this.both([
      this.put(itemOf(request), { condition: 'attribute_not_exists(#pk)' }),
      this.put(itemOfRecord(record), { condition: 'attribute_not_exists(#pk)' }),
    ]);
    return writes ? 'created' : 'exists';
  }

  public async read(id: string): Promise<ApprovalRequest | undefined> {
    const { Item } = await this.client.send(
      new GetItemCommand({ TableName: this.tableName, Key: keyOf(`r#${id}`, requestSort), ConsistentRead: true }),
    );
    return Item && (JSON.parse(Item.body.S!) as ApprovalRequest);
  }

  public async replace(next: ApprovalRequest, record?: ApprovalRecord): Promise<'replaced' | 'lost'> {
    const put = this.put(itemOf(next), { condition: '#version = :before', before: next.version - 1 });
    const writes = record ? [put, this.put(itemOfRecord(record), { condition: 'attribute_not_exists(#pk)' })] : [put];
    return (await this.both(writes)) ? 'replaced' : 'lost';
  }

  public async due(nowMs: number, limit: number): Promise<readonly string[]> {
    const { Items } = await this.client.send(
      new QueryCommand({
        TableName: this.tableName,
        IndexName: dueIndex,
        Limit: limit,
        KeyConditionExpression: '#due = :due AND #at <= :now',
        ExpressionAttributeNames: { '#due': duePartitionKey, '#at': dueSortKey },
        ExpressionAttributeValues: { ':due': { S: duePartition }, ':now': { N: String(nowMs) } },
      }),
    );
    return (Items ?? []).map((item) => item[partitionKey].S!.slice(2));
  }

  public async pending(): Promise<number> {
    const { Count } = await this.client.send(
      new QueryCommand({
        TableName: this.tableName,
        IndexName: dueIndex,
        Select: 'COUNT',
        KeyConditionExpression: '#due = :due',
        ExpressionAttributeNames: { '#due': duePartitionKey },
        ExpressionAttributeValues: { ':due': { S: duePartition } },
      }),
    );
    return Count ?? 0;
  }

  private put(item: Record<string, AttributeValue>, { condition, before }: { readonly condition: string; readonly before?: number }): Put {
    const names: Record<string, string> = before === undefined ? { '#pk': partitionKey } : { '#version': 'version' };
    return {
      TableName: this.tableName,
      Item: item,
      ConditionExpression: condition,
      ExpressionAttributeNames: names,
      ...(before === undefined ? {} : { ExpressionAttributeValues: { ':before': { N: String(before) } } }),
    };
  }

  /** All or nothing; false when a condition did not hold. Anything else is thrown: whoever called looks again. */
  private async both(puts: readonly Put[]): Promise<boolean> {
    try {
      const [only] = puts;
      if (puts.length === 1) await this.client.send(new PutItemCommand(only as Put & { Item: Record<string, AttributeValue> }));
      else await this.client.send(new TransactWriteItemsCommand({ TransactItems: puts.map((Put) => ({ Put })) }));
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      // A conflict is another writer too: they are first.
      const lost = ['ConditionalCheckFailed', 'TransactionConflict'];
      if (error instanceof TransactionCanceledException && error.CancellationReasons?.some(({ Code }) => lost.includes(Code ?? ''))) {
        return false;
      }
      throw error;
    }
  }
}

function keyOf(pk: string, sk: string): Record<string, AttributeValue> {
  return { [partitionKey]: { S: pk }, [sortKey]: { S: sk } };
}

function itemOf(request: ApprovalRequest): Record<string, AttributeValue> {
  return {
    ...keyOf(`r#${request.id}`, requestSort),
    version: { N: String(request.version) },
    body: { S: JSON.stringify(request) },
    ...(request.dueAtMs === undefined ? {} : { [duePartitionKey]: { S: duePartition }, [dueSortKey]: { N: String(request.dueAtMs) } }),
  };
}

function itemOfRecord({ id, version, atMs, what, content }: ApprovalRecord): Record<string, AttributeValue> {
  return {
    ...keyOf(`d#${id}`, String(version).padStart(6, '0')),
    what: { S: what },
    at: { S: new Date(atMs).toISOString() },
    content: { S: content },
  };
}

/** Step Functions' two ways of saying that a token has served: closed or timed out, and unknown because its execution is gone. */
const closed = new Set(['TaskTimedOut', 'TaskDoesNotExist', 'InvalidToken']);

/** Executions that wait for a token. */
export class StepFunctionsTasks implements TokenTasks {
  constructor(private readonly client: SFNClient) {}

  public async succeed(taskToken: string, result: ApprovalResult): Promise<'sent' | 'closed'> {
    return (await this.open(() => this.client.send(new SendTaskSuccessCommand({ taskToken, output: JSON.stringify(result) }))))
      ? 'sent'
      : 'closed';
  }

  public async heartbeat(taskToken: string): Promise<'waiting' | 'closed'> {
    return (await this.open(() => this.client.send(new SendTaskHeartbeatCommand({ taskToken })))) ? 'waiting' : 'closed';
  }

  private async open(send: () => Promise<unknown>): Promise<boolean> {
    try {
      await send();
      return true;
    } catch (error) {
      if (error instanceof Error && closed.has(error.name)) return false;
      throw error;
    }
  }
}
