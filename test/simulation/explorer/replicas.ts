import { Change, Item, LedgerStore, WriteResult } from '../../../src/ledger/ports';
import { MemoryStore } from '../../../tools/memory/memory-store';

/** What must not be; anything else that is thrown is a fault of the exploration. */
export class Contradiction extends Error {}

/** How many of each item's versions, by the place of the item; what is not named is not there. */
export type Vector = readonly number[];

/** One region's items with all versions that it wrote: another region may have any of them, each item for itself. */
export class Replicas {
  private readonly memory = new MemoryStore();
  private readonly versions = new Map<string, Item[]>();

  /** @param items what there is before anything is written */
  constructor(items: Iterable<Item> = []) {
    for (const item of items) this.memory.items.set(item.pk, item);
  }

  public get store(): LedgerStore {
    const { memory } = this;
    return {
      create: (item) => this.noting(item.pk, memory.create(item)),
      change: (change: Change) => this.noting(change.pk, memory.change(change)),
      read: (pk) => memory.read(pk),
      readMany: (pks) => memory.readMany(pks),
      list: (account, limit, from) => memory.list(account, limit, from),
    };
  }

  private async noting(pk: string, write: Promise<WriteResult>): Promise<WriteResult> {
    const result = await write;
    if (result.kind === 'written') {
      const versions = this.versions.get(pk) ?? [];
      this.versions.set(pk, [...versions, this.memory.items.get(pk)!]);
    }
    return result;
  }

  private get keys(): readonly string[] {
    return [...this.versions.keys()];
  }

  /** All that was written so far. */
  public current(): Vector {
    return this.keys.map((pk) => this.versions.get(pk)!.length);
  }

  /** All sets of versions that come behind one of some and not behind the last one. */
  public between(since: readonly Vector[], last: Vector): readonly Vector[] {
    const least = minimal(since);
    let all: readonly Vector[] = [[]];
    for (const most of last) all = all.flatMap((some) => Array.from({ length: most + 1 }, (_, n) => [...some, n]));
    return all.filter((vector) => least.some((one) => isBehind(one, vector)));
  }

  private itemsAt(vector: Vector): readonly Item[] {
    return this.keys.flatMap((pk, place) => {
      const arrived = vector[place] ?? 0;
      return arrived === 0 ? [] : [this.versions.get(pk)![arrived - 1]];
    });
  }

  /** A region with these versions. */
  public at(vector: Vector): Replicas {
    return new Replicas(this.itemsAt(vector));
  }

  /** This region with all of its own, and these versions of another one's. */
  public with(other: Replicas, vector: Vector): Replicas {
    return new Replicas([...this.memory.items.values(), ...other.itemsAt(vector)]);
  }

  /** Whether some version of each item is there. */
  public hasAll(vector: Vector): boolean {
    return this.keys.every((_, place) => (vector[place] ?? 0) > 0);
  }

  /** This region as it is, and with all that another one had written in the epoch before. */
  public withLate(other: Replicas, written: Vector): Replicas {
    const items = new Map(this.memory.items);
    for (const item of other.itemsAt(written)) items.set(item.pk, item);
    return new Replicas(items.values());
  }

  public describe(vector: Vector): string {
    return this.keys.map((pk, place) => `${pk} ${vector[place] ?? 0}/${this.versions.get(pk)!.length}`).join(', ');
  }
}

/** Whether each item of one is there in the other, in that version or a later one. */
const isBehind = (one: Vector, other: Vector): boolean => one.every((version, place) => version <= (other[place] ?? 0));

function minimal(vectors: readonly Vector[]): readonly Vector[] {
  return vectors.filter((one) => !vectors.some((other) => other !== one && isBehind(other, one) && !isBehind(one, other)));
}
