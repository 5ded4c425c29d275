import { Attempt, BrokenInvariant } from './attempt.service';
import { newEntry } from './authorise.service';
import { hintsOf, isDue, takeToAccount } from './closing.service';
import { isBehind, redate } from './dates.service';
import {
  Driven,
  accountPk,
  bounds,
  isMove,
  keyItemPk,
  MoveDecision,
  MoveItem,
  moveOf,
  notCaptured,
  PaymentItem,
  paymentOf,
  PendingRefund,
} from './domain';
import { encodeEntry, entriesOf, Entry, entryDateOf, entryFor, orphanAt, stillHeld } from './entries.domain';
import { closePayment, closerOf, completeMove, finish, refundedWith, refunding, refuse } from './finish.service';
import { Item, Value } from '../ports';
import { giveBack } from './provisional.service';

type Drive = (attempt: Attempt, claim: MoveItem, payment: PaymentItem) => Promise<Driven>;

const busy: Driven = { status: 'OPEN', outcome: { kind: 'busy', code: 'account_busy', retryAfterSeconds: 5 } };

/**
 * Refunds a captured payment. The payment's item takes one refund at a time (`pending`) and so decides whether enough is left; the
 * account's entry makes the money move once.
 */
export async function refund(attempt: Attempt, claim: MoveItem, known: PaymentItem, drive: Drive): Promise<Driven> {
  let payment = known;
  for (;;) {
    if (payment.moves[claim.id]) return completeMove(attempt, claim, payment);
    const { pending } = payment;
    if (pending?.id === claim.id) {
      return pending.refused ? endRefusal(attempt, claim, payment) : apply(attempt, claim, payment, pending.amount);
    }
    if (pending) {
      // The refund before this one was not finished; if its client is gone, nobody else will.
      const open = await finishPending(attempt, payment, pending.id, drive);
      if (open) return open;
      payment = await reload(attempt, payment);
    } else if (!payment.closure) {
      const open = await uncaptured(attempt, claim, payment);
      if ('status' in open) return open;
      payment = open;
    } else if (isDue(payment)) {
      payment = await takeToAccount(attempt, payment);
    } else if (payment.closure.type === 'VOID') {
      return refuse(attempt, claim, 'already_voided', 'the payment was voided: nothing was captured that could be refunded');
    } else {
      const left = payment.captured - payment.refunded;
      const amount = claim.amount ?? left;
      if (left === 0 || amount > left) {
        return refuse(
          attempt,
          claim,
          'amount_exceeds_captured',
          `${claim.amount ?? 'a refund'} is more than the ${left} left of the captured ${payment.captured}`,
        );
      }
      if (Object.keys(payment.moves).length >= bounds.movesPerPayment) {
        return refuse(attempt, claim, 'too_many_operations', `a payment takes at most ${bounds.movesPerPayment} operations`);
      }
      payment = await reserve(attempt, claim, payment, amount);
    }
  }
}

/** The payment's turn for this refund; returns the payment as it then stands, with this refund pending or not. */
async function reserve(attempt: Attempt, claim: MoveItem, payment: PaymentItem, amount: number): Promise<PaymentItem> {
  const pending: PendingRefund = { id: claim.id, amount, at: claim.at, region: claim.region };
  const result = await attempt.change({
    pk: keyItemPk(payment.id),
    require: [
      { test: 'absent', path: ['pending'] },
      { test: 'absent', path: ['moves', claim.id] },
      { test: 'equals', path: ['refunded'], value: payment.refunded },
    ],
    set: [[['pending'], pending as unknown as Value]],
  });
  if (result.kind === 'written') return { ...payment, pending };
  return found(result.found, payment);
}

/**
 * The payment's item shows no closure: either it lags behind the account, then it is brought up to date; or the hold is still
 * open. "Not captured yet" does not stay true by itself, so that refusal is decided by an entry of its own, like a decline.
 */
