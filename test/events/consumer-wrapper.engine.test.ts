import { CreateTableCommand, GetItemCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { ConsumerClients, consumerFunction, handlerWithin } from '../../src/events/consumers/wrapper.aws';
import { consumerEnv } from '../../src/events/contract';
import { MeshEvent } from '../../src/events/model';
import type { EventDelivery, EventHandler, QueueHandler } from '../../src/events/runtime.model';
import { Engine, startEngine } from '../../tools/engine';

const inboxTable = 'test-inbox';
const environment = {
  AWS_REGION: 'us-east-1',
  ...consumerEnv.write({
    systemName: 'acme-pay',
    consumer: 'recorder',
    inboxTable,
    deadLetterQueueUrl: 'https://queue',
    handlerTimeoutMs: '300',
    maxAttempts: '2',
    rememberDays: '30',
    staleEvents: 'DELIVER',
    sources: 'acme-pay.ledger acme.orders',
  }),
};
let engine: Engine;
let letters: { MessageBody?: string; MessageAttributes?: Record<string, { StringValue?: string }> }[];
let count = 0;

beforeAll(async () => {
  engine = await startEngine();
  await engine.client.send(
    new CreateTableCommand({
      TableName: inboxTable,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    }),
  );
});
afterAll(() => engine.close());
beforeEach(() => {
  letters = [];
  jest.spyOn(console, 'info').mockImplementation(() => undefined);
});

const event = (): MeshEvent => ({
  id: `e${(count += 1)}`,
  type: 'payment.captured',
  schemaVersion: 1,
  origin: 'us-west-2',
  occurredAt: new Date().toISOString(),
  subject: 'pay_1',
  sequence: count,
  data: {},
});
const records = (...events: MeshEvent[]) => ({
  Records: events.map((one) => ({
    messageId: `m-${one.id}`,
    body: JSON.stringify({ source: 'acme-pay.ledger', 'detail-type': one.type, detail: one }),
  })),
});
const context = { getRemainingTimeInMillis: () => 60_000 };

function wrapped(handler: EventHandler<unknown>, source = environment): QueueHandler {
  const sqs = {
    send: (command: { input: (typeof letters)[number] }) => Promise.resolve(void letters.push(command.input)),
  } as unknown as ConsumerClients['sqs'];
  return consumerFunction(source, { dynamoDb: engine.client, sqs }, handlerWithin(handler));
}

test('a wrapped handler has each event once', async () => {
  const seen: string[] = [];
  const handle = wrapped(async ({ id }, { attempt }) => {
    seen.push(`${id} ${attempt}`);
  });
  const one = event();
  expect(await handle(records(one), context)).toEqual({ batchItemFailures: [] });
  expect(await handle(records(one), context)).toEqual({ batchItemFailures: [] });
  expect(seen).toEqual([`${one.id} 1`]);
});

test('what it throws comes again, and in the end is set aside as it came', async () => {
  const handle = wrapped(() => Promise.reject(new TypeError('no such currency')));
  const one = event();
  expect(await handle(records(one), context)).toEqual({ batchItemFailures: [{ itemIdentifier: `m-${one.id}` }] });
  expect(await handle(records(one), context)).toEqual({ batchItemFailures: [] });
  expect(letters).toHaveLength(1);
  expect(letters[0]).toMatchObject({
    MessageBody: records(one).Records[0].body,
    MessageAttributes: { ERROR_MESSAGE: { StringValue: 'TypeError: no such currency' } },
  });
});

test('one that does not end in time keeps its lease', async () => {
  let calls = 0;
  const handle = wrapped(() => {
    calls += 1;
    return new Promise(() => undefined);
  });
  const one = event();
  for (let n = 0; n < 2; n += 1) {
    expect(await handle(records(one), context)).toEqual({ batchItemFailures: [{ itemIdentifier: `m-${one.id}` }] });
  }
  expect(calls).toBe(1);
});

test('one in a function of its own has a lease that outlives its start too: no attempt begins without the time for that', async () => {
  let calls = 0;
  const handler = async (): Promise<void> => void (calls += 1);
  const called = wrapped(handler, {
    ...environment,
    ...consumerEnv.write({ ...consumerEnv.read(environment), handlerArn: 'arn:handler' }),
  });
  const remaining = { getRemainingTimeInMillis: () => 15_000 };
  expect((await called(records(event()), remaining)).batchItemFailures).toHaveLength(1);
  expect(calls).toBe(0);
  expect(await called(records(event()), { getRemainingTimeInMillis: () => 16_000 })).toEqual({ batchItemFailures: [] });
  expect(await wrapped(handler)(records(event()), remaining)).toEqual({ batchItemFailures: [] });
  expect(calls).toBe(2);
});

type Marking = (effect: { readonly TableName: string; readonly UpdateExpression: string }, key: string, delivery: EventDelivery) => unknown;
test.each<[string, Marking]>([
  [
    "DynamoDB's client",
    (effect, key, { completion }) => {
      const own = { ...effect, Key: { pk: { S: key } }, ExpressionAttributeValues: { ':one': { N: '1' } } };
      return engine.client.send(new TransactWriteItemsCommand({ TransactItems: [{ Update: own }, completion()] }));
    },
  ],
  [
    'the document client',
    (effect, key, { documentCompletion }) => {
      const own = { ...effect, Key: { pk: key }, ExpressionAttributeValues: { ':one': 1 } };
      const command = new TransactWriteCommand({ TransactItems: [{ Update: own }, documentCompletion()] });
      return DynamoDBDocumentClient.from(engine.client).send(command);
    },
  ],
])('it can mark the event as done in its own transaction with %s, and dies after that without harm', async (_, mark) => {
  const handle = wrapped(async ({ id }, delivery) => {
    await mark({ TableName: inboxTable, UpdateExpression: 'ADD effects :one' }, `effect ${id}`, delivery);
    throw new Error('died');
  });
  const one = event();
  for (let n = 0; n < 3; n += 1) await handle(records(one), context);
  const { Item: item } = await engine.client.send(new GetItemCommand({ TableName: inboxTable, Key: { pk: { S: `effect ${one.id}` } } }));
  expect(item!.effects).toEqual({ N: '1' });
  expect(letters).toEqual([]);
});
