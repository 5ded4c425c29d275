import { Attempt, bothOf } from './attempt.service';
import { accountPk, decisionOfEntry, entryFor, entryOf, idOfPaymentId, isPayment, keyItemPk, PaymentItem, paymentOf } from './domain';
import { closedWith, closerOf, lags, refundedWith } from './finish.service';
import { Item } from '../ports';

/**
 * Finding a payment. Its account decides, and its own item follows: at once in `HOME_REGION`, where it is written before a move is
 * complete; in `STRONG` beside that, so that after a crash a completed move may be missing in it. A reader there looks at the account
 * too, unless the payment's own item tells all.
 */

/** A payment's own item, if it is one of this tenant's. */
async function ownItem(attempt: Attempt, id: string, strong: boolean): Promise<PaymentItem | undefined> {
  const item = await attempt.retrying((store) => store.read(keyItemPk(id), strong));
  return item && isPayment(item) && item.tenant === attempt.context.tenant ? paymentOf(item) : undefined;
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
  if (!lags(attempt)) return decided(attempt, await ownItem(attempt, id, true));
  const old = await ownItem(attempt, id, false);
  const known = old?.outcome ? old : old && withDecision(old, await accountOf(attempt, old, false));
  return known ?? decided(attempt, ...(await both(attempt, id, old)));
}

/** A payment as all readers see it from now on: with each move that its account has decided. */
export async function paymentToShow(attempt: Attempt, paymentId: string): Promise<PaymentItem | undefined> {
  const id = idOfPaymentId(paymentId);
  if (id === undefined) return undefined;
  if (!lags(attempt)) return decided(attempt, await ownItem(attempt, id, true));
  const old = await ownItem(attempt, id, false);
  if (old && isFinal(old)) return old;
  const [payment, read] = await both(attempt, id, old?.closure ? undefined : old);
  if (!payment || tellsAll(payment)) return payment;
  const account = read ?? (await accountOf(attempt, payment));
  const shown = account && (await asDecidedOn(attempt, payment, account));
  // Shown by its own item and trimmed between the two reads, or not decided at all.
  return shown ?? ownItem(attempt, id, true);
}

/** Whether nothing can become of a payment any more: then an old copy is as good as a new one. */
const isFinal = ({ outcome, closure, captured, refunded }: PaymentItem): boolean =>
  outcome?.status === 'DECLINED' || (closure !== undefined && captured === refunded);

/** Whether a payment's own item tells all that its account has decided of it. */
const tellsAll = ({ outcome, closure, pending }: PaymentItem): boolean =>
  outcome?.status === 'DECLINED' || (closure !== undefined && pending === undefined);

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
async function asDecidedOn(attempt: Attempt, payment: PaymentItem, account: Item): Promise<PaymentItem | undefined> {
  const { closure, pending } = payment;
  if (closure) return pending && entryOf(account, pending.id)?.kind === 'refund' ? refundedWith(payment, pending) : undefined;
  const entry = entryFor(account, payment);
  if (entry?.kind !== 'closed') return withDecision(payment, account);
  return closedWith(payment, await closerOf(attempt, entry.closure), entry.closure);
}
