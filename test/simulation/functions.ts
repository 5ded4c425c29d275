import { HomeWorld } from './home';
import { Ended, local, Process, ProcessWorld, Route } from './process';
import { Table } from './tables/table';
import { CallContext, Ledger, LedgerEvent } from '../../src/ledger/model';
import { DecisionRequest, Decision, Item, LedgerPorts, LedgerStore, WriteResult } from '../../src/ledger/ports';

/** Nobody records what is simulated. */
const traceId = '1-00000000-000000000000000000000000';

/** What a function is to do with its ledger. */
export type Call<T> = (ledger: Ledger, context: CallContext, instance: FunctionInstance) => Promise<T>;

export interface FunctionWorld extends ProcessWorld {
  readonly table: Table;
  readonly route: Route;
  readonly observe: (event: LedgerEvent) => void;
  readonly decide?: (request: DecisionRequest) => Decision;
  /** Where one region writes for each account. */
  readonly home?: HomeWorld;
}

export const unreadable = 'not readable by this version';

const isMarked = (item: Item | undefined): boolean =>
  item !== undefined &&
  (item.kind === 'FENCE' ||
    item.dueAt !== undefined ||
    item.entryAt !== undefined ||
    (item.pending as { refused?: true } | undefined)?.refused === true);

/** The table as an earlier version's adapter reads it: what it would read wrongly has an attribute of a type that it refuses. */
function withoutFences(store: LedgerStore): LedgerStore {
  const readable = <T>(read: T, items: readonly (Item | undefined)[]): T => {
    if (items.some(isMarked)) throw new Error(unreadable);
    return read;
  };
  const result = (written: WriteResult): WriteResult => readable(written, written.kind === 'refused' ? [written.found] : []);
  return {
    create: async (item) => result(await store.create(item)),
    change: async (change) => result(await store.change(change)),
    read: async (pk, strong) => {
      const item = await store.read(pk, strong);
      return readable(item, [item]);
    },
    readMany: async (pks) => {
      const items = await store.readMany(pks);
      return readable(items, items);
    },
    list: (account, limit, from) => store.list(account, limit, from),
  };
}

/** One function instance: one request at a time, its memory kept from one to the next. */
export class FunctionInstance extends Process {
  public readonly ledger: Ledger;
  public readonly ports: LedgerPorts;

  constructor(
    private readonly world: FunctionWorld,
    region: string,
    name: string,
    public readonly older = false,
  ) {
    super(world, region, name);
    const { decide, geography, chance, scheduler } = world;
    const clockOff = chance.below(11) - 5;
    let nonces = 0;
    this.ports = {
      store: older ? withoutFences(this.storeOf(world.table, world.route)) : this.storeOf(world.table, world.route),
      nowMs: () => geography.clockMs(region) + clockOff,
      random: chance.next,
      nonce: () => `${name}.${(nonces += 1)}`,
      sleep: (ms) => new Promise((resolve) => scheduler.after(ms, () => this.wake(() => resolve()))),
      // The port turns whatever goes wrong on the way into "unknown", as the real one does.
      ...(decide
        ? {
            decide: (request) =>
              this.travel(`decide ${request.paymentId}`, local, () => decide(request)).catch((): Decision => ({ kind: 'unknown' })),
          }
        : {}),
    };
    const settings = {
      region,
      ...(decide ? { decision: { timeoutMs: 3_000, onUnknown: chance.pick(['RETRY', 'DECLINE'] as const) } } : {}),
    };
    const { home, subject } = world;
    this.ledger = home
      ? new subject.HomeLedger(
          { ...this.ports, authority: this.authority(), forward: (to, call) => home.forward(this, to, call) },
          settings,
          home.settings,
        )
      : new subject.PaymentsLedger(this.ports, settings);
  }

  /** Runs one call of the ledger; `ended` is told once. */
  public run<T>(call: Call<T>, tenant: string, ended: (ended: Ended<T>) => void, unlimited = false): void {
    const { home, observe } = this.world;
    const context = { tenant, traceId, deadlineMs: this.ports.nowMs() + 9_000, observe };
    // A lease rests on this: Lambda ends a function at its timeout, whatever of its requests is still under way.
    this.start(() => call(this.ledger, context, this), ended, home && !unlimited ? home.settings.requestMs : undefined);
  }

  /** The table of authority records, from here. */
  public authority(): LedgerStore {
    const { geography, home } = this.world;
    // Any of its regions serves a request: what a single region cannot reach, another one can.
    return this.storeOf(home!.authority, { there: (region) => geography.canSend(region), back: (region) => geography.canHear(region) });
  }
}
