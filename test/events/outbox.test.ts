import { Bus, OutboxWorld, recordsOf, StreamingStore } from './outbox-world';
import { decidedBy } from '../../src/events/outbox/domain';
import { redrive, Redriven } from '../../src/events/redrive/outbox.service';
import { keyId } from '../../src/kernel/fingerprint';
import { Span, SpanStart, Tracer, untraced } from '../../src/kernel/trace';
import { EpochStore } from '../../src/ledger/homes/epoch-store.service';
import { Attempt } from '../../src/ledger/protocol/attempt.service';
import { PaymentsLedger } from '../../src/ledger/protocol/service';
import { trim } from '../../src/ledger/protocol/trim.service';

const region = 'us-east-1';
const id = (key: string): string => keyId('acme', key);

async function pay(world: OutboxWorld, ledger: PaymentsLedger, key: string, amount = 10, account = 'acc'): Promise<void> {
  await ledger.authorise(world.context(), { idempotencyKey: key, accountId: account, amount, currency: 'EUR' });
}

async function worldWith(accounts: readonly string[] = ['acc']): Promise<{ world: OutboxWorld; ledger: PaymentsLedger; bus: Bus }> {
  const world = new OutboxWorld();
  const ledger = world.ledger(region);
  for (const accountId of accounts) await ledger.openAccount(world.context(), { accountId, currency: 'EUR', balance: 100 });
  return { world, ledger, bus: new Bus() };
}

test('an event says what the payment is, and nothing that changes', async () => {
  const { world, ledger, bus } = await worldWith();
  const occurredAt = new Date(world.nowMs).toISOString();
  await ledger.authorise(world.context(), { idempotencyKey: 'k1', accountId: 'acc', amount: 10, currency: 'EUR', reference: 'order 7' });
  await ledger.move(world.context(), { idempotencyKey: 'k2', paymentId: `pay_${id('k1')}`, type: 'CAPTURE', amount: 4 });
  await world.outbox(region, bus.sink).publish(recordsOf(world.store.stream), world.nowMs + 1_000);
  const trace = { traceId: '1-5f2330a4-6a0de1cd0e17c0508d386a64' };
  const rest = { schemaVersion: 1, origin: region, occurredAt, tenant: 'acme', subject: `pay_${id('k1')}`, trace };
  const data = { paymentId: `pay_${id('k1')}`, accountId: 'acc', currency: 'EUR', reference: 'order 7', region };
  expect(bus.events).toEqual([
    { ...rest, id: `evt_${id('k1')}`, type: 'payment.authorised', sequence: 1, data: { ...data, amount: 10 } },
    { ...rest, id: `evt_${id('k2')}`, type: 'payment.captured', sequence: 2, data: { ...data, amount: 4 } },
  ]);
});

test.each([
  ['within the day is told with the authorisation once more, under the same ID', 3_600_000, ['payment.authorised', 'payment.captured']],
  ['later is told alone', 2 * 86_400_000, ['payment.captured']],
])('the capture of a hold that had left its account %s', async (_, afterMs, told) => {
  const { world, ledger, bus } = await worldWith();
  await pay(world, ledger, 'k1');
  const publish = async (): Promise<readonly string[]> => {
    const [records, before] = [recordsOf(world.store.stream.splice(0)), bus.events.length];
    await world.outbox(region, bus.sink).publish(records, world.nowMs + 1_000);
    return bus.events.slice(before).map(({ type }) => type);
  };
  expect(await publish()).toEqual(['payment.authorised']);
  world.nowMs += afterMs;
  await trim(new Attempt(world.ports(), { region }, world.context()), 'a#acme#acc');
  expect(world.store.items.get('a#acme#acc')!.entries).toEqual({});
  await ledger.move(world.context(), { idempotencyKey: 'k2', paymentId: `pay_${id('k1')}`, type: 'CAPTURE', amount: 4 });
  expect(await publish()).toEqual(told);
  expect(new Set(bus.events.map((event) => event.id))).toEqual(new Set([`evt_${id('k1')}`, `evt_${id('k2')}`]));
});

