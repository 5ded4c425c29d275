import { CallerCheck, ExecutionsPort } from './caller.service';
import { decisionOf, driftAbout, nextPhase, otherRegions, phaseAbout, phaseQuestion, residencyAbout, runRequestOf } from './phases.domain';
import { recordedDecision } from './recorded-decision.domain';
import { DecisionRecord, warrantFor } from './warrant.domain';
import { ApprovalResult } from '../../approvals/model';
import { ApprovalStore } from '../../approvals/ports';
import { checkText, failingFirst } from '../../approvals/report-shape.domain';
import { digestOf } from '../../kernel/digest';
import { Json } from '../../kernel/fingerprint';
import { CutoverState, weightsOf } from '../audit/domain';
import { AuditClock, AuditLog, ChainBroken } from '../audit/service';
import { AuthorityMove, OperatePort } from '../checks/authority-move.service';
import { OwnCheckPorts, runPrechecks } from '../checks/precheck.service';
import { ReplicaPort } from '../checks/reconcile-round.service';
import { ReconcileWindow, WindowProgress } from '../checks/reconcile-window.service';
import { Soak } from '../checks/soak.service';
import { AuditAnchor, cutoverLimits, CutoverPlan } from '../contract';
import { RecordShape } from '../model';
import { StepCall, StepOutcome } from '../ports';
import { changedSince, describeShape, driftOf, Found, isExplained, sharesOf, withTargetShare } from '../weights/domain';
import { ControlPlaneUnreachable, RecordsPort, ShiftOutcome, WeightChange, WeightOrder } from '../weights/service';

export interface CutoverPorts {
  readonly log: AuditLog;
  readonly records: RecordsPort;
  readonly checks: OwnCheckPorts;
  readonly operate: OperatePort;
  readonly replicas: ReplicaPort;
  readonly clock: AuditClock;
  readonly executions: ExecutionsPort;
  /** The gate's requests, as last written; absent without a gate. */
  readonly approvals?: Pick<ApprovalStore, 'read'>;
  /** ARN of the one state machine that is served. */
  readonly stateMachineArn: string;
  /** Whether an execution still runs. Throws when that cannot be told. */
  readonly isRunning: (run: string) => Promise<boolean>;
}

/** A step of a run with all that it may believe, so any worker can do any step again. */
interface StepRequest extends StepCall {
  readonly plan: CutoverPlan;
  /** The execution's input. */
  readonly request: unknown;
  /** The recorded approval that the step rests on, where people were asked. */
  readonly approval?: DecisionRecord;
}

/** Somebody else than the state machine called. */
export const refusedCall = 'refusedCall';

/** What a worker is given beside the request. */
export interface StepContext {
  /** Epoch milliseconds until which to answer. */
  readonly deadlineMs: number;
}

/** A question for who is home is answered in less, or not at all. */
const statusMs = 10_000;

/** The steps of a cutover. Each can be asked for any number of times, by several workers at once: what is recorded decides. */
export class CutoverSteps {
  private readonly callers: CallerCheck;
  private readonly weights: WeightChange;
  private readonly soak: Soak;
  private readonly authority: AuthorityMove;
  private readonly window: ReconcileWindow;

  constructor(private readonly ports: CutoverPorts) {
    const { log, records, clock, checks, operate, replicas, executions, stateMachineArn } = ports;
    this.callers = new CallerCheck(executions, stateMachineArn, clock);
    this.weights = new WeightChange(log, records, clock);
    this.soak = new Soak(log, checks, clock);
    this.authority = new AuthorityMove(log, operate);
    this.window = new ReconcileWindow(log, replicas, operate, clock);
  }

  public async run(call: StepCall, context: StepContext): Promise<StepOutcome> {
    const found = await this.callers.look(call);
    if (found.kind === 'refused') return refusalOf(found.why);
    const asked: StepRequest = { ...call, plan: found.plan, request: found.request };
    try {
      const seen = anchorIn(call.last?.audit);
      if (seen) await this.ports.log.require(seen);
      const outcome = await this.known(asked, context);
      // Goes along with the run, so that each step finds the audit that the one before has left.
      return { ...outcome, audit: auditOf(this.ports.log.end()) };
    } catch (error) {
      if (error instanceof ChainBroken) {
        // What was seen goes along: on an audit that lacks it not even the end is recorded.
        const { audit } = call.last ?? {};
        return asked.step === 'end'
          ? { outcome: 'FAILED', state: 'FAILED', why: error.message, audit }
          : { outcome: 'auditBroken', detail: error.message, audit };
      }
      throw error;
    }
  }

