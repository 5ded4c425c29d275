import { lineAfter, Trimmed, trimmedBefore, wasIn } from './line.domain';
import { Item, Value } from '../ports';
import {
  Closure,
  idOfPaymentId,
  idOfPk,
  isMove,
  isPayment,
  keyItemPk,
  kinds,
  MoveItem,
  moveOf,
  movesInOrder,
  notCaptured,
  paymentIdOf,
  PaymentItem,
  paymentOf,
  RecordedMove,
} from '../protocol/domain';
import { movedOn } from '../protocol/effects.domain';
import { entriesOf, Entry, entryDateOf, entryOf } from '../protocol/entries.domain';

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

/** An item without its epoch in the key, and the epoch that has it. */
export interface Kept {
  readonly item: Item;
  readonly epoch: number;
}

/**
 * An item of an earlier epoch as a later one begins with it; undefined: of one that its account never was in, as far as this epoch knows,
 * and its claim is not the one that the account shows.
 *
 * @param kept the item, and where it comes from
 * @param account its account as the later epoch has it; not looked at for an account itself
 * @param others those named by `judgedWith`, as the later epoch has them, as far as they have arrived
 */
export function carry({ item, epoch }: Kept, account: Item | undefined, others: Others): Item | undefined {
  const from = { carriedFrom: epoch, carriedVersion: item.version };
  if (isAccount(item)) return { ...without(item, ['carriedThrough']), ...from, line: lineAfter(item, epoch) };
  if (!account) throw new Error(`${item.pk} cannot be carried over without its account`);
  if (!isPayment(item) && !isMove(item)) {
    throw new Error(`${item.pk} is of kind '${String(item.kind)}', which no epoch carries over`);
  }
  const carried = judged(item, { account, epoch, others });
  return carried && { ...carried, ...from };
}

function judged(item: Item, by: Judging): Item | undefined {
  if (isAnothers(item, by.account)) return undefined;
  if (!wasIn(by.account, by.epoch)) return reclaim(claimOf(item), by.account, by.others);
  return isPayment(item) ? carryPayment(item, by) : asRefused(carryMove(item, by), by.account);
}

/** By what an item of an epoch is judged. */
interface Judging {
  readonly account: Item;
  readonly epoch: number;
  readonly others: Others;
}

/** Items by their key, each with the epoch that has it. */
export type Others = ReadonlyMap<string, Kept>;

/** What was asked for, and nothing of what has become of it. */
const claimOf = (item: Item): Item =>
  isPayment(item)
    ? { ...withoutClosure(without(item, ['entryAt'])), kind: kinds.PAYMENT[0] }
    : { ...without(item, [...moveAttributes, 'entryAt']), kind: kinds.MOVE[0] };

/** Keys of the items besides its account by which an item is judged. */
export function judgedWith(kept: Kept, account: Item): readonly string[] {
  const item = wasIn(account, kept.epoch) ? kept.item : claimOf(kept.item);
  if (isPayment(item)) {
    const payment = paymentOf(item);
    const ids = [...unrecordedMoves(payment, account), ...closerToJudge(payment, account), ...refundsToJudge(payment, account)];
    return ids.map(keyItemPk);
  }
  if (!isMove(item)) return [];
  const move = moveOf(item);
  const payment = idOfPaymentId(move.paymentId)!;
  const isJudgedByPayment = move.outcome?.status === 'DONE' && move.type !== 'REFUND' && move.appliedAt === undefined;
  return isJudgedByPayment && !entryOf(account, payment) ? [keyItemPk(payment)] : [];
}

/** What closed a payment by that one's own item, where the account has no entry of it: its own item tells whether it has come there. */
function closerToJudge({ id, dueAt, closure }: PaymentItem, account: Item): readonly string[] {
  return dueAt !== undefined && closure && !entryOf(account, id) ? [closure.by] : [];
}

const refundsToJudge = ({ id, moves }: PaymentItem, account: Item): readonly string[] => {
  const standing = overviewOf(account).refunds.get(id);
  return Object.entries(moves).flatMap(([by, { type }]) => (type === 'REFUND' && !standing?.has(by) ? [by] : []));
};

/** Moves that an account has taken and their payment's own item does not show: when that was, their own items alone know. */
function unrecordedMoves(payment: PaymentItem, account: Item): readonly string[] {
  const entry = entryOf(account, payment.id);
  const closure = entry?.kind === 'closed' ? entry.closure : payment.closure;
  if (!closure) return [];
  return [closure.by, ...refundsMoved(payment, account).keys()].filter((id) => !payment.moves[id]);
}

