import { AuthorityOutcome, CheckReport, SoakOutcome, SoakProgress, WindowOutcome, WindowProgress } from '../checks/model';
import { GateDecision, EndState, OutcomeOf, RunAction, Weights } from '../model';
import { ShiftOutcome } from '../weights/model';

/*
 * The one contract of the state machine and the function that does its steps: each step with what it can come to. The machine's branches
 * (constructs/definition.ts) and the handlers (steps/) are typed by it. So a branch or a handler that is missing or misspelt does not
 * compile.
 */

interface Detailed {
  readonly detail: string;
}

interface AtPhase {
  readonly phase: number;
}

/** The step is asked again after so many seconds. */
interface Waiting {
  readonly waitSeconds: number;
}

/** What people are asked by a gate, and what they are shown. */
interface Question {
  /** What the decision is about, as it is recorded. */
  readonly about: string;
  /** Of what they are shown. */
  readonly digest: string;
  readonly report: unknown;
  readonly subject: string;
  readonly question: string;
}

/** Approvers whose decision a step carries out, and what they were shown: goes along until it is done. */
interface Approved {
  readonly by?: readonly string[];
  readonly digest?: string;
}

/** Route 53's control plane does not answer: waited for, until there is no point in waiting longer. */
type PlaneOutcome = OutcomeOf<'unreachable', Detailed & Waiting & { readonly since: number }> | OutcomeOf<'lost', Detailed>;

type CheckOutcome<Name extends string> =
  OutcomeOf<Name, AtPhase & Approved & Question & Detailed & { readonly report: CheckReport }> | (PlaneOutcome & AtPhase & Approved);

/** What the checks before a change after the phases come to. */
export type ClosingCheckOutcome =
  | OutcomeOf<'passed' | 'failed', AtPhase & Approved & Detailed & { readonly digest: string; readonly report: CheckReport }>
  /** Nothing has failed but for want of an answer. */
  | OutcomeOf<'unanswered', AtPhase & Approved & Detailed & Waiting & { readonly failures: number }>
  | (PlaneOutcome & AtPhase & Approved);

/** A change of weights as the machine sees it: it waits for the name servers, and for the control plane. */
export type WeightsOutcome = (
  | Exclude<ShiftOutcome, { readonly outcome: 'pending' | 'unreachable' | 'drift' }>
  | OutcomeOf<'pending', Waiting & { readonly changeId: string; readonly since: number }>
  | OutcomeOf<'drift', Detailed & { readonly recorded: string; readonly real: string }>
  | PlaneOutcome
) &
  Approved;

/** Why a run is rolled back. */
interface WithReason {
  readonly because?: string;
}

/** What comes next by the record. `soak`: the weights are set, and were not watched long enough. */
export type NextPhase = OutcomeOf<'phase' | 'soak', AtPhase> | OutcomeOf<'complete'> | OutcomeOf<'refused', Detailed>;

export type DecisionOutcome = OutcomeOf<
  Lowercase<GateDecision> | 'forged',
  AtPhase & Detailed & { readonly by: readonly string[]; readonly digest?: string }
>;

/** What each step can come to, beside what any step can: `AnyStepResult`. */
export interface StepResults {
  readonly begin: OutcomeOf<RunAction> | OutcomeOf<'refused', Detailed>;
  readonly next: NextPhase;
  readonly prechecks: CheckOutcome<'ask' | 'passed' | 'failed'>;
  readonly recheck: CheckOutcome<'passed' | 'failed'>;
  readonly decided: DecisionOutcome;
  readonly shift: WeightsOutcome & AtPhase;
  readonly soak: SoakOutcome;
  readonly rollback: WeightsOutcome & WithReason;
  readonly authorityCheck:
    | ClosingCheckOutcome
    | OutcomeOf<'ask', AtPhase & Question & Detailed & { readonly report: CheckReport }>
    /** Every account is at home in the target: nothing is to be moved. */
    | OutcomeOf<'none', AtPhase & Detailed>;
  readonly authorityRecheck: ClosingCheckOutcome;
  readonly authority: AuthorityOutcome;
  readonly authorityBack: AuthorityOutcome & WithReason;
  readonly reconcile: WindowOutcome;
  readonly drift:
    OutcomeOf<'none', Detailed> | OutcomeOf<'adopt' | 'revert', Question & { readonly run: string }> | OutcomeOf<'lost', Detailed>;
  readonly adopt: WeightsOutcome;
  readonly revert: WeightsOutcome;
  readonly residency: OutcomeOf<'ask', Question>;
  readonly retireCheck: ClosingCheckOutcome;
  readonly retire: WeightsOutcome;
  readonly end: OutcomeOf<
    EndState,
    { readonly state: EndState; readonly why: string; readonly weights?: Weights; readonly openIntent?: string }
  >;
}

/** What a state of the machine asks of the function. */
export type StepName = keyof StepResults;

/** Somebody else than the state machine called. */
export const refusedCall = 'refusedCall';

/**
 * What any step can come to. `superseded`: the run is over, overtaken by a rollback for one. `auditBroken`: the record cannot be believed.
 */
export type AnyStepResult =
  | OutcomeOf<'superseded' | 'auditBroken', Detailed>
  | OutcomeOf<typeof refusedCall, Detailed & { readonly state: EndState; readonly why: string }>;

