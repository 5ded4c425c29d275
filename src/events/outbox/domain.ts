import { toTraceparent } from '../../kernel/trace';
import { expiredReason, holdBeside, holdLostReason } from '../../ledger/contract';
import { epochOf, inEpoch } from '../../ledger/homes/carry.domain';
import { MoveType } from '../../ledger/model';
import { Item } from '../../ledger/ports';
import {
  accountOf,
  accountPk,
  idOfPaymentId,
  isMove,
  isPayment,
  keyItemPk,
  moveOf,
  paymentIdOf,
  paymentOf,
} from '../../ledger/protocol/domain';
import { decodeEntry, entriesOf, Entry, entryFor } from '../../ledger/protocol/entries.domain';
import { PaymentEvent, PaymentEventType } from '../model';

/**
 * What the ledger's writes come to as events. Everything is decided on the account's item, so an event is told by what a write changed
 * among its entries; only a claim that an earlier release expired has no entry ever, and is told by its own item. Every idempotency key
 * comes to at most one event, whose ID follows from it: whoever publishes it again, from wherever, publishes the same one.
 */

/** An item before and after a write, as a stream tells it. */
export interface ItemChange {
  readonly old?: Item;
  readonly new?: Item;
}

/** Something decided by a write: all of an event that its account's item knows. Plain JSON, so that it can wait in a queue. */
export interface Decided {
  readonly type: PaymentEventType;
  /** Identity of the key that this came of: the payment's, or the move's. */
  readonly id: string;
  /** Identity of the payment. */
  readonly payment: string;
  readonly tenant: string;
  readonly accountId: string;
  readonly currency: string;
  /**
   * What was held, captured, given back or refunded; a decline's entry does not say it. Hints of releases before have it for captures and
   * refunds alone: the other claims of theirs are looked for in no later epoch.
   */
  readonly amount?: number;
  readonly declineReason?: string;
  /** Epoch of the write; 0 where items are not kept by epoch. */
  readonly epoch: number;
  /** Absent: the write alone tells that it is so. */
  readonly only?: Proviso;
}

/**
 * What a hold that was sent beside its claim rests on. Whichever of the two was written second has made the payment, so each one's record
 * looks at the other: the account's record tells, unless it found no claim and was passed over; then the claim's tells.
 * - `claimed`: told if the claim carries this nonce; open while there is no claim and the entry is young.
 * - `notClaimed`: told unless it does: what stood there before was a hold already.
 * - `held`: told by a claim that came late, if its hold is on the account.
 * - `young`: the hold had left the account before its closure came, so its own record has told it. A record that stands for several writes
 *   could hide that one, but not over a day, for which DynamoDB keeps a stream: then it is told again, with the same ID.
 */
export type Proviso =
  | { readonly kind: 'claimed'; readonly nonce: string; readonly writtenAt: number }
  | { readonly kind: 'notClaimed'; readonly nonce: string }
  | { readonly kind: 'held'; readonly nonce: string; readonly claimedAt: number }
  | { readonly kind: 'young'; readonly writtenAt: number };

/**
 * How long an account's record waits for the claim of its hold, from which age on a claim's record looks for its hold itself, and how long
 * another record may hide one.
 */
const proviso = { waitMs: 10_000, lateMs: 5_000, hiddenMs: 86_400_000 } as const;

export const eventIdOf = (id: string): string => `evt_${id}`;

/** Region that made the write. */
export const writerOf = (change: ItemChange): string | undefined => change.new?.writtenBy as string | undefined;

/** What a write decided, in its order. Throws for an entry that this version of the ledger does not know. */
export function decidedBy(change: ItemChange): readonly Decided[] {
  const { old, new: now } = change;
  if (!now || isPlainCarry(change)) return [];
  if (now.kind === 'ACCOUNT') return decidedOnAccount(old, now);
  if (!isPayment(now)) return [];
  if (!old && now.hold === holdBeside) return claimedBeside(now);
  return old?.outcome === undefined ? decidedOnPayment(now) : [];
}

/** A claim whose hold was sent beside it: a payment if that has come. */
function claimedBeside(claim: Item): readonly Decided[] {
  const id = claim.pk.slice(keyItemPk('').length);
  const { tenant, accountId, currency, nonce } = claim as unknown as { readonly [name: string]: string };
  return [
    {
      type: 'payment.authorised',
      id,
      payment: id,
      tenant,
      accountId,
      currency,
      epoch: 0,
      only: { kind: 'held', nonce, claimedAt: claim.at as number },
    },
  ];
}

