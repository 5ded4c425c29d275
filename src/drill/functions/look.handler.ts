import { drillCaller, drillPlan, drillTelemetry, lookServices } from './environment.aws';
import { DrillCall, DrillStepResult } from '../machine/contract';
import { lookSteps } from '../steps/look.service';
import { drillWorker } from '../steps/service';

const work = drillWorker({
  worker: 'look',
  plan: drillPlan(process.env),
  services: lookServices(process.env),
  steps: lookSteps,
  nowMs: Date.now,
  caller: drillCaller(process.env),
});
const telemetry = drillTelemetry(process.env, 'drill');

/** Looks at the system for the state machine of a drill. It changes nothing but what ends the prober. */
export async function handler(call: DrillCall): Promise<DrillStepResult> {
  const result = await work(call);
  telemetry.record('drill step', { step: call.step, run: call.run, outcome: result.outcome, reasons: result.facts.reasons });
  return result;
}
