import { createPublisher, idempotentConsumer } from 'cdk-multi-region-payments/runtime';

// A team's function: it takes an event once, and tells of it with one of its own.
const publisher = createPublisher();

export const handler = idempotentConsumer<{ orderId: string }>({}, async ({ id, data }) => {
  await publisher.publish([{ id: `${id}.seen`, type: 'order.seen', data }]);
});
