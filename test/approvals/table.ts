import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { gateSchema } from '../../src/approvals/contract';

export const tableName = 'test-approvals';

/** The gate's table in an engine, as the construct declares it. */
export async function createApprovalsTable(client: DynamoDBClient): Promise<void> {
  const { partitionKey, sortKey, dueIndex, duePartitionKey, dueSortKey } = gateSchema;
  const texts = [partitionKey, sortKey, duePartitionKey].map((AttributeName) => ({ AttributeName, AttributeType: 'S' as const }));
  await client.send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [...texts, { AttributeName: dueSortKey, AttributeType: 'N' }],
      KeySchema: [
        { AttributeName: partitionKey, KeyType: 'HASH' },
        { AttributeName: sortKey, KeyType: 'RANGE' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: dueIndex,
          Projection: { ProjectionType: 'KEYS_ONLY' },
          KeySchema: [
            { AttributeName: duePartitionKey, KeyType: 'HASH' },
            { AttributeName: dueSortKey, KeyType: 'RANGE' },
          ],
        },
      ],
    }),
  );
}
