import type { Environment } from '../../kernel/env';
import { TokenVerification } from '../../kernel/jwt';
import { issuerVerifier, userPoolVerifier } from '../../runtime/tokens';
import { authorizerEnv } from '../contract';

/** Verifies tokens as the environment says. Throws at init for settings that cannot work, later when the keys cannot be fetched. */
export function tokenVerifier(source: Environment): (token: string) => Promise<TokenVerification> {
  const env = authorizerEnv.read(source);
  const settings = {
    audience: namesIn('AUTHORIZER_AUDIENCE', env.audience),
    algorithms: env.algorithms === undefined ? undefined : namesIn('AUTHORIZER_ALGORITHMS', env.algorithms),
    jwks: env.jwks,
  };
  if (env.userPoolId !== undefined) {
    return userPoolVerifier({ ...settings, userPoolId: env.userPoolId, tokenUse: env.tokenUse === 'id' ? 'id' : 'access' });
  }
  if (env.issuer !== undefined) return issuerVerifier({ ...settings, issuer: env.issuer, jwksUri: env.jwksUri });
  throw new Error(
    'environment variable AUTHORIZER_ISSUER is missing: the construct that makes this function sets it, or AUTHORIZER_USER_POOL_ID',
  );
}

/** A variable that holds a JSON array of names. Throws for anything else, also for no name at all. */
export function namesIn(name: string, text: string): string[] {
  const list: unknown = JSON.parse(text);
  if (Array.isArray(list) && list.length > 0 && list.every((entry) => typeof entry === 'string' && entry !== '')) return list as string[];
  throw new Error(`environment variable ${name} is ${text}: it must be a JSON array of at least one name`);
}
