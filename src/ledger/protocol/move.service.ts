import { Attempt, BrokenInvariant } from './attempt.service';
import {
  Driven,
  accountPk,
  Closure,
  encodeEntry,
  entryFor,
  isMove,
  keyItemPk,
  MoveDecision,
  MoveItem,
  moveOf,
  PaymentItem,
  paymentOf,
  seqOf,
  stillHeld,
} from './domain';
import { paymentToMove } from './find.service';
import { closedWith, closePayment, completeMove, finish, lags, refuse } from './finish.service';
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

/** Captures, voids or refunds a payment; see ARCHITECTURE.md, "The ledger's protocol". */
export async function move(attempt: Attempt, command: MoveCommand): Promise<Moved> {
  const payment = await paymentToMove(attempt, command.paymentId);
  if (!payment) return { outcome: unknownPayment(command.paymentId) };
  return { outcome: await moveFound(attempt, command, payment), account: accountPk(payment.tenant, payment.accountId) };
}

async function moveFound(attempt: Attempt, command: MoveCommand, payment: PaymentItem): Promise<KeyedOutcome> {
  const item = claimItem(attempt, command, payment);
  const { item: claimed, mine } = await claimKey(attempt, item);
  if (!isMove(claimed) || claimed.fingerprint !== item.fingerprint) return { kind: 'keyReused' };
  const replayed = !mine;
  if (replayed && !claimed.outcome) attempt.noteTakeover(claimed.at as number);
  const driven = await answered(attempt, moveOf(claimed), payment);
  if (driven.status === 'OPEN') return driven.outcome;
  return driven.status === 'DONE'
    ? { kind: 'answered', replayed, payment: driven.payment }
    : { kind: 'refused', replayed, code: driven.code, detail: driven.detail, traceId: claimed.traceId as string };
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

/** A move's answer, once its payment's item shows it: of a completed one an attempt that died may have left that out. */
async function answered(attempt: Attempt, claim: MoveItem, payment: PaymentItem): Promise<Driven> {
  if (claim.outcome?.status === 'DONE' && lags(attempt) && !payment.moves[claim.id]) {
    const item = await attempt.strongRead(keyItemPk(payment.id));
    if (item) await showCompleted(attempt, claim, paymentOf(item));
  }
  return drive(attempt, claim, payment);
}

/** Writes a completed move into its payment's item, if that lacks it. */
export async function showCompleted(attempt: Attempt, claim: MoveItem, payment: PaymentItem): Promise<void> {
  if (payment.pending?.id === claim.id) await finishPending(attempt, payment, claim.id, drive);
  else if (claim.type !== 'REFUND' && !payment.closure) await closePayment(attempt, payment, claim, wantedBy(claim));
}

/** Brings a claimed move to its end, from wherever an earlier attempt left it. Anyone may do so; all come to the same end. */
export async function drive(attempt: Attempt, claim: MoveItem, payment: PaymentItem): Promise<Driven> {
  if (claim.outcome) return claim.outcome;
  if (payment.outcome?.status === 'DECLINED') {
    return refuse(attempt, claim, 'payment_declined', 'the payment was declined: there is nothing to move');
  }
  if (claim.type === 'REFUND') return refund(attempt, claim, payment, drive);
  if (claim.amount! > payment.amount) {
    return refuse(attempt, claim, 'amount_exceeds_authorised', `${claim.amount} is more than the authorised ${payment.amount}`);
  }
  return close(attempt, claim, payment);
}

/** Capture or void: the payment's hold is left once, by one of them; who comes later is refused, and stays refused. */
async function close(attempt: Attempt, claim: MoveItem, payment: PaymentItem): Promise<Driven> {
  const closure = payment.closure ?? (await decideClosure(attempt, claim, payment));
  if (closure.by !== claim.id) return refuseClosed(attempt, claim, closure);
  if (payment.closure) return completeMove(attempt, claim, payment);
  return finish(attempt, claim, closedWith(payment, claim, closure), () => closePayment(attempt, payment, claim, closure));
}

/** What a capture or void makes of its payment if it is the one that closes it. */
const wantedBy = ({ id, type, amount }: MoveItem): Closure =>
  type === 'CAPTURE' ? { by: id, type, captured: amount! } : { by: id, type: 'VOID', captured: 0 };

async function decideClosure(attempt: Attempt, claim: MoveItem, payment: PaymentItem): Promise<Closure> {
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
  if (result.kind === 'written') return wanted;
  const entry = result.found && entryFor(result.found, payment);
  if (entry?.kind === 'closed') return entry.closure;
  // The entry was trimmed, which it is only after the payment's own item shows the closure.
  const item = await attempt.strongRead(keyItemPk(payment.id));
  const stored = item && paymentOf(item).closure;
  if (!stored) throw new BrokenInvariant(`payment ${claim.paymentId} has neither a hold nor a closure`);
  return stored;
}

function refuseClosed(attempt: Attempt, claim: MoveItem, closure: Closure): Promise<MoveDecision> {
  return closure.type === 'CAPTURE'
    ? refuse(attempt, claim, 'already_captured', 'the payment was captured: it can be refunded, but neither captured again nor voided')
    : refuse(attempt, claim, 'already_voided', 'the payment was voided: nothing is held for it any more');
}
