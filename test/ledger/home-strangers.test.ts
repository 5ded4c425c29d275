import { CrowdedRegions, id, ofAccount, own } from './crowded-regions';
import { paid } from './paid';
import { home, other } from './two-regions';
import { KeyedOutcome } from '../../src/ledger/model';
import { reconcileAccount } from '../../src/ledger/operator/reconcile.service';
import { Item } from '../../src/ledger/ports';

/** One key for two accounts, and a lost home between them: the account has arrived with its entry, and the key's item has not. */

let world: CrowdedRegions;
const second = 'a#acme#second';
const payForSecond = (region: string, key: string, amount = 70): Promise<KeyedOutcome> => {
  world.nowMs += 10;
  return world.in(region).authorise(world.context(), { idempotencyKey: key, accountId: 'second', amount, currency: 'EUR' });
};
const report = (accountId: string, epoch: number) => reconcileAccount(world.attempt(other), epoch, 'acme', accountId);

beforeEach(async () => {
  world = await new CrowdedRegions().begin();
  await world.in(home).openAccount(world.context(), { accountId: 'second', currency: 'EUR', balance: 1_000 });
  world.replicate(home, other);
});

/** The other region takes over with what one key has come to on the account, and not with the key's item, nor with those. */
async function loseWithout(...keys: string[]): Promise<void> {
  world.replicate(home, other, (pk) => !keys.some((key) => pk.startsWith(own(key))));
  await world.takeOver(home, other, 'first-of-two');
}

/** Looks at the account until nothing changes by them. */
async function look(): Promise<void> {
  await world.crowd(other);
  await world.look(other);
  await world.look(other);
}

describe('a hold', () => {
  beforeEach(async () => {
    paid(await world.pay(home, 'K'));
    await loseWithout('K');
  });

  test('is given back, and told as lost', async () => {
    expect(paid(await payForSecond(other, 'K')).accountId).toBe('second');
    const held = { key: `pay_${id('K')}`, otherAccount: 'second', held: 100, settled: 0 };
    expect((await report('acc', 2))!.unanswered).toEqual([held]);
    await world.addsUp(other, 2);
    await look();
    expect(world.entries(other, 2)[id('K')]).toBe('Dhold_lost');
    expect(await world.balances(other)).toMatchObject({ available: 999, held: 1, settled: 0 });
    await world.addsUp(other, 2);
    expect(await report('acc', 2)).toMatchObject({
      lateWrites: [{ epoch: 1, key: held.key, effect: 'hold', amount: 100, otherAccount: 'second' }],
      unanswered: [],
    });
    expect((await report('second', 2))!.lateWrites).toEqual([]);
    expect((await world.pay(other, 'K')).kind).toBe('keyReused');
  });

  test('is given back once, by two looks at the same time', async () => {
    await payForSecond(other, 'K');
    const replica = world.replicas.get(other)!;
    const change = replica.change.bind(replica);
    replica.change = async (one) => {
      if (!one.set?.some(([path]) => path.join() === `entries,${id('K')}`)) return change(one);
      replica.change = change;
      await world.look(other);
      return change(one);
    };
    await world.crowd(other);
    expect(world.entries(other, 2)[id('K')]).toBe('Dhold_lost');
    expect(await world.balances(other)).toMatchObject({ available: 999, held: 1, settled: 0 });
  });

  test('does not decide for the other account', async () => {
    await world.dying(other, ofAccount, () => payForSecond(other, 'K'));
    await look();
    expect(world.stored(other, own('K'), 2)).toMatchObject({ acct: second });
    expect(world.stored(other, own('K'), 2).outcome).toBeUndefined();
    expect(paid(await payForSecond(other, 'K'))).toMatchObject({ accountId: 'second', status: 'AUTHORISED' });
  });

  test('stays while only an earlier epoch has written the key for the other account', async () => {
    await payForSecond(other, 'K');
    world.replicate(other, home);
    await world.takeOver(other, home, 'second-of-two');
    await world.crowd(home);
    expect(world.entries(home, 3)[id('K')]).toBe('H100');
    await world.look(home);
    expect(world.entries(home, 3)[id('K')]).toBe('Dhold_lost');
    world.replicate(home, other);
    await world.takeOver(home, other, 'third-of-two');
    const { lateWrites } = (await report('acc', 4))!;
    expect(lateWrites).toEqual([expect.objectContaining({ epoch: 1, effect: 'hold', amount: 100, otherAccount: 'second' })]);
  });

  test('is told as lost when a third epoch finds its claim, and not the other one', async () => {
    await payForSecond(other, 'K');
    await look();
    world.replicate(other, home, (pk) => !pk.startsWith(own('K')));
    await world.takeOver(other, home, 'second-of-two');
    expect(await world.shown(home, `pay_${id('K')}`)).toEqual(['DECLINED', 0, 0]);
    await world.addsUp(home, 3);
    const { lateWrites } = (await reconcileAccount(world.attempt(home), 3, 'acme', 'acc'))!;
    expect(lateWrites).toEqual([
      expect.objectContaining({ epoch: 1, effect: 'hold', now: expect.objectContaining({ status: 'DECLINED' }) }),
    ]);
  });
});