/** Names of a step's own outcomes. */
export type OutcomeName<Step extends StepName> = Exclude<StepResults[Step]['outcome'], AnyStepResult['outcome']>;

type ResultOf<Step extends StepName, Name> = Extract<StepResults[Step], { readonly outcome: Name }>;

/** How a run goes on. `branch`: as the machine's definition says. `wait`: the step is asked again. `pause`: the run ends paused. */
type WayOn<Result> = Result extends Waiting ? 'wait' : 'branch' | 'pause';

const weightsWays = { changed: 'branch', pending: 'wait', unreachable: 'wait', drift: 'pause', refused: 'pause', lost: 'pause' } as const;
const recheckWays = { passed: 'branch', unreachable: 'wait', failed: 'pause', lost: 'pause' } as const;
const closingWays = { passed: 'branch', unanswered: 'wait', unreachable: 'wait', failed: 'pause', lost: 'pause' } as const;
const authorityWays = { moved: 'branch', again: 'wait', stuck: 'pause' } as const;

/** How a run goes on after each outcome, in the order in which the machine looks at them. */
export const stepOutcomes = {
  begin: { cutover: 'branch', rollback: 'branch', adopt: 'branch', revert: 'branch', refused: 'branch' },
  next: { phase: 'branch', soak: 'branch', complete: 'branch', refused: 'branch' },
  prechecks: { ask: 'branch', passed: 'branch', unreachable: 'wait', failed: 'pause', lost: 'pause' },
  recheck: recheckWays,
  decided: { approved: 'branch', rejected: 'branch', expired: 'branch', forged: 'pause' },
  shift: weightsWays,
  soak: { soaked: 'branch', soaking: 'wait', breach: 'branch', held: 'pause', drift: 'pause', blind: 'pause' },
  rollback: weightsWays,
  authorityCheck: { none: 'branch', ask: 'branch', ...closingWays },
  authorityRecheck: closingWays,
  authority: authorityWays,
  authorityBack: authorityWays,
  reconcile: { reconciling: 'wait', reconciled: 'branch', unexplained: 'pause', unread: 'pause' },
  drift: { none: 'branch', adopt: 'branch', revert: 'branch', lost: 'pause' },
  adopt: weightsWays,
  revert: weightsWays,
  residency: { ask: 'branch' },
  retireCheck: closingWays,
  retire: weightsWays,
  end: { SUCCEEDED: 'branch', ROLLED_BACK: 'branch', PAUSED: 'branch', FAILED: 'branch' },
} as const satisfies { readonly [Step in StepName]: { readonly [Name in OutcomeName<Step>]: WayOn<ResultOf<Step, Name>> } };

type Ways<Step extends StepName> = (typeof stepOutcomes)[Step];

/** Names of the outcomes after which the machine's definition says how to go on. */
export type BranchName<Step extends StepName> = {
  [Name in keyof Ways<Step>]: Ways<Step>[Name] extends 'branch' ? Name : never;
}[keyof Ways<Step>];

/** What the steps read of the result before them, where they cannot do without it. */
interface StepNeeds extends Readonly<Record<StepName, unknown>> {
  readonly prechecks: AtPhase;
  readonly recheck: AtPhase;
  readonly shift: AtPhase;
  readonly soak: AtPhase;
  readonly decided: Question;
  readonly residency: Detailed & { readonly digest: string };
}

/** A state to go on with, which needs to find something in the result before it. */
export interface StatePlace<in Needs, State> {
  readonly first: State;
  readonly reads?: (result: Needs) => void;
}

/** Where a step, or a gate that asks people, begins. */
export type StepPlace<Step extends StepName, State> = StatePlace<StepNeeds[Step], State>;

/** After this outcome the run ends paused. */
export const pause = 'pause';

/** Where a step's outcomes lead: every branch has a place, which finds there what it needs. */
export type Branches<Step extends StepName, State> = {
  readonly [Name in BranchName<Step>]: StatePlace<ResultOf<Step, Name>, State> | typeof pause;
};

/** What the state machine sends. Plan and input are not in it: they are looked up. */
export interface StepCall {
  readonly step: StepName;
  /** ARN of the execution. */
  readonly run: string;
  /** What the step before came to: see `CarriedResult`. */
  readonly last?: unknown;
  /** What a gate answered. */
  readonly decision?: unknown;
  readonly end?: EndState;
}

/** As much of the results before as steps read; each goes along for as long as somebody may read it. */
export interface CarriedResult extends Approved, WithReason, SoakProgress {
  readonly outcome?: string;
  readonly phase?: number;
  readonly about?: string;
  readonly detail?: string;
  /** Since when the same is waited for, epoch milliseconds. */
  readonly since?: number;
  readonly changeId?: string;
  readonly failures?: number;
  readonly progress?: WindowProgress;
  /** The audit's end as the step before has seen it. */
  readonly audit?: AuditEnd;
  /** Of a fault, as Step Functions tells it. */
  readonly Error?: string;
  readonly Cause?: string;
}

/** An audit's end as it goes along with a run. */
export interface AuditEnd {
  readonly records: number;
  readonly sha256: string;
}

export type StepResult<Step extends StepName = StepName> = StepResults[Step] | AnyStepResult;

/** What a step came to: an outcome that the machine chooses by, and what the next steps need. Never an error for what can be foreseen. */
export type StepOutcome = StepResult & { readonly audit?: AuditEnd };
