import { Item, Value } from '../ports';

/** The epochs that an account comes from, and how far it was trimmed when it left each of them. */

/** How far an account was trimmed when it was carried over, by the epoch that it left: all that it comes from. */
function marksOf(account: Item): readonly (readonly [epoch: number, through: number])[] {
  const { carriedFrom = 0 } = account;
  const line = marksIn(account.line);
  if (carriedFrom === 0 || line.some(([epoch]) => epoch === carriedFrom)) return line;
  // The release before carried it over. It left out an epoch whose mark was that of one before, and told nothing of those that the account
  // was not in.
  const marks = [...line, ...marksIn(account.carriedThrough)];
  return Array.from({ length: carriedFrom as number }, (_, n): readonly [number, number] => [
    n + 1,
    Math.max(-1, ...marks.flatMap(([epoch, mark]) => (epoch <= n + 1 ? [mark] : []))),
  ]);
}

const marksIn = (marks: Value | undefined): readonly (readonly [number, number])[] =>
  Object.entries((marks ?? {}) as Readonly<Record<string, number>>).map(([epoch, mark]) => [Number(epoch), mark]);

/** The line of an account that leaves an epoch. */
export function lineAfter(account: Item, epoch: number): Readonly<Record<string, number>> {
  return Object.fromEntries([...marksOf(account), [epoch, account.trimmedThrough as number]]);
}

/** The epochs that an account comes from, newest first. */
export const lineOf = (account: Item): readonly number[] =>
  marksOf(account)
    .map(([epoch]) => epoch)
    .sort((one, other) => other - one);

/**
 * Whether an account, as the epoch began with it, comes from an epoch. Of one that did not arrive no effect counts; and none of its entries
 * can have gone, for they go when the account has arrived with them.
 */
export const wasIn = (account: Item, epoch: number): boolean => marksOf(account).some(([left]) => left === epoch);

/** Whether an effect without an entry, claimed at a time, is in the account's balances. */
export type Trimmed = (at: number) => boolean;

/**
 * An effect is in the balances if its entry was trimmed by the end of its item's epoch. What was trimmed later is no proof: by then the
 * item would have been carried over, so one that was not had no entry left to trim.
 */
export function trimmedBefore(account: Item, epoch: number): Trimmed {
  const through = Math.max(-1, ...marksOf(account).flatMap(([left, mark]) => (left <= epoch ? [mark] : [])));
  return (at) => at <= through;
}
