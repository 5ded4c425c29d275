import { holdLostReason } from '../contract';
import { entriesIn, MoneyLine, linesOfEntry, strangersAmong, Unanswered, unansweredBy } from './strangers.domain';
import { epochOf, inEpoch, lateEntries, LateEntry } from '../homes/carry.domain';
import { EpochStore } from '../homes/epoch-store.service';
import { Account, LineType, Payment } from '../model';
import { Item } from '../ports';
import { Attempt } from '../protocol/attempt.service';
import {
  accountOf,
  accountPk,
  idOfPaymentId,
  idOfPk,
  isPayment,
  keyItemPk,
  linesOf,
  moveOf,
  movesInOrder,
  paymentAfter,
  PaymentDecision,
  paymentIdOf,
  paymentOf,
} from '../protocol/domain';
import { movedOn } from '../protocol/effects.domain';
import { decisionOfEntry, Entry, entryDateOf, entryOf, namedBy } from '../protocol/entries.domain';
import { withMovesTaken } from '../protocol/reading.service';

/** A decision that an ended epoch's account shows and its successor was opened without. Both versions, for a human to settle. */
export interface LateWrite {
  readonly epoch: number;
  readonly key: string;
  readonly effect: Entry['kind'];
  /** Minor units that it held, captured or refunded; absent where no money moved. */
  readonly amount?: number;
  /** As the ended epoch has it; absent while its own item has not arrived. */
  readonly before?: Payment;
  /** As the current epoch has it; absent when nobody has asked for it again, or another account has the key. */
  readonly now?: Payment;
  /** Account that has the key now: the payment of this key is that account's. */
  readonly otherAccount?: string;
}

/** An account's balances as kept, and as its payments add up to; they differ only when something is wrong. */
export interface AccountReport {
  readonly accountId: string;
  readonly kept: Pick<Account, 'available' | 'held' | 'settled'>;
  readonly recomputed: Pick<Account, 'available' | 'held' | 'settled'>;
  readonly payments: number;
  readonly lateWrites: readonly LateWrite[];
  /** Counted in `recomputed`. */
  readonly unanswered: readonly Unanswered[];
}

const pageSize = 100;

/**
 * Checks one account against its ledger lines, and looks for what a lost region wrote and nobody saw. It reads only: what it finds is for a
 * human to settle. The account is read first and once, and every line is judged by it: so payments may be made meanwhile. Where copies
 * follow, at home alone:
 * elsewhere an account can arrive before what it decided.
 */
export async function reconcileAccount(
  attempt: Attempt,
  epoch: number,
  tenant: string,
  accountId: string,
): Promise<AccountReport | undefined> {
  const account = accountPk(tenant, accountId);
  const store = new EpochStore(attempt.ports.store, epoch);
  const item = await attempt.retrying(() => store.read(account, true));
  if (!item) return undefined;
  const { lines, payments, unanswered } = await linesOfAccount(attempt, store, item);
  const total = (...types: LineType[]): number =>
    lines.filter(({ type }) => types.includes(type)).reduce((sum, { amount }) => sum + amount, 0);
  const held = total('AUTHORISATION') - total('CAPTURE', 'RELEASE', 'VOID');
  const settled = total('CAPTURE') - total('REFUND');
  const { available, held: keptHeld, settled: keptSettled } = accountOf(item);
  return {
    accountId,
    kept: { available, held: keptHeld, settled: keptSettled },
    recomputed: { available: (item.openedWith as number) - held - settled, held, settled },
    payments,
    lateWrites: await lateWritesOf(attempt, store, item, epoch),
    unanswered,
  };
}

interface Lines {
  readonly lines: readonly MoneyLine[];
  readonly payments: number;
  readonly unanswered: readonly Unanswered[];
}

