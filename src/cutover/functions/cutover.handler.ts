import { cutoverPorts, stepRecorder } from './environment.aws';
import { StepCall, StepOutcome } from '../machine/contract';
import { CutoverSteps } from '../steps/service';

const steps = new CutoverSteps(cutoverPorts(process.env));
const record = stepRecorder(process.env);

/** Time kept back from the invocation's end to answer in. */
const reserveMs = 15_000;

/** Does one step of a cutover for the state machine, and answers with what came of it. */
export async function handler(asked: StepCall, invocation: { getRemainingTimeInMillis(): number }): Promise<StepOutcome> {
  const outcome = await steps.run(asked, { deadlineMs: Date.now() + invocation.getRemainingTimeInMillis() - reserveMs });
  record(asked, outcome);
  return outcome;
}
