import { StepHandler } from './request.service';
import { beginningOf } from '../audit/record-text.domain';
import { driftAbout } from '../machine/phases.domain';
import { driftOf, isExplained } from '../weights/domain';
import { ControlPlaneUnreachable } from '../weights/service';

/** What the question says of each side, in characters: the gate takes 2,000 in all, and the report has the whole. */
const shownLength = 800;
const partOf = (text: string): string => beginningOf(text, shownLength, ': the report has all of them');

/** Looks for a change by hand, and puts it to the people. */
export const drift: StepHandler<'drift'> = async ({ records }, { run, state }) => {
  try {
    const current = await records.read();
    const { digest, ...shown } = driftOf(state, current);
    if (isExplained(state, current)) return { outcome: 'none', detail: 'the records are as recorded: there is nothing to adopt or revert' };
    const action = state.run?.action === 'adopt' ? 'adopt' : 'revert';
    return {
      outcome: action,
      run,
      about: driftAbout(action),
      digest,
      report: shown,
      subject: `${action === 'adopt' ? 'Adopt' : 'Revert'} weights changed by hand?`,
      question:
        `Found: ${partOf(shown.found)}. Recorded: ${partOf(shown.recorded)}. Approving will ` +
        `${action === 'adopt' ? 'record the weights that were found as the right ones' : 'put back what is recorded'}.`,
    };
  } catch (error) {
    if (error instanceof ControlPlaneUnreachable) return { outcome: 'lost', detail: error.message };
    throw error;
  }
};
