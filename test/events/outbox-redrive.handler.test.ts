import { OutboxWorld } from './outbox-world';
import { RedriveAnswer } from '../../src/events/redrive/outbox.aws';
import { keyId } from '../../src/kernel/fingerprint';
import { toAttributes } from '../../src/ledger/items.aws';
import { AwsReply, FakeAws, keepLog, messageTaken, received, refusal, Waiting } from '../runtime/fake-aws';
import { loadedHandler } from '../runtime/loaded-handler';

let aws: FakeAws;
let lines: Record<string, any>[];
let world: OutboxWorld;
let letters: Waiting[];
let hints: Waiting[];
/** Pages of the stream, by the iterator that leads to them. */
let pages: Record<string, { readonly records: readonly object[]; readonly next?: string }>;
let bus: (id: string) => object;
let discard: (handle: string) => boolean;

beforeEach(async () => {
  aws = await FakeAws.start({
    PAYMENTS_SYSTEM_NAME: 'shop',
    LEDGER_TABLE_NAME: 'shop-ledger',
    MESH_BUS_NAME: 'shop-events',
    MESH_TABLE_NAME: 'shop-mesh',
    LEDGER_STREAM_ARN: 'arn:stream',
  });
  Object.assign(
    process.env,
    Object.fromEntries(
      [
        ['OUTBOX_DEAD_LETTER_QUEUE_URL', 'outbox-dlq'],
        ['SWEEP_DEAD_LETTER_QUEUE_URL', 'sweep-dlq'],
        ['SWEEP_QUEUE_URL', 'sweep'],
      ].map(([name, queue]) => [name, `${aws.url}/111122223333/${queue}`]),
    ),
  );
  lines = keepLog();
  world = new OutboxWorld();
  [letters, hints, bus, discard] = [[], [], () => ({ EventId: '1' }), () => true];
  aws.answer = ({ action, input }): AwsReply => {
    switch (action) {
      case 'ReceiveMessage':
        return received((String(input.QueueUrl).endsWith('sweep-dlq') ? hints : letters).splice(0, 2));
      case 'SendMessage':
        return messageTaken(input);
      case 'DeleteMessageBatch': {
        const failed = (input.Entries as { Id: string; ReceiptHandle: string }[]).filter(({ ReceiptHandle }) => !discard(ReceiptHandle));
        return { body: { Successful: [], Failed: failed.map(({ Id }) => ({ Id, Code: 'InternalError', SenderFault: false })) } };
      }
      case 'GetShardIterator':
        return { body: { ShardIterator: 'one' } };
      case 'GetRecords': {
        const { records, next } = pages[input.ShardIterator as string];
        return { body: { Records: records, ...(next === undefined ? {} : { NextShardIterator: next }) } };
      }
      case 'BatchGetItem': {
        const keys = input.RequestItems['shop-ledger'].Keys as { pk: { S: string } }[];
        return {
          body: {
            Responses: {
              'shop-ledger': keys.flatMap(({ pk }) => (world.store.items.has(pk.S) ? [toAttributes(world.store.items.get(pk.S)!)] : [])),
            },
          },
        };
      }
      case 'PutEvents':
        return {
          body: { Entries: (input.Entries as { Detail: string }[]).map(({ Detail }) => bus((JSON.parse(Detail) as { id: string }).id)) },
        };
      default:
        return {};
    }
  };
  const ledger = world.ledger('us-east-1');
  await ledger.openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 100 });
  for (const idempotencyKey of ['k1', 'k2', 'k3']) {
    await ledger.authorise(world.context(), { idempotencyKey, accountId: 'acc', amount: 10, currency: 'EUR' });
  }
});
afterEach(async () => {
  jest.restoreAllMocks();
  await aws.stop();
});

const redrive = (): Promise<RedriveAnswer> => loadedHandler<object | null, RedriveAnswer>('events/redrive/outbox', 20_000)(null);
const range = (start: number, end: number, handle = `${start}-${end}`): Waiting => ({
  handle,
  body: JSON.stringify({
    DDBStreamBatchInfo: { streamArn: 'arn:stream', shardId: 'shard', startSequenceNumber: `${start}`, endSequenceNumber: `${end}` },
  }),
});
const records = (): object[] =>
  world.store.stream.map((change, n) => ({
    dynamodb: {
      SequenceNumber: `${100 + n}`,
      ...(change.old ? { OldImage: toAttributes(change.old) } : {}),
      NewImage: toAttributes(change.new!),
    },
  }));
