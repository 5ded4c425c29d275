import { LostRegion, lost, paymentIdOfKey, survivor } from './lost-region';
import { recordsOf } from './outbox-world';
import { lackingKeys, newerKeys } from '../../src/events/outbox/domain';
import { keyId } from '../../src/kernel/fingerprint';
import { Item } from '../../src/ledger/ports';

/** The entry of epoch 1 arrived, its claim did not. The caller asks again, and a later epoch makes the claim again. */

/** What the survivor's own outbox tells of its writes since then. */
async function tellOwn(region: LostRegion, since: number): Promise<void> {
  const { world, bus } = region;
  expect(await world.outbox(survivor, bus.sink).publish(recordsOf(world.store.stream.slice(since)), world.nowMs + 10_000)).toEqual({
    published: expect.any(Number),
  });
}

const open = (key: string): unknown => ({ kind: 'open', reason: `the claims of ${keyId('acme', key)} are not in this region` });

test.each([2, 4, 9])('a payment whose claim was lost is told once its caller has repeated it in epoch %p', async (epoch) => {
  const region = await LostRegion.with('a');
  const arrives = region.loses('k-a');
  await region.note();
  const [hint] = region.hints;
  expect(await region.due()).toEqual(open('k-a'));
  const before = region.world.store.stream.length;
  const own = region.ledgerOf(survivor, epoch);
  expect(await region.authorise(own, 'k-a', 10)).toMatchObject({ kind: 'answered' });
  expect(await region.move(own, 'c-a', 'CAPTURE')).toMatchObject({ kind: 'answered' });
  await tellOwn(region, before);
  expect(region.told.map(([type]) => type)).toEqual(['payment.captured']);
  expect(await region.sweep.sweep(hint, region.world.nowMs + 1_000)).toEqual({ kind: 'published', events: 1 });
  expect(region.told.map(([type]) => type)).toEqual(['payment.captured', 'payment.authorised']);
  const [, event] = region.bus.events;
  expect(event).toMatchObject({ id: `evt_${keyId('acme', 'k-a')}`, origin: lost, sequence: 1, subject: paymentIdOfKey('k-a') });
  expect(event.data).toEqual({ paymentId: paymentIdOfKey('k-a'), accountId: 'a', amount: 10, currency: 'EUR', region: survivor });
  // The lost region comes back and tells it too: it is the same event.
  arrives();
  expect(await region.sweep.sweep(hint, region.world.nowMs + 1_000)).toEqual({ kind: 'published', events: 1 });
  expect(region.bus.events[2]).toMatchObject({ id: event.id, type: event.type, sequence: 1, data: { amount: 10, accountId: 'a' } });
  expect(region.bus.byId.size).toBe(2);
});

test('what a lost region had declined is told once a later epoch has said the same of it', async () => {
  const region = await LostRegion.with('a');
  await region.authorise(region.ledger, 'k-dear', 1_000);
  region.loses('k-dear');
  await region.note();
  const own = region.ledgerOf(survivor, 2);
  for (const _time of [1, 2]) await region.authorise(own, 'k-dear', 1_000);
  expect(await region.due()).toEqual({ kind: 'published', events: 2 });
  expect(region.told.map(([type]) => type)).toEqual(['payment.authorised', 'payment.declined']);
  expect(region.bus.events[1].data).toMatchObject({ amount: 1_000, declineReason: 'insufficient_funds' });
});

test.each(['CAPTURE', 'VOID', 'REFUND'] as const)(
  'a move (%s) whose claim was lost is told once its caller has repeated it',
  async (type) => {
    const region = await LostRegion.with('a');
    if (type === 'REFUND') await region.move(region.ledger, 'first', 'CAPTURE');
    await region.move(region.ledger, 'm-a', type, type === 'VOID' ? undefined : 4);
    region.loses('m-a');
    await region.note();
    const told = type === 'REFUND' ? 2 : 1;
    expect(await region.due()).toEqual({ kind: 'published', events: told });
    const [waiting] = region.hints;
    expect(await region.due()).toEqual(open('m-a'));
    expect(await region.move(region.ledgerOf(survivor, 2), 'm-a', type, type === 'VOID' ? undefined : 4)).toMatchObject({
      kind: 'answered',
    });
    expect(await region.sweep.sweep(waiting, region.world.nowMs + 1_000)).toEqual({ kind: 'published', events: 1 });
    expect(region.bus.events[told]).toMatchObject({
      id: `evt_${keyId('acme', 'm-a')}`,
      sequence: type === 'REFUND' ? 3 : 2,
      data: { amount: type === 'VOID' ? 10 : 4, region: survivor },
    });
  },
);

