import { HomeSettings } from '../../src/ledger/homes/authority.domain';
import { ForwardedCall, HomeLedger, HomeUnreachable } from '../../src/ledger/homes/home.service';
import { CallContext, KeyedOutcome } from '../../src/ledger/model';
import { LedgerPorts, LedgerStore } from '../../src/ledger/ports';
import { Attempt } from '../../src/ledger/protocol/attempt.service';
import { MemoryStore } from '../../tools/memory/memory-store';

export const home = 'us-east-1';
export const other = 'eu-central-1';

/** Two replicas with a lag that the test decides, item by item, and one strong table of authority. */
export class TwoRegions {
  public nowMs = 1_800_000_000_000;
  public random: () => number = () => 0.5;
  public readonly lost = new Set<string>();
  public readonly replicas = new Map([
    [home, new MemoryStore()],
    [other, new MemoryStore()],
  ]);
  public readonly authority = new MemoryStore();
  private readonly ledgers = new Map<string, HomeLedger>();
  private count = 0;

  public readonly settings: HomeSettings;
  public onSleep: () => void = () => undefined;

  constructor(more: Partial<HomeSettings> = {}) {
    this.settings = {
      regions: [home, other],
      units: 1,
      leaseMs: 12_000,
      requestMs: 6_000,
      clockMarginMs: 2_000,
      refreshMs: 1_000,
      moveRequestMs: 1_500,
      moveRefreshMs: 250,
      movePauseMs: 4_500,
      takeover: 'AUTOMATIC',
      ...more,
    };
    for (const region of this.replicas.keys()) this.restart(region);
  }

  public restart(region: string): void {
    this.ledgers.set(
      region,
      new HomeLedger(
        {
          ...this.ports(this.replicas.get(region)!),
          authority: this.authority,
          forward: async (to, call: ForwardedCall) => {
            if (this.lost.has(to)) throw new HomeUnreachable(to);
            return this.in(to).receive(call);
          },
        },
        { region },
        this.settings,
      ),
    );
  }

  private ports(store: LedgerStore): LedgerPorts {
    return {
      store,
      nowMs: () => this.nowMs,
      random: () => this.random(),
      nonce: () => `n${(this.count += 1)}`,
      sleep: (ms) => this.sleep(ms),
    };
  }

  /** Someone's work beside the calls: on a region's replica, or on the authority's table. */
  public attempt(region: string): Attempt {
    return new Attempt(this.ports(this.replicas.get(region)!), { region }, this.context());
  }

  public authorityAttempt(region: string): Attempt {
    return new Attempt(this.ports(this.authority), { region }, { ...this.context(), deadlineMs: this.nowMs + 30_000 });
  }

  private sleep(ms: number): Promise<void> {
    this.nowMs += ms;
    this.onSleep();
    return new Promise((resolve) => setImmediate(resolve));
  }

  public in(region: string): HomeLedger {
    return this.ledgers.get(region)!;
  }

  public context(): CallContext {
    return { tenant: 'acme', traceId: '1-0-0', deadlineMs: this.nowMs + 4_000 };
  }

  /** Brings what one region wrote to the other, all of it or what the filter lets through; the later write of an item wins. */
  public replicate(from: string, to: string, only: (pk: string) => boolean = () => true): void {
    const target = this.replicas.get(to)!;
    for (const item of this.replicas.get(from)!.items.values()) {
      const there = target.items.get(item.pk);
      if (only(item.pk) && (!there || (there.writtenAt as number) < (item.writtenAt as number))) {
        target.items.set(item.pk, structuredClone(item));
      }
    }
  }

  public pay(region: string, key: string, amount = 100): Promise<KeyedOutcome> {
    this.nowMs += 10;
    return this.in(region).authorise(this.context(), { idempotencyKey: key, accountId: 'acc', amount, currency: 'EUR' });
  }

  public move(region: string, key: string, type: 'CAPTURE' | 'VOID' | 'REFUND', paymentId: string, amount?: number): Promise<KeyedOutcome> {
    this.nowMs += 10;
    return this.in(region).move(this.context(), { idempotencyKey: key, type, paymentId, ...(amount === undefined ? {} : { amount }) });
  }

  public async balances(region: string): Promise<unknown> {
    const outcome = await this.in(region).getAccount(this.context(), 'acc');
    if (outcome.kind !== 'found') return outcome;
    const { available, held, settled, homeRegion } = outcome.account;
    return { available, held, settled, homeRegion };
  }

  /** The home is lost, and its lease and all it allowed have run out. */
  public loseHome(region: string): void {
    this.lost.add(region);
    this.nowMs += 21_000;
  }
}
