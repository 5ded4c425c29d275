import { AuditClock } from '../audit/service';
import { CutoverPlan } from '../contract';
import { OperatePort } from './authority-move.service';
import { AccountPlace, Comparing, Reading, RoundUnderWay, Side } from './model';
import {
  accountOfKey,
  BucketDigest,
  compareItems,
  differingBuckets,
  ItemDifference,
  mayDiffer,
  ReplicaItem,
} from './reconcile-window.domain';
import { causeOf } from '../../kernel/cause';

/** One page of a replica, and where the next one begins. */
export interface ReplicaPage<T> {
  readonly items: readonly T[];
  readonly next?: string;
}

export interface AccountName {
  readonly tenant: string;
  readonly accountId: string;
}

/** The ledger's replicas, as the reconciliation reads them. */
export interface ReplicaPort {
  /** All of a region's items from a place on, in any order that stays the same, as of now. */
  scan(region: string, from?: string): AsyncIterable<ReplicaPage<ReplicaItem>>;
  /** Some of a region's items by their keys, at most 100, each once; missing ones are left out. */
  items(region: string, pks: readonly string[]): Promise<readonly ReplicaItem[]>;
  /** All of a region's accounts from a place on; one may come several times. */
  accounts(region: string, from?: string): AsyncIterable<ReplicaPage<AccountName>>;
}

const sides: readonly Side[] = ['source', 'target'];
/** What a part of a round comes to. */
export interface RoundPart {
  readonly round: RoundUnderWay;
  readonly place: AccountPlace;
  /** `cut`: the time is over, and nothing is said of what was not looked at. `unread`: a region could not be read. */
  readonly end: 'complete' | 'cut' | 'unread';
  readonly why?: string;
}

const sampleSize = 20;
const keysAtOnce = 100;
/** An account's check that ends so shortly before the deadline was ended by it. */
const marginMs = 1_000;

/** Thrown where the time of this part is over. */
class TimeOver extends Error {}

/** The state of a round that begins now. */
export function beginRound(nowMs: number, settleSeconds: number): RoundUnderWay {
  const reading: Reading = { over: false, items: 0, accounts: 0, buckets: [] };
  // Items bear the time of the region that wrote them, whose clock need not agree with this one.
  return {
    beganMs: nowMs,
    sinceMs: nowMs - settleSeconds * 1000,
    read: { source: reading, target: reading },
    accounts: { checked: 0, escalated: [], unchecked: [] },
  };
}

/** Compares two replicas once, in as many parts as it takes. What a part has read is kept page by page: a fault costs one page. */
export class ReconcileRound {
  private fresh: boolean;

  /** @param round from `beginRound`, or as the part before has left it */
  constructor(
    private readonly ports: { readonly replicas: ReplicaPort; readonly operate: OperatePort; readonly clock: AuditClock },
    private readonly plan: CutoverPlan,
    private round: RoundUnderWay,
    private place: AccountPlace,
    private readonly deadlineMs: number,
  ) {
    this.fresh = round.comparing?.over ?? false;
  }

  public async go(): Promise<RoundPart> {
    try {
      const read = await Promise.allSettled(sides.map((side) => this.readBuckets(side)));
      for (const one of read) if (one.status === 'rejected') throw one.reason;
      await this.compare();
      await this.checkAccounts();
      return { round: this.round, place: this.place, end: 'complete' };
    } catch (error) {
      if (error instanceof TimeOver) return { round: this.round, place: this.place, end: 'cut' };
      return { round: this.round, place: this.place, end: 'unread', why: causeOf(error) };
    }
  }

  private inTime(): void {
    if (this.ports.clock.nowMs() >= this.deadlineMs) throw new TimeOver();
  }

  private async readBuckets(side: Side): Promise<void> {
    let reading = this.round.read[side];
    if (reading.over) return;
    const digest = new BucketDigest(this.round.sinceMs, reading.buckets);
    for await (const { items, next } of this.pages(side, reading.from)) {
      items.forEach((item) => digest.add(item));
      reading = {
        from: next,
        over: next === undefined,
        items: reading.items + items.length,
        accounts: reading.accounts + items.filter(({ pk }) => accountOfKey(pk)).length,
        buckets: digest.toStored(),
      };
      this.round = { ...this.round, read: { ...this.round.read, [side]: reading } };
      if (!reading.over) this.inTime();
    }
  }

  /** Reads once more, and compares what may differ with the other region's at once: a bucket is little of a large table. */
  private async compare(): Promise<void> {
    const bucketsOf = (side: Side): ReturnType<BucketDigest['buckets']> =>
      new BucketDigest(this.round.sinceMs, this.round.read[side].buckets).buckets();
    const buckets = this.round.comparing?.buckets ?? [...differingBuckets(bucketsOf('source'), bucketsOf('target'))];
    let state: Comparing = this.round.comparing ?? {
      buckets,
      side: 'source',
      over: buckets.length === 0,
      found: 0,
      inFlight: 0,
      unexplained: [],
    };
    const differing = new Set(buckets);
    this.round = { ...this.round, comparing: state };
    while (!state.over) {
      this.inTime();
      for await (const { items, next } of this.pages(state.side, state.from)) {
        const differences = await this.differences(
          state.side,
          items.filter((item) => mayDiffer(item, differing, this.round.sinceMs)),
        );
        const unexplained = differences.filter(({ inFlight }) => !inFlight);
        const last = next === undefined;
        state = {
          ...state,
          from: next,
          side: last ? 'target' : state.side,
          over: last && state.side === 'target',
          found: state.found + differences.length,
          inFlight: state.inFlight + differences.length - unexplained.length,
          unexplained: [...state.unexplained, ...unexplained.map(({ pk, kind }) => `${pk}: ${kind}`)].slice(0, sampleSize),
        };
        this.round = { ...this.round, comparing: state };
        if (last) break;
        this.inTime();
      }
    }
  }

