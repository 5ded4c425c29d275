import type { EndState } from './model';

/** What a state of the machine asks of the function. */
export type StepName =
  | 'begin'
  | 'next'
  | 'prechecks'
  | 'recheck'
  | 'decided'
  | 'shift'
  | 'soak'
  | 'rollback'
  | 'authority'
  | 'authorityBack'
  | 'reconcile'
  | 'drift'
  | 'adopt'
  | 'revert'
  | 'residency'
  | 'retire'
  | 'end';

/** What the state machine sends. Plan and input are not in it: they are looked up. */
export interface StepCall {
  readonly step: StepName;
  /** ARN of the execution. */
  readonly run: string;
  /** What the step before came to. */
  readonly last?: Readonly<Record<string, unknown>>;
  /** What a gate answered. */
  readonly decision?: unknown;
  readonly end?: EndState;
}

/** What a step came to: an outcome that the machine chooses by, and what the next steps need. Never an error for what can be foreseen. */
export interface StepOutcome {
  readonly outcome: string;
  readonly [name: string]: unknown;
}
