import { OutboxWorld } from './outbox-world';
import { ItemChange } from '../../src/events/outbox/domain';
import { keyId } from '../../src/kernel/fingerprint';
import { toAttributes } from '../../src/ledger/items.aws';
import { AwsReply, FakeAws, keepLog, refusal } from '../runtime/fake-aws';
import { loadedHandler } from '../runtime/loaded-handler';

type Response = { readonly batchItemFailures: readonly { readonly itemIdentifier: string }[] };
interface Entry {
  readonly Detail: string;
  readonly EventBusName: string;
  readonly DetailType: string;
}

let aws: FakeAws;
let world: OutboxWorld;
let lines: Record<string, any>[];
/** What the bus makes of an event's entry. */
let bus: (id: string) => object;
/** How often a batch of reads comes to nothing, and why. */
let reads: AwsReply[];
/** Sequence numbers that were set aside. */
let aside: string[];

beforeEach(async () => {
  aws = await FakeAws.start({
    PAYMENTS_SYSTEM_NAME: 'shop',
    LEDGER_TABLE_NAME: 'shop-ledger',
    MESH_BUS_NAME: 'shop-events',
    MESH_TABLE_NAME: 'shop-mesh',
  });
  lines = keepLog();
  world = new OutboxWorld();
  [bus, reads, aside] = [() => ({ EventId: '1' }), [], []];
  aws.answer = ({ action, input }) => {
    if (action === 'BatchGetItem') return reads.shift() ?? { body: foundOf(input) };
    if (action === 'GetItem') return { body: aside.some((one) => input.Key.pk.S === `aside#${one}`) ? { Item: input.Key } : {} };
    if (action === 'PutEvents') {
      return { body: { Entries: (input.Entries as Entry[]).map(({ Detail }) => bus((JSON.parse(Detail) as { id: string }).id)) } };
    }
    return {};
  };
});
afterEach(async () => {
  jest.restoreAllMocks();
  await aws.stop();
});

function foundOf(input: Record<string, any>): object {
  const keys = input.RequestItems['shop-ledger'].Keys as { pk: { S: string } }[];
  return {
    Responses: {
      'shop-ledger': keys.flatMap(({ pk }) => (world.store.items.has(pk.S) ? [toAttributes(world.store.items.get(pk.S)!)] : [])),
    },
  };
}

/** Three payments of one account, in this region. */
async function threePayments(): Promise<readonly string[]> {
  const ledger = world.ledger('us-east-1');
  await ledger.openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 100 });
  const keys = ['k1', 'k2', 'k3'];
  for (const idempotencyKey of keys) {
    await ledger.authorise(world.context(), { idempotencyKey, accountId: 'acc', amount: 10, currency: 'EUR' });
  }
  return keys.map((key) => `evt_${keyId('acme', key)}`);
}

const recordsOf = (stream: readonly ItemChange[]): object[] =>
  stream.map((change, n) => ({
    eventSource: 'aws:dynamodb',
    dynamodb: {
      SequenceNumber: `${100 + n}`,
      ...(change.old ? { OldImage: toAttributes(change.old) } : {}),
      ...(change.new ? { NewImage: toAttributes(change.new) } : {}),
    },
  }));
const handle = (records: readonly object[] = recordsOf(world.store.stream), remainingMs = 7_000): Promise<Response> =>
  loadedHandler<object, Response>('events/outbox/outbox', remainingMs)({ Records: records });
const published = (): string[] =>
  aws.inputs('PutEvents').flatMap(({ Entries }) => (Entries as Entry[]).map(({ Detail }) => (JSON.parse(Detail) as { id: string }).id));
/** The record in which an entry of the account came about. */
const recordOf = (id: string): string =>
  `${100 + world.store.stream.findIndex(({ new: now }) => now!.kind === 'ACCOUNT' && id.slice(4) in (now!.entries as object))}`;

test('publishes a batch to the bus, once each, by strong reads of the claims; and counts', async () => {
  const ids = await threePayments();
  expect(await handle()).toEqual({ batchItemFailures: [] });
  expect(published()).toEqual(ids);
  expect(aws.inputs('PutEvents')[0].Entries[0]).toMatchObject({
    EventBusName: 'shop-events',
    DetailType: 'payment.authorised',
    Source: 'shop.ledger',
  });
  for (const { RequestItems } of aws.inputs('BatchGetItem')) expect(RequestItems['shop-ledger'].ConsistentRead).toBe(true);
  expect(lines.at(-1)).toMatchObject({ service: 'outbox', EventsPublished: 3, published: 3, records: world.store.stream.length });
});