async function uncaptured(attempt: Attempt, claim: MoveItem, payment: PaymentItem): Promise<Driven | PaymentItem> {
  if (payment.released) return takeRefusal(attempt, claim, payment);
  const result = await attempt.change({
    pk: accountPk(payment.tenant, payment.accountId),
    require: [stillHeld(payment), ...newEntry(claim)],
    set: [[['entries', claim.id], encodeEntry({ kind: 'refundRefused' })]],
  });
  if (result.kind === 'written') return refuseUncaptured(attempt, claim);
  const account = accountFound(result.found, payment);
  if (entryFor(account, { id: claim.id })?.kind === 'refundRefused') return refuseUncaptured(attempt, claim);
  if (await cleared(attempt, account, claim)) return reload(attempt, payment);
  const entry = entryFor(account, payment);
  if (entry?.kind === 'closed' && !entry.late) {
    return closePayment(attempt, payment, await closerOf(attempt, entry.closure), entry.closure);
  }
  // What closed it has been trimmed or is in its own item; or the hold has left the account, which it does for good.
  if (!entry || entry.kind === 'closed') return { ...(await reload(attempt, payment)), released: true };
  const stands = await standing(attempt, claim, payment, account);
  return 'status' in stands ? stands : uncaptured(attempt, stands, payment);
}

/**
 * The hold has left the account, so that the payment's own item decides whether it is captured: the refusal takes the payment's turn. It
 * ends only when the account has an entry of it: so no attempt of this refund moves money later.
 */
async function takeRefusal(attempt: Attempt, claim: MoveItem, payment: PaymentItem): Promise<PaymentItem> {
  const pending: PendingRefund = { id: claim.id, amount: 0, at: claim.at, region: claim.region, refused: true };
  const result = await attempt.change({
    pk: keyItemPk(payment.id),
    require: [
      { test: 'absent', path: ['pending'] },
      { test: 'absent', path: ['closedBy'] },
    ],
    set: [[['pending'], pending as unknown as Value]],
  });
  return result.kind === 'written' ? { ...payment, pending } : found(result.found, payment);
}

async function endRefusal(attempt: Attempt, claim: MoveItem, payment: PaymentItem): Promise<Driven> {
  const result = await attempt.change({
    pk: accountPk(payment.tenant, payment.accountId),
    require: newEntry(claim),
    set: [[['entries', claim.id], encodeEntry({ kind: 'refundRefused' })]],
  });
  if (result.kind === 'refused') {
    const account = accountFound(result.found, payment);
    if (await cleared(attempt, account, claim)) return endRefusal(attempt, claim, payment);
    if (!entryFor(account, { id: claim.id })) {
      // Behind the watermark is no bar by itself: another attempt may have a newer date, and would move the money under it.
      const stands = await standing(attempt, claim, payment, account);
      if (!('status' in stands)) return endRefusal(attempt, stands, payment);
      if (stands.status === 'REFUSED') await release(attempt, payment, claim.id);
      return stands;
    }
  }
  const decision = await refuseUncaptured(attempt, claim);
  await release(attempt, payment, claim.id);
  return decision;
}

/** Whether an orphan stood in the place of a move's own entry: its key was sent as a payment's, too. It has gone now. */
async function cleared(attempt: Attempt, account: Item, claim: MoveItem): Promise<boolean> {
  const orphan = orphanAt(account, { id: claim.id });
  if (orphan) await giveBack(attempt, account.pk, orphan);
  return orphan !== undefined;
}

const refuseUncaptured = (attempt: Attempt, claim: MoveItem): Promise<MoveDecision> =>
  refuse(attempt, claim, notCaptured.code, notCaptured.detail);

/**
 * No entry could be added although the balances allow it: the account is full, or the claim is behind its watermark. Then it gets a new
 * date, unless it was completed meanwhile: then its payment shows it when this returns.
 */
async function standing(attempt: Attempt, claim: MoveItem, payment: PaymentItem, account: Item): Promise<Driven | MoveItem> {
  if (isBehind(account, entryDateOf(claim))) {
    const dated = await redate(attempt, 'MOVE', claim, account);
    const now = typeof dated === 'number' ? { ...claim, entryAt: dated } : moveOf(dated);
    return now.outcome ? showing(attempt, now, payment, now.outcome) : now;
  }
  if (Object.keys(entriesOf(account)).length >= bounds.entriesPerAccount) return busy;
  throw new BrokenInvariant(`${account.pk}: an entry for refund ${claim.id} was refused for no reason that its item shows`);
}

