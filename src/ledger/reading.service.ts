import { Attempt } from './attempt.service';
import {
  accountOf, accountPk, completed, decisionOfEntry, entryOf, idOfPaymentId, isMove, isPayment, keyItemPk, linesOf, moveOf, movesInOrder, paymentAfter,
  PaymentDecision, paymentOf,
} from './domain';
import { AccountOutcome, LedgerLine, ListCommand, ListOutcome, PaymentOutcome, Rejected } from './model';
import { findPayment, unknownPayment } from './move.service';
import { IndexEntry, Item } from './ports';

/** Reading never writes: not a completion, and least of all a hold. */

export async function getAccount(attempt: Attempt, accountId: string): Promise<AccountOutcome> {
  const item = await attempt.strongRead(accountPk(attempt.context.tenant, accountId));
  return item ? { kind: 'found', account: accountOf(item) } : unknownAccount(accountId);
}

function unknownAccount(accountId: string): Rejected {
  return { kind: 'rejected', code: 'unknown_account', detail: `there is no account '${accountId}'` };
}

export async function getPayment(attempt: Attempt, paymentId: string): Promise<PaymentOutcome> {
  const payment = await findPayment(attempt, paymentId);
  if (!payment?.outcome) return unknownPayment(paymentId);
  return { kind: 'found', payment: paymentAfter(payment, payment.outcome, movesInOrder(payment)) };
}

/** Where a page begins: an item of the index, and how many of its lines earlier pages have shown. */
interface Position { readonly seq: string; readonly shown: number }

const seqPattern = /^\d{15}#[A-Za-z0-9_-]{22}$/;

export function encodeCursor(position: Position): string {
  return Buffer.from(`${position.seq}#${position.shown}`).toString('base64url');
}

export function decodeCursor(cursor: string): Position | undefined {
  const text = Buffer.from(cursor, 'base64url').toString();
  const seq = text.slice(0, text.lastIndexOf('#'));
  const shown = Number(text.slice(text.lastIndexOf('#') + 1));
  const whole = seqPattern.test(seq) && Number.isInteger(shown) && shown >= 0 && shown < 10;
  return whole && encodeCursor({ seq, shown }) === cursor ? { seq, shown } : undefined;
}

interface Line { readonly line: LedgerLine; readonly position: Position }

/** Lists an account's ledger lines, newest first. The index behind it is eventually consistent; what it names is read as of now. */
export async function listTransactions(attempt: Attempt, command: ListCommand): Promise<ListOutcome> {
  const from = command.cursor === undefined ? undefined : decodeCursor(command.cursor);
  if (command.cursor !== undefined && !from) {
    return { kind: 'rejected', code: 'invalid_cursor', detail: 'the cursor is none that an earlier page returned: leave it out to start from the newest line' };
  }
  const account = accountPk(attempt.context.tenant, command.accountId);
  if (!await attempt.strongRead(account)) return unknownAccount(command.accountId);
  const wanted = command.limit + 1;
  const lines: Line[] = [];
  let next = from?.seq;
  do {
    const page: readonly IndexEntry[] = await attempt.patiently((store) => store.list(account, Math.min(100, wanted + 1), next));
    // A page starts with the item that the one before ended with, except the first.
    const fresh = lines.length > 0 || next !== from?.seq ? page.filter((entry) => entry.seq !== next) : page;
    lines.push(...await linesOfPage(attempt, account, fresh, from));
    next = fresh.length > 0 && page.length === Math.min(100, wanted + 1) ? page[page.length - 1].seq : undefined;
  } while (next !== undefined && lines.length < wanted);
  const items = lines.slice(0, command.limit).map(({ line }) => line);
  return { kind: 'found', items, ...(lines.length > command.limit ? { nextCursor: encodeCursor(lines[command.limit].position) } : {}) };
}

async function linesOfPage(attempt: Attempt, account: string, page: readonly IndexEntry[], from: Position | undefined): Promise<readonly Line[]> {
  if (page.length === 0) return [];
  const pks = [...new Set(page.map(({ pk }) => pk))];
  const items = new Map((await withTheirMoves(attempt, await attempt.patiently((store) => store.readMany(pks)))).map((item) => [item.pk, item]));
  const decisions = await decisionsOf(attempt, account, items);
  return page.flatMap(({ pk, seq }) => {
    const item = items.get(pk);
    // The index may name a place where the item no longer is: a claim that was lost with its region, and made again.
    const lines = item?.seq === seq ? linesOf(item, decisions.get(pk)) : [];
    const skipped = seq === from?.seq ? from.shown : 0;
    return lines.map((line, shown) => ({ line, position: { seq, shown } })).slice(skipped);
  });
}

/** A move whose own item is not complete yet, though its payment shows it already, has its line: so both tell the same. */
async function withTheirMoves(attempt: Attempt, items: readonly Item[]): Promise<readonly Item[]> {
  const open = items.filter((item) => isMove(item) && item.outcome === undefined).map(moveOf);
  if (open.length === 0) return items;
  const pks = [...new Set(open.map(({ paymentId }) => keyItemPk(idOfPaymentId(paymentId)!)))];
  const payments = (await attempt.patiently((store) => store.readMany(pks))).filter(isPayment).map(paymentOf);
  const shown = new Map(open.flatMap(({ id }) => payments.flatMap(({ moves }) => (moves[id] ? [[keyItemPk(id), moves[id].amount] as const] : []))));
  return items.map((item) => (shown.has(item.pk) ? completed(item, shown.get(item.pk)!) : item));
}

/** Decisions of the payments among the items; those whose own item does not tell yet are looked up on the account. */
async function decisionsOf(attempt: Attempt, account: string, items: ReadonlyMap<string, Item>): Promise<ReadonlyMap<string, PaymentDecision>> {
  const decisions = new Map<string, PaymentDecision>();
  const open: Item[] = [];
  for (const item of [...items.values()].filter(isPayment)) {
    const { outcome } = paymentOf(item);
    if (outcome) decisions.set(item.pk, outcome);
    else open.push(item);
  }
  if (open.length === 0) return decisions;
  const accountItem = await attempt.strongRead(account);
  for (const item of open) {
    const entry = accountItem && entryOf(accountItem, paymentOf(item).id);
    // No entry: not decided yet, or completed and trimmed since it was read. The next page view tells; nobody was answered from here.
    const decision = entry ? decisionOfEntry(entry) : await lateDecision(attempt, item.pk);
    if (decision) decisions.set(item.pk, decision);
  }
  return decisions;
}

async function lateDecision(attempt: Attempt, pk: string): Promise<PaymentDecision | undefined> {
  const item = await attempt.strongRead(pk);
  return item && paymentOf(item).outcome;
}
