import { CognitoJwtVerifier, JwtVerifier } from 'aws-jwt-verify';
import {
  FetchError, JwkValidationError, JwksValidationError, JwtInvalidScopeError, JwtInvalidSignatureAlgorithmError, ParameterValidationError,
} from 'aws-jwt-verify/error';
import { SimpleJwksCache } from 'aws-jwt-verify/jwk';
import { authorizerEnv, jwtAlgorithms } from '../api/contract';

/** What a token's verification came to; see the authorizer's service, whose port this is. */
export type TokenVerification =
  | { readonly kind: 'valid'; readonly claims: Readonly<Record<string, unknown>> }
  | { readonly kind: 'invalid' | 'insufficient'; readonly reason: string };

type Environment = Readonly<Record<string, string | undefined>>;

/** Verifies tokens as the environment says. Throws at init for settings that cannot work, later when the keys cannot be fetched. */
export function tokenVerifier(source: Environment): (token: string) => Promise<TokenVerification> {
  return verdictOf(verifierOf(source));
}

/** What is asked of an issuer's tokens. */
export interface IssuerSettings {
  readonly issuer: string;
  /** Audiences of which a token must bear one. */
  readonly audience: readonly string[];
  /** Where the keys are; default `<issuer>/.well-known/jwks.json`. */
  readonly jwksUri?: string;
  /** A fixed key set as JSON: then no key is fetched. */
  readonly jwks?: string;
}

/** Verifies the tokens of one issuer, ID tokens too. Make one and keep it: it remembers the issuer's keys. */
export function issuerVerifier(settings: IssuerSettings): (token: string) => Promise<TokenVerification> {
  const { issuer, audience, jwksUri, jwks } = settings;
  const customJwtCheck = ({ header }: { header: { alg?: string } }): void => requireAlgorithm(header.alg, jwtAlgorithms);
  const verifier = JwtVerifier.create({ issuer, audience: [...audience], customJwtCheck, jwksUri: jwksUri ?? jwksUriOf(issuer) }, { jwksCache: cacheOf(jwks) });
  return verdictOf(async (token) => ({ ...await verifier.verify(token) }));
}

function verdictOf(verify: Verify): (token: string) => Promise<TokenVerification> {
  return async (token) => {
    try {
      const claims = await verify(token);
      // Without an end the token could never be taken back.
      if (typeof claims.exp !== 'number') return { kind: 'invalid', reason: 'JwtWithoutExpiry' };
      return { kind: 'valid', claims };
    } catch (error) {
      if (isOurs(error)) throw error;
      const reason = error instanceof Error ? error.name : 'unknown';
      return { kind: error instanceof JwtInvalidScopeError ? 'insufficient' : 'invalid', reason };
    }
  };
}

type Verify = (token: string) => Promise<Readonly<Record<string, unknown>>>;

function verifierOf(source: Environment): Verify {
  const env = authorizerEnv.read(source);
  const audience = listOf('AUTHORIZER_AUDIENCE', env.audience);
  const algorithms = env.algorithms === undefined ? jwtAlgorithms : listOf('AUTHORIZER_ALGORITHMS', env.algorithms);
  const scope = env.scopes === undefined ? undefined : listOf('AUTHORIZER_SCOPES', env.scopes);
  const cache = { jwksCache: cacheOf(env.jwks) };
  const customJwtCheck = ({ header }: { header: { alg?: string } }): void => requireAlgorithm(header.alg, algorithms);
  if (env.userPoolId !== undefined) {
    const tokenUse = env.tokenUse === 'id' ? 'id' : 'access';
    const cognito = CognitoJwtVerifier.create({ userPoolId: env.userPoolId, tokenUse, clientId: audience, scope, customJwtCheck }, cache);
    return async (token) => ({ ...await cognito.verify(token) });
  }
  if (env.issuer === undefined) {
    throw new Error('environment variable AUTHORIZER_ISSUER is missing: the construct that makes this function sets it, or AUTHORIZER_USER_POOL_ID');
  }
  const settings = { issuer: env.issuer, audience, scope, customJwtCheck, jwksUri: env.jwksUri ?? jwksUriOf(env.issuer) };
  const verifier = JwtVerifier.create(settings, cache);
  return async (token) => ({ ...await verifier.verify(token) });
}

function jwksUriOf(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/jwks.json`;
}

/** A fixed key set never asks the network, not even for a key it does not hold. */
function cacheOf(jwks: string | undefined): SimpleJwksCache {
  if (jwks === undefined) return new SimpleJwksCache();
  const { buffer, byteOffset, byteLength } = new TextEncoder().encode(jwks);
  const fixed = buffer.slice(byteOffset, byteOffset + byteLength);
  return new SimpleJwksCache({ fetcher: { fetch: () => Promise.resolve(fixed) } });
}

function requireAlgorithm(algorithm: string | undefined, allowed: readonly string[]): void {
  if (algorithm !== undefined && allowed.includes(algorithm)) return;
  throw new JwtInvalidSignatureAlgorithmError('signature algorithm not accepted', algorithm, [...allowed]);
}

/** Whether the fault lies in the keys or our settings: the caller's token may be good, so it is not called bad. */
function isOurs(error: unknown): boolean {
  return [FetchError, JwkValidationError, JwksValidationError, ParameterValidationError].some((fault) => error instanceof fault);
}

function listOf(name: string, text: string): string[] {
  const list: unknown = JSON.parse(text);
  if (Array.isArray(list) && list.length > 0 && list.every((entry) => typeof entry === 'string' && entry !== '')) return list as string[];
  throw new Error(`environment variable ${name} is ${text}: it must be a JSON array of at least one name`);
}
