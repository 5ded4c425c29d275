import { Attempt, GaveUp } from './attempt.service';
import { bounds, idOfPaymentId, idOfPk, isMove, isPayment, isPlainCopy, keyItemPk, moveOf, PaymentItem, paymentOf } from './domain';
import { decisionOfEntry, decodeEntry, entriesOf, Entry, namedBy } from './entries.domain';
import { completeMove, completePayment, lags } from './finish.service';
import { drive, showCompleted } from './move.service';
import { Arrived, Item, Value, WriteResult } from '../ports';
import { settleSome, unchanged } from './provisional.service';
import { giveBackHolds, isStranger } from './strangers.service';

interface Candidate {
  readonly id: string;
  readonly code: string;
  readonly entry: Entry;
}
interface Ripe {
  readonly id: string;
  readonly code: string;
  readonly at: number;
  /** Whether a capture or a void changes it. */
  readonly isHold: boolean;
}
type Items = ReadonlyMap<string, Item>;

/**
 * Removes entries of an account that nothing needs any more, since the items behind them were read complete, and raises `trimmedThrough`
 * over their dates in the same write: nothing of theirs can be added again. Those are open holds too, whose payments' own items decide
 * from then on (see `closing`). Items that are not complete are completed first. An entry that cannot be read or completed stays,
 * and the others are looked after all the same.
 */
export async function trim(attempt: Attempt, account: string): Promise<void> {
  const item = await attempt.strongRead(account);
  if (!item) return;
  const looked = await settleSome(attempt, item);
  const candidates = [...candidatesOf(attempt, item), ...looked.confirmed.map(({ id, code }) => ({ id, code, entry: decodeEntry(code) }))];
  if (candidates.length === 0) return;
  const isOld = oldEnough(attempt, item);
  const isNamed = !lags(attempt) && (item.carriedFrom !== undefined || isOld.isAsked);
  const seen = new Map([...looked.claims, ...(await itemsBehind(attempt, candidates, looked.claims, isNamed))]);
  await takeOver(attempt, [...seen.values()].filter(isPlainCopy));
  const strangers = candidates.filter((candidate) => isStranger(item, named(candidate), seen));
  await giveBackHolds(attempt, item, strangers, seen);
  const abandoned = Math.min(bounds.abandonedAfterMs, isOld.afterMs);
  const ours = candidates.filter((candidate) => !strangers.includes(candidate));
  // What this epoch has not written may still turn out to be another account's.
  const isWritten = (candidate: Candidate): boolean => !named(candidate).some((id) => isPlainCopy(seen.get(id)));
  const open = ours.filter((candidate) => {
    const own = seen.get(candidate.id);
    // What is under way is left alone: its own call completes it. Of holds, most are closed before they are old.
    const isTime =
      isHold(candidate.entry) || isLate(candidate.entry)
        ? (): boolean => isOld.isTime(candidate, seen)
        : (): boolean => (own!.at as number) < attempt.ports.nowMs() - abandoned;
    return own && isWritten(candidate) && readable(attempt, () => isTime() && !isComplete(attempt, candidate, seen));
  });
  const complete = await inTurns(open, (candidate) => completed(attempt, candidate, seen));
  // Where copies follow later, the time counts from the write that has completed it.
  const unsure = attempt.settings.copiesFollow ? open : open.filter((candidate) => !complete.has(candidate));
  const items = new Map([...seen, ...(unsure.length > 0 ? await itemsBehind(attempt, unsure, undefined, isNamed) : [])]);
  // What an entry names may still be on its way, and is judged by the entry when it comes: until then the entry stays.
  const whole = ours.filter(
    (candidate) =>
      idsBehind(lags(attempt), candidate, isNamed).every((behind) => items.get(behind)?.acct === item.pk) &&
      readable(attempt, () => complete.has(candidate) || isComplete(attempt, candidate, items)),
  );
  // What was completed a moment ago is on its way still.
  const asked = whole.filter((candidate) => !open.includes(candidate) && readable(attempt, () => isOld.isTime(candidate, items)));
  const isHalfFull = Object.keys(entriesOf(item)).length > bounds.entriesPerAccount / 2;
  // A question is a call across an ocean, which this look's own call may wait for: few entries cost less where they are.
  const areMany = asked.length >= bounds.askFrom || isHalfFull;
  const arrived = isOld.isAsked ? await haveArrived(attempt, item, areMany ? asked : [], items) : undefined;
  const isOut = (candidate: Candidate): boolean => arrived?.ids.has(candidate.id) === true && asked.includes(candidate);
  // An account that fills up while the replication stands still cannot wait for that.
  const byAge = !arrived || isHalfFull;
  const goes = whole.filter(
    (one) => (isOut(one) && arrived!.fromAll) || ((byAge || isOut(one)) && readable(attempt, () => isOld.check(one, items))),
  );
  const ripe = goes.flatMap((candidate): readonly Ripe[] => {
    const { id, code, entry } = candidate;
    return readable(attempt, () => [{ id, code, at: dateOf(candidate, items), isHold: isHold(entry) }]) ?? [];
  });
  if (ripe.length > 0) await remove(attempt, item, ripe);
}