async function linesOfAccount(attempt: Attempt, store: EpochStore, account: Item): Promise<Lines> {
  const lines: (MoneyLine & { readonly of: string })[] = [];
  const seen = new Set<string>();
  const strangers = new Map<string, Item>();
  let payments = 0;
  const take = async (pks: readonly string[]): Promise<void> => {
    pks.forEach((pk) => seen.add(pk));
    const readMany = (some: readonly string[]): Promise<readonly Item[]> => attempt.retrying(() => store.readMany(some));
    const items = await readMany(pks);
    // An account has millions of its own: those of others alone are kept.
    for (const item of items) if (item.acct !== account.pk) strangers.set(idOfPk(item), item);
    payments += items.filter((item) => isPayment(item) && item.acct === account.pk).length;
    // Of a move whose call died its account's entry tells, and when that has gone its payment's own item.
    const decided = await withMovesTaken(
      items.filter((item) => isIn(account, item)),
      { taken: (move) => movedOn(account, move), isFirst: true },
      readMany,
    );
    for (const item of decided) {
      const own = linesOf(item, isPayment(item) ? decisionHere(account, item) : undefined);
      lines.push(...own.map(({ type, amount }) => ({ type, amount, of: idOfPk(item) })));
    }
  };
  let from: string | undefined;
  for (;;) {
    const page = await attempt.retrying(() => store.list(account.pk, pageSize, from));
    const fresh = [...new Set(page.map(({ pk }) => pk))].filter((pk) => !seen.has(pk));
    if (fresh.length > 0) await take(fresh);
    const last = page.at(-1)?.seq;
    // A page of keys that were seen before, as of an epoch that has ended, is no end: the next one may have others.
    if (last === undefined || last === from) break;
    from = last;
  }
  // The index follows its table: what it lacked of what the account had decided is read by its key.
  const entries = entriesIn(account);
  const left = [...new Set(entries.flatMap((one) => namedBy(...one)))].map(keyItemPk).filter((pk) => !seen.has(pk));
  for (let at = 0; at < left.length; at += pageSize) await take(left.slice(at, at + pageSize));
  const others = strangersAmong(entries, strangers);
  // A refund is not its payment's line.
  const covered = new Set(others.flatMap(([id, entry]) => (entry.kind === 'refund' ? [id] : namedBy(id, entry))));
  return {
    lines: [...lines.filter(({ of }) => !covered.has(of)), ...others.flatMap(([, entry]) => linesOfEntry(entry))],
    payments,
    unanswered: others.flatMap((one) => unansweredBy(one, strangers)),
  };
}

/**
 * Whether an item's effect is in an account as it was read: by its entry, or, where that has been trimmed, by the watermark. No effect
 * comes to an account from behind its watermark, so what is in front of it without an entry was decided later.
 */
function isIn(account: Item, item: Item): boolean {
  const through = account.trimmedThrough as number;
  if (item.acct !== account.pk) return false;
  if (isPayment(item)) {
    const payment = paymentOf(item);
    return entryOf(account, payment.id) !== undefined || entryDateOf(payment) <= through;
  }
  const move = moveOf(item);
  if (move.type === 'REFUND') return entryOf(account, move.id) !== undefined || entryDateOf(move) <= through;
  const entry = entryOf(account, idOfPaymentId(move.paymentId)!);
  return entry ? entry.kind === 'closed' && entry.closure.by === move.id : (move.appliedAt ?? move.paymentAt) <= through;
}

const decisionHere = (account: Item, item: Item): PaymentDecision | undefined => paymentOf(item).outcome ?? decidedBy(account, item);

/** What the account has decided about a payment whose own item does not say it yet. */
function decidedBy(account: Item, item: Item): PaymentDecision | undefined {
  return decisionIn(entryOf(account, paymentOf(item).id));
}

/** None of an entry that is a refund's: its key has been taken for a payment since. */
function decisionIn(entry: Entry | undefined): PaymentDecision | undefined {
  return entry && entry.kind !== 'refund' && entry.kind !== 'refundRefused' ? decisionOfEntry(entry) : undefined;
}

async function lateWritesOf(attempt: Attempt, store: EpochStore, account: Item, current: number): Promise<readonly LateWrite[]> {
  const writes: LateWrite[] = [];
  let successor = account;
  // Each epoch that ended, not the last one alone: a region may come back only after the home has moved again, twice perhaps, and with
  // an epoch that the next one knew nothing of.
  for (let epoch = current - 1; epoch > 0; epoch -= 1) {
    const ended = await attempt.retrying(() => attempt.ports.store.read(inEpoch(account.pk, epoch), true));
    if (!ended) continue;
    writes.push(...(await lateWritesOfEpoch(attempt, store, account, epoch, lateEntries(ended, successor))));
    if (successor.carriedFrom === epoch) successor = ended;
  }
  // An entry whose key another account has stands in each epoch that the account was carried through: the first one tells.
  const isSame = (one: LateWrite, other: LateWrite): boolean =>
    one.key === other.key && one.effect === other.effect && one.amount === other.amount;
  return writes.filter((one, at) => one.otherAccount === undefined || !writes.slice(at + 1).some((other) => isSame(one, other)));
}

