import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { apiLimits } from './contract';
import type { DrainRead } from './health.service';
import { drainKey, ledgerSchema } from '../ledger/contract';
import { dynamoClient } from '../runtime/clients';

const throttles = new Set(['ProvisionedThroughputExceededException', 'ThrottlingException', 'RequestLimitExceeded', 'Throttling']);

/** The port of the health check on the ledger's table: one read, once, within the time that Route 53 leaves. */
export function drainReader(tableName: string, region: string): (strong: boolean) => Promise<DrainRead> {
  const client = dynamoClient(undefined, { connectionTimeoutMs: apiLimits.healthReadTimeoutMs / 2, requestTimeoutMs: apiLimits.healthReadTimeoutMs });
  const key = { [ledgerSchema.partitionKey]: { S: drainKey(region) } };
  return async (strong) => {
    try {
      const read = new GetItemCommand({ TableName: tableName, Key: key, ConsistentRead: strong, ProjectionExpression: ledgerSchema.partitionKey });
      const { Item } = await client.send(read, { abortSignal: AbortSignal.timeout(apiLimits.healthReadTimeoutMs) });
      return { kind: 'read', drained: Item !== undefined };
    } catch (error) {
      return error instanceof Error && throttles.has(error.name) ? { kind: 'throttled' } : { kind: 'failed', fault: error };
    }
  };
}