  /**
   * What this side's items differ in from the other's; from the target's side, only what the source lacks: the rest was seen from there.
   */
  private async differences(side: Side, items: readonly ReplicaItem[]): Promise<readonly ItemDifference[]> {
    const chunks = Array.from({ length: Math.ceil(items.length / keysAtOnce) }, (_, n) =>
      items.slice(n * keysAtOnce, (n + 1) * keysAtOnce),
    );
    const other = this.regionOf(side === 'source' ? 'target' : 'source');
    const there = (
      await Promise.all(
        chunks.map((chunk) =>
          this.reading(other, () =>
            this.ports.replicas.items(
              other,
              chunk.map(({ pk }) => pk),
            ),
          ),
        ),
      )
    ).flat();
    const [here, found] = [byKey(items), byKey(there)];
    const nowMs = this.ports.clock.nowMs();
    const settleMs = this.plan.window.settleSeconds * 1000;
    return side === 'source'
      ? compareItems(here, found, nowMs, settleMs)
      : compareItems(found, here, nowMs, settleMs).filter(({ kind }) => kind === 'missing in source');
  }

  private async *pages(side: Side, from: string | undefined): AsyncIterable<ReplicaPage<ReplicaItem>> {
    const region = this.regionOf(side);
    const pages = this.ports.replicas.scan(region, from)[Symbol.asyncIterator]();
    for (let page = await this.reading(region, () => pages.next()); !page.done; page = await this.reading(region, () => pages.next())) {
      yield page.value;
    }
  }

  private regionOf(side: Side): string {
    return this.plan[side];
  }

  private async reading<T>(region: string, read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      throw new Error(`${region} cannot be read: ${causeOf(error)}`, { cause: error });
    }
  }

  /** Recomputes as many accounts as there is time for; the next round goes on behind them. */
  private async checkAccounts(): Promise<void> {
    if (this.plan.mode !== 'HOME_REGION') return;
    const seen = new Set<string>();
    for await (const { items, next } of this.ports.replicas.accounts(this.plan.target, this.place.from)) {
      for (const account of items.slice(this.place.skip)) {
        const name = `${account.tenant}/${account.accountId}`;
        if (!seen.has(name) && !(await this.checkAccount(account, name))) return;
        seen.add(name);
        this.place = { ...this.place, skip: this.place.skip + 1 };
      }
      this.place = { ...(next === undefined ? {} : { from: next }), skip: 0 };
    }
  }

  /** Whether there is a verdict, or can never be one; otherwise the time is over. */
  private async checkAccount(account: AccountName, name: string): Promise<boolean> {
    const { accounts } = this.round;
    if (this.ports.clock.nowMs() >= this.deadlineMs) {
      // A round without any account would leave them all to the next one, again and again.
      if (accounts.checked === 0) throw new TimeOver();
      return false;
    }
    const problem = await this.accountProblem(account);
    const cut = problem?.unsure && this.ports.clock.nowMs() >= this.deadlineMs - marginMs;
    if (cut && !this.fresh) {
      if (accounts.checked === 0) throw new TimeOver();
      return false;
    }
    this.fresh = false;
    this.round = {
      ...this.round,
      accounts: {
        checked: accounts.checked + 1,
        escalated: problem && !cut ? [...accounts.escalated, `${name}: ${problem.what}`].slice(0, sampleSize) : accounts.escalated,
        // It had all the time that there is: no round will do better.
        unchecked: cut ? [...accounts.unchecked, name].slice(0, sampleSize) : accounts.unchecked,
      },
    };
    return true;
  }

  private async accountProblem({
    tenant,
    accountId,
  }: AccountName): Promise<{ readonly what: string; readonly unsure: boolean } | undefined> {
    try {
      const result = await this.ports.operate(
        this.plan.target,
        { action: 'reconcile', tenant, accountId },
        Math.max(1_000, this.deadlineMs - this.ports.clock.nowMs()),
      );
      if (result.kind !== 'reconciled') {
        return { what: `could not be checked: ${'detail' in result ? result.detail : result.kind}`, unsure: result.kind === 'unsure' };
      }
      const { addsUp, account } = result;
      if (!addsUp) {
        return {
          what: `balances do not add up: kept ${JSON.stringify(account.kept)}, recomputed ${JSON.stringify(account.recomputed)}`,
          unsure: false,
        };
      }
      if (account.lateWrites.length === 0) return undefined;
      return { what: `${account.lateWrites.length} late writes of an ended epoch, such as ${account.lateWrites[0].key}`, unsure: false };
    } catch (error) {
      return { what: `could not be checked: ${causeOf(error)}`, unsure: true };
    }
  }
}

const byKey = (items: readonly ReplicaItem[]): ReadonlyMap<string, ReplicaItem> => new Map(items.map((item) => [item.pk, item]));