/**
 * An item as a new epoch begins with it says nothing new: each of its entries was a write of the epoch before, with a record of its
 * own. One that has already moved on was put together by the replication out of several writes.
 */
function isPlainCarry({ old, new: now }: ItemChange): boolean {
  return old === undefined && now?.carriedFrom !== undefined && now.version === now.carriedVersion;
}

function decidedOnAccount(old: Item | undefined, now: Item): readonly Decided[] {
  const before = old ? entriesOf(old) : {};
  const { epoch } = epochOf(now.pk);
  const { accountId, currency } = accountOf(now);
  const account = { tenant: now.tenant as string, accountId, currency, epoch };
  const writtenAt = (now.writtenAt ?? 0) as number;
  const fresh = Object.entries(entriesOf(now))
    .filter(([id, code]) => before[id] !== code)
    .flatMap(([id, code]) =>
      stepsBetween(id, before[id] === undefined ? undefined : decodeEntry(before[id]), decodeEntry(code), writtenAt),
    );
  // A replica's record may stand for several writes.
  return fresh.sort((one, other) => rank[one.type] - rank[other.type]).map((step): Decided => ({ ...step, ...account }));
}

type Step = Pick<Decided, 'type' | 'id' | 'payment' | 'amount' | 'declineReason' | 'only'>;

/** What has happened from an entry to what became of it. */
function stepsBetween(id: string, before: Entry | undefined, entry: Entry, writtenAt: number): readonly Step[] {
  const steps = stepsOf(id, entry);
  const authorisedIf = (only: Proviso): readonly Step[] =>
    steps.map((step) => (step.type === 'payment.authorised' ? { ...step, only } : step));
  if (entry.kind === 'provisional') return authorisedIf({ kind: 'claimed', nonce: entry.nonce, writtenAt });
  if (!before && entry.kind === 'closed' && entry.late) return authorisedIf({ kind: 'young', writtenAt });
  // It was told when it stood there, if it was a hold; what took an orphan's place was not.
  if (before?.kind === 'provisional') return authorisedIf({ kind: 'notClaimed', nonce: before.nonce });
  return steps.slice(before ? stepsOf(id, before).length : 0);
}

/** The order in which a payment's events come about; refunds, of which there are several, have their own among themselves. */
const rank: Readonly<Record<PaymentEventType, number>> = {
  'payment.authorised': 0,
  'payment.declined': 0,
  'payment.captured': 1,
  'payment.voided': 1,
  'payment.refunded': 2,
};

/** What an entry says has happened, in order. What became of an entry begins with the steps of what it was. */
function stepsOf(id: string, entry: Entry): readonly Step[] {
  const authorised = (amount: number): Step => ({ type: 'payment.authorised', id, payment: id, amount });
  switch (entry.kind) {
    case 'hold':
    case 'provisional':
      return [authorised(entry.amount)];
    case 'declined':
      // It was a hold, which was told.
      if (entry.reason === holdLostReason) return [];
      return [{ type: 'payment.declined', id, payment: id, declineReason: entry.reason }];
    case 'closed': {
      const { by, type, captured } = entry.closure;
      const closed: Step = {
        id: by,
        payment: id,
        ...(type === 'CAPTURE' ? { type: 'payment.captured', amount: captured } : { type: 'payment.voided', amount: entry.amount }),
      };
      return [authorised(entry.amount), closed];
    }
    case 'refund':
      return [{ type: 'payment.refunded', id, payment: entry.payment, amount: entry.amount }];
    // Nothing moved, and nobody but the caller is told.
    case 'refundRefused':
      return [];
  }
}

function decidedOnPayment(now: Item): readonly Decided[] {
  if (now.outcome !== 'DECLINED' || now.reason !== expiredReason) return [];
  const { pk, epoch } = epochOf(now.pk);
  const id = pk.slice(keyItemPk('').length);
  const { tenant, accountId, currency } = now as unknown as { readonly [name: string]: string };
  return [{ type: 'payment.declined', id, payment: id, tenant, accountId, currency, declineReason: expiredReason, epoch }];
}

const isMoved = ({ id, payment }: Decided): boolean => id !== payment;

