import { drillCaller, drillPlan, drillTelemetry, regionServices } from './environment.aws';
import { DrillCall, DrillStepResult } from '../machine/contract';
import { regionSteps } from '../steps/region.service';
import { drillWorker } from '../steps/service';

const work = drillWorker({
  worker: 'region',
  plan: drillPlan(process.env),
  services: regionServices(process.env),
  steps: regionSteps,
  nowMs: Date.now,
  caller: drillCaller(process.env),
});
const telemetry = drillTelemetry(process.env, 'drill');

/** Takes the drilled region out of service and puts it back, for the state machine of a drill. */
export async function handler(call: DrillCall): Promise<DrillStepResult> {
  const result = await work(call);
  telemetry.record('drill step', { step: call.step, run: call.run, outcome: result.outcome, reasons: result.facts.reasons });
  return result;
}