/** Which of some entries other regions have, on the account and with the items behind them as they were read here. */
async function haveArrived(attempt: Attempt, account: Item, entries: readonly Candidate[], items: Items): Promise<Arrived> {
  const asked = entries.flatMap((candidate) => {
    const behind = named(candidate).map((id) => items.get(id)!);
    // As an earlier epoch left it, it is not written here yet, or was a moment ago.
    if (behind.some(isPlainCopy)) return [];
    return [{ id: candidate.id, code: candidate.code, behind: behind.map((own) => [idOfPk(own), own.version as number] as const) }];
  });
  if (asked.length === 0) return { ids: new Set(), fromAll: true };
  return attempt.ports.arrived!(attempt.context, account.accountId as string, asked);
}

const isLate = (entry: Entry): boolean => entry.kind === 'closed' && entry.late === true;
const isHold = ({ kind }: Entry): boolean => kind === 'hold' || kind === 'provisional';

/** The date that the watermark passes when an entry goes: of a late closure each that it may have had, in an earlier epoch too. */
function dateOf({ id, entry }: Candidate, items: Items): number {
  const own = items.get(id)!;
  const dates: (Value | undefined)[] = [own.entryAt ?? own.at];
  if (entry.kind === 'closed' && entry.late) dates.push(own.dueAt, items.get(entry.closure.by)?.appliedAt);
  const date = Math.max(...dates.flatMap((one) => (typeof one === 'number' ? [one] : [])));
  if (!Number.isFinite(date)) throw new Error(`the item behind entry ${id} has no date`);
  return date;
}

type Check = (candidate: Candidate, items: Items) => boolean;

/** From when on an entry may go. */
interface Ages {
  /** From when on nothing but a claim that is still under way could miss it: a minute, or some seconds on an account with many. */
  readonly isTime: Check;
  readonly afterMs: number;
  /** From when on it may go where nobody tells what has arrived elsewhere. */
  readonly check: Check;
  /** Whether other regions are asked what has arrived there. */
  readonly isAsked: boolean;
}

/**
 * In one copy of the data an entry may go when it is time. Where copies follow later, when all regions have it too, and so they are asked.
 * Where one does not answer, age has to do, since the last write of its items.
 */
function oldEnough({ ports, settings }: Attempt, account: Item): Ages {
  const isCrowded = Object.keys(entriesOf(account)).length > bounds.crowdedFrom;
  const afterMs = isCrowded ? Math.min(bounds.trimAfterMs, bounds.trimAfterCrowdedMs) : bounds.trimAfterMs;
  const isTime: Check = (candidate, items) => {
    const date = dateOf(candidate, items);
    // A date far ahead of this clock comes from a clock that went wrong, or follows it: the claim's own tells its age.
    const isFarAhead = date > ports.nowMs() + bounds.clockSkewMs + bounds.inFrontMs;
    return (isFarAhead ? (items.get(candidate.id)!.at as number) : date) < ports.nowMs() - afterMs;
  };
  if (!settings.copiesFollow) return { isTime, afterMs, check: isTime, isAsked: false };
  const check: Check = (candidate, items) => {
    const behind = named(candidate).flatMap((id) => items.get(id) ?? []);
    const writtenAt = Math.max(...behind.map((own) => (isPlainCopy(own) ? Infinity : (own.writtenAt as number))));
    return writtenAt < ports.nowMs() - bounds.trimAfterReplicatedMs;
  };
  return { isTime, afterMs, check, isAsked: ports.arrived !== undefined };
}

