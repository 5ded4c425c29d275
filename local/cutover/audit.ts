import { createHash } from 'node:crypto';
import { applyRecord, emptyState, verifyChain, type CutoverState, type ChainVerification } from '../../src/cutover/audit/domain';
import { auditKey } from '../../src/cutover/audit/signature.domain';
import { auditKeyAlias, auditPath, auditSeq } from '../../src/cutover/contract';
import type { AuditEntry, AuditRecord } from '../../src/cutover/model';
import { describeEntry, historyLine, renderReport } from '../../src/cutover/report/domain';
import type { CutoverFabric } from '../ground/model';

/** A record of the audit as `GET /_local/audit` tells it. */
export interface AuditLine extends AuditRecord {
  readonly name: string;
  readonly sha256: string;
  readonly what: AuditEntry['what'];
  readonly says: string;
}

/** The whole audit at one moment. */
export interface AuditSight {
  readonly verification: ChainVerification;
  readonly lines: readonly AuditLine[];
  /** What follows from an unbroken chain. */
  readonly state?: CutoverState;
}

/** Reads the audit from Parameter Store, as an auditor would: what it says follows from the records alone. */
export async function readAudit(
  fabric: Pick<CutoverFabric, 'parameters' | 'publicKey'>,
  region: string,
  systemName: string,
): Promise<AuditSight> {
  const asked = [fabric.parameters(region, auditPath(systemName)), fabric.publicKey(region, auditKeyAlias(systemName))] as const;
  const [found, { arn, publicKey }] = await Promise.all(asked);
  const placed = found.map(({ name, value }) => ({ seq: auditSeq(systemName, name), name, value }));
  const texts = new Map(placed.flatMap(({ seq, ...parameter }) => (seq === undefined ? [] : [[seq, parameter] as const])));
  const others = placed.flatMap(({ seq, name }) => (seq === undefined ? [name] : []));
  const verification = verifyChain(
    { texts: new Map([...texts].map(([seq, { value }]) => [seq, value])), others },
    auditKey(arn, publicKey),
  );
  const lines = verification.records.map((record): AuditLine => {
    const { name, value } = texts.get(record.seq)!;
    return {
      ...record,
      name,
      what: record.entry.what,
      says: describeEntry(record.entry),
      sha256: createHash('sha256').update(value).digest('hex'),
    };
  });
  const state =
    verification.problems.length > 0
      ? undefined
      : verification.records.reduce<CutoverState>((sum, record) => applyRecord(sum, record, texts.get(record.seq)!.value), emptyState);
  return { verification, lines, state };
}

export function reportOf(systemName: string, { verification, state }: AuditSight, at: Date): string {
  return renderReport(systemName, at.toISOString(), verification, state);
}

/** The audit as people read it. */
export function historyOf({ lines }: AuditSight): { at: string; what: string; by?: string; more?: string }[] {
  return lines.map((line) => {
    const { at, what, by, more } = historyLine(line);
    return { at, what, ...(by ? { by } : {}), ...(more ? { more } : {}) };
  });
}
