import { ecdsaVerifier } from '../../kernel/signature';
import { AuditAnchor } from '../contract';
import { AuditRecord } from '../model';

/** The key that a chain is held to. */
export interface AuditKey {
  /** ID of the key, as its ARN ends. */
  readonly id: string;
  /** Whether this key made the signature of a text. */
  readonly made: (signature: string, text: string) => boolean;
}

/** A key as KMS tells of it: its ARN, and its public half as SPKI in DER and base64. */
export function auditKey(arn: string, publicKey: string): AuditKey {
  return { id: arn.slice(arn.lastIndexOf('/') + 1), made: ecdsaVerifier(publicKey) };
}

/** What a record follows: its place, when it was written, and the ID of the key that signed it. */
export interface Before {
  readonly seq: number;
  readonly at?: string;
  readonly signedBy?: string;
}

const mark = ',"sig":"';
const base64 = /^[A-Za-z0-9+/]{8,200}={0,2}$/;
/** What a signature adds to a text at most: a signature of P-256 has up to 72 bytes in DER. */
export const signatureBytes = mark.length + 96 + '"'.length;

/** A record's text with its signature, as it is stored. */
export function signedText(text: string, signature: string): string {
  return `${text.slice(0, -1)}${mark}${signature}"}`;
}

/** What was signed of a stored text, and the signature; undefined when it carries none at its end. */
export function splitText(stored: string): { readonly text: string; readonly signature: string } | undefined {
  const at = stored.lastIndexOf(mark);
  const signature = stored.slice(at + mark.length, -2);
  return at > 0 && stored.endsWith('"}') && base64.test(signature) ? { text: `${stored.slice(0, at)}}`, signature } : undefined;
}

/** Whose signature a record has, in words. */
export function signerOf({ signedBy }: Pick<AuditRecord, 'signedBy'>): string {
  return signedBy === undefined ? 'carries no signature' : `is signed with key ${signedBy}`;
}

/**
 * What is wrong with a record's signature or time. Records that another key or none has signed may stand at the beginning of a chain alone:
 * the first one of the key then takes them over, which its writer does only for a person who has vouched for them.
 */
export function signatureProblem(record: AuditRecord, stored: string, before: Before, key: AuditKey): string | undefined {
  const begun = before.signedBy === key.id;
  if (record.signedBy !== key.id) {
    return begun ? `${signerOf(record)}, and the one before with key ${key.id}: the cutover did not write it` : undefined;
  }
  const parts = splitText(stored);
  if (!parts || !key.made(parts.signature, parts.text)) {
    return `has a signature that key ${key.id} did not make: it was forged, or changed after it was written`;
  }
  if (!begun) {
    return before.seq > 0 && record.entry.what !== 'signing'
      ? 'begins the signed records and takes over nothing: no signature proves the records before it'
      : undefined;
  }
  return goesBack(record, before) ? `is dated ${record.at}, before record ${before.seq} (${before.at})` : undefined;
}

function goesBack({ at }: AuditRecord, { at: before = at }: Before): boolean {
  // Also what is no time at all.
  return !(Date.parse(at) >= Date.parse(before));
}

/** What is wrong with a chain that ends so: nobody builds on records of which none is signed with the key. */
export function endProblem(end: Before, key: AuditKey): string | undefined {
  return end.seq === 0 || end.signedBy === key.id
    ? undefined
    : `${signerOf(end)}, and none after it is signed with key ${key.id}: if you trust the records up to it, give its hash as ` +
        `'formerAuditEnd' and deploy`;
}

/** Which records of a chain are vouched for, and how. */
export interface SignatureReport {
  /** Absent: none was given, so no signature was checked. */
  readonly keyId?: string;
  /** Records that verify with the key, as runs of numbers. */
  readonly verified: readonly (readonly [number, number])[];
  /** Records before the first that the key signed. */
  readonly former?: { readonly to: number; readonly how: string; readonly takenOverBy?: number };
  /** The first that should verify and does not. */
  readonly firstBad?: number;
}

/** Collects what `signatureProblem` says of each record. */
export class SignatureTally {
  private readonly verified: [number, number][] = [];
  private former?: SignatureReport['former'];
  private firstBad?: number;

  constructor(private readonly keyId: string | undefined) {}

  public add(record: AuditRecord, bad: boolean): void {
    const { seq } = record;
    if (bad) this.firstBad ??= seq;
    else if (this.keyId === undefined) return;
    else if (record.signedBy === this.keyId) this.verify(record);
    else this.former = { to: seq, how: signerOf(record) };
  }

  public report(): SignatureReport {
    const { keyId, verified, former, firstBad } = this;
    return {
      ...(keyId === undefined ? {} : { keyId }),
      verified,
      ...(former ? { former } : {}),
      ...(firstBad === undefined ? {} : { firstBad }),
    };
  }

  private verify({ seq, entry }: AuditRecord): void {
    if (this.former && entry.what === 'signing') this.former = { ...this.former, takenOverBy: this.former.takenOverBy ?? seq };
    const last = this.verified[this.verified.length - 1];
    if (last?.[1] === seq - 1) last[1] = seq;
    else this.verified.push([seq, seq]);
  }
}

/** The anchor that a chain's end is. */
export function isAt({ seq, hash }: AuditAnchor, end: { readonly seq: number; readonly tip: string }): boolean {
  return seq === end.seq && hash === end.tip;
}