/** Whether there is nothing to look for: a claim that is young leaves it to its account's record. */
export const isLeft = ({ only }: Decided, nowMs: number): boolean => only?.kind === 'held' && nowMs - only.claimedAt < proviso.lateMs;

/** Keys of the items that hold the rest of these events, each once, in the epoch of the write. */
export function detailKeys(decided: readonly Decided[]): readonly string[] {
  return [
    ...new Set(
      decided.flatMap((one) => [
        ...[one.payment, one.id].map((id) => keyIn(id, one.epoch)),
        ...(one.only?.kind === 'held' ? [accountPk(one.tenant, one.accountId)] : []),
      ]),
    ),
  ];
}

/** Whether something decided is to be told, going by what it rests on; undefined: not to be told yet. */
export function isSo(decided: Decided, details: Details, nowMs: number): boolean | undefined {
  const { only, id, tenant, accountId } = decided;
  if (isOfStranger(decided, details)) return false;
  if (!only) return true;
  const claim = details.get(keyIn(id, decided.epoch));
  if (only.kind === 'young') return claim === undefined || only.writtenAt - ((claim.entryAt ?? claim.at) as number) < proviso.hiddenMs;
  const claims = claim !== undefined && isPayment(claim) && claim.nonce === only.nonce;
  if (only.kind === 'notClaimed') return !claims;
  // Where there is no claim yet, it is the claim's own record that tells, if ever it comes.
  if (only.kind === 'claimed') return claim || nowMs - only.writtenAt >= proviso.waitMs ? claims : undefined;
  const account = details.get(accountPk(tenant, accountId));
  if (!claims || !account) return false;
  const payment = paymentOf(claim);
  // Its entry may have been trimmed since, but not before its own item said what it was.
  return payment.outcome ? payment.outcome.status === 'AUTHORISED' : ['hold', 'closed'].includes(entryFor(account, payment)?.kind ?? '');
}

/**
 * Whether another account has the key in the epoch of the write. Then an earlier epoch has decided this, and told it: a peer's record that
 * stands for several writes has all entries that the account began with.
 */
const isOfStranger = (decided: Decided, details: Details): boolean =>
  [decided.payment, decided.id].some((one) => {
    const key = keyIn(one, decided.epoch);
    const item = details.get(key);
    return item?.pk === key && item.acct !== undefined && !isOfAccount(decided, item);
  });

/** Whether an item is of the account that has decided this. */
export const isOfAccount = ({ tenant, accountId }: Decided, { acct }: Item): boolean => acct === accountPk(tenant, accountId);

/** Keys that the item may have in the epochs before: it is carried over only when it is written. */
export function olderKeys(key: string): readonly string[] {
  const { pk, epoch } = epochOf(key);
  return Array.from({ length: Math.max(0, epoch - 1) }, (_, n) => inEpoch(pk, epoch - 1 - n));
}

/** Homes that may have moved since, until an item is looked for in vain. */
const epochsAhead = 8;

/** Keys that the item may have in the epochs after, the newest first. */
export function newerKeys(key: string): readonly string[] {
  const { pk, epoch } = epochOf(key);
  return epoch === 0 ? [] : Array.from({ length: epochsAhead }, (_, n) => inEpoch(pk, epoch + epochsAhead - n));
}

/** Keys whose items do not say here what this event's are to say; a claim that was lost may have been made again in a later epoch. */
export function lackingKeys(decided: Decided, details: Details): readonly string[] {
  const { payment, id, epoch } = decided;
  return [...new Set([payment, id])]
    .map((one) => keyIn(one, epoch))
    .filter((key) => {
      const item = details.get(key);
      return !item || (isPayment(item) && placeOf(decided, item) === undefined);
    });
}

/** Items that other epochs have of a key, by the key that was asked for. */
export type Epochs = ReadonlyMap<string, readonly Item[]>;

/**
 * Details with what earlier epochs have of keys that are not here in the epoch of the write. Another account may have had the key there.
 *
 * @param older items of each missing key, the newest first
 */
export function withOlder(decided: Decided, details: Details, older: Epochs): Details {
  const own = [...older].flatMap(([key, items]) => {
    const item = items.find((one) => isOfAccount(decided, one));
    return item ? [[key, item] as const] : [];
  });
  return own.length === 0 ? details : new Map([...details, ...own]);
}