describe('a failure', () => {
  test('of one payment is reported at its first record, and the others go on', async () => {
    const { world, ledger, bus } = await worldWith();
    for (const key of ['k1', 'k2', 'k3']) await pay(world, ledger, key);
    bus.refused.add(`pay_${id('k2')}`);
    const records = recordsOf(world.store.stream);
    const result = await world.outbox(region, bus.sink).publish(records, world.nowMs + 1_000);
    expect(result).toEqual({ published: 2, failed: { id: expect.any(String), reason: 'not taken' } });
    const failed = records.findIndex((record) => record.id === result.failed!.id);
    expect(decidedBy(world.store.stream[failed]).map((one) => one.id)).toEqual([id('k2')]);
  });

  test('to read a record stops the batch there, with everything before it published', async () => {
    const { world, ledger, bus } = await worldWith();
    await pay(world, ledger, 'k1');
    const records = [
      ...recordsOf(world.store.stream),
      {
        id: 'odd',
        change: () => {
          throw new Error('an attribute of type B');
        },
      },
    ];
    expect(await world.outbox(region, bus.sink).publish(records, world.nowMs + 1_000)).toEqual({
      published: 1,
      failed: { id: 'odd', reason: 'an attribute of type B' },
    });
  });

  test('of the table fails the batch as a whole', async () => {
    const { world, ledger, bus } = await worldWith();
    await pay(world, ledger, 'k1');
    const broken = Object.assign(Object.create(world.store) as StreamingStore, {
      readMany: () => Promise.reject(new Error('no such table')),
    });
    await expect(world.outbox(region, bus.sink, broken).publish(recordsOf(world.store.stream), world.nowMs + 1_000)).rejects.toThrow(
      'no such table',
    );
    expect(bus.events).toEqual([]);
  });
});

describe('with epochs', () => {
  const [first, second] = [1, 2];

  test('a carried account tells nothing anew, what is decided on it does, behind what was told of the payment before', async () => {
    const world = new OutboxWorld();
    const before = world.ledger(region, new EpochStore(world.store, first));
    await before.openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 100 });
    await pay(world, before, 'k1');
    await pay(world, before, 'k2');
    const after = world.ledger('eu-central-1', new EpochStore(world.store, second));
    await after.move(world.context(), { idempotencyKey: 'k3', paymentId: `pay_${id('k1')}`, type: 'CAPTURE' });
    await pay(world, after, 'k4');
    const old = new Bus();
    const now = new Bus();
    await world.outbox(region, old.sink).publish(recordsOf(world.store.stream), world.nowMs + 1_000);
    await world.outbox('eu-central-1', now.sink).publish(recordsOf(world.store.stream), world.nowMs + 1_000);
    expect(old.events.map(({ id: of, sequence }) => [of, sequence])).toEqual([
      [`evt_${id('k1')}`, 1],
      [`evt_${id('k2')}`, 1],
    ]);
    expect(now.events.map(({ id: of, sequence }) => [of, sequence])).toEqual([
      [`evt_${id('k3')}`, 2],
      [`evt_${id('k4')}`, 1],
    ]);
  });

  test('a carried account that has moved on when it arrives tells everything, from the claims of whichever epoch has them', async () => {
    const world = new OutboxWorld();
    const before = world.ledger(region, new EpochStore(world.store, first));
    await before.openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 100 });
    await pay(world, before, 'k1');
    const after = world.ledger('eu-central-1', new EpochStore(world.store, second));
    await pay(world, after, 'k2');
    const account = [...world.store.items.values()].find(({ kind, pk }) => kind === 'ACCOUNT' && pk.endsWith('@2'))!;
    const bus = new Bus();
    await world.outbox('eu-central-1', bus.sink).publish(recordsOf([{ new: account }]), world.nowMs + 1_000);
    expect([...bus.byId.keys()].sort()).toEqual([`evt_${id('k1')}`, `evt_${id('k2')}`].sort());
  });
});

