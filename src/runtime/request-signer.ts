import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';

/** Credentials as the SDK's clients resolve them. */
export type CredentialSource = () => Promise<{ readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }>;

/** Signs requests of a service in a region. */
export function requestSigner(service: string, region: string, credentials: CredentialSource): SignatureV4 {
  return new SignatureV4({ service, region, credentials, sha256: Sha256 });
}
