import { account, CrowdedRegions, ofAccount, own } from './crowded-regions';
import { paid } from './paid';
import { home, other } from './two-regions';
import { carry } from '../../src/ledger/homes/carry.domain';
import { KeyedOutcome } from '../../src/ledger/model';
import { Item } from '../../src/ledger/ports';

/** What comes behind the watermark of an account where copies follow, or from an epoch that the next home does not have. */

let world: CrowdedRegions;
beforeEach(async () => {
  world = await new CrowdedRegions().begin();
});

describe('an epoch that the next home begins without: its account has not come, and some of its items have', () => {
  let paymentId: string;
  const arriving: readonly [string, (pk: string) => boolean][] = [
    ['none', () => false],
    ["the payment's", (pk) => pk.startsWith(own('P'))],
    ["the capture's", (pk) => pk.startsWith(own('M'))],
    ["the new payment's", (pk) => pk.startsWith(own('N'))],
    ["the new payment's capture's", (pk) => pk.startsWith(own('cN'))],
    ["the new payment's refund's", (pk) => pk.startsWith(own('rN'))],
    ['all', (pk) => !pk.startsWith(account)],
  ];
  const each = arriving.flatMap(([what, arrives]) => (['on its account', 'gone'] as const).map((hold) => [what, hold, arrives] as const));

  const skip = async (hold: 'on its account' | 'gone', arrives: (pk: string) => boolean): Promise<void> => {
    paymentId = hold === 'gone' ? await world.released() : paid(await world.pay(home, 'P', 100)).paymentId;
    world.replicate(home, other);
    await world.takeOver(home, other, 'x');
    await world.capture(other, paymentId, hold === 'gone');
    const added = paid(await world.pay(other, 'N', 70)).paymentId;
    paid(await world.move(other, 'cN', 'CAPTURE', added));
    paid(await world.move(other, 'cN', 'CAPTURE', added));
    paid(await world.move(other, 'rN', 'REFUND', added, 30));
    await world.addsUp(other, 2);
    world.replicate(other, home, arrives);
    await world.takeOver(other, home, 'y');
    expect(world.replicas.get(home)!.items.has(`${account}@2`)).toBe(false);
  };

  test.each(each)(
    'of its items come %s, the hold was %s: each is a claim, and what is asked for again is made once',
    async (_, hold, arrives) => {
      await skip(hold, arrives);
      expect(await world.balances(home)).toMatchObject({ available: 899, held: 101, settled: 0 });
      expect(await world.shown(home, paymentId)).toEqual(['AUTHORISED', 0, 0]);
      await world.addsUp(home, 3);
      expect(paid(await world.move(home, 'M', 'CAPTURE', paymentId, 60)).captured).toBe(60);
      await world.addsUp(home, 3);
      const added = paid(await world.pay(home, 'N', 70));
      expect(added.status).toBe('AUTHORISED');
      await world.addsUp(home, 3);
      expect(await world.move(home, 'rN', 'REFUND', added.paymentId, 30)).toMatchObject({ kind: 'refused', code: 'not_captured' });
      expect(paid(await world.move(home, 'cN', 'CAPTURE', added.paymentId)).captured).toBe(70);
      expect(await world.balances(home)).toMatchObject({ available: 869, held: 1, settled: 130 });
      await world.addsUp(home, 3);
      world.replicate(other, home);
      await world.addsUp(home, 3);
      await world.empty(home, 3);
      await world.takeOver(home, other, 'z');
      expect([await world.shown(other, paymentId), await world.shown(other, added.paymentId)]).toEqual([
        ['CAPTURED', 60, 0],
        ['CAPTURED', 70, 0],
      ]);
      await world.addsUp(other, 4);
    },
  );

  test.each(each)('of its items come %s, the hold was %s: it can be voided instead', async (_, hold, arrives) => {
    await skip(hold, arrives);
    expect(paid(await world.move(home, 'V', 'VOID', paymentId)).status).toBe('VOIDED');
    expect(await world.move(home, 'M', 'CAPTURE', paymentId, 60)).toMatchObject({ kind: 'refused', code: 'already_voided' });
    expect(await world.balances(home)).toMatchObject({ available: 999, held: 1, settled: 0 });
    world.replicate(other, home);
    await world.addsUp(home, 3);
    await world.empty(home, 3);
    await world.addsUp(home, 3);
  });
});

