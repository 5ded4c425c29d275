import type { DrainCheck, HealthReport, LedgerCheck } from '../http.contract';

/** What one read of the drain item came to. */
export type DrainRead =
  | { readonly kind: 'read'; readonly drained: boolean }
  /** Refused for load, not for being out of order. */
  | { readonly kind: 'throttled' }
  /** No answer, or a refusal: for this region the ledger is out of reach. The fault is for the log. */
  | { readonly kind: 'failed'; readonly fault: unknown };

export interface HealthPorts {
  readonly region: string;
  readonly nowMs: () => number;
  /** Reads the region's drain item; `strong` asks the ledger's quorum. Never throws. */
  readonly readDrain: (strong: boolean) => Promise<DrainRead>;
  /** Reads from the table that says who is home; absent where every region writes. Throws when it does not answer. */
  readonly readAuthority?: () => Promise<unknown>;
  /**
   * Renews the leases that this region holds, so that a home without work keeps them; absent where no region is home. May throw: that is
   * for the log alone.
   */
  readonly keepLeases?: () => Promise<void>;
  /** How long an answer is given again without reading, milliseconds. */
  readonly cacheMs: number;
}

/** What is told to everyone, and what only to the log. */
export interface HealthFinding {
  readonly report: HealthReport;
  readonly fault?: unknown;
}

/** A read slower than this is worth telling, milliseconds; it is no reason to leave: so would every region when load is the cause. */
const slowMs = 500;

/**
 * Whether this region should get traffic. One strong read of the region's own drain item tells both things: that the ledger answers
 * (on a strongly consistent table: with its quorum), and whether an operator has drained the region.
 *
 * What load causes does not make a region unhealthy: its traffic would move, and take the next region down too.
 */
export function healthCheck(ports: HealthPorts): () => Promise<HealthFinding> {
  let last: { finding: HealthFinding; untilMs: number } | undefined;
  return async () => {
    if (last && ports.nowMs() < last.untilMs) return last.finding;
    // Beside the reads, since the answer has little time; so it is the check before this one that has found the region well.
    const keeping =
      last?.finding.report.status === 'healthy'
        ? ports.keepLeases?.().then(
            () => undefined,
            (fault: unknown) => ({ fault }),
          )
        : undefined;
    const [kept, found] = await Promise.all([keeping, check(ports)]);
    const finding = { ...kept, ...found };
    last = { finding, untilMs: ports.nowMs() + ports.cacheMs };
    return finding;
  };
}

async function check(ports: HealthPorts): Promise<HealthFinding> {
  const startedMs = ports.nowMs();
  const authorityFault = ports.readAuthority?.().then(
    () => undefined,
    (fault: unknown) => ({ fault }),
  );
  const strong = await ports.readDrain(true);
  const slow = ports.nowMs() - startedMs > slowMs;
  // A throttled key says nothing of the switch: it may still be read from the replica alone.
  const drain = drainOf(strong.kind === 'throttled' ? await ports.readDrain(false) : strong);
  const failed = (await authorityFault) ?? (strong.kind === 'failed' ? { fault: strong.fault } : undefined);
  const authority = authorityFault && { authority: (await authorityFault) ? ('failed' as const) : ('ok' as const) };
  return { report: reportOf(ports.region, { ledger: ledgerOf(strong, slow), drain, ...authority }), ...failed };
}

function ledgerOf(read: DrainRead, slow: boolean): LedgerCheck {
  if (read.kind !== 'read') return read.kind;
  return slow ? 'slow' : 'ok';
}

function drainOf(read: DrainRead): DrainCheck {
  if (read.kind !== 'read') return 'unknown';
  return read.drained ? 'draining' : 'off';
}

function reportOf(region: string, checks: HealthReport['checks']): HealthReport {
  // Without the authority a region neither writes nor knows where to send what it is asked.
  if (checks.ledger === 'failed' || checks.authority === 'failed') return { region, status: 'unhealthy', checks };
  if (checks.drain === 'draining') return { region, status: 'draining', checks };
  return { region, status: 'healthy', checks };
}
