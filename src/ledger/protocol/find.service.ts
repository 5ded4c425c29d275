import { Attempt, bothOf } from './attempt.service';
import { hintsOf, isApplied, isDue } from './closing.service';
import { isBehind } from './dates.service';
import {
  accountPk,
  idOfPaymentId,
  isMove,
  isPayment,
  isPlainCopy,
  keyItemPk,
  moveOf,
  PaymentItem,
  paymentOf,
  PendingRefund,
} from './domain';
import { decisionOfEntry, entryDateOf, entryFor, entryOf } from './entries.domain';
import { closedWith, closerOf, lags, refundedWith } from './finish.service';
import { Item } from '../ports';

/**
 * Finding a payment. Its account decides, or its own item once its hold has left the account; and the other one follows: at once in
 * `HOME_REGION`, where the payment is written before a move is complete; in `STRONG` beside that, so that after a crash a completed move
 * may be missing in it. A reader there looks at the account too, unless the payment's own item tells all.
 */

/** A payment's own item, if it is one of this tenant's. */
async function ownItem(attempt: Attempt, id: string, strong: boolean): Promise<PaymentItem | undefined> {
  const item = await attempt.retrying((store) => store.read(keyItemPk(id), strong));
  if (!item || !isPayment(item) || item.tenant !== attempt.context.tenant) return undefined;
  return isPlainCopy(item) ? { ...paymentOf(item), carried: true } : paymentOf(item);
}

const accountOf = (attempt: Attempt, { tenant, accountId }: PaymentItem, strong = true): Promise<Item | undefined> =>
  attempt.retrying((store) => store.read(accountPk(tenant, accountId), strong));

/**
 * The payment of a move, as its own item shows it, and with its decision; undefined: none that was ever answered. In `STRONG` old copies
 * in the region will do if they show that: the decision, the account and the amount never change. What has become of it since, the
 * conditions of the move's own writes find out.
 */
export async function paymentToMove(attempt: Attempt, paymentId: string): Promise<PaymentItem | undefined> {
  const id = idOfPaymentId(paymentId);
  if (id === undefined) return undefined;
  if (!lags(attempt)) return atHome(attempt, await ownItem(attempt, id, true));
  const old = await inRegion(attempt, id);
  return old?.outcome ? old : decided(attempt, ...(await both(attempt, id, old)));
}

/**
 * A payment as copies in the region tell of it, with its decision if they do; and what they tell for ever: that its hold has left the
 * account, or that its closure has come there.
 */
async function inRegion(attempt: Attempt, id: string): Promise<PaymentItem | undefined> {
  const own = await ownItem(attempt, id, false);
  if (!own || own.outcome?.status === 'DECLINED' || (own.closure && !isDue(own))) return own;
  const account = await accountOf(attempt, own, false);
  const known = own.outcome ? own : withDecision(own, account);
  if (!account || !known) return own;
  const entry = entryFor(account, known);
  if (isDue(known)) {
    const isThere = entry?.kind === 'closed' || (await isApplied(attempt, known.closure!, account, false));
    return isThere ? { ...known, applied: true } : known;
  }
  // It had been there, since it is authorised; a copy that is too old to have it has not this watermark.
  return !entry && isBehind(account, entryDateOf(known)) ? { ...known, released: true } : known;
}

/**
 * The same in the region that writes it. Its hold may have left the account, where its own item is complete: a read costs less than a
 * refused write.
 */
async function atHome(attempt: Attempt, payment: PaymentItem | undefined): Promise<PaymentItem | undefined> {
  if (payment?.outcome?.status !== 'AUTHORISED' || payment.closure) return decided(attempt, payment);
  const account = await accountOf(attempt, payment);
  return account && !entryFor(account, payment) ? { ...payment, released: true } : payment;
}

/** A payment as all readers see it from now on: with each move that its account has taken. */
export async function paymentToShow(attempt: Attempt, paymentId: string): Promise<PaymentItem | undefined> {
  const id = idOfPaymentId(paymentId);
  if (id === undefined) return undefined;
  if (!lags(attempt)) return shownHere(attempt, await decided(attempt, await ownItem(attempt, id, true)));
  const old = await inRegion(attempt, id);
  if (old && isFinal(old)) return old;
  const [own, read] = await both(attempt, id, old?.released || (old?.closure && !isDue(old)) ? undefined : old);
  if (!own) return undefined;
  const payment = { ...own, ...hintsOf(old) };
  if (tellsAll(payment)) return payment;
  const account = read ?? (await accountOf(attempt, payment));
  const shown = account && (await asDecidedOn(attempt, payment, account));
  if (shown) return shown;
  // Shown by its own item and trimmed between the two reads, or not decided at all.
  const again = await ownItem(attempt, id, true);
  const now = again && isDue(again) && !payment.applied ? await accountOf(attempt, again) : undefined;
  return now ? withoutWhatIsDue(attempt, again!, now) : again;
}

