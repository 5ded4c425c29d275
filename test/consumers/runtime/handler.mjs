import { createPublisher, idempotentConsumer } from 'cdk-multi-region-payments/runtime';

const publisher = createPublisher();

export const handler = idempotentConsumer({}, async ({ id, data }) => {
  await publisher.publish([{ id: `${id}.seen`, type: 'order.seen', data }]);
});
