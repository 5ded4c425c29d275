import { randomUUID } from 'node:crypto';
import { drillCaller, drillPlan, drillTelemetry, proberPorts } from './environment.aws';
import { runningCaller } from '../../cutover/machine/caller.service';
import { regionOf } from '../../kernel/env';
import { drillLimits } from '../contract';
import { Prober } from '../prober/service';

const plan = drillPlan(process.env);
const ports = proberPorts(process.env);
const caller = drillCaller(process.env);
const telemetry = drillTelemetry(process.env, 'drill-prober');

/** Sends payments through the public name until the drill is over. It believes of its caller the ARN of a drill that runs, and no more. */
export async function handler(event: { readonly run: string }, invocation: { getRemainingTimeInMillis(): number }): Promise<void> {
  const asking = await runningCaller(caller, event.run);
  if (asking.kind === 'refused') throw new Error(`nothing was paid: ${asking.why}`);
  const deadlineMs = Date.now() + invocation.getRemainingTimeInMillis() - drillLimits.auditSeconds * 1000;
  const request = { run: event.run, region: regionOf(process.env), deadlineMs, invocation: randomUUID() };
  const sums = await new Prober(plan, ports, request).run();
  if (!sums) return telemetry.record('prober not needed', { run: event.run, why: 'another one pays for this run' });
  const { paid, sentAgain, failed, lost, duplicates } = sums;
  telemetry.record('prober ended', { run: event.run, paid, sentAgain, failed: failed.length, lost, duplicates });
}
