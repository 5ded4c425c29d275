/**
 * The ledger's store in memory, with DynamoDB's price of every request: so that growth can be counted in virtual time, the same on any
 * machine.
 */
import { Change, IndexEntry, Item, LedgerStore, Value, WriteResult } from '../../../src/ledger/ports';
import { AccountIndex } from '../../memory/account-index';
import { changed } from '../../memory/item-changes';
import { noUsage, readUnitsOf, writeUnitsOf } from '../subjects/counting';

const isAccount = (item: Item | undefined): boolean => item?.kind === 'ACCOUNT';

export class MeteredStore implements LedgerStore {
  public readonly usage = noUsage();
  /** Writes of accounts, made or refused, and their units. */
  public readonly accounts = { writes: 0, units: 0 };
  private readonly items = new Map<string, Item>();
  private readonly index = new AccountIndex();

  /** @param onWrite called with each item as it is written */
  constructor(private readonly onWrite: (item: Item) => void = () => undefined) {}

  public create(item: Item): Promise<WriteResult> {
    const standing = this.items.get(item.pk);
    if (standing) return this.refused(standing);
    const own = structuredClone(item);
    this.items.set(item.pk, own);
    this.onWrite(own);
    this.index.add(item);
    if (item.acct !== undefined) this.usage.indexUnits += 1;
    return this.charged({ kind: 'written' }, item);
  }

  public change(change: Change): Promise<WriteResult> {
    const standing = this.items.get(change.pk);
    const item = standing && changed(standing, structuredClone(change));
    if (!item) return this.refused(standing);
    this.items.set(change.pk, item);
    this.onWrite(item);
    measureMaps(standing, item, change);
    // The larger of before and after; the index has keys alone, which never change.
    return this.charged({ kind: 'written' }, standing, item);
  }

  public read(pk: string, strong: boolean): Promise<Item | undefined> {
    this.usage.requests += 1;
    const item = this.items.get(pk);
    this.usage.readUnits += readUnitsOf(sizeOfItem(item)) * (strong ? 1 : 0.5);
    return Promise.resolve(item);
  }

  public readMany(pks: readonly string[]): Promise<readonly Item[]> {
    this.usage.requests += 1;
    const values = pks.map((pk) => this.items.get(pk));
    // Each item is rounded up for itself, and what is not there costs a unit too.
    for (const item of values) this.usage.readUnits += readUnitsOf(sizeOfItem(item));
    return Promise.resolve(values.filter((item): item is Item => item !== undefined));
  }

  public list(account: string, limit: number, from?: string): Promise<readonly IndexEntry[]> {
    this.usage.requests += 1;
    const entries = this.index.list(account, limit, from);
    // A query's items are rounded up together, and an index is read eventually.
    const bytes = entries.reduce((sum, { pk, seq }) => sum + sizeOfItem({ pk, seq, acct: account }), 0);
    this.usage.readUnits += readUnitsOf(bytes) / 2;
    return Promise.resolve(entries);
  }

  /** Has an item that replication brings, at no price: what it costs is charged with the write itself. */
  public arrive(item: Item): void {
    this.items.set(item.pk, item);
  }

  /** An item as it is, at no price. */
  public peek(pk: string): Item | undefined {
    return this.items.get(pk);
  }

  public all(): readonly Item[] {
    return [...this.items.values()];
  }

  /** A refused write costs as much as the item that refused it. */
  private refused(found: Item | undefined): Promise<WriteResult> {
    return this.charged({ kind: 'refused', ...(found ? { found } : {}) }, found);
  }

  private charged(result: WriteResult, ...items: readonly (Item | undefined)[]): Promise<WriteResult> {
    const units = Math.max(...items.map((item) => writeUnitsOf(sizeOfItem(item))));
    this.usage.requests += 1;
    this.usage.writeUnits += units;
    if (items.some(isAccount)) {
      this.accounts.writes += 1;
      this.accounts.units += units;
    }
    return Promise.resolve(result);
  }
}

/** Maps are never changed, only replaced: a large one is measured once. */
const measured = new WeakMap<object, number>();

/** Sizes of a change's maps by what it changes in them: an account's thousands of entries are not looked at again for one. */
function measureMaps(before: Item, after: Item, { set = [], remove = [] }: Change): void {
  const touched = new Map([...set.map(([path]) => path), ...remove].map((path) => [path.join(' '), path]));
  const sizes = new Map<object, number>();
  for (const [name, member] of touched.values()) {
    if (member === undefined) continue;
    const [old, now] = [before, after].map((item) => item[name] as Readonly<Record<string, Value>>);
    sizes.set(now, (sizes.get(now) ?? valueSize(old)) + memberSize(now, member) - memberSize(old, member));
  }
  for (const [map, size] of sizes) measured.set(map, size);
}

const memberSize = (map: Readonly<Record<string, Value>>, name: string): number =>
  name in map ? 1 + Buffer.byteLength(name) + valueSize(map[name]) : 0;

/** As `itemSize`, of an item as the ledger has it. */
export function sizeOfItem(item: Item | undefined): number {
  return item ? membersSize(item) : 0;
}

function membersSize(members: Readonly<Record<string, Value>>): number {
  let sum = 0;
  for (const name of Object.keys(members)) sum += Buffer.byteLength(name) + valueSize(members[name]);
  return sum;
}

function valueSize(value: Value): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value === 'number') return Math.ceil(String(value).replace(/[-.]/g, '').length / 2) + 1;
  if (typeof value === 'boolean') return 1;
  const known = measured.get(value);
  if (known !== undefined) return known;
  const size = Array.isArray(value)
    ? (value as readonly Value[]).reduce((sum: number, member) => sum + 1 + valueSize(member), 3)
    : 3 + Object.keys(value).length + membersSize(value as Readonly<Record<string, Value>>);
  measured.set(value, size);
  return size;
}
