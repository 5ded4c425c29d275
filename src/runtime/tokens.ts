import { CognitoJwtVerifier, JwtVerifier } from 'aws-jwt-verify';
import {
  FetchError,
  JwkValidationError,
  JwksValidationError,
  JwtInvalidSignatureAlgorithmError,
  ParameterValidationError,
} from 'aws-jwt-verify/error';
import { SimpleFetcher } from 'aws-jwt-verify/https';
import { SimpleJwksCache } from 'aws-jwt-verify/jwk';
import type { Jwks, JwksCache } from 'aws-jwt-verify/jwk';
import { AgingKeySet, KeyNotKnownError } from './key-set';
import { jwtAlgorithms, TokenVerification } from '../kernel/jwt';

/** Which tokens are taken, whoever issues them. */
interface TokenSettings {
  /** Audiences of which a token must bear one. */
  readonly audience: readonly string[];
  /** A fixed key set as JSON: then no key is fetched. */
  readonly jwks?: string;
  /** Signature algorithms accepted; default `jwtAlgorithms`. */
  readonly algorithms?: readonly string[];
}

/** What is asked of an issuer's tokens. */
export interface IssuerSettings extends TokenSettings {
  readonly issuer: string;
  /** Where the keys are; default `<issuer>/.well-known/jwks.json`. */
  readonly jwksUri?: string;
}

/** What is asked of the tokens of a Cognito user pool; its audiences are app clients' IDs. */
export interface UserPoolSettings extends TokenSettings {
  readonly userPoolId: string;
  readonly tokenUse: 'access' | 'id';
}

/** Verifies the tokens of one issuer, ID tokens too. Make one and keep it: it remembers the issuer's keys. */
export function issuerVerifier({
  issuer,
  audience,
  jwksUri,
  jwks,
  algorithms,
}: IssuerSettings): (token: string) => Promise<TokenVerification> {
  const settings = {
    issuer,
    audience: [...audience],
    customJwtCheck: requiring(algorithms),
    jwksUri: jwksUri ?? `${issuer.replace(/\/$/, '')}/.well-known/jwks.json`,
  };
  const verifier = JwtVerifier.create(settings, { jwksCache: cacheOf(jwks) });
  return verdictOf(async (token) => ({ ...(await verifier.verify(token)) }));
}

/** Verifies the tokens of one user pool. Make one and keep it: it remembers the pool's keys. */
export function userPoolVerifier({
  userPoolId,
  tokenUse,
  audience,
  jwks,
  algorithms,
}: UserPoolSettings): (token: string) => Promise<TokenVerification> {
  const settings = { userPoolId, tokenUse, clientId: [...audience], customJwtCheck: requiring(algorithms) };
  const verifier = CognitoJwtVerifier.create(settings, { jwksCache: cacheOf(jwks) });
  return verdictOf(async (token) => ({ ...(await verifier.verify(token)) }));
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

function requiring(allowed: readonly string[] = jwtAlgorithms): (of: { readonly header: { readonly alg?: string } }) => void {
  return ({ header: { alg } }) => {
    if (alg !== undefined && allowed.includes(alg)) return;
    throw new JwtInvalidSignatureAlgorithmError('signature algorithm not accepted', alg, [...allowed]);
  };
}

/**
 * Whether the fault lies in the keys, or in what is not known of them, or in our settings: the caller's token may be good, so it is not
 * called bad.
 */
function isOurs(error: unknown): boolean {
  return [FetchError, KeyNotKnownError, JwkValidationError, JwksValidationError, ParameterValidationError].some(
    (fault) => error instanceof fault,
  );
}
