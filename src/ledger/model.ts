/**
 * The ledger's vocabulary: what callers ask of it and what it answers. Shared by the service, the HTTP layer and the
 * tests; types only, so that nobody pays for importing it.
 */
import type { RegionName } from '../kernel/region';
import type { TraceContext } from '../kernel/trace';

/** Where a payment stands. */
export type PaymentStatus = 'AUTHORISED' | 'DECLINED' | 'CAPTURED' | 'VOIDED' | 'PARTIALLY_REFUNDED' | 'REFUNDED';

/** A move on an authorised payment. */
export type MoveType = 'CAPTURE' | 'VOID' | 'REFUND';

/** A ledger line's kind, as `/transactions` shows it. */
export type LineType = 'AUTHORISATION' | 'CAPTURE' | 'RELEASE' | 'VOID' | 'REFUND';

/** One move that succeeded. `amount` in minor units, `at` in epoch milliseconds. */
export interface Move {
  readonly type: MoveType;
  readonly amount: number;
  readonly at: number;
  readonly region: RegionName;
}

/** A payment as a caller sees it. Amounts in minor units of `currency`, times in epoch milliseconds. */
export interface Payment {
  readonly paymentId: string;
  readonly status: PaymentStatus;
  /** Only with status DECLINED: `insufficient_funds`, the reason of the team's own decision, `hold_lost`, or `expired` of before. */
  readonly declineReason?: string;
  readonly accountId: string;
  readonly amount: number;
  readonly captured: number;
  readonly refunded: number;
  readonly currency: string;
  readonly reference?: string;
  /** Region that took the claim. */
  readonly region: RegionName;
  readonly createdAt: number;
  readonly operations: readonly Move[];
}

/** An account as a caller sees it; `available + held + settled` is what it was funded with. */
export interface Account {
  readonly accountId: string;
  readonly currency: string;
  readonly available: number;
  readonly held: number;
  readonly settled: number;
  /** Rises with every write of the account. */
  readonly version: number;
  /** Only in HOME_REGION: the region that writes for this account now. */
  readonly homeRegion?: string;
}

/** One ledger line. `at` in epoch milliseconds. */
export interface LedgerLine {
  readonly paymentId: string;
  readonly type: LineType;
  readonly amount: number;
  readonly currency: string;
  readonly at: number;
  readonly region: RegionName;
}

/** What every call carries: who asks, under which trace, and until when an answer is of use. */
export interface CallContext {
  /** From the authorizer, never from the body. */
  readonly tenant: string;
  /** X-Ray root ID (`1-xxxxxxxx-...`), stored with what the call writes. */
  readonly traceId: string;
  /** The same trace with the segment that asks; its parent is stored too when the trace is recorded, for whoever continues it. */
  readonly trace?: TraceContext;
  /** Epoch milliseconds after which the ledger starts no further request and answers `unsure`. */
  readonly deadlineMs: number;
  /** Told of what the ledger met on the way, for metrics and the request's log line. */
  readonly observe?: (event: LedgerEvent) => void;
}

/**
 * A write conflict between regions met, a throttle met, an answer lost, another attempt's claim decided by this one, an account without
 * room for an entry, an entry that could not be looked after, a table that is not what the ledger was made for, ...
 */
export type LedgerEvent =
  | 'writeConflict'
  | 'throttle'
  | 'unknownOutcome'
  | 'takeover'
  | 'accountBusy'
  | 'trimFailed'
  | 'homeUnreachable'
  | 'homeTakeover'
  | 'wrongTable';

export interface OpenAccountCommand {
  readonly accountId: string;
  readonly currency: string;
  /** Funds in minor units, 0 or more. */
  readonly balance: number;
}

export interface AuthoriseCommand {
  readonly idempotencyKey: string;
  readonly accountId: string;
  readonly amount: number;
  readonly currency: string;
  readonly reference?: string;
}

