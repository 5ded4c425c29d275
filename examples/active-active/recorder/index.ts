import { DynamoDBClient, TransactionCanceledException, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';

/** What `IdempotentConsumer` calls it with: the envelope of one event, and its source. */
interface PaymentEvent {
  readonly source: string;
  readonly tenant: string;
  readonly id: string;
  readonly type: string;
  readonly subject: string;
  readonly origin: string;
  readonly occurredAt: string;
  readonly data: { readonly amount: number; readonly currency: string };
}

const { EFFECTS_TABLE: effects, INBOX_TABLE: inbox } = process.env;
const client = new DynamoDBClient();

/**
 * Records an event for the settlement. The effect adds, without looking: were it made twice, the record would say 2. It cannot be, since
 * the inbox's DONE is a part of the same transaction: whoever dies here has done both or nothing.
 */
export async function handler({ source, tenant, id, type, subject, origin, occurredAt, data }: PaymentEvent): Promise<void> {
  const effect = {
    TableName: effects,
    Key: { pk: { S: id } },
    UpdateExpression:
      'SET #type = :type, paymentId = :payment, #origin = :origin, occurredAt = :at, amount = :amount, currency = :currency ADD ' +
      'effects :one',
    ExpressionAttributeNames: { '#type': 'type', '#origin': 'origin' },
    ExpressionAttributeValues: {
      ':type': { S: type },
      ':payment': { S: subject },
      ':origin': { S: origin },
      ':at': { S: occurredAt },
      ':amount': { N: String(data.amount) },
      ':currency': { S: data.currency },
      ':one': { N: '1' },
    },
  };
  const done = {
    TableName: inbox,
    Key: { pk: { S: `e#${source}#${encodeURIComponent(tenant)}#${id}` } },
    ConditionExpression: '#state = :running',
    UpdateExpression: 'SET #state = :done, doneAt = :now',
    ExpressionAttributeNames: { '#state': 'state' },
    ExpressionAttributeValues: { ':running': { S: 'RUNNING' }, ':done': { S: 'DONE' }, ':now': { N: String(Date.now()) } },
  };
  try {
    await client.send(new TransactWriteItemsCommand({ TransactItems: [{ Update: effect }, { Update: done }] }));
  } catch (error) {
    // Another attempt was faster: then the effect is there.
    if (error instanceof TransactionCanceledException && error.CancellationReasons?.[1]?.Code === 'ConditionalCheckFailed') return;
    throw error;
  }
}
