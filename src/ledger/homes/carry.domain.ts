import { Item, Value } from '../ports';
import {
  Closure,
  idOfPaymentId,
  idOfPk,
  isMove,
  isPayment,
  keyItemPk,
  MoveItem,
  moveOf,
  movesInOrder,
  PaymentItem,
  paymentOf,
  RecordedMove,
} from '../protocol/domain';
import { movedOn } from '../protocol/effects.domain';
import { entriesOf, Entry, entryOf } from '../protocol/entries.domain';

/**
 * HOME_REGION: what a new epoch takes over of the one before. Every item is keyed by epoch, so that what a fenced region still writes
 * can never overwrite what the new home wrote. Items replicate in no order, so after a lost region the account as it arrived is the
 * truth about money, and each other item counts only as far as that account shows its effect.
 */

const epochSuffix = /@(\d+)$/;

/** An item's key within an epoch. */
export const inEpoch = (pk: string, epoch: number): string => `${pk}@${epoch}`;

/** Key and epoch of a stored item; epoch 0 for what is not kept by epoch. */
export function epochOf(stored: string): { readonly pk: string; readonly epoch: number } {
  const suffix = epochSuffix.exec(stored);
  return suffix ? { pk: stored.slice(0, suffix.index), epoch: Number(suffix[1]) } : { pk: stored, epoch: 0 };
}

const isAccount = (item: Item): boolean => item.kind === 'ACCOUNT';

/**
 * An item of an earlier epoch as a later one begins with it.
 *
 * @param item the item, without its epoch in the key
 * @param epoch where it comes from
 * @param account its account as the later epoch has it; not looked at for an account itself
 * @param others those named by `judgedWith`, as the later epoch has them, as far as they have arrived
 */
export function carry(item: Item, epoch: number, account: Item | undefined, others: Others): Item {
  const from = { carriedFrom: epoch, carriedVersion: item.version };
  if (isAccount(item)) return { ...item, ...from, carriedThrough: withMark(item, epoch) };
  if (!account) throw new Error(`${item.pk} cannot be carried over without its account`);
  const trimmed = trimmedBefore(account, epoch);
  if (isPayment(item)) return { ...carryPayment(item, account, trimmed, others), ...from };
  if (isMove(item)) return { ...carryMove(item, account, trimmed, others), ...from };
  throw new Error(`${item.pk} is of kind '${String(item.kind)}', which no epoch carries over`);
}

/** Items by their key. */
export type Others = ReadonlyMap<string, Item>;

/** Keys of the items besides its account by which an item is judged. */
export function judgedWith(item: Item, account: Item): readonly string[] {
  if (isPayment(item)) return unrecordedMoves(paymentOf(item), account).map(keyItemPk);
  if (!isMove(item)) return [];
  const move = moveOf(item);
  const payment = idOfPaymentId(move.paymentId)!;
  return move.outcome?.status === 'DONE' && move.type !== 'REFUND' && !entryOf(account, payment) ? [keyItemPk(payment)] : [];
}

/** Moves that an account has taken and their payment's own item does not show: when that was, their own items alone know. */
function unrecordedMoves(payment: PaymentItem, account: Item): readonly string[] {
  const entry = entryOf(account, payment.id);
  const closure = entry?.kind === 'closed' ? entry.closure : payment.closure;
  if (!closure) return [];
  return [closure.by, ...refundsMoved(payment, account).keys()].filter((id) => !payment.moves[id]);
}

/** How far an account was trimmed when it was carried over, by the epoch that it left. */
function marksOf(account: Item): readonly (readonly [epoch: string, through: number])[] {
  return Object.entries((account.carriedThrough ?? {}) as Readonly<Record<string, number>>);
}

function withMark(account: Item, epoch: number): Readonly<Record<string, number>> {
  const marks = marksOf(account);
  const through = account.trimmedThrough as number;
  // Marks rise with the epochs: one that repeats the last tells nothing new.
  return Object.fromEntries(marks.some(([, other]) => other === through) ? marks : [...marks, [epoch, through]]);
}

/** Whether an effect without an entry, claimed at a time, is in the account's balances. */
type Trimmed = (at: number) => boolean;

/**
 * An effect is in the balances if its entry was trimmed by the end of its item's epoch. What was trimmed later is no proof: by then the
 * item would have been carried over, so one that was not had no entry left to trim.
 */
function trimmedBefore(account: Item, epoch: number): Trimmed {
  const through = Math.max(-1, ...marksOf(account).flatMap(([left, mark]) => (Number(left) <= epoch ? [mark] : [])));
  return (at) => at <= through;
}

