import { Attempt, BrokenInvariant } from './attempt.service';
import {
  Driven,
  accountPk,
  Closure,
  decisionOfEntry,
  encodeEntry,
  entryFor,
  idOfPaymentId,
  isMove,
  isPayment,
  keyItemPk,
  MoveDecision,
  MoveItem,
  moveOf,
  PaymentItem,
  paymentOf,
  seqOf,
  stillHeld,
} from './domain';
import { closePayment, completeMove, refuse } from './finish.service';
import { KeyedOutcome, MoveCommand, Rejected } from '../model';
import { Item } from '../ports';
import { claimKey } from './provisional.service';
import { refund } from './refund.service';
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
  const driven = await drive(attempt, moveOf(claimed), payment);
  if (driven.status === 'OPEN') return driven.outcome;
  return driven.status === 'DONE'
    ? { kind: 'answered', replayed, payment: driven.payment }
    : { kind: 'refused', replayed, code: driven.code, detail: driven.detail, traceId: claimed.traceId as string };
}

export function unknownPayment(paymentId: string): Rejected {
  return { kind: 'rejected', code: 'unknown_payment', detail: `there is no payment '${paymentId}'` };
}

/**
 * The payment of a move, as old copies in the region show it if they show that it was decided: that, its account and its amount never
 * change. What has become of it since, the conditions of the move's own writes find out.
 */
async function paymentToMove(attempt: Attempt, paymentId: string): Promise<PaymentItem | undefined> {
  const known = attempt.settings.copiesFollow ? undefined : await findPayment(attempt, paymentId, false);
  return known ?? findPayment(attempt, paymentId);
}

/** A payment of this tenant that has been decided, with its decision; a claim that nobody was answered yet is not found. */
export async function findPayment(attempt: Attempt, paymentId: string, strong = true): Promise<PaymentItem | undefined> {
  const id = idOfPaymentId(paymentId);
  if (id === undefined) return undefined;
  const read = async (): Promise<PaymentItem | undefined> => {
    const item = await attempt.retrying((store) => store.read(keyItemPk(id), strong));
    return item && isPayment(item) && item.tenant === attempt.context.tenant ? paymentOf(item) : undefined;
  };
  const payment = await read();
  if (!payment || payment.outcome) return payment;
  const account = await attempt.retrying((store) => store.read(accountPk(payment.tenant, payment.accountId), strong));
  const entry = account && entryFor(account, payment);
  if (entry) return { ...payment, outcome: decisionOfEntry(entry) };
  // Completed and trimmed between the two reads, or not decided at all.
  const again = await read();
  return again?.outcome ? again : undefined;
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
  const closed = await closePayment(attempt, payment, claim, closure);
  return completeMove(attempt, claim, closed);
}

async function decideClosure(attempt: Attempt, claim: MoveItem, payment: PaymentItem): Promise<Closure> {
  const captured = claim.type === 'CAPTURE' ? claim.amount! : 0;
  const wanted: Closure = { by: claim.id, type: claim.type === 'CAPTURE' ? 'CAPTURE' : 'VOID', captured };
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
