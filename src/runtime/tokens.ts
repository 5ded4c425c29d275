import { CognitoJwtVerifier, JwtVerifier } from 'aws-jwt-verify';
import {
  FetchError, JwkValidationError, JwksValidationError, JwtInvalidSignatureAlgorithmError, ParameterValidationError,
} from 'aws-jwt-verify/error';
import { SimpleFetcher } from 'aws-jwt-verify/https';
import { SimpleJwksCache } from 'aws-jwt-verify/jwk';
import type { Jwks, JwksCache } from 'aws-jwt-verify/jwk';
import { AgingKeySet, KeyNotKnownError } from './key-set';
import { authorizerEnv, jwtAlgorithms } from '../api/contract';

/** What a token's verification came to; see the authorizer's service, whose port this is. */
export type TokenVerification =
  | { readonly kind: 'valid'; readonly claims: Readonly<Record<string, unknown>> }
  | { readonly kind: 'invalid'; readonly reason: string };

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
      return { kind: 'invalid', reason };
    }
  };
}

type Verify = (token: string) => Promise<Readonly<Record<string, unknown>>>;

function verifierOf(source: Environment): Verify {
  const env = authorizerEnv.read(source);
  const audience = namesIn('AUTHORIZER_AUDIENCE', env.audience);
  const algorithms = env.algorithms === undefined ? jwtAlgorithms : namesIn('AUTHORIZER_ALGORITHMS', env.algorithms);
  const cache = { jwksCache: cacheOf(env.jwks) };
  const customJwtCheck = ({ header }: { header: { alg?: string } }): void => requireAlgorithm(header.alg, algorithms);
  if (env.userPoolId !== undefined) {
    const tokenUse = env.tokenUse === 'id' ? 'id' : 'access';
    const cognito = CognitoJwtVerifier.create({ userPoolId: env.userPoolId, tokenUse, clientId: audience, customJwtCheck }, cache);
    return async (token) => ({ ...await cognito.verify(token) });
  }
  if (env.issuer === undefined) {
    throw new Error('environment variable AUTHORIZER_ISSUER is missing: the construct that makes this function sets it, or AUTHORIZER_USER_POOL_ID');
  }
  const settings = { issuer: env.issuer, audience, customJwtCheck, jwksUri: env.jwksUri ?? jwksUriOf(env.issuer) };
  const verifier = JwtVerifier.create(settings, cache);
  return async (token) => ({ ...await verifier.verify(token) });
}

function jwksUriOf(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/jwks.json`;
}

/** A fixed key set never asks the network, not even for a key it does not hold. */
function cacheOf(jwks: string | undefined): JwksCache {
  if (jwks === undefined) return new AgingKeySet({ fetch: fetchKeys, nowMs: Date.now });
  const { buffer, byteOffset, byteLength } = new TextEncoder().encode(jwks);
  const fixed = buffer.slice(byteOffset, byteOffset + byteLength);
  return new SimpleJwksCache({ fetcher: { fetch: () => Promise.resolve(fixed) }, penaltyBox: patient });
}

/** Two tries must fit into the authorizer's time. */
const fetcher = new SimpleFetcher({ defaultRequestOptions: { timeout: 1_500, responseTimeout: 1_500 } });

async function fetchKeys(uri: string): Promise<Jwks> {
  const text = new TextDecoder().decode(await fetcher.fetch(uri));
  try {
    return JSON.parse(text) as Jwks;
  } catch {
    throw new JwksValidationError('the key set is not JSON');
  }
}

/** What is fixed is known at all times: a key that it lacks is nobody's, however many ask. */
const patient = { wait: () => Promise.resolve(), registerFailedAttempt: () => undefined, registerSuccessfulAttempt: () => undefined };

function requireAlgorithm(algorithm: string | undefined, allowed: readonly string[]): void {
  if (algorithm !== undefined && allowed.includes(algorithm)) return;
  throw new JwtInvalidSignatureAlgorithmError('signature algorithm not accepted', algorithm, [...allowed]);
}

/** Whether the fault lies in the keys, or in what is not known of them, or in our settings: the caller's token may be good, so it is not called bad. */
function isOurs(error: unknown): boolean {
  return [FetchError, KeyNotKnownError, JwkValidationError, JwksValidationError, ParameterValidationError].some((fault) => error instanceof fault);
}

/** A variable that holds a JSON array of names. Throws for anything else, also for no name at all. */
export function namesIn(name: string, text: string): string[] {
  const list: unknown = JSON.parse(text);
  if (Array.isArray(list) && list.length > 0 && list.every((entry) => typeof entry === 'string' && entry !== '')) return list as string[];
  throw new Error(`environment variable ${name} is ${text}: it must be a JSON array of at least one name`);
}
