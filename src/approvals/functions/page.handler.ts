import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { gateFromEnvironment } from './environment.aws';
import { faultRecord } from '../../runtime/telemetry';
import { askSts } from '../callers/caller-proof.aws';
import { CallerProofs } from '../callers/caller-proof.service';
import { hmacSealer, oidcProvider, randomText, secretReader } from '../callers/oidc.aws';
import { GateSessions } from '../callers/session.service';
import { gateEnv, gateMetrics, gatePaths, readIdentity, readRules } from '../contract';
import { CallRecord, gateHttp } from '../page/http.service';

const env = gateEnv.read(process.env);
const { gate, telemetry } = gateFromEnvironment(process.env, 'approval-page');
const identity = readIdentity(env.identity);
const rules = readRules(env.rules);
const secrets = new SecretsManagerClient({ maxAttempts: 3 });
const clientSecret = env.clientSecretArn === undefined ? undefined : secretReader(secrets, env.clientSecretArn);

const sessions =
  identity.kind === 'oidc' && env.sessionSecretArn !== undefined
    ? new GateSessions(
        {
          sealer: hmacSealer(secretReader(secrets, env.sessionSecretArn)),
          provider: oidcProvider({ identity, jwks: env.jwks, clientSecret }),
          nowMs: Date.now,
          random: () => randomText(256),
        },
        identity,
        `${env.baseUrl}${gatePaths.callback}`,
        rules.groups,
      )
    : undefined;

const proofs =
  identity.kind === 'iam' ? new CallerProofs({ ask: askSts(process.env.AWS_ENDPOINT_URL), nowMs: Date.now }, identity) : undefined;

const record = (call: CallRecord, thrown?: unknown): void => {
  if (thrown !== undefined) telemetry.count(gateMetrics.faults);
  telemetry.record('request', { ...call }, thrown === undefined ? undefined : faultRecord(thrown));
};

/** Answers the approvals' page and API. */
export const handler = gateHttp({ gate, rules, identity, sessions, proofs, baseUrl: env.baseUrl, nowMs: Date.now, record });
