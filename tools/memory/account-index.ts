import { IndexEntry, Item } from '../../src/ledger/ports';

/** The index of key items by account, newest first. */
export class AccountIndex {
  /** Oldest first: what is new goes to the end. */
  private readonly entries = new Map<string, IndexEntry[]>();

  public add(item: Item): void {
    if (typeof item.acct !== 'string') return;
    const list = this.entries.get(item.acct) ?? [];
    this.entries.set(item.acct, list);
    const entry = { pk: item.pk, seq: item.seq as string };
    let at = list.length;
    while (at > 0 && list[at - 1].seq >= entry.seq) at -= 1;
    list.splice(at, 0, entry);
  }

  public list(account: string, limit: number, from?: string): readonly IndexEntry[] {
    const all = this.entries.get(account) ?? [];
    const end = from === undefined ? all.length : upTo(all, from);
    return all.slice(Math.max(0, end - limit), end).reverse();
  }
}

/** How many entries lie at a place or before it. */
function upTo(entries: readonly IndexEntry[], seq: string): number {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (entries[middle].seq <= seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
