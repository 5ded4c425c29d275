import { Attempt, bothOf, BrokenInvariant } from './attempt.service';
import {
  Closure,
  isMove,
  isPayment,
  keyItemPk,
  kinds,
  MoveDecision,
  MoveItem,
  moveOf,
  movesInOrder,
  paymentAfter,
  PaymentDecision,
  paymentIdOf,
  PaymentItem,
  paymentOf,
  PendingRefund,
  RecordedMove,
} from './domain';
import { RefusalCode } from '../model';
import { Item, Path, Value } from '../ports';

/** A move is answered only after both the payment's item and its own show it: what was answered is found by every reader. */

/** Whether a payment's item may lag behind its completed move: then its readers look at the account too. */
export const lags = ({ settings }: Attempt): boolean => !settings.copiesFollow;

/**
 * Shows a move on its payment's item, and completes its own. In `STRONG` at once, since its answer follows from what was decided: a crash
 * may leave one without the other, so readers look at the account too. In `HOME_REGION` one after the other: a second request costs a
 * millisecond there, and copies of the items arrive in no order.
 *
 * @param after the payment as the move leaves it
 * @param show writes the move into the payment's item; resolves with the payment as it then stands
 */
export async function finish(
  attempt: Attempt,
  claim: MoveItem,
  after: PaymentItem,
  show: () => Promise<PaymentItem>,
): Promise<MoveDecision> {
  if (!lags(attempt)) return completeMove(attempt, claim, await show());
  const [decision] = await bothOf(completeMove(attempt, claim, after), show());
  return decision;
}

/** A payment with the capture or void that its account has decided. */
export function closedWith(payment: PaymentItem, closer: Closer, closure: Closure): PaymentItem {
  const { by, captured } = closure;
  return {
    ...payment,
    outcome: { status: 'AUTHORISED' },
    closure,
    captured,
    moves: { ...payment.moves, [by]: closing(payment, closer, closure) },
  };
}

type Closer = Pick<MoveItem, 'at' | 'region'>;

export const closing = ({ amount }: PaymentItem, { at, region }: Closer, { type, captured }: Closure): RecordedMove => ({
  type,
  amount: type === 'CAPTURE' ? captured : amount,
  at,
  region,
  order: 1,
});

/** A payment with the refund whose turn it is, whose money its account has moved. */
export function refundedWith(payment: PaymentItem, refund: PendingRefund): PaymentItem {
  const { id, amount } = refund;
  return { ...payment, refunded: payment.refunded + amount, moves: { ...payment.moves, [id]: refunding(payment, refund) } };
}

export const refunding = ({ moves }: PaymentItem, { amount, at, region }: PendingRefund): RecordedMove => ({
  type: 'REFUND',
  amount,
  at,
  region,
  order: Object.keys(moves).length + 1,
});

/** Writes a payment's decision into its own item, once; returns the one that stands there. */
export async function completePayment(attempt: Attempt, id: string, decision: PaymentDecision): Promise<PaymentDecision> {
  const result = await attempt.change({
    pk: keyItemPk(id),
    require: [
      { test: 'absent', path: ['outcome'] },
      { test: 'oneOf', path: ['kind'], value: kinds.PAYMENT },
    ],
    set: [[['outcome'], decision.status], ...(decision.status === 'DECLINED' ? [[['reason'], decision.reason] as const] : [])],
  });
  if (result.kind === 'written') return decision;
  const stored = result.found && isPayment(result.found) ? paymentOf(result.found).outcome : undefined;
  if (!stored) throw new BrokenInvariant(`payment ${paymentIdOf(id)} can neither be completed nor is it complete`);
  return stored;
}

/** Writes a capture or void that the account has decided into the payment's item; returns the payment as it then stands. */
export async function closePayment(attempt: Attempt, payment: PaymentItem, closer: Closer, closure: Closure): Promise<PaymentItem> {
  const { by, type, captured } = closure;
  const result = await attempt.change({
    pk: keyItemPk(payment.id),
    require: [
      { test: 'absent', path: ['closedBy'] },
      { test: 'oneOf', path: ['kind'], value: kinds.PAYMENT },
    ],
    set: [
      [['outcome'], 'AUTHORISED'],
      [['closedBy'], by],
      [['closeType'], type],
      [['captured'], captured],
      [['moves', by], closing(payment, closer, closure) as unknown as Value],
    ],
  });
  if (result.kind === 'written') return closedWith(payment, closer, closure);
  if (!result.found) throw new BrokenInvariant(`payment item ${payment.id} was deleted during the call`);
  return paymentOf(result.found);
}

/** The move item that closed a payment. */
export async function closerOf(attempt: Attempt, closure: Closure): Promise<MoveItem> {
  const item = await attempt.strongRead(keyItemPk(closure.by));
  if (!item || !isMove(item)) throw new BrokenInvariant(`the move ${closure.by} that closed a payment does not exist`);
  return moveOf(item);
}

/** What a move comes to: the payment as it stood right after it, later moves left out. */
export function doneBy(claim: MoveItem, payment: PaymentItem): Extract<MoveDecision, { status: 'DONE' }> {
  const own = payment.moves[claim.id];
  if (!own) throw new BrokenInvariant(`move ${claim.id} is to be completed, but its payment does not show it`);
  const earlier = movesInOrder(payment).filter((other) => other.order <= own.order);
  return { status: 'DONE', amount: own.amount, payment: paymentAfter(payment, { status: 'AUTHORISED' }, earlier) };
}

/**
 * Stores a move's success, once.
 *
 * @param payment with the date under which its account has taken its closure, if its own item decided that
 */
export function completeMove(attempt: Attempt, claim: MoveItem, payment: PaymentItem): Promise<MoveDecision> {
  const { amount, payment: answer } = doneBy(claim, payment);
  const { dueAt } = payment;
  const isDated = !lags(attempt) && dueAt !== undefined && payment.closure?.by === claim.id;
  return storeDecision(attempt, claim, [
    [['outcome'], 'DONE'],
    [['moved'], amount],
    [['answer'], answer as unknown as Value],
    ...(isDated ? [[['appliedAt'], dueAt] as const] : []),
  ]);
}

/** Stores a move's refusal, once. Only for what stays refused, whoever looks again and whenever. */
export function refuse(attempt: Attempt, claim: MoveItem, code: RefusalCode, detail: string): Promise<MoveDecision> {
  return storeDecision(attempt, claim, [
    [['outcome'], 'REFUSED'],
    [['code'], code],
    [['detail'], detail],
  ]);
}

/** The first decision stored is the move's answer for ever; whoever comes second returns that one. */
async function storeDecision(attempt: Attempt, claim: MoveItem, set: readonly (readonly [Path, Value])[]): Promise<MoveDecision> {
  const pk = keyItemPk(claim.id);
  const result = await attempt.change({
    pk,
    require: [
      { test: 'absent', path: ['outcome'] },
      { test: 'oneOf', path: ['kind'], value: kinds.MOVE },
    ],
    set,
  });
  const stored: Item | undefined =
    result.kind === 'written' ? { pk, ...Object.fromEntries(set.map(([path, value]) => [path[0], value])) } : result.found;
  const decision = stored && moveOf({ ...itemOf(claim), ...stored }).outcome;
  if (!decision) throw new BrokenInvariant(`move ${claim.id} can neither be completed nor is it complete`);
  return decision;
}

const itemOf = (claim: MoveItem): Item => ({ ...claim, outcome: '', pk: keyItemPk(claim.id) }) as unknown as Item;
