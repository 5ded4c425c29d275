import { DynamoDBClient, TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import AWSXRay from 'aws-xray-sdk-core';
import { ConsumedEvent, EventDelivery, idempotentConsumer, PaymentEventData } from 'cdk-multi-region-payments/runtime';

const effects = process.env.EFFECTS_TABLE;
const client = DynamoDBDocumentClient.from(AWSXRay.captureAWSv3Client(new DynamoDBClient()));

/** Records each event of the queue for the settlement, once. What the X-Ray SDK records of it stands in the payment's own trace. */
export const handler = idempotentConsumer<PaymentEventData>({ tracers: { xray: AWSXRay } }, (event, delivery) =>
  AWSXRay.captureAsyncFunc('record the event', async (part) => {
    part?.addAnnotation('eventType', event.type);
    try {
      await record(event, delivery);
      part?.close();
    } catch (error) {
      part?.close(error as Error);
      throw error;
    }
  }),
);

/**
 * The effect adds, without looking: were it made twice, the record would say 2. It cannot be, since the inbox's DONE is a part of the same
 * transaction: whatever dies here has done both or nothing.
 */
async function record(event: ConsumedEvent<PaymentEventData>, { documentCompletion }: EventDelivery): Promise<void> {
  const { id, type, subject, origin, occurredAt, data } = event;
  const effect = {
    TableName: effects,
    Key: { pk: id },
    UpdateExpression:
      'SET #type = :type, paymentId = :payment, #origin = :origin, occurredAt = :at, amount = :amount, currency = :currency ADD ' +
      'effects :one',
    ExpressionAttributeNames: { '#type': 'type', '#origin': 'origin' },
    ExpressionAttributeValues: {
      ':type': type,
      ':payment': subject,
      ':origin': origin,
      ':at': occurredAt,
      ':amount': data.amount,
      ':currency': data.currency,
      ':one': 1,
    },
  };
  try {
    await client.send(new TransactWriteCommand({ TransactItems: [{ Update: effect }, documentCompletion()] }));
  } catch (error) {
    // Another attempt was faster: then the effect is there.
    if (error instanceof TransactionCanceledException && error.CancellationReasons?.[1]?.Code === 'ConditionalCheckFailed') return;
    throw error;
  }
}