test('payment and move, both lost, are told in their order', async () => {
  const region = await LostRegion.with('a');
  await region.move(region.ledger, 'c-a', 'CAPTURE', 7);
  region.loses('k-a');
  region.loses('c-a');
  await region.note();
  const own = region.ledgerOf(survivor, 2);
  await region.authorise(own, 'k-a', 10);
  await region.move(own, 'c-a', 'CAPTURE', 7);
  expect(await region.due()).toEqual({ kind: 'published', events: 2 });
  expect(region.bus.events.map(({ type, sequence, data }) => [type, sequence, data.amount])).toEqual([
    ['payment.authorised', 1, 10],
    ['payment.captured', 2, 7],
  ]);
});

test("a refund that its payment's item of epoch 1 never showed is told by the payment of a later epoch", async () => {
  const region = await LostRegion.with('a');
  await region.move(region.ledger, 'c-a', 'CAPTURE');
  const pk = `k#${keyId('acme', 'k-a')}@1`;
  const before = structuredClone(region.world.store.items.get(pk)!);
  await region.move(region.ledger, 'r-a', 'REFUND', 3);
  region.world.store.items.set(pk, before);
  await region.note();
  expect(await region.due()).toEqual({ kind: 'published', events: 2 });
  const [waiting] = region.hints;
  expect(await region.due()).toEqual(open('r-a'));
  // The next refund carries the payment over, with what its account shows of it.
  await region.move(region.ledgerOf(survivor, 2), 'r-next', 'REFUND', 2);
  expect(await region.sweep.sweep(waiting, region.world.nowMs + 1_000)).toEqual({ kind: 'published', events: 1 });
  expect(region.bus.events[2]).toMatchObject({ type: 'payment.refunded', sequence: 3, data: { amount: 3 } });
});

describe('what a later epoch has decided otherwise is not told as the decision of the earlier one', () => {
  /** A lost region's decision arrives after the next epoch was opened without it. */
  async function late(
    decide: (region: LostRegion) => Promise<unknown>,
    again: (region: LostRegion) => Promise<unknown>,
  ): Promise<LostRegion> {
    const region = await LostRegion.with('a', 'b');
    const { items, stream } = region.world.store;
    const account = structuredClone(items.get('a#acme#a@1')!);
    const other = structuredClone(items.get('a#acme#b@1')!);
    const before = stream.length;
    await decide(region);
    for (const key of ['k-new', 'c-new']) if (items.has(`k#${keyId('acme', key)}@1`)) region.loses(key);
    const arriving = [items.get('a#acme#a@1')!, items.get('a#acme#b@1')!];
    items.set('a#acme#a@1', account).set('a#acme#b@1', other);
    const records = recordsOf(stream.slice(before).filter(({ new: now }) => now!.kind === 'ACCOUNT'));
    await again(region);
    for (const item of arriving) items.set(item.pk, item);
    await region.sweep.note(records);
    region.world.nowMs += 3_600_000;
    return region;
  }

  const payment =
    (amount: number, accountId = 'a') =>
    (region: LostRegion) =>
      region.authorise(region.ledger, 'k-new', amount, accountId);
  /** Asked for again until the item itself says what was decided. */
  const paymentAgain =
    (amount: number, accountId = 'a') =>
    async (region: LostRegion) => {
      const own = region.ledgerOf(survivor, 2);
      for (const _time of [1, 2]) expect(await region.authorise(own, 'k-new', amount, accountId)).toMatchObject({ kind: 'answered' });
    };
  const moved = (type: 'CAPTURE' | 'VOID', amount?: number) => (region: LostRegion) => region.move(region.ledger, 'c-new', type, amount);
  const movedAgain = (type: 'CAPTURE' | 'VOID', amount?: number, of?: string) => async (region: LostRegion) =>
    expect(await region.move(region.ledgerOf(survivor, 2), 'c-new', type, amount, of)).toMatchObject({ kind: 'answered' });

  test.each([
    ['with another amount', payment(10), paymentAgain(11)],
    ['on another account', payment(10), paymentAgain(10, 'b')],
    ['declined', payment(10), paymentAgain(1_000)],
    ['authorised', payment(1_000), paymentAgain(10)],
  ])('a payment, %s', async (_how, decide, again) => {
    const region = await late(decide, again);
    expect(await region.due()).toEqual(open('k-new'));
    expect(region.told).toEqual([]);
  });

  test.each([
    ['with another amount', moved('CAPTURE', 4), movedAgain('CAPTURE', 5)],
    ['of another type', moved('CAPTURE', 4), movedAgain('VOID')],
    ['of another payment', moved('CAPTURE', 4), movedAgain('CAPTURE', 4, 'k-b')],
  ])('a move, %s', async (_how, decide, again) => {
    const region = await late(decide, again);
    expect(await region.due()).toEqual(open('c-new'));
    expect(region.told).toEqual([]);
  });

  test('the same payment, decided again by the later epoch, is one event for consumers, whoever tells it', async () => {
    let before = 0;
    const region = await late(payment(10), async (one) => {
      before = one.world.store.stream.length;
      await paymentAgain(10)(one);
    });
    await tellOwn(region, before);
    expect(await region.due()).toEqual({ kind: 'published', events: 1 });
    const [own, swept] = region.bus.events;
    expect(region.bus.events).toHaveLength(2);
    expect(swept).toEqual({ ...own, origin: lost });
  });
});

