import { AuditClock, AuditLog } from './audit.service';
import { OperatePort } from './authority-move.service';
import { CutoverPlan } from './cutover.contract';
import { accountOfKey, BucketDigest, compareItems, differingBuckets, ItemDifference, mayDiffer, ReplicaItem } from './reconcile-window.domain';
import { digestOf } from '../kernel/digest';
import { Json } from '../kernel/fingerprint';

/** The ledger's replicas, as the reconciliation reads them. */
export interface ReplicaPort {
  /** All of a region's items, in any order, as of now. */
  scan(region: string): AsyncIterable<ReplicaItem>;
}

/** What is carried from one round to the next; part of the state machine's data, so it is small. */
export interface WindowProgress {
  readonly startedMs: number;
  readonly rounds: number;
  /** Where among the accounts the next round begins. */
  readonly cursor: number;
  /** Differences of the last round that nothing explained; a sample. */
  readonly pending: readonly string[];
  /** How many differences were found unexplained once and were gone later. */
  readonly settled: number;
  readonly accountsChecked: number;
}

/** One round's findings. */
export interface RoundReport {
  readonly items: { readonly source: number; readonly target: number };
  readonly differing: number;
  readonly inFlight: number;
  readonly unexplained: readonly string[];
  /** Accounts whose balances do not add up, or that have writes which their present epoch does not know. */
  readonly escalated: readonly string[];
  readonly accounts: { readonly checked: number; readonly known: number };
}

export type WindowOutcome =
  | { readonly outcome: 'reconciling'; readonly progress: WindowProgress; readonly round?: RoundReport; readonly waitSeconds: number }
  /** The window is over, and its last round could not read both regions: nobody knows how they differ. */
  | { readonly outcome: 'unread'; readonly progress: WindowProgress; readonly detail: string }
  | { readonly outcome: 'reconciled' | 'unexplained'; readonly progress: WindowProgress; readonly round: RoundReport; readonly detail: string; readonly digest: string };

const sampleSize = 20;

/** Compares the two regions again and again, until the window is over. It reads only: what it cannot explain is for a human to settle. */
export class ReconcileWindow {
  constructor(
    private readonly log: AuditLog, private readonly replicas: ReplicaPort, private readonly operate: OperatePort, private readonly clock: AuditClock,
  ) {}

  /** One round. */
  public async round(run: string, plan: CutoverPlan, before: WindowProgress | undefined, deadlineMs: number): Promise<WindowOutcome> {
    const progress = before ?? { startedMs: this.clock.nowMs(), rounds: 0, cursor: 0, pending: [], settled: 0, accountsChecked: 0 };
    const began = this.clock.nowMs();
    let looked: Awaited<ReturnType<ReconcileWindow['look']>>;
    try {
      looked = await this.look(plan, progress, deadlineMs);
    } catch (error) {
      return this.unread(run, plan, { ...progress, rounds: progress.rounds + 1 }, began, error instanceof Error ? error.message : String(error));
    }
    const { report, cursor } = looked;
    const next: WindowProgress = {
      startedMs: progress.startedMs, rounds: progress.rounds + 1, cursor, pending: report.unexplained,
      settled: progress.settled + progress.pending.filter((one) => !report.unexplained.includes(one)).length,
      accountsChecked: progress.accountsChecked + report.accounts.checked,
    };
    await this.recordNews(run, progress, next, report);
    const waitSeconds = this.untilNext(plan, next, began);
    return waitSeconds === undefined ? this.finish(run, next, report) : { outcome: 'reconciling', progress: next, round: report, waitSeconds };
  }

  /** Seconds until the next round; undefined when the window is over. */
  private untilNext({ window }: CutoverPlan, { startedMs }: WindowProgress, began: number): number | undefined {
    const nowMs = this.clock.nowMs();
    const left = window.seconds - (nowMs - startedMs) / 1000;
    return left > 0 ? Math.max(1, Math.ceil(Math.min(left, window.intervalSeconds - (nowMs - began) / 1000))) : undefined;
  }

  /** A region may be away for some rounds of a window of days: the next ones look again. */
  private async unread(run: string, plan: CutoverPlan, progress: WindowProgress, began: number, why: string): Promise<WindowOutcome> {
    const detail = `the regions cannot be compared: ${why}`;
    const digest = digestOf(detail);
    await this.log.append(() => ({
      key: `${run}/reconciled/unread/${digest.slice(0, 16)}`, by: [run], entry: { what: 'reconciled', run, rounds: progress.rounds, summary: detail, unexplained: 0, final: false, digest },
    }));
    const waitSeconds = this.untilNext(plan, progress, began);
    return waitSeconds === undefined ? { outcome: 'unread', progress, detail } : { outcome: 'reconciling', progress, waitSeconds };
  }

