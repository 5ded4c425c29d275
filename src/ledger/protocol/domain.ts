import { holdBeside, ledgerLimits } from '../contract';
import { KeyedOutcome, LineType, LedgerLine, Move, MoveType, Payment, PaymentStatus, RefusalCode, Account } from '../model';
import { Item, Value } from '../ports';

/** Bounds of the protocol. */
export const bounds = {
  ...ledgerLimits,
  /** Moves on one payment: its item stays within a few KB. */
  movesPerPayment: 50,
  /**
   * One call in so many looks after its account beside its own work, so that a throttled one does too. In HOME_REGION it is the first of
   * these, since an entry needs two looks there; in STRONG a move takes hardly longer for it, an authorization does, so fewer of those.
   * One look is at so many entries.
   */
  trimEvery: 5,
  trimEveryPayment: 20,
  trimEveryMove: 4,
  trimAtMost: 48,
  /** How long a look may keep an answer that is known, where the account is throttled. */
  lookAtMostMs: 2_000,
  removeTriesAtMost: 2,
  /**
   * How far in front of the watermark a claim is dated again. The next place would be passed by the other region's next look, again and
   * again, where this region's clock is behind.
   */
  inFrontMs: 1_000,
  /** Provisional entries that one write settles: a decline on its way, or what gives orphans back. */
  settleAtMost: 24,
  /** How often a payment that lacks money looks for funds that orphans hold, before it says that the account is busy. */
  lookBehindAtMost: 5,
  /** What a page of `GET /transactions` reads at most: items, and blocks of them. */
  itemsPerPage: 300,
  blocksPerPage: 6,
  /** Items that a trimming completes side by side. */
  completedAtOnce: 16,
  /** Age from which a claim without an outcome counts as left behind by its attempt, in metrics alone. */
  abandonedAfterMs: 5_000,
  /**
   * Age of its claim from which a closed entry is trimmed, where there is one copy of the data (STRONG). A matter of liveness, not of
   * safety.
   */
  trimAfterMs: 60_000,
  /** The same on an account with more than so many entries, whose writes become dear: what is under way may have to be dated again. */
  trimAfterCrowdedMs: 600,
  crowdedFrom: 12,
  /** Where copies follow later (HOME_REGION) and another region does not say what it has: the same since its items' last write. */
  trimAfterReplicatedMs: 15 * 60_000,
  /** HOME_REGION: a look asks other regions when so many entries may go, or when the account is half full. Fewer stay, however old. */
  askFrom: 12,
  /** How far two regions' clocks may stand apart before a decision's attempt is taken over too early. */
  clockSkewMs: 2_000,
} as const;

/** Key of an idempotency key's item. */
export const keyItemPk = (id: string): string => `k#${id}`;
/** Key of an account's item. The tenant is escaped, so that no two accounts share a key. */
export const accountPk = (tenant: string, accountId: string): string => `a#${encodeURIComponent(tenant)}#${accountId}`;

const paymentIdPattern = /^pay_([A-Za-z0-9_-]{22})$/;
export const paymentIdOf = (id: string): string => `pay_${id}`;
/** The identity in a payment's ID; undefined for what is none of ours. */
export const idOfPaymentId = (paymentId: string): string | undefined => paymentIdPattern.exec(paymentId)?.[1];

/** Sort key of a key item in the index of its account: creation time, then identity. */
export const seqOf = (at: number, id: string): string => `${String(at).padStart(15, '0')}#${id}`;

/** A payment's claim, and what has become of it. */
export interface PaymentItem {
  readonly id: string;
  readonly tenant: string;
  readonly accountId: string;
  readonly amount: number;
  readonly currency: string;
  readonly reference?: string;
  readonly fingerprint: string;
  readonly at: number;
  readonly region: string;
  readonly nonce: string;
  /** Of its entry on the account, where that is not `at`: see `dates`. */
  readonly entryAt?: number;
  /** When the running attempt of the team's decision began. */
  readonly attemptAt: number;
  /** Whether its hold was sent beside it: then the hold's entry may name the nonce, and the nonce never changes. */
  readonly beside?: true;
  readonly outcome?: PaymentDecision;
  readonly closure?: Closure;
  /**
   * Of a closure that this item decided, since the hold had left the account: the date under which it is entered there. Absent: the
   * account decided.
   */
  readonly dueAt?: number;
  /** Not stored: what a copy of its account has told, and never changes. The hold has left it; the closure has come to it. */
  readonly released?: true;
  readonly applied?: true;
  /** Not stored: it is as an earlier epoch left it, and may not be written in this one. */
  readonly carried?: true;
  readonly captured: number;
  readonly refunded: number;
  readonly moves: Readonly<Record<string, RecordedMove>>;
  readonly pending?: PendingRefund;
}

