import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { dynamoClient } from '../../runtime/clients';
import { heartbeatKey, ledgerSchema } from '../contract';

/**
 * Writes a region's heartbeat: one item, the same one each time. It has no `kind`, `version` or tenant, so no reader of payments, events or
 * differences sees it.
 */
export function heartbeatWriter(tableName: string, region: string): (nowMs: number) => Promise<void> {
  const client = dynamoClient();
  return async (nowMs) => {
    await client.send(
      new PutItemCommand({
        TableName: tableName,
        Item: {
          [ledgerSchema.partitionKey]: { S: heartbeatKey(region) },
          at: { S: new Date(nowMs).toISOString() },
          writtenBy: { S: region },
        },
      }),
    );
  };
}
