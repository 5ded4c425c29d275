import { Attempt, BrokenInvariant } from './attempt.service';
import { bounds, keyItemPk, kinds } from './domain';
import { Dated } from './entries.domain';
import { Item } from '../ports';

/**
 * Dates of entries. An account takes no entry of a date behind its watermark, so that nothing that was removed is added again by a request
 * that comes late. A claim's entry has the date of its claim. What has none yet gets a new date.
 */

/** Whose entry is dated. */
type Kind = keyof typeof kinds;

/** Whether an account takes no entry of this date any more. */
export const isBehind = (account: Item, date: number): boolean => date <= (account.trimmedThrough as number);

/** A date under which an account still takes an entry, and will for a while. */
export function dateInFrontOf({ ports }: Attempt, account: Item): number {
  const [now, through] = [ports.nowMs(), account.trimmedThrough as number];
  // A watermark far ahead comes from a wrong clock: steps of a second would keep it ahead for as long as payments come.
  return Math.max(now, through + (through > now + bounds.clockSkewMs ? 1 : bounds.inFrontMs));
}

/**
 * Gives a claim's entry a date in front of the watermark, unless it is decided: an entry goes only when its own item is complete. Resolves
 * with the item that refused this, or with the date. In the same write the item gets another kind: the release before, which expires what
 * is behind the watermark, does so under the condition of the kind that it knows. So one of the two counts.
 */
export async function redate(attempt: Attempt, kind: Kind, { id, entryAt }: Dated, account: Item): Promise<Item | number> {
  const next = dateInFrontOf(attempt, account);
  const result = await attempt.change({
    pk: keyItemPk(id),
    require: [
      { test: 'absent', path: ['outcome'] },
      entryAt === undefined ? { test: 'absent', path: ['entryAt'] } : { test: 'equals', path: ['entryAt'], value: entryAt },
    ],
    set: [
      [['entryAt'], next],
      [['kind'], kinds[kind][1]],
    ],
  });
  if (result.kind === 'written') return next;
  if (!result.found) throw new BrokenInvariant(`the claim ${id} was deleted during the call`);
  return result.found;
}
