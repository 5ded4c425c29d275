import { account, CrowdedRegions, id, ofAccount, own } from './crowded-regions';
import { paid } from './paid';
import { home, other } from './two-regions';
import { bounds } from '../../src/ledger/protocol/domain';

/** Entries that leave an account with many where copies follow: holds too, as soon as the other region has them. */

let world: CrowdedRegions;
beforeEach(async () => {
  world = await new CrowdedRegions().begin();
});

describe('a look at an account with many entries', () => {
  let paymentId: string;
  beforeEach(async () => {
    ({ paymentId } = paid(await world.pay(home, 'P', 100)));
    const captured = paid(await world.pay(home, 'Q', 50)).paymentId;
    paid(await world.move(home, 'cQ', 'CAPTURE', captured, 40));
    paid(await world.move(home, 'rQ', 'REFUND', captured, 10));
    await world.crowd(home);
  });

  test('lets go what the other region has, holds too', async () => {
    expect(Object.keys(world.entries(home, 1))).toHaveLength(bounds.crowdedFrom + 4);
    world.replicate(home, other);
    await world.look(home);
    expect(world.entries(home, 1)).toEqual({});
    expect(await world.balances(home)).toMatchObject({ available: 870, held: 100, settled: 30 });
    expect(await world.shown(home, paymentId)).toEqual(['AUTHORISED', 0, 0]);
    await world.addsUp(home, 1);
  });

  test.each<[string, string, readonly string[]]>([
    ["a payment's", own('P'), ['P']],
    ["a captured payment's", own('Q'), ['Q', 'rQ']],
    ["a capture's", own('cQ'), ['Q']],
    ["a refund's", own('rQ'), ['rQ']],
  ])('keeps the entries to which %s item belongs until it has come', async (_, pk, kept) => {
    world.replicate(home, other, (one) => !one.startsWith(pk));
    await world.look(home);
    expect(Object.keys(world.entries(home, 1)).sort()).toEqual(kept.map(id).sort());
    await world.crowd(home);
    world.replicate(home, other);
    await world.look(home);
    expect(world.entries(home, 1)).toEqual({});
  });

  test('keeps the entry of a payment whose item has come in an older version', async () => {
    world.replicate(home, other);
    const there = world.replicas.get(other)!.items;
    there.set(`${own('Q')}@1`, { ...there.get(`${own('Q')}@1`)!, version: 1 });
    await world.look(home);
    expect(Object.keys(world.entries(home, 1)).sort()).toEqual([id('Q'), id('rQ')].sort());
  });

  test.each([
    ["the account's copy has not come", () => world.replicate(home, other, (pk) => !pk.startsWith(account))],
    ['the other region does not answer', () => (world.replicate(home, other), world.lost.add(other))],
  ])('keeps all where %s', async (_, given) => {
    const before = world.entries(home, 1);
    given();
    await world.look(home);
    expect(world.entries(home, 1)).toEqual(before);
  });

  test('asks no other region on an account with few entries, and keeps them', async () => {
    world.replicate(home, other);
    await world.look(home);
    paid(await world.pay(home, 'R', 10));
    world.replicate(home, other);
    let questions = 0;
    world.in(other).receive = () => Promise.reject(new Error(`question ${(questions += 1)}`));
    await world.look(home);
    expect([Object.keys(world.entries(home, 1)), questions]).toEqual([[id('R')], 0]);
  });
});