describe('a claim that the watermark has passed before its account took it', () => {
  beforeEach(async () => {
    await world.dying(home, ofAccount, () => world.pay(home, 'N', 70));
    await world.empty(home, 1);
    const claim = world.stored(home, own('N'), 1);
    expect([claim.outcome, (claim.at as number) < (world.stored(home, account, 1).trimmedThrough as number)]).toEqual([undefined, true]);
    await world.addsUp(home, 1);
  });

  test('is decided under a new date', async () => {
    expect(paid(await world.pay(home, 'N', 70)).status).toBe('AUTHORISED');
    expect(world.stored(home, own('N'), 1)).toMatchObject({ kind: 'DATED_PAYMENT', entryAt: expect.any(Number) });
    expect(world.stored(home, own('N'), 1).entryAt).toBeGreaterThan(world.stored(home, account, 1).trimmedThrough as number);
    expect(await world.pay(home, 'N', 70)).toMatchObject({ replayed: true, payment: { status: 'AUTHORISED' } });
    await world.addsUp(home, 1);
    await world.empty(home, 1);
    expect(await world.balances(home)).toMatchObject({ available: 930, held: 70, settled: 0 });
    await world.addsUp(home, 1);
  });

  test.each<[string, (pk: string) => boolean, unknown]>([
    ['nothing', () => false, 929],
    ['the account alone', (pk) => pk.startsWith(account), 929],
    ['its item alone', (pk) => pk.startsWith(own('N')), 929],
    ['all', () => true, 929],
  ])('and of its decision %s has come when the home is lost: it is decided once', async (_, arrives, available) => {
    const { paymentId } = paid(await world.pay(home, 'N', 70));
    expect(await world.pay(home, 'N', 70)).toMatchObject({ replayed: true });
    world.replicate(home, other, arrives);
    await world.takeOver(home, other, 'x');
    expect(paid(await world.pay(other, 'N', 70))).toMatchObject({ status: 'AUTHORISED', paymentId });
    expect(await world.balances(other)).toMatchObject({ available, held: 71, settled: 0 });
    await world.addsUp(other, 2);
    expect(paid(await world.move(other, 'V', 'VOID', paymentId)).status).toBe('VOIDED');
    await world.addsUp(other, 2);
    world.replicate(home, other);
    await world.addsUp(other, 2);
    await world.empty(other, 2);
    await world.addsUp(other, 2);
  });

  test('keeps its new decision in the next epoch when its entry has gone', async () => {
    const { paymentId } = paid(await world.pay(home, 'N', 70));
    await world.empty(home, 1);
    world.replicate(home, other);
    await world.takeOver(home, other, 'x');
    expect(await world.pay(other, 'N', 70)).toMatchObject({ replayed: true, payment: { status: 'AUTHORISED' } });
    expect(await world.balances(other)).toMatchObject({ available: 929, held: 71, settled: 0 });
    expect(paid(await world.move(other, 'M', 'CAPTURE', paymentId)).captured).toBe(70);
    await world.addsUp(other, 2);
  });

  test('is a claim in the next epoch when the account came from before its new date', async () => {
    world.replicate(home, other);
    paid(await world.pay(home, 'N', 70));
    paid(await world.pay(home, 'N', 70));
    world.replicate(home, other, (pk) => pk.startsWith(own('N')));
    const copy = world.replicas.get(other)!.items.get(`${own('N')}@1`)!;
    expect(copy.entryAt).toBeGreaterThan(world.replicas.get(other)!.items.get(`${account}@1`)!.trimmedThrough as number);
    await world.takeOver(home, other, 'x');
    expect(await world.balances(other)).toMatchObject({ available: 999, held: 1, settled: 0 });
    await world.addsUp(other, 2);
    expect(paid(await world.pay(other, 'N', 70)).status).toBe('AUTHORISED');
    expect(await world.balances(other)).toMatchObject({ available: 929, held: 71, settled: 0 });
    await world.addsUp(other, 2);
  });
});