function carryPayment(item: Item, account: Item, trimmed: Trimmed, others: Others): Item {
  const payment = paymentOf(item);
  const entry = entryOf(account, payment.id);
  // Where the account has its hold all the same, a later epoch decided it again, and its own item is what did not arrive.
  const isHeld = (entry?.kind === 'hold' || entry?.kind === 'closed') && entry.amount === payment.amount;
  if (payment.outcome?.status === 'DECLINED' && !isHeld) return item;
  if (entry ? entry.kind === 'hold' : !trimmed(payment.at)) {
    // Nothing but the hold reached the account, or not even that: then it is decided anew, from the same claim.
    return { ...withoutClosure(item), ...(entry ? { outcome: 'AUTHORISED' } : {}) };
  }
  if (entry?.kind === 'declined') return { ...withoutClosure(item), outcome: 'DECLINED', reason: entry.reason };
  const closure = entry?.kind === 'closed' ? entry.closure : payment.closure;
  return closure ? withClosure(item, payment, closure, refundsOf(payment, account, trimmed, others), others) : item;
}

const closureAttributes = ['outcome', 'reason', 'closedBy', 'closeType', 'pending'];

function withoutClosure(item: Item): Item {
  return { ...without(item, closureAttributes), captured: 0, refunded: 0, moves: {} };
}

/** The closure that the account shows, and those refunds whose money it has moved. */
function withClosure(item: Item, payment: PaymentItem, closure: Closure, refunds: readonly Refund[], others: Others): Item {
  const closing: RecordedMove = payment.moves[closure.by] ?? {
    type: closure.type,
    amount: closure.type === 'CAPTURE' ? closure.captured : payment.amount,
    ...askedFor(closure.by, payment, others),
    order: 1,
  };
  const moves = Object.fromEntries([
    [closure.by, { ...closing, order: 1 }],
    ...refunds.map(([id, refund], n) => [id, { ...refund, order: n + 2 }]),
  ]);
  return {
    ...without(item, ['reason', 'pending']),
    outcome: 'AUTHORISED',
    closedBy: closure.by,
    closeType: closure.type,
    captured: closure.captured,
    refunded: refunds.reduce((sum, [, { amount }]) => sum + amount, 0),
    moves: moves as unknown as Value,
  };
}

/** When and where a move was asked for; if its own item has not arrived, its payment's has to serve. */
function askedFor(id: string, payment: PaymentItem, others: Others): Pick<RecordedMove, 'at' | 'region'> {
  const { pending } = payment;
  const own = others.get(keyItemPk(id));
  const { at, region } = own && isMove(own) ? moveOf(own) : pending?.id === id ? pending : payment;
  return { at, region };
}

type Refund = readonly [id: string, refund: Omit<RecordedMove, 'order'>];

/** What an account has moved of a payment's refunds, as far as their entries still stand there. */
const refundsMoved = ({ id }: PaymentItem, account: Item): ReadonlyMap<string, number> => overviewOf(account).refunds.get(id) ?? new Map();

function refundsOf(payment: PaymentItem, account: Item, trimmed: Trimmed, others: Others): readonly Refund[] {
  const recorded = Object.entries(payment.moves).filter(([, { type }]) => type === 'REFUND');
  const moved = refundsMoved(payment, account);
  const kept = movesInOrder({ ...payment, moves: Object.fromEntries(recorded) })
    .map((refund): Refund => [recorded.find(([, other]) => other === refund)![0], refund])
    .filter(([id, { at }]) => moved.has(id) || trimmed(at));
  // The account moved the money, but the payment's item that says so did not arrive.
  const missing = [...moved]
    .filter(([id]) => !kept.some(([other]) => other === id))
    .map(([id, amount]): Refund => [id, { type: 'REFUND', amount, ...askedFor(id, payment, others) }]);
  return [...kept, ...missing];
}

function carryMove(item: Item, account: Item, trimmed: Trimmed, others: Others): Item {
  const move = moveOf(item);
  // What a later epoch moved for it counts, though its own item of that epoch did not arrive.
  if (move.outcome?.status === 'REFUSED' && movedOn(account, move) !== undefined) return without(item, ['outcome', 'code', 'detail']);
  if (move.outcome?.status !== 'DONE') return item;
  const reached =
    move.type === 'REFUND'
      ? entryOf(account, move.id)?.kind === 'refund' || trimmed(move.at)
      : (closedBy(move.id, entryOf(account, idOfPaymentId(move.paymentId)!)) ?? (trimmed(move.paymentAt) && isCloser(move, others)));
  return reached ? item : without(item, ['outcome', 'moved', 'answer']);
}

/**
 * Whether a move closed its payment, of which no entry stands any more. The watermark alone does not tell: it passes a hold that still
 * stands, which a later epoch may have closed otherwise. The payment's own item has arrived, since its entry waited for that.
 */
function isCloser({ id, paymentId }: MoveItem, others: Others): boolean {
  const payment = others.get(keyItemPk(idOfPaymentId(paymentId)!));
  return !payment || !isPayment(payment) || paymentOf(payment).closure?.by === id;
}

