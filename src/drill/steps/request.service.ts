import { DrillPlan } from '../contract';
import { DrillStepName, DrillStepResults } from '../machine/contract';
import { DrillFacts } from '../model';

/** A step as its handler gets it. */
export interface AskedStep {
  readonly plan: DrillPlan;
  /** ARN of the execution. */
  readonly run: string;
  readonly facts: DrillFacts;
  readonly nowMs: number;
}

/** Does one step for what it needs. Throws for what cannot be foreseen: the machine tries again, and then puts the region back. */
export type DrillHandler<Services, Step extends DrillStepName> = (
  services: Services,
  asked: AskedStep,
) => Promise<DrillStepResults[Step]> | DrillStepResults[Step];

/** Facts with more reasons why the drill is not passed, each once. */
export function because(facts: DrillFacts, reasons: readonly string[]): DrillFacts {
  return { ...facts, reasons: [...new Set([...facts.reasons, ...reasons])] };
}
