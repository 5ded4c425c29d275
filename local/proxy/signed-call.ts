import type { IncomingMessage } from 'node:http';

/** What a request's signature says of it. */
export interface SignedCall {
  readonly accessKeyId: string;
  /** Name in the credential scope, for example `dynamodb`. */
  readonly service: string;
  /** Undefined when the scope names none: unsigned, or SigV4A. */
  readonly region?: string;
}

const unsigned: SignedCall = { accessKeyId: '', service: 'unsigned' };

/** Reads the credential scope, of the Authorization header or of a presigned address. */
export function signedCall(request: Pick<IncomingMessage, 'headers' | 'url'>): SignedCall {
  const credential = /Credential=([^,\s]+)/.exec(request.headers.authorization ?? '')?.[1]
    ?? new URLSearchParams((request.url ?? '').split('?')[1]).get('X-Amz-Credential');
  if (!credential) return unsigned;
  const parts = credential.split('/');
  const accessKeyId = parts[0];
  if (parts.length >= 5) return { accessKeyId, region: parts[2], service: parts[3] };
  return parts.length === 4 ? { accessKeyId, service: parts[2] } : unsigned;
}

/** Services whose endpoint and scope are in one region for the whole partition, while every emulator process has its own. */
export const globalServices: ReadonlySet<string> = new Set(['iam', 'sts', 'organizations', 'cloudfront', 'route53', 'globalaccelerator']);
