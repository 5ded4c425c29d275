import { Attempt, BrokenInvariant } from './attempt.service';
import {
  Closure,
  isMove,
  keyItemPk,
  MoveDecision,
  MoveItem,
  moveOf,
  movesInOrder,
  paymentAfter,
  PaymentItem,
  paymentOf,
  RecordedMove,
} from './domain';
import { RefusalCode } from '../model';
import { Item, Path, Value } from '../ports';

/** A move is answered only after both the payment's item and its own show it: what was answered is found by every reader. */

/** Writes a capture or void that the account has decided into the payment's item; returns the payment as it then stands. */
export async function closePayment(
  attempt: Attempt,
  payment: PaymentItem,
  closer: Pick<MoveItem, 'at' | 'region'>,
  closure: Closure,
): Promise<PaymentItem> {
  const { by, type, captured } = closure;
  const recorded: RecordedMove = {
    type,
    amount: type === 'CAPTURE' ? captured : payment.amount,
    at: closer.at,
    region: closer.region,
    order: 1,
  };
  const result = await attempt.change({
    pk: keyItemPk(payment.id),
    require: [
      { test: 'absent', path: ['closedBy'] },
      { test: 'equals', path: ['kind'], value: 'PAYMENT' },
    ],
    set: [
      [['outcome'], 'AUTHORISED'],
      [['closedBy'], by],
      [['closeType'], type],
      [['captured'], captured],
      [['moves', by], recorded as unknown as Value],
    ],
  });
  if (result.kind === 'written') {
    return { ...payment, outcome: { status: 'AUTHORISED' }, closure, captured, moves: { ...payment.moves, [by]: recorded } };
  }
  if (!result.found) throw new BrokenInvariant(`payment item ${payment.id} was deleted during the call`);
  return paymentOf(result.found);
}

/** The move item that closed a payment. */
export async function closerOf(attempt: Attempt, closure: Closure): Promise<MoveItem> {
  const item = await attempt.strongRead(keyItemPk(closure.by));
  if (!item || !isMove(item)) throw new BrokenInvariant(`the move ${closure.by} that closed a payment does not exist`);
  return moveOf(item);
}

/** Stores a move's success, once: the payment as it stood right after it, later moves left out. */
export function completeMove(attempt: Attempt, claim: MoveItem, payment: PaymentItem): Promise<MoveDecision> {
  const own = payment.moves[claim.id];
  if (!own) throw new BrokenInvariant(`move ${claim.id} is to be completed, but its payment does not show it`);
  const answer = paymentAfter(
    payment,
    { status: 'AUTHORISED' },
    movesInOrder(payment).filter((other) => other.order <= own.order),
  );
  return storeDecision(attempt, claim, [
    [['outcome'], 'DONE'],
    [['moved'], own.amount],
    [['answer'], answer as unknown as Value],
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
      { test: 'equals', path: ['kind'], value: 'MOVE' },
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