  private async known(asked: StepRequest, context: StepContext): Promise<StepOutcome> {
    if (asked.step === 'begin') return this.begin(asked);
    if (asked.step === 'end') return this.end(asked);
    const state = await this.ports.log.current();
    // Overtaken, by a rollback for one: whatever this step would do belongs to a run that is over.
    if (state.run?.id !== asked.run) return { outcome: 'superseded', detail: endOf(state, asked.run) };
    const warrant = warrantFor(asked.step, Number(asked.last?.phase ?? 0), { ...asked, state, records: this.ports.log.history() });
    if (warrant.kind === 'unwarranted') return refusalOf(`nothing that is recorded asks for '${asked.step}': ${warrant.why}`);
    return this.step({ ...asked, ...(warrant.decision ? { approval: warrant.decision } : {}) }, state, context);
  }

  private async step(asked: StepRequest, state: CutoverState, { deadlineMs }: StepContext): Promise<StepOutcome> {
    const { run, plan, last = {} } = asked;
    const phase = Number(last.phase ?? 0);
    const failures = Number(last.failures ?? 0);
    const timeoutMs = Math.max(1_000, deadlineMs - this.ports.clock.nowMs());
    switch (asked.step) {
      case 'next':
        return { ...nextPhase(state, plan) };
      case 'prechecks':
      case 'recheck':
        return this.prechecks(asked, state, phase);
      case 'decided':
        return this.decided(asked, last);
      case 'shift':
        return this.shift(
          asked,
          { key: `${run}/phase-${phase}`, kind: 'shift', phase, to: (is) => withTargetShare(required(is), plan.phases[phase].target) },
          deadlineMs,
        );
      case 'rollback':
        return withReason(await this.shift(asked, { key: `${run}/rollback`, kind: 'rollback', to: backToSource }, deadlineMs), last);
      case 'revert':
        return this.shift(
          asked,
          { key: `${run}/revert`, kind: 'revert', force: true, to: revertOf(asked.approval?.entry.digest) },
          deadlineMs,
        );
      case 'retire':
        return this.shift(
          asked,
          { key: `${run}/retire`, kind: 'retire', to: (is) => ({ ttlSeconds: required(is).ttlSeconds, target: required(is).target }) },
          deadlineMs,
        );
      case 'adopt':
        return this.patiently(asked, await this.weights.adopt(run, asked.approval?.by ?? [], asked.approval?.entry.digest));
      case 'soak':
        return { ...(await this.soak.look(run, plan, phase, Number(last.unreadable ?? 0))) };
      case 'authority':
        return { ...(await this.authority.forward(run, plan, failures, timeoutMs)) };
      case 'authorityBack':
        return withReason({ ...(await this.authority.back(run, plan, failures, timeoutMs)) }, last);
      case 'reconcile':
        return { ...(await this.window.round(run, plan, last.progress as WindowProgress | undefined, deadlineMs)) };
      case 'drift':
        return this.drift(asked, state);
      case 'residency':
        return residencyQuestion(plan, last);
      default:
        throw new Error(`there is no step '${String(asked.step)}'`);
    }
  }

  private async begin({ run, plan, request }: StepRequest): Promise<StepOutcome> {
    const wanted = runRequestOf(request);
    if (typeof wanted === 'string') return { outcome: 'refused', detail: wanted };
    const { action, reason, startedBy, attested } = wanted;
    // A rollback works by sides, on whatever stands there: nothing keeps people from it.
    const problem = (now: CutoverState): string | undefined => (action === 'rollback' ? undefined : otherRegions(now, plan));
    const before = await this.ports.log.current();
    const detail = problem(before);
    if (detail) return { outcome: 'refused', detail };
    const { run: other } = before;
    // A run that is over does not begin again, and overtakes nobody.
    if (other?.id !== run && before.keys.has(`${run}/started`)) return { outcome: 'superseded', detail: endOf(before, run) };
    if (other && other.id !== run) {
      const runs = await this.ports.isRunning(other.id);
      if (runs && action !== 'rollback') {
        return { outcome: 'refused', detail: `run ${other.id} is under way: wait for its end, or start a rollback, which overtakes it` };
      }
      await this.ports.log.append((state) =>
        state.run?.id === other.id
          ? {
              key: `${other.id}/ended`,
              by: [startedBy],
              entry: {
                what: 'ended',
                run: other.id,
                state: 'PAUSED',
                why: runs ? `overtaken by the rollback ${run}` : 'its execution ended without recording its end',
              },
            }
          : undefined,
      );
    }
    const state = await this.ports.log.append((now) =>
      problem(now) || (now.run && now.run.id !== run)
        ? undefined
        : {
            key: `${run}/started`,
            by: [startedBy],
            entry: {
              what: 'started',
              run,
              action,
              reason,
              plan: digestOf(plan as unknown as Json),
              phases: plan.phases.map(({ target }) => target),
              attested,
            },
          },
    );
    if (state.run?.id !== run) {
      return { outcome: 'refused', detail: problem(state) ?? `run ${state.run?.id ?? run} was begun at the same time` };
    }
    return { outcome: action };
  }

