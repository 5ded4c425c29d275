import { OutboxWorld } from './outbox-world';
import { ItemChange } from '../../src/events/outbox/domain';
import { SweepHint } from '../../src/events/outbox/sweep.service';
import { keyId } from '../../src/kernel/fingerprint';
import { toAttributes } from '../../src/ledger/items.aws';
import { FakeAws, keepLog, queueTook, refusal } from '../runtime/fake-aws';
import { loadedHandler } from '../runtime/loaded-handler';

type Response = { readonly batchItemFailures: readonly { readonly itemIdentifier: string }[] };

const [here, alive, lost, unsure] = ['us-west-2', 'us-east-1', 'eu-central-1', 'eu-west-1'];
let aws: FakeAws;
let lines: Record<string, any>[];
let world: OutboxWorld;
/** Entries that the hints' queue does not take, by their place in a request. */
let notTaken: (request: number) => readonly string[];

beforeEach(async () => {
  aws = await FakeAws.start({
    AWS_REGION: here,
    PAYMENTS_SYSTEM_NAME: 'shop',
    LEDGER_TABLE_NAME: 'shop-ledger',
    MESH_BUS_NAME: 'shop-events',
    MESH_TABLE_NAME: 'shop-mesh',
    SWEEP_QUEUE_URL: 'http://queue/111122223333/hints',
    SWEEP_SILENT_AFTER_MS: '180000',
    SWEEP_ALIVE_WITHIN_MS: '90000',
  });
  process.env.SWEEP_QUEUE_URL = `${aws.url}/111122223333/hints`;
  lines = keepLog();
  world = new OutboxWorld();
  notTaken = () => [];
  const heard: Record<string, number> = { [alive]: 1_000, [lost]: 500_000, [unsure]: 120_000 };
  aws.answer = ({ action, input }) => {
    switch (action) {
      case 'GetItem': {
        const ago = heard[String(input.Key.pk.S).replace('probe#', '')];
        if (ago === undefined) return refusal('InternalServerError', 500);
        return { body: { Item: { arrivedAt: { N: `${Date.now() - ago}` } } } };
      }
      case 'SendMessageBatch':
        return queueTook(input, notTaken(aws.inputs('SendMessageBatch').length - 1));
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
        return { body: { Entries: (input.Entries as object[]).map(() => ({ EventId: '1' })) } };
      default:
        return {};
    }
  };
});
afterEach(async () => {
  jest.restoreAllMocks();
  await aws.stop();
});

const sweep = (Records: readonly object[]): Promise<Response> => loadedHandler<object, Response>('events/outbox/sweep')({ Records });
const fromStream = (stream: readonly ItemChange[]): object[] =>
  stream.map((change, n) => ({
    eventSource: 'aws:dynamodb',
    dynamodb: {
      SequenceNumber: `${100 + n}`,
      ...(change.old ? { OldImage: toAttributes(change.old) } : {}),
      NewImage: toAttributes(change.new!),
    },
  }));

async function pay(region: string, key = 'k1'): Promise<string> {
  const ledger = world.ledger(region);
  await ledger.openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 100 });
  await ledger.authorise(world.context(), { idempotencyKey: key, accountId: 'acc', amount: 10, currency: 'EUR' });
  return keyId('acme', key);
}

/** What the queue was given, as it comes back: one hint a message. */
const kept = (): SweepHint[] =>
  aws
    .inputs('SendMessageBatch')
    .flatMap(({ Entries }) => (Entries as { MessageBody: string }[]).map(({ MessageBody }) => JSON.parse(MessageBody) as SweepHint));