  private async look(plan: CutoverPlan, progress: WindowProgress, deadlineMs: number): Promise<{ report: RoundReport; cursor: number }> {
    const accounts = new Set<string>();
    // Items bear the time of the region that wrote them, whose clock need not agree with this one.
    const sinceMs = this.clock.nowMs() - plan.window.settleSeconds * 1000;
    const [source, target] = await Promise.all([this.buckets(plan.source, accounts), this.buckets(plan.target, accounts)]);
    const differing = differingBuckets(source.buckets, target.buckets);
    const differences = differing.size === 0 ? [] : await this.differences(plan, differing, sinceMs);
    const checked = await this.checkAccounts(plan, [...accounts].sort(), progress.cursor, deadlineMs);
    const unexplained = differences.filter(({ inFlight }) => !inFlight);
    return {
      cursor: checked.cursor,
      report: {
        items: { source: source.items, target: target.items }, differing: differences.length, inFlight: differences.length - unexplained.length,
        unexplained: unexplained.slice(0, sampleSize).map(({ pk, kind }) => `${pk}: ${kind}`), escalated: checked.escalated.slice(0, sampleSize),
        accounts: { checked: checked.count, known: accounts.size },
      },
    };
  }

  private async* scan(region: string): AsyncIterable<ReplicaItem> {
    try {
      yield* this.replicas.scan(region);
    } catch (error) {
      throw new Error(`${region} cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }

  private async buckets(region: string, accounts: Set<string>): Promise<{ buckets: ReturnType<BucketDigest['buckets']>; items: number }> {
    const digest = new BucketDigest();
    let items = 0;
    for await (const item of this.scan(region)) {
      items += 1;
      digest.add(item);
      const account = accountOfKey(item.pk);
      if (account) accounts.add(JSON.stringify([account.tenant, account.accountId]));
    }
    return { buckets: digest.buckets(), items };
  }

  /** Reads once more, and keeps only what may differ: an hour is little of a large table. */
  private async differences(plan: CutoverPlan, differing: ReadonlySet<number>, sinceMs: number): Promise<readonly ItemDifference[]> {
    const nowMs = this.clock.nowMs();
    const itemsOf = async (region: string): Promise<Map<string, ReplicaItem>> => {
      const items = new Map<string, ReplicaItem>();
      for await (const item of this.scan(region)) if (mayDiffer(item, differing, sinceMs)) items.set(item.pk, item);
      return items;
    };
    const [source, target] = await Promise.all([itemsOf(plan.source), itemsOf(plan.target)]);
    return compareItems(source, target, nowMs, plan.window.settleSeconds * 1000);
  }

  /** Recomputes as many accounts as there is time for; the next round goes on behind them. */
  private async checkAccounts(
    plan: CutoverPlan, accounts: readonly string[], from: number, deadlineMs: number,
  ): Promise<{ count: number; cursor: number; escalated: string[] }> {
    const escalated: string[] = [];
    if (plan.mode !== 'HOME_REGION') return { count: 0, cursor: 0, escalated };
    let count = 0;
    while (count < accounts.length && this.clock.nowMs() < deadlineMs) {
      const [tenant, accountId] = JSON.parse(accounts[(from + count) % accounts.length]) as [string, string];
      count += 1;
      const problem = await this.accountProblem(plan, tenant, accountId, deadlineMs);
      if (problem) escalated.push(`${tenant}/${accountId}: ${problem}`);
    }
    return { count, cursor: accounts.length === 0 ? 0 : (from + count) % accounts.length, escalated };
  }

  private async accountProblem(plan: CutoverPlan, tenant: string, accountId: string, deadlineMs: number): Promise<string | undefined> {
    try {
      const result = await this.operate(plan.target, { action: 'reconcile', tenant, accountId }, Math.max(1_000, deadlineMs - this.clock.nowMs()));
      if (result.kind !== 'reconciled') return `could not be checked: ${'detail' in result ? result.detail : result.kind}`;
      const { addsUp, account } = result;
      if (!addsUp) return `balances do not add up: kept ${JSON.stringify(account.kept)}, recomputed ${JSON.stringify(account.recomputed)}`;
      return account.lateWrites.length > 0 ? `${account.lateWrites.length} late writes of an ended epoch, such as ${account.lateWrites[0].key}` : undefined;
    } catch (error) {
      return `could not be checked: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  /** Records what changed from round to round, so that quiet rounds cost no records. */
  private async recordNews(run: string, before: WindowProgress, { rounds, pending }: WindowProgress, { unexplained, escalated }: RoundReport): Promise<void> {
    const news = [...unexplained, ...escalated];
    if (news.length === 0 || JSON.stringify(before.pending) === JSON.stringify(pending) && escalated.length === 0) return;
    await this.log.append(() => ({
      key: `${run}/reconciled/${digestOf(news).slice(0, 16)}`, by: [run],
      entry: { what: 'reconciled', run, rounds, summary: news.slice(0, 5).join('; '), unexplained: news.length, final: false, digest: digestOf(news) },
    }));
  }

  private async finish(run: string, progress: WindowProgress, round: RoundReport): Promise<WindowOutcome> {
    const unexplained = round.unexplained.length + round.escalated.length;
    const detail = `${progress.rounds} rounds; ${round.items.source} items in the source, ${round.items.target} in the target; ${round.inFlight} being replicated, `
      + `${progress.settled} settled by themselves, ${unexplained} for a human; ${progress.accountsChecked} account checks over ${round.accounts.known} accounts`;
    const digest = digestOf({ progress, round } as unknown as Json);
    await this.log.append(() => ({
      key: `${run}/reconciled/final`, by: [run], entry: { what: 'reconciled', run, rounds: progress.rounds, summary: detail, unexplained, final: true, digest },
    }));
    return { outcome: unexplained === 0 ? 'reconciled' : 'unexplained', progress, round, detail, digest };
  }
}
