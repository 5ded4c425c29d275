import { strict as assert } from 'node:assert';
import {
  createPublisher,
  EventsNotPublished,
  idempotentConsumer,
  InvalidEvent,
  NewEvent,
  PaymentEventData,
  Publisher,
  QueueHandler,
} from 'cdk-multi-region-payments/runtime';

// A team's own functions, as they are written with the package: they compile against its declarations and load its bundle.
const environment = {
  AWS_REGION: 'us-east-1',
  PAYMENTS_SYSTEM_NAME: 'acme-pay',
  MESH_BUS_NAME: 'acme-pay-events',
  MESH_SOURCE: 'acme.orders',
  MESH_DEAD_LETTER_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/111111111111/acme-pay-acme-orders-0a1b2c3d-dlq',
};
const publisher: Publisher = createPublisher({ source: 'acme.orders', timeoutMs: 1_000, environment });
const shipped: NewEvent<{ orderId: string }> = {
  id: 'order-1.shipped',
  type: 'order.shipped',
  subject: 'order-1',
  sequence: 1,
  data: { orderId: 'order-1' },
};

export const consumer = (): QueueHandler =>
  idempotentConsumer<PaymentEventData>({ environment }, async ({ id, data }, { attempt }) => {
    if (attempt > 1) console.log(`${id} again: ${data.amount} ${data.currency}`);
  });

async function main(): Promise<void> {
  assert.deepEqual(await publisher.publish([]), []);
  await assert.rejects(publisher.publish([{ ...shipped, id: 'not an ID' }]), InvalidEvent);
  assert.throws(() => createPublisher({ source: 'acme-pay.ledger', environment }), /'source' is 'acme-pay.ledger'/);
  assert.throws(consumer, /environment variable .* is missing/);
  assert.equal(new EventsNotPublished(['order-1.shipped'], 'the test says so').retryable, true);
}

void main();