export interface MoveCommand {
  readonly idempotencyKey: string;
  readonly paymentId: string;
  readonly type: MoveType;
  /** Absent: all that is left (capture, refund); never given for a void. */
  readonly amount?: number;
}

export interface ListCommand {
  readonly accountId: string;
  readonly limit: number;
  readonly cursor?: string;
}

/** The ledger cannot be sure, or will not be in time: nothing is answered, the caller asks again. */
export interface Unsure {
  readonly kind: 'unsure';
  readonly code: 'outcome_unknown' | 'region_fenced' | 'home_unreachable';
  readonly retryAfterSeconds: number;
  /** The last fault, for the log: it names resources, so no caller is told. */
  readonly cause?: string;
}

/** Too much at once on one account, or in DynamoDB: 429. */
export interface Busy {
  readonly kind: 'busy';
  readonly code: 'account_busy' | 'throttled';
  readonly retryAfterSeconds: number;
  /** The last fault, for the log: it names resources, so no caller is told. */
  readonly cause?: string;
}

/** The request cannot be taken as it is; nothing was stored, the key can be used again. */
export interface Rejected {
  readonly kind: 'rejected';
  readonly code: 'unknown_account' | 'unknown_payment' | 'currency_mismatch' | 'invalid_cursor' | 'invalid_request';
  readonly detail: string;
}

/** Why a move was refused; stored as the key's answer. */
export type RefusalCode =
  | 'payment_declined'
  | 'already_captured'
  | 'already_voided'
  | 'not_captured'
  | 'amount_exceeds_authorised'
  | 'amount_exceeds_captured'
  | 'too_many_operations'
  | 'expired';

/**
 * What a keyed call (an authorization or a move) comes to. A refusal names the trace that claimed the key, so that a repeated one reads the
 * same.
 */
export type KeyedOutcome =
  | { readonly kind: 'answered'; readonly replayed: boolean; readonly payment: Payment }
  | { readonly kind: 'refused'; readonly replayed: boolean; readonly code: RefusalCode; readonly detail: string; readonly traceId?: string }
  | { readonly kind: 'keyReused' }
  | { readonly kind: 'inFlight'; readonly retryAfterSeconds: number }
  | Rejected
  | Busy
  | Unsure;

export type OpenAccountOutcome =
  | { readonly kind: 'opened'; readonly created: boolean; readonly account: Account }
  | { readonly kind: 'differs' }
  | Rejected
  | Busy
  | Unsure;

export type AccountOutcome = { readonly kind: 'found'; readonly account: Account } | Rejected | Busy | Unsure;
export type PaymentOutcome = { readonly kind: 'found'; readonly payment: Payment } | Rejected | Busy | Unsure;
export type ListOutcome =
  { readonly kind: 'found'; readonly items: readonly LedgerLine[]; readonly nextCursor?: string } | Rejected | Busy | Unsure;

/** The ledger as the HTTP layer knows it; `service.ts` implements it. */
export interface Ledger {
  openAccount(context: CallContext, command: OpenAccountCommand): Promise<OpenAccountOutcome>;
  getAccount(context: CallContext, accountId: string): Promise<AccountOutcome>;
  authorise(context: CallContext, command: AuthoriseCommand): Promise<KeyedOutcome>;
  move(context: CallContext, command: MoveCommand): Promise<KeyedOutcome>;
  getPayment(context: CallContext, paymentId: string): Promise<PaymentOutcome>;
  listTransactions(context: CallContext, command: ListCommand): Promise<ListOutcome>;
}

/** Whose a drain switch is, since when, and until when. */
export interface DrainMark {
  /** Empty where a person has set it. */
  readonly owner: string;
  /** Epoch milliseconds; 0 where nobody wrote it. */
  readonly at: number;
  /** Epoch milliseconds after which it drains nothing any more; absent where it has no end, as where a person has set it. */
  readonly until?: number;
}
