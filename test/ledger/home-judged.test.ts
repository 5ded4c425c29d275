import { paid } from './paid';
import { home, other, TwoRegions } from './two-regions';
import { keyId } from '../../src/kernel/fingerprint';
import { carry, reclaim } from '../../src/ledger/homes/carry.domain';
import { EpochStore } from '../../src/ledger/homes/epoch-store.service';
import { reconcileAccount } from '../../src/ledger/operator/reconcile.service';
import { Item } from '../../src/ledger/ports';
import { Attempt } from '../../src/ledger/protocol/attempt.service';
import { bounds } from '../../src/ledger/protocol/domain';
import { trim } from '../../src/ledger/protocol/trim.service';

/** What a home that was lost decided, seen by the homes after it: the account as it arrived decides, and no item outranks it. */

const account = 'a#acme#acc';
let world: TwoRegions;

async function begin(balance: number): Promise<void> {
  world = new TwoRegions();
  await world.in(home).openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance });
}

async function lookAfter(region: string, epoch: number): Promise<void> {
  world.nowMs += bounds.trimAfterReplicatedMs + 1_000;
  const { ports, settings, context } = world.attempt(region);
  const own = { ...ports, store: new EpochStore(ports.store, epoch) };
  await trim(new Attempt(own, { ...settings, copiesFollow: true }, { ...context, deadlineMs: world.nowMs + 60_000 }), account);
}

const entriesIn = (region: string, epoch: number): string[] =>
  Object.keys(world.replicas.get(region)!.items.get(`${account}@${epoch}`)!.entries as object);

async function takeOver(from: string, to: string, key: string): Promise<void> {
  world.loseHome(from);
  await world.pay(to, key, 1);
  world.nowMs += 100;
  paid(await world.pay(to, key, 1));
  world.lost.delete(from);
}

async function addsUp(region: string, epoch: number): Promise<void> {
  const { kept, recomputed } = (await reconcileAccount(world.attempt(region), epoch, 'acme', 'acc'))!;
  expect(recomputed).toEqual(kept);
}

/** A hold that the watermark has passed, since later payments left the account before it. */
async function heldBehindTheWatermark(): Promise<string> {
  const { paymentId } = paid(await world.pay(home, 'P', 100));
  const later = paid(await world.pay(home, 'Q', 50));
  paid(await world.move(home, 'cQ', 'CAPTURE', later.paymentId));
  await lookAfter(home, 1);
  expect(entriesIn(home, 1)).toEqual([paymentId.slice('pay_'.length)]);
  world.replicate(home, other);
  return paymentId;
}

test.each(['before the takeover', 'when the lost region is back'])(
  'a capture that was lost, and whose item arrives %s, was not made where another closure was',
  async (when) => {
    await begin(1_000);
    const paymentId = await heldBehindTheWatermark();
    paid(await world.move(home, 'M', 'CAPTURE', paymentId));
    const arrive = (): void => world.replicate(home, other, (pk) => pk.startsWith('k#'));
    if (when === 'before the takeover') arrive();
    await takeOver(home, other, 'x');
    expect(paid(await world.move(other, 'V', 'VOID', paymentId)).status).toBe('VOIDED');
    await lookAfter(other, 2);
    await lookAfter(other, 2);
    expect(entriesIn(other, 2)).not.toContain(paymentId.slice('pay_'.length));
    world.restart(other);
    arrive();
    await addsUp(other, 2);
    const page = await world.in(other).listTransactions(world.context(), { accountId: 'acc', limit: 50 });
    const lines = page.kind === 'found' ? page.items.filter((line) => line.paymentId === paymentId) : [];
    expect(lines.map(({ type }) => type).sort()).toEqual(['AUTHORISATION', 'VOID']);
    expect(await world.move(other, 'M', 'CAPTURE', paymentId)).toMatchObject({ kind: 'refused', code: 'already_voided' });
    await addsUp(other, 2);
  },
);

