import { canaryOf } from '../aws';

const run = canaryOf(process.env);

/** One run of a canary, as the runtime of CloudWatch Synthetics calls it: what it rejects with is why the run failed. */
export async function handler(): Promise<string> {
  return run();
}
