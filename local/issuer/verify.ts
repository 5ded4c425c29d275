import { createPublicKey, verify, type JsonWebKey } from 'node:crypto';

export type Claims = Readonly<Record<string, unknown>>;

/** The claims of a token that one of the keys has signed and whose time is not over; undefined for any other text. */
export function verifiedClaims(token: string, keys: readonly Record<string, unknown>[], nowMs = Date.now()): Claims | undefined {
  const [head, payload, signature, ...more] = token.split('.');
  if (!head || !payload || !signature || more.length > 0) return undefined;
  const header = json(head);
  const key = keys.find(({ kid }) => kid === header?.kid);
  if (!header || !key || header.alg !== key.alg) return undefined;
  const signed = verify(
    'sha256',
    Buffer.from(`${head}.${payload}`),
    { key: createPublicKey({ key: key as JsonWebKey, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  const claims = signed ? json(payload) : undefined;
  return claims && typeof claims.exp === 'number' && claims.exp * 1000 > nowMs ? claims : undefined;
}

function json(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
