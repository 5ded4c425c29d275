import { Item } from '../../../src/ledger/ports';
import { changed } from '../../../tools/memory/item-changes';
import { Answer, Request } from '../tables/table';

/** All versions that an item has had so far, the latest last: an old one may be what an eventual read sees. */
type Versions = readonly Item[];

/** A table's contents: for each item the number of its versions' list. */
export type Contents = readonly number[];

/** What a request may come to: the table afterwards, and the answer. */
export interface Effect {
  readonly contents: Contents;
  readonly answer: Answer;
}

/** A table of few items whose states are numbers, so that millions of them can be remembered and compared. */
export class VersionedTable {
  /** Of an account an eventual read is asked for what never changes: the oldest version will do. */
  private readonly first = new Map<string, Item>();
  private readonly places = new Map<string, number>();
  private readonly lists: Versions[] = [[]];
  private readonly numbers = new Map<string, number>([['', 0]]);
  private readonly items = new Map<string, number>();

  /** @param remembered keys of items that eventual reads may see an old version of; of the others only the latest counts */
  constructor(private readonly remembered: (pk: string) => boolean) {}

  public begin(items: readonly Item[]): Contents {
    for (const item of items) this.first.set(item.pk, item);
    return items.reduce<Contents>((contents, item) => this.with(contents, item), []);
  }

  public latest(contents: Contents, pk: string): Item | undefined {
    return this.versions(contents, pk).at(-1);
  }

  public all(contents: Contents): readonly Item[] {
    return contents.flatMap((number) => this.lists[number].at(-1) ?? []);
  }

  /** Everything that a request can come to here: one thing, but for eventual reads. */
  public effects(contents: Contents, request: Request): readonly Effect[] {
    switch (request.kind) {
      case 'create':
        return [this.write(contents, request.item.pk, (found) => (found ? undefined : request.item))];
      case 'change':
        return [this.write(contents, request.change.pk, (found) => found && changed(found, request.change))];
      case 'read':
        return request.strong || !this.remembered(request.pk)
          ? [{ contents, answer: request.strong ? this.latest(contents, request.pk) : this.first.get(request.pk) }]
          : [undefined, ...this.versions(contents, request.pk)].map((answer) => ({ contents, answer }));
      case 'readMany':
        return [{ contents, answer: request.pks.flatMap((pk) => this.latest(contents, pk) ?? []) }];
      case 'list':
        throw new Error('the explorer has no index');
    }
  }

  private write(contents: Contents, pk: string, change: (found: Item | undefined) => Item | undefined): Effect {
    const found = this.latest(contents, pk);
    const item = change(found);
    if (!item) return { contents, answer: { kind: 'refused', ...(found ? { found } : {}) } };
    return { contents: this.with(contents, item), answer: { kind: 'written' } };
  }

  private versions(contents: Contents, pk: string): Versions {
    const place = this.places.get(pk);
    return place === undefined ? [] : this.lists[contents[place] ?? 0];
  }

  private with(contents: Contents, item: Item): Contents {
    const place = this.places.get(item.pk) ?? this.places.size;
    this.places.set(item.pk, place);
    // Its count of writes alone tells nothing.
    const plain = { ...item, version: 0 };
    const before = this.remembered(item.pk) ? this.versions(contents, item.pk) : [];
    const next = Array.from({ length: Math.max(contents.length, place + 1) }, (_, at) => contents[at] ?? 0);
    next[place] = this.numberOf([...before, plain]);
    return next;
  }

  private numberOf(versions: Versions): number {
    const key = versions.map((item) => this.itemNumber(item)).join();
    let number = this.numbers.get(key);
    if (number === undefined) {
      number = this.lists.length;
      this.lists.push(versions);
      this.numbers.set(key, number);
    }
    return number;
  }

  private itemNumber(item: Item): number {
    const text = JSON.stringify(item, (_, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
        : value,
    );
    const known = this.items.get(text) ?? this.items.size;
    this.items.set(text, known);
    return known;
  }
}
