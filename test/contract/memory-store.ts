import { Change, Condition, IndexEntry, Item, LedgerStore, Path, Value, WriteResult } from '../../src/ledger/ports';

type Mutable = { [name: string]: Value };

/** The store's contract in memory, one copy: what the port-contract suite holds against real engines. */
export class MemoryStore implements LedgerStore {
  public readonly items = new Map<string, Item>();
  /** Items written since the start, creations and changes. */
  public writes = 0;
  public reads = 0;

  public create(item: Item): Promise<WriteResult> {
    const found = this.items.get(item.pk);
    if (found) return Promise.resolve({ kind: 'refused', found: structuredClone(found) });
    this.items.set(item.pk, structuredClone(item));
    this.writes += 1;
    return Promise.resolve({ kind: 'written' });
  }

  public change(change: Change): Promise<WriteResult> {
    const found = this.items.get(change.pk);
    if (!found) return Promise.resolve({ kind: 'refused' });
    if (!change.require.every((condition) => holds(found, condition))) return Promise.resolve({ kind: 'refused', found: structuredClone(found) });
    const item = structuredClone(found) as unknown as Mutable;
    for (const [path, value] of change.set ?? []) setAt(item, path, structuredClone(value));
    for (const [path, amount] of change.add ?? []) {
      const before = valueAt(found, path);
      if (typeof before !== 'number') throw new Error(`${change.pk}: ${path.join('.')} is no number to add to`);
      setAt(item, path, before + amount);
    }
    for (const path of change.remove ?? []) removeAt(item, path);
    this.items.set(change.pk, item as unknown as Item);
    this.writes += 1;
    return Promise.resolve({ kind: 'written' });
  }

  public read(pk: string): Promise<Item | undefined> {
    this.reads += 1;
    const found = this.items.get(pk);
    return Promise.resolve(found && structuredClone(found));
  }

  public async readMany(pks: readonly string[]): Promise<readonly Item[]> {
    const found = await Promise.all(pks.map((pk) => this.read(pk)));
    return found.filter((item): item is Item => item !== undefined);
  }

  public list(account: string, limit: number, from?: string): Promise<readonly IndexEntry[]> {
    const entries = [...this.items.values()]
      .filter((item) => item.acct === account && (from === undefined || (item.seq as string) <= from))
      .map((item) => ({ pk: item.pk, seq: item.seq as string }))
      .sort((one, other) => (one.seq < other.seq ? 1 : -1));
    return Promise.resolve(entries.slice(0, limit));
  }
}

function valueAt(item: Item, path: Path): Value | undefined {
  const [name, member] = path;
  const value = item[name] as Value | undefined;
  return member === undefined || value === undefined ? value : (value as Mutable)[member];
}

function setAt(item: Mutable, [name, member]: Path, value: Value): void {
  if (member === undefined) item[name] = value;
  else (item[name] as Mutable)[member] = value;
}

function removeAt(item: Mutable, [name, member]: Path): void {
  if (member === undefined) delete item[name];
  else delete (item[name] as Mutable)[member];
}

function holds(item: Item, condition: Condition): boolean {
  const value = valueAt(item, condition.path);
  switch (condition.test) {
    case 'absent': return value === undefined;
    case 'equals': return value === condition.value;
    case 'atLeast': return typeof value === 'number' && value >= condition.value;
    case 'below': return typeof value === 'number' && value < condition.value;
    case 'fewer': return typeof value === 'object' && Object.keys(value).length < condition.value;
  }
}
