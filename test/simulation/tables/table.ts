import { Change, FaultKind, IndexEntry, Item, WriteResult } from '../../../src/ledger/ports';

/** A request to a table, as it travels. */
export type Request =
  | { readonly kind: 'create'; readonly item: Item }
  | { readonly kind: 'change'; readonly change: Change }
  | { readonly kind: 'read'; readonly pk: string; readonly strong: boolean }
  | { readonly kind: 'readMany'; readonly pks: readonly string[] }
  | { readonly kind: 'list'; readonly account: string; readonly limit: number; readonly from?: string };

export type Answer = WriteResult | Item | undefined | readonly Item[] | readonly IndexEntry[];

/** A table refuses a request: what the port will throw. */
export class TableFault extends Error {
  constructor(public readonly fault: FaultKind, message: string) {
    super(message);
    this.name = 'TableFault';
  }
}

/** A simulated global table: every request takes effect at one moment, in the region where it arrived. */
export interface Table {
  /** `sentAt`: when the request left its sender. May throw a `TableFault`. */
  perform(request: Request, region: string, sentAt: number): Answer;
  /** Told of every write, for the checks that look at each step. */
  onWrite: (item: Item, region: string) => void;
  /** The streams: told of an item before and after a write, in the order of the item's writes; `replica`: in its stream alone. */
  onStream: (change: { readonly old?: Item; readonly new: Item }, replica?: string) => void;
}

/** What a table needs to know of the regions around it. */
export interface Surroundings {
  readonly nowMs: () => number;
  readonly chance: () => number;
  /** Whether a region gets a majority of the copies. */
  readonly hasQuorum: (region: string) => boolean;
  /** How far a region's eventual reads may lie behind. */
  readonly staleByMs: (region: string) => number;
  /** Whether a region is catching up after it was lost. */
  readonly catchingUp: (region: string) => boolean;
}

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
