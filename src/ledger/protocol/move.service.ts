import { Attempt, Beside, bothOf } from './attempt.service';
import { decideClosure, takeToAccount, wantedBy } from './closing.service';
import { Driven, accountPk, Closure, isMove, keyItemPk, MoveDecision, MoveItem, moveOf, PaymentItem, paymentOf, seqOf } from './domain';
import { paymentToMove } from './find.service';
import { closedWith, closePayment, completeMove, doneBy, finish, lags, refuse } from './finish.service';
import { KeyedOutcome, MoveCommand, Rejected } from '../model';
import { Item } from '../ports';
import { claimKey } from './provisional.service';
import { finishPending, refund } from './refund.service';
import { fingerprint, keyId } from '../../kernel/fingerprint';

/** What a move comes to, and the key of the account that it was about. */
export interface Moved {
  readonly outcome: KeyedOutcome;
  readonly account?: string;
}

/** Captures, voids or refunds a payment, and does something beside that; see ARCHITECTURE.md, "The ledger's protocol". */
export async function move(attempt: Attempt, command: MoveCommand, beside: Beside): Promise<Moved> {
  const payment = await paymentToMove(attempt, command.paymentId);
  if (!payment) return { outcome: unknownPayment(command.paymentId) };
  const account = accountPk(payment.tenant, payment.accountId);
  const [outcome] = await bothOf(moveFound(attempt, command, payment), beside(account));
  return { outcome, account };
}

async function moveFound(attempt: Attempt, command: MoveCommand, payment: PaymentItem): Promise<KeyedOutcome> {
  const item = claimItem(attempt, command, payment);
  const { item: claimed, mine } = await claimKey(attempt, item);
  if (!isMove(claimed) || claimed.fingerprint !== item.fingerprint) return { kind: 'keyReused' };
  // Of a payment that a lost region took along: its key is another account's now.
  if (!claimed.outcome && (claimed.acct !== item.acct || !(await isStillOf(attempt, payment)))) return { kind: 'keyReused' };
  const replayed = !mine;
  if (replayed && !claimed.outcome) attempt.noteTakeover(claimed.at as number);
  const driven = await answered(attempt, moveOf(claimed), payment, mine);
  if (driven.status === 'OPEN') return driven.outcome;
  return driven.status === 'DONE'
    ? { kind: 'answered', replayed, payment: driven.payment }
    : { kind: 'refused', replayed, code: driven.code, detail: driven.detail, traceId: claimed.traceId as string };
}

/**
 * Whether a payment of an earlier epoch is its account's still: until this epoch has written it, an item may arrive that is another
 * account's, and no move may touch an account whose payment it is not.
 */
async function isStillOf(attempt: Attempt, { id, tenant, accountId, carried }: PaymentItem): Promise<boolean> {
  const item = carried ? await attempt.strongRead(keyItemPk(id)) : undefined;
  if (!item) return true;
  // There it is taken over.
  const put = await attempt.create(item);
  const written = put.kind === 'written' ? item : put.found;
  return written?.acct === accountPk(tenant, accountId) && written.fingerprint === item.fingerprint;
}

export function unknownPayment(paymentId: string): Rejected {
  return { kind: 'rejected', code: 'unknown_payment', detail: `there is no payment '${paymentId}'` };
}

function claimItem(attempt: Attempt, command: MoveCommand, payment: PaymentItem): Item {
  const { tenant } = attempt.context;
  const { paymentId, type, amount } = command;
  const id = keyId(tenant, command.idempotencyKey);
  const at = attempt.ports.nowMs();
  // A refund without an amount takes what is refundable when its turn comes; the others are known now.
  const known = type === 'REFUND' ? amount : (amount ?? payment.amount);
  return {
    pk: keyItemPk(id),
    kind: 'MOVE',
    type,
    tenant,
    paymentId,
    paymentAt: payment.at,
    ...(known === undefined ? {} : { amount: known }),
    authorised: payment.amount,
    accountId: payment.accountId,
    currency: payment.currency,
    fingerprint: fingerprint(tenant, { call: `POST /payments/${paymentId}/${type.toLowerCase()}`, amount }),
    at,
    region: attempt.settings.region,
    ...attempt.traceAttributes(),
    nonce: attempt.ports.nonce(),
    acct: accountPk(tenant, payment.accountId),
    seq: seqOf(at, id),
    version: 1,
  };
}

/**
 * A move's answer, once its payment's item shows it: of a completed one an attempt that died may have left that out, or the turn of a
 * refused one.
 */
async function answered(attempt: Attempt, claim: MoveItem, payment: PaymentItem, first: boolean): Promise<Driven> {
  const isLeft = claim.outcome?.status === 'DONE' ? !payment.moves[claim.id] : payment.pending?.id === claim.id;
  if (claim.outcome && lags(attempt) && isLeft) {
    const item = await attempt.strongRead(keyItemPk(payment.id));
    if (item) await showCompleted(attempt, claim, paymentOf(item));
  }
  return drive(attempt, claim, payment, first);
}

/** Writes a completed move into its payment's item, if that lacks it. */
export async function showCompleted(attempt: Attempt, claim: MoveItem, payment: PaymentItem): Promise<void> {
  if (payment.pending?.id === claim.id) await finishPending(attempt, payment, claim.id, drive);
  else if (claim.type !== 'REFUND' && !payment.closure) await closePayment(attempt, payment, claim, wantedBy(claim));
}

/** Brings a claimed move to its end, from wherever an earlier attempt left it. Anyone may do so; all come to the same end. */
export async function drive(attempt: Attempt, claim: MoveItem, payment: PaymentItem, first = false): Promise<Driven> {
  if (claim.outcome) return claim.outcome;
  if (payment.outcome?.status === 'DECLINED') {
    return refuse(attempt, claim, 'payment_declined', 'the payment was declined: there is nothing to move');
  }
  if (claim.type === 'REFUND') return refund(attempt, claim, payment, drive);
  if (claim.amount! > payment.amount) {
    return refuse(attempt, claim, 'amount_exceeds_authorised', `${claim.amount} is more than the authorised ${payment.amount}`);
  }
  return close(attempt, claim, payment, first);
}

/** Capture or void: the payment's hold is left once, by one of them; who comes later is refused, and stays refused. */
async function close(attempt: Attempt, claim: MoveItem, known: PaymentItem, first: boolean): Promise<Driven> {
  const { payment, isShown } = await decideClosure(attempt, claim, known);
  const closure = payment.closure!;
  // Who is told of a closure, as of his own or of another's, finds it on the account.
  const applied = isShown ? await takeToAccount(attempt, payment) : payment;
  if (closure.by !== claim.id) return refuseClosed(attempt, claim, closure);
  // The first attempt leaves the completion to a look after the account, which needs it, or to a replay.
  if (isShown) return first && applied.dueAt !== undefined ? doneBy(claim, applied) : completeMove(attempt, claim, applied);
  return finish(attempt, claim, closedWith(applied, claim, closure), () => closePayment(attempt, known, claim, closure));
}

function refuseClosed(attempt: Attempt, claim: MoveItem, closure: Closure): Promise<MoveDecision> {
  return closure.type === 'CAPTURE'
    ? refuse(attempt, claim, 'already_captured', 'the payment was captured: it can be refunded, but neither captured again nor voided')
    : refuse(attempt, claim, 'already_voided', 'the payment was voided: nothing is held for it any more');
}
