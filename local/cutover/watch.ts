import { historyOf, readAudit, type AuditSight } from './audit';
import type { CutoverRunState, CutoverView, OpenApproval, PhaseView } from './model';
import type { PlannedMachine } from './plan';
import { weightsOf } from '../../src/cutover/audit/domain';
import type { AuditEntry } from '../../src/cutover/model';
import { recordedChecks } from '../../src/cutover/report/domain';
import { homeStatusName } from '../../src/ledger/contract';
import type { CutoverFabric, Dns, ExecutionView, RegionHandle } from '../ground/model';

export interface CutoverWatchDeps extends PlannedMachine {
  readonly fabric: CutoverFabric;
  readonly dns: Pick<Dns, 'status'>;
  readonly regions: readonly RegionHandle[];
  /** Epoch milliseconds; for tests. */
  readonly now?: () => number;
}

/** What was read is good for so long. */
const auditFreshMs = 700;
const homeFreshMs = 2_000;
/** Longest that an answer waits for a region that says nothing; then it is what was known. */
const patienceMs = 3_000;

const emptySight: AuditSight = {
  verification: { records: [], problems: [], anchor: { seq: 0, hash: 'none' }, signatures: { verified: [] } },
  lines: [],
};

/** How a cutover stands: by its executions, its audit, the public name's records and the operator's functions. */
export class CutoverWatch {
  private readonly audit: Memo<AuditSight>;
  private readonly home: Memo<string | undefined>;

  constructor(private readonly deps: CutoverWatchDeps) {
    const { fabric, plan, machine } = deps;
    const now = deps.now ?? Date.now;
    this.audit = new Memo(auditFreshMs, now, emptySight, () =>
      this.runs(machine.region) ? readAudit(fabric, machine.region, plan.systemName) : undefined,
    );
    this.home = new Memo<string | undefined>(homeFreshMs, now, undefined, () => this.askHome());
  }

  public get plan(): PlannedMachine['plan'] {
    return this.deps.plan;
  }

  /** How things stand, as of now. */
  public async look(): Promise<CutoverView> {
    const { fabric, machine } = this.deps;
    const ended = fabric.executions().find(({ machine: name }) => name === machine.name)?.endedAt;
    // A run that has ended is not shown with what was recorded while it ran.
    await Promise.all([this.audit.refresh(ended === undefined ? undefined : Date.parse(ended)), this.home.refresh()]);
    return this.latest();
  }

  /** How things stood when somebody last looked, with what is known without asking; looks again for the next one. */
  public latest(): CutoverView {
    const { fabric, plan, machine } = this.deps;
    const sight = this.audit.value;
    const execution = fabric.executions().find(({ machine: name }) => name === machine.name);
    const state = stateOf(execution);
    const phase = this.phaseOf(sight, execution);
    return {
      state,
      phase,
      phases: phasesOf(plan.phases, phase, state),
      weights: this.weights(sight),
      home: this.home.value,
      history: historyOf(sight),
      openApproval: this.openApproval(sight, execution),
      source: plan.source,
      target: plan.target,
      approvers: [...new Set(fabric.gates.flatMap(({ approvers }) => approvers))],
      ...(execution
        ? {
            step: execution.status === 'RUNNING' ? execution.state : undefined,
            why: whyOf(execution),
            execution: execution.arn,
            startedBy: startedBy(execution),
          }
        : {}),
      checks: checksOf(sight),
      reconciliation: reconciliationOf(sight, execution),
    };
  }

  /** Looks without anybody waiting for it. */
  public nudge(): void {
    void this.audit.refresh();
    void this.home.refresh();
  }

  public async records(): Promise<AuditSight> {
    await this.audit.refresh();
    return this.audit.value;
  }

  public execution(): ExecutionView | undefined {
    return this.deps.fabric.executions().find(({ machine }) => machine === this.deps.machine.name);
  }

  private runs(region: string): boolean {
    return this.deps.regions.find(({ name }) => name === region)?.state === 'running';
  }

  private weights({ state }: AuditSight): Record<string, number> {
    const { plan, dns } = this.deps;
    const own = dns.status().filter(({ name, weight, region }) => name === plan.publicName && weight !== undefined && region !== undefined);
    const weights: Record<string, number> = { [plan.source]: 0, [plan.target]: 0 };
    for (const { region, weight } of own) weights[region!] = weight!;
    if (own.length > 0 || !state?.recorded) return weights;
    const recorded = weightsOf(state.recorded.shape);
    return { [plan.source]: recorded.source, [plan.target]: recorded.target };
  }

  private phaseOf({ state }: AuditSight, execution: ExecutionView | undefined): number {
    const { phases } = this.deps.plan;
    const share = state?.recorded ? weightsOf(state.recorded.shape).target : 0;
    const done = phases.filter(({ target }) => target <= share).length;
    const under = (execution?.data as { last?: { phase?: number } } | undefined)?.last?.phase;
    return execution?.status === 'RUNNING' && under !== undefined ? Math.max(done, under + 1) : done;
  }

