import { renderReport } from './domain';
import { applyRecord, ChainProblem, CutoverState, emptyState, verifyChain } from '../audit/domain';
import { AuditClock, AuditPort, AuditSigner } from '../audit/service';
import { AuditAnchor, anchorOf, auditKeyAlias } from '../contract';

export interface ReportOptions {
  readonly systemName: string;
  readonly region: string;
  /** A record that was seen before, and its hash. */
  readonly seen?: AuditAnchor;
  /** ARN of the key that must have signed it, or its alias; absent: no signature is checked. */
  readonly key?: string;
}

/** Reads what is asked for; a text says what is wrong with it. */
export function optionsOf(asked: unknown): ReportOptions | string {
  const { systemName, region, seen, key } = (typeof asked === 'object' && asked !== null ? asked : {}) as Readonly<Record<string, unknown>>;
  if (typeof systemName !== 'string' || systemName === '' || typeof region !== 'string' || region === '') {
    return (
      'give systemName and region, and where wanted key (an ARN, or none) and seen (RECORD:SHA256): the region is the one in which the ' +
      "state machine stands, the key the stack's output AuditKey"
    );
  }
  if (key !== undefined && (typeof key !== 'string' || key === '')) {
    return (
      `'key' is ${JSON.stringify(key)}: give the key's ARN as the stack's output AuditKey has it, or none for an audit that no ` +
      `key has signed yet`
    );
  }
  const options = { systemName, region, ...(key === 'none' ? {} : { key: key ?? auditKeyAlias(systemName) }) };
  if (seen === undefined) return options;
  const anchor = typeof seen === 'string' ? anchorOf(seen) : undefined;
  return anchor ? { ...options, seen: anchor } : `'seen' is ${JSON.stringify(seen)}: give RECORD:SHA256 as an earlier report shows it`;
}

/** A whole audit that was deleted looks like one that never was. */
const nothing =
  'there is no record of this system in this region: check --system and --region; if both are right, the records were deleted';

export interface AuditReport {
  /** Markdown. */
  readonly text: string;
  readonly unbroken: boolean;
  /** Records that were read. */
  readonly records: number;
  /** What is wrong, the first one first; empty when unbroken. */
  readonly problems: readonly ChainProblem[];
}

/** Reads and verifies a whole audit. */
export class AuditReader {
  constructor(
    private readonly port: Pick<AuditPort, 'list'>,
    private readonly signer: Pick<AuditSigner, 'key'> | undefined,
    private readonly clock: AuditClock,
  ) {}

  public async report({ systemName, seen }: Pick<ReportOptions, 'systemName' | 'seen'>): Promise<AuditReport> {
    const verified = verifyChain(await this.port.list(), await this.signer?.key(), seen);
    const verification =
      verified.records.length > 0 || verified.problems.length > 0 ? verified : { ...verified, problems: [{ problem: nothing }] };
    const unbroken = verification.problems.length === 0;
    // What a broken chain adds up to is anybody's guess.
    const state = unbroken
      ? verification.records.reduce<CutoverState>((sum, record) => applyRecord(sum, record, ''), emptyState)
      : undefined;
    const { records, problems } = verification;
    const text = renderReport(systemName, new Date(this.clock.nowMs()).toISOString(), verification, state);
    return { text, unbroken, records: records.length, problems };
  }
}
