/** An ES module only, which jest turns into CommonJS: the compiler would not let it be imported here. */
type Jose = typeof import('jose', { with: { 'resolution-mode': 'import' } });

export type { JWTPayload } from 'jose' with { 'resolution-mode': 'import' };
export const { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } = jest.requireActual<Jose>('jose');
export type SignJWT = InstanceType<Jose['SignJWT']>;
