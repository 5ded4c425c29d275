import { hash } from 'crypto';
import { canonicalJson, Json } from './fingerprint';

/** SHA-256 of a text in UTF-8, or of bytes, in 64 hex digits. */
export function sha256(content: string | Uint8Array): string {
  return hash('sha256', content, 'hex');
}

/** SHA-256 over the one spelling of a JSON value: equal for values that mean the same. */
export function digestOf(value: Json): string {
  return sha256(canonicalJson(value));
}
