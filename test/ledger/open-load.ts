import { arrivedHere, Arrivals } from '../../src/ledger/homes/arrivals.service';
import { EpochStore } from '../../src/ledger/homes/epoch-store.service';
import { HomePorts, HomeUnreachable } from '../../src/ledger/homes/home.service';
import { CallContext, KeyedOutcome } from '../../src/ledger/model';
import { Item, LedgerPorts, LedgerStore, StoreFault } from '../../src/ledger/ports';
import { PaymentsLedger } from '../../src/ledger/protocol/service';
import { Chance } from '../../tools/memory/chance';
import { Scheduler } from '../simulation/scheduler';
import { StrongTable } from '../simulation/tables/strong-table';
import { Answer, Request, TableFault } from '../simulation/tables/table';

export interface LoadOfRegion {
  readonly paymentsPerSecond: number;
  /** How far its clock is ahead of the table's, in milliseconds. */
  readonly aheadMs?: number;
}

export interface OpenLoad {
  readonly regions: Readonly<Record<string, LoadOfRegion>>;
  readonly forMs: number;
  /** From a payment's answer to its capture. */
  readonly captureAfterMs: number;
  /** One way of a request or an answer of the strong table, from and to, in milliseconds. */
  readonly oneWayMs: readonly [number, number];
  readonly seed: number;
  /** HOME_REGION, with all load in its home: requests stay in the region, and the other one's copy follows. @default STRONG */
  readonly home?: OtherCopy;
  /** What the account is opened with; without funds every payment is declined. @default more than is paid */
  readonly funds?: number;
}

export interface OtherCopy {
  /** From a write in the home until the copy has it, from and to: items arrive in no order. */
  readonly lagMs: readonly [number, number];
  /** Whether the other region answers what has arrived, one way after it was asked; if not, it is silent. */
  readonly answers: boolean;
}

/** What an open load on one account has come to. */
export interface Loaded {
  /** How often each call had each outcome, as `pay AUTHORISED` or `capture busy`. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** The most entries that the account had at once. */
  readonly mostEntries: number;
  /** Requests that the account's item refused, as its partition takes no more units in a second. */
  readonly throttled: number;
  /** Write units of the account's item, of refused writes too. */
  readonly units: number;
  /** Questions to the other region. */
  readonly questions: number;
}

const beganMs = 1_800_000_000_000;
const accountOf = (home: OtherCopy | undefined): string => (home ? 'a#t#acc@1' : 'a#t#acc');
/** AWS's bound for the writes of one partition, and so of one item. */
const unitsPerSecond = 1_000;
const localReadMs = 3;

/** The write units that one item may use: filled as time passes, for one second at most. */
class Bucket {
  private units = unitsPerSecond;
  private filledAt = 0;

  public take(units: number, nowMs: number): boolean {
    this.units = Math.min(unitsPerSecond, this.units + ((nowMs - this.filledAt) * unitsPerSecond) / 1_000);
    this.filledAt = nowMs;
    if (this.units < units) return false;
    this.units -= units;
    return true;
  }
}

const entriesOf = (item: Item | undefined): Readonly<Record<string, string>> => (item?.entries ?? {}) as Record<string, string>;
/** About: names and values of the entries, and the rest of an account. */
const bytesOf = (item: Item | undefined): number =>
  Object.entries(entriesOf(item)).reduce((sum, [id, code]) => sum + id.length + code.length + 1, 300);

/** The later write of an item stays, whichever arrives first. */
function arrive(copy: Map<string, Item>, item: Item): void {
  if (((copy.get(item.pk)?.version as number | undefined) ?? -1) < (item.version as number)) copy.set(item.pk, item);
}

/** A copy as a question sees it. */
function readingOnly(copy: ReadonlyMap<string, Item>): LedgerStore {
  const refuse = (): never => {
    throw new Error('a question writes nothing, and reads all items at once');
  };
  const readMany = (pks: readonly string[]): Promise<Item[]> => Promise.resolve(pks.flatMap((pk) => copy.get(pk) ?? []));
  return { create: refuse, change: refuse, read: refuse, list: refuse, readMany };
}

/**
 * Sends payments at a steady rate to one account in each region, each captured a while later, whatever becomes of those before: in virtual
 * time, on the simulation's strong table, without faults. What a bench with one call after the other cannot show is shown here.
 */
