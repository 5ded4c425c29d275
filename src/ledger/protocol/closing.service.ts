import { Attempt, BrokenInvariant } from './attempt.service';
import { dateInFrontOf, isBehind } from './dates.service';
import { accountPk, Closure, isMove, keyItemPk, moveOf, MoveItem, PaymentItem, paymentOf } from './domain';
import { encodeEntry, entryFor, orphanAt, stillHeld } from './entries.domain';
import { closedWith, closing, lags } from './finish.service';
import { Item, Value } from '../ports';
import { giveBack } from './provisional.service';

/**
 * What closes a payment's hold. While the hold stands on its account, the account decides, in the write that moves the money. Once the
 * hold has left it (see `trim`), the payment's own item decides, and the account is told under an entry with a date. Only one of
 * the two can decide: a hold that has left its account never comes back.
 */

/** A payment with its closure, and whether its own item shows it. */
export interface Closed {
  readonly payment: PaymentItem;
  readonly isShown: boolean;
}

/** What a capture or void makes of its payment if it is the one that closes it. */
export const wantedBy = ({ id, type, amount }: MoveItem): Closure =>
  type === 'CAPTURE' ? { by: id, type, captured: amount! } : { by: id, type: 'VOID', captured: 0 };

/** Closes a payment by a capture or void, unless another one has. */
export async function decideClosure(attempt: Attempt, claim: MoveItem, payment: PaymentItem): Promise<Closed> {
  if (payment.closure) return { payment, isShown: true };
  if (payment.released) return decideOnPayment(attempt, claim, payment);
  const wanted = wantedBy(claim);
  const { captured } = wanted;
  const result = await attempt.change({
    pk: accountPk(payment.tenant, payment.accountId),
    require: [stillHeld(payment)],
    set: [[['entries', payment.id], encodeEntry({ kind: 'closed', amount: payment.amount, closure: wanted })]],
    add: [
      [['held'], -payment.amount],
      [['settled'], captured],
      [['available'], payment.amount - captured],
    ],
  });
  if (result.kind === 'written') return { payment: closedWith(payment, claim, wanted), isShown: false };
  const entry = result.found && entryFor(result.found, payment);
  if (entry?.kind === 'closed' && !entry.late) return { payment: { ...payment, closure: entry.closure }, isShown: false };
  // Another request's entry stands in its place: not even its closure in its own item could come to the account.
  if (entry && !(entry.kind === 'closed' && entry.late)) {
    throw new BrokenInvariant(`payment ${payment.id} has an entry that is not its own`);
  }
  return decideOnPayment(attempt, claim, payment);
}

/** The hold has left the account: the first closure in the payment's own item counts. It is dated, so that the account takes it once. */
async function decideOnPayment(attempt: Attempt, claim: MoveItem, payment: PaymentItem): Promise<Closed> {
  const wanted = wantedBy(claim);
  const dueAt = attempt.ports.nowMs();
  const result = await attempt.change({
    pk: keyItemPk(payment.id),
    require: [
      { test: 'absent', path: ['closedBy'] },
      { test: 'equals', path: ['outcome'], value: 'AUTHORISED' },
    ],
    set: [
      [['closedBy'], wanted.by],
      [['closeType'], wanted.type],
      [['captured'], wanted.captured],
      [['moves', wanted.by], closing(payment, claim, wanted) as unknown as Value],
      [['dueAt'], dueAt],
    ],
  });
  if (result.kind === 'written') return { payment: { ...closedWith(payment, claim, wanted), dueAt }, isShown: true };
  return { payment: shownBy(result.found, payment), isShown: true };
}

function shownBy(item: Item | undefined, { id }: PaymentItem): PaymentItem {
  const stored = item && paymentOf(item);
  if (!stored?.closure) throw new BrokenInvariant(`payment ${id} has neither a hold nor a closure`);
  return stored;
}

/** What is known of a payment besides its own item, and never changes. */
export const hintsOf = (payment: PaymentItem | undefined): Pick<PaymentItem, 'released' | 'applied'> => ({
  ...(payment?.released ? { released: true } : {}),
  ...(payment?.applied ? { applied: true } : {}),
});

