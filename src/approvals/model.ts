/** What came of an approval. */
export type ApprovalDecision = 'APPROVED' | 'REJECTED';

/** Why it came to that. */
export type ApprovalReason =
  /** People decided. */
  | 'DECIDED'
  /** Nobody decided in time. */
  | 'EXPIRED'
  /** The gate itself did not answer; only the state machine's own fallback says so. */
  | 'UNANSWERED'
  /** The execution was told by somebody else than the gate, who had its token. */
  | 'FORGED';

/** What one person answers. */
export type ApprovalAnswer = 'approve' | 'reject';

/** Who answers, as the identity provider or IAM knows them. */
export interface Person {
  /** What makes them a different person from another: a token's subject, or an IAM principal. */
  readonly id: string;
  /** What other people call them. */
  readonly name: string;
  /** Names beside `id` by which they may be named an approver: vouched for by the identity provider. */
  readonly vouched: readonly string[];
  /** All names that are vouched for, `id` first: accounts that share one are one person. */
  readonly names: readonly string[];
  /** The role whose session they are, where sessions are people of their own: it lets them in as a group does. */
  readonly role?: string;
  /** Any other names they go by, vouched for or not: whoever started an execution may be known by any of them. */
  readonly aliases: readonly string[];
  /** Groups that the identity provider vouches for. */
  readonly groups: readonly string[];
}

/** One answer as everyone may see it. */
export interface AnswerView {
  readonly by: string;
  readonly name: string;
  readonly answer: ApprovalAnswer;
  readonly comment?: string;
  readonly atMs: number;
}

/** One answer as it was given. Never changed afterwards. */
export interface AnswerRecord extends AnswerView {
  /** All names of theirs that were vouched for: whoever shares one is the same person. */
  readonly names: readonly string[];
  /** The approver or group, as the gate's rules name it, by which they might answer. */
  readonly entitledBy: string;
}

/** A request for approval as everyone may see it: all but the task token. */
export interface ApprovalView {
  readonly id: string;
  readonly subject: string;
  readonly question: string;
  /** Names and values to show beside the question. */
  readonly details: Readonly<Record<string, string>>;
  /** What a check before this found, as JSON. */
  readonly report?: string;
  readonly execution: string;
  readonly state: string;
  /** Who started the execution, by all names that are known of them. */
  readonly startedBy?: string;
  /** How many different people must approve. */
  readonly required: number;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly expiryDecision: ApprovalDecision;
  readonly status: 'OPEN' | 'DECIDED' | 'WITHDRAWN';
  readonly answers: readonly AnswerView[];
  /** How many different people have approved. */
  readonly approvals: number;
  readonly outcome?: { readonly decision: ApprovalDecision; readonly reason: ApprovalReason; readonly atMs: number };
  /** Whether the state machine has been told: it has, or it no longer waits. */
  readonly delivery?: 'PENDING' | 'SENT' | 'CLOSED';
}

/** A request for approval as it is stored. */
export interface ApprovalRequest extends Omit<ApprovalView, 'answers' | 'approvals'> {
  readonly answers: readonly AnswerRecord[];
  /** Step Functions' task token; gone as soon as it has served. It appears in no message, no log, no page and no link. */
  readonly token?: string;
  /** SHA-256 of the question with all that belongs to it. */
  readonly questionDigest: string;
  /** Counts the writes: each one names the version that it saw. */
  readonly version: number;
  /** How many times people were told; 0 until the first message has left. */
  readonly told: number;
  readonly toldAtMs: number;
  readonly escalated: boolean;
  /** When the execution was last seen waiting. */
  readonly seenAtMs: number;
  /** When the sweep must look at it again; absent when there is nothing left to do. */
  readonly dueAtMs?: number;
}

/** One line of the record that is only ever added to. */
export interface ApprovalRecord {
  readonly id: string;
  /** 1, 2, 3, ...: the version of the request that was written with it. */
  readonly version: number;
  readonly atMs: number;
  readonly what: 'ASKED' | 'ANSWERED' | 'DECIDED' | 'WITHDRAWN';
  /** The line's content as JSON. */
  readonly content: string;
}

/** What the state machine gets as the task's result. */
export interface ApprovalResult {
  readonly approvalId: string;
  readonly decision: ApprovalDecision;
  readonly reason: ApprovalReason;
  /** Whose answers made the decision: identities, none after an expiry. */
  readonly by: readonly string[];
  /** ISO 8601, UTC. */
  readonly at: string;
  /** Every answer that was given, in order. */
  readonly comments: readonly {
    readonly by: string;
    readonly name: string;
    readonly decision: ApprovalAnswer;
    readonly at: string;
    readonly comment: string;
  }[];
}

/** What a state machine asks. The step behind the task says it once more, so that an approval of anything else does not count. */
export interface ApprovalQuestion {
  readonly execution: string;
  /** When the execution came to this question: the same one, asked again, is another. */
  readonly asked: string;
  readonly subject: string;
  readonly question: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly report?: unknown;
  readonly startedBy?: string;
  readonly required?: number;
  readonly expirySeconds?: number;
}

/** What the state machine's task sends to the gate. */
export interface ApprovalTaskInput extends ApprovalQuestion {
  readonly token: string;
  readonly state: string;
}

/** How a gate decides, fixed when it is deployed. */
export interface GateRules {
  /** People who may decide, by identity or another name that is vouched for. */
  readonly people: readonly string[];
  /** Groups whose members may decide. */
  readonly groups: readonly string[];
  readonly excludeStarter: boolean;
  readonly required: number;
  readonly expirySeconds: number;
  readonly expiryDecision: ApprovalDecision;
  readonly reminderSeconds: number;
  readonly escalationSeconds: number;
  /** How often an execution is asked whether it still waits. */
  readonly heartbeatSeconds: number;
}
