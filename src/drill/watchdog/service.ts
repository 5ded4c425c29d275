import { asError } from '../../kernel/cause';
import { failureOf } from '../../kernel/each-of';
import { drillKeys, DrillPlan } from '../contract';
import { executionOf, ownerOf, resultOf, runId } from '../domain';
import { endForgottenFaults } from '../fault/watch.service';
import { ProbedCalls } from '../model';
import { DrillExecution, DrillStore, DrillTopic, RegionFaults, RegionSwitch } from '../ports';
import { keepEvidence, placeOf } from '../report/service';

export interface WatchdogPorts {
  readonly switches: RegionSwitch;
  readonly faults?: Pick<RegionFaults, 'running' | 'stop'>;
  /** The drill's latest executions, newest first. */
  readonly executions: () => Promise<readonly DrillExecution[]>;
  /** The present status of one; undefined where there is none. */
  readonly statusOf: (arn: string) => Promise<string | undefined>;
  readonly store: DrillStore;
  readonly bucket: string;
  readonly topic: DrillTopic;
  readonly nowMs: () => number;
}

/** What one look came to. */
export interface WatchdogSight {
  /** The region was out of service for a drill that was over, or too long, and was put back. */
  readonly restored: boolean;
  /** Runs that ended without a word of their own, and were told now. */
  readonly told: readonly string[];
  /** Days since a drill was passed. */
  readonly days: number;
}

const dayMs = 86_400_000;

/**
 * Restores the drilled region when a drill is over or takes too long, whatever became of its execution, and tells what an execution could
 * not tell that was ended from outside.
 */
export class Watchdog {
  constructor(
    private readonly plan: DrillPlan,
    private readonly ports: WatchdogPorts,
  ) {}

  public async look(): Promise<WatchdogSight> {
    // None waits for another: the switch stands in a table of the region that serves, an experiment does not.
    const [restored, ended, executions] = await Promise.allSettled([this.restore(), this.endFaults(), this.ports.executions()]);
    // What is told of a drill says that its region is in service.
    if (restored.status === 'rejected' || executions.status === 'rejected') throw failureOf([restored, ended, executions])!;
    const concluded: string[] = [];
    for (const execution of executions.value) if (await this.conclude(execution)) concluded.push(runId(execution.arn));
    const days = await this.days();
    if (ended.status === 'rejected') throw ended.reason;
    return { restored: restored.value || ended.value, told: concluded, days };
  }

  /** Experiments end by themselves in the end; those of a drill that is over, has put the region back, or lasts too long, end now. */
  private async endFaults(): Promise<boolean> {
    const { faults, statusOf, store, topic } = this.ports;
    const { plan } = this;
    if (!faults) return false;
    const ended = await endForgottenFaults(
      faults,
      async (run, { startedMs }) => {
        if (startedMs !== undefined && this.isTooLong(startedMs)) return true;
        if (!isRunning((await statusOf(run)) ?? '')) return true;
        // Its prober was ended: such a drill has put the region back, and this one began too late for it.
        return (await store.read(drillKeys.end(runId(run)))) !== undefined;
      },
      (run, { id }) => topic.tell(`${plan.systemName}: ${plan.drilled} was put back by the watchdog`, endedText(id, run)),
    );
    return ended > 0;
  }

  private isTooLong(sinceMs: number): boolean {
    return this.ports.nowMs() - sinceMs > this.plan.longestSeconds * 1000;
  }

  /** Where the execution is not known, what is away too long is put back all the same. */
  private async restore(): Promise<boolean> {
    const { switches, statusOf, topic } = this.ports;
    const { plan } = this;
    const mark = await switches.read(plan.drilled);
    const owner = mark && executionOf(mark.owner);
    const late = mark !== undefined && this.isTooLong(mark.at);
    // By its ARN: a list is behind, and has only the newest ones.
    const status = owner === undefined ? undefined : await statusOf(owner).catch(asError);
    const isOver = !(status instanceof Error) && !isRunning(status ?? '');
    const restored = owner !== undefined && (late || isOver);
    if (restored) {
      await switches.clear(plan.drilled, ownerOf(owner));
      await topic.tell(
        `${plan.systemName}: ${plan.drilled} was put back by the watchdog`,
        [
          `The drill ${runId(owner)} ${late ? `had taken ${plan.drilled} away for more than ${plan.longestSeconds} s` : 'was over'}.`,
          'The watchdog has put the region back into service.',
        ].join('\n'),
      );
    }
    if (status instanceof Error) throw status;
    return restored;
  }

  /** What an execution says at its end was not said by one that was stopped, or failed. */
  private async conclude({ arn, status, startedMs, kind, startedBy }: DrillExecution): Promise<boolean> {
    if (isRunning(status)) return false;
    const { store, bucket, topic, nowMs } = this.ports;
    const { plan } = this;
    const id = runId(arn);
    if ((await store.read(drillKeys.result(id))) !== undefined) return false;
    await store.write(drillKeys.end(id), JSON.stringify({ at: nowMs() }));
    const state = status === 'ABORTED' ? 'ABORTED' : 'FAILED';
    const facts = { id, kind, startedBy, startedMs, reasons: [`the execution ended ${status}`] };
    const probed = await store.read<ProbedCalls>(drillKeys.calls(id));
    const evidence = { plan, facts, result: resultOf(plan, facts, state), endedMs: nowMs(), probed };
    const { evidence: kept } = await keepEvidence(store, bucket, evidence);
    await topic.tell(
      `${plan.systemName}: drill of ${plan.drilled} ${state}`,
      [
        `The region drill of ${plan.drilled} ended ${status} before its verdict. ${plan.drilled} is in service.`,
        ...placeOf('Evidence', kept!.bucket, kept!.html),
      ].join('\n'),
    );
    return true;
  }

  private async days(): Promise<number> {
    const { store, nowMs } = this.ports;
    const known = await store.read<{ readonly at: number }>(drillKeys.passed);
    if (known) return (nowMs() - known.at) / dayMs;
    // No drill yet: its time runs from now on.
    await store.write(drillKeys.passed, JSON.stringify({ at: nowMs() }));
    return 0;
  }
}

function endedText(id: string, run: string): string {
  return [
    `The experiment ${id} of the drill ${runId(run)} ran though the drill was over or had put the region back, or longer than it may.`,
    'The watchdog has ended it: the region answers again within a minute.',
  ].join('\n');
}

function isRunning(status: string): boolean {
  return status === 'RUNNING' || status === 'PENDING_REDRIVE';
}
