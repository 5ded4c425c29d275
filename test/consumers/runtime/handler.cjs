const { createPublisher, idempotentConsumer } = require('cdk-multi-region-payments/runtime');

const publisher = createPublisher();

exports.handler = idempotentConsumer({}, async ({ id, data }) => {
  await publisher.publish([{ id: `${id}.seen`, type: 'order.seen', data }]);
});
