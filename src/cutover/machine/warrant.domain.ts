import { CutoverState } from '../audit/domain';
import { CutoverPlan } from '../contract';
import { AuditEntry, AuditRecord, ClosingStep } from '../model';
import { StepName } from './contract';
import { authorityAbout, driftAbout, nextPhase, phaseAbout, residencyAbout } from './phases.domain';

/** A run, and what is recorded of it. */
export interface RecordedRunSight {
  readonly run: string;
  readonly plan: CutoverPlan;
  readonly state: CutoverState;
  readonly records: readonly AuditRecord[];
}

/** What allows a step to change something: an approval, where people must have been asked. */
export type Warrant =
  { readonly kind: 'warranted'; readonly decision?: DecisionRecord } | { readonly kind: 'unwarranted'; readonly why: string };

export type DecisionRecord = AuditRecord & { readonly entry: Extract<AuditEntry, { what: 'decision' }> };

type ChecksRecord = AuditRecord & { readonly entry: Extract<AuditEntry, { what: 'prechecks' }> };

const warranted: Warrant = { kind: 'warranted' };
const noWarrant = (why: string): Warrant => ({ kind: 'unwarranted', why });

/**
 * Whether what is recorded asks for a step. Whatever the state machine was told in between: what moves follows from the plan and the chain
 * alone.
 */
export function warrantFor(step: StepName, phase: number, sight: RecordedRunSight): Warrant {
  const { run, plan, state } = sight;
  switch (step) {
    case 'prechecks':
    case 'recheck':
      return nextIs(phase, sight) ? warranted : noWarrant(`phase ${phase + 1} is not the next one`);
    case 'shift':
      return shiftWarrant(phase, sight);
    case 'rollback':
      return rollbackWarrant(sight);
    case 'authorityBack':
      return state.keys.has(`${run}/rollback/changed`) ? warranted : noWarrant('the weights are not rolled back');
    case 'authorityCheck':
    case 'reconcile':
    case 'residency':
      return completeWarrant(sight);
    case 'authorityRecheck':
      return first(completeWarrant(sight), () => approvalWarrant(authorityAbout(plan), sight));
    case 'authority':
      return first(completeWarrant(sight), () => authorityWarrant(sight));
    case 'adopt':
    case 'revert':
      return state.run?.action === step ? approvalWarrant(driftAbout(step), sight) : noWarrant(`the run is a ${state.run?.action}`);
    case 'retireCheck':
      return approvalWarrant(residencyAbout(plan), sight);
    case 'retire':
      return retireWarrant(sight);
    default:
      return warranted;
  }
}

function nextIs(phase: number, { plan, state }: RecordedRunSight): boolean {
  const next = nextPhase(state, plan);
  return next.outcome === 'phase' && next.phase === phase;
}

function shiftWarrant(phase: number, sight: RecordedRunSight): Warrant {
  const { run, plan, state } = sight;
  if (state.run?.action !== 'cutover') return noWarrant(`the run is a ${state.run?.action}`);
  // An intent of this run for this phase is only finished.
  if (!nextIs(phase, sight) && !state.keys.has(`${run}/phase-${phase}`)) return noWarrant(`phase ${phase + 1} is not the next one`);
  const checks = lastChecks(sight, (entry) => entry.phase === phase && entry.before === undefined);
  if (!checks?.entry.passed) return noWarrant(`no passed check of phase ${phase + 1} is recorded`);
  return plan.phases[phase].gate ? approvalWarrant(phaseAbout(plan, phase), sight) : warranted;
}

/** The refusal of a warrant, or the one after it. */
function first(warrant: Warrant, then: () => Warrant): Warrant {
  return warrant.kind === 'unwarranted' ? warrant : then();
}

function completeWarrant({ plan, state }: RecordedRunSight): Warrant {
  if (state.run?.action !== 'cutover') return noWarrant(`the run is a ${state.run?.action}`);
  return nextPhase(state, plan).outcome === 'complete' ? warranted : noWarrant('the phases are not over');
}

/**
 * Whether people are asked before the authority moves. They are not in the run that made the last phase: the question for that phase names
 * the move. Nor are they where no phase asks.
 */
export function asksForAuthority({ run, plan, state }: Omit<RecordedRunSight, 'records'>): boolean {
  return plan.phases.some(({ gate }) => gate) && !state.keys.has(`${run}/phase-${plan.phases.length - 1}`);
}

function authorityWarrant(sight: RecordedRunSight): Warrant {
  return checkedSince('authority', asksForAuthority(sight) ? approvalWarrant(authorityAbout(sight.plan), sight) : warranted, sight);
}

function retireWarrant(sight: RecordedRunSight): Warrant {
  return checkedSince('retire', approvalWarrant(residencyAbout(sight.plan), sight), sight);
}

/** What was checked before people were asked is days old: checks must have passed since. */
function checkedSince(step: ClosingStep, warrant: Warrant, sight: RecordedRunSight): Warrant {
  if (warrant.kind === 'unwarranted') return warrant;
  const checks = lastChecks(sight, (entry) => entry.before === step);
  if (checks?.entry.passed && checks.seq > (warrant.decision?.seq ?? 0)) return warrant;
  return noWarrant(`no passed check before this step${warrant.decision ? ' is recorded since its approval' : ' is recorded'}`);
}

/** The newest of a run's checks that are meant. */
function lastChecks({ run, records }: RecordedRunSight, isMeant: (entry: ChecksRecord['entry']) => boolean): ChecksRecord | undefined {
  return records
    .filter((record): record is ChecksRecord => record.entry.what === 'prechecks' && record.entry.run === run && isMeant(record.entry))
    .at(-1);
}

function rollbackWarrant({ run, state, records }: RecordedRunSight): Warrant {
  const rejection = records.find(
    (record): record is DecisionRecord =>
      record.entry.what === 'decision' && record.entry.run === run && record.entry.decision === 'REJECTED',
  );
  if (rejection) return { kind: 'warranted', decision: rejection };
  const breach = records.some(({ entry }) => entry.what === 'breach' && entry.run === run && entry.then === 'ROLL_BACK');
  return breach || state.run?.action === 'rollback'
    ? warranted
    : noWarrant('no rejection, no alarm and no request for a rollback is recorded');
}

function approvalWarrant(about: string, { run, records }: RecordedRunSight): Warrant {
  const decision = records
    .filter(
      (record): record is DecisionRecord => record.entry.what === 'decision' && record.entry.run === run && record.entry.about === about,
    )
    .at(-1);
  return decision?.entry.decision === 'APPROVED' ? { kind: 'warranted', decision } : noWarrant(`no approval of '${about}' is recorded`);
}
