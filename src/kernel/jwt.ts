/**
 * Signature algorithms of tokens: asymmetric ones only, for a shared secret does not belong in every region's function. RFC 7518 and RFC
 * 8037.
 */
export const jwtAlgorithms = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;
