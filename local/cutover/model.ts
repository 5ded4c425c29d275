/** A run of a cutover, or how things stand without one. */
export type CutoverRunState = 'NOT_STARTED' | 'RUNNING' | 'PAUSED' | 'SUCCEEDED' | 'ROLLED_BACK' | 'FAILED';

/** An approval that people are asked for at this moment. */
export interface OpenApproval {
  readonly approvalId: string;
  /** Its page. */
  readonly url: string;
  readonly subject: string;
  /** ISO 8601: when people were told last. */
  readonly at: string;
}

/** One check before a phase, as recorded. */
export interface RecordedCheck {
  readonly name: string;
  readonly passed: boolean;
  readonly value: string;
  readonly allowed?: string;
}

export interface PhaseView {
  readonly targetPercent: number;
  readonly soakSeconds: number;
  readonly state: 'done' | 'current' | 'later';
}

/** What `GET /_local/cutover` answers, and the page shows. */
export interface CutoverView {
  readonly state: CutoverRunState;
  /** Number of the phase under way, or of the last one done; 0 before the first. */
  readonly phase: number;
  readonly phases: readonly PhaseView[];
  /** The public name's real weights by region. */
  readonly weights: Readonly<Record<string, number>>;
  /** Region that is home of the accounts; several, when units differ. Absent while nobody can say. */
  readonly home?: string;
  /** What the audit tells, oldest first. */
  readonly history: readonly { readonly at: string; readonly what: string; readonly by?: string; readonly more?: string }[];
  readonly openApproval?: OpenApproval;
  readonly source: string;
  readonly target: string;
  /** Who may decide, and here also start. */
  readonly approvers: readonly string[];
  /** State of the machine that the run is in. */
  readonly step?: string;
  /** Why it ended as it did. */
  readonly why?: string;
  readonly execution?: string;
  readonly startedBy?: string;
  /** What the last checks found. */
  readonly checks?: { readonly phase: number; readonly passed: boolean; readonly checks: readonly RecordedCheck[] };
  readonly reconciliation?: { readonly rounds: number; readonly summary: string; readonly unexplained: number; readonly final: boolean };
}
