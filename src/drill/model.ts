import { DrillKind } from './contract';
import { ExperimentRecord } from './fault/model';
import { SeenCall } from '../scenario/model';

/** One thing that was looked at, as reports show it. */
export interface DrillCheck {
  readonly name: string;
  readonly passed: boolean;
  readonly value: string;
  readonly allowed?: string;
}

/** What the prober's callers saw so far. */
export interface ProbedCalls {
  readonly account: string;
  readonly beganMs: number;
  readonly writtenMs: number;
  readonly calls: readonly SeenCall[];
  /** How long resolvers keep the public name's answer, as DNS says; absent where that is not known. */
  readonly ttlSeconds?: number;
}

/** What became of the prober's payments, seen from each region. */
export interface ProbeAudit {
  readonly paid: number;
  /** Calls whose first answer was none, or not final: each was sent once more, and more often, until its answer was final. */
  readonly sentAgain: number;
  /** Calls that had no final answer; in a run's facts the first ones alone. */
  readonly failed: readonly string[];
  /** How many they were, where the list is not whole. */
  readonly failures?: number;
  /** Accepted payments without their one debit. */
  readonly lost: number;
  /** Debits beyond one a payment. */
  readonly duplicates: number;
  /** Balances that are not what their lines make. */
  readonly wrong: readonly string[];
}

/** What the system's own metrics say of the time of a drill. */
export interface DrillMetricsSeen {
  /** Writes that met another region's. */
  readonly conflicts: number;
  readonly eventsSent: number;
  /** Longest that a probe took from region to region, in milliseconds; absent without an event mesh. */
  readonly longestEventMs?: number;
  /** Events that lie in dead-letter queues now and did not before. */
  readonly eventsMissing: number;
}

/** Percent of the answered calls by region. */
export type RegionShares = Readonly<Record<string, number>>;

/** What a run has found so far: it goes along from step to step. */
export interface DrillFacts {
  readonly id: string;
  readonly kind: DrillKind;
  readonly startedBy: string;
  readonly startedMs: number;
  readonly checks?: readonly DrillCheck[];
  readonly deadBefore?: number;
  /** When the region was taken away: with faults, when the first call there failed. */
  readonly takenMs?: number;
  /** With faults: the experiment, as it was last looked at. */
  readonly fault?: ExperimentRecord;
  /** Whether the experiment has taken effect. */
  readonly struck?: true;
  readonly recoverySeconds?: number;
  readonly restoredMs?: number;
  readonly backMs?: number;
  readonly checksAfter?: readonly DrillCheck[];
  readonly ttlSeconds?: number;
  readonly split?: { readonly before: RegionShares; readonly during: RegionShares; readonly after: RegionShares };
  readonly audit?: ProbeAudit;
  readonly metrics?: DrillMetricsSeen;
  /** When the present wait began. */
  readonly sinceMs?: number;
  /** Why the drill is not passed. */
  readonly reasons: readonly string[];
}

/** How a drill ended. */
export type DrillVerdict = 'PASSED' | 'FAILED' | 'ABORTED';

/** Where a piece of evidence is, which version of it, and the SHA-256 of what it holds. */
export interface EvidencePart {
  readonly key: string;
  /** What is written below the key later is another version; absent where the bucket has none. */
  readonly versionId?: string;
  readonly sha256: string;
}

/** What a run came to: the execution's output, and the cause of its failure. */
export interface DrillResult {
  readonly id: string;
  readonly region: string;
  readonly kind: DrillKind;
  readonly state: DrillVerdict;
  readonly budgetSeconds: number;
  readonly recoverySeconds?: number;
  readonly lost?: number;
  readonly duplicates?: number;
  readonly split?: DrillFacts['split'];
  readonly reasons: readonly string[];
  readonly evidence?: { readonly bucket: string; readonly html: EvidencePart; readonly json: EvidencePart };
}
