import { SFNClient } from '@aws-sdk/client-sfn';
import { stepFunctionsReader } from './aws';
import { stuckEnv, stuckMetrics } from './contract';
import { sampleApprovals } from './service';
import { telemetryOf, faultRecord } from '../../runtime/telemetry';

const { stateMachineArn, name, states } = stuckEnv.read(process.env);
const telemetry = telemetryOf(process.env, 'stuck-sampler', name);
const ports = {
  ...stepFunctionsReader(new SFNClient({ maxAttempts: 5 }), stateMachineArn),
  nowMs: Date.now,
  fault: (execution: string, thrown: unknown) => telemetry.record('history not read', { execution }, faultRecord(thrown)),
};
const only = states === undefined ? undefined : (JSON.parse(states) as string[]);

/** Time kept back from the invocation's end to write the log's line in. */
const reserveMs = 5_000;

/** Measures how long the oldest open approval has been waiting. */
export async function handler(_event: unknown, invocation: { getRemainingTimeInMillis(): number }): Promise<void> {
  const sample = await sampleApprovals(ports, only, Date.now() + invocation.getRemainingTimeInMillis() - reserveMs);
  telemetry.count(stuckMetrics.oldestAge, sample.oldestAgeSeconds);
  telemetry.count(stuckMetrics.open, sample.open);
  if (sample.complete) telemetry.count(stuckMetrics.samples);
  telemetry.record('sampled', { ...sample });
}
