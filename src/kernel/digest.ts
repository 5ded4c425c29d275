import { hash } from 'crypto';
import { canonicalJson, Json } from './fingerprint';

/** SHA-256 of a text, in 64 hex digits. */
export function sha256(text: string): string {
  return hash('sha256', text, 'hex');
}

/** SHA-256 over the one spelling of a JSON value: equal for values that mean the same. */
export function digestOf(value: Json): string {
  return sha256(canonicalJson(value));
}
