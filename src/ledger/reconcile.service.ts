import { Attempt } from './attempt.service';
import { epochOf, inEpoch, lateEntries, LateEntry } from './carry.domain';
import {
  accountOf, accountPk, Entry, isPayment, keyItemPk, linesOf, moveOf, movesInOrder, paymentAfter, PaymentDecision, paymentIdOf, paymentOf,
} from './domain';
import { EpochStore } from './epoch-store.service';
import { Account, LedgerLine, Payment } from './model';
import { Item } from './ports';

/** A payment or move that an ended epoch's account shows and its successor was opened without. Both versions, for a human to settle. */
export interface LateWrite {
  readonly epoch: number;
  readonly key: string;
  readonly effect: Entry['kind'];
  /** As the ended epoch has it; absent while its own item has not arrived. */
  readonly before?: Payment;
  /** As the current epoch has it; absent when nobody has asked for it again. */
  readonly now?: Payment;
}

/** An account's balances as kept, and as its payments add up to; they differ only when something is wrong. */
export interface AccountReport {
  readonly accountId: string;
  readonly kept: Pick<Account, 'available' | 'held' | 'settled'>;
  readonly recomputed: Pick<Account, 'available' | 'held' | 'settled'>;
  readonly payments: number;
  readonly lateWrites: readonly LateWrite[];
}

const pageSize = 100;

/**
 * Checks one account of a HOME_REGION ledger against its ledger lines, and looks for what a lost region wrote and nobody saw. It
 * reads only: what it finds is for a human to settle.
 */
export async function reconcileAccount(attempt: Attempt, epoch: number, tenant: string, accountId: string): Promise<AccountReport | undefined> {
  const account = accountPk(tenant, accountId);
  const store = new EpochStore(attempt.ports.store, epoch);
  const item = await attempt.patiently(() => store.read(account, true));
  if (!item) return undefined;
  const { lines, payments } = await linesOfAccount(attempt, store, account);
  const total = (...types: LedgerLine['type'][]): number => lines.filter(({ type }) => types.includes(type)).reduce((sum, { amount }) => sum + amount, 0);
  const held = total('AUTHORISATION') - total('CAPTURE', 'RELEASE', 'VOID');
  const settled = total('CAPTURE') - total('REFUND');
  const { available, held: keptHeld, settled: keptSettled } = accountOf(item);
  return {
    accountId,
    kept: { available, held: keptHeld, settled: keptSettled },
    recomputed: { available: (item.openedWith as number) - held - settled, held, settled },
    payments,
    lateWrites: item.carriedFrom === undefined ? [] : await lateWritesOf(attempt, store, item, account),
  };
}

async function linesOfAccount(attempt: Attempt, store: EpochStore, account: string): Promise<{ lines: readonly LedgerLine[]; payments: number }> {
  const lines: LedgerLine[] = [];
  const seen = new Set<string>();
  let payments = 0;
  let from: string | undefined;
  for (;;) {
    const page = await attempt.patiently(() => store.list(account, pageSize, from));
    const fresh = [...new Set(page.map(({ pk }) => pk))].filter((pk) => !seen.has(pk));
    if (fresh.length === 0) return { lines, payments };
    fresh.forEach((pk) => seen.add(pk));
    for (const item of await attempt.patiently(() => store.readMany(fresh))) {
      const decision: PaymentDecision | undefined = isPayment(item) ? paymentOf(item).outcome : undefined;
      if (isPayment(item)) payments += 1;
      lines.push(...linesOf(item, decision ?? await undecided(attempt, store, account, item)));
    }
    from = page[page.length - 1].seq;
  }
}

/** A payment whose own item does not say yet what the account has decided. */
async function undecided(attempt: Attempt, store: EpochStore, account: string, item: Item): Promise<PaymentDecision | undefined> {
  if (!isPayment(item)) return undefined;
  const owner = await attempt.patiently(() => store.read(account, true));
  const entries = owner?.entries as Readonly<Record<string, string>> | undefined;
  const code = entries?.[paymentOf(item).id];
  return code !== undefined && (code[0] === 'H' || code[0] === 'C' || code[0] === 'V') ? { status: 'AUTHORISED' } : undefined;
}

async function lateWritesOf(attempt: Attempt, store: EpochStore, account: Item, pk: string): Promise<readonly LateWrite[]> {
  const found: LateWrite[] = [];
  // Each epoch that ended, not the last one alone: a region may come back only after the home has moved again.
  for (let successor = account; successor.carriedFrom !== undefined;) {
    const epoch = successor.carriedFrom as number;
    const ended = await attempt.patiently(() => attempt.ports.store.read(inEpoch(pk, epoch), true));
    if (!ended) break;
    found.push(...await lateWritesOfEpoch(attempt, store, epoch, lateEntries(ended, successor)));
    successor = ended;
  }
  return found;
}

async function lateWritesOfEpoch(attempt: Attempt, store: EpochStore, epoch: number, late: readonly LateEntry[]): Promise<readonly LateWrite[]> {
  const replica = attempt.ports.store;
  const found: LateWrite[] = [];
  for (const { id, entry, known } of late) {
    const key = keyItemPk(id);
    const before = await attempt.patiently(() => replica.read(inEpoch(key, epoch), true));
    const now = await attempt.patiently(() => store.read(key, true));
    // Another request may have taken the key since.
    if (now && (known || shows(now, entry)) && (!before || before.fingerprint === now.fingerprint)) continue;
    found.push({ epoch, key: paymentIdOf(id), effect: entry.kind, ...versionOf('before', before), ...versionOf('now', now) });
  }
  return found;
}

/** Whether the current epoch's item carries the effect itself: then nothing was lost. */
function shows(item: Item, entry: Entry): boolean {
  if (entry.kind === 'refund') return !isPayment(item) && moveOf(item).outcome?.status === 'DONE';
  if (!isPayment(item)) return false;
  const payment = paymentOf(item);
  return entry.kind === 'closed' ? payment.closure?.by === entry.closure.by : payment.outcome?.status === 'AUTHORISED';
}

function versionOf(name: 'before' | 'now', item: Item | undefined): Partial<LateWrite> {
  if (!item || !isPayment(item)) return {};
  const payment = paymentOf({ ...item, pk: epochOf(item.pk).pk });
  return payment.outcome ? { [name]: paymentAfter(payment, payment.outcome, movesInOrder(payment)) } : {};
}