/**
 * Makes what an earlier epoch left this one's own, so that its time begins. The entry stays until the copies have it: with the entry gone,
 * a third epoch that finds the earlier one's item alone could not tell its effect.
 */
async function takeOver(attempt: Attempt, items: readonly Item[]): Promise<void> {
  await inTurns(items, ({ pk }) => attempt.change({ pk, require: [] }).then(() => true));
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

/** The items behind some entries, by identity: each one's own, and others that tell whether it is complete. */
async function itemsBehind(attempt: Attempt, candidates: readonly Candidate[], known: Items = new Map(), isNamed = false): Promise<Items> {
  const ids = [...new Set(candidates.flatMap((candidate) => idsBehind(lags(attempt), candidate, isNamed)))].filter((id) => !known.has(id));
  const pages = Array.from({ length: Math.ceil(ids.length / readAtMost) }, (_, n) => ids.slice(n * readAtMost, (n + 1) * readAtMost));
  const items = await Promise.all(pages.map((page) => attempt.retrying((store) => store.readMany(page.map(keyItemPk)))));
  return new Map(items.flat().map((item) => [idOfPk(item), item]));
}

const readAtMost = 100;

/**
 * @param isNamed whether all that an entry names counts: it may be an earlier epoch's still, which is judged by the entry; or other regions
 *   are asked for it
 */
function idsBehind(mayLag: boolean, { id, entry }: Candidate, isNamed: boolean): readonly string[] {
  // A refund's payment, where that does not follow it at once; and of a closure the own item that tells that it has come to the account.
  const tells = entry.kind === 'refund' ? mayLag : isLate(entry);
  return tells || isNamed ? namedBy(id, entry) : [id];
}

const named = ({ id, entry }: Candidate): readonly string[] => namedBy(id, entry);

/** A bounded number of entries, from anywhere among them: every one has its turn, whichever calls look. Holds where they may go. */
function candidatesOf(attempt: Attempt, account: Item): readonly Candidate[] {
  const closed = Object.entries(entriesOf(account))
    .flatMap(([id, code]) => {
      const entry = readable(attempt, () => decodeEntry(code));
      return entry && entry.kind !== 'provisional' ? [{ id, code, entry }] : [];
    })
    .sort((one, other) => (one.id < other.id ? -1 : 1));
  const start = Math.floor(attempt.ports.random() * closed.length);
  return [...closed.slice(start), ...closed.slice(0, start)].slice(0, bounds.trimAtMost);
}

/** Whether an entry is needed no more: not by its own item's next attempt, and not by readers of its payment. */
function isComplete(attempt: Attempt, { id, entry }: Candidate, items: Items): boolean {
  const own = items.get(id)!;
  if (isMove(own)) {
    // Where its payment was read too, that had to show it then: what has arrived elsewhere is told by the versions that were read.
    const isShownToo = entry.kind !== 'refund' || (!lags(attempt) && !items.has(entry.payment)) || isShown(id, items.get(entry.payment));
    return moveOf(own).outcome !== undefined && isShownToo;
  }
  const payment = paymentOf(own);
  if (isHold(entry)) return payment.outcome?.status === 'AUTHORISED';
  if (entry.kind !== 'closed') return payment.outcome !== undefined;
  return payment.closure !== undefined && (!entry.late || isDone(items.get(entry.closure.by)));
}

const isDone = (move: Item | undefined): boolean => move !== undefined && moveOf(move).outcome !== undefined;
const isShown = (id: string, payment: Item | undefined): boolean => payment !== undefined && paymentOf(payment).moves[id] !== undefined;

/** Some at a time, in this order; a fault of one ends the turn that it is in. Resolves with those that the work told to be complete. */
async function inTurns<T>(all: readonly T[], work: (one: T) => Promise<boolean>): Promise<ReadonlySet<T>> {
  const complete = new Set<T>();
  for (let from = 0; from < all.length; from += bounds.completedAtOnce) {
    const some = all.slice(from, from + bounds.completedAtOnce);
    const settled = await Promise.allSettled(some.map(async (one) => void ((await work(one)) && complete.add(one))));
    const failed = settled.find((one): one is PromiseRejectedResult => one.status === 'rejected');
    if (failed) throw failed.reason;
  }
  return complete;
}

/** Completes an item behind an entry; whether it is known to be complete now. */
async function completed(attempt: Attempt, candidate: Candidate, items: Items): Promise<boolean> {
  try {
    return await completeByEntry(attempt, candidate, items);
  } catch (error) {
    if (error instanceof GaveUp) throw error;
    attempt.context.observe?.('trimFailed');
    return false;
  }
}

async function completeByEntry(attempt: Attempt, { id, entry }: Candidate, items: Items): Promise<boolean> {
  const own = items.get(id)!;
  if (!isPayment(own)) {
    await finishMove(attempt, own.pk);
    return false;
  }
  if (isHold(entry)) return (await completePayment(attempt, id, { status: 'AUTHORISED' })).status === 'AUTHORISED';
  if (entry.kind !== 'closed') return completePayment(attempt, id, decisionOfEntry(entry)).then(() => true);
  // It stands on the account, so it has been applied, and that is what its own item tells from now on.
  if (entry.late) {
    const closer = items.get(entry.closure.by);
    return closer !== undefined && completeMove(attempt, moveOf(closer), paymentOf(own)).then(() => true);
  }
  await finishMove(attempt, keyItemPk(entry.closure.by));
  return false;
}

async function finishMove(attempt: Attempt, pk: string): Promise<void> {
  const item = await attempt.strongRead(pk);
  if (!item || !isMove(item)) return;
  const claim = moveOf(item);
  const payment = await attempt.strongRead(keyItemPk(idOfPaymentId(claim.paymentId)!));
  // A payment that a lost region took along, whose key another account has now.
  if (payment?.acct !== item.acct) return;
  const read = paymentOf(payment);
  // It has a move on it, so it was authorised.
  const moved: PaymentItem = { ...read, outcome: read.outcome ?? { status: 'AUTHORISED' } };
  if (claim.outcome) await showCompleted(attempt, claim, moved);
  else await drive(attempt, claim, moved);
}

/**
 * Removes what nothing needs any more: all at once, and where one of them has changed meanwhile, what can change no more by itself. On a
 * busy account some hold is always captured between the look and the removal, and would keep everything there. Then the holds, of which the
 * older ones change less. What was complete stays complete, whatever happens between two tries.
 */
async function remove(attempt: Attempt, account: Item, ripe: readonly Ripe[]): Promise<void> {
  let item = account;
  let left = ripe;
  const all = (): readonly Ripe[] => left;
  const steady = (): readonly Ripe[] => left.filter(({ isHold: changes }) => !changes);
  const older = (): readonly Ripe[] => olderHalf(left.filter(({ isHold: changes }) => changes));
  for (const choose of [all, steady, older, older]) {
    const chosen = choose();
    if (chosen.length === 0) continue;
    const result = await removeAll(attempt, item, chosen);
    if (result.kind === 'written') {
      item = { ...item, trimmedThrough: throughAfter(item, chosen) };
      left = left.filter((one) => !chosen.includes(one));
      if (choose === older) return;
    } else {
      if (!result.found) return;
      // There one call in a few looks: another look came first, and more of them come.
      if (attempt.settings.copiesFollow && result.found.trimmedThrough !== item.trimmedThrough) return;
      item = result.found;
      const codes = entriesOf(item);
      left = (choose === older ? chosen : left).filter(({ id, code }) => codes[id] === code);
    }
  }
}

const olderHalf = (some: readonly Ripe[]): readonly Ripe[] =>
  [...some].sort((one, other) => one.at - other.at).slice(0, Math.ceil(some.length / 2));

const throughAfter = (account: Item, ripe: readonly Ripe[]): number =>
  Math.max(account.trimmedThrough as number, ...ripe.map(({ at }) => at));

function removeAll(attempt: Attempt, account: Item, ripe: readonly Ripe[]): Promise<WriteResult> {
  // Where two regions are at odds about the account, payments come first: this is given up soon.
  return attempt.change(
    {
      pk: account.pk,
      // The watermark tells whether another trimming came first, if it rose; the entries, whether something else stands there since.
      require: [{ test: 'equals', path: ['trimmedThrough'], value: account.trimmedThrough as number }, ...ripe.map(unchanged)],
      set: [[['trimmedThrough'], throughAfter(account, ripe)]],
      remove: ripe.map(({ id }) => ['entries', id] as const),
    },
    bounds.removeTriesAtMost,
  );
}
