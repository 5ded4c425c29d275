import { CutoverState } from '../audit/domain';
import { CutoverPlan } from '../contract';
import { AuditEntry, AuditRecord } from '../model';
import { StepName } from './contract';
import { driftAbout, nextPhase, phaseAbout, residencyAbout } from './phases.domain';

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
    case 'authority':
    case 'reconcile':
    case 'residency': {
      if (state.run?.action !== 'cutover') return noWarrant(`the run is a ${state.run?.action}`);
      return nextPhase(state, plan).outcome === 'complete' ? warranted : noWarrant('the phases are not over');
    }
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

/** What was checked before people were asked is days old: checks must have passed since. */
function retireWarrant(sight: RecordedRunSight): Warrant {
  const approval = approvalWarrant(residencyAbout(sight.plan), sight);
  if (approval.kind === 'unwarranted') return approval;
  const checks = lastChecks(sight, (entry) => entry.before === 'retire');
  return checks?.entry.passed && checks.seq > (approval.decision?.seq ?? 0)
    ? approval
    : noWarrant('no passed check since the approval of the end of the source is recorded');
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
