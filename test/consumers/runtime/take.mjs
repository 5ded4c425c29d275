// Loads one form of the function, as Lambda does, and hands it an event from its queue: `node take.mjs FILE`.
import { pathToFileURL } from 'node:url';

const { handler } = await import(pathToFileURL(process.argv[2]).href).then((module) => (module.handler ? module : module.default));
const detail = {
  id: 'order-1.placed',
  type: 'order.placed',
  schemaVersion: 1,
  origin: 'us-east-1',
  occurredAt: '2026-11-22T03:00:00.000Z',
  data: { orderId: 'order-1' },
};
const body = JSON.stringify({ version: '0', source: 'acme.orders', 'detail-type': detail.type, detail });
const answer = await handler({ Records: [{ messageId: '1', body }] }, { getRemainingTimeInMillis: () => 60_000 });
if (answer.batchItemFailures.length > 0) throw new Error('the event was not taken');
process.exit(0);