  /** The one that people were told of last, while the execution waits and nothing is recorded of it. */
  private openApproval({ lines }: AuditSight, execution: ExecutionView | undefined): OpenApproval | undefined {
    if (execution?.status !== 'RUNNING' || !execution.waitsForToken) return undefined;
    const letters = [...this.deps.fabric.mail()].reverse().flatMap(({ at, subject, links }) =>
      links.flatMap((url) => {
        const approvalId = approvalIdOf(url);
        return approvalId === undefined ? [] : [{ approvalId, url, subject, at }];
      }),
    )[0];
    if (!letters || letters.at < execution.startedAt) return undefined;
    const decided = lines.some(({ entry, key }) => entry.what === 'decision' && key.endsWith(`/${letters.approvalId}`));
    return decided ? undefined : letters;
  }

  private askHome(): Promise<string | undefined> | undefined {
    const { fabric, plan } = this.deps;
    const region = [plan.target, plan.source].find((name) => this.runs(name));
    if (plan.mode !== 'HOME_REGION' || region === undefined) return undefined;
    return fabric
      .invoke(region, homeStatusName(plan.systemName), { action: 'status' })
      .then(
        (answer: { units?: readonly { home: string }[] }) =>
          [...new Set((answer.units ?? []).map(({ home }) => home))].join(', ') || undefined,
      );
  }
}

/** The ID in the address of an approval's page. */
export function approvalIdOf(url: string): string | undefined {
  return /\/approvals\/([A-Za-z0-9_-]{22})$/.exec(url.split(/[?#]/)[0])?.[1];
}

/** Something that takes time to read, read at most so often, and by one reader at a time. */
class Memo<T> {
  private at = -Infinity;
  private reading?: Promise<void>;

  constructor(
    private readonly freshMs: number,
    private readonly now: () => number,
    public value: T,
    private readonly read: () => Promise<T> | undefined,
  ) {}

  /** Never rejects, and does not wait for ever: what cannot be read stays as it was. What was read before `since` is not fresh. */
  public async refresh(since = -Infinity): Promise<void> {
    if (this.now() - this.at < this.freshMs && this.at >= since) return;
    this.reading ??= this.take().finally(() => {
      this.reading = undefined;
    });
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      this.reading,
      new Promise<void>((resolve) => {
        timer = setTimeout(resolve, patienceMs);
      }),
    ]);
    clearTimeout(timer);
  }

  private async take(): Promise<void> {
    const begun = this.now();
    try {
      const value = await this.read();
      if (value !== undefined) this.value = value;
      this.at = begun;
    } catch {
      /* asked again by whoever looks next */
    }
  }
}

function stateOf(execution: ExecutionView | undefined): CutoverRunState {
  if (!execution) return 'NOT_STARTED';
  if (execution.status === 'RUNNING') return 'RUNNING';
  const said = (execution.output as { state?: unknown } | undefined)?.state;
  return execution.status === 'SUCCEEDED' && (said === 'SUCCEEDED' || said === 'ROLLED_BACK' || said === 'PAUSED') ? said : 'FAILED';
}

function whyOf({ output, cause, error, status }: ExecutionView): string | undefined {
  if (status === 'RUNNING') return undefined;
  const why = (output as { why?: unknown } | undefined)?.why;
  return typeof why === 'string' ? why : (cause ?? error ?? (status === 'SUCCEEDED' ? undefined : status.toLowerCase()));
}

function startedBy({ input }: ExecutionView): string | undefined {
  const name = (input as { startedBy?: unknown } | undefined)?.startedBy;
  return typeof name === 'string' ? name : undefined;
}

function phasesOf(
  phases: readonly { readonly target: number; readonly soakSeconds: number }[],
  current: number,
  state: CutoverRunState,
): PhaseView[] {
  return phases.map(({ target, soakSeconds }, index) => ({
    targetPercent: target,
    soakSeconds,
    state: index + 1 < current || (index + 1 === current && state !== 'RUNNING') ? 'done' : index + 1 === current ? 'current' : 'later',
  }));
}

function lastOf<W extends AuditEntry['what']>({ lines }: AuditSight, what: W): Extract<AuditEntry, { what: W }> | undefined {
  for (let at = lines.length - 1; at >= 0; at -= 1) {
    if (lines[at].entry.what === what) return lines[at].entry as Extract<AuditEntry, { what: W }>;
  }
  return undefined;
}

function checksOf(sight: AuditSight): CutoverView['checks'] {
  const entry = lastOf(sight, 'prechecks');
  if (!entry) return undefined;
  const checks = recordedChecks(entry).map(({ name, found, allowed, passed }) => ({
    name,
    passed: passed === true,
    value: found,
    allowed,
  }));
  return { phase: entry.phase + 1, passed: entry.passed, checks };
}

/** What is recorded of it, or how far the window is. */
function reconciliationOf(sight: AuditSight, execution: ExecutionView | undefined): CutoverView['reconciliation'] {
  const { outcome, progress } =
    (execution?.status === 'RUNNING'
      ? (execution.data as { last?: { outcome?: string; progress?: { rounds: number } } } | undefined)?.last
      : undefined) ?? {};
  if (outcome === 'reconciling' && progress) {
    return { rounds: progress.rounds, summary: 'the regions are being compared', unexplained: 0, final: false };
  }
  const entry = lastOf(sight, 'reconciled');
  return entry && { rounds: entry.rounds, summary: entry.summary, unexplained: entry.unexplained, final: entry.final };
}
