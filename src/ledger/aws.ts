import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  DynamoDBClient,
  DynamoDBServiceException,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { ledgerSchema } from './contract';
import { fromAttribute, toAttribute, toExpressions, toItem, toStored } from './items.aws';
import { Change, Decision, DecisionRequest, FaultKind, IndexEntry, Item, LedgerStore, StoreFault, WriteResult } from './ports';
import { isDeclineReason } from './values.contract';
import { namedCauseOf } from '../kernel/cause';
import { Invoker } from '../runtime/invoke';

const throttles = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
  'Throttling',
  'LimitExceededException',
]);
const conflicts = new Set(['ReplicatedWriteConflictException', 'TransactionConflictException']);
/** Errors of the connection, not of DynamoDB: the request may have arrived. Anything else is a defect of ours and surfaces. */
function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    error.name === 'TimeoutError' ||
    error.name === 'AbortError' ||
    '$metadata' in error ||
    typeof (error as { code?: unknown }).code === 'string'
  );
}

/** An item at its bound of 400 KB takes nothing until it has been trimmed: not applied, and worth another try. */
const isTooLarge = ({ name, message }: Error): boolean => name === 'ValidationException' && /item size/i.test(message);

/** What an SDK error says about whether the request was applied; undefined: it says nothing of the kind, and no retry mends it. */
export function faultOf(error: unknown): FaultKind | undefined {
  if (!(error instanceof DynamoDBServiceException)) return isConnectionError(error) ? 'unknown' : undefined;
  if (conflicts.has(error.name)) return 'conflict';
  if (throttles.has(error.name) || isTooLarge(error)) return 'throttled';
  return (error.$metadata.httpStatusCode ?? 500) < 500 ? undefined : 'unknown';
}

async function sendRequest<T>(request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    const fault = faultOf(error);
    if (fault === undefined) throw error;
    throw new StoreFault(fault, namedCauseOf(error), { cause: error });
  }
}

const readManyAtMost = 100;

/** The ledger's store in a DynamoDB table. */
export class DynamoStore implements LedgerStore {
  constructor(
    private readonly client: DynamoDBClient,
    private readonly tableName: string,
  ) {}

  public create(item: Item): Promise<WriteResult> {
    return this.write(() =>
      this.client.send(
        new PutItemCommand({
          TableName: this.tableName,
          Item: toStored(item),
          ConditionExpression: 'attribute_not_exists(#pk)',
          ExpressionAttributeNames: { '#pk': ledgerSchema.partitionKey },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      ),
    );
  }

  public change(change: Change): Promise<WriteResult> {
    return this.write(() =>
      this.client.send(
        new UpdateItemCommand({
          TableName: this.tableName,
          Key: { [ledgerSchema.partitionKey]: { S: change.pk } },
          ...toExpressions(change),
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      ),
    );
  }

  public async read(pk: string, strong: boolean): Promise<Item | undefined> {
    const { Item: found } = await sendRequest(
      this.client.send(
        new GetItemCommand({ TableName: this.tableName, Key: { [ledgerSchema.partitionKey]: { S: pk } }, ConsistentRead: strong }),
      ),
    );
    return found && toItem(found);
  }

  public async readMany(pks: readonly string[]): Promise<readonly Item[]> {
    if (pks.length > readManyAtMost) throw new Error(`readMany takes at most ${readManyAtMost} keys, got ${pks.length}`);
    const items: Item[] = [];
    let keys = pks.map((pk) => ({ [ledgerSchema.partitionKey]: { S: pk } }));
    while (keys.length > 0) {
      const { Responses, UnprocessedKeys } = await sendRequest(
        this.client.send(new BatchGetItemCommand({ RequestItems: { [this.tableName]: { Keys: keys, ConsistentRead: true } } })),
      );
      items.push(...(Responses?.[this.tableName] ?? []).map(toItem));
      const left = (UnprocessedKeys?.[this.tableName]?.Keys ?? []) as typeof keys;
      // Nothing at all was read: that is a throttle, and the caller knows how long it can wait.
      if (left.length === keys.length) throw new StoreFault('throttled', 'BatchGetItem returned every key unprocessed');
      keys = left;
    }
    return items;
  }

  public async list(account: string, limit: number, from?: string): Promise<readonly IndexEntry[]> {
    const { Items } = await sendRequest(
      this.client.send(
        new QueryCommand({
          TableName: this.tableName,
          IndexName: ledgerSchema.byAccountIndex,
          KeyConditionExpression: from === undefined ? '#acct = :acct' : '#acct = :acct AND #seq <= :from',
          ExpressionAttributeNames: {
            '#acct': ledgerSchema.byAccountPartitionKey,
            ...(from === undefined ? {} : { '#seq': ledgerSchema.byAccountSortKey }),
          },
          ExpressionAttributeValues: { ':acct': toAttribute(account), ...(from === undefined ? {} : { ':from': toAttribute(from) }) },
          ScanIndexForward: false,
          Limit: limit,
        }),
      ),
    );
    return (Items ?? []).map((found) => ({
      pk: fromAttribute(found[ledgerSchema.partitionKey]) as string,
      seq: fromAttribute(found[ledgerSchema.byAccountSortKey]) as string,
    }));
  }

  private async write(send: () => Promise<unknown>): Promise<WriteResult> {
    try {
      await sendRequest(send());
      return { kind: 'written' };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      return { kind: 'refused', ...(error.Item ? { found: toItem(error.Item) } : {}) };
    }
  }
}

/**
 * Reads the answer of the team's decision function: `{"decision": "approve"}` or `{"decision": "decline", "reason": "..."}`, the reason not
 * the ledger's own.
 */
export function decisionOfPayload(payload: string): Decision {
  try {
    const answer = JSON.parse(payload) as { decision?: unknown; reason?: unknown } | null;
    if (answer?.decision === 'approve') return { kind: 'approve' };
    if (answer?.decision === 'decline' && isDeclineReason(answer.reason)) {
      return { kind: 'decline', reason: answer.reason };
    }
  } catch {
    // Not JSON: as good as no answer.
  }
  return { kind: 'unknown' };
}

/** The team's decision as a synchronous call of its function; everything but a clear answer is `unknown`. */
export function decisionPort(invoke: Invoker, functionArn: string, nowMs: () => number): (request: DecisionRequest) => Promise<Decision> {
  return async (request) => {
    const left = request.deadlineMs - nowMs();
    if (left <= 0) return { kind: 'unknown' };
    try {
      return decisionOfPayload(await invoke(functionArn, request, left));
    } catch {
      return { kind: 'unknown' };
    }
  };
}
