import { StepHandler } from './request.service';
import { weightsOf } from '../audit/domain';
import { describeShape } from '../weights/domain';

/** Records how the run ends, once; whoever asks again gets what is recorded. */
export const end: StepHandler<'end'> = async ({ log }, { run, end: asked = 'FAILED', last }) => {
  const fault = last.Error === undefined ? undefined : `${last.Error}: ${last.Cause ?? ''}`;
  const why = (
    [last.because, last.detail, fault, last.outcome].find((text) => text !== undefined && text !== '') ?? 'no reason given'
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
