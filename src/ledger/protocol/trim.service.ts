import { Attempt, GaveUp } from './attempt.service';
import { completePayment } from './authorise.service';
import {
  bounds,
  decisionOfEntry,
  decodeEntry,
  entriesOf,
  Entry,
  idOfPaymentId,
  idOfPk,
  isMove,
  isPayment,
  keyItemPk,
  moveOf,
  PaymentItem,
  paymentOf,
} from './domain';
import { lags } from './finish.service';
import { drive, showCompleted } from './move.service';
import { Item } from '../ports';
import { settleSome, unchanged } from './provisional.service';

interface Candidate {
  readonly id: string;
  readonly code: string;
  readonly entry: Entry;
}
interface Ripe {
  readonly id: string;
  readonly code: string;
  readonly at: number;
}
type Items = ReadonlyMap<string, Item>;

/** Whether this call looks after the account that it has worked on. By chance, so that no key pays for it each time it is repeated. */
export function trimIsDue(random: () => number): boolean {
  return random() * bounds.trimEvery < 1;
}

/**
 * Removes closed entries of an account whose own items were read complete, and raises `trimmedThrough` over their creation times in
 * the same write: nothing of theirs can be added again. Items that are not complete are completed first, and read once more. An entry that
 * cannot be read or completed stays, and the others are looked after all the same.
 */
export async function trim(attempt: Attempt, account: string): Promise<void> {
  const item = await attempt.strongRead(account);
  if (!item) return;
  await settleSome(attempt, item);
  const candidates = candidatesOf(attempt, item);
  if (candidates.length === 0) return;
  const isOld = oldEnough(attempt, item);
  const seen = await itemsBehind(attempt, candidates);
  const abandoned = Math.min(bounds.abandonedAfterMs, isOld.afterMs);
  const open = candidates.filter((candidate) => {
    const own = seen.get(candidate.id);
    // What is under way is left alone: its own call completes it.
    return own && (own.at as number) < attempt.ports.nowMs() - abandoned && readable(attempt, () => !isComplete(attempt, candidate, seen));
  });
  await inTurns(open, ({ id, entry }) => complete(attempt, seen.get(id)!, entry));
  const items = new Map([...seen, ...(open.length > 0 ? await itemsBehind(attempt, open) : [])]);
  const ripe = candidates.flatMap((candidate): readonly Ripe[] => {
    const { id, code } = candidate;
    const own = items.get(id);
    return own && isOld.check(own) && readable(attempt, () => isComplete(attempt, candidate, items))
      ? [{ id, code, at: own.at as number }]
      : [];
  });
  if (ripe.length > 0) await remove(attempt, item, ripe);
}

/**
 * From when on an entry may go. In one copy of the data nothing but a claim that is still under way could miss it: a minute. Where copies
 * follow later, by the last write of its item, so that the completion has reached them too.
 */
function oldEnough({ ports, settings }: Attempt, account: Item): { readonly afterMs: number; readonly check: (own: Item) => boolean } {
  const age = (afterMs: number, since: 'at' | 'writtenAt') => ({
    afterMs,
    check: (own: Item) => (own[since] as number) < ports.nowMs() - afterMs,
  });
  if (!settings.copiesFollow) return age(bounds.trimAfterMs, 'at');
  const halfFull = Object.keys(entriesOf(account)).length > bounds.entriesPerAccount / 2;
  return age(halfFull ? bounds.trimAfterUnderPressureMs : bounds.trimAfterReplicatedMs, 'writtenAt');
}

/** What a look at an entry or its item comes to; undefined where one of them is not as the ledger writes it. */
function readable<T>(attempt: Attempt, look: () => T): T | undefined {
  try {
    return look();
  } catch {
    attempt.context.observe?.('trimFailed');
    return undefined;
  }
}