/** Whether it is not known that a closure which its payment's item decided has come to the account. */
export const isDue = ({ dueAt, applied }: PaymentItem): boolean => dueAt !== undefined && !applied;

/**
 * Takes a decided closure to the account, once, whoever does it. An entry of its date is refused behind the watermark: then it has come and
 * gone, which its own item tells, since that is completed first; or it never came, and never will under this date. Then it gets a new one.
 */
export async function takeToAccount(attempt: Attempt, payment: PaymentItem): Promise<PaymentItem> {
  let { dueAt } = payment;
  while (isDue({ ...payment, dueAt })) {
    const account = await enterClosure(attempt, payment, dueAt!);
    if (!account) break;
    if (entryFor(account, payment)?.kind === 'closed') {
      dueAt = await dateTaken(attempt, payment.id, dueAt!);
      break;
    }
    const orphan = orphanAt(account, payment);
    if (orphan) {
      await giveBack(attempt, account.pk, orphan);
    } else {
      if (entryFor(account, payment) || !isBehind(account, dueAt!)) {
        throw new BrokenInvariant(`the closure of payment ${payment.id} was refused`);
      }
      if (await isApplied(attempt, payment.closure!, account)) {
        dueAt = await dateTaken(attempt, payment.id, dueAt!);
        break;
      }
      dueAt = await redateClosure(attempt, payment.id, dueAt!, dateInFrontOf(attempt, account));
    }
  }
  return { ...payment, ...(dueAt === undefined ? {} : { dueAt, applied: true }) };
}

/** The account as it refused the closure; undefined: it has taken it. */
async function enterClosure(attempt: Attempt, payment: PaymentItem, dueAt: number): Promise<Item | undefined> {
  const { id, amount, tenant, accountId } = payment;
  const closure = payment.closure!;
  const result = await attempt.change({
    pk: accountPk(tenant, accountId),
    require: [
      { test: 'absent', path: ['entries', id] },
      { test: 'below', path: ['trimmedThrough'], value: dueAt },
    ],
    set: [[['entries', id], encodeEntry({ kind: 'closed', amount, closure, late: true })]],
    add: [
      [['held'], -amount],
      [['settled'], closure.captured],
      [['available'], amount - closure.captured],
    ],
  });
  if (result.kind === 'written') return undefined;
  if (!result.found) throw new BrokenInvariant(`account '${accountId}' does not exist`);
  return result.found;
}

/**
 * The date under which another attempt's request brought the closure to the account. It does not change any more. Where epochs are carried
 * over, the closer's own item tells it, and this attempt may have read an earlier one.
 */
async function dateTaken(attempt: Attempt, id: string, known: number): Promise<number> {
  if (lags(attempt)) return known;
  const item = await attempt.strongRead(keyItemPk(id));
  return (item && paymentOf(item).dueAt) ?? known;
}

/** Whether a closure that is not on the account was there, and has gone: its own item was completed before. */
export async function isApplied(attempt: Attempt, { by }: Closure, account: Item, strong = true): Promise<boolean> {
  const item = await attempt.retrying((store) => store.read(keyItemPk(by), strong));
  if (!item || !isMove(item)) return false;
  const { outcome, appliedAt } = moveOf(item);
  // Where copies follow, its own item may have arrived before the account that has taken it.
  return outcome !== undefined && (appliedAt === undefined || isBehind(account, appliedAt));
}

/** Gives a closure a new date, unless another attempt has; returns the one that counts. */
async function redateClosure(attempt: Attempt, id: string, dueAt: number, next: number): Promise<number> {
  const result = await attempt.change({
    pk: keyItemPk(id),
    require: [{ test: 'equals', path: ['dueAt'], value: dueAt }],
    set: [[['dueAt'], next]],
  });
  if (result.kind === 'written') return next;
  if (!result.found) throw new BrokenInvariant(`payment item ${id} was deleted during the call`);
  return paymentOf(result.found).dueAt!;
}