  private async prechecks(asked: StepRequest, state: CutoverState, phase: number): Promise<StepOutcome> {
    const { run, plan, step, last = {} } = asked;
    const { clock, checks, records, log } = this.ports;
    const away = await this.controlPlaneAway();
    // Without it nothing can be moved, and half of the checks say nothing: waited for, not reported as a failure of theirs.
    if (away) return this.patiently(asked, away, phase);
    const report = await runPrechecks(
      { ...bound(checks), records, homes: () => this.authority.homes(plan, statusMs) },
      clock,
      plan,
      state,
      phase,
    );
    const failed = report.checks.filter(({ passed }) => !passed);
    await log.append(() => ({
      key: `${run}/phase-${phase}/${step}/${report.digest.slice(0, 16)}`,
      by: [run],
      entry: {
        what: 'prechecks',
        run,
        phase,
        passed: report.passed,
        digest: report.digest,
        failed: failed.map(({ name }) => name),
        checks: failingFirst(report.checks).map(({ name, passed, value, allowed }) => checkText({ name, passed, found: value, allowed })),
      },
    }));
    const from = state.recorded ? sharesOf(state.recorded.shape).target : 0;
    return {
      outcome: report.passed ? (plan.phases[phase].gate && step === 'prechecks' ? 'ask' : 'passed') : 'failed',
      phase,
      ...approvedBy(last),
      digest: report.digest,
      report,
      about: phaseAbout(plan, phase),
      ...phaseQuestion(plan, phase, from),
      detail: failed.map(({ name, value, mend }) => `${name}: ${value}; ${mend}`).join(' | '),
    };
  }

  private async controlPlaneAway(): Promise<ShiftOutcome | undefined> {
    try {
      await this.ports.records.read();
      return undefined;
    } catch (error) {
      if (error instanceof ControlPlaneUnreachable) return { outcome: 'unreachable', detail: error.message };
      throw error;
    }
  }

  private async decided({ run, decision }: StepRequest, last: Readonly<Record<string, unknown>>): Promise<StepOutcome> {
    const about = String(last.about ?? 'the run');
    const { approvalId = '', reason } = (decision ?? {}) as Partial<ApprovalResult>;
    const nobody = (outcome: string, why: string): StepOutcome => ({
      outcome,
      phase: last.phase ?? 0,
      by: [],
      digest: last.digest,
      detail: `${about}: ${why}`,
    });
    // The gate has no record of these: they come from the machine itself, and approve nothing.
    if (reason === 'UNANSWERED') return nobody('expired', 'the gate did not answer, so no decision was made in time');
    if (reason === 'FORGED') return nobody('forged', 'the execution was answered by another caller than the gate');
    const result = recordedDecision({ run, about, digest: String(last.digest) }, approvalId, await this.ports.approvals?.read(approvalId));
    if (typeof result === 'string') return refusalOf(result);
    const made = decisionOf(result);
    await this.ports.log.append(() => ({
      key: `${run}/decision/${result.approvalId}`,
      by: result.by,
      entry: {
        what: 'decision',
        run,
        about,
        decision: made,
        comments: result.comments.map(({ name, comment }) => (comment ? `${name}: ${comment}` : name)),
        ...(typeof last.digest === 'string' ? { digest: last.digest } : {}),
      },
    }));
    const detail =
      made === 'APPROVED'
        ? ''
        : `${about}: ${made === 'REJECTED' ? `rejected by ${result.by.join(', ')}` : 'no decision was made in time'}`;
    return { outcome: made.toLowerCase(), phase: last.phase ?? 0, by: result.by, digest: last.digest, detail };
  }