describe('a refund that the watermark has passed before its account took it', () => {
  let paymentId: string;
  const ask = (region: string): Promise<KeyedOutcome> => world.move(region, 'R', 'REFUND', paymentId, 20);
  beforeEach(async () => {
    ({ paymentId } = paid(await world.pay(home, 'P', 100)));
    paid(await world.move(home, 'M', 'CAPTURE', paymentId));
    await world.empty(home, 1);
    await world.dying(home, ofAccount, () => ask(home));
    await world.empty(home, 1);
    await world.addsUp(home, 1);
  });

  test.each<[string, (pk: string) => boolean, boolean]>([
    ['nothing', () => false, false],
    ['the account alone', (pk) => pk.startsWith(account), true],
    ['its item alone', (pk) => pk.startsWith(own('R')), false],
    ["its payment's item alone", (pk) => pk.startsWith(own('P')), false],
    ['all but the account', (pk) => !pk.startsWith(account), false],
    ['all', () => true, true],
  ])('is made under a new date, and of that %s has come when the home is lost: it is made once', async (_, arrives, counts) => {
    expect(paid(await ask(home)).refunded).toBe(20);
    expect(await ask(home)).toMatchObject({ replayed: true });
    expect(world.stored(home, own('R'), 1).entryAt).toBeGreaterThan(world.stored(home, own('R'), 1).at as number);
    await world.addsUp(home, 1);
    world.replicate(home, other, arrives);
    await world.takeOver(home, other, 'x');
    expect(await world.shown(other, paymentId)).toEqual(counts ? ['PARTIALLY_REFUNDED', 100, 20] : ['CAPTURED', 100, 0]);
    expect(paid(await ask(other)).refunded).toBe(20);
    expect(await world.balances(other)).toMatchObject({ available: 919, held: 1, settled: 80 });
    await world.addsUp(other, 2);
    world.replicate(home, other);
    await world.addsUp(other, 2);
    await world.empty(other, 2);
    world.replicate(other, home);
    await world.takeOver(other, home, 'y');
    expect(await world.shown(home, paymentId)).toEqual(['PARTIALLY_REFUNDED', 100, 20]);
    await world.addsUp(home, 3);
  });

  test('counts in the next epoch when its entry has gone', async () => {
    paid(await ask(home));
    await world.empty(home, 1);
    world.replicate(home, other);
    await world.takeOver(home, other, 'x');
    expect(await world.shown(other, paymentId)).toEqual(['PARTIALLY_REFUNDED', 100, 20]);
    expect(await ask(other)).toMatchObject({ replayed: true, payment: { refunded: 20 } });
    await world.addsUp(other, 2);
  });
});

test.each([
  ['as it is', 0],
  ['as a claim', -1],
])('a capture that its account took, and whose entry has gone, is carried over %s: by the date under which it came', async (how, mark) => {
  const paymentId = await world.released();
  await world.capture(home, paymentId);
  await world.empty(home, 1);
  const move: Item = { ...world.stored(home, own('M'), 1), pk: own('M') };
  const through = (move.appliedAt as number) + mark;
  const later = { ...world.stored(home, account, 1), pk: account, trimmedThrough: through, line: { 1: through } };
  const carried = carry({ item: move, epoch: 1 }, later, new Map())!;
  expect([carried.outcome, carried.appliedAt]).toEqual(how === 'as it is' ? ['DONE', move.appliedAt] : [undefined, undefined]);
});