function carryPayment(item: Item, by: Judging): Item {
  const { account, epoch, others } = by;
  const trimmed = trimmedBefore(account, epoch);
  const payment = paymentOf(item);
  const entry = entryOf(account, payment.id);
  // Where the account has its hold all the same, a later epoch decided it again, and its own item is what did not arrive.
  const isHeld = heldBy(entry) === payment.amount;
  if (payment.outcome?.status === 'DECLINED' && !isHeld) return item;
  if (entry ? entry.kind === 'hold' : !trimmed(entryDateOf(payment))) {
    // Nothing but the hold reached the account, or not even that: then it is decided anew, from the same claim.
    return entry ? open(item) : withoutClosure(item);
  }
  if (entry?.kind === 'declined') return { ...withoutClosure(item), outcome: 'DECLINED', reason: entry.reason };
  const applied = payment.closure && isApplied(payment, by) ? payment.closure : undefined;
  const closure = entry?.kind === 'closed' ? entry.closure : applied;
  if (closure) return withClosure(item, { ...payment, closure }, refundsOf(payment, by), others);
  // Its hold had left the account, and nothing more of it had come there.
  return item.outcome === undefined ? item : open(item);
}

/**
 * Whether a closure of which no entry stands has come to the account, and has gone. One that the account decided has: its hold stood there
 * until then. One that its payment's item decided is told by the date under which the account took it: it went only when its own item said
 * so, and that had arrived.
 */
function isApplied({ id, closure, dueAt }: PaymentItem, by: Judging): boolean {
  if (dueAt === undefined) return true;
  const own = moveDone(closure!.by, id, by);
  return own?.move.appliedAt !== undefined && own.trimmed(own.move.appliedAt);
}

/**
 * A move of a payment whose own item says that it was made, and what its epoch tells of dates: it may be an earlier one than the payment's,
 * which made it once more.
 */
function moveDone(id: string, payment: string, by: Judging): { readonly move: MoveItem; readonly trimmed: Trimmed } | undefined {
  const own = by.others.get(keyItemPk(id));
  if (!own || !isMove(own.item)) return undefined;
  const move = moveOf(own.item);
  if (move.outcome?.status !== 'DONE' || move.paymentId !== paymentIdOf(payment)) return undefined;
  return { move, trimmed: trimmedBefore(by.account, Math.min(by.epoch, own.epoch)) };
}

const open = (item: Item): Item => ({ ...withoutClosure(item), outcome: 'AUTHORISED' });

const closureAttributes = ['outcome', 'reason', 'closedBy', 'closeType', 'pending', 'dueAt'];

function withoutClosure(item: Item): Item {
  return { ...without(item, closureAttributes), captured: 0, refunded: 0, moves: {} };
}

type ClosedPayment = PaymentItem & { readonly closure: Closure };