describe('the trace', () => {
  const begun: SpanStart[] = [];
  const linked: string[] = [];
  const tracer: Tracer = {
    begin: (start): Span => {
      begun.push(start);
      return { ...untraced({ ...start.context, parentId: 'cccccccccccccccc' }), link: ({ traceId }) => linked.push(traceId) };
    },
    invocation: () => ({ traceId: '1-00000001-000000000000000000000001', parentId: 'aaaaaaaaaaaaaaaa', sampled: true }),
  };
  const parentId = '53995c3f42cd8ad8';
  beforeEach(() => {
    begun.splice(0);
    linked.splice(0);
  });

  async function traced(afterMs: number): Promise<Bus> {
    const { world, ledger, bus } = await worldWith();
    const context = { ...world.context(), trace: { traceId: world.context().traceId, parentId, sampled: true } };
    await ledger.authorise(context, { idempotencyKey: 'k1', accountId: 'acc', amount: 10, currency: 'EUR' });
    world.nowMs += afterMs;
    await world.outbox(region, bus.sink, world.store, tracer).publish(recordsOf(world.store.stream), world.nowMs + 1_000);
    return bus;
  }

  test('of the request goes on in the outbox, and from there in the event', async () => {
    const {
      events: [event],
    } = await traced(0);
    expect(begun).toEqual([
      { name: 'acme-outbox', kind: 'work', context: { traceId: '1-5f2330a4-6a0de1cd0e17c0508d386a64', parentId, sampled: true } },
    ]);
    expect(event.trace).toEqual({
      traceId: '1-5f2330a4-6a0de1cd0e17c0508d386a64',
      parentId: 'cccccccccccccccc',
      traceparent: '00-5f2330a46a0de1cd0e17c0508d386a64-cccccccccccccccc-01',
    });
  });

  test('of what comes late is named, and no longer continued', async () => {
    const {
      events: [event],
    } = await traced(15 * 60_000 + 1);
    expect(begun[0].context.traceId).toBe('1-00000001-000000000000000000000001');
    expect(linked).toEqual(['1-5f2330a4-6a0de1cd0e17c0508d386a64']);
    expect(event.trace).toEqual({ traceId: '1-5f2330a4-6a0de1cd0e17c0508d386a64' });
  });
});

describe('the redrive of given-up ranges', () => {
  const message = (range: object): string => JSON.stringify({ requestContext: {}, DDBStreamBatchInfo: range });
  const range = { streamArn: 'arn:stream', shardId: 's', startSequenceNumber: '1', endSequenceNumber: '9' };

  interface Run {
    readonly result: Redriven;
    readonly bus: Bus;
    readonly removed: readonly number[];
  }

  async function run(bodies: readonly string[], { room = Number.POSITIVE_INFINITY, removeExpired = false } = {}): Promise<Run> {
    const { world, ledger, bus } = await worldWith();
    await pay(world, ledger, 'k1');
    const elsewhere = world.ledger('us-west-2');
    await pay(world, elsewhere, 'k2');
    bus.room = room;
    const removed: number[] = [];
    const queue = bodies.map((body, n) => ({ body, remove: () => Promise.resolve(void removed.push(n)) }));
    const outbox = world.outbox(region, bus.sink);
    const result = await redrive(
      {
        receive: () => Promise.resolve(queue.splice(0, 2)),
        read: ({ shardId, endSequenceNumber }) =>
          shardId === 'denied'
            ? Promise.reject(Object.assign(new Error('not yours'), { name: 'AccessDeniedException' }))
            : Promise.resolve(endSequenceNumber === '0' ? 'expired' : recordsOf(world.store.stream)),
        publish: (records, deadlineMs) => outbox.republish(records, deadlineMs),
        nowMs: () => world.nowMs,
      },
      world.nowMs + 60_000,
      removeExpired,
    );
    return { result, bus, removed };
  }

  test('publishes each range, whoever wrote it, and takes it out of the queue', async () => {
    const { result, bus, removed } = await run([message(range), message(range), message(range)]);
    expect(result).toEqual({ ranges: 3, published: 6, left: [], removed: [] });
    expect(removed).toEqual([0, 1, 2]);
    expect(new Set(bus.events.map(({ id: of, origin }) => `${of} ${origin}`))).toEqual(
      new Set([`evt_${id('k1')} ${region}`, `evt_${id('k2')} us-west-2`]),
    );
  });

  test('leaves in the queue what the stream has forgotten, what fails, and what is no range', async () => {
    const { result, removed } = await run([message({ ...range, endSequenceNumber: '0' }), '{', message(range)], { room: 1 });
    expect(result).toEqual({
      ranges: 0,
      published: 1,
      left: ['the stream has deleted 1: reconcile its accounts', 'a message holds no range of a stream', 'not taken'],
      removed: [],
    });
    expect(removed).toEqual([]);
  });

  test('goes on after a range that cannot be read', async () => {
    const { result, removed } = await run([
      message({ ...range, shardId: 'denied' }),
      message(range),
      message({ ...range, shardId: 'denied' }),
      message(range),
    ]);
    expect(result).toMatchObject({ ranges: 2, left: Array(2).fill('AccessDeniedException: not yours') });
    expect(removed).toEqual([1, 3]);
  });

  test('takes what the stream has forgotten out of the queue when it is told to, and says which', async () => {
    const times = { approximateArrivalOfFirstRecord: '2026-11-20T00:00:00Z', approximateArrivalOfLastRecord: '2026-11-20T00:05:00Z' };
    const bodies = [message({ ...range, endSequenceNumber: '0', ...times }), '{', message(range)];
    const named = '1 (changes from 2026-11-20T00:00:00Z to 2026-11-20T00:05:00Z)';
    expect((await run(bodies)).result.left).toContain(`the stream has deleted ${named}: reconcile its accounts`);
    const { result, removed } = await run(bodies, { removeExpired: true });
    expect(result).toMatchObject({ ranges: 1, left: ['a message holds no range of a stream'], removed: [named] });
    expect(removed).toEqual([0, 2]);
  });
});