const id = (key: string): string => `evt_${keyId('acme', key)}`;
const published = (): string[] =>
  aws
    .inputs('PutEvents')
    .flatMap(({ Entries }) => (Entries as { Detail: string }[]).map(({ Detail }) => (JSON.parse(Detail) as { id: string }).id));
const handlesOf = (action: string): string[] =>
  aws.inputs(action).flatMap(({ Entries }) => (Entries as { ReceiptHandle: string }[]).map(({ ReceiptHandle }) => ReceiptHandle));

test('a range is read through all its pages, an empty one too, to its end and not beyond', async () => {
  const all = records();
  expect(all).toHaveLength(7);
  pages = {
    one: { records: all.slice(0, 2), next: 'two' },
    two: { records: [], next: 'three' },
    three: { records: all.slice(2, 4), next: 'four' },
    four: { records: all.slice(4), next: 'never' },
  };
  letters = [range(100, 104)];
  expect(await redrive()).toMatchObject({ ranges: 1, published: 2, left: [] });
  expect(published()).toEqual([id('k1'), id('k2')]);
  expect(aws.inputs('GetShardIterator')[0]).toMatchObject({
    ShardId: 'shard',
    ShardIteratorType: 'AT_SEQUENCE_NUMBER',
    SequenceNumber: '100',
  });
  expect(aws.inputs('GetRecords').map(({ ShardIterator: at }) => at)).toEqual(['one', 'two', 'three', 'four']);
  expect(lines.at(-1)).toMatchObject({ service: 'outbox-redrive', ranges: 1 });
});

test('a range that ends with a page asks for no other; one whose shard has ended is done with what was there', async () => {
  pages = { one: { records: records().slice(0, 3), next: 'never' } };
  letters = [range(100, 102)];
  expect(await redrive()).toMatchObject({ ranges: 1, published: 1 });
  pages = { one: { records: records().slice(0, 3) } };
  letters = [range(100, 106)];
  expect(await redrive()).toMatchObject({ ranges: 1 });
});

test('a range that the bus does not take whole stays, is shown again, and holds up no other', async () => {
  pages = { one: { records: records() } };
  letters = [range(100, 106, 'open'), { handle: 'odd', body: 'no JSON' }, range(100, 102, 'done')];
  bus = (event) => (event === id('k2') ? { ErrorCode: 'NotAuthorizedForSource', ErrorMessage: 'no' } : { EventId: '1' });
  expect(await redrive()).toMatchObject({
    ranges: 1,
    left: [expect.stringContaining('NotAuthorizedForSource'), 'a message holds no range of a stream'],
  });
  expect([handlesOf('DeleteMessageBatch'), handlesOf('ChangeMessageVisibilityBatch')]).toEqual([['done'], ['open', 'odd']]);
});

test('a range whose letter cannot be deleted counts as left', async () => {
  pages = { one: { records: records().slice(0, 3) } };
  letters = [range(100, 102, 'stays')];
  discard = () => false;
  expect(await redrive()).toMatchObject({ ranges: 0, left: [expect.stringContaining('could not be deleted')] });
  expect(handlesOf('ChangeMessageVisibilityBatch')).toEqual(['stays']);
});

test('a stream that cannot be read is no range that it has forgotten', async () => {
  const { answer } = aws;
  aws.answer = (call) => (call.action === 'GetRecords' ? refusal('AccessDeniedException') : answer(call));
  letters = [range(100, 102, 'stays')];
  expect(await redrive()).toMatchObject({ ranges: 0, left: [expect.stringContaining('AccessDeniedException')], removed: [] });
  expect(aws.inputs('DeleteMessageBatch')).toEqual([]);
});

test(
  'given-up hints go back to the sweep in as many requests as it takes; new ones stay, and none is deleted before ' + 'it is there',
  async () => {
    hints = [1, 2, 3, 4, 5].map((n) => ({ handle: `h${n}`, body: `{"n":${n}}`, sentAt: n === 2 ? Date.now() + 60_000 : 1 }));
    expect(await redrive()).toMatchObject({ hints: 4 });
    expect(aws.inputs('SendMessage').map(({ MessageBody }) => MessageBody)).toEqual([1, 3, 4, 5].map((n) => `{"n":${n}}`));
    expect(handlesOf('DeleteMessageBatch')).toEqual(['h1', 'h3', 'h4', 'h5']);
    const { answer } = aws;
    aws.answer = (call) => (call.action === 'SendMessage' ? refusal('AccessDenied', 403) : answer(call));
    aws.calls.length = 0;
    hints = [{ handle: 'h', body: '{}', sentAt: 1 }];
    await expect(redrive()).rejects.toThrow('AccessDenied');
    expect(aws.inputs('DeleteMessageBatch')).toEqual([]);
  },
);
