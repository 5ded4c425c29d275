import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'crypto';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { OidcIdentity, OidcProvider, Sealer } from './session.service';
import { fieldsIn } from '../../kernel/json/fields';
import { TokenVerification } from '../../kernel/jwt';
import { issuerVerifier } from '../../runtime/tokens';

/** A secret's value, read again every five minutes. */
export function secretReader(client: SecretsManagerClient, secretArn: string): () => Promise<string> {
  let known: { readonly value: string; readonly untilMs: number } | undefined;
  return async () => {
    if (known && Date.now() < known.untilMs) return known.value;
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secretArn }));
    if (!SecretString) throw new Error(`the secret ${secretArn} holds no text`);
    known = { value: SecretString, untilMs: Date.now() + 300_000 };
    return SecretString;
  };
}

/** Seals with HMAC-SHA-256: what is sealed can be read by whoever carries it, not changed. A key of its own for each purpose. */
export function hmacSealer(secret: () => Promise<string>): Sealer {
  const macOf = async (purpose: string, payload: string): Promise<Buffer> => {
    const key = Buffer.from(hkdfSync('sha256', await secret(), '', `approval-gate ${purpose}`, 32));
    return createHmac('sha256', key).update(payload).digest();
  };
  return {
    seal: async (purpose, payload) =>
      `${Buffer.from(payload).toString('base64url')}.${(await macOf(purpose, payload)).toString('base64url')}`,
    open: async (purpose, sealed) => {
      const [payload, mac] = sealed.split('.').map((part) => Buffer.from(part, 'base64url'));
      if (!mac) return undefined;
      const expected = await macOf(purpose, payload.toString());
      return mac.length === expected.length && timingSafeEqual(mac, expected) ? payload.toString() : undefined;
    },
  };
}

/** So many bits of chance, base64url. */
export function randomText(bits: 128 | 256): string {
  return randomBytes(bits / 8).toString('base64url');
}

interface ProviderEndpoints {
  readonly authorization: string;
  readonly token: string;
  readonly jwks: string;
  /** RFC 9207, section 3. */
  readonly namesItself: boolean;
}

export interface ProviderSettings {
  readonly identity: OidcIdentity;
  /** A fixed key set: then no key is fetched. */
  readonly jwks?: string;
  readonly clientSecret?: () => Promise<string>;
}

/** An OpenID Connect provider. Its endpoints are found at the issuer (OpenID Connect Discovery) unless they are given. */
export function oidcProvider({ identity, jwks, clientSecret }: ProviderSettings): OidcProvider {
  const { issuer, clientId, authorizationEndpoint, tokenEndpoint, jwksUri } = identity;
  let known: Promise<ProviderEndpoints> | undefined;
  const endpoints = (): Promise<ProviderEndpoints> => {
    known ??=
      authorizationEndpoint && tokenEndpoint && (jwksUri ?? jwks)
        ? Promise.resolve({ authorization: authorizationEndpoint, token: tokenEndpoint, jwks: jwksUri ?? '', namesItself: false })
        : discovered(identity).catch((thrown: unknown) => {
            known = undefined;
            throw thrown;
          });
    return known;
  };
  let verifier: ((token: string) => Promise<TokenVerification>) | undefined;
  return {
    authorizationUrl: async (parameters) => {
      const url = new URL((await endpoints()).authorization);
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
      return url.toString();
    },
    exchange: async (code, codeVerifier, redirectUri) => {
      const form = new URLSearchParams({
        grant_type: 'authorization_code',
        code,
        redirect_uri: redirectUri,
        client_id: clientId,
        code_verifier: codeVerifier,
      });
      const secret = await clientSecret?.();
      const authorization: Record<string, string> =
        secret === undefined
          ? {}
          : { authorization: `Basic ${Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`).toString('base64')}` };
      const { status, isOk, content } = await fetched((await endpoints()).token, {
        method: 'POST',
        body: form,
        headers: { accept: 'application/json', ...authorization },
      });
      if (status >= 500) throw new Error(`the token endpoint of ${issuer} answered ${status}`);
      return isOk && typeof content.id_token === 'string' ? content.id_token : undefined;
    },
    namesItself: async () => (await endpoints()).namesItself,
    verify: async (token) => {
      const keys = jwks === undefined ? { jwksUri: jwksUri ?? (await endpoints()).jwks } : { jwks };
      verifier ??= issuerVerifier({ issuer, audience: identity.audience, ...keys });
      return verifier(token);
    },
    challenge: (codeVerifier) => createHash('sha256').update(codeVerifier).digest('base64url'),
  };
}

async function discovered({ issuer, authorizationEndpoint, tokenEndpoint, jwksUri }: OidcIdentity): Promise<ProviderEndpoints> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const { status, isOk, content } = await fetched(address, { headers: { accept: 'application/json' } });
  const document = isOk ? content : {};
  // Another issuer's document would send people, and their codes, somewhere else.
  if (document.issuer !== issuer) {
    throw new Error(
      `${address} answered ${status} for the issuer '${String(document.issuer)}': it must be '${issuer}', or give the endpoints`,
    );
  }
  const endpoint = (name: string, given: string | undefined): string => {
    const value = given ?? document[name];
    if (typeof value === 'string') return value;
    throw new Error(`${address} names no ${name}: give the endpoint`);
  };
  return {
    authorization: endpoint('authorization_endpoint', authorizationEndpoint),
    token: endpoint('token_endpoint', tokenEndpoint),
    jwks: endpoint('jwks_uri', jwksUri),
    namesItself: document.authorization_response_iss_parameter_supported === true,
  };
}

/** So much of an answer is read: an issuer's document has some kilobytes, and a token as many. */
const longestAnswer = 256 * 1024;

interface Fetched {
  readonly status: number;
  readonly isOk: boolean;
  /** Of a JSON object; nothing for any other body. */
  readonly content: Readonly<Record<string, unknown>>;
}

/** No redirects: an issuer's endpoint that sends elsewhere is not the one that was meant. Bounded in time and size, the body included. */
async function fetched(address: string, init: RequestInit): Promise<Fetched> {
  const response = await fetch(address, { ...init, redirect: 'error', signal: AbortSignal.timeout(5_000) });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > longestAnswer) throw new Error(`${address} answered more than ${longestAnswer} bytes`);
    chunks.push(chunk);
  }
  return { status: response.status, isOk: response.ok, content: fieldsIn(Buffer.concat(chunks).toString()) };
}
