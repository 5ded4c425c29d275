import { drillCaller, drillPlan, drillTelemetry, reportServices } from './environment.aws';
import { drillMetrics } from '../contract';
import { DrillCall, DrillStepResult } from '../machine/contract';
import { reportSteps } from '../steps/report.service';
import { drillWorker } from '../steps/service';

const work = drillWorker({
  worker: 'report',
  plan: drillPlan(process.env),
  services: reportServices(process.env),
  steps: reportSteps,
  nowMs: Date.now,
  caller: drillCaller(process.env),
});
const telemetry = drillTelemetry(process.env, 'drill');

/** Announces a drill, and keeps its evidence. */
export async function handler(call: DrillCall): Promise<DrillStepResult> {
  const result = await work(call);
  if (result.outcome === 'PASSED') telemetry.count(drillMetrics.passed);
  if (result.outcome === 'FAILED') telemetry.count(drillMetrics.failed);
  telemetry.record('drill step', { step: call.step, run: call.run, outcome: result.outcome, reasons: result.facts.reasons });
  return result;
}
