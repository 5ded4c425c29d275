import { drillPlan, drillTelemetry, proberPorts } from './environment.aws';
import { regionOf } from '../../kernel/env';
import { drillLimits } from '../contract';
import { Prober } from '../prober/service';

const plan = drillPlan(process.env);
const ports = proberPorts(process.env);
const telemetry = drillTelemetry(process.env, 'drill-prober');

/** Sends payments through the public name until the drill is over. */
export async function handler(event: { readonly run: string }, invocation: { getRemainingTimeInMillis(): number }): Promise<void> {
  const deadlineMs = Date.now() + invocation.getRemainingTimeInMillis() - drillLimits.auditSeconds * 1000;
  const request = { run: event.run, region: regionOf(process.env), deadlineMs };
  const { paid, failed, lost, duplicates } = await new Prober(plan, ports, request).run();
  telemetry.record('prober ended', { run: event.run, paid, failed: failed.length, lost, duplicates });
}