test('what two epochs have decided of one key is looked for together: a request that names a key twice is refused', async () => {
  const region = await LostRegion.with('a');
  await region.authorise(region.ledgerOf(lost, 2), 'k-new', 5);
  await region.move(region.ledgerOf(lost, 3), 'c-new', 'CAPTURE', 5, 'k-new');
  const arrive = [2, 3].map((epoch) => region.loses('k-new', epoch));
  await region.note();
  const [hint] = region.hints;
  expect(await region.due()).toEqual({ kind: 'published', events: 1 });
  expect(region.told).toEqual([['payment.authorised', paymentIdOfKey('k-a')]]);
  arrive.forEach((arrives) => arrives());
  expect(await region.sweep.sweep(hint, region.world.nowMs + 1_000)).toEqual({ kind: 'published', events: 3 });
});

/** Each value of an item of epoch 2 must agree with what epoch 1 decided. */
test.each([
  ['k-a', 'tenant', 'other'],
  ['k-a', 'accountId', 'other'],
  ['k-a', 'currency', 'USD'],
  ['k-a', 'amount', 11],
  ['k-a', 'outcome', undefined],
  ['k-a', 'kind', 'FENCE'],
  ['k-dear', 'reason', 'expired'],
  ['k-dear', 'outcome', undefined],
  ['c-a', 'tenant', 'other'],
  ['c-a', 'accountId', 'other'],
  ['c-a', 'currency', 'USD'],
  ['c-a', 'outcome', undefined],
  ['c-a', 'type', 'VOID'],
  ['c-a', 'moved', 9],
  ['c-a', 'paymentId', paymentIdOfKey('k-dear')],
])('the item of %s tells nothing where its %s is %p', async (key, name, value) => {
  const region = await LostRegion.with('a');
  const own = region.ledgerOf(survivor, 2);
  await region.authorise(region.ledger, 'k-dear', 1_000);
  await region.move(region.ledger, 'c-a', 'CAPTURE', 10);
  for (const lostKey of ['k-a', 'k-dear', 'c-a']) region.loses(lostKey);
  await region.note();
  await region.authorise(own, 'k-a', 10);
  for (const _time of [1, 2]) await region.authorise(own, 'k-dear', 1_000);
  await region.move(own, 'c-a', 'CAPTURE', 10);
  const [hint] = region.hints;
  expect(await region.due()).toEqual({ kind: 'published', events: 3 });
  const { items } = region.world.store;
  const pk = `k#${keyId('acme', key)}@2`;
  const { [name]: before, ...others } = items.get(pk)!;
  expect(before).toBeDefined();
  items.set(pk, { ...others, ...(value === undefined ? {} : { [name]: value }) } as unknown as Item);
  region.bus.events.splice(0);
  await region.sweep.sweep(hint, region.world.nowMs + 1_000);
  // A capture waits behind its payment.
  const told = ['k-a', 'k-dear', 'c-a'].filter((other) => other !== key && !(key === 'k-a' && other === 'c-a'));
  expect(region.bus.events.map(({ id }) => id)).toEqual(told.map((other) => `evt_${keyId('acme', other)}`));
});

test('the newest of several later epochs counts', async () => {
  const region = await LostRegion.with('a');
  region.loses('k-a');
  await region.note();
  await region.authorise(region.ledgerOf(survivor, 2), 'k-a', 10);
  const { items } = region.world.store;
  const again = items.get(`k#${keyId('acme', 'k-a')}@2`)!;
  items.set(`k#${keyId('acme', 'k-a')}@3`, {
    ...again,
    pk: `k#${keyId('acme', 'k-a')}@3`,
    outcome: 'DECLINED',
    reason: 'insufficient_funds',
  });
  expect(await region.due()).toEqual(open('k-a'));
});

test('keys without an epoch have no later ones, and nothing is looked for that is here', async () => {
  expect(newerKeys('k#one')).toEqual([]);
  expect(newerKeys('k#one@3')).toEqual([11, 10, 9, 8, 7, 6, 5, 4].map((epoch) => `k#one@${epoch}`));
  const region = await LostRegion.with('a');
  await region.note();
  const [{ decided }] = region.hints;
  expect(lackingKeys(decided[0], region.world.store.items)).toEqual([]);
});
