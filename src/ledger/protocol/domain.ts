import { holdBeside, ledgerLimits } from '../contract';
import { KeyedOutcome, LineType, LedgerLine, Move, MoveType, Payment, PaymentStatus, RefusalCode, Account } from '../model';
import { Condition, Item, Value } from '../ports';

/** Bounds of the protocol. */
export const bounds = {
  ...ledgerLimits,
  /** Moves on one payment: its item stays within a few KB. */
  movesPerPayment: 50,
  /** One call in so many, of those that close, decline, refuse or repeat, starts a trimming; one trimming looks at so many entries. */
  trimEvery: 16,
  trimAtMost: 48,
  /** Provisional entries that one trimming, or one decline, settles on its way. */
  settleAtMost: 24,
  /** How often a payment that lacks money looks for funds that orphans hold, before it says that the account is busy. */
  lookBehindAtMost: 5,
  /** What a page of `GET /transactions` reads at most: items, and blocks of them. */
  itemsPerPage: 300,
  blocksPerPage: 6,
  /** Items that a trimming completes side by side. */
  completedAtOnce: 8,
  /** Age from which a claim without an outcome counts as left behind by its attempt, in metrics alone. */
  abandonedAfterMs: 5_000,
  /**
   * Age of its claim from which a closed entry is trimmed, where there is one copy of the data (STRONG). A matter of liveness, not of
   * safety.
   */
  trimAfterMs: 60_000,
  /** The same where copies follow later (HOME_REGION), since its item's last write; and sooner while the account is more than half full. */
  trimAfterReplicatedMs: 15 * 60_000,
  trimAfterUnderPressureMs: 60_000,
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
  /** When the running attempt of the team's decision began. */
  readonly attemptAt: number;
  /** Whether its hold was sent beside it: then the hold's entry may name the nonce, and the nonce never changes. */
  readonly beside?: true;
  readonly outcome?: PaymentDecision;
  readonly closure?: Closure;
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
  readonly region: string;
  readonly outcome?: MoveDecision;
}

export type MoveDecision =
  | { readonly status: 'DONE'; readonly amount: number; readonly payment: Payment }
  | { readonly status: 'REFUSED'; readonly code: RefusalCode; readonly detail: string };

/** What driving a move comes to: its stored decision, or nothing that may be answered yet. */
export type Driven = MoveDecision | { readonly status: 'OPEN'; readonly outcome: KeyedOutcome };

/**
 * An entry of an account: what was decided there for one key. What it moved is in it, so that after a lost region, whose claims may not
 * have arrived with the account, no other request can pass for the one that was decided.
 */
export type Entry =
  | { readonly kind: 'hold'; readonly amount: number }
  /** A hold if, and only if, the key's claim carries this nonce; otherwise an orphan, which holds funds for nobody. */
  | { readonly kind: 'provisional'; readonly amount: number; readonly nonce: string }
  | { readonly kind: 'declined'; readonly reason: string }
  | { readonly kind: 'closed'; readonly amount: number; readonly closure: Closure }
  | { readonly kind: 'refund'; readonly amount: number; readonly payment: string }
  | { readonly kind: 'refundRefused' };

const insufficientFunds = 'insufficient_funds';
/** Characters of an identity: 128 bits in base64url. */
const idLength = 22;

/** Entries are a few characters each: the account item is written with every payment, and paid for by the KB. */
export function encodeEntry(entry: Entry): string {
  switch (entry.kind) {
    case 'hold':
      return `H${entry.amount}`;
    case 'provisional':
      return `P${entry.amount}/${entry.nonce}`;
    case 'declined':
      return entry.reason === insufficientFunds ? 'D' : `D${entry.reason}`;
    case 'closed':
      return entry.closure.type === 'CAPTURE'
        ? `C${entry.closure.by}${entry.closure.captured}/${entry.amount}`
        : `V${entry.closure.by}${entry.amount}`;
    case 'refund':
      return `R${entry.payment}${entry.amount}`;
    case 'refundRefused':
      return 'X';
  }
}

