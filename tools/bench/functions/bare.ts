/** The least function that writes to DynamoDB. For its size and its time to start; never deployed. */
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';

const client = new DynamoDBClient({});

export async function handler(event: { readonly id: string }): Promise<void> {
  await client.send(
    new PutItemCommand({
      TableName: process.env.LEDGER_TABLE_NAME,
      Item: { pk: { S: event.id } },
      ConditionExpression: 'attribute_not_exists(pk)',
    }),
  );
}