describe('a payment whose hold has left its account', () => {
  let paymentId: string;
  beforeEach(async () => {
    paymentId = await world.released();
  });

  test('is captured, and its entry goes when the other region has it', async () => {
    await world.capture(home, paymentId);
    expect(world.entries(home, 1)).toEqual({ [id('P')]: `K${id('M')}60/100` });
    await world.addsUp(home, 1);
    await world.crowd(home);
    world.replicate(home, other, (pk) => !pk.startsWith(own('M')));
    await world.look(home);
    expect(world.entries(home, 1)).toEqual({ [id('P')]: `K${id('M')}60/100` });
    await world.empty(home, 1);
    expect(world.stored(home, account, 1).trimmedThrough).toBeGreaterThanOrEqual(world.stored(home, own('M'), 1).appliedAt as number);
    expect(await world.balances(home)).toMatchObject({ available: 940, held: 0, settled: 60 });
    expect(await world.move(home, 'M', 'CAPTURE', paymentId, 60)).toMatchObject({ replayed: true, payment: { captured: 60 } });
    expect(await world.move(home, 'V', 'VOID', paymentId)).toMatchObject({ kind: 'refused', code: 'already_captured' });
    expect(paid(await world.move(home, 'R', 'REFUND', paymentId, 20)).refunded).toBe(20);
    expect(await world.balances(home)).toMatchObject({ available: 960, held: 0, settled: 40 });
    await world.addsUp(home, 1);
  });

  test('is voided', async () => {
    expect(paid(await world.move(home, 'V', 'VOID', paymentId)).status).toBe('VOIDED');
    expect(world.entries(home, 1)).toEqual({ [id('P')]: `W${id('V')}100` });
    expect(await world.move(home, 'V', 'VOID', paymentId)).toMatchObject({ replayed: true, payment: { status: 'VOIDED' } });
    await world.empty(home, 1);
    expect(await world.move(home, 'M', 'CAPTURE', paymentId)).toMatchObject({ kind: 'refused', code: 'already_voided' });
    expect(await world.balances(home)).toMatchObject({ available: 1_000, held: 0, settled: 0 });
    await world.addsUp(home, 1);
  });

  test('refuses a refund before it is captured, for good', async () => {
    expect(await world.move(home, 'R', 'REFUND', paymentId, 20)).toMatchObject({ kind: 'refused', code: 'not_captured' });
    expect(paid(await world.move(home, 'M', 'CAPTURE', paymentId)).captured).toBe(100);
    expect(await world.move(home, 'R', 'REFUND', paymentId, 20)).toMatchObject({ kind: 'refused', code: 'not_captured' });
    expect(paid(await world.move(home, 'R2', 'REFUND', paymentId, 20)).refunded).toBe(20);
    await world.empty(home, 1);
    await world.addsUp(home, 1);
  });

  test('is shown as it is while its account has not taken the capture', async () => {
    await world.dying(home, ofAccount, () => world.move(home, 'M', 'CAPTURE', paymentId, 60));
    expect(world.stored(home, own('P'), 1)).toMatchObject({ closedBy: id('M') });
    expect(await world.shown(home, paymentId)).toEqual(['AUTHORISED', 0, 0]);
    await world.addsUp(home, 1);
    expect(paid(await world.move(home, 'M', 'CAPTURE', paymentId, 60)).captured).toBe(60);
    expect(await world.shown(home, paymentId)).toEqual(['CAPTURED', 60, 0]);
    await world.addsUp(home, 1);
  });

  test('is captured under a new date where the watermark has passed', async () => {
    await world.dying(home, ofAccount, () => world.move(home, 'M', 'CAPTURE', paymentId, 60));
    const first = world.stored(home, own('P'), 1).dueAt as number;
    await world.empty(home, 1);
    expect(world.stored(home, account, 1).trimmedThrough).toBeGreaterThan(first);
    expect(paid(await world.move(home, 'M', 'CAPTURE', paymentId, 60)).captured).toBe(60);
    expect(world.stored(home, own('P'), 1).dueAt).toBeGreaterThan(first);
    expect(world.stored(home, own('M'), 1).appliedAt).toBe(world.stored(home, own('P'), 1).dueAt);
    await world.addsUp(home, 1);
    await world.empty(home, 1);
    world.replicate(home, other);
    await world.takeOver(home, other, 'x');
    expect(await world.shown(other, paymentId)).toEqual(['CAPTURED', 60, 0]);
    await world.addsUp(other, 2);
  });

  const states: readonly [string, boolean, (pk: string) => boolean][] = [
    ['nothing', false, () => false],
    ['the account alone', true, (pk) => pk.startsWith(account)],
    ["the capture's own item alone", false, (pk) => pk.startsWith(own('M'))],
    ["the payment's own item alone", false, (pk) => pk.startsWith(own('P'))],
    ['all but the account', false, (pk) => !pk.startsWith(account)],
    ['all but the capture', true, (pk) => !pk.startsWith(own('M'))],
    ['all but the payment', true, (pk) => !pk.startsWith(own('P'))],
    ['all', true, () => true],
  ];

  const each = states.flatMap(([what, ...more]) => (['complete', 'open'] as const).map((how) => [how, what, ...more] as const));

  test.each(each)(
    'and whose %s capture was lost but for %s is captured, or as it was, for the next home',
    async (how, what, counts, arrives) => {
      await world.capture(home, paymentId, how === 'complete');
      world.replicate(home, other, arrives);
      await world.takeOver(home, other, 'x');
      expect(await world.shown(other, paymentId)).toEqual(counts ? ['CAPTURED', 60, 0] : ['AUTHORISED', 0, 0]);
      // The account has taken a capture of which nothing else has come yet: its line is missing.
      if (what !== 'the account alone' && what !== 'all but the capture') await world.addsUp(other, 2);
      world.replicate(home, other);
      await world.addsUp(other, 2);
      const voided = await world.move(other, 'V', 'VOID', paymentId);
      if (counts) expect(voided).toMatchObject({ kind: 'refused', code: 'already_captured' });
      else expect(paid(voided).status).toBe('VOIDED');
      await world.addsUp(other, 2);
      const again = await world.move(other, 'M', 'CAPTURE', paymentId, 60);
      if (counts) expect(paid(again).captured).toBe(60);
      else expect(again).toMatchObject({ kind: 'refused', code: 'already_voided' });
      await world.addsUp(other, 2);
      await world.empty(other, 2);
      await world.addsUp(other, 2);
    },
  );

  test.each(each)('and whose %s capture was lost but for %s is captured by its retry, once', async (how, _, _counts, arrives) => {
    await world.capture(home, paymentId, how === 'complete');
    world.replicate(home, other, arrives);
    await world.takeOver(home, other, 'x');
    expect(paid(await world.move(other, 'M', 'CAPTURE', paymentId, 60)).captured).toBe(60);
    await world.addsUp(other, 2);
    expect(paid(await world.move(other, 'R', 'REFUND', paymentId, 25)).refunded).toBe(25);
    await world.addsUp(other, 2);
    await world.empty(other, 2);
    await world.addsUp(other, 2);
    world.replicate(other, home);
    await world.takeOver(other, home, 'y');
    expect(await world.shown(home, paymentId)).toEqual(['PARTIALLY_REFUNDED', 60, 25]);
    await world.addsUp(home, 3);
    expect(await world.move(home, 'M', 'CAPTURE', paymentId, 60)).toMatchObject({ replayed: true, payment: { captured: 60 } });
    expect(await world.move(home, 'R', 'REFUND', paymentId, 25)).toMatchObject({ replayed: true, payment: { refunded: 25 } });
    await world.addsUp(home, 3);
  });

  test.each(['with its entry', 'without its entry'])(
    'and is captured is so for the next homes, where the account came %s last',
    async (how) => {
      paid(await world.move(home, 'M', 'CAPTURE', paymentId, 60));
      await world.crowd(home);
      world.replicate(home, other);
      await world.look(home);
      expect([world.entries(home, 1), Object.keys(world.entries(other, 1))]).toEqual([{}, expect.arrayContaining([id('P')])]);
      if (how === 'without its entry') world.replicate(home, other);
      expect(world.stored(home, own('P'), 1).dueAt).toBe(world.stored(home, own('M'), 1).appliedAt);
      await world.takeOver(home, other, 'x');
      expect(await world.shown(other, paymentId)).toEqual(['CAPTURED', 60, 0]);
      await world.addsUp(other, 2);
      expect(await world.move(other, 'V', 'VOID', paymentId)).toMatchObject({ kind: 'refused', code: 'already_captured' });
      await world.empty(other, 2);
      world.replicate(other, home);
      await world.takeOver(other, home, 'y');
      expect(await world.shown(home, paymentId)).toEqual(['CAPTURED', 60, 0]);
      await world.addsUp(home, 3);
    },
  );

  test('and whose capture an earlier epoch lost is captured under the date of the epoch that made it again', async () => {
    await world.capture(home, paymentId);
    world.replicate(home, other, (pk) => !pk.startsWith(account));
    const lost = world.stored(home, own('M'), 1).appliedAt as number;
    await world.takeOver(home, other, 'x');
    expect(world.stored(other, account, 2).trimmedThrough).toBeLessThan(lost);
    expect(await world.shown(other, paymentId)).toEqual(['AUTHORISED', 0, 0]);
    await world.capture(other, paymentId);
    expect(world.stored(other, own('M'), 2).appliedAt).toBeGreaterThan(lost);
    world.replicate(other, home, (pk) => pk !== `${own('M')}@2`);
    await world.takeOver(other, home, 'y');
    expect(world.replicas.get(home)!.items.has(`${own('M')}@2`)).toBe(false);
    expect(await world.shown(home, paymentId)).toEqual(['CAPTURED', 60, 0]);
    await world.addsUp(home, 3);
    expect(await world.move(home, 'V', 'VOID', paymentId)).toMatchObject({ kind: 'refused', code: 'already_captured' });
    expect(paid(await world.move(home, 'M', 'CAPTURE', paymentId, 60)).captured).toBe(60);
    await world.addsUp(home, 3);
    await world.empty(home, 3);
    world.replicate(home, other);
    await world.takeOver(home, other, 'z');
    expect(await world.shown(other, paymentId)).toEqual(['CAPTURED', 60, 0]);
    await world.addsUp(other, 4);
  });

  test('keeps the entry of a capture that was made again until that has come, whatever came before', async () => {
    await world.capture(home, paymentId);
    world.replicate(home, other, (pk) => !pk.startsWith(account));
    await world.takeOver(home, other, 'x');
    paid(await world.move(other, 'M', 'CAPTURE', paymentId, 60));
    await world.crowd(other);
    world.replicate(other, home, (pk) => pk !== `${own('M')}@2`);
    await world.look(other);
    expect(world.entries(other, 2)).toEqual({ [id('P')]: `K${id('M')}60/100` });
  });

  test("and whose capture's own item is open has it completed by the look, with the date that the account took", async () => {
    await world.capture(home, paymentId, false);
    expect([world.stored(home, own('M'), 1).outcome, world.entries(home, 1)]).toEqual([undefined, { [id('P')]: `K${id('M')}60/100` }]);
    await world.addsUp(home, 1);
    await world.crowd(home);
    expect(world.stored(home, own('M'), 1)).toMatchObject({ outcome: 'DONE', appliedAt: world.stored(home, own('P'), 1).dueAt });
    expect(world.entries(home, 1)[id('P')]).toMatch(/^K/);
    await world.empty(home, 1);
    expect(await world.move(home, 'M', 'CAPTURE', paymentId, 60)).toMatchObject({ replayed: true, payment: { captured: 60 } });
    await world.addsUp(home, 1);
  });
});
