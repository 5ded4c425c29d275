import { paid } from './paid';
import { home, other, TwoRegions } from './two-regions';
import { EpochStore } from '../../src/ledger/homes/epoch-store.service';
import { LedgerStore } from '../../src/ledger/ports';
import { Attempt } from '../../src/ledger/protocol/attempt.service';
import { bounds, idOfPaymentId, keyItemPk } from '../../src/ledger/protocol/domain';
import { trim } from '../../src/ledger/protocol/trim.service';

test('an entry stays until the completion that a look after the account made has replicated', async () => {
  const world = new TwoRegions();
  await world.in(home).openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
  const { paymentId } = paid(await world.pay(home, 'big', 9_000));
  const key = [...world.replicas.get(home)!.items.values()].find(({ outcome, kind }) => kind === 'PAYMENT' && outcome === undefined)!.pk;
  const entries = (): readonly string[] => Object.keys(world.replicas.get(home)!.items.get('a#acme#acc@1')!.entries as object);
  expect(entries()).toHaveLength(1);
  const look = async (): Promise<void> => {
    world.nowMs += bounds.trimAfterReplicatedMs + 1;
    const { ports, settings, context } = world.attempt(home);
    await trim(
      new Attempt({ ...ports, store: new EpochStore(ports.store, 1) }, { ...settings, copiesFollow: true }, context),
      'a#acme#acc',
    );
  };
  await look();
  expect([world.replicas.get(home)!.items.get(key)!.outcome, entries().length, paymentId]).toEqual(['DECLINED', 1, expect.any(String)]);
  await look();
  expect(entries()).toEqual([]);
});

const account = 'a#acme#acc';

/** A look after the account by a region that is its home in this epoch. */
async function lookAfter(world: TwoRegions, region: string, epoch: number, store?: LedgerStore): Promise<void> {
  const { ports, settings, context } = world.attempt(region);
  const own = { ...ports, store: new EpochStore(store ?? ports.store, epoch) };
  await trim(new Attempt(own, { ...settings, copiesFollow: true }, { ...context, deadlineMs: world.nowMs + 1_000_000 }), account);
}

const entriesIn = (world: TwoRegions, region: string, epoch: number): readonly string[] =>
  Object.keys(world.replicas.get(region)!.items.get(`${account}@${epoch}`)!.entries as object);

async function loseAndTakeOver(world: TwoRegions, from: string, to: string, key: string): Promise<void> {
  world.loseHome(from);
  await world.pay(to, key); // says that the home does not answer
  world.nowMs += 100;
  paid(await world.pay(to, key));
  world.lost.delete(from);
}

describe('what an epoch carried over is told by its entry until the copies have it', () => {
  let world: TwoRegions;
  let paymentId: string;
  /** Of the second home's last second the account's item alone arrives: items have no order. */
  const loseBoth = async (): Promise<void> => {
    world.replicate(home, other);
    world.nowMs += 3_600_000;
    await loseAndTakeOver(world, home, other, 'second');
    await lookAfter(world, other, 2);
    world.replicate(other, home, (pk) => pk === `${account}@2`);
    await loseAndTakeOver(world, other, home, 'third');
  };

  beforeEach(async () => {
    world = new TwoRegions();
    await world.in(home).openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
    ({ paymentId } = paid(await world.pay(home, 'old', 100)));
    paid(await world.move(home, 'capture', 'CAPTURE', paymentId));
  });

  test('so a payment keeps its answer over two lost homes', async () => {
    await loseBoth();
    expect(await world.pay(home, 'old', 100)).toMatchObject({ kind: 'answered', payment: { status: 'AUTHORISED' } });
    expect(await world.in(home).getPayment(world.context(), paymentId)).toMatchObject({ kind: 'found', payment: { status: 'CAPTURED' } });
  });

  test('so a refund is not paid out again', async () => {
    world.nowMs += bounds.trimAfterReplicatedMs + 1_000;
    await lookAfter(world, home, 1);
    expect(entriesIn(world, home, 1)).toEqual([]);
    paid(await world.move(home, 'refund', 'REFUND', paymentId, 100));
    await loseBoth();
    expect(await world.move(home, 'refund', 'REFUND', paymentId, 100)).toMatchObject({ kind: 'answered', replayed: true });
    expect(await world.move(home, 'another', 'REFUND', paymentId, 100)).toMatchObject({ kind: 'refused', code: 'amount_exceeds_captured' });
  });

  test('also where the payment that a refund names comes after all else', async () => {
    paid(await world.move(home, 'refund', 'REFUND', paymentId, 100));
    const late = `${keyItemPk(idOfPaymentId(paymentId)!)}@1`;
    world.replicate(home, other, (pk) => pk !== late);
    world.nowMs += 3_600_000;
    await loseAndTakeOver(world, home, other, 'second');
    await lookAfter(world, other, 2);
    world.nowMs += bounds.trimAfterReplicatedMs + 1_000;
    await lookAfter(world, other, 2);
    world.replicate(home, other, (pk) => pk === late);
    expect(await world.move(other, 'another', 'REFUND', paymentId, 100)).toMatchObject({
      kind: 'refused',
      code: 'amount_exceeds_captured',
    });
  });

  test('and goes when the copies have had it for a quarter of an hour', async () => {
    world.replicate(home, other);
    world.nowMs += 3_600_000;
    await loseAndTakeOver(world, home, other, 'second');
    await lookAfter(world, other, 2);
    expect(entriesIn(world, other, 2)).toHaveLength(2);
    world.nowMs += bounds.trimAfterReplicatedMs + 1_000;
    await lookAfter(world, other, 2);
    expect(entriesIn(world, other, 2)).toEqual([]);
  });
});

test('a look in a new epoch reads the account some times, however much it carries over', async () => {
  const world = new TwoRegions();
  await world.in(home).openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000_000 });
  world.random = () => 0.99; // no call looks after the account
  for (let number = 0; number < 60; number += 1) {
    const { paymentId } = paid(await world.pay(home, `k${number}`));
    paid(await world.move(home, `c${number}`, 'CAPTURE', paymentId));
  }
  world.replicate(home, other);
  world.nowMs += 3_600_000;
  const replica = world.replicas.get(other)!;
  let reads = 0;
  const count = (pks: readonly string[]): void => {
    reads += pks.filter((pk) => pk.startsWith('a#') && replica.items.has(pk)).length;
  };
  const counting = Object.assign(Object.create(replica) as typeof replica, {
    read: (pk: string) => (count([pk]), replica.read(pk)),
    readMany: (pks: readonly string[]) => (count(pks), replica.readMany(pks)),
  });
  await lookAfter(world, other, 2, counting);
  expect(reads).toBeLessThan(10);
});