test.each([
  ['none is pending', 'none'],
  ['another one is pending', 'another'],
])("a refund that the payment's item here does not know yet waits for it, where %s", async (_which, pending) => {
  const { world, ledger, bus } = await worldWith();
  await pay(world, ledger, 'k1');
  const paymentId = `pay_${id('k1')}`;
  await ledger.move(world.context(), { idempotencyKey: 'c', paymentId, type: 'CAPTURE' });
  const before = structuredClone(world.store.items.get(`k#${id('k1')}`)!);
  await ledger.move(world.context(), { idempotencyKey: 'r', paymentId, type: 'REFUND', amount: 3 });
  const now = world.store.items.get(before.pk)!;
  // Items arrive in no order: the account shows the refund before the payment does.
  world.store.items.set(before.pk, {
    ...before,
    ...(pending === 'another' ? { pending: { id: id('other'), amount: 1, at: 1, region } } : {}),
  });
  const publish = () => world.outbox(region, bus.sink).publish(recordsOf(world.store.stream), world.nowMs + 1_000);
  expect(await publish()).toMatchObject({ published: 2, failed: { reason: expect.stringContaining(id('r')) } });
  world.store.items.set(before.pk, now);
  expect(await publish()).toEqual({ published: 3 });
  expect(bus.byId.get(`evt_${id('r')}`)).toMatchObject({ type: 'payment.refunded', sequence: 3 });
});

describe("a synthetic tenant's payments", () => {
  const syntheticTenants = new Set(['canary']);

  async function worldOfBoth(): Promise<{ world: OutboxWorld; bus: Bus }> {
    const { world, ledger, bus } = await worldWith();
    const canary = { ...world.context(), tenant: 'canary' };
    await ledger.openAccount(canary, { accountId: 'acc', currency: 'EUR', balance: 100 });
    await ledger.authorise(canary, { idempotencyKey: 'c1', accountId: 'acc', amount: 10, currency: 'EUR' });
    await ledger.move(canary, { idempotencyKey: 'c2', paymentId: `pay_${keyId('canary', 'c1')}`, type: 'CAPTURE' });
    await pay(world, ledger, 'k1');
    return { world, bus };
  }

  test('make no events, and are done with', async () => {
    const { world, bus } = await worldOfBoth();
    const outbox = world.outbox(region, bus.sink, undefined, undefined, { syntheticTenants });
    expect(await outbox.publish(recordsOf(world.store.stream), world.nowMs + 1_000)).toEqual({ published: 1 });
    expect(bus.events.map(({ tenant, id: event }) => [tenant, event])).toEqual([['acme', `evt_${id('k1')}`]]);
  });

  test('make none either when a range is put back, and make them where no tenant is synthetic', async () => {
    const { world, bus } = await worldOfBoth();
    const quiet = world.outbox(region, bus.sink, undefined, undefined, { syntheticTenants });
    expect(await quiet.republish(recordsOf(world.store.stream), world.nowMs + 1_000)).toEqual({ published: 1 });
    expect(await world.outbox(region, bus.sink).publish(recordsOf(world.store.stream), world.nowMs + 1_000)).toEqual({ published: 3 });
  });
});
