import { createHash, generateKeyPairSync, sign } from 'node:crypto';

export type Algorithm = 'RS256' | 'ES256';

/** A key of the run's own that signs tokens. */
export interface SigningKey {
  /** Public part, as in a key set. */
  readonly jwk: Readonly<Record<string, unknown>>;
  /** A token with these claims, and the times besides. */
  token(claims: object, lifetimeSeconds: number): string;
}

/** Makes a key pair that lives as long as the run. */
export function signingKey(algorithm: Algorithm): SigningKey {
  const { publicKey, privateKey } =
    algorithm === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = publicKey.export({ format: 'jwk' });
  const kid = createHash('sha256').update(JSON.stringify(jwk)).digest('base64url').slice(0, 16);
  return {
    jwk: { ...jwk, kid, alg: algorithm, use: 'sig' },
    token: (claims, lifetimeSeconds) => {
      const issuedAt = Math.floor(Date.now() / 1000);
      // A clock that is a little behind must not refuse a token that was made just now.
      const timed = { iat: issuedAt, nbf: issuedAt - 30, exp: issuedAt + lifetimeSeconds, ...claims };
      const input = [{ alg: algorithm, typ: 'JWT', kid }, timed]
        .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
        .join('.');
      // JWS wants the bare r and s of an elliptic curve signature; RSA takes no notice.
      return `${input}.${sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
    },
  };
}
