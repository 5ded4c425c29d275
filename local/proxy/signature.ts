import { createECDH, createHash, createHmac, createPublicKey, timingSafeEqual, verify, type KeyObject } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4Base, getSigningKey } from '@smithy/signature-v4';
import { Sha256, splitPath } from '../network/engine-client';

/** A request as it came, without its body. */
export interface SignedRequest {
  readonly method: string;
  /** With the query string. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** What an Authorization header holds. */
export interface Signature {
  readonly algorithm: 'AWS4-HMAC-SHA256' | 'AWS4-ECDSA-P256-SHA256';
  readonly accessKeyId: string;
  /** The credential scope: its day, region (none in SigV4A) and service. */
  readonly day: string;
  readonly region?: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly at: string;
}

export type SignatureVerdict = { readonly ok: true } | { readonly ok: false; readonly code: string; readonly message: string };

/** Services whose endpoint and scope are in one region for the whole partition, while every emulator process has its own. */
export const globalServices: ReadonlySet<string> = new Set(['iam', 'sts', 'organizations', 'cloudfront', 'route53', 'globalaccelerator']);

/** As AWS allows a clock to be wrong at most. */
const toleranceMs = 15 * 60_000;

/** Order of the group of P-256, less two: above it, a candidate for a key is passed over. */
const highestKey = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551') - 2n;

/** Reads a signature; undefined for a request that has none, or a broken one. An address that was signed beforehand has none. */
export function signatureOf({ headers }: Pick<SignedRequest, 'headers'>): Signature | undefined {
  const [, algorithm, fields] = /^(AWS4-HMAC-SHA256|AWS4-ECDSA-P256-SHA256) (\S.*)$/.exec(headers.authorization ?? '') ?? [];
  if (!algorithm) return undefined;
  const parts = fields.split(',').map((part) => part.trim().split('=', 2));
  // Nobody may read another one of two than the one that was verified.
  if (
    parts
      .map(([name]) => name)
      .sort()
      .join() !== 'Credential,Signature,SignedHeaders'
  ) {
    return undefined;
  }
  const named = Object.fromEntries(parts) as Record<string, string | undefined>;
  const scope = (named.Credential ?? '').split('/');
  const [accessKeyId, day, ...rest] = scope;
  const asymmetric = algorithm === 'AWS4-ECDSA-P256-SHA256';
  if (scope.length !== (asymmetric ? 4 : 5) || scope.at(-1) !== 'aws4_request') return undefined;
  const [region, service] = asymmetric ? [undefined, rest[0]] : rest;
  const at = headers['x-amz-date'];
  const signedHeaders = (named.SignedHeaders ?? '').split(';').filter(Boolean);
  if (!accessKeyId || !service || typeof at !== 'string' || !/^\d{8}T\d{6}Z$/.test(at) || !/^[0-9a-f]+$/.test(named.Signature ?? '')) {
    return undefined;
  }
  return {
    algorithm: algorithm as Signature['algorithm'],
    accessKeyId,
    day,
    region,
    service,
    signedHeaders,
    signature: named.Signature!,
    at,
  };
}

/** The hash of its body that a request declares; undefined: none, so that the body itself is signed. */
export function declaredHash(headers: IncomingHttpHeaders): string | undefined {
  const declared = headers['x-amz-content-sha256'];
  return typeof declared === 'string' ? declared : undefined;
}

/** Whether a signature covers a body only by its declared hash, which says that there is none to compare. */
export function leavesBodyOut(headers: IncomingHttpHeaders): boolean {
  return /^(UNSIGNED-PAYLOAD|STREAMING-[A-Z0-9-]+)$/.test(declaredHash(headers) ?? '');
}

/**
 * Whether the holder of the secret signed this request, now. What is compared: method, path, query, the signed headers (host and date among
 * them) and the body.
 *
 * @param body undefined only where the signature leaves it out
 */
export async function verifySignature(
  request: SignedRequest,
  signature: Signature,
  secretAccessKey: string,
  body: Buffer | undefined,
  nowMs = Date.now(),
): Promise<SignatureVerdict> {
  const { signedHeaders, at, day } = signature;
  const missing = ['host', 'x-amz-date'].filter((name) => !signedHeaders.includes(name));
  if (missing.length > 0) return refusedSignature('IncompleteSignatureException', `the signature must cover ${missing.join(' and ')}`);
  const signedMs = Date.parse(at.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(Math.abs(nowMs - signedMs) <= toleranceMs) || !at.startsWith(day)) {
    return refusedSignature(
      'InvalidSignatureException',
      `signed at ${at}: the time must be within 15 minutes of ${new Date(nowMs).toISOString()}, and on the day of the credential scope`,
    );
  }
  const hash = createHash('sha256')
    .update(body ?? '')
    .digest('hex');
  const declared = declaredHash(request.headers);
  if (declared !== undefined && !leavesBodyOut(request.headers) && declared !== hash) {
    return refusedSignature('InvalidSignatureException', 'x-amz-content-sha256 is not the hash of the body');
  }
  const matches = await new Canonical(signature).isSignedBy(request, secretAccessKey, declared ?? hash);
  return matches
    ? { ok: true }
    : refusedSignature('InvalidSignatureException', 'the signature is not that of this request with the secret of its access key');
}

function refusedSignature(code: string, message: string): SignatureVerdict {
  return { ok: false, code, message };
}

/** The canonical form of a request, by the signer that clients use; what is signed is compared instead of made. */
class Canonical extends SignatureV4Base {
  public constructor(private readonly signed: Signature) {
    // S3 signs its path as sent, the other services the escaped path.
    super({
      service: signed.service,
      region: '',
      credentials: { accessKeyId: '', secretAccessKey: '' },
      sha256: Sha256,
      uriEscapePath: signed.service !== 's3',
    });
  }

