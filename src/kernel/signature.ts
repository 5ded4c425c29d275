import { createPublicKey, verify } from 'crypto';

/** Checks ECDSA signatures with SHA-256: DER in base64, of a text in UTF-8, by a public key as SPKI in DER and base64. */
export function ecdsaVerifier(publicKey: string): (signature: string, text: string) => boolean {
  const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
  return (signature, text) => verify('sha256', Buffer.from(text), key, Buffer.from(signature, 'base64'));
}
