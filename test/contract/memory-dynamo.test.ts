import { PutItemCommand, TransactWriteItemsCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { inboxContract } from './inbox-contract';
import { MemoryDynamo } from './memory-dynamo';
import { completion, DynamoInbox } from '../../src/events/consumers/aws';
import { probeStore } from '../../src/events/probes/aws';

let count = 0;
const dynamo = new MemoryDynamo();
const client = dynamo.client(
  (effect) =>
    new Promise((resolve) => {
      resolve(effect());
    }),
);

describe('the shipped inbox on DynamoDB in memory', () => {
  inboxContract(
    () => new DynamoInbox(client, 'inbox'),
    () => `m${(count += 1)}`,
  );

  it('takes DONE in a transaction with the effect, once', async () => {
    const inbox = new DynamoInbox(client, 'inbox');
    const event = { source: 'acme-pay.ledger', id: 'together', type: 't', schemaVersion: 1, origin: 'us-east-1', occurredAt: '', data: {} };
    const claim = { event, owner: 'me', nowMs: 1, leaseUntilMs: 2, expires: 3 };
    await inbox.take(claim);
    const effect = {
      Update: {
        TableName: 'effects',
        Key: { pk: { S: 'e' } },
        UpdateExpression: 'ADD effects :one',
        ExpressionAttributeValues: { ':one': { N: '1' } },
      },
    };
    const both = (): Promise<unknown> =>
      client.send(new TransactWriteItemsCommand({ TransactItems: [effect, completion('inbox', event, 5)] }));
    await both();
    await expect(both()).rejects.toMatchObject({ name: 'TransactionCanceledException' });
    expect(await inbox.take({ ...claim, owner: 'other' })).toEqual({ kind: 'duplicate' });
  });
});

it('remembers what was heard of a peer as the real one does', async () => {
  const news = probeStore(client, 'mesh');
  expect(await news.newsOf('us-west-2')).toEqual({});
  for (const [arrivedAt, sentAt] of [
    [1_000, 990],
    [2_000, 1_990],
    [9_000, 8_900],
    [8_000, 7_900],
  ]) {
    await news.arrived('us-west-2', { arrivedAt, sentAt }, 3_000);
  }
  expect(await news.newsOf('us-west-2')).toEqual({ arrivedAt: 9_000, sentAt: 8_900, resumedAt: 9_000 });
});

it('refuses what it cannot read', () => {
  const key = { TableName: 't', Key: { pk: { S: 'k' } } };
  expect(() => dynamo.perform(new UpdateItemCommand({ ...key, UpdateExpression: 'REMOVE a' }))).toThrow("cannot read 'REMOVE'");
  expect(() => dynamo.perform(new UpdateItemCommand({ ...key, UpdateExpression: 'SET a = contains(a, b)' }))).toThrow('no such function');
  expect(() =>
    dynamo.perform(new PutItemCommand({ TableName: 't', Item: { pk: { S: 'k' } }, ConditionExpression: '#unknown = :a' })),
  ).toThrow('nobody says');
  expect(() => dynamo.perform(new PutItemCommand({ TableName: 't', Item: { pk: { S: 'k' } }, ConditionExpression: 'a = :a )' }))).toThrow(
    "cannot read ')'",
  );
});