  private async shift(
    asked: StepRequest,
    order: Pick<WeightOrder, 'key' | 'kind' | 'to'> & Partial<WeightOrder>,
    deadlineMs: number,
  ): Promise<StepOutcome> {
    const { run, last = {} } = asked;
    const changeId = typeof last.changeId === 'string' ? last.changeId : undefined;
    const outcome = await this.weights.carryOut({
      run,
      by: asked.approval?.by ?? [run],
      deadlineMs,
      ...order,
      ...(changeId ? { changeId } : {}),
    });
    return this.patiently(asked, outcome, order.phase);
  }

  /** Adds to a change's outcome how long to wait, or that there is no point in waiting longer. */
  private async patiently({ step, plan, run, last = {} }: StepRequest, outcome: ShiftOutcome, phase?: number): Promise<StepOutcome> {
    const { log, clock } = this.ports;
    const carried = { ...(phase === undefined ? {} : { phase }), ...approvedBy(last) };
    if (outcome.outcome !== 'unreachable' && outcome.outcome !== 'pending') {
      return {
        ...carried,
        ...outcome,
        ...(outcome.outcome === 'drift'
          ? { detail: `records are not as recorded: found ${outcome.real}; recorded ${outcome.recorded}` }
          : {}),
      };
    }
    const same = last.outcome === outcome.outcome && typeof last.since === 'number';
    const since = same ? Number(last.since) : clock.nowMs();
    const waited = (clock.nowMs() - since) / 1000;
    if (outcome.outcome === 'pending') {
      return waited < cutoverLimits.syncPatienceSeconds
        ? { ...carried, ...outcome, since, waitSeconds: cutoverLimits.syncWaitSeconds }
        : {
            ...carried,
            outcome: 'refused',
            detail: `change ${outcome.changeId} has not reached the name servers in ${Math.floor(waited)} s`,
          };
    }
    await log.append(() => ({
      key: `${run}/${step}/unreachable/${since}`,
      by: [run],
      entry: { what: 'unreachable', run, step, detail: outcome.detail },
    }));
    const { onLoss, waitSeconds, pollSeconds } = plan.controlPlane;
    if (onLoss === 'END' || waited >= waitSeconds) {
      return {
        ...carried,
        outcome: 'lost',
        detail: `${outcome.detail}; no weight can be moved: health checks alone move the traffic until it is back`,
      };
    }
    return { ...carried, ...outcome, since, waitSeconds: pollSeconds };
  }

  private async drift({ run }: StepRequest, state: CutoverState): Promise<StepOutcome> {
    try {
      const found = await this.ports.records.read();
      const { digest, ...shown } = driftOf(state, found);
      if (isExplained(state, found)) return { outcome: 'none', detail: 'the records are as recorded: there is nothing to adopt or revert' };
      const action = state.run?.action === 'adopt' ? 'adopt' : 'revert';
      const about = driftAbout(action);
      return {
        outcome: action,
        run,
        about,
        digest,
        report: shown,
        subject: `${action === 'adopt' ? 'Adopt' : 'Revert'} weights changed by hand?`,
        question:
          `Found: ${shown.found}. Recorded: ${shown.recorded}. Approving will ` +
          `${action === 'adopt' ? 'record the weights that were found as the right ones' : 'put back what is recorded'}.`,
      };
    } catch (error) {
      if (error instanceof ControlPlaneUnreachable) return { outcome: 'lost', detail: error.message };
      throw error;
    }
  }