/** Whether the payment's entry names this move; undefined when there is no entry to tell. */
function closedBy(id: string, entry: Entry | undefined): boolean | undefined {
  return entry && entry.kind === 'closed' && entry.closure.by === id;
}

/**
 * A new claim of a key that has none, in an epoch that may have lost the first one: as it is, or with what its account shows of it
 * already; undefined when the account shows another request's effect.
 *
 * @param claim a payment's or a move's item
 * @param account its account as the epoch began with it, or later
 * @param others those named by `judgedWith`, as far as they have arrived
 */
export function reclaim(claim: Item, account: Item, others: Others): Item | undefined {
  const own = entryOf(account, idOfPk(claim));
  const closedBefore = overviewOf(account).closed.get(idOfPk(claim));
  if (closedBefore !== undefined && (isPayment(claim) || closedBefore !== idOfPaymentId(moveOf(claim).paymentId))) return undefined;
  if (isPayment(claim)) {
    if (!own || own.kind === 'declined') return claim;
    const same = (own.kind === 'hold' || own.kind === 'closed') && own.amount === claim.amount;
    return same ? carryPayment(claim, account, () => false, others) : undefined;
  }
  return canBeMove(moveOf(claim), account, own) ? claim : undefined;
}

/** What an account's entries tell of moves. */
interface Overview {
  /** Closed payments by the identity of the move that did. */
  readonly closed: ReadonlyMap<string, string>;
  /** Amounts of refunds by payment and by the refund's identity. */
  readonly refunds: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

const overviews = new WeakMap<Item, Overview>();

/** Kept, since each new claim and each payment of an earlier epoch asks. */
function overviewOf(account: Item): Overview {
  const known = overviews.get(account);
  if (known) return known;
  const closed = new Map<string, string>();
  const refunds = new Map<string, Map<string, number>>();
  for (const id of Object.keys(entriesOf(account))) {
    const entry = readable(account, id);
    if (entry?.kind === 'closed') closed.set(entry.closure.by, id);
    if (entry?.kind === 'refund') refunds.set(entry.payment, (refunds.get(entry.payment) ?? new Map()).set(id, entry.amount));
  }
  const overview = { closed, refunds };
  overviews.set(account, overview);
  return overview;
}

/** An entry that is not as the ledger writes it stops its own payment alone, where that is looked at. */
function readable(account: Item, id: string): Entry | undefined {
  try {
    return entryOf(account, id);
  } catch {
    return undefined;
  }
}

function canBeMove({ id, type, amount, paymentId }: MoveItem, account: Item, own: Entry | undefined): boolean {
  const payment = idOfPaymentId(paymentId)!;
  if (type === 'REFUND') {
    return (
      !own || own.kind === 'refundRefused' || (own.kind === 'refund' && own.payment === payment && (amount ?? own.amount) === own.amount)
    );
  }
  // A capture or void has its effect in the payment's entry, and none of its own.
  if (own) return false;
  const closed = entryOf(account, payment);
  if (closed?.kind !== 'closed' || closed.closure.by !== id) return true;
  return closed.closure.type === type && (type === 'VOID' || closed.closure.captured === amount);
}

function without(item: Item, names: readonly string[]): Item {
  return Object.fromEntries(Object.entries(item).filter(([name]) => !names.includes(name))) as unknown as Item;
}

/** A decision on an account of an ended epoch that the next epoch does not have: written late, or not replicated in time. */
export interface LateEntry {
  readonly id: string;
  readonly entry: Entry;
  /**
   * What the successor knows of it: `carried`: it was opened with it, `same`: it has the same decision of this key, `nothing`. Whether that
   * is of the same request, their claims tell: a key can be taken for another request while its first claim has not arrived.
   */
  readonly known: 'carried' | 'same' | 'nothing';
}

/**
 * Entries of an ended epoch's account that its successor was opened without, or whose key may have been taken for another request
 * meanwhile. Refusals too: their callers have an answer, and may get another.
 *
 * @param ended the account of the ended epoch, as stored by now
 * @param successor the same account in a later epoch, which carried this one over, or an earlier one if nothing of this one had arrived
 */
export function lateEntries(ended: Item, successor: Item): readonly LateEntry[] {
  const whole = successor.carriedFrom === epochOf(ended.pk).epoch && (ended.version as number) <= (successor.carriedVersion as number);
  const carried = entriesOf(successor);
  return Object.entries(entriesOf(ended)).flatMap(([id, code]): readonly LateEntry[] => {
    const entry = entryOf(ended, id)!;
    if (whole) return [{ id, entry, known: 'carried' }];
    if (carried[id] !== code) return [{ id, entry, known: 'nothing' }];
    return entry.kind === 'hold' || entry.kind === 'declined' ? [{ id, entry, known: 'same' }] : [];
  });
}
