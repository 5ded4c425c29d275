import { LedgerLine } from '../model';
import { Item } from '../ports';
import { paymentIdOf } from '../protocol/domain';
import { entriesOf, Entry, entryOf, namedBy } from '../protocol/entries.domain';

/**
 * What an account's entries tell of keys that another account has taken: a lost region took their claims along. The balances have it, and
 * no item of this epoch says so.
 */

/** Money in an account's balances that no payment answers for: another account has the key. */
export interface Unanswered {
  /** ID of the payment that it was; another account's payment has it now. */
  readonly key: string;
  readonly otherAccount: string;
  /** Minor units of the balance; refunded money is negative. */
  readonly held: number;
  readonly settled: number;
}

export type MoneyLine = Pick<LedgerLine, 'type' | 'amount'>;
type NamedEntry = readonly [id: string, entry: Entry];

export const entriesIn = (account: Item): readonly NamedEntry[] => Object.keys(entriesOf(account)).map((id) => [id, entryOf(account, id)!]);

/** Identity of the payment that an entry is of. */
const paymentOfEntry = (id: string, entry: Entry): string => (entry.kind === 'refund' ? entry.payment : id);

/**
 * Those of some entries that name a key of another account.
 *
 * @param others items of other accounts, by identity
 */
export const strangersAmong = (entries: readonly NamedEntry[], others: ReadonlyMap<string, Item>): readonly NamedEntry[] =>
  entries.filter((one) => namedBy(...one).some((id) => others.has(id)));

/** All that an entry has moved, its hold with it. */
export function linesOfEntry(entry: Entry): readonly MoneyLine[] {
  switch (entry.kind) {
    case 'hold':
      return [{ type: 'AUTHORISATION', amount: entry.amount }];
    case 'closed': {
      const { type, captured } = entry.closure;
      const authorised: MoneyLine = { type: 'AUTHORISATION', amount: entry.amount };
      if (type === 'VOID') return [authorised, { type, amount: entry.amount }];
      return [authorised, { type, amount: captured }, { type: 'RELEASE', amount: entry.amount - captured }];
    }
    case 'refund':
      return [{ type: 'REFUND', amount: entry.amount }];
    default:
      return [];
  }
}

/** What of a stranger's money no payment answers for. Where a move's key alone was taken, its payment does. */
export function unansweredBy([id, entry]: NamedEntry, others: ReadonlyMap<string, Item>): readonly Unanswered[] {
  const payment = paymentOfEntry(id, entry);
  const owner = others.get(payment);
  if (!owner) return [];
  const held = entry.kind === 'hold' ? entry.amount : 0;
  const captured = entry.kind === 'closed' ? entry.closure.captured : 0;
  const settled = entry.kind === 'refund' ? -entry.amount : captured;
  if (held === 0 && settled === 0) return [];
  return [{ key: paymentIdOf(payment), otherAccount: owner.accountId as string, held, settled }];
}