describe('the records of the stream', () => {
  test('of peers are kept as hints; own ones are not', async () => {
    const id = await pay(alive);
    await pay(here, 'own');
    expect(await sweep(fromStream(world.store.stream))).toEqual({ batchItemFailures: [] });
    expect(kept()).toEqual([
      expect.objectContaining({ origin: alive, decided: [expect.objectContaining({ id, type: 'payment.authorised' })] }),
    ]);
    expect(aws.inputs('SendMessageBatch')[0].QueueUrl).toContain('/111122223333/hints');
    expect(lines.at(-1)).toMatchObject({ message: 'hints', kept: 1 });
  });

  /** So many hints, of regions of their own. */
  const manyRecords = async (count: number): Promise<object[]> => {
    await pay(alive);
    const account = world.store.stream.find(({ new: now }) => now!.kind === 'ACCOUNT' && Object.keys(now!.entries as object).length === 1)!;
    return fromStream(Array.from({ length: count }, (_, n) => ({ ...account, new: { ...account.new!, writtenBy: `region-${n}` } })));
  };

  test('come into the queue in requests of ten, all of them', async () => {
    await sweep(await manyRecords(23));
    expect(aws.inputs('SendMessageBatch').map(({ Entries }) => Entries.length)).toEqual([10, 10, 3]);
    expect(new Set(kept().map(({ origin }) => origin)).size).toBe(23);
    // Ten IDs that differ, for SQS refuses a request with one twice.
    expect(aws.inputs('SendMessageBatch')[0].Entries.map(({ Id }: { Id: string }) => Id)).toEqual(
      Array.from({ length: 10 }, (_, n) => `${n}`),
    );
  });

  test('come into the queue in requests of a bounded size', async () => {
    await pay(alive);
    const account = world.store.stream.find(({ new: now }) => now!.kind === 'ACCOUNT' && Object.keys(now!.entries as object).length === 1)!;
    const entries = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [String(n).padStart(22, 'x'), 'H1']));
    await sweep(fromStream(Array.from({ length: 12 }, (_, n) => ({ new: { ...account.new!, entries, writtenBy: `region-${n}` } }))));
    const sizes = aws
      .inputs('SendMessageBatch')
      .map(({ Entries }) =>
        (Entries as { MessageBody: string }[]).reduce((sum, { MessageBody }) => sum + Buffer.byteLength(MessageBody), 0),
      );
    expect(kept()).toHaveLength(12);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(256 * 1024);
    expect(sizes.length).toBeGreaterThan(1);
  });

  test.each([
    [0, ['3']],
    [1, ['0', '9']],
  ])('come again where the queue did not take all of request %i', async (request, failed) => {
    notTaken = (at) => (at === request ? failed : []);
    await expect(sweep(await manyRecords(23))).rejects.toThrow(
      `the hints' queue did not take ${failed.length} of 10: InternalError try again`,
    );
  });

  test('come again where the queue takes none at all', async () => {
    const { answer } = aws;
    aws.answer = (call) => (call.action === 'SendMessageBatch' ? refusal('AccessDenied', 403) : answer(call));
    await pay(alive);
    await expect(sweep(fromStream(world.store.stream))).rejects.toThrow('AccessDenied');
  });

  test('are kept up to the first one that cannot be read, which is named', async () => {
    await pay(alive);
    await pay(alive, 'k2');
    const records = fromStream(world.store.stream) as { dynamodb: { NewImage: Record<string, any> } }[];
    const at = world.store.stream.findIndex(({ new: now }) => now!.kind === 'ACCOUNT' && Object.keys(now!.entries as object).length === 2);
    records[at].dynamodb.NewImage.entries.M.odd = { S: 'Z?' };
    const { answer } = aws;
    aws.answer = (call) => (call.action === 'GetItem' ? {} : answer(call));
    expect(await sweep(records)).toEqual({ batchItemFailures: [{ itemIdentifier: `${100 + at}` }] });
    expect(kept()).toHaveLength(1);
  });
});

describe('hints that are due', () => {
  const message = (origin: string, messageId: string, decided: SweepHint['decided'] = []): object => ({
    eventSource: 'aws:sqs',
    messageId,
    body: JSON.stringify({ origin, seenAt: Date.now() - 300_000, decided } satisfies SweepHint),
  });

  test(
    'are done with where the peer lives, published where it is lost, and come again by their own number where ' + 'nobody can tell',
    async () => {
      const id = await pay(lost);
      const decided: SweepHint['decided'] = [
        { type: 'payment.authorised', id, payment: id, tenant: 'acme', accountId: 'acc', currency: 'EUR', epoch: 0 },
      ];
      expect(
        await sweep([
          message(alive, 'm-alive'),
          message(unsure, 'm-unsure'),
          message(lost, 'm-lost', decided),
          message('eu-north-1', 'm-unread'),
          { eventSource: 'aws:sqs', messageId: 'm-odd', body: 'no JSON' },
        ]),
      ).toEqual({ batchItemFailures: [{ itemIdentifier: 'm-unsure' }, { itemIdentifier: 'm-unread' }, { itemIdentifier: 'm-odd' }] });
      expect(aws.inputs('PutEvents').map(({ Entries }) => JSON.parse(Entries[0].Detail) as { id: string; origin: string })).toEqual([
        expect.objectContaining({ id: `evt_${id}`, origin: lost }),
      ]);
      expect(lines.at(-1)).toMatchObject({
        message: 'sweep',
        hints: 5,
        swept: 1,
        EventsSwept: 1,
        open: expect.arrayContaining([{ message: 'm-unsure', reason: expect.stringContaining(`${unsure} was last heard of`) }]),
      });
    },
  );

  test('ask by strong reads when a peer was last heard of', async () => {
    await sweep([message(alive, 'm')]);
    expect(aws.inputs('GetItem')).toEqual([{ TableName: 'shop-mesh', Key: { pk: { S: `probe#${alive}` } }, ConsistentRead: true }]);
  });

  test('come again where the bus does not take them', async () => {
    const id = await pay(lost);
    const { answer } = aws;
    aws.answer = (call) =>
      call.action === 'PutEvents' ? { body: { Entries: [{ ErrorCode: 'NotAuthorizedForSource', ErrorMessage: 'no' }] } } : answer(call);
    const decided: SweepHint['decided'] = [
      { type: 'payment.authorised', id, payment: id, tenant: 'acme', accountId: 'acc', currency: 'EUR', epoch: 0 },
    ];
    expect(await sweep([message(lost, 'm-lost', decided), message(alive, 'm-alive')])).toEqual({
      batchItemFailures: [{ itemIdentifier: 'm-lost' }],
    });
  });
});
