import { adopt } from './adopt.service';
import { authority, authorityBack } from './authority.service';
import { begin } from './begin.service';
import { authorityCheck, authorityRecheck, retireCheck } from './closing.service';
import { recordDecision } from './decided.service';
import { drift } from './drift.service';
import { end } from './end.service';
import { next } from './next.service';
import { prechecks, recheck } from './prechecks.service';
import { reconcile } from './reconcile.service';
import { EdgeStep, endOf, refusalOf, StepHandler, StepRequest, StepServices } from './request.service';
import { residency } from './residency.service';
import { retire } from './retire.service';
import { revert } from './revert.service';
import { rollback } from './rollback.service';
import { shift } from './shift.service';
import { soak } from './soak.service';
import { ChainBroken } from '../audit/service';
import { AuthorityMove, OperatePort } from '../checks/authority-move.service';
import { ReplicaPort } from '../checks/reconcile-round.service';
import { ReconcileWindow } from '../checks/reconcile-window.service';
import { Soak } from '../checks/soak.service';
import { CallerCheck, ExecutionsPort } from '../machine/caller.service';
import { carriedResult } from '../machine/carried.domain';
import { StepCall, StepName, StepOutcome, StepResult } from '../machine/contract';
import { warrantFor } from '../machine/warrant.domain';
import { WeightChange } from '../weights/service';

export interface CutoverPorts extends Pick<StepServices, 'log' | 'records' | 'checks' | 'clock' | 'approvals' | 'isRunning'> {
  readonly operate: OperatePort;
  readonly replicas: ReplicaPort;
  readonly executions: ExecutionsPort;
  /** ARN of the one state machine that is served. */
  readonly stateMachineArn: string;
}

/** What a worker is given beside the request. */
export interface StepContext {
  /** Epoch milliseconds until which to answer. */
  readonly deadlineMs: number;
}

type WarrantedStep = Exclude<StepName, EdgeStep>;

/** One handler for each step of the contract. */
const edges: { readonly [Step in EdgeStep]: StepHandler<Step> } = { begin, end };
const steps: { readonly [Step in WarrantedStep]: StepHandler<Step> } = {
  next,
  prechecks,
  recheck,
  decided: recordDecision,
  shift,
  soak,
  rollback,
  authorityCheck,
  authorityRecheck,
  authority,
  authorityBack,
  reconcile,
  drift,
  adopt,
  revert,
  residency,
  retireCheck,
  retire,
};

/** The steps of a cutover. Each can be asked for any number of times, by several workers at once: what is recorded decides. */
export class CutoverSteps {
  private readonly callers: CallerCheck;
  private readonly services: StepServices;

  constructor(ports: CutoverPorts) {
    const { log, records, clock, checks, operate, replicas, executions, stateMachineArn } = ports;
    this.callers = new CallerCheck(executions, stateMachineArn, clock);
    this.services = {
      ...ports,
      weights: new WeightChange(log, records, clock),
      soak: new Soak(log, records, checks, clock),
      authority: new AuthorityMove(log, operate),
      window: new ReconcileWindow(log, replicas, operate, clock),
    };
  }

  public async run(call: StepCall, { deadlineMs }: StepContext): Promise<StepOutcome> {
    const caller = await this.callers.look(call);
    if (caller.kind === 'refused') return refusalOf(caller.why);
    const last = carriedResult(call.last);
    const asked: StepRequest = { ...call, plan: caller.plan, request: caller.request, last, deadlineMs };
    const { log } = this.services;
    try {
      if (last.audit) await log.require({ seq: last.audit.records, hash: last.audit.sha256 });
      const result = isEdge(asked.step) ? await edges[asked.step](this.services, asked) : await this.runWarranted(asked.step, asked);
      // Goes along with the run, so that each step finds the audit that the one before has left.
      const { seq, hash } = log.end();
      return { ...result, audit: { records: seq, sha256: hash } };
    } catch (error) {
      if (!(error instanceof ChainBroken)) throw error;
      // What was seen goes along: on an audit that lacks it not even the end is recorded.
      return asked.step === 'end'
        ? { outcome: 'FAILED', state: 'FAILED', why: error.message, audit: last.audit }
        : { outcome: 'auditBroken', detail: error.message, audit: last.audit };
    }
  }

  private async runWarranted(step: WarrantedStep, asked: StepRequest): Promise<StepResult> {
    const { run, plan, last } = asked;
    const { log } = this.services;
    const state = await log.current();
    // Overtaken, by a rollback for one: whatever this step would do belongs to a run that is over.
    if (state.run?.id !== run) return { outcome: 'superseded', detail: endOf(state, run) };
    const phase = last.phase ?? 0;
    const warrant = warrantFor(step, phase, { run, plan, state, records: log.history() });
    if (warrant.kind === 'unwarranted') return refusalOf(`nothing that is recorded asks for '${step}': ${warrant.why}`);
    if (!Object.hasOwn(steps, step)) throw new Error(`there is no step '${String(step)}'`);
    return steps[step](this.services, { ...asked, phase, state, ...(warrant.decision ? { approval: warrant.decision } : {}) });
  }
}

function isEdge(step: StepName): step is EdgeStep {
  return Object.hasOwn(edges, step);
}