  public async isSignedBy(request: SignedRequest, secretAccessKey: string, bodyHash: string): Promise<boolean> {
    const { algorithm, accessKeyId, day, region, service, signedHeaders, signature, at } = this.signed;
    const [path, query] = splitPath(request.url);
    const headers = Object.fromEntries(
      signedHeaders.map((name) => [
        name,
        String(request.headers[name] ?? '')
          .trim()
          .replace(/\s+/g, ' '),
      ]),
    );
    const canonical = this.createCanonicalRequest(new HttpRequest({ method: request.method, path, query, headers }), headers, bodyHash);
    const scope = [day, ...(region === undefined ? [] : [region]), service, 'aws4_request'].join('/');
    const text = await this.createStringToSign(at, scope, canonical, algorithm);
    if (region === undefined) {
      return verify('sha256', Buffer.from(text), publicKey(accessKeyId, secretAccessKey), Buffer.from(signature, 'hex'));
    }
    const key = await getSigningKey(Sha256, { accessKeyId, secretAccessKey }, day, region, service);
    const expected = createHmac('sha256', key).update(text).digest();
    const given = Buffer.from(signature, 'hex');
    return given.length === expected.length && timingSafeEqual(given, expected);
  }
}

/** The key that SigV4A derives from an access key, by its first candidate that is in range; its public half. */
function publicKey(accessKeyId: string, secretAccessKey: string): KeyObject {
  for (let counter = 1; counter < 255; counter += 1) {
    const input = Buffer.concat([
      Buffer.from([0, 0, 0, 1]),
      Buffer.from('AWS4-ECDSA-P256-SHA256'),
      Buffer.from([0]),
      Buffer.from(accessKeyId),
      Buffer.from([counter]),
      Buffer.from([0, 0, 1, 0]),
    ]);
    const candidate = BigInt(`0x${createHmac('sha256', `AWS4A${secretAccessKey}`).update(input).digest('hex')}`);
    if (candidate > highestKey) continue;
    const pair = createECDH('prime256v1');
    pair.setPrivateKey((candidate + 1n).toString(16).padStart(64, '0'), 'hex');
    const point = pair.getPublicKey();
    return createPublicKey({
      format: 'jwk',
      key: { kty: 'EC', crv: 'P-256', x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url') },
    });
  }
  throw new Error('no key of SigV4A comes of this access key');
}