async function lateWritesOfEpoch(
  attempt: Attempt,
  store: EpochStore,
  current: Item,
  epoch: number,
  late: readonly LateEntry[],
): Promise<readonly LateWrite[]> {
  const replica = attempt.ports.store;
  const writes: LateWrite[] = [];
  // Many at a time: an account may have thousands of entries, and many epochs behind it.
  for (let from = 0; from < late.length; from += pageSize) {
    const some = late.slice(from, from + pageSize);
    const keys = some.map(({ id }) => keyItemPk(id));
    const before = byKey(await attempt.retrying(() => replica.readMany(keys.map((key) => inEpoch(key, epoch)))));
    const now = byKey(await attempt.retrying(() => store.readMany(keys)));
    writes.push(
      ...some.flatMap((entry) => lateWriteOf(entry, epoch, current, before.get(keyItemPk(entry.id)), now.get(keyItemPk(entry.id)))),
    );
  }
  return writes;
}

const byKey = (items: readonly Item[]): ReadonlyMap<string, Item> => new Map(items.map((item) => [epochOf(item.pk).pk, item]));

function lateWriteOf(
  { id, entry, known }: LateEntry,
  epoch: number,
  current: Item,
  before: Item | undefined,
  now: Item | undefined,
): readonly LateWrite[] {
  // That the key was lost is told by what it was before.
  if (entry.kind === 'declined' && entry.reason === holdLostReason) return [];
  const otherAccount = now !== undefined && now.acct !== current.pk ? (now.accountId as string) : undefined;
  const own = otherAccount === undefined ? now : undefined;
  // Another request may have taken the key since.
  const replaced = before !== undefined && own !== undefined && before.fingerprint !== own.fingerprint;
  // Without an item its entry alone has arrived: nothing answers for the money that it holds or has moved.
  const kept = own !== undefined && !isGivenBack(own, entry, current) && (known === 'carried' || known === 'same' || shows(own, entry));
  if (kept && !replaced) return [];
  const amount = amountOf(entry);
  return [
    {
      epoch,
      key: paymentIdOf(id),
      effect: entry.kind,
      ...(amount === undefined ? {} : { amount }),
      ...(before?.acct === current.pk ? versionOf('before', before, () => decisionIn(entry)) : {}),
      ...versionOf('now', own, (item) => decidedBy(current, item)),
      ...(otherAccount === undefined ? {} : { otherAccount }),
    },
  ];
}

/** Whether a hold was given back that an earlier epoch had answered for. */
function isGivenBack(now: Item, entry: Entry, current: Item): boolean {
  if ((entry.kind !== 'hold' && entry.kind !== 'closed') || !isPayment(now)) return false;
  const decision = decisionHere(current, now);
  return decision?.status === 'DECLINED' && decision.reason === holdLostReason;
}

function amountOf(entry: Entry): number | undefined {
  if (entry.kind === 'closed') return entry.closure.type === 'CAPTURE' ? entry.closure.captured : undefined;
  return entry.kind === 'hold' || entry.kind === 'refund' ? entry.amount : undefined;
}

/** Whether the current epoch's item shows the decision itself: then nothing was lost. */
function shows(item: Item, entry: Entry): boolean {
  if (entry.kind === 'refund' || entry.kind === 'refundRefused') {
    const move = isPayment(item) ? undefined : moveOf(item);
    const outcome = move?.outcome;
    // Refused for another reason is another answer.
    return entry.kind === 'refund'
      ? outcome?.status === 'DONE' && outcome.amount === entry.amount && idOfPaymentId(move!.paymentId) === entry.payment
      : outcome?.status === 'REFUSED' && outcome.code === 'not_captured';
  }
  if (!isPayment(item)) return false;
  const { amount, closure, outcome } = paymentOf(item);
  if (entry.kind === 'closed') {
    const { by, type, captured } = entry.closure;
    return closure?.by === by && closure.type === type && closure.captured === captured && amount === entry.amount;
  }
  if (entry.kind === 'hold' || entry.kind === 'provisional') return outcome?.status === 'AUTHORISED' && amount === entry.amount;
  return outcome?.status === 'DECLINED' && outcome.reason === entry.reason;
}

/** A payment with its decision: its own, or the account's, which it may not have learned yet. */
function versionOf(
  name: 'before' | 'now',
  item: Item | undefined,
  decided: (item: Item) => PaymentDecision | undefined,
): Partial<LateWrite> {
  if (!item || !isPayment(item)) return {};
  const plain = { ...item, pk: epochOf(item.pk).pk };
  const payment = paymentOf(plain);
  const outcome = payment.outcome ?? decided(plain);
  return outcome ? { [name]: paymentAfter(payment, outcome, movesInOrder(payment)) } : {};
}