export type PaymentDecision = { readonly status: 'AUTHORISED' } | { readonly status: 'DECLINED'; readonly reason: string };
/** What closed a payment's hold, and how much of it was captured (0 for a void). */
export interface Closure {
  readonly by: string;
  readonly type: 'CAPTURE' | 'VOID';
  readonly captured: number;
}
/** The refund whose turn it is. */
export interface PendingRefund {
  readonly id: string;
  readonly amount: number;
  readonly at: number;
  readonly region: string;
  /** It was refused, for the payment was not captured: the turn lasts until its own item and the account say so. */
  readonly refused?: true;
}
export interface RecordedMove extends Move {
  readonly order: number;
}

/** A move's claim, and what has become of it. */
export interface MoveItem {
  readonly id: string;
  readonly tenant: string;
  readonly paymentId: string;
  readonly type: MoveType;
  /** Creation time of the payment's claim. */
  readonly paymentAt: number;
  /** Absent: all that is refundable. */
  readonly amount?: number;
  /** What was authorised, for the line of what a partial capture releases. */
  readonly authorised: number;
  readonly accountId: string;
  readonly currency: string;
  readonly fingerprint: string;
  readonly at: number;
  /** Of a refund's entry on the account, where that is not `at`: see `dates`. */
  readonly entryAt?: number;
  readonly region: string;
  readonly outcome?: MoveDecision;
  /**
   * HOME_REGION: of a completed closure that its payment's item decided, the date under which the account has taken it. A later epoch
   * tells by it whether the account that it began with had. Absent: the account decided.
   */
  readonly appliedAt?: number;
}

export type MoveDecision =
  | { readonly status: 'DONE'; readonly amount: number; readonly payment: Payment }
  | { readonly status: 'REFUSED'; readonly code: RefusalCode; readonly detail: string };

/** What driving a move comes to: its stored decision, or nothing that may be answered yet. */
export type Driven = MoveDecision | { readonly status: 'OPEN'; readonly outcome: KeyedOutcome };

const text = (item: Item, name: string): string => {
  const value = item[name];
  if (typeof value !== 'string') throw new Error(`item ${item.pk}: attribute '${name}' must be a string`);
  return value;
};
const integer = (item: Item, name: string): number => {
  const value = item[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw new Error(`item ${item.pk}: attribute '${name}' must be a whole number`);
  }
  return value;
};
/** Epoch milliseconds. */
const time = (item: Item, name: string): number => {
  const value = item[name];
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new Error(`item ${item.pk}: attribute '${name}' must be a time`);
  return value;
};
const optionalText = (item: Item, name: string): string | undefined => (item[name] === undefined ? undefined : text(item, name));
const map = (item: Item, name: string): Readonly<Record<string, Value>> => (item[name] ?? {}) as Readonly<Record<string, Value>>;
/** Identity of a key's item. */
export const idOfPk = (item: Item): string => item.pk.slice('k#'.length);

/**
 * What a claim's item is. One that was dated again has a kind of its own: a write that rests on the old one, as of a release that knows
 * no new dates, decides nothing about it any more.
 */
export const kinds = { PAYMENT: ['PAYMENT', 'DATED_PAYMENT'], MOVE: ['MOVE', 'DATED_MOVE'] } as const;
export const isPayment = ({ kind }: Item): boolean => kinds.PAYMENT.some((one) => one === kind);
export const isMove = ({ kind }: Item): boolean => kinds.MOVE.some((one) => one === kind);
/** What an earlier epoch left, as this one begins with it: nothing tells how long the copies have had it, if it is written at all. */
export const isPlainCopy = (item: Item | undefined): boolean => item?.carriedFrom !== undefined && item.version === item.carriedVersion;

/** What stands in a key's item so that no claim under way can come there any more; the next request of the key takes it over. */
export const isFence = (item: Item): boolean => item.kind === 'FENCE';

export function paymentOf(item: Item): PaymentItem {
  const outcome = optionalText(item, 'outcome');
  const closedBy = optionalText(item, 'closedBy');
  const pending = item.pending as unknown as PendingRefund | undefined;
  const reference = optionalText(item, 'reference');
  return {
    id: idOfPk(item),
    tenant: text(item, 'tenant'),
    accountId: text(item, 'accountId'),
    amount: integer(item, 'amount'),
    currency: text(item, 'currency'),
    ...(reference === undefined ? {} : { reference }),
    fingerprint: text(item, 'fingerprint'),
    at: time(item, 'at'),
    ...(item.entryAt === undefined ? {} : { entryAt: time(item, 'entryAt') }),
    region: text(item, 'region'),
    nonce: text(item, 'nonce'),
    attemptAt: time(item, 'attemptAt'),
    ...(item.hold === holdBeside ? { beside: true } : {}),
    ...(outcome === undefined
      ? {}
      : { outcome: outcome === 'DECLINED' ? { status: 'DECLINED', reason: text(item, 'reason') } : { status: 'AUTHORISED' } }),
    ...(closedBy === undefined
      ? {}
      : { closure: { by: closedBy, type: text(item, 'closeType') as Closure['type'], captured: integer(item, 'captured') } }),
    ...(item.dueAt === undefined ? {} : { dueAt: time(item, 'dueAt') }),
    captured: integer(item, 'captured'),
    refunded: integer(item, 'refunded'),
    moves: map(item, 'moves') as unknown as Readonly<Record<string, RecordedMove>>,
    ...(pending === undefined ? {} : { pending }),
  };
}

