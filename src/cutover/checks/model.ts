import { AlarmReference } from '../contract';
import { CheckResult, OutcomeOf } from '../model';

/** An alarm as it is now. */
export interface AlarmState extends AlarmReference {
  readonly state: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA' | 'MISSING';
}

/** A CloudWatch metric. */
export interface MetricQuery {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly stat: 'Maximum' | 'Average' | 'Minimum' | 'Sum';
}

/** What a team's own check is told. */
export interface OwnCheckRequest {
  readonly phase: number;
  readonly share: number;
  readonly source: string;
  readonly target: string;
}

/** What the checks read in the regions. Every method may throw: then its check has failed. The right to each is in `readRights`. */
export interface CheckReads {
  /** Values of the last minutes, one a minute, newest first; minutes without data are left out. */
  readonly metric: (region: string, query: MetricQuery, minutes: number) => Promise<readonly number[]>;
  readonly alarms: (region: string, names: readonly string[]) => Promise<readonly AlarmState[]>;
  /** Messages in a queue, in flight and delayed ones too; undefined when there is no such queue. */
  readonly queueDepth: (region: string, name: string) => Promise<number | undefined>;
  readonly lambdaConcurrency: (region: string) => Promise<number>;
  readonly apiThrottles: (region: string) => Promise<{ readonly rate: number; readonly burst: number }>;
  /** What the last comparison of the documents came to; undefined when there was none. */
  readonly parityRecord: (region: string, name: string) => Promise<string | undefined>;
  /** The team's own check. */
  readonly ownCheck: (
    functionArn: string,
    request: OwnCheckRequest,
  ) => Promise<Pick<CheckResult, 'passed' | 'value'> & Partial<CheckResult>>;
}

/** Checks before a phase, and what proves later that they were these. */
export interface CheckReport {
  readonly phase: number;
  readonly at: string;
  readonly passed: boolean;
  readonly checks: readonly CheckResult[];
  /** SHA-256 over the canonical JSON of phase, time and checks. */
  readonly digest: string;
}

/** How long a phase is watched, epoch milliseconds: since when without a gap, and when it was last seen. */
export interface Watch {
  readonly sinceMs: number;
  readonly seenMs: number;
}

/** What one look of a soak leaves to the next. */
export interface SoakProgress {
  /** Looks in a row that saw too little. */
  readonly unreadable?: number;
  readonly watch?: Watch;
}

/** What one look at a phase's alarms and records comes to. */
export type SoakOutcome =
  | OutcomeOf<'soaked', { readonly phase: number }>
  | OutcomeOf<'soaking', { readonly phase: number; readonly unreadable: number; readonly watch: Watch; readonly waitSeconds: number }>
  | OutcomeOf<'breach', { readonly phase: number; readonly detail: string }>
  /** An alarm is raised, and something speaks against the source: nothing moves by itself. */
  | OutcomeOf<'held', { readonly phase: number; readonly detail: string }>
  /** The records were changed by hand. */
  | OutcomeOf<'drift', { readonly phase: number; readonly detail: string }>
  /** Nobody can say how it goes: nothing goes on. */
  | OutcomeOf<'blind', { readonly phase: number; readonly detail: string }>;

/** What one try to move the authority over a unit comes to. */
export type AuthorityOutcome =
  | OutcomeOf<'moved', { readonly units: number }>
  /** One more unit, or one more try. */
  | OutcomeOf<'again', { readonly detail: string; readonly failures: number; readonly waitSeconds: number }>
  | OutcomeOf<'stuck', { readonly detail: string }>
  /** The run is over: nothing was moved. */
  | OutcomeOf<'superseded', { readonly detail: string }>;

/** A bucket as it is carried from one part of a round to the next: number, count, and the two halves of the digest. */
export type StoredBucket = readonly [number: number, count: number, high: number, low: number];

/** The two replicas that a round compares. */
export type Side = 'source' | 'target';

/** How far a region has been read. */
export interface Reading {
  readonly from?: string;
  readonly over: boolean;
  readonly items: number;
  readonly accounts: number;
  readonly buckets: readonly StoredBucket[];
}

/** Differences found so far, comparing what one side has with the other, then the other way round. */
export interface Comparing {
  readonly buckets: readonly number[];
  readonly side: Side;
  readonly from?: string;
  readonly over: boolean;
  readonly found: number;
  readonly inFlight: number;
  readonly unexplained: readonly string[];
}

/** Where among the accounts the next part goes on: a page, and how many of it have been looked at. */
export interface AccountPlace {
  readonly from?: string;
  readonly skip: number;
}

/** What a round has found at the accounts so far. */
export interface AccountFindings {
  readonly checked: number;
  readonly escalated: readonly string[];
  readonly unchecked: readonly string[];
}

/**
 * A round that did not fit into the time of its function, as it is carried to the next part. It is part of the state machine's data, so it
 * is small: some hundred buckets, however large the table is.
 */
export interface RoundUnderWay {
  readonly beganMs: number;
  /** Items written since then are compared one by one. */
  readonly sinceMs: number;
  readonly read: Readonly<Record<Side, Reading>>;
  readonly comparing?: Comparing;
  readonly accounts: AccountFindings;
}

/** What is carried from one round to the next; part of the state machine's data, so it is small. */
export interface WindowProgress {
  readonly startedMs: number;
  readonly rounds: number;
  /** Where among the accounts the next round begins. */
  readonly place: AccountPlace;
  /** A round that did not fit into its function's time, and goes on in the next. */
  readonly underWay?: RoundUnderWay;
  /** Differences of the last round that nothing explained; a sample. */
  readonly pending: readonly string[];
  /** How many differences were found unexplained once and were gone later. */
  readonly settled: number;
  readonly accountsChecked: number;
}

/** One round's findings. */
export interface RoundReport {
  readonly items: { readonly source: number; readonly target: number };
  readonly differing: number;
  readonly inFlight: number;
  readonly unexplained: readonly string[];
  /** Accounts whose balances do not add up, or that have writes which their present epoch does not know. */
  readonly escalated: readonly string[];
  /** Accounts too large to be recomputed in the time of one function: nothing is said of them. */
  readonly unchecked: readonly string[];
  readonly accounts: { readonly checked: number; readonly known: number };
}

/** What a round, or a part of one, comes to. */
export type WindowOutcome =
  | OutcomeOf<'reconciling', { readonly progress: WindowProgress; readonly round?: RoundReport; readonly waitSeconds: number }>
  | OutcomeOf<
      'reconciled' | 'unexplained',
      { readonly progress: WindowProgress; readonly round: RoundReport; readonly detail: string; readonly digest: string }
    >
  /** The window is over, and its last round could not read both regions: nobody knows how they differ. */
  | OutcomeOf<'unread', { readonly progress: WindowProgress; readonly detail: string }>;
