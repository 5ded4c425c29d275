import { endOf, StepHandler, StepRequest, StepServices } from './request.service';
import { digestOf } from '../../kernel/digest';
import { Json } from '../../kernel/fingerprint';
import { CutoverState } from '../audit/domain';
import { CutoverPlan } from '../contract';
import { otherRegions, RunRequest, runRequestOf } from '../machine/phases.domain';
import { AuditDraft } from '../model';

/** Begins a run, if no other one is under way; a rollback overtakes it. */
export const begin: StepHandler<'begin'> = async (services, asked) => {
  const { run, plan } = asked;
  const wanted = runRequestOf(asked.request);
  if (typeof wanted === 'string') return { outcome: 'refused', detail: wanted };
  const { action } = wanted;
  // A rollback works by sides, on whatever stands there: nothing keeps people from it.
  const problem = (now: CutoverState): string | undefined => (action === 'rollback' ? undefined : otherRegions(now, plan));
  const before = await services.log.current();
  const detail = problem(before);
  if (detail) return { outcome: 'refused', detail };
  const { run: other } = before;
  // A run that is over does not begin again, and overtakes nobody.
  if (other?.id !== run && before.keys.has(`${run}/started`)) return { outcome: 'superseded', detail: endOf(before, run) };
  if (other && other.id !== run) {
    const refusal = await endOther(services, asked, wanted, other.id);
    if (refusal) return { outcome: 'refused', detail: refusal };
  }
  const state = await services.log.append((now) =>
    problem(now) || (now.run && now.run.id !== run) ? undefined : startOf(run, plan, wanted),
  );
  if (state.run?.id !== run) {
    return { outcome: 'refused', detail: problem(state) ?? `run ${state.run?.id ?? run} was begun at the same time` };
  }
  return { outcome: action };
};

/** Ends the run before this one; a text says why it goes on. */
async function endOther(
  { log, isRunning }: StepServices,
  { run }: StepRequest,
  { action, startedBy }: RunRequest,
  other: string,
): Promise<string | undefined> {
  const runs = await isRunning(other).catch((fault: unknown) => {
    // A rollback overtakes the other run in any case.
    if (action === 'rollback') return true;
    throw fault;
  });
  if (runs && action !== 'rollback') {
    return `run ${other} is under way: wait for its end, or start a rollback, which overtakes it`;
  }
  await log.append((state) =>
    state.run?.id === other
      ? {
          key: `${other}/ended`,
          by: [startedBy],
          entry: {
            what: 'ended',
            run: other,
            state: 'PAUSED',
            why: runs ? `overtaken by the rollback ${run}` : 'its execution ended without recording its end',
          },
        }
      : undefined,
  );
  return undefined;
}

function startOf(run: string, plan: CutoverPlan, { action, reason, startedBy, attested }: RunRequest): AuditDraft {
  return {
    key: `${run}/started`,
    by: [startedBy],
    entry: {
      what: 'started',
      run,
      action,
      reason,
      plan: digestOf(plan as unknown as Json),
      phases: plan.phases.map(({ target }) => target),
      attested,
    },
  };
}