/** The same where copies follow: the payment's own item shows all but that its account has taken what it decided itself. */
async function shownHere(attempt: Attempt, payment: PaymentItem | undefined): Promise<PaymentItem | undefined> {
  if (!payment || !isDue(payment)) return payment;
  const account = await accountOf(attempt, payment);
  return account ? withoutWhatIsDue(attempt, payment, account) : notClosed(payment);
}

/** Whether nothing can become of a payment any more: then an old copy is as good as a new one. */
const isFinal = (payment: PaymentItem): boolean =>
  payment.outcome?.status === 'DECLINED' || (payment.closure !== undefined && payment.captured === payment.refunded && !isDue(payment));

/** Whether a payment's own item tells all that its account has decided of it. */
const tellsAll = (payment: PaymentItem): boolean =>
  payment.outcome?.status === 'DECLINED' ||
  (payment.closure ? payment.pending === undefined && !isDue(payment) : payment.released !== undefined);

/** A payment's own item, and at the same time its account if an old copy tells which one that is. */
const both = (attempt: Attempt, id: string, old: PaymentItem | undefined): Promise<readonly [PaymentItem | undefined, Item | undefined]> =>
  bothOf(ownItem(attempt, id, true), old ? accountOf(attempt, old) : Promise.resolve(undefined));

/** A payment with its decision. */
async function decided(attempt: Attempt, payment: PaymentItem | undefined, account?: Item): Promise<PaymentItem | undefined> {
  if (!payment || payment.outcome) return payment;
  const known = withDecision(payment, account ?? (await accountOf(attempt, payment)));
  if (known) return known;
  // Completed and trimmed between the two reads, or not decided at all.
  const again = await ownItem(attempt, payment.id, true);
  return again?.outcome ? again : undefined;
}

function withDecision(payment: PaymentItem, account: Item | undefined): PaymentItem | undefined {
  const entry = account && entryFor(account, payment);
  return entry && { ...payment, outcome: decisionOfEntry(entry) };
}

/** A payment whose own item may lag behind its account, with what the account has decided; undefined: that has no entry of it. */
async function asDecidedOn(attempt: Attempt, own: PaymentItem, account: Item): Promise<PaymentItem | undefined> {
  const payment = isDue(own) ? await withoutWhatIsDue(attempt, own, account) : own;
  const { closure, pending } = payment;
  if (closure && !pending) return payment;
  if (closure) return (await isRefunded(attempt, pending!, account)) ? refundedWith(payment, pending!) : undefined;
  if (own.closure) return payment;
  const entry = entryFor(account, payment);
  if (entry?.kind !== 'closed') return withDecision(payment, account);
  return closedWith(payment, await closerOf(attempt, entry.closure), entry.closure);
}

/**
 * Whether the account has moved a refund's money. Its entry tells, or its own item: the release before trims an entry whose payment does
 * not show the refund yet.
 */
async function isRefunded(attempt: Attempt, { id }: PendingRefund, account: Item): Promise<boolean> {
  const entry = entryOf(account, id);
  if (entry) return entry.kind === 'refund';
  const item = await attempt.strongRead(keyItemPk(id));
  return item !== undefined && isMove(item) && moveOf(item).outcome?.status === 'DONE';
}

/** A payment as its account had taken its closure, or had not yet. */
async function withoutWhatIsDue(attempt: Attempt, payment: PaymentItem, account: Item): Promise<PaymentItem> {
  const { closure } = payment;
  const isThere =
    entryFor(account, payment)?.kind === 'closed' || (isBehind(account, payment.dueAt!) && (await isApplied(attempt, closure!, account)));
  return isThere ? { ...payment, applied: true } : notClosed(payment);
}

function notClosed({ closure: _closure, pending: _pending, ...open }: PaymentItem): PaymentItem {
  return { ...open, captured: 0, refunded: 0, moves: {} };
}
