import { Attempt } from './attempt.service';
import {
  accountOf,
  accountPk,
  bounds,
  completed,
  idOfPaymentId,
  idOfPk,
  isMove,
  isPayment,
  keyItemPk,
  linesOf,
  moveOf,
  MoveItem,
  movesInOrder,
  paymentAfter,
  PaymentDecision,
  paymentIdOf,
  paymentOf,
} from './domain';
import { movedOn } from './effects.domain';
import { decisionOfEntry, entryFor } from './entries.domain';
import { AccountOutcome, LedgerLine, ListCommand, ListOutcome, PaymentOutcome, Rejected } from '../model';
import { paymentToShow } from './find.service';
import { lags } from './finish.service';
import { unknownPayment } from './move.service';
import { IndexEntry, Item } from '../ports';

/** Reading never writes: not a completion, and least of all a hold. */

export async function getAccount(attempt: Attempt, accountId: string): Promise<AccountOutcome> {
  const item = await attempt.strongRead(accountPk(attempt.context.tenant, accountId));
  return item ? { kind: 'found', account: accountOf(item) } : unknownAccount(accountId);
}

function unknownAccount(accountId: string): Rejected {
  return { kind: 'rejected', code: 'unknown_account', detail: `there is no account '${accountId}'` };
}

export async function getPayment(attempt: Attempt, paymentId: string): Promise<PaymentOutcome> {
  const payment = await paymentToShow(attempt, paymentId);
  if (!payment?.outcome) return unknownPayment(paymentId);
  return { kind: 'found', payment: paymentAfter(payment, payment.outcome, movesInOrder(payment)) };
}

/** Where a page begins: an item of the index, and how many of its lines earlier pages have shown. */
interface Position {
  readonly seq: string;
  readonly shown: number;
}

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

interface Line {
  readonly line: LedgerLine;
  readonly position: Position;
}

/**
 * Lists an account's ledger lines, newest first. The index behind it is eventually consistent; what it names is read as of now. A page
 * reads a bounded number of items, so it may have fewer lines than asked for, or none, and a cursor all the same.
 */
export async function listTransactions(attempt: Attempt, command: ListCommand): Promise<ListOutcome> {
  const from = command.cursor === undefined ? undefined : decodeCursor(command.cursor);
  if (command.cursor !== undefined && !from) {
    return {
      kind: 'rejected',
      code: 'invalid_cursor',
      detail: 'the cursor was not returned by an earlier page of this list: leave it out to start from the newest line',
    };
  }
  // Read before the items: whatever was answered before is decided in it, or, if its entry has gone, in its own item.
  const account = await attempt.strongRead(accountPk(attempt.context.tenant, command.accountId));
  if (!account) return unknownAccount(command.accountId);
  const lines: Line[] = [];
  let next = from;
  let left: number = bounds.itemsPerPage;
  let size = Math.min(blockAtMost, command.limit);
  for (let block = 0; block < bounds.blocksPerPage && left > 0 && lines.length < command.limit; block += 1) {
    const read = await readBlock(attempt, account, Math.min(size, left), next);
    lines.push(...read.lines);
    left -= size;
    next = read.next;
    if (!next) break;
    // Where nothing but declines is met, it looks further at a time.
    size = Math.min(blockAtMost, read.lines.length === 0 ? 4 * size : command.limit - lines.length);
  }
  const items = lines.slice(0, command.limit).map(({ line }) => line);
  const rest = lines.length > command.limit ? lines[command.limit].position : next;
  return { kind: 'found', items, ...(rest ? { nextCursor: encodeCursor(rest) } : {}) };
}

/** Items that one request reads. */
const blockAtMost = 100;

/** The lines of so many places in the index, and the place behind them if there is one. */
async function readBlock(
  attempt: Attempt,
  account: Item,
  size: number,
  from: Position | undefined,
): Promise<{ readonly lines: readonly Line[]; readonly next?: Position }> {
  const places = await attempt.retrying((store) => store.list(account.pk, size + 1, from?.seq));
  const lines = await linesOfPlaces(attempt, account, places.slice(0, size), from);
  return { lines, ...(places.length > size ? { next: { seq: places[size].seq, shown: 0 } } : {}) };
}

