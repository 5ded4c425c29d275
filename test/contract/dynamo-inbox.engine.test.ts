import { CreateTableCommand, GetItemCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { inboxContract } from './inbox-contract';
import { completion, DynamoInbox } from '../../src/events/consumers/aws';
import { Claim } from '../../src/events/consumers/service';
import { Engine, startEngine } from '../../tools/engine';

const tableName = 'test-inbox';
let engine: Engine;
let count = 0;

beforeAll(async () => {
  engine = await startEngine();
  await engine.client.send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    }),
  );
});
afterAll(() => engine.close());

const claim = (id: string): Claim => ({
  event: {
    source: 'acme-pay.ledger',
    tenant: 'acme/1',
    id,
    type: 'payment.captured',
    schemaVersion: 1,
    origin: 'us-east-1',
    occurredAt: '2027-01-15T08:00:00.000Z',
    subject: 'pay_1',
    sequence: 5,
    trace: { traceId: '1-5f2330a4-6a0de1cd0e17c0508d386a64' },
    data: {},
  },
  owner: 'me',
  nowMs: 1_000,
  leaseUntilMs: 11_000,
  expires: 86_401,
});

describe('the inbox on a real engine', () => {
  inboxContract(
    () => new DynamoInbox(engine.client, tableName),
    () => `d${(count += 1)}`,
  );

  it('shows to tools what it knows: the documented attributes, and twenty duplicates', async () => {
    const inbox = new DynamoInbox(engine.client, tableName);
    await inbox.take(claim('shown'));
    await inbox.finish(claim('shown'), 1_200);
    for (let n = 0; n < 22; n += 1) await inbox.take({ ...claim('shown'), owner: 'other', nowMs: 2_000 + n });
    const { Item: item } = await engine.client.send(
      new GetItemCommand({ TableName: tableName, Key: { pk: { S: 'e#acme-pay.ledger#acme%2F1#shown' } } }),
    );
    expect(item).toMatchObject({
      state: { S: 'DONE' },
      source: { S: 'acme-pay.ledger' },
      type: { S: 'payment.captured' },
      subject: { S: 'pay_1' },
      origin: { S: 'us-east-1' },
      traceId: { S: '1-5f2330a4-6a0de1cd0e17c0508d386a64' },
      receivedAt: { N: '1000' },
      doneAt: { N: '1200' },
      expires: { N: '86401' },
    });
    expect(item!.duplicates.L!.map(({ N }) => Number(N))).toEqual(Array.from({ length: 20 }, (_, n) => 2_000 + n));
  });

  it("takes its DONE in the handler's own transaction, once", async () => {
    const inbox = new DynamoInbox(engine.client, tableName);
    await inbox.take(claim('together'));
    const effect = {
      Update: {
        TableName: tableName,
        Key: { pk: { S: 'effect' } },
        UpdateExpression: 'ADD effects :one',
        ExpressionAttributeValues: { ':one': { N: '1' } },
      },
    };
    const both = (): Promise<unknown> =>
      engine.client.send(new TransactWriteItemsCommand({ TransactItems: [effect, completion(tableName, claim('together').event, 1_300)] }));
    await both();
    await expect(both()).rejects.toMatchObject({ name: 'TransactionCanceledException' });
    expect(await inbox.finish(claim('together'), 1_400)).toBe(false);
    expect(await inbox.take({ ...claim('together'), owner: 'other' })).toEqual({ kind: 'duplicate' });
    const { Item: item } = await engine.client.send(new GetItemCommand({ TableName: tableName, Key: { pk: { S: 'effect' } } }));
    expect(item!.effects).toEqual({ N: '1' });
  });
});
