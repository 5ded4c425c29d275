/** What a team would write today: Powertools idempotency around a debit. For its size and its time to start; never deployed. */
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';

const tableName = process.env.LEDGER_TABLE_NAME!;
const client = new DynamoDBClient({});
const config = new IdempotencyConfig({ eventKeyJmesPath: 'key', payloadValidationJmesPath: 'order', throwOnNoIdempotencyKey: true });
const persistenceStore = new DynamoDBPersistenceLayer({ tableName, awsSdkV3Client: client });

interface PowertoolsOrder {
  readonly accountId: string;
  readonly amount: number;
}

const pay = makeIdempotent(
  async ({ key, order }: { key: string; order: PowertoolsOrder }) => {
    await client.send(
      new UpdateItemCommand({
        TableName: tableName,
        Key: { id: { S: `account#${order.accountId}` } },
        UpdateExpression: 'SET available = available - :amount, held = held + :amount',
        ConditionExpression: 'available >= :amount',
        ExpressionAttributeValues: { ':amount': { N: String(order.amount) } },
      }),
    );
    return { paymentId: key, status: 'AUTHORISED' };
  },
  { persistenceStore, config },
);

export async function handler(event: APIGatewayProxyEvent, context: Context): Promise<APIGatewayProxyResult> {
  config.registerLambdaContext(context);
  const answer = await pay({ key: event.headers['Idempotency-Key']!, order: JSON.parse(event.body ?? '{}') as PowertoolsOrder });
  return { statusCode: 201, body: JSON.stringify(answer) };
}