export function moveOf(item: Item): MoveItem {
  const amount = item.amount === undefined ? undefined : integer(item, 'amount');
  return {
    id: idOfPk(item),
    tenant: text(item, 'tenant'),
    paymentId: text(item, 'paymentId'),
    paymentAt: time(item, 'paymentAt'),
    type: text(item, 'type') as MoveType,
    ...(amount === undefined ? {} : { amount }),
    authorised: integer(item, 'authorised'),
    accountId: text(item, 'accountId'),
    currency: text(item, 'currency'),
    fingerprint: text(item, 'fingerprint'),
    at: time(item, 'at'),
    ...(item.entryAt === undefined ? {} : { entryAt: time(item, 'entryAt') }),
    region: text(item, 'region'),
    ...(item.outcome === undefined ? {} : { outcome: moveDecisionOf(item) }),
    ...(item.appliedAt === undefined ? {} : { appliedAt: time(item, 'appliedAt') }),
  };
}

function moveDecisionOf(item: Item): MoveDecision {
  if (text(item, 'outcome') === 'REFUSED') {
    return { status: 'REFUSED', code: text(item, 'code') as RefusalCode, detail: text(item, 'detail') };
  }
  return { status: 'DONE', amount: integer(item, 'moved'), payment: item.answer as unknown as Payment };
}

export function accountOf(item: Item): Account {
  return {
    accountId: text(item, 'accountId'),
    currency: text(item, 'currency'),
    available: integer(item, 'available'),
    held: integer(item, 'held'),
    settled: integer(item, 'settled'),
    version: integer(item, 'version'),
  };
}

/** Moves in the order in which they took effect. */
export function movesInOrder(payment: PaymentItem): readonly RecordedMove[] {
  return Object.values(payment.moves).sort((one, other) => one.order - other.order);
}

function statusOf(moves: readonly Move[], captured: number, refunded: number): PaymentStatus {
  if (moves.some((move) => move.type === 'VOID')) return 'VOIDED';
  if (captured === 0) return 'AUTHORISED';
  if (refunded === 0) return 'CAPTURED';
  return refunded < captured ? 'PARTIALLY_REFUNDED' : 'REFUNDED';
}

/** A payment after the given moves: a function of the claim, its decision and these moves, and of nothing else. */
export function paymentAfter(claim: PaymentItem, decision: PaymentDecision, moves: readonly Move[]): Payment {
  const total = (type: MoveType): number => moves.filter((move) => move.type === type).reduce((sum, move) => sum + move.amount, 0);
  const captured = total('CAPTURE');
  const refunded = total('REFUND');
  return {
    paymentId: paymentIdOf(claim.id),
    status: decision.status === 'DECLINED' ? 'DECLINED' : statusOf(moves, captured, refunded),
    ...(decision.status === 'DECLINED' ? { declineReason: decision.reason } : {}),
    accountId: claim.accountId,
    amount: claim.amount,
    captured,
    refunded,
    currency: claim.currency,
    ...(claim.reference === undefined ? {} : { reference: claim.reference }),
    region: claim.region,
    createdAt: claim.at,
    operations: moves.map(({ type, amount, at, region }) => ({ type, amount, at, region })),
  };
}

/** Why a refund is refused whose payment still has its hold. */
export const notCaptured = { code: 'not_captured', detail: 'the payment is not captured: void it instead' } as const;

/** A move's item as its completion will make it. */
export const completed = (move: Item, moved: number): Item => ({ ...move, outcome: 'DONE', moved });

/** The ledger lines of a payment's or a move's item, newest first; none for what was declined or refused. */
export function linesOf(item: Item, decision: PaymentDecision | undefined): readonly LedgerLine[] {
  if (isPayment(item)) {
    const claim = paymentOf(item);
    return decision?.status === 'AUTHORISED' ? [lineOf('AUTHORISATION', claim, paymentIdOf(claim.id), claim.amount)] : [];
  }
  const move = moveOf(item);
  if (move.outcome?.status !== 'DONE') return [];
  const released = move.type === 'CAPTURE' ? move.authorised - move.outcome.amount : 0;
  return [
    ...(released > 0 ? [lineOf('RELEASE', move, move.paymentId, released)] : []),
    lineOf(move.type, move, move.paymentId, move.outcome.amount),
  ];
}

function lineOf(type: LineType, from: PaymentItem | MoveItem, paymentId: string, amount: number): LedgerLine {
  return { paymentId, type, amount, currency: from.currency, at: from.at, region: from.region };
}
