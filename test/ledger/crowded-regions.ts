import { paid } from './paid';
import { home, other, TwoRegions } from './two-regions';
import { keyId } from '../../src/kernel/fingerprint';
import { KeyedOutcome } from '../../src/ledger/model';
import { reconcileAccount } from '../../src/ledger/operator/reconcile.service';
import { Change, Item, StoreFault } from '../../src/ledger/ports';
import { bounds } from '../../src/ledger/protocol/domain';
import { MemoryStore } from '../../tools/memory/memory-store';

export const account = 'a#acme#acc';
export const id = (key: string): string => keyId('acme', key);
export const own = (key: string): string => `k#${id(key)}`;
export const ofAccount = ({ pk }: Change): boolean => pk.startsWith('a#');

/** Two regions with an account that has, now and then, so many entries that they leave it as soon as the other region has them. */
export class CrowdedRegions extends TwoRegions {
  private crowds = 0;

  public async begin(): Promise<this> {
    await this.in(home).openAccount(this.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
    return this;
  }

  public stored(region: string, pk: string, epoch: number): Item {
    return this.replicas.get(region)!.items.get(`${pk}@${epoch}`)!;
  }

  public entries(region: string, epoch: number): Readonly<Record<string, string>> {
    return this.stored(region, account, epoch).entries as Readonly<Record<string, string>>;
  }

  /** So many declined payments that the account has many entries, and a look that completes the items behind them. */
  public async crowd(region: string): Promise<void> {
    this.crowds += 1;
    for (let number = 0; number <= bounds.crowdedFrom; number += 1) paid(await this.pay(region, this.crowdKey(number), 1_000_000));
    await this.look(region);
  }

  private crowdKey(number: number): string {
    return `crowd-${this.crowds}-${number}`;
  }

  /** A look by a call that has nothing else to do. */
  public async look(region: string): Promise<void> {
    this.nowMs += bounds.trimAfterCrowdedMs + 100;
    this.random = () => 0;
    paid(await this.pay(region, this.crowdKey(0), 1_000_000));
    this.random = () => 0.5;
  }

  /** All that can leave the account leaves it. */
  public async empty(region: string, epoch: number): Promise<void> {
    await this.crowd(region);
    this.replicate(region, region === home ? other : home);
    await this.look(region);
    expect(this.entries(region, epoch)).toEqual({});
  }

  public async takeOver(from: string, to: string, key: string): Promise<void> {
    this.loseHome(from);
    await this.pay(to, key, 1);
    this.nowMs += 100;
    paid(await this.pay(to, key, 1));
    this.lost.delete(from);
  }

  public async addsUp(region: string, epoch: number): Promise<void> {
    const { kept, recomputed } = (await reconcileAccount(this.attempt(region), epoch, 'acme', 'acc'))!;
    expect(recomputed).toEqual(kept);
  }

  /** Status of a payment, and what was captured and refunded of it. */
  public async shown(region: string, paymentId: string): Promise<unknown> {
    const outcome = await this.in(region).getPayment(this.context(), paymentId);
    return outcome.kind === 'found' ? [outcome.payment.status, outcome.payment.captured, outcome.payment.refunded] : outcome.kind;
  }

  /** A call whose function ends before its first such change. */
  public async dying(region: string, which: (change: Change) => boolean, call: () => Promise<KeyedOutcome>): Promise<void> {
    const replica = this.replicas.get(region)!;
    let isDead = false;
    replica.change = (change) => {
      isDead ||= which(change);
      return isDead ? Promise.reject(new StoreFault('unknown', 'the function ended')) : MemoryStore.prototype.change.call(replica, change);
    };
    const outcome = await call();
    expect([isDead, outcome.kind]).toEqual([true, 'unsure']);
    replica.change = MemoryStore.prototype.change.bind(replica);
  }

  /** A capture of 60 of the payment `P`; its own item is completed by a second call, or by a look. */
  public async capture(region: string, paymentId: string, isComplete = true): Promise<void> {
    const ask = (): Promise<KeyedOutcome> => this.move(region, 'M', 'CAPTURE', paymentId, 60);
    expect(paid(await ask())).toMatchObject({ status: 'CAPTURED', captured: 60 });
    if (isComplete) expect(await ask()).toMatchObject({ replayed: true, payment: { captured: 60 } });
    const copies = this.replicas.get(region)!.items;
    const epoch = Math.max(...[...copies.keys()].filter((pk) => pk.startsWith(own('M'))).map((pk) => Number(pk.split('@')[1])));
    expect(this.stored(region, own('M'), epoch).appliedAt).toBe(isComplete ? this.stored(region, own('P'), epoch).dueAt : undefined);
  }

  /** The payment `P` of 100, whose hold has left its account, which both regions know. */
  public async released(): Promise<string> {
    const { paymentId } = paid(await this.pay(home, 'P', 100));
    await this.empty(home, 1);
    this.replicate(home, other);
    return paymentId;
  }
}
