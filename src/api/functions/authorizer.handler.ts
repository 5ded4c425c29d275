import { telemetryOf, faultRecord } from '../../runtime/telemetry';
import { traceIdOf } from '../../runtime/trace';
import { authorize, AuthorizerEvent, AuthorizerPolicy } from '../authorizer/service';
import { namesIn, tokenVerifier } from '../authorizer/tokens.aws';
import { authorizerEnv } from '../contract';

const { systemName, tenantClaim, scopes, scopeClaim } = authorizerEnv.read(process.env);
const telemetry = telemetryOf(process.env, 'authorizer', systemName);
const ports = {
  verify: tokenVerifier(process.env),
  tenantClaim,
  scopeClaim,
  scopes: scopes === undefined ? undefined : namesIn('AUTHORIZER_SCOPES', scopes),
};

/** Decides for API Gateway who calls: `Unauthorized` gives 401, a policy that denies 403, any other error 503. */
export async function handler(event: AuthorizerEvent): Promise<AuthorizerPolicy> {
  const startedMs = Date.now();
  const record = (fields: object, thrown?: unknown): void =>
    telemetry.record(
      'authorization',
      { latencyMs: Date.now() - startedMs, traceId: traceIdOf({ invocation: process.env._X_AMZN_TRACE_ID }, startedMs), ...fields },
      thrown === undefined ? undefined : faultRecord(thrown),
    );
  const authorization = await authorize(ports, event).catch((thrown: unknown) => {
    record({ kind: 'failed' }, thrown);
    throw thrown;
  });
  if (authorization.kind === 'unauthorized') {
    record(authorization);
    // The one message that API Gateway takes for "who are you".
    throw new Error('Unauthorized');
  }
  const { policy, ...outcome } = authorization;
  record(outcome);
  return policy;
}
