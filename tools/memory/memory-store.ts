import { changed } from './item-changes';
import { Change, IndexEntry, Item, LedgerStore, WriteResult } from '../../src/ledger/ports';

/** The store's contract in memory, one copy: what the port-contract suite holds against real engines. */
export class MemoryStore implements LedgerStore {
  public readonly items = new Map<string, Item>();
  /** Items written since the start, creations and changes. */
  public writes = 0;
  public reads = 0;

  public create(item: Item): Promise<WriteResult> {
    const standing = this.items.get(item.pk);
    if (standing) return Promise.resolve({ kind: 'refused', found: structuredClone(standing) });
    this.items.set(item.pk, structuredClone(item));
    this.writes += 1;
    return Promise.resolve({ kind: 'written' });
  }

  public change(change: Change): Promise<WriteResult> {
    const standing = this.items.get(change.pk);
    if (!standing) return Promise.resolve({ kind: 'refused' });
    const item = changed(standing, structuredClone(change));
    if (!item) return Promise.resolve({ kind: 'refused', found: structuredClone(standing) });
    this.items.set(change.pk, item);
    this.writes += 1;
    return Promise.resolve({ kind: 'written' });
  }

  public read(pk: string): Promise<Item | undefined> {
    this.reads += 1;
    const item = this.items.get(pk);
    return Promise.resolve(item && structuredClone(item));
  }

  public async readMany(pks: readonly string[]): Promise<readonly Item[]> {
    if (new Set(pks).size !== pks.length) throw new Error('BatchGetItem refuses a key that is named twice');
    const values = await Promise.all(pks.map((pk) => this.read(pk)));
    return values.filter((item): item is Item => item !== undefined);
  }

  public list(account: string, limit: number, from?: string): Promise<readonly IndexEntry[]> {
    const entries = [...this.items.values()]
      .filter((item) => item.acct === account && (from === undefined || (item.seq as string) <= from))
      .map((item) => ({ pk: item.pk, seq: item.seq as string }))
      .sort((one, other) => (one.seq < other.seq ? 1 : -1));
    return Promise.resolve(entries.slice(0, limit));
  }
}
