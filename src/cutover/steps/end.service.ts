import { StepHandler, StepRequest, StepServices } from './request.service';
import { causeOf } from '../../kernel/cause';
import { weightsOf } from '../audit/domain';
import { ChainBroken } from '../audit/service';
import { recordsDrift } from '../checks/records-sight.service';
import { describeShape } from '../weights/domain';
import { ControlPlaneUnreachable } from '../weights/service';

const rereadMs = 15_000;
/** Looks at records that Route 53 refuses to tell of: throttling passes, a missing right does not. */
const refusedLooks = 4;

/** Records how the run ends, once; whoever asks again gets what is recorded. */
export const end: StepHandler<'end'> = async (services, request) => {
  const { log } = services;
  const { run, last } = request;
  const against = request.end === 'SUCCEEDED' ? await againstSuccess(services, request) : undefined;
  const asked = against === undefined ? (request.end ?? 'FAILED') : 'PAUSED';
  const fault = last.Error === undefined ? undefined : `${last.Error}: ${last.Cause ?? ''}`;
  const why = (
    [against, last.because, last.detail, fault, last.outcome].find((text) => text !== undefined && text !== '') ?? 'no reason given'
  ).slice(0, 2_000);
  // A run that was refused at its beginning leaves nothing: who only starts executions must not fill the audit.
  const state = await log.append((now) =>
    now.keys.has(`${run}/started`) ? { key: `${run}/ended`, by: [run], entry: { what: 'ended', run, state: asked, why } } : undefined,
  );
  const recorded = log.history().find(({ key }) => key === `${run}/ended`)?.entry;
  const ended = recorded?.what === 'ended' ? { state: recorded.state, why: recorded.why } : { state: asked, why };
  const open = state.open[state.open.length - 1];
  return {
    outcome: ended.state,
    ...ended,
    weights: state.recorded ? weightsOf(state.recorded.shape) : undefined,
    // Meant and perhaps made: the next run settles it.
    ...(open ? { openIntent: `record ${open.seq}: ${open.kind} to ${describeShape(open.to)}` } : {}),
  };
};

/** Why the run is no success although all was done: days may have passed since its last change, and the end tells the weights. */
async function againstSuccess(
  { log, records, clock }: StepServices,
  { run, deadlineMs }: Pick<StepRequest, 'run' | 'deadlineMs'>,
): Promise<string | undefined> {
  if ((await log.current()).run?.id !== run) return undefined;
  for (let refused = 0; ;) {
    try {
      const drift = await recordsDrift(log, records);
      return drift && `${drift.detail}. Adopt or revert what was changed by hand, then start the cutover again`;
    } catch (error) {
      // A broken audit is no run's end: nothing is recorded on it.
      if (error instanceof ChainBroken) throw error;
      if (!(error instanceof ControlPlaneUnreachable)) refused += 1;
      if (refused >= refusedLooks || clock.nowMs() + 2 * rereadMs >= deadlineMs) {
        return `all is done, but whether the records are as recorded is not known: ${causeOf(error)}. Start the cutover again`;
      }
      await clock.sleep(rereadMs);
    }
  }
}
