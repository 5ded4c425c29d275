import { CreateTableCommand, DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { accessLogFields } from '../../src/cdk/access-log';
import { usage } from '../../src/commands/cost/usage.domain';
import { ConsumerClients, consumerFunction, handlerWithin } from '../../src/events/consumers/wrapper.aws';
import { consumerEnv } from '../../src/events/contract';
import { entryOf } from '../../src/events/publishing/envelope.domain';
import { ledgerSchema } from '../../src/ledger/contract';
import { countInto, itemSize, noUsage, spent } from '../../tools/bench/subjects/counting';
import { apiEntry, apiOnEngine } from '../api/handlers/on-engine';
import { eventOf, traceId } from '../api/http/http-api';
import { Bus, OutboxWorld, recordsOf } from '../events/outbox-world';

/** What an estimate of costs takes as measured, measured: on the functions as they are deployed, with a real engine(). */
const { engine, logged } = apiOnEngine();
const loggedBytes = (): number => logged.splice(0).reduce((sum, line) => sum + Buffer.byteLength(line), 0);
const context = { getRemainingTimeInMillis: () => 15_000 };
const order = { accountId: 'acc_00000000000001', amount: 1250, currency: 'EUR', reference: 'order 4711' };

/** A latency or a time has a digit more or less. */
const about = (value: number, figure: { readonly value: number }): void => expect(Math.abs(value - figure.value)).toBeLessThanOrEqual(4);

test('a payment, its replay and its capture log so many bytes, and leave so many in the index', async () => {
  const headers = { 'X-Amzn-Trace-Id': `Root=${traceId}` };
  await apiEntry('accounts')(eventOf('PUT', `/api/v1/accounts/${order.accountId}`, { json: { currency: 'EUR', balance: 500_000 } }));
  const payments = apiEntry('payments');
  const pay = () => payments(eventOf('POST', '/api/v1/payments', { json: order, key: 'order-4711', headers }));
  logged.length = 0;
  const { paymentId } = JSON.parse((await pay()).body) as { paymentId: string };
  about(loggedBytes(), usage.authoriseLog);
  await pay();
  about(loggedBytes(), usage.replayLog);
  await payments(eventOf('POST', `/api/v1/payments/${paymentId}/capture`, { key: 'order-4711-capture', headers }));
  about(loggedBytes(), usage.captureLog);
  const { Items = [] } = await engine().client.send(
    new ScanCommand({ TableName: engine().tableName, IndexName: ledgerSchema.byAccountIndex }),
  );
  expect(Items.map(itemSize)).toEqual([usage.indexBytes.value, usage.indexBytes.value]);
});

test('an event has so many bytes and is read so often, and a consumer writes and logs so much for it', async () => {
  const [world, bus, usageOfInbox] = [new OutboxWorld(), new Bus(), noUsage()];
  const ledger = world.ledger('us-east-1');
  await ledger.openAccount(world.context(), { accountId: order.accountId, currency: 'EUR', balance: 100_000 });
  await ledger.authorise(world.context(), { ...order, idempotencyKey: 'order-4711' });
  const read = jest.spyOn(world.store, 'readMany');
  await world.outbox('us-east-1', bus.sink).publish(recordsOf(world.store.stream), world.nowMs + 1_000);
  expect(read.mock.calls.flatMap(([keys]) => keys)).toHaveLength(usage.eventReads.value * bus.events.length);
  expect(Buffer.byteLength(JSON.stringify(entryOf(bus.events[0], 'acme-pay.ledger')))).toBe(usage.eventBytes.value);

  const client = countInto(new DynamoDBClient({ endpoint: process.env.AWS_ENDPOINT_URL_DYNAMODB, region: 'us-east-1' }), usageOfInbox);
  await engine().client.send(
    new CreateTableCommand({
      TableName: 'inbox',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    }),
  );
  const settings = { systemName: 'acme-pay', consumer: 'recorder', inboxTable: 'inbox', deadLetterQueueUrl: 'https://queue' };
  const rest = {
    handlerTimeoutMs: '300',
    maxAttempts: '2',
    rememberDays: '30',
    staleEvents: 'DELIVER',
    sources: 'acme-pay.ledger',
  } as const;
  const consume = consumerFunction(
    { AWS_REGION: 'us-east-1', ...consumerEnv.write({ ...settings, ...rest }) },
    { dynamoDb: client, sqs: {} as ConsumerClients['sqs'] },
    handlerWithin(() => Promise.resolve()),
  );
  const [event] = bus.events;
  const body = JSON.stringify({ source: 'acme-pay.ledger', 'detail-type': event.type, detail: event });
  logged.length = 0;
  const { writeUnits } = await spent(usageOfInbox, async () => {
    expect(await consume({ Records: [{ messageId: 'm', body }] }, context)).toEqual({ batchItemFailures: [] });
  });
  client.destroy();
  expect(writeUnits).toBe(usage.consumerWrites.value);
  about(loggedBytes(), usage.consumerLog);
});

test('an access log has a line of so many bytes', () => {
  const sample: Readonly<Record<string, string>> = {
    requestId: '8f0e7c1a-3a58-4c0e-9d0f-2f6a1c4b7e55',
    traceId,
    time: '1795953982320',
    sourceIp: '203.0.113.45',
    host: 'pay.example.com',
    method: 'POST',
    route: '/api/v1/payments',
    path: '/live/api/v1/payments',
    status: '201',
    responseLength: '255',
    latencyMs: '84',
    integrationMs: '80',
    authorizerError: '-',
    errorType: '-',
  };
  expect(Object.keys(sample)).toEqual(Object.keys(accessLogFields));
  expect(Buffer.byteLength(`${JSON.stringify(sample)}\n`)).toBe(usage.accessLog.value);
});
