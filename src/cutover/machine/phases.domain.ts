import { ApprovalResult } from '../../approvals/model';
import { plainSeconds } from '../../approvals/report-shape.domain';
import { CutoverState, samePair } from '../audit/domain';
import { CutoverPlan } from '../contract';
import { GateDecision, RunAction } from '../model';
import { NextPhase } from './contract';
import { sharesOf } from '../weights/domain';

/** What a run is asked, as it is given to the state machine. */
export interface RunRequest {
  readonly action: RunAction;
  readonly reason: string;
  /** Who started it: an IAM principal or the verified subject of a token. */
  readonly startedBy: string;
  readonly attested: Readonly<Record<string, string>>;
}

const actions: readonly RunAction[] = ['cutover', 'rollback', 'adopt', 'revert'];

/** Reads a run's request; a text says what is wrong with it. */
export function runRequestOf(request: unknown): RunRequest | string {
  const {
    action = 'cutover',
    reason = '',
    startedBy,
    attested = {},
  } = (typeof request === 'object' && request !== null ? request : {}) as Readonly<Record<string, unknown>>;
  const known = actions.find((name) => name === action);
  if (known === undefined) return `'action' is ${JSON.stringify(action)}: give one of ${actions.join(', ')}`;
  if (typeof startedBy !== 'string' || startedBy.trim() === '') {
    return "'startedBy' must say who starts this: an IAM principal or the subject of a verified token";
  }
  if (typeof reason !== 'string') return "'reason' must be a text";
  if (typeof attested !== 'object' || attested === null || Object.values(attested).some((said) => typeof said !== 'string')) {
    return "'attested' must be texts by name";
  }
  return { action: known, reason, startedBy, attested: attested as Readonly<Record<string, string>> };
}

/** Why a run may not begin on the records as recorded or about to be: they are those of other regions. */
export function otherRegions({ regions, open }: CutoverState, plan: Pick<CutoverPlan, 'source' | 'target'>): string | undefined {
  const other = [regions, ...open.map((intent) => intent.regions)].find((pair) => pair && !samePair(pair, plan));
  return (
    other &&
    `the records are those of ${other.source} and ${other.target}, this run is from ${plan.source} to ${plan.target}: deploy the ` +
      `stack with the cutover, then start`
  );
}

/** What comes next, by what is recorded alone: a run that was paused, or that begins anew, goes on from there. */
export function nextPhase(state: CutoverState, { phases }: Pick<CutoverPlan, 'phases'>): NextPhase {
  if (!state.recorded) return { outcome: 'refused', detail: 'there are no weighted records yet: deploy the stack that makes them' };
  if (!state.recorded.shape.source) return { outcome: 'refused', detail: "the source's role has ended: there is nothing left to move" };
  const share = sharesOf(state.recorded.shape).target;
  const reached = phases.map(({ target }) => target <= share).lastIndexOf(true);
  if (reached >= 0 && !state.soaked) return { outcome: 'soak', phase: reached };
  return reached + 1 < phases.length ? { outcome: 'phase', phase: reached + 1 } : { outcome: 'complete' };
}

/** What a gate's answer means here. Silence approves nothing, whatever the gate makes of it. */
export function decisionOf({ decision, reason }: ApprovalResult): GateDecision {
  return reason === 'DECIDED' ? decision : 'EXPIRED';
}

/** What a decision is about, as people are shown it and as it is recorded. */
export function phaseAbout(plan: CutoverPlan, phase: number): string {
  return `phase ${phase + 1}: ${plan.phases[phase].target} % to ${plan.target}`;
}

export function driftAbout(action: 'adopt' | 'revert'): string {
  return `${action} what was changed by hand`;
}

export function residencyAbout(plan: CutoverPlan): string {
  return `end of the role of ${plan.source}`;
}

export function authorityAbout({ target }: Pick<CutoverPlan, 'target'>): string {
  return `move of the authority to ${target}`;
}

/** What is asked before the authority moves in a run whose approvers were not asked for the last phase. */
export function authorityQuestion(
  { systemName, publicName, source, target }: CutoverPlan,
  homes: readonly string[],
): { readonly subject: string; readonly question: string } {
  return {
    subject: `${systemName}: move the authority to ${target}?`,
    question:
      `All of ${publicName} goes to ${target}, but accounts are at home in ${homes.join(', ')}. Another run was approved for the last ` +
      `phase. Approving moves the authority over these accounts to ${target}. Rejecting sends everything back to ${source}.`,
  };
}

/** What is asked of the approvers before a phase. */
export function phaseQuestion(plan: CutoverPlan, phase: number, from: number): { readonly subject: string; readonly question: string } {
  const { target } = plan.phases[phase];
  return {
    subject: `${plan.systemName}: ${target} % to ${plan.target}?`,
    question:
      `Phase ${phase + 1} of ${plan.phases.length} sends ${target} % of ${plan.publicName} to ${plan.target} (now ${from} %), the ` +
      `rest to ${plan.source}. ` +
      `It is then watched for ${plainSeconds(plan.phases[phase].soakSeconds)}. ` +
      (phase + 1 === plan.phases.length && plan.mode === 'HOME_REGION'
        ? `Then the authority over all accounts moves to ${plan.target}, without another question. `
        : '') +
      `Rejecting sends everything back to ${plan.source}.`,
  };
}
