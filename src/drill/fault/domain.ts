import { faultAction, faultLimits } from './contract';
import { FaultAction, FaultTemplate, ExperimentRecord } from './model';
import { Sight } from '../domain';

/** Statuses of an experiment that is over: https://docs.aws.amazon.com/fis/latest/APIReference/API_ExperimentState.html */
const over = ['completed', 'stopped', 'failed', 'cancelled'];
/** Of an action that took nothing away, or not as long as it should. */
const missed = ['skipped', 'failed', 'cancelled'];

/** Whether an experiment does nothing any more. */
export function isOver({ status }: Pick<ExperimentRecord, 'status'>): boolean {
  return over.includes(status);
}

function because(reason: string | undefined): string {
  return reason === undefined || reason === '' ? '' : `: ${reason.slice(0, 200)}`;
}

function missedAction({ name, actionId, status, reason }: FaultAction): string {
  return `the action '${name}' (${actionId}) was ${status}${because(reason)}`;
}

/** Why a template does something else than make functions fail; undefined where that is all it does. */
export function templateProblem({ id, actions, targets }: FaultTemplate): string | undefined {
  if (actions.length === 0) return `the template ${id} has no action`;
  const action = actions.find(({ actionId }) => actionId !== faultAction.id);
  if (action) return `the action '${action.name}' of the template ${id} is ${action.actionId}`;
  const target = targets.find(({ resourceType }) => resourceType !== faultAction.resourceType);
  return target && `the target '${target.name}' of the template ${id} is of ${target.resourceType}`;
}

/** Why an experiment does not take its region away as it was asked to; undefined while it does, or is about to. */
export function faultProblem(record: ExperimentRecord): string | undefined {
  const { id, status, reason, named = 0, resolved, actions } = record;
  const bad = actions.find((action) => missed.includes(action.status));
  if (bad) return missedAction(bad);
  if (isOver(record) || status === 'stopping') return `the experiment ${id} was ${status} before the drill was over${because(reason)}`;
  if (status !== 'running') return undefined;
  if (actions.length === 0) return `the experiment ${id} has no action`;
  if (resolved === undefined) return undefined;
  if (resolved === 0) return `the experiment ${id} found no function`;
  return resolved < named ? `the experiment ${id} found ${resolved} of ${named} functions` : undefined;
}

/** The same of one that the drill has ended. */
export function endedFaultProblem(record: ExperimentRecord): string | undefined {
  const bad = record.actions.find(({ status }) => missed.includes(status));
  if (bad) return missedAction(bad);
  const { id, status, reason } = record;
  return status === 'failed' || status === 'cancelled' ? `the experiment ${id} was ${status}${because(reason)}` : undefined;
}

/**
 * When the region was lost to its callers: the beginning of the first call there that failed. The extension looks for an experiment every
 * few seconds, so this is later than the experiment's start. Undefined while no call has failed.
 */
export function struckAt({ plan: { drilled }, facts, nowMs, probed }: Sight): number | undefined {
  const sinceMs = facts.takenMs ?? nowMs;
  const failed = (probed?.calls ?? []).filter(
    ({ answered, region, endedMs }) => !answered && (region === undefined || region === drilled) && endedMs >= sinceMs,
  );
  // A call that was on its way counts from the moment of the experiment.
  return failed.length === 0 ? undefined : Math.max(sinceMs, Math.min(...failed.map(({ beganMs }) => beganMs)));
}

/** Why it is not waited any longer for an experiment to take effect; undefined while it is. */
export function withoutEffect({ plan: { drilled }, facts, nowMs }: Sight): string | undefined {
  const waited = Math.round((nowMs - (facts.takenMs ?? nowMs)) / 1000);
  return waited < faultLimits.effectSeconds ? undefined : `the experiment had no effect: no call in ${drilled} failed for ${waited} s`;
}
