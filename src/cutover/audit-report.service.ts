import { renderReport } from './audit-report.domain';
import { apply, CutoverState, emptyState } from './audit.domain';
import { AuditClock, AuditLog, AuditPort } from './audit.service';

export interface ReportOptions {
  readonly systemName: string;
  readonly region: string;
  /** A record that was seen before, and its hash. */
  readonly seen?: { readonly seq: number; readonly hash: string };
}

/** Reads what is asked for; a text says what is wrong with it. */
export function optionsOf(asked: unknown): ReportOptions | string {
  const { systemName, region, seen } = (typeof asked === 'object' && asked !== null ? asked : {}) as Readonly<Record<string, unknown>>;
  if (typeof systemName !== 'string' || systemName === '' || typeof region !== 'string' || region === '') {
    return 'usage: --system NAME --region REGION [--seen RECORD:SHA256]; the region is the one in which the state machine stands';
  }
  if (seen === undefined) return { systemName, region };
  const parts = typeof seen === 'string' ? /^(\d+):([0-9a-f]{64})$/.exec(seen) : null;
  return parts ? { systemName, region, seen: { seq: Number(parts[1]), hash: parts[2] } } : `'seen' is ${JSON.stringify(seen)}: give RECORD:SHA256 as an earlier report shows it`;
}

/** Reads and verifies a whole audit. */
export class AuditReader {
  private readonly log: AuditLog;

  constructor(port: AuditPort, private readonly clock: AuditClock) {
    this.log = new AuditLog(port, clock);
  }

  public async report({ systemName, seen }: ReportOptions): Promise<{ readonly text: string; readonly unbroken: boolean }> {
    const verification = await this.log.verify(seen);
    const unbroken = verification.problems.length === 0;
    // What a broken chain adds up to is anybody's guess.
    const state = unbroken ? verification.records.reduce<CutoverState>((sum, record) => apply(sum, record, ''), emptyState) : undefined;
    return { text: renderReport(systemName, new Date(this.clock.nowMs()).toISOString(), verification, state), unbroken };
  }
}
