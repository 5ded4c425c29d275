import { AuthorityRecord, HomeSettings } from '../../src/ledger/homes/authority.domain';
import { Authority } from '../../src/ledger/homes/authority.service';
import type { Change, Item, LedgerStore } from '../../src/ledger/ports';
import { Attempt } from '../../src/ledger/protocol/attempt.service';
import { MemoryStore } from '../../tools/memory/memory-store';

export const home = 'us-east-1';
export const other = 'eu-central-1';
export const settings: HomeSettings = {
  regions: [home, other],
  units: 2,
  leaseMs: 10_000,
  requestMs: 6_000,
  clockMarginMs: 1_000,
  refreshMs: 1_000,
  moveRequestMs: 1_500,
  moveRefreshMs: 250,
  movePauseMs: 4_500,
  takeover: 'AUTOMATIC',
};

/** The authority as regions use it, on a table without faults. Unit 0 begins in one region, unit 1 in the other. */
export class AuthorityTable {
  public readonly store = new MemoryStore();
  public nowMs = 1_800_000_000_000;
  /** Told of a change before it is made. */
  public before: () => Promise<unknown> = () => Promise.resolve();
  /** By region and unit: the record as its mover has last seen it. */
  public readonly moves = new Map<string, AuthorityRecord>();
  public movers = 0;
  private readonly regions = new Map([home, other].map((region) => [region, new Authority(region, settings)]));

  public in(region: string): Authority {
    return this.regions.get(region)!;
  }

  public attempt(region: string, store: LedgerStore = this.store): Attempt {
    const ports = { store, nowMs: () => this.nowMs, random: () => 0.5, nonce: () => 'n', sleep: () => Promise.resolve() };
    return new Attempt(ports, { region }, { tenant: '', traceId: '1-0-0', deadlineMs: this.nowMs + 4_000 });
  }

  public work(region: string, unit: number): Promise<unknown> {
    return this.in(region).standing(this.attempt(region), unit);
  }

  /** The table, for one whose changes are looked at before they are made. */
  public watched(look: (change: Change) => Promise<unknown>): LedgerStore {
    return Object.assign(Object.create(this.store) as MemoryStore, {
      change: async (change: Change) => {
        await look(change);
        return this.store.change(change);
      },
    });
  }

  public async keep(region: string): Promise<void> {
    await this.in(region).keepHeld(
      this.attempt(
        region,
        this.watched(() => this.before()),
      ),
    );
  }

  public takeOver(region: string, unit: number) {
    return this.in(region).takeOver(this.attempt(region), unit);
  }

  public record(unit: number): Item | undefined {
    return structuredClone(this.store.items.get(`u#${unit}`));
  }
}