/** The items behind some entries, by identity: each one's own, and the payment of a refund where that does not follow it at once. */
async function itemsBehind(attempt: Attempt, candidates: readonly Candidate[]): Promise<Items> {
  const ids = new Set(candidates.flatMap(({ id, entry }) => (entry.kind === 'refund' && lags(attempt) ? [id, entry.payment] : [id])));
  const items = await attempt.retrying((store) => store.readMany([...ids].map(keyItemPk)));
  return new Map(items.map((item) => [idOfPk(item), item]));
}

/** A bounded number of closed entries, from anywhere among them: every one has its turn, whichever calls look. */
function candidatesOf(attempt: Attempt, account: Item): readonly Candidate[] {
  const closed = Object.entries(entriesOf(account))
    .flatMap(([id, code]) => {
      const entry = readable(attempt, () => decodeEntry(code));
      return entry && entry.kind !== 'hold' && entry.kind !== 'provisional' ? [{ id, code, entry }] : [];
    })
    .sort((one, other) => (one.id < other.id ? -1 : 1));
  const start = Math.floor(attempt.ports.random() * closed.length);
  return [...closed.slice(start), ...closed.slice(0, start)].slice(0, bounds.trimAtMost);
}

/** Whether an entry is needed no more: not by its own item's next attempt, and not by readers of its payment. */
function isComplete(attempt: Attempt, { id, entry }: Candidate, items: Items): boolean {
  const own = items.get(id)!;
  if (isMove(own)) {
    const isShownToo = entry.kind !== 'refund' || !lags(attempt) || isShown(id, items.get(entry.payment));
    return moveOf(own).outcome !== undefined && isShownToo;
  }
  const payment = paymentOf(own);
  return entry.kind === 'closed' ? payment.closure !== undefined : payment.outcome !== undefined;
}

const isShown = (id: string, payment: Item | undefined): boolean => payment !== undefined && paymentOf(payment).moves[id] !== undefined;

/** Some at a time, in this order; a fault of one ends the turn that it is in. */
async function inTurns<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  for (let from = 0; from < all.length; from += bounds.completedAtOnce) {
    const settled = await Promise.allSettled(all.slice(from, from + bounds.completedAtOnce).map(work));
    const failed = settled.find((one): one is PromiseRejectedResult => one.status === 'rejected');
    if (failed) throw failed.reason;
  }
}

async function complete(attempt: Attempt, own: Item, entry: Entry): Promise<void> {
  try {
    await completeByEntry(attempt, own, entry);
  } catch (error) {
    if (error instanceof GaveUp) throw error;
    attempt.context.observe?.('trimFailed');
  }
}

async function completeByEntry(attempt: Attempt, own: Item, entry: Entry): Promise<void> {
  if (isPayment(own)) {
    if (entry.kind !== 'closed') await completePayment(attempt, paymentOf(own).id, decisionOfEntry(entry));
    else await finishMove(attempt, keyItemPk(entry.closure.by));
  } else {
    await finishMove(attempt, own.pk);
  }
}

async function finishMove(attempt: Attempt, pk: string): Promise<void> {
  const item = await attempt.strongRead(pk);
  if (!item || !isMove(item)) return;
  const claim = moveOf(item);
  const payment = await attempt.strongRead(keyItemPk(idOfPaymentId(claim.paymentId)!));
  if (!payment) return;
  const read = paymentOf(payment);
  // It has a move on it, so it was authorised.
  const moved: PaymentItem = { ...read, outcome: read.outcome ?? { status: 'AUTHORISED' } };
  if (claim.outcome) await showCompleted(attempt, claim, moved);
  else await drive(attempt, claim, moved);
}

async function remove(attempt: Attempt, account: Item, ripe: readonly Ripe[]): Promise<void> {
  const through = account.trimmedThrough as number;
  await attempt.change({
    pk: account.pk,
    // The watermark tells whether another trimming came first, if it rose; the entries, whether something else stands in their place since.
    require: [{ test: 'equals', path: ['trimmedThrough'], value: through }, ...ripe.map(unchanged)],
    set: [[['trimmedThrough'], Math.max(through, ...ripe.map(({ at }) => at))]],
    remove: ripe.map(({ id }) => ['entries', id] as const),
  });
}