async function linesOfPlaces(
  attempt: Attempt,
  account: Item,
  places: readonly IndexEntry[],
  from: Position | undefined,
): Promise<readonly Line[]> {
  if (places.length === 0) return [];
  const pks = [...new Set(places.map(({ pk }) => pk))];
  // The index may name a place where the item no longer is: a claim that was lost with its region, and made again, for another account
  // perhaps.
  const own = (await attempt.retrying((store) => store.readMany(pks))).filter(({ acct }) => acct === account.pk);
  const items = new Map((await withTheirMoves(attempt, account, own)).map((item) => [item.pk, item]));
  const decisions = await decisionsOf(attempt, account, items.values());
  return places.flatMap(({ pk, seq }) => {
    const item = items.get(pk);
    const lines = item?.seq === seq ? linesOf(item, decisions.get(pk)) : [];
    const skipped = seq === from?.seq ? from.shown : 0;
    return lines.map((line, shown) => ({ line, position: { seq, shown } })).slice(skipped);
  });
}

/** What an account tells of moves. */
interface Takings {
  /** What it has taken for a move; undefined where it does not tell. */
  readonly taken: (move: MoveItem) => number | undefined;
  /** Whether it counts where a payment's own item may not show a move yet. */
  readonly isFirst: boolean;
}

/** A move that was decided has its line, though its own item may not be complete yet: so lines and payments tell the same. */
function withTheirMoves(attempt: Attempt, account: Item, items: readonly Item[]): Promise<readonly Item[]> {
  return withMovesTaken(items, { taken: (move) => movedOn(account, move), isFirst: lags(attempt) }, (pks) =>
    attempt.retrying((store) => store.readMany(pks)),
  );
}

/**
 * Items with those moves complete that were made, though their own items do not say so: as their account has taken them, or else as their
 * payments' own items show them.
 */
export async function withMovesTaken(
  items: readonly Item[],
  { taken, isFirst }: Takings,
  readMany: (pks: readonly string[]) => Promise<readonly Item[]>,
): Promise<readonly Item[]> {
  const open = items.filter((item) => isMove(item) && item.outcome === undefined).map(moveOf);
  const amounts = new Map(isFirst ? open.map((move) => [move.id, taken(move)]) : []);
  // What was trimmed is in its payment's item.
  const left = open.filter(({ id }) => amounts.get(id) === undefined);
  const pks = [...new Set(left.map(({ paymentId }) => keyItemPk(idOfPaymentId(paymentId)!)))];
  const payments = pks.length === 0 ? [] : await readMany(pks);
  const shown = new Map(payments.filter(isPayment).map((item) => [paymentIdOf(idOfPk(item)), paymentOf(item)]));
  for (const move of left) {
    const payment = shown.get(move.paymentId);
    // A closure with a date that has come to the account is there, or its own item is complete.
    const isDue = payment?.dueAt !== undefined && payment.closure?.by === move.id;
    amounts.set(move.id, isDue ? taken(move) : payment?.moves[move.id]?.amount);
  }
  return items.map((item) => {
    const amount = isMove(item) ? amounts.get(idOfPk(item)) : undefined;
    return amount === undefined ? item : completed(item, amount);
  });
}

/** Decisions of the payments among the items: from their own items, or from the account as the page began with it. */
async function decisionsOf(attempt: Attempt, account: Item, items: Iterable<Item>): Promise<ReadonlyMap<string, PaymentDecision>> {
  const payments = [...items].filter(isPayment);
  const known = new Map(payments.flatMap((item) => decided(item, account)));
  const open = payments.filter(({ pk }) => !known.has(pk));
  if (open.length === 0) return known;
  // Not decided when the page began; by now perhaps, and a move of it may be on the page.
  const now = await attempt.strongRead(account.pk);
  const late = new Map(open.flatMap((item) => decided(item, now ?? account)));
  const left = open.filter(({ pk }) => !late.has(pk)).map(({ pk }) => pk);
  // Completed and trimmed meanwhile, or not decided at all.
  const again = left.length === 0 ? [] : await attempt.retrying((store) => store.readMany(left));
  return new Map([...known, ...late, ...again.flatMap((item) => decided(item, account))]);
}

function decided(item: Item, account: Item): readonly (readonly [string, PaymentDecision])[] {
  const payment = paymentOf(item);
  const { outcome } = payment;
  const entry = outcome ? undefined : entryFor(account, payment);
  const decision = outcome ?? (entry && decisionOfEntry(entry));
  return decision ? [[item.pk, decision]] : [];
}
