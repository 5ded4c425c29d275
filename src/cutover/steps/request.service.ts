import { ApprovalStore } from '../../approvals/ports';
import { CutoverState } from '../audit/domain';
import { AuditClock, AuditLog } from '../audit/service';
import { AuthorityMove } from '../checks/authority-move.service';
import { CheckReads } from '../checks/model';
import { ReconcileWindow } from '../checks/reconcile-window.service';
import { Soak } from '../checks/soak.service';
import { CutoverPlan } from '../contract';
import { AnyStepResult, CarriedResult, refusedCall, StepName, StepResult } from '../machine/contract';
import { DecisionRecord } from '../machine/warrant.domain';
import { EndState } from '../model';
import { RecordsPort, WeightChange } from '../weights/service';

/** What the steps work with. */
export interface StepServices {
  readonly log: AuditLog;
  readonly records: RecordsPort;
  readonly checks: CheckReads;
  readonly clock: AuditClock;
  /** The gate's requests, as last written; absent without a gate. */
  readonly approvals?: Pick<ApprovalStore, 'read'>;
  /** Whether an execution still runs. Throws when that cannot be told. */
  readonly isRunning: (run: string) => Promise<boolean>;
  readonly weights: WeightChange;
  readonly soak: Soak;
  readonly authority: AuthorityMove;
  readonly window: ReconcileWindow;
}

/** A step of a run with all that it may believe, so any worker can do any step again. */
export interface StepRequest {
  readonly step: StepName;
  /** ARN of the execution. */
  readonly run: string;
  readonly plan: CutoverPlan;
  /** The execution's input. */
  readonly request: unknown;
  /** What the steps before came to. */
  readonly last: CarriedResult;
  /** What a gate answered. */
  readonly decision?: unknown;
  /** How the run ends, at its end. */
  readonly end?: EndState;
  /** Epoch milliseconds until which to answer. */
  readonly deadlineMs: number;
}

/** A step that what is recorded asks for. */
export interface WarrantedRequest extends StepRequest {
  readonly phase: number;
  readonly state: CutoverState;
  /** The recorded approval that the step rests on, where people were asked. */
  readonly approval?: DecisionRecord;
}

/** The first and the last step of a run need no warrant. */
export type EdgeStep = 'begin' | 'end';

/** Does one step. Can be asked for any number of times, by several workers at once. */
export type StepHandler<Step extends StepName> = (
  services: StepServices,
  asked: Step extends EdgeStep ? StepRequest : WarrantedRequest,
) => Promise<StepResult<Step>>;

/** How a run that is over stands, for a step that still asks. */
export function endOf({ run, ended }: CutoverState, asked: string): string {
  if (ended?.run === asked) return `the run has ended ${ended.state}: ${ended.why}`;
  return run ? `run ${run.id} has taken over` : 'the run has ended';
}

/** The refusal of a call; also what the machine reads, should it have been the caller after all. */
export function refusalOf(why: string): AnyStepResult {
  return { outcome: refusedCall, state: 'FAILED', why, detail: why };
}
