import { gateMetrics } from '../contract';
import { gateFromEnvironment } from './environment.aws';

const { gate, store, telemetry } = gateFromEnvironment(process.env, 'approval-sweep');

/** Time kept back from the invocation's end to write the log's line in. */
const reserveMs = 5_000;

/** Finishes what is due, every minute: expiries, outcomes that were not sent, messages, heartbeats. */
export async function handler(_event: unknown, invocation: { getRemainingTimeInMillis(): number }): Promise<void> {
  const report = await gate.sweep(Date.now() + invocation.getRemainingTimeInMillis() - reserveMs);
  telemetry.count(gateMetrics.sweeps);
  telemetry.count(gateMetrics.pending, await store.pending());
  telemetry.record('swept', { ...report });
}
