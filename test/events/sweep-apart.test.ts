import { Bus, OutboxWorld, recordsOf } from './outbox-world';
import { Sweep, SweepHint } from '../../src/events/outbox/sweep.service';
import { keyId } from '../../src/kernel/fingerprint';
import { EpochStore } from '../../src/ledger/homes/epoch-store.service';
import { PaymentsLedger } from '../../src/ledger/protocol/service';

interface LostRegion {
  readonly world: OutboxWorld;
  readonly bus: Bus;
  readonly hints: SweepHint[];
  readonly sweep: Sweep;
  readonly ledger: PaymentsLedger;
}

/** A region that is lost, with a payment of 10 on each of these accounts, and the region that tells its events. */
async function lostRegion(...accountIds: string[]): Promise<LostRegion> {
  const world = new OutboxWorld();
  const bus = new Bus();
  const hints: SweepHint[] = [];
  const keep = (some: readonly SweepHint[]): Promise<void> => {
    hints.push(...some);
    return Promise.resolve();
  };
  const sweep = new Sweep(
    { keep, newsOf: () => Promise.resolve({}), nowMs: () => world.nowMs },
    { region: 'us-west-2', silentAfterMs: 180_000, aliveWithinMs: 90_000 },
    world.outbox('us-west-2', bus.sink),
  );
  const ports = { ...world.ports(), store: new EpochStore(world.store, 1), random: () => 0.9 };
  const ledger = new PaymentsLedger(ports, { region: 'us-east-1', copiesFollow: true });
  for (const accountId of accountIds) {
    await ledger.openAccount(world.context(), { accountId, currency: 'EUR', balance: 100 });
    await ledger.authorise(world.context(), { idempotencyKey: `k-${accountId}`, accountId, amount: 10, currency: 'EUR' });
  }
  return { world, bus, hints, sweep, ledger };
}

const noteAccounts = ({ store }: OutboxWorld, sweep: Sweep): Promise<unknown> =>
  sweep.note(recordsOf(store.stream.filter(({ new: now }) => now!.kind === 'ACCOUNT')));

/** A lost region's last batch has replicated, but for one claim: no order holds between items. */
test('what a lost region had decided is told, though a claim of another payment has not arrived; that one is told later', async () => {
  const { world, bus, hints, sweep } = await lostRegion('a', 'b');
  const missing = `k#${keyId('acme', 'k-a')}@1`;
  const claim = world.store.items.get(missing)!;
  world.store.items.delete(missing);
  await noteAccounts(world, sweep);
  world.nowMs += 3_600_000;
  const told = (): unknown[] => bus.events.map(({ subject }) => subject);
  expect(await sweep.sweep(hints.shift()!, world.nowMs + 1_000)).toEqual({ kind: 'published', events: 1 });
  expect(told()).toEqual([`pay_${keyId('acme', 'k-b')}`]);
  expect(hints.map(({ decided }) => decided.map(({ payment }) => payment))).toEqual([[keyId('acme', 'k-a')]]);
  expect(await sweep.sweep(hints[0], world.nowMs + 1_000)).toMatchObject({ kind: 'open' });
  expect(hints).toHaveLength(1);
  world.store.items.set(missing, claim);
  expect(await sweep.sweep(hints[0], world.nowMs + 1_000)).toEqual({ kind: 'published', events: 1 });
  expect(told()).toEqual(['k-b', 'k-a'].map((key) => `pay_${keyId('acme', key)}`));
});

test('what comes before a claim that has not arrived is told, of the same payment too', async () => {
  const { world, bus, hints, sweep, ledger } = await lostRegion('a');
  const paymentId = `pay_${keyId('acme', 'k-a')}`;
  await ledger.move(world.context(), { idempotencyKey: 'c-a', paymentId, type: 'CAPTURE', amount: 10 });
  world.store.items.delete(`k#${keyId('acme', 'c-a')}@1`);
  await noteAccounts(world, sweep);
  world.nowMs += 3_600_000;
  expect(await sweep.sweep(hints.shift()!, world.nowMs + 1_000)).toEqual({ kind: 'published', events: 1 });
  expect(bus.events.map(({ type }) => type)).toEqual(['payment.authorised']);
  expect(hints.map(({ decided }) => decided.map(({ type }) => type))).toEqual([['payment.captured']]);
});