test('names the record of the first event that the bus did not take, and nothing before or behind it', async () => {
  const ids = await threePayments();
  bus = (id) => (id === ids[1] ? { ErrorCode: 'NotAuthorizedForSource', ErrorMessage: 'no' } : { EventId: '1' });
  expect(await handle()).toEqual({ batchItemFailures: [{ itemIdentifier: recordOf(ids[1]) }] });
  expect(lines.at(-1)).toMatchObject({
    EventsPublished: 2,
    failed: { id: recordOf(ids[1]), reason: expect.stringContaining('NotAuthorizedForSource') },
  });
});

test('fails as a whole where the first record is not done with', async () => {
  const [first] = await threePayments();
  bus = (id) => (id === first ? { ErrorCode: 'MalformedDetail' } : { EventId: '1' });
  const records = recordsOf(world.store.stream);
  await expect(handle(records.slice(Number(recordOf(first)) - 100))).rejects.toThrow('no record of the batch was handled: MalformedDetail');
});

test('an entry whose claim is not to be read is not done with, and what is behind it is not sent', async () => {
  const ids = await threePayments();
  world.store.items.delete(`k#${ids[1].slice(4)}`);
  expect(await handle()).toEqual({ batchItemFailures: [{ itemIdentifier: recordOf(ids[1]) }] });
  expect(published()).toEqual([ids[0]]);
});

test('reads what was left unprocessed, and again after a throttle', async () => {
  const ids = await threePayments();
  const keys = ids.slice(1).map((id) => ({ pk: { S: `k#${id.slice(4)}` } }));
  reads = [
    refusal('ProvisionedThroughputExceededException'),
    {
      body: {
        Responses: { 'shop-ledger': [toAttributes(world.store.items.get(`k#${ids[0].slice(4)}`)!)] },
        UnprocessedKeys: { 'shop-ledger': { Keys: keys, ConsistentRead: true } },
      },
    },
  ];
  expect(await handle()).toEqual({ batchItemFailures: [] });
  expect(published()).toEqual(ids);
  expect(aws.inputs('BatchGetItem').map(({ RequestItems }) => RequestItems['shop-ledger'].Keys.length)).toEqual([3, 3, 2]);
});

test('a table that cannot be read fails the batch, in a line of the log', async () => {
  await threePayments();
  aws.answer = ({ action }) => (action === 'BatchGetItem' ? refusal('AccessDeniedException') : {});
  await expect(handle()).rejects.toThrow('AccessDeniedException');
  expect(lines.at(-1)).toMatchObject({ level: 'ERROR', failed: { id: '100' }, fault: { name: 'AccessDeniedException' } });
});

test('keeps time to answer: what the bus does not take by then is named in time', async () => {
  const ids = await threePayments();
  bus = (id) => (id === ids[2] ? { ErrorCode: 'ThrottlingException' } : { EventId: '1' });
  const began = Date.now();
  expect(await handle(recordsOf(world.store.stream), 6_000)).toEqual({ batchItemFailures: [{ itemIdentifier: recordOf(ids[2]) }] });
  expect(Date.now() - began).toBeLessThan(2_000);
});

describe('a record that no version of ours writes', () => {
  const odd = (): object[] => {
    const records = recordsOf(world.store.stream) as { dynamodb: { NewImage: Record<string, any> } }[];
    const at = world.store.stream.findIndex(({ new: now }) => now!.kind === 'ACCOUNT' && Object.keys(now!.entries as object).length === 2);
    records[at].dynamodb.NewImage.entries.M.odd = { S: 'Z?' };
    return records;
  };

  test('holds up everything behind it', async () => {
    const ids = await threePayments();
    const { batchItemFailures } = await handle(odd());
    expect(batchItemFailures).toEqual([{ itemIdentifier: recordOf(ids[1]) }]);
    expect(published()).toEqual([ids[0]]);
    expect(aws.inputs('GetItem')).toEqual([expect.objectContaining({ TableName: 'shop-mesh', ConsistentRead: true })]);
  });

  test('is passed over where it was set aside, and nothing else is', async () => {
    const ids = await threePayments();
    aside = [recordOf(ids[1])];
    expect(await handle(odd())).toEqual({ batchItemFailures: [] });
    expect(published()).toEqual([ids[0], ids[2]]);
    expect(lines.at(-1)).toMatchObject({ passedOver: aside });
  });

  test('holds up where nobody can tell whether it was set aside', async () => {
    const ids = await threePayments();
    aside = [recordOf(ids[1])];
    const { answer } = aws;
    aws.answer = (call) => (call.action === 'GetItem' ? refusal('InternalServerError', 500) : answer(call));
    expect((await handle(odd())).batchItemFailures).toHaveLength(1);
  });
});