/** The payment's closure as the account has taken it, and those refunds whose money it has moved. */
function withClosure(item: Item, payment: ClosedPayment, refunds: readonly Refund[], others: Others): Item {
  const { closure } = payment;
  const closing: RecordedMove = payment.moves[closure.by] ?? {
    type: closure.type,
    amount: closure.type === 'CAPTURE' ? closure.captured : payment.amount,
    ...askedFor(closure.by, payment, others),
    order: 1,
  };
  const moves = Object.fromEntries([
    [closure.by, { ...closing, type: closure.type, amount: closure.type === 'CAPTURE' ? closure.captured : payment.amount, order: 1 }],
    ...refunds.map(([id, refund], n) => [id, { ...refund, order: n + 2 }]),
  ]);
  return {
    ...without(item, ['reason', 'pending', 'dueAt']),
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
  const own = others.get(keyItemPk(id))?.item;
  const { at, region } = own && isMove(own) ? moveOf(own) : pending?.id === id ? pending : payment;
  return { at, region };
}

type Refund = readonly [id: string, refund: Omit<RecordedMove, 'order'>];

/** What an account has moved of a payment's refunds, as far as their entries still stand there. */
const refundsMoved = ({ id }: PaymentItem, account: Item): ReadonlyMap<string, number> => overviewOf(account).refunds.get(id) ?? new Map();

function refundsOf(payment: PaymentItem, by: Judging): readonly Refund[] {
  const { account, others } = by;
  const recorded = Object.entries(payment.moves).filter(([, { type }]) => type === 'REFUND');
  const moved = refundsMoved(payment, account);
  const kept = movesInOrder({ ...payment, moves: Object.fromEntries(recorded) })
    .map((refund): Refund => [recorded.find(([, other]) => other === refund)![0], refund])
    .filter(([id]) => moved.has(id) || isRefunded(id, payment.id, by))
    .map(([id, refund]): Refund => [id, { ...refund, amount: moved.get(id) ?? refund.amount }]);
  // The account moved the money, but the payment's item that says so did not arrive.
  const missing = [...moved]
    .filter(([id]) => !kept.some(([other]) => other === id))
    .map(([id, amount]): Refund => [id, { type: 'REFUND', amount, ...askedFor(id, payment, others) }]);
  return [...kept, ...missing];
}

/** Whether a refund of which no entry stands has come to the account, and has gone: its own item tells under which date. */
function isRefunded(id: string, payment: string, by: Judging): boolean {
  const own = moveDone(id, payment, by);
  return own !== undefined && own.trimmed(entryDateOf(own.move));
}

const moveAttributes = ['outcome', 'moved', 'answer', 'appliedAt', 'code', 'detail'];

function carryMove(item: Item, { account, epoch, others }: Judging): Item {
  const trimmed = trimmedBefore(account, epoch);
  const move = moveOf(item);
  // What a later epoch moved for it counts, though its own item of that epoch did not arrive.
  if (move.outcome?.status === 'REFUSED' && movedOn(account, move) !== undefined) return without(item, moveAttributes);
  if (move.outcome?.status !== 'DONE') return item;
  const reached =
    move.type === 'REFUND'
      ? entryOf(account, move.id)?.kind === 'refund' || trimmed(entryDateOf(move))
      : (closedBy(move.id, entryOf(account, idOfPaymentId(move.paymentId)!)) ?? isClosing(move, trimmed, others));
  return reached ? item : without(item, moveAttributes);
}

/** The same where no entry of its payment stands: a date of its own tells, or its payment's. */
const isClosing = (move: MoveItem, trimmed: Trimmed, others: Others): boolean =>
  move.appliedAt === undefined ? trimmed(move.paymentAt) && isCloser(move, others) : trimmed(move.appliedAt);

/**
 * Whether a move closed its payment, of which no entry stands any more. The watermark alone does not tell: it passes a hold that still
 * stands, which a later epoch may have closed otherwise. The payment's own item has arrived, since its entry waited for that.
 */
function isCloser({ id, paymentId }: MoveItem, others: Others): boolean {
  const payment = others.get(keyItemPk(idOfPaymentId(paymentId)!))?.item;
  return payment !== undefined && isPayment(payment) && paymentOf(payment).closure?.by === id;
}

/** The amount of the payment that an entry is or was a hold of; undefined: of none. */
const heldBy = (entry: Entry | undefined): number | undefined =>
  entry?.kind === 'hold' || entry?.kind === 'closed' ? entry.amount : undefined;

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
  if (isAnothers(claim, account)) return undefined;
  const own = entryOf(account, idOfPk(claim));
  const isShown = isPayment(claim) && own !== undefined && own.kind !== 'declined';
  if (isShown) return carryPayment(claim, { account, epoch: 0, others });
  return isMove(claim) ? asRefused(claim, account) : claim;
}

/** A refund that the account has refused, though its own item did not arrive with that: it may have been captured since. */
function asRefused(item: Item, account: Item): Item {
  const { id, outcome } = moveOf(item);
  return outcome === undefined && entryOf(account, id)?.kind === 'refundRefused' ? { ...item, outcome: 'REFUSED', ...notCaptured } : item;
}

/** Whether the account shows what another request of the same key came to: an epoch that did not have this one gave the key away. */
function isAnothers(item: Item, account: Item): boolean {
  const own = entryOf(account, idOfPk(item));
  const closedBefore = overviewOf(account).closed.get(idOfPk(item));
  if (isPayment(item)) {
    const isOwn = !own || own.kind === 'declined' || heldBy(own) === item.amount;
    return closedBefore !== undefined || !isOwn;
  }
  const move = moveOf(item);
  const isOther = move.type === 'REFUND' || closedBefore !== idOfPaymentId(move.paymentId);
  return (closedBefore !== undefined && isOther) || !canBeMove(move, account, own);
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

function canBeMove({ id, type, amount, authorised, paymentId }: MoveItem, account: Item, own: Entry | undefined): boolean {
  const payment = idOfPaymentId(paymentId)!;
  const entry = entryOf(account, payment);
  // Its payment was made again with another amount.
  if ((heldBy(entry) ?? authorised) !== authorised) return false;
  if (type === 'REFUND') {
    return (
      !own || own.kind === 'refundRefused' || (own.kind === 'refund' && own.payment === payment && (amount ?? own.amount) === own.amount)
    );
  }
  // A capture or void has its effect in the payment's entry, and none of its own.
  if (own) return false;
  if (entry?.kind !== 'closed' || entry.closure.by !== id) return true;
  return entry.closure.type === type && (type === 'VOID' || entry.closure.captured === amount);
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
  return Object.entries(entriesOf(ended)).map(([id, code]): LateEntry => {
    const entry = entryOf(ended, id)!;
    if (whole) return { id, entry, known: 'carried' };
    return { id, entry, known: carried[id] === code ? 'same' : 'nothing' };
  });
}
