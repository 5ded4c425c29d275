import { Attempt } from './attempt.service';
import { completePayment } from './authorise.service';
import { bounds, decisionOfEntry, decodeEntry, entriesOf, Entry, idOfPaymentId, isMove, isPayment, keyItemPk, moveOf, paymentOf } from './domain';
import { drive } from './move.service';
import { Item } from './ports';

interface Candidate { readonly id: string; readonly code: string; readonly entry: Entry }

/** Whether the key with this identity, having left a closed entry, is one of those that look after the account. */
export function trimIsDue(id: string): boolean {
  // Identities are uniform hashes: no counter and no dice needed.
  return Buffer.from(id, 'base64url')[0] % bounds.trimEvery === 0;
}

/**
 * Removes closed entries of an account whose own items were read complete, and raises `trimmedThrough` over their creation times in
 * the same write: nothing of theirs can be added again. Entries whose items are not complete are completed now and removed next time.
 */
export async function trim(attempt: Attempt, account: string, startAt: string): Promise<void> {
  const item = await attempt.strongRead(account);
  if (!item) return;
  const candidates = candidatesOf(item, startAt);
  if (candidates.length === 0) return;
  const read = await attempt.patiently((store) => store.readMany(candidates.map(({ id }) => keyItemPk(id))));
  const byPk = new Map(read.map((found) => [found.pk, found]));
  const size = Object.keys(entriesOf(item)).length;
  const age = size > bounds.entriesPerAccount / 2 ? bounds.trimAfterUnderPressureMs : bounds.trimAfterMs;
  const before = attempt.ports.nowMs() - age;
  const ripe: { candidate: Candidate; at: number }[] = [];
  for (const candidate of candidates) {
    const own = byPk.get(keyItemPk(candidate.id));
    // Old by its last write, not by its claim: by then every replica has the completion too.
    if (!own || (own.writtenAt as number) >= before) continue;
    if (isComplete(own, candidate.entry)) ripe.push({ candidate, at: own.at as number });
    else await complete(attempt, own, candidate.entry);
  }
  if (ripe.length === 0) return;
  await remove(attempt, item, ripe);
}

/** Closed entries, a bounded number of them, from a place in the order of identities that differs from call to call. */
function candidatesOf(account: Item, startAt: string): readonly Candidate[] {
  const closed = Object.entries(entriesOf(account))
    .map(([id, code]) => ({ id, code, entry: decodeEntry(code) }))
    .filter(({ entry }) => entry.kind !== 'hold')
    .sort((one, other) => (one.id < other.id ? -1 : 1));
  const start = closed.findIndex(({ id }) => id >= startAt);
  return [...closed.slice(Math.max(0, start)), ...closed.slice(0, Math.max(0, start))].slice(0, bounds.trimAtMost);
}

function isComplete(own: Item, entry: Entry): boolean {
  if (isMove(own)) return moveOf(own).outcome !== undefined;
  const payment = paymentOf(own);
  return entry.kind === 'closed' ? payment.closure !== undefined : payment.outcome !== undefined;
}

async function complete(attempt: Attempt, own: Item, entry: Entry): Promise<void> {
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
  await drive(attempt, claim, { ...read, outcome: read.outcome ?? { status: 'AUTHORISED' } });
}

async function remove(attempt: Attempt, account: Item, ripe: readonly { candidate: Candidate; at: number }[]): Promise<void> {
  const through = account.trimmedThrough as number;
  await attempt.change({
    pk: account.pk,
    // Closed entries never change; the watermark tells whether another trimming came first.
    require: [{ test: 'equals', path: ['trimmedThrough'], value: through }],
    set: [[['trimmedThrough'], Math.max(through, ...ripe.map(({ at }) => at))]],
    remove: ripe.map(({ candidate }) => ['entries', candidate.id] as const),
  });
}