/** The decision that stands, perhaps of another attempt, once the payment shows it: what is answered is found by every reader. */
async function showing(attempt: Attempt, claim: MoveItem, payment: PaymentItem, decision: MoveDecision): Promise<MoveDecision> {
  if (decision.status === 'DONE') await showRefund(attempt, claim, await reload(attempt, payment), decision.amount);
  return decision;
}

/** Moves the money, once, and tells the payment and the refund's own item. */
async function apply(attempt: Attempt, claim: MoveItem, payment: PaymentItem, amount: number): Promise<Driven> {
  const entry: Entry = { kind: 'refund', amount, payment: payment.id };
  const result = await attempt.change({
    pk: accountPk(payment.tenant, payment.accountId),
    require: newEntry(claim),
    set: [[['entries', claim.id], encodeEntry(entry)]],
    add: [
      [['settled'], -amount],
      [['available'], amount],
    ],
  });
  if (result.kind === 'written') return settle(attempt, claim, payment, amount);
  const account = accountFound(result.found, payment);
  // Then it is this refund's turn again.
  if (await cleared(attempt, account, claim)) return apply(attempt, claim, payment, amount);
  const there = entryFor(account, { id: claim.id });
  if (there?.kind === 'refund') return settle(attempt, claim, payment, there.amount);
  const decided = there ? await refuseUncaptured(attempt, claim) : await standing(attempt, claim, payment, account);
  if (!('status' in decided)) return apply(attempt, decided, payment, amount);
  if (decided.status === 'REFUSED') await release(attempt, payment, claim.id);
  return decided;
}

async function settle(attempt: Attempt, claim: MoveItem, payment: PaymentItem, amount: number): Promise<Driven> {
  const { id, at, region } = claim;
  const after = payment.moves[id] ? payment : refundedWith(payment, { id, amount, at, region });
  return finish(attempt, claim, after, () => showRefund(attempt, claim, payment, amount));
}

/** Writes a refund whose money has moved into the payment's item, unless it is there, and gives the payment's turn back. */
async function showRefund(attempt: Attempt, { id, at, region }: MoveItem, payment: PaymentItem, amount: number): Promise<PaymentItem> {
  const turn: PendingRefund = { id, amount, at, region };
  const result = await attempt.change({
    pk: keyItemPk(payment.id),
    require: [{ test: 'equals', path: ['pending', 'id'], value: id }],
    set: [[['moves', id], refunding(payment, turn) as unknown as Value]],
    add: [[['refunded'], amount]],
    remove: [['pending']],
  });
  return result.kind === 'written' ? refundedWith(payment, turn) : found(result.found, payment);
}

/** Gives the payment's turn back for a refund that came to nothing. */
async function release(attempt: Attempt, payment: PaymentItem, id: string): Promise<void> {
  await attempt.change({
    pk: keyItemPk(payment.id),
    require: [{ test: 'equals', path: ['pending', 'id'], value: id }],
    remove: [['pending']],
  });
}

/** Brings the refund that holds the payment's turn to its end; returns something only when that is not possible now. */
export async function finishPending(attempt: Attempt, payment: PaymentItem, id: string, drive: Drive): Promise<Driven | undefined> {
  const item = await attempt.strongRead(keyItemPk(id));
  if (!item || !isMove(item)) throw new BrokenInvariant(`the pending refund ${id} does not exist`);
  const other = moveOf(item);
  if (other.outcome?.status === 'DONE') {
    await showRefund(attempt, other, payment, other.outcome.amount);
  } else if (other.outcome) {
    await release(attempt, payment, id);
  } else {
    const driven = await drive(attempt, other, payment);
    if (driven.status === 'OPEN') return driven;
  }
  return undefined;
}

async function reload(attempt: Attempt, payment: PaymentItem): Promise<PaymentItem> {
  return found(await attempt.strongRead(keyItemPk(payment.id)), payment);
}

function found(item: Item | undefined, payment: PaymentItem): PaymentItem {
  if (!item) throw new BrokenInvariant(`payment item ${payment.id} was deleted during the call`);
  const read = { ...paymentOf(item), ...hintsOf(payment) };
  return read.outcome || !payment.outcome ? read : { ...read, outcome: payment.outcome };
}

function accountFound(item: Item | undefined, payment: PaymentItem): Item {
  if (!item) throw new BrokenInvariant(`account '${payment.accountId}' does not exist`);
  return item;
}