/**
 * Details with which an event can be made, where later epochs have what its own lacks. They count only if they have decided the same: a
 * later epoch may have been opened without this entry, and have decided otherwise.
 *
 * @param later items of each lacking key, the newest first
 */
export function withLater(decided: Decided, details: Details, later: Epochs): Details {
  const same = lackingKeys(decided, details).flatMap((key) => {
    const item = later.get(key)?.[0];
    return item && saysSo(item, decided) ? [[key, item] as const] : [];
  });
  return same.length === 0 ? details : new Map([...details, ...same]);
}

/** Whether an item says itself that this was decided. */
function saysSo(item: Item, { tenant, accountId, currency, type, id, payment, amount, declineReason }: Decided): boolean {
  if (item.tenant !== tenant || item.accountId !== accountId || item.currency !== currency) return false;
  if (isMove(item)) {
    const move = moveOf(item);
    if (move.outcome?.status !== 'DONE' || idOfPaymentId(move.paymentId) !== payment) return false;
    return typeOfMove[move.type] === type && move.outcome.amount === amount;
  }
  if (!isPayment(item)) return false;
  const { outcome, amount: held, moves } = paymentOf(item);
  if (!outcome) return false;
  if (outcome.status === 'DECLINED') return type === 'payment.declined' && outcome.reason === declineReason;
  if (type === 'payment.authorised') return held === amount;
  const move = moves[id];
  return move !== undefined && typeOfMove[move.type] === type && move.amount === amount;
}

const typeOfMove: Readonly<Record<MoveType, PaymentEventType>> = {
  CAPTURE: 'payment.captured',
  VOID: 'payment.voided',
  REFUND: 'payment.refunded',
};

const keyIn = (id: string, epoch: number): string => (epoch === 0 ? keyItemPk(id) : inEpoch(keyItemPk(id), epoch));

/** Items by the key under which they were asked for. */
export type Details = ReadonlyMap<string, Item>;

/**
 * The event of what was decided. What it says besides comes from claims, which never change: the same event, whoever makes it, and when.
 *
 * @param origin region that made the write
 * @returns undefined when a claim is not there, or a refund's payment does not know it: in HOME_REGION that may not have replicated yet
 */
export function eventOf(decided: Decided, details: Details, origin: string): PaymentEvent | undefined {
  const payment = details.get(keyIn(decided.payment, decided.epoch));
  const own = isMoved(decided) ? details.get(keyIn(decided.id, decided.epoch)) : payment;
  if (!payment || !own || !isPayment(payment) || (isMoved(decided) && !isMove(own))) return undefined;
  const { type, id, tenant, accountId, currency, amount, declineReason } = decided;
  const sequence = placeOf(decided, payment);
  if (sequence === undefined) return undefined;
  return {
    id: eventIdOf(id),
    type,
    schemaVersion: 1,
    origin,
    occurredAt: new Date(own.at as number).toISOString(),
    tenant,
    subject: paymentIdOf(decided.payment),
    sequence,
    trace: traceOf(own),
    data: {
      paymentId: paymentIdOf(decided.payment),
      accountId,
      amount: amount ?? (payment.amount as number),
      currency,
      ...(payment.reference === undefined ? {} : { reference: payment.reference as string }),
      ...(declineReason === undefined ? {} : { declineReason }),
      region: own.region as string,
    },
  };
}

/**
 * An event's place in its payment, from 1. It follows from the payment alone, not from the record in which the event was found: two
 * publishers that saw different records give it the same one. A payment takes one refund at a time, and says which.
 */
function placeOf({ type, id }: Decided, item: Item): number | undefined {
  if (rank[type] < rank['payment.refunded']) return rank[type] + 1;
  const { moves, pending } = paymentOf(item);
  const order = moves[id]?.order ?? (pending?.id === id ? Object.keys(moves).length + 1 : undefined);
  return order === undefined ? undefined : order + 1;
}

/** The request's trace, and its segment when that was recorded. */
function traceOf(claim: Item): PaymentEvent['trace'] {
  const context = {
    traceId: claim.traceId as string,
    parentId: claim.traceParent as string | undefined,
    sampled: claim.traceParent !== undefined,
  };
  const traceparent = toTraceparent(context);
  return { traceId: context.traceId, ...(traceparent === undefined ? {} : { parentId: context.parentId, traceparent }) };
}
