import { DrillFacts, DrillResult } from '../model';

/*
 * The one contract of the state machine and the functions that do its steps: each step with what it can come to, and the function that does
 * it. The machine's branches (constructs/definition.ts) and the handlers (steps/) are typed by it. So a branch or a handler that is missing
 * or misspelt does not compile.
 */

interface WithFacts {
  readonly facts: DrillFacts;
}

type Result<Outcome extends string, More = unknown> = Outcome extends string ? WithFacts & More & { readonly outcome: Outcome } : never;

/** What each step can come to. `again`: it is asked once more after a while. */
export interface DrillStepResults {
  readonly checks: Result<'passed' | 'again' | 'failed'>;
  readonly announce: Result<'announced'>;
  readonly before: Result<'seen' | 'again' | 'failed'>;
  readonly takeAway: Result<'taken' | 'failed'>;
  readonly watch: Result<'away' | 'again' | 'failed'>;
  readonly restore: Result<'restored'>;
  readonly comeBack: Result<'back' | 'again' | 'failed'>;
  readonly recheck: Result<'passed' | 'again' | 'failed'>;
  readonly measure: Result<'measured' | 'again' | 'failed'>;
  readonly conclude: Result<'PASSED' | 'FAILED', { readonly result: DrillResult; readonly text: string }>;
}

/** What a state of the machine asks of a function. */
export type DrillStepName = keyof DrillStepResults;

/** Functions that do steps, each with its own rights. */
export type DrillWorker = 'look' | 'region' | 'report';

/** Who does what: what looks changes nothing, what changes a region reads nothing else, and one alone tells people. */
export const drillWorkers = {
  checks: 'look',
  announce: 'report',
  before: 'look',
  takeAway: 'region',
  watch: 'look',
  restore: 'region',
  comeBack: 'look',
  recheck: 'look',
  measure: 'look',
  conclude: 'report',
} as const satisfies Readonly<Record<DrillStepName, DrillWorker>>;

/** Names of a step's outcomes. */
export type DrillOutcomeName<Step extends DrillStepName> = DrillStepResults[Step]['outcome'];

/** Names of the outcomes after which the machine's definition says how to go on. */
export type DrillBranchName<Step extends DrillStepName> = Exclude<DrillOutcomeName<Step>, 'again'>;

/** How a run goes on after each outcome, in the order in which the machine looks at them. */
export const drillOutcomes = {
  checks: { passed: 'branch', again: 'wait', failed: 'branch' },
  announce: { announced: 'branch' },
  before: { seen: 'branch', again: 'wait', failed: 'branch' },
  takeAway: { taken: 'branch', failed: 'branch' },
  watch: { away: 'branch', again: 'wait', failed: 'branch' },
  restore: { restored: 'branch' },
  comeBack: { back: 'branch', again: 'wait', failed: 'branch' },
  recheck: { passed: 'branch', again: 'wait', failed: 'branch' },
  measure: { measured: 'branch', again: 'wait', failed: 'branch' },
  conclude: { PASSED: 'branch', FAILED: 'branch' },
} as const satisfies {
  readonly [Step in DrillStepName]: { readonly [Name in DrillOutcomeName<Step>]: Name extends 'again' ? 'wait' : 'branch' };
};

/** Where a step's outcomes lead: every branch has a place. */
export type DrillBranches<Step extends DrillStepName, State> = { readonly [Name in DrillBranchName<Step>]: State };

/** Steps that a function does. */
export type StepsOf<Worker extends DrillWorker> = {
  [Step in DrillStepName]: (typeof drillWorkers)[Step] extends Worker ? Step : never;
}[DrillStepName];

/** What the state machine was started with. */
export interface DrillRequest {
  readonly kind?: string;
  readonly startedBy?: string;
}

/** What the state machine sends. */
export interface DrillCall {
  readonly step: DrillStepName;
  /** ARN of the execution. */
  readonly run: string;
  readonly request: DrillRequest;
  /** As the step before left them; empty at the beginning. */
  readonly facts: DrillFacts | Record<string, never>;
  /** Of a step that failed for good, as Step Functions tells it; empty where none did. */
  readonly fault: { readonly Error?: string; readonly Cause?: string };
}

export type DrillStepResult = DrillStepResults[DrillStepName];
