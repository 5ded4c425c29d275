import { hash } from 'crypto';

/** A JSON value, as parsed. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };

/**
 * One spelling for all JSON texts that mean the same: members sorted, no white space, numbers in their shortest form (RFC 8785's
 * idea, for the values that the API takes). Members that are `undefined` are left out.
 */
export function canonicalJson(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = value as Readonly<Record<string, Json | undefined>>;
  const parts = Object.keys(members)
    .sort()
    .flatMap((name) => {
      const member = members[name];
      return member === undefined ? [] : [`${JSON.stringify(name)}:${canonicalJson(member)}`];
    });
  return `{${parts.join(',')}}`;
}

const identityBytes = 16;

function digest(parts: readonly string[]): Buffer {
  // Lengths are hashed too, so that no two lists of parts run together.
  return hash('sha256', parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join(''), 'buffer');
}

/** Identity of an idempotency key within its tenant: 128 bits of SHA-256 in 22 base64url characters. */
export function keyId(tenant: string, idempotencyKey: string): string {
  return digest(['key', tenant, idempotencyKey]).subarray(0, identityBytes).toString('base64url');
}

/** Fingerprint of what a key was used for: the call with its canonical payload. */
export function fingerprint(tenant: string, call: Json): string {
  return digest(['call', tenant, canonicalJson(call)]).toString('base64url');
}