export function decodeEntry(code: string): Entry {
  const rest = code.slice(1);
  switch (code[0]) {
    case 'H':
      return { kind: 'hold', amount: amountIn(code, rest) };
    case 'P': {
      const end = rest.indexOf('/');
      return { kind: 'provisional', amount: amountIn(code, rest.slice(0, Math.max(0, end))), nonce: rest.slice(end + 1) };
    }
    case 'D':
      return { kind: 'declined', reason: rest || insufficientFunds };
    case 'C': {
      const [captured, amount] = rest
        .slice(idLength)
        .split('/')
        .map((digits) => amountIn(code, digits));
      return { kind: 'closed', amount, closure: { by: rest.slice(0, idLength), type: 'CAPTURE', captured } };
    }
    case 'V':
      return {
        kind: 'closed',
        amount: amountIn(code, rest.slice(idLength)),
        closure: { by: rest.slice(0, idLength), type: 'VOID', captured: 0 },
      };
    case 'R':
      return { kind: 'refund', payment: rest.slice(0, idLength), amount: amountIn(code, rest.slice(idLength)) };
    case 'X':
      return { kind: 'refundRefused' };
    default:
      throw new Error(`account entry '${code}' has an unknown form: the item was written by another version of the ledger`);
  }
}

function amountIn(code: string, digits: string): number {
  const amount = Number(digits);
  if (digits !== '' && Number.isSafeInteger(amount) && amount >= 0) return amount;
  throw new Error(`account entry '${code}' holds no amount: the item was not written by the ledger`);
}

/** What an entry decided about a payment, as the payment's own item will say it. */
export function decisionOfEntry(entry: Entry): PaymentDecision {
  if (entry.kind === 'declined') return { status: 'DECLINED', reason: entry.reason };
  if (entry.kind === 'hold' || entry.kind === 'closed') return { status: 'AUTHORISED' };
  if (entry.kind === 'provisional') throw new Error('a provisional entry decides nothing without its claim');
  throw new Error(`an entry of kind '${entry.kind}' belongs to a refund, not to a payment`);
}

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

export const isPayment = (item: Item): boolean => item.kind === 'PAYMENT';
export const isMove = (item: Item): boolean => item.kind === 'MOVE';
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
    region: text(item, 'region'),
    ...(item.outcome === undefined ? {} : { outcome: moveDecisionOf(item) }),
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

export const entriesOf = (account: Item): Readonly<Record<string, string>> => map(account, 'entries') as Readonly<Record<string, string>>;

/** The entry that an account holds for a key, if any. */
export function entryOf(account: Item, id: string): Entry | undefined {
  const code = entriesOf(account)[id];
  return code === undefined ? undefined : decodeEntry(code);
}

/** Whose an entry is: a payment's claim, by its nonce. A move has none, since no provisional entry is ever a move's. */
export interface EntryOwner {
  readonly id: string;
  readonly nonce?: string;
}

/** The entry that an account holds for a claim, if any: a provisional one is its hold when it carries its nonce, otherwise nothing. */
export function entryFor(account: Item, owner: EntryOwner): Entry | undefined {
  const entry = entryOf(account, owner.id);
  if (entry?.kind !== 'provisional') return entry;
  return entry.nonce === owner.nonce ? { kind: 'hold', amount: entry.amount } : undefined;
}

/** A provisional entry as it stands on an account. */
export interface Provisional {
  readonly id: string;
  readonly code: string;
  readonly amount: number;
  readonly nonce: string;
}

/** What stands in the place of a claim's entry without being its own. */
export function orphanAt(account: Item, owner: EntryOwner): Provisional | undefined {
  const entry = entryOf(account, owner.id);
  if (entry?.kind !== 'provisional' || entry.nonce === owner.nonce) return undefined;
  return { id: owner.id, code: entriesOf(account)[owner.id], amount: entry.amount, nonce: entry.nonce };
}

/** A condition that an account still has a claim's hold: as it was made behind the claim, or as it was sent beside it. */
export function stillHeld({ id, amount, beside, nonce }: Pick<PaymentItem, 'id' | 'amount' | 'beside' | 'nonce'>): Condition {
  const value = encodeEntry({ kind: 'hold', amount });
  const path = ['entries', id] as const;
  return beside
    ? { test: 'oneOf', path, value: [value, encodeEntry({ kind: 'provisional', amount, nonce })] }
    : { test: 'equals', path, value };
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