test('a payment that was declined, and accepted by the next home, is held for the home after that', async () => {
  await begin(100);
  const big = paid(await world.pay(home, 'big', 90));
  world.replicate(home, other);
  expect(paid(await world.pay(home, 'X', 50)).status).toBe('DECLINED');
  await takeOver(home, other, 'x');
  paid(await world.move(other, 'V', 'VOID', big.paymentId));
  const accepted = paid(await world.pay(other, 'X', 50));
  expect(accepted.status).toBe('AUTHORISED');
  world.replicate(other, home, (pk) => !pk.startsWith(`k#${keyId('acme', 'X')}`));
  await takeOver(other, home, 'y');
  expect(paid(await world.pay(home, 'X', 50))).toMatchObject({ status: 'AUTHORISED', paymentId: accepted.paymentId });
  await addsUp(home, 3);
  expect(paid(await world.move(home, 'VX', 'VOID', accepted.paymentId)).status).toBe('VOIDED');
  await addsUp(home, 3);
});

test('a refund that was refused, and made by the next home, is made for the home after that', async () => {
  await begin(100);
  const { paymentId } = paid(await world.pay(home, 'P', 90));
  world.replicate(home, other);
  expect(await world.move(home, 'R', 'REFUND', paymentId)).toMatchObject({ kind: 'refused', code: 'not_captured' });
  await takeOver(home, other, 'x');
  paid(await world.move(other, 'C', 'CAPTURE', paymentId));
  expect(paid(await world.move(other, 'R', 'REFUND', paymentId)).refunded).toBe(90);
  world.replicate(other, home, (pk) => !pk.startsWith(`k#${keyId('acme', 'R')}`));
  await takeOver(other, home, 'y');
  expect(paid(await world.move(home, 'R', 'REFUND', paymentId)).refunded).toBe(90);
  await addsUp(home, 3);
});

describe('a capture whose entry arrived, and its claim did not', () => {
  let one: string;
  beforeEach(async () => {
    await begin(1_000);
    one = paid(await world.pay(home, 'one', 100)).paymentId;
    paid(await world.pay(home, 'two', 200));
    paid(await world.move(home, 'M', 'CAPTURE', one));
    world.replicate(home, other, (pk) => !pk.startsWith(`k#${keyId('acme', 'M')}`));
    await takeOver(home, other, 'x');
  });

  test.each([
    ['another payment', () => world.move(other, 'M', 'CAPTURE', `pay_${keyId('acme', 'two')}`)],
    ['a payment', () => world.pay(other, 'M', 70)],
  ])('does not give its key to %s', async (_, take) => {
    expect(await take()).toEqual({ kind: 'keyReused' });
    expect(paid(await world.move(other, 'M', 'CAPTURE', one)).captured).toBe(100);
    await addsUp(other, 2);
  });
});

describe('what another request of the same key left on the account', () => {
  const pk = `k#${keyId('acme', 'X')}`;
  const id = pk.slice('k#'.length);
  const ofAccount = (entries: Record<string, string>): Item => ({
    ...world.replicas.get(home)!.items.get(`${account}@1`)!,
    pk: account,
    entries,
  });
  const claim = async (): Promise<Item> => {
    await begin(10);
    expect(paid(await world.pay(home, 'X', 50)).status).toBe('DECLINED');
    expect(paid(await world.pay(home, 'X', 50)).status).toBe('DECLINED');
    return { ...world.replicas.get(home)!.items.get(`${pk}@1`)!, pk };
  };

  test.each(['H500', 'Cmmmmmmmmmmmmmmmmmmmmmm500/500'])('gives way to the request whose entry stands: %s', async (code) => {
    const declined = await claim();
    const later = { ...ofAccount({ [id]: code }), line: { 1: 0 } };
    expect(carry({ item: declined, epoch: 1 }, later, new Map())).toBeUndefined();
  });

  test('keeps no other key from its claim where it cannot be read', async () => {
    const declined = await claim();
    expect(reclaim(declined, ofAccount({ ['y'.repeat(22)]: 'Z?' }), new Map())).toBe(declined);
  });
});