describe('a capture', () => {
  let paymentId: string;
  beforeEach(async () => {
    ({ paymentId } = paid(await world.pay(home, 'K')));
    paid(await world.move(home, 'M', 'CAPTURE', paymentId, 60));
  });

  test.each([
    ['has arrived', ['K']],
    ['was lost too', ['K', 'M']],
  ])('stays on its account, and is told, when its own item %s', async (_, keys) => {
    await loseWithout(...keys);
    await payForSecond(other, 'K');
    await look();
    expect(await world.balances(other)).toMatchObject({ available: 939, held: 1, settled: 60 });
    await world.addsUp(other, 2);
    expect(await report('acc', 2)).toMatchObject({
      lateWrites: [{ epoch: 1, key: paymentId, effect: 'closed', amount: 60, otherAccount: 'second' }],
      unanswered: [{ key: paymentId, otherAccount: 'second', held: 0, settled: 60 }],
    });
  });

  test('whose key alone another account has is told by its payment', async () => {
    await loseWithout('M');
    await payForSecond(other, 'M');
    await look();
    expect(await world.shown(other, paymentId)).toEqual(['CAPTURED', 60, 0]);
    expect(await world.balances(other)).toMatchObject({ settled: 60 });
    await world.addsUp(other, 2);
    expect(await report('acc', 2)).toMatchObject({ lateWrites: [], unanswered: [] });
  });

  test('moves no money of the other account', async () => {
    const claimed = structuredClone(world.stored(home, own('M'), 1)) as Record<string, unknown>;
    for (const name of ['outcome', 'moved', 'answer']) delete claimed[name];
    await loseWithout('K');
    world.replicas.get(other)!.items.set(`${own('M')}@1`, claimed as unknown as Item);
    const items = world.replicas.get(other)!.items;
    items.set('a#acme#acc@2', { ...items.get('a#acme#acc@2')!, entries: { [id('K')]: 'H100' } });
    paid(await payForSecond(other, 'K', 100));
    expect((await world.move(other, 'M', 'CAPTURE', paymentId, 60)).kind).toBe('keyReused');
    await look();
    const { kept } = (await report('second', 2))!;
    expect(kept).toMatchObject({ held: 100, settled: 0 });
  });
});

test("a key is no other account's while its own account has not arrived", async () => {
  paid(await world.pay(home, 'K'));
  world.replicate(home, other);
  world.replicas.get(other)!.items.delete('a#acme#acc@1');
  world.loseHome(home);
  await payForSecond(other, 'first');
  world.nowMs += 100;
  paid(await payForSecond(other, 'first'));
  expect((await payForSecond(other, 'K')).kind).toBe('keyReused');
  world.replicate(home, other);
  expect(paid(await world.pay(other, 'K'))).toMatchObject({ accountId: 'acc', status: 'AUTHORISED' });
});

test('a look completes nothing that this epoch has not written yet', async () => {
  const paymentId = await world.released();
  await world.capture(home, paymentId, false);
  world.replicate(home, other);
  await world.takeOver(home, other, 'first-of-two');
  const completed = (): unknown => world.stored(other, own('M'), 2).outcome;
  await world.crowd(other);
  expect(completed()).toBeUndefined();
  await world.look(other);
  expect(completed()).toBe('DONE');
});

test("a payment that a move has read may turn out to be the other account's before its account is touched", async () => {
  paid(await world.pay(home, 'K'));
  world.replicate(home, other);
  await world.takeOver(home, other, 'first-of-two');
  const replica = world.replicas.get(other)!;
  const create = replica.create.bind(replica);
  replica.create = (item) => {
    if (item.pk === `${own('M')}@2`) {
      const claim = { ...world.stored(other, own('K'), 1), pk: `${own('K')}@2`, acct: second, accountId: 'second', fingerprint: 'other' };
      replica.items.set(claim.pk, claim);
    }
    return create(item);
  };
  expect((await world.move(other, 'M', 'CAPTURE', `pay_${id('K')}`, 60)).kind).toBe('keyReused');
  expect(await world.balances(other)).toMatchObject({ held: 101, settled: 0 });
});

test('a key that a lost home gave away stays with the account that paid by it, if the other one has not arrived', async () => {
  paid(await world.pay(home, 'K'));
  await loseWithout('K');
  world.nowMs += 10;
  const third = { accountId: 'third', amount: 70, currency: 'EUR' };
  await world.in(other).openAccount(world.context(), { accountId: 'third', currency: 'EUR', balance: 1_000 });
  paid(await world.in(other).authorise(world.context(), { idempotencyKey: 'K', ...third }));
  world.replicate(other, home, (pk) => !pk.startsWith('a#acme#third@'));
  world.replicas.get(home)!.items.delete('a#acme#third@1');
  await world.takeOver(other, home, 'second-of-two');
  expect(paid(await world.pay(home, 'K'))).toMatchObject({ accountId: 'acc', status: 'AUTHORISED' });
  expect(paid(await world.move(home, 'M', 'CAPTURE', `pay_${id('K')}`, 60))).toMatchObject({ captured: 60 });
  await world.addsUp(home, 3);
});

test('a refund whose key another account has is told, and its page is listed', async () => {
  const { paymentId } = paid(await world.pay(home, 'K'));
  paid(await world.move(home, 'M', 'CAPTURE', paymentId, 60));
  paid(await world.move(home, 'R', 'REFUND', paymentId, 20));
  await loseWithout('R');
  await payForSecond(other, 'R');
  world.replicate(home, other);
  await look();
  expect(await world.shown(other, paymentId)).toEqual(['PARTIALLY_REFUNDED', 60, 20]);
  await world.addsUp(other, 2);
  const page = await world.in(other).listTransactions(world.context(), { accountId: 'acc', limit: 100 });
  expect(page.kind === 'found' && page.items.map(({ type }) => type)).toEqual(['AUTHORISATION', 'RELEASE', 'CAPTURE', 'AUTHORISATION']);
});
