/**
 * Signature algorithms of tokens: asymmetric ones only, for a shared secret does not belong in every region's function. RFC 7518 and RFC
 * 8037.
 */
export const jwtAlgorithms = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;

/** What a token's verification came to. A verifier throws instead when the keys cannot be had: then nothing is known of the token. */
export type TokenVerification =
  | { readonly kind: 'valid'; readonly claims: Readonly<Record<string, unknown>> }
  /** Forged, expired, for someone else, or no token at all. */
  | { readonly kind: 'invalid'; readonly reason: string };
