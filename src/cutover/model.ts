/** The cutover's vocabulary, shared by its services: what is moved, what is recorded. Types only. */

/** Shares of the public name's answers, in percent; together 100. */
export interface Weights {
  readonly source: number;
  readonly target: number;
}

/** Where one region's record points. */
export interface RecordTarget {
  /** Regional name of the API in that region. */
  readonly value: string;
  /** Route 53 health check of that region. */
  readonly healthCheckId?: string;
  readonly weight: number;
}

/** The public name's weighted records, all that counts of them. */
export interface RecordShape {
  readonly ttlSeconds: number;
  /** Absent once the source's role has ended. */
  readonly source?: RecordTarget;
  readonly target: RecordTarget;
}

/**
 * Records as they stand, with the number of the intent that made them. The number is part of their set identifiers, so that whoever
 * changes them names the very state that was read: a worker that was overtaken cannot change what its successor made.
 */
export interface StampedShape {
  readonly shape: RecordShape;
  readonly stamp: number;
}

/** The two regions of a cutover, by name. */
export interface RegionPair {
  readonly source: string;
  readonly target: string;
}

/** Why the records are changed. */
export type IntentKind = 'create' | 'deploy' | 'shift' | 'rollback' | 'revert' | 'retire';

/** What something came to, by name, with what goes along: a union of one member for each name. */
export type OutcomeOf<Name extends string, Data = unknown> = Name extends string ? { readonly outcome: Name } & Data : never;

/** How a run ends. PAUSED: nothing moves until somebody starts another run, which goes on from the recorded weights. */
export type EndState = 'SUCCEEDED' | 'ROLLED_BACK' | 'PAUSED' | 'FAILED';

/** What a run is asked to do. */
export type RunAction = 'cutover' | 'rollback' | 'adopt' | 'revert';

/** One check before a phase, as it is reported and recorded. */
export interface CheckResult {
  readonly name: string;
  readonly passed: boolean;
  /** What was found. */
  readonly value: string;
  readonly allowed: string;
  /** What to do about it; empty when it passed. */
  readonly mend: string;
  /** SHA-256 of the report that the check went by. */
  readonly evidence?: string;
}

/** A change after the phases that checks stand before: the move of the authority, the source's end. */
export type ClosingStep = 'authority' | 'retire';

export type GateDecision = 'APPROVED' | 'REJECTED' | 'EXPIRED';

/** What is recorded. `run` is the execution that it belongs to. */
export type AuditEntry =
  | {
      readonly what: 'intent';
      readonly run: string;
      readonly kind: IntentKind;
      readonly phase?: number;
      readonly from?: RecordShape;
      readonly to: RecordShape;
      /** Whose records they become, where a deployment has said so. */
      readonly regions?: RegionPair;
    }
  | {
      readonly what: 'changed';
      readonly run: string;
      readonly intent: number;
      readonly kind: IntentKind;
      readonly weights: Weights;
      readonly inSync: true;
    }
  | { readonly what: 'removed'; readonly run: string }
  | {
      readonly what: 'started';
      readonly run: string;
      readonly action: RunAction;
      readonly reason: string;
      readonly plan: string;
      readonly phases: readonly number[];
      readonly attested: Readonly<Record<string, string>>;
    }
  | {
      readonly what: 'prechecks';
      readonly run: string;
      /** After the phases: the last one. */
      readonly phase: number;
      /** What they stand before, after the phases; absent before a phase. */
      readonly before?: ClosingStep;
      readonly passed: boolean;
      readonly digest: string;
      readonly failed: readonly string[];
      readonly checks: readonly string[];
      /** SHA-256 of the report that compared the documents; absent without `ReplicatedDocuments`, and where there is none. */
      readonly documents?: string;
    }
  | {
      readonly what: 'decision';
      readonly run: string;
      readonly about: string;
      readonly decision: GateDecision;
      readonly comments: readonly string[];
      readonly digest?: string;
    }
  | { readonly what: 'drift'; readonly run: string; readonly recorded: string; readonly real: string; readonly found?: StampedShape }
  | { readonly what: 'adopted'; readonly run: string; readonly shape: RecordShape; readonly stamp: number }
  | { readonly what: 'unreachable'; readonly run: string; readonly step: string; readonly detail: string }
  | {
      readonly what: 'breach';
      readonly run: string;
      readonly phase: number;
      readonly alarms: readonly string[];
      readonly then: 'PAUSE' | 'ROLL_BACK';
    }
  | { readonly what: 'soaked'; readonly run: string; readonly phase: number; readonly seconds: number }
  | {
      readonly what: 'authority';
      readonly run: string;
      readonly unit: number;
      readonly from: string;
      readonly to: string;
      readonly epoch: number;
      readonly done: boolean;
      /** How long nobody wrote, when it is done. */
      readonly pausedMs?: number;
    }
  | {
      readonly what: 'reconciled';
      readonly run: string;
      readonly rounds: number;
      readonly summary: string;
      readonly unexplained: number;
      readonly final: boolean;
      readonly digest: string;
    }
  | { readonly what: 'ended'; readonly run: string; readonly state: EndState; readonly why: string }
  /** What is before it was not signed with this record's key: its writer took it over as a person had vouched for it. */
  | { readonly what: 'signing'; readonly after: number; readonly sha256: string; readonly before: string };

/** An entry before it has a place in the chain. */
export interface AuditDraft {
  /** Names what is recorded, for good: a second draft with the same key is the same statement, made again after a crash. */
  readonly key: string;
  /** Who: an IAM principal, the verified subject of a token, or the execution for what it does by itself. */
  readonly by: readonly string[];
  readonly entry: AuditEntry;
}

/** A record of the chain. */
export interface AuditRecord extends AuditDraft {
  /** 1, 2, 3, ...: the place, claimed by whoever wrote it first. */
  readonly seq: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** SHA-256 of the record before, as stored; `none` in the first. */
  readonly prev: string;
  /** ID of the key that signed it; absent in records that were written before records were signed. */
  readonly signedBy?: string;
  /** ECDSA signature of the record's text without this member, DER in base64. */
  readonly sig?: string;
}
