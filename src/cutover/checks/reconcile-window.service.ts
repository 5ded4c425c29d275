import { AuditClock, AuditLog } from '../audit/service';
import { CutoverPlan } from '../contract';
import { OperatePort } from './authority-move.service';
import { RoundReport, RoundUnderWay, WindowOutcome, WindowProgress } from './model';
import { beginRound, ReconcileRound, ReplicaPort } from './reconcile-round.service';
import { digestOf } from '../../kernel/digest';
import { Json } from '../../kernel/fingerprint';

/** Compares the two regions again and again, until the window is over. It reads only: what it cannot explain is for a human to settle. */
export class ReconcileWindow {
  constructor(
    private readonly log: AuditLog,
    public readonly replicas: ReplicaPort,
    public readonly operate: OperatePort,
    public readonly clock: AuditClock,
  ) {}

  /** One round, or as much of it as there is time for. */
  public async round(run: string, plan: CutoverPlan, before: WindowProgress | undefined, deadlineMs: number): Promise<WindowOutcome> {
    const nowMs = this.clock.nowMs();
    const { underWay, ...progress } = before ?? {
      startedMs: nowMs,
      rounds: 0,
      place: { skip: 0 },
      pending: [],
      settled: 0,
      accountsChecked: 0,
    };
    const part = await new ReconcileRound(
      this,
      plan,
      underWay ?? beginRound(nowMs, plan.window.settleSeconds),
      progress.place,
      deadlineMs,
    ).go();
    const began = part.round.beganMs;
    if (part.end === 'unread') {
      return this.unread(
        run,
        plan,
        { ...progress, place: part.place, underWay: part.round, rounds: progress.rounds + 1 },
        nowMs,
        part.why!,
      );
    }
    // Whatever was cut has no verdict, and the window does not end in the middle of a round.
    if (part.end === 'cut') {
      return { outcome: 'reconciling', progress: { ...progress, place: part.place, underWay: part.round }, waitSeconds: 1 };
    }
    const report = reportOf(part.round);
    const next: WindowProgress = {
      startedMs: progress.startedMs,
      rounds: progress.rounds + 1,
      place: part.place,
      pending: report.unexplained,
      settled: progress.settled + progress.pending.filter((one) => !report.unexplained.includes(one)).length,
      accountsChecked: progress.accountsChecked + report.accounts.checked,
    };
    await this.recordNews(run, progress, next, report);
    const waitSeconds = this.untilNext(plan, next, began);
    return waitSeconds === undefined
      ? this.finish(run, next, report)
      : { outcome: 'reconciling', progress: next, round: report, waitSeconds };
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
      key: `${run}/reconciled/unread/${digest.slice(0, 16)}`,
      by: [run],
      entry: { what: 'reconciled', run, rounds: progress.rounds, summary: detail, unexplained: 0, final: false, digest },
    }));
    const waitSeconds = this.untilNext(plan, progress, began);
    return waitSeconds === undefined ? { outcome: 'unread', progress, detail } : { outcome: 'reconciling', progress, waitSeconds };
  }

  /** Records what changed from round to round, so that quiet rounds cost no records. */
  private async recordNews(
    run: string,
    before: WindowProgress,
    { rounds, pending }: WindowProgress,
    { unexplained, escalated }: RoundReport,
  ): Promise<void> {
    const news = [...unexplained, ...escalated];
    if (news.length === 0 || (JSON.stringify(before.pending) === JSON.stringify(pending) && escalated.length === 0)) return;
    await this.log.append(() => ({
      key: `${run}/reconciled/${digestOf(news).slice(0, 16)}`,
      by: [run],
      entry: {
        what: 'reconciled',
        run,
        rounds,
        summary: news.slice(0, 5).join('; '),
        unexplained: news.length,
        final: false,
        digest: digestOf(news),
      },
    }));
  }

  private async finish(run: string, progress: WindowProgress, round: RoundReport): Promise<WindowOutcome> {
    const unexplained = round.unexplained.length + round.escalated.length;
    const detail =
      `${progress.rounds} rounds; ${round.items.source} items in the source, ${round.items.target} in the target; ${round.inFlight} ` +
      `being replicated, ` +
      `${progress.settled} settled by themselves, ${unexplained} for a human; ${progress.accountsChecked} account checks over ` +
      `${round.accounts.known} accounts` +
      (round.unchecked.length > 0 ? `; too large to be recomputed, and so not checked: ${round.unchecked.join(', ')}` : '');
    const digest = digestOf({ progress, round } as unknown as Json);
    await this.log.append(() => ({
      key: `${run}/reconciled/final`,
      by: [run],
      entry: { what: 'reconciled', run, rounds: progress.rounds, summary: detail, unexplained, final: true, digest },
    }));
    return { outcome: unexplained === 0 ? 'reconciled' : 'unexplained', progress, round, detail, digest };
  }
}

function reportOf({ read, comparing, accounts }: RoundUnderWay): RoundReport {
  const { found, inFlight, unexplained } = comparing!;
  return {
    items: { source: read.source.items, target: read.target.items },
    differing: found,
    inFlight,
    unexplained,
    escalated: accounts.escalated,
    unchecked: accounts.unchecked,
    accounts: { checked: accounts.checked, known: read.target.accounts },
  };
}