export async function openLoad({ regions, forMs, captureAfterMs, oneWayMs, seed, home, funds = 10_000_000 }: OpenLoad): Promise<Loaded> {
  const scheduler = new Scheduler();
  const chance = new Chance(seed, 'open load');
  const table = new StrongTable({
    nowMs: () => scheduler.nowMs,
    chance: () => 1,
    hasQuorum: () => true,
    staleByMs: () => 0,
    catchingUp: () => false,
  });
  const bucket = new Bucket();
  const outcomes: Record<string, number> = {};
  let [mostEntries, throttled, spent, nonces, questions] = [0, 0, 0, 0, 0];
  const account = accountOf(home);
  const copy = new Map<string, Item>();
  table.onWrite = (item: Item) => {
    if (home?.answers) scheduler.after(chance.between(...home.lagMs), () => arrive(copy, item));
    if (item.pk === account) mostEntries = Math.max(mostEntries, Object.keys(entriesOf(item)).length);
  };
  const after = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      scheduler.after(ms, () => {
        scheduler.woke();
        resolve();
      });
    });

  const reach = (request: Request, region: string, sentAt: number): Answer => {
    if (request.kind === 'change' && request.change.pk === account) {
      const units = Math.ceil(bytesOf(table.peek(account)) / 1_024);
      spent += units;
      if (!bucket.take(units, scheduler.nowMs)) {
        throttled += 1;
        throw new StoreFault('throttled', 'the item takes no more in this second');
      }
    }
    try {
      return table.perform(request, region, sentAt);
    } catch (error) {
      throw error instanceof TableFault ? new StoreFault(error.fault, error.message) : error;
    }
  };
  const send = async <T extends Answer>(region: string, request: Request): Promise<T> => {
    const isNear = home !== undefined || (request.kind === 'read' && !request.strong);
    const sentAt = scheduler.nowMs;
    const oneWay = (): number => (isNear ? localReadMs / 2 : chance.between(...oneWayMs));
    await after(oneWay());
    const answer = ((): (() => Answer) => {
      try {
        const value = reach(request, region, sentAt);
        return () => value;
      } catch (error) {
        return () => {
          throw error;
        };
      }
    })();
    await after(oneWay());
    return answer() as T;
  };
  const storeIn = (region: string): LedgerStore => ({
    create: (item) => send(region, { kind: 'create', item }),
    change: (change) => send(region, { kind: 'change', change }),
    read: (pk, strong) => send(region, { kind: 'read', pk, strong }),
    readMany: (pks) => send(region, { kind: 'readMany', pks }),
    list: (pk, limit) => send(region, { kind: 'list', account: pk, limit }),
  });
  const nowIn = (region: string): number => beganMs + Math.floor(scheduler.nowMs) + (regions[region].aheadMs ?? 0);
  const contextIn = (region: string): CallContext => ({ tenant: 't', traceId: '1-0-0', deadlineMs: nowIn(region) + 5_000 });
  const forward: HomePorts['forward'] = async (other, { tenant, call }) => {
    questions += 1;
    await after(chance.between(...oneWayMs));
    if (!home?.answers || call.name !== 'arrivals') throw new HomeUnreachable(other);
    const ids = await arrivedHere(readingOnly(copy), tenant, call.command);
    await after(chance.between(...oneWayMs));
    return { kind: 'arrived', ids };
  };
  const ledgerIn = (region: string): PaymentsLedger => {
    const nowMs = (): number => nowIn(region);
    const ports = { store: storeIn(region), nowMs, random: chance.next, nonce: () => `n${(nonces += 1)}`, sleep: after };
    if (!home) return new PaymentsLedger(ports, { region });
    const arrivals = new Arrivals({ nowMs, forward }, ['other']);
    const arrived: LedgerPorts['arrived'] = (context, accountId, entries) => arrivals.arrived(context, { accountId, epoch: 1, entries });
    return new PaymentsLedger({ ...ports, store: new EpochStore(ports.store, 1), arrived }, { region, copiesFollow: true });
  };
  const counted = async (call: string, outcome: Promise<KeyedOutcome>): Promise<KeyedOutcome> => {
    const ended = await outcome;
    const name = `${call} ${ended.kind === 'answered' ? ended.payment.status : ended.kind}`;
    outcomes[name] = (outcomes[name] ?? 0) + 1;
    return ended;
  };
  const payAndCapture = async (region: string, ledger: PaymentsLedger, key: string): Promise<void> => {
    const command = { idempotencyKey: key, accountId: 'acc', amount: 1, currency: 'EUR' };
    const paid = await counted('pay', ledger.authorise(contextIn(region), command));
    if (paid.kind !== 'answered' || paid.payment.status === 'DECLINED') return;
    await after(captureAfterMs * chance.between(0.8, 1.2));
    const capture = { type: 'CAPTURE', idempotencyKey: `c-${key}`, paymentId: paid.payment.paymentId } as const;
    await counted('capture', ledger.move(contextIn(region), capture));
  };
  const load = async (region: string): Promise<void> => {
    const { paymentsPerSecond } = regions[region];
    const ledger = ledgerIn(region);
    const calls: Promise<void>[] = [];
    for (let number = 0; number < (paymentsPerSecond * forMs) / 1_000; number += 1) {
      await after((1_000 / paymentsPerSecond) * chance.between(0.5, 1.5));
      calls.push(payAndCapture(region, ledger, `${region}-${number}`));
    }
    await Promise.all(calls);
  };

  const names = Object.keys(regions);
  const work = (async (): Promise<void> => {
    await ledgerIn(names[0]).openAccount(contextIn(names[0]), { accountId: 'acc', currency: 'EUR', balance: funds });
    await Promise.all(names.map(load));
  })();
  scheduler.woke();
  await scheduler.run();
  await work;
  return { outcomes, mostEntries, throttled, units: spent, questions };
}
