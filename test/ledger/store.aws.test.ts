import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoStore } from '../../src/ledger/aws';
import { FailoverStore } from '../../src/ledger/homes/home.aws';
import { itemsPort, scanPort } from '../../src/ledger/operator/replicas.aws';
import { LedgerStore, StoreFault } from '../../src/ledger/ports';
import { dynamoClient } from '../../src/runtime/clients';
import { AwsReply, FakeAws, refusal } from '../runtime/fake-aws';

let aws: FakeAws;
let store: DynamoStore;
beforeEach(async () => {
  aws = await FakeAws.start();
  store = new DynamoStore(dynamoClient('eu-west-1'), 'acme-ledger');
});
afterEach(() => aws.stop());

const item = (pk: string): object => ({ pk: { S: pk }, version: { N: '2' } });
/** Answers in this order; the last one from then on. */
const inOrder = (...replies: AwsReply[]): void => {
  aws.answer = () => (replies.length > 1 ? replies.shift()! : replies[0]);
};

describe("the ledger's table", () => {
  test.each([true, false])('is read as consistently as was asked: %s', async (strong) => {
    inOrder({ body: { Item: item('a#x') } });
    expect(await store.read('a#x', strong)).toEqual({ pk: 'a#x', version: 2 });
    expect(aws.calls[0]).toMatchObject({
      region: 'eu-west-1',
      action: 'GetItem',
      input: { TableName: 'acme-ledger', Key: { pk: { S: 'a#x' } }, ConsistentRead: strong },
    });
  });

  test('answers for many items with strong reads, in as many requests as it takes', async () => {
    const left = { 'acme-ledger': { Keys: [{ pk: { S: 'b' } }, { pk: { S: 'c' } }] } };
    inOrder(
      { body: { Responses: { 'acme-ledger': [item('a')] }, UnprocessedKeys: left } },
      { body: { Responses: { 'acme-ledger': [item('c')] }, UnprocessedKeys: {} } },
    );
    expect((await store.readMany(['a', 'b', 'c'])).map(({ pk }) => pk)).toEqual(['a', 'c']);
    expect(aws.calls.map(({ input }) => input.RequestItems['acme-ledger'])).toEqual([
      { Keys: ['a', 'b', 'c'].map((pk) => ({ pk: { S: pk } })), ConsistentRead: true },
      { Keys: ['b', 'c'].map((pk) => ({ pk: { S: pk } })), ConsistentRead: true },
    ]);
  });

  test('is throttled where it reads none of many, and takes no more than a request holds', async () => {
    inOrder({ body: { Responses: {}, UnprocessedKeys: { 'acme-ledger': { Keys: [{ pk: { S: 'a' } }] } } } });
    await expect(store.readMany(['a'])).rejects.toMatchObject({ name: 'StoreFault', fault: 'throttled' });
    await expect(store.readMany(Array.from({ length: 101 }, (_, n) => `k${n}`))).rejects.toThrow('at most 100 keys, got 101');
  });

  test('tells by what it was refused: the item that is there', async () => {
    inOrder({
      status: 400,
      body: { __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException', message: 'no', Item: item('k') },
    });
    expect(await store.create({ pk: 'k' })).toEqual({ kind: 'refused', found: { pk: 'k', version: 2 } });
    expect(await store.change({ pk: 'k', require: [] })).toEqual({ kind: 'refused', found: { pk: 'k', version: 2 } });
    for (const { input } of aws.calls) {
      expect(input).toMatchObject({ TableName: 'acme-ledger', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' });
    }
    expect(aws.inputs('PutItem')[0].ConditionExpression).toBe('attribute_not_exists(#pk)');
    expect(aws.inputs('UpdateItem')[0].ConditionExpression).toBe('attribute_exists(#0)');
    inOrder(refusal('ConditionalCheckFailedException'));
    expect(await store.change({ pk: 'k', require: [] })).toEqual({ kind: 'refused' });
  });

  test.each<[string, AwsReply, string]>([
    ['a throttle', refusal('ThrottlingException'), 'throttled'],
    ["another region's write at the same time", refusal('ReplicatedWriteConflictException'), 'conflict'],
    ['an error of DynamoDB', refusal('InternalServerError', 500), 'unknown'],
    ['no answer', 'hangUp', 'unknown'],
  ])('%s is sent once, and said', async (_what, reply, fault) => {
    inOrder(reply);
    await expect(store.create({ pk: 'k' })).rejects.toMatchObject({ name: 'StoreFault', fault });
    expect(aws.calls).toHaveLength(1);
  });

  test("lists an account's keys from the newest on, and from a place on", async () => {
    inOrder({ body: { Items: [{ pk: { S: 'k#1' }, seq: { S: '2' } }] } });
    expect(await store.list('a#x', 5)).toEqual([{ pk: 'k#1', seq: '2' }]);
    await store.list('a#x', 5, '2');
    const [all, from] = aws.inputs('Query');
    expect(all).toMatchObject({
      IndexName: 'byAccount',
      ScanIndexForward: false,
      Limit: 5,
      KeyConditionExpression: '#acct = :acct',
      ExpressionAttributeValues: { ':acct': { S: 'a#x' } },
    });
    expect(from).toMatchObject({
      KeyConditionExpression: '#acct = :acct AND #seq <= :from',
      ExpressionAttributeValues: { ':from': { S: '2' } },
    });
  });
});

describe("a unit's items in a region", () => {
  const page = (pks: readonly string[], last?: string): AwsReply => ({
    body: {
      Items: pks.map((pk) => ({ pk: { S: pk }, version: { N: '1' } })),
      ...(last === undefined ? {} : { LastEvaluatedKey: { pk: { S: last } } }),
    },
  });
  const scanned = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const { pk } of scanPort('acme-ledger', 1)('eu-west-1', 0)) found.push(pk);
    return found;
  };

  test("are read page by page to the end, strongly, though a page is empty, and without what is no account's", async () => {
    inOrder(page(['a#t#1@1', 'drain#eu-west-1'], 'p1'), page([], 'p2'), page(['a#t#2@1'], 'p3'), page(['a#t#3@1']));
    expect(await scanned()).toEqual(['a#t#1@1', 'a#t#2@1', 'a#t#3@1']);
    expect(aws.inputs('Scan').map(({ ExclusiveStartKey: from, ConsistentRead: strong }) => [from?.pk.S, strong])).toEqual([
      [undefined, true],
      ['p1', true],
      ['p2', true],
      ['p3', true],
    ]);
    expect(aws.calls[0].region).toBe('eu-west-1');
  });

  test('are waited for through a throttle; a missing grant is told at once', async () => {
    inOrder(refusal('ProvisionedThroughputExceededException'), page(['a#t#1@1'], 'p1'), 'hangUp', page(['a#t#2@1']));
    expect(await scanned()).toEqual(['a#t#1@1', 'a#t#2@1']);
    inOrder(refusal('AccessDeniedException'));
    await expect(scanned()).rejects.toThrow('AccessDeniedException');
    expect(aws.calls).toHaveLength(5);
  });

  test('are read by their keys in the region that was asked', async () => {
    const items = itemsPort('acme-ledger');
    aws.answer = ({ region }) => ({ body: { Responses: { 'acme-ledger': [item(region)] } } });
    expect((await items('eu-west-1', ['x']))[0].pk).toBe('eu-west-1');
    expect((await items('us-east-1', ['x']))[0].pk).toBe('us-east-1');
    inOrder(refusal('ThrottlingException'), { body: { Responses: { 'acme-ledger': [item('late')] } } });
    expect((await items('eu-west-1', ['x']))[0].pk).toBe('late');
    for (const { RequestItems } of aws.inputs('BatchGetItem')) expect(RequestItems['acme-ledger'].ConsistentRead).toBe(true);
  });
});

test('a store in several regions asks the next one for every kind of call', async () => {
  const calls: string[] = [];
  const of = (name: string, broken: boolean): LedgerStore =>
    new Proxy({} as LedgerStore, {
      get:
        (_, method: string) =>
        async (...given: unknown[]) => {
          calls.push(`${name}.${method}(${JSON.stringify(given)})`);
          if (broken) throw new StoreFault('unknown', 'no answer');
          return [];
        },
    });
  const asked: readonly [(one: LedgerStore) => Promise<unknown>, string][] = [
    [(one) => one.create({ pk: 'k' }), 'create([{"pk":"k"}])'],
    [(one) => one.change({ pk: 'k', require: [] }), 'change([{"pk":"k","require":[]}])'],
    [(one) => one.read('k', true), 'read(["k",true])'],
    [(one) => one.readMany(['k']), 'readMany([["k"]])'],
    [(one) => one.list('a', 5, 'from'), 'list(["a",5,"from"])'],
  ];
  for (const [call, expected] of asked) {
    calls.length = 0;
    const both = new FailoverStore([of('near', true), of('far', false)]);
    await expect(call(both)).rejects.toThrow('no answer');
    await call(both);
    expect(calls).toEqual([`near.${expected}`, `far.${expected}`]);
  }
});

test('a client sends each request once, whatever comes back, and ends it in its time', async () => {
  expect(await (dynamoClient('eu-west-1') as DynamoDBClient).config.maxAttempts()).toBe(1);
});
