import { Attempt } from './attempt.service';
import { holdLostReason } from '../contract';
import { isPlainCopy } from './domain';
import { Item } from '../ports';
import { encodeEntry, Entry } from './entries.domain';
import { unchanged } from './provisional.service';

/**
 * Entries whose key another account has taken (HOME_REGION). The account arrived in a later epoch and its claim did not, and the same key
 * was sent for another account there. Nothing of this epoch answers for such an entry.
 */

/** Whether what stands behind an entry is another account's: in one epoch that never changes. */
export function isStranger(account: Item, behind: readonly string[], items: ReadonlyMap<string, Item>): boolean {
  return behind.some((id) => {
    const owner = items.get(id)?.acct;
    return owner !== undefined && owner !== account.pk;
  });
}

interface Stranger {
  readonly id: string;
  readonly code: string;
  readonly entry: Entry;
}

/**
 * Gives back what holds of strangers hold. Money that was captured, released or refunded stays moved: the reconciliation names it. The key
 * stays, declined: the watermark may be in front of the claim's date, and a third epoch that finds that claim would take a hold without an
 * entry for one that had left its account.
 */
export async function giveBackHolds(
  attempt: Attempt,
  account: Item,
  strangers: readonly Stranger[],
  items: ReadonlyMap<string, Item>,
): Promise<void> {
  if (account.carriedFrom === undefined) return;
  for (const stranger of strangers) {
    const { id, entry } = stranger;
    const owner = items.get(id);
    // As an earlier epoch left it, it is not written here yet, or was a moment ago.
    if (entry.kind !== 'hold' || !owner || isPlainCopy(owner)) continue;
    await attempt.change({
      pk: account.pk,
      require: [unchanged(stranger)],
      set: [[['entries', id], encodeEntry({ kind: 'declined', reason: holdLostReason })]],
      add: [
        [['available'], entry.amount],
        [['held'], -entry.amount],
      ],
    });
  }
}
