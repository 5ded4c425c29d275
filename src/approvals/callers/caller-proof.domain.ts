import { Fields } from './event.domain';
import { sha256 } from '../../kernel/digest';
import { readJson } from '../../kernel/json/strict';
import { isJsonType } from '../../kernel/json/type';
import { proofLimits } from '../contract';

/**
 * How a caller with AWS credentials proves who they are to a function that believes nobody: they sign a request of `sts:GetCallerIdentity`,
 * and the function sends it. Of what the caller hands over only key ID, time, signature and session token are taken. Everything else of the
 * request is made
 * anew by the function, so that nothing can be put into it: not a host, not another action, not a header.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
 */
export interface CallerProof {
  readonly accessKeyId: string;
  /** When it was signed, `YYYYMMDDTHHMMSSZ`. */
  readonly signedAt: string;
  readonly signature: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string;
}

/** What a proof is for: this call and no other. */
export interface ProvenCall {
  /** Where the gate is reached, from `https://` to the approval's ID or the start's name. */
  readonly url: string;
  /** The decision or the input, byte for byte. */
  readonly body: string | Uint8Array;
  /** The call's `Idempotency-Key`. */
  readonly key?: string;
}

/** A request of STS, without what a signature adds to it. */
export interface StsRequest {
  readonly host: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** What STS says of a request. */
export type StsVerdict =
  | { readonly kind: 'caller'; readonly arn: string; readonly accountId: string }
  /** It was not signed by anybody whom STS knows. */
  | { readonly kind: 'refused'; readonly code: string }
  /** It is not known. */
  | { readonly kind: 'unknown'; readonly detail: string };

/** The header that travels with the signed request, and binds it to one call. */
const callHeader = 'x-approval-call';

/** Each path of the API has POST alone. No part can hold a blank, so no two calls have the same text. */
function callText({ url, body, key }: ProvenCall): string {
  return ['POST', url, sha256(body), ...(key === undefined ? [] : [key])].join(' ');
}

/** What the caller signs. */
export function unsignedStsRequest(region: string, call: ProvenCall): StsRequest {
  const host = `sts.${region}.${region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'}`;
  return { host, query: { Action: 'GetCallerIdentity', Version: '2011-06-15' }, headers: { host, [callHeader]: callText(call) } };
}

/** What the function sends: the same request, made anew, with the caller's signature. */
export function signedStsRequest(
  region: string,
  call: ProvenCall,
  { accessKeyId, signedAt, signature, sessionToken }: CallerProof,
): StsRequest {
  const { host, query, headers } = unsignedStsRequest(region, call);
  return {
    host,
    query: {
      ...query,
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': `${accessKeyId}/${signedAt.slice(0, 8)}/${region}/sts/aws4_request`,
      'X-Amz-Date': signedAt,
      'X-Amz-Expires': String(proofLimits.validSeconds),
      'X-Amz-SignedHeaders': `host;${callHeader}`,
      'X-Amz-Signature': signature,
      ...(sessionToken === undefined ? {} : { 'X-Amz-Security-Token': sessionToken }),
    },
    // Not signed: it only chooses a form that can be read strictly.
    headers: { ...headers, accept: 'application/json' },
  };
}

/** The value of the header `X-Caller-Proof`. */
export function proofText({ accessKeyId, signedAt, signature, sessionToken }: CallerProof): string {
  return ['1', accessKeyId, signedAt, signature, sessionToken ?? ''].join(';');
}

/** Undefined: the text is no proof. */
export function readProof(text: string): CallerProof | undefined {
  if (text.length > proofLimits.length) return undefined;
  const [, accessKeyId, signedAt, signature, sessionToken] =
    /^1;(\w{16,128});(\d{8}T\d{6}Z);([0-9a-f]{64});([\x21-\x7e]*)$/.exec(text) ?? [];
  if (accessKeyId === undefined) return undefined;
  return { accessKeyId, signedAt, signature, ...(sessionToken === '' ? {} : { sessionToken }) };
}

/** Whether a proof may count at this time. What is not a time never does. */
export function inTime({ signedAt }: CallerProof, nowMs: number): boolean {
  const signedMs = Date.parse(signedAt.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  return signedMs > nowMs - proofLimits.validSeconds * 1000 && signedMs < nowMs + proofLimits.aheadSeconds * 1000;
}

/** Reads STS's answer. Only one that is exactly what GetCallerIdentity answers names anybody. */
export function stsVerdict(status: number, contentType: string, body: string): StsVerdict {
  const fields = isJsonType(contentType) ? objectOf(body) : undefined;
  if (status === 200) return callerIn(fields) ?? { kind: 'unknown', detail: "an answer that is not GetCallerIdentity's" };
  const code = textOf(objectIn(fields, 'Error'), 'Code') ?? '';
  const known = /^\w{1,64}$/.test(code) ? code : 'without a code';
  // It says 400 also when it is asked too often, and 403 where the region is switched off for the account: the proof may be good.
  const refused = (status === 400 || status === 403) && !/Throttl|TooManyRequests|RequestLimitExceeded|RegionDisabled/i.test(code);
  return refused ? { kind: 'refused', code: known } : { kind: 'unknown', detail: `${status} ${known}` };
}

function callerIn(fields: Fields | undefined): StsVerdict | undefined {
  if (Object.keys(fields ?? {}).join() !== 'GetCallerIdentityResponse') return undefined;
  const result = objectIn(objectIn(fields, 'GetCallerIdentityResponse'), 'GetCallerIdentityResult');
  const [arn, accountId] = [textOf(result, 'Arn'), textOf(result, 'Account')];
  if (arn === undefined || accountId === undefined) return undefined;
  return /^arn:[a-z-]+:(?:iam|sts)::(\d{12}):[\x21-\x7e]+$/.exec(arn)?.[1] === accountId ? { kind: 'caller', arn, accountId } : undefined;
}

function objectOf(text: string): Fields | undefined {
  const read = readJson(text);
  return read.kind === 'read' ? objectIn({ read: read.value }, 'read') : undefined;
}

function objectIn(fields: Fields | undefined, name: string): Fields | undefined {
  const value = fields !== undefined && Object.hasOwn(fields, name) ? fields[name] : undefined;
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function textOf(fields: Fields | undefined, name: string): string | undefined {
  const value = fields !== undefined && Object.hasOwn(fields, name) ? fields[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}
