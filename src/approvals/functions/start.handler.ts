import { SFNClient } from '@aws-sdk/client-sfn';
import { telemetryOf, faultRecord } from '../../runtime/telemetry';
import { askSts } from '../callers/caller-proof.aws';
import { CallerProofs } from '../callers/caller-proof.service';
import { oidcProvider } from '../callers/oidc.aws';
import { StepFunctionsStarter } from '../callers/start.aws';
import { startHttp, StartRecord } from '../callers/start.service';
import { gateMetrics, readIdentity, readStartRules, startEnv } from '../contract';

const env = startEnv.read(process.env);
const identity = readIdentity(env.identity);
const telemetry = telemetryOf(process.env, 'approval-start', env.gateName);

const record = (call: StartRecord, thrown?: unknown): void => {
  if (thrown !== undefined) telemetry.count(gateMetrics.faults);
  if (call.execution !== undefined) telemetry.count(gateMetrics.starts);
  telemetry.record('request', { ...call }, thrown === undefined ? undefined : faultRecord(thrown));
};

/** Starts a state machine for people. Every execution has a name, so the SDK may send a start again. */
export const handler = startHttp({
  identity,
  provider: identity.kind === 'oidc' ? oidcProvider({ identity, jwks: env.jwks }) : undefined,
  proofs: identity.kind === 'iam' ? new CallerProofs({ ask: askSts(process.env.AWS_ENDPOINT_URL), nowMs: Date.now }, identity) : undefined,
  url: env.url,
  rules: readStartRules(env.start),
  starter: new StepFunctionsStarter(new SFNClient({ maxAttempts: 4 })),
  record,
});