  private async end({ run, end = 'FAILED', last = {} }: StepRequest): Promise<StepOutcome> {
    const fault = typeof last.Error === 'string' ? `${last.Error}: ${String(last.Cause ?? '')}` : undefined;
    const why = String(
      [last.because, last.detail, fault, last.outcome].find((text) => typeof text === 'string' && text !== '') ?? 'no reason given',
    ).slice(0, 2_000);
    // A run that was refused at its beginning leaves nothing: who only starts executions must not fill the audit.
    const state = await this.ports.log.append((now) =>
      now.keys.has(`${run}/started`) ? { key: `${run}/ended`, by: [run], entry: { what: 'ended', run, state: end, why } } : undefined,
    );
    const told = this.ports.log.history().find(({ key }) => key === `${run}/ended`)?.entry;
    const ended = told?.what === 'ended' ? { state: told.state, why: told.why } : { state: end, why };
    const open = state.open[state.open.length - 1];
    return {
      outcome: ended.state,
      ...ended,
      weights: state.recorded ? weightsOf(state.recorded.shape) : undefined,
      // Meant and perhaps made: the next run settles it.
      ...(open ? { openIntent: `record ${open.seq}: ${open.kind} to ${describeShape(open.to)}` } : {}),
    };
  }
}

const auditOf = ({ seq, hash }: AuditAnchor): object => ({ records: seq, sha256: hash });

/** The end of the audit as the step before has seen it; it is the machine's word, as is all of a call. */
function anchorIn(audit: unknown): AuditAnchor | undefined {
  const { records: seq, sha256: hash } = (typeof audit === 'object' && audit !== null ? audit : {}) as Readonly<Record<string, unknown>>;
  return typeof seq === 'number' && seq > 0 && typeof hash === 'string' ? { seq, hash } : undefined;
}

function refusalOf(why: string): StepOutcome {
  // Also what the machine reads, should it have been the caller after all.
  return { outcome: refusedCall, state: 'FAILED', why, detail: why };
}

function required(shape: RecordShape | undefined): RecordShape {
  if (!shape) throw new Error('there are no records of the public name: deploy the stack that makes them');
  return shape;
}

function backToSource(is: RecordShape | undefined): RecordShape | string {
  return required(is).source
    ? withTargetShare(required(is), 0)
    : "the source's role has ended: a rollback is not possible any more. Deploy another cutover and run it";
}

/** What was changed by hand is put back as recorded, if it is still what people were shown. */
const revertOf =
  (shown: unknown) =>
  (_is: RecordShape | undefined, now: CutoverState, found: Found): RecordShape | string =>
    driftOf(now, found).digest === shown ? required(now.recorded?.shape) : changedSince(found);

const goesOn: readonly string[] = ['changed', 'moved', 'pending', 'unreachable', 'again'];

/** Why it is rolled back goes along for as long as the rollback does; what ends it otherwise speaks for itself. */
function withReason(outcome: StepOutcome, { because, detail }: Readonly<Record<string, unknown>>): StepOutcome {
  return goesOn.includes(outcome.outcome) ? { ...outcome, because: because ?? detail ?? 'asked for' } : outcome;
}

const approversOf = (last: Readonly<Record<string, unknown>>): readonly string[] => (Array.isArray(last.by) ? last.by.map(String) : []);

/** Who approved it, if anybody was asked, and the digest of what they were shown: goes along until it is done. */
function approvedBy(last: Readonly<Record<string, unknown>>): { readonly by?: readonly string[]; readonly digest?: unknown } {
  const by = approversOf(last);
  return by.length > 0 ? { by, digest: last.digest } : {};
}

function endOf({ run, ended }: CutoverState, asked: string): string {
  if (ended?.run === asked) return `the run has ended ${ended.state}: ${ended.why}`;
  return run ? `run ${run.id} has taken over` : 'the run has ended';
}

function residencyQuestion(plan: CutoverPlan, last: Readonly<Record<string, unknown>>): StepOutcome {
  return {
    outcome: 'ask',
    about: residencyAbout(plan),
    digest: last.digest,
    report: last.detail,
    subject: `${plan.systemName}: end the role of ${plan.source}?`,
    question:
      `All of ${plan.publicName} goes to ${plan.target}. Approving takes ${plan.source} out of the public name, so that no health ` +
      `check sends traffic back there; no data is deleted. ` +
      'A rollback is not possible afterwards. Rejecting keeps it as it is.',
  };
}

/** A port's methods, so that they can stand beside others. */
function bound(checks: OwnCheckPorts): OwnCheckPorts {
  return {
    metric: (...asked) => checks.metric(...asked),
    alarms: (...asked) => checks.alarms(...asked),
    queueDepth: (...asked) => checks.queueDepth(...asked),
    lambdaConcurrency: (region) => checks.lambdaConcurrency(region),
    apiThrottles: (region) => checks.apiThrottles(region),
    ownCheck: (...asked) => checks.ownCheck(...asked),
  };
}
