import { Answer, Request, Table } from './table';
import { Item, WriteResult } from '../../../src/ledger/ports';
import { AccountIndex } from '../../../tools/memory/account-index';
import { changed } from '../../../tools/memory/item-changes';

interface Copy {
  readonly item: Item;
  readonly stamp: number;
  readonly region: string;
}

interface Replica {
  readonly items: Map<string, Copy>;
  readonly index: AccountIndex;
}

/** What replication needs: clocks of the regions, and links that delay or hold back. */
export interface Replication {
  /** The region's own clock, by which its writes are stamped. */
  readonly clockMs: (region: string) => number;
  /** Carries one item to another region, now or much later; items overtake each other. */
  readonly carry: (from: string, to: string, deliver: () => void) => void;
}

/**
 * A global table with multi-region eventual consistency: each region judges conditions on its own copy; the write with the later
 * stamp wins, item by item, and the loser leaves no trace. Items arrive in no order.
 */
export class EventualTable implements Table {
  public onWrite: Table['onWrite'] = () => undefined;
  /** Every change of a replica, its own or replicated, is in the replica's stream; what was replicated may stand for several writes. */
  public onStream: Table['onStream'] = () => undefined;
  /** Writes of a region that were overwritten by another region's without having been seen there. */
  public overwritten = 0;
  private readonly replicas: ReadonlyMap<string, Replica>;

  constructor(
    regions: readonly string[],
    private readonly replication: Replication,
  ) {
    this.replicas = new Map(regions.map((region) => [region, { items: new Map<string, Copy>(), index: new AccountIndex() }]));
  }

  public perform(request: Request, region: string): Answer {
    const { items, index } = this.replicas.get(region)!;
    const read = (pk: string): Item | undefined => items.get(pk)?.item;
    switch (request.kind) {
      case 'create':
        return this.write(request.item.pk, region, (found) => (found ? undefined : request.item));
      case 'change':
        return this.write(request.change.pk, region, (found) => found && changed(found, request.change));
      case 'read':
        return read(request.pk);
      case 'readMany':
        return request.pks.flatMap((pk) => read(pk) ?? []);
      case 'list':
        return index.list(request.account, request.limit, request.from);
    }
  }

  /** An item as a region's replica has it now. */
  public peek(region: string, pk: string): Item | undefined {
    return this.replicas.get(region)!.items.get(pk)?.item;
  }

  /** A region's items as they are now. */
  public *items(region: string): Iterable<Item> {
    for (const { item } of this.replicas.get(region)!.items.values()) yield item;
  }

  private write(pk: string, region: string, change: (found: Item | undefined) => Item | undefined): WriteResult {
    const found = this.replicas.get(region)!.items.get(pk);
    const item = change(found?.item);
    if (!item) return { kind: 'refused', ...(found ? { found: found.item } : {}) };
    const copy: Copy = { item, stamp: Math.max(this.replication.clockMs(region), (found?.stamp ?? 0) + 1), region };
    this.put(region, copy);
    this.onWrite(item, region);
    for (const other of this.replicas.keys()) {
      if (other !== region) this.replication.carry(region, other, () => this.arrive(other, copy, found));
    }
    return { kind: 'written' };
  }

  private arrive(region: string, copy: Copy, based: Copy | undefined): void {
    const here = this.replicas.get(region)!.items.get(copy.item.pk);
    const later = !here || copy.stamp > here.stamp || (copy.stamp === here.stamp && copy.region > here.region);
    if (here && here.region !== copy.region && here !== based && here.stamp >= (based?.stamp ?? 0)) this.overwritten += 1;
    if (later) this.put(region, copy);
  }

  private put(region: string, copy: Copy): void {
    const replica = this.replicas.get(region)!;
    const old = replica.items.get(copy.item.pk)?.item;
    if (!old) replica.index.add(copy.item);
    replica.items.set(copy.item.pk, copy);
    this.onStream(old ? { old, new: copy.item } : { new: copy.item }, region);
  }
}
