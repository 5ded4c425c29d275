import { Bus, OutboxWorld, recordsOf } from './outbox-world';
import { Sweep, SweepHint } from '../../src/events/outbox/sweep.service';
import { keyId } from '../../src/kernel/fingerprint';
import { EpochStore } from '../../src/ledger/homes/epoch-store.service';
import { PaymentsLedger } from '../../src/ledger/protocol/service';

export const lost = 'us-east-1';
export const survivor = 'us-west-2';

export const paymentIdOfKey = (key: string): string => `pay_${keyId('acme', key)}`;

/** A home that is lost, and the region that tells its events, and that goes on in later epochs. */
export class LostRegion {
  public readonly world = new OutboxWorld();
  public readonly bus = new Bus();
  public readonly hints: SweepHint[] = [];
  public readonly sweep = new Sweep(
    { keep: (some) => Promise.resolve(void this.hints.push(...some)), newsOf: () => Promise.resolve({}), nowMs: () => this.world.nowMs },
    { region: survivor, silentAfterMs: 180_000, aliveWithinMs: 90_000 },
    this.world.outbox(survivor, this.bus.sink),
  );
  public readonly ledger = this.ledgerOf(lost, 1);

  /** A payment of 10 under the key `k-<account>` on each of these accounts. */
  public static async with(...accountIds: string[]): Promise<LostRegion> {
    const region = new LostRegion();
    for (const accountId of accountIds) {
      await region.ledger.openAccount(region.world.context(), { accountId, currency: 'EUR', balance: 100 });
      await region.authorise(region.ledger, `k-${accountId}`, 10, accountId);
    }
    return region;
  }

  public ledgerOf(region: string, epoch: number): PaymentsLedger {
    const ports = { ...this.world.ports(), store: new EpochStore(this.world.store, epoch), random: () => 0.9 };
    return new PaymentsLedger(ports, { region, copiesFollow: true });
  }

  public authorise(
    ledger: PaymentsLedger,
    idempotencyKey: string,
    amount: number,
    accountId = 'a',
  ): ReturnType<PaymentsLedger['authorise']> {
    return ledger.authorise(this.world.context(), { idempotencyKey, accountId, amount, currency: 'EUR' });
  }

  public move(
    ledger: PaymentsLedger,
    idempotencyKey: string,
    type: 'CAPTURE' | 'VOID' | 'REFUND',
    amount?: number,
    payment = 'k-a',
  ): ReturnType<PaymentsLedger['move']> {
    return ledger.move(this.world.context(), { idempotencyKey, paymentId: paymentIdOfKey(payment), type, ...(amount ? { amount } : {}) });
  }

  /** The item of a key has not arrived: takes it away, and returns what gives it back. */
  public loses(key: string, epoch = 1): () => void {
    const pk = `k#${keyId('acme', key)}@${epoch}`;
    const item = this.world.store.items.get(pk)!;
    this.world.store.items.delete(pk);
    return () => void this.world.store.items.set(pk, item);
  }

  /** What the accounts' records tell is noted; an hour later it is due. */
  public async note(): Promise<void> {
    await this.sweep.note(recordsOf(this.world.store.stream.filter(({ new: now }) => now!.kind === 'ACCOUNT')));
    this.world.nowMs += 3_600_000;
  }

  /** The oldest hint is due. */
  public due(): ReturnType<Sweep['sweep']> {
    return this.sweep.sweep(this.hints.shift()!, this.world.nowMs + 1_000);
  }

  public get told(): readonly (readonly [type: string, subject: string])[] {
    return this.bus.events.map(({ type, subject }) => [type, subject!]);
  }
}
