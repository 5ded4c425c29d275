import { Answer, Request, Surroundings, Table, TableFault } from './table';
import { Item, WriteResult } from '../../../src/ledger/ports';
import { AccountIndex } from '../../../tools/memory/account-index';
import { changed } from '../../../tools/memory/item-changes';

interface Version {
  readonly item: Item;
  readonly at: number;
  readonly region: string;
}

const versionsKept = 6;
/** Writes of an item remembered, to tell which of them another one overlapped: more than are made while a request is under way. */
const writesKept = 200;
/** Not every overlap of two regions' writes ends in a conflict: some are put in order by the table. */
const conflictOnOverlap = 0.7;

/**
 * A global table with multi-region strong consistency: one latest version of each item, writes and strong reads need a quorum, a
 * write that overlaps another region's fails with a conflict, eventual reads are served by the region's own, older copy.
 */
export class StrongTable implements Table {
  public onWrite: Table['onWrite'] = () => undefined;
  /** The streams of all replicas have the same records. */
  public onStream: Table['onStream'] = () => undefined;
  public conflicts = 0;
  private readonly items = new Map<string, Version[]>();
  private readonly writes = new Map<string, { readonly at: number; readonly region: string }[]>();
  private readonly index = new AccountIndex();

  constructor(private readonly around: Surroundings) {}

  public perform(request: Request, region: string, sentAt: number): Answer {
    switch (request.kind) {
      case 'create':
        return this.write(request.item.pk, region, sentAt, (found) => (found ? undefined : request.item));
      case 'change':
        return this.write(request.change.pk, region, sentAt, (found) => found && changed(found, request.change));
      case 'read':
        return request.strong ? this.strongRead(request.pk, region) : this.eventualRead(request.pk, region);
      case 'readMany':
        return request.pks.flatMap((pk) => this.strongRead(pk, region) ?? []);
      case 'list':
        return this.index.list(request.account, request.limit, request.from);
    }
  }

  /** An item as it is now. */
  public peek(pk: string): Item | undefined {
    return this.items.get(pk)?.at(-1)?.item;
  }

  private write(pk: string, region: string, sentAt: number, change: (found: Item | undefined) => Item | undefined): WriteResult {
    this.needQuorum(region);
    const versions = this.items.get(pk) ?? [];
    const latest = versions[versions.length - 1] as Version | undefined;
    // Any write of another region since this one was sent, not the latest alone: so conflicts rise with load.
    if (this.overlaps(pk, region, sentAt) && this.around.chance() < conflictOnOverlap) {
      this.conflicts += 1;
      throw new TableFault('conflict', 'ReplicatedWriteConflictException');
    }
    const item = change(latest?.item);
    if (!item) return { kind: 'refused', ...(latest ? { found: latest.item } : {}) };
    if (!latest) this.items.set(pk, versions);
    // A fence has no place in the index; the claim that takes it over has.
    if (latest?.item.acct === undefined) this.index.add(item);
    versions.push({ item, at: this.around.nowMs(), region });
    if (versions.length > versionsKept) versions.shift();
    this.remember(pk, region);
    this.onWrite(item, region);
    this.onStream(latest ? { old: latest.item, new: item } : { new: item });
    return { kind: 'written' };
  }

  private overlaps(pk: string, region: string, sentAt: number): boolean {
    const writes = this.writes.get(pk) ?? [];
    for (let place = writes.length - 1; place >= 0 && writes[place].at > sentAt; place -= 1) {
      if (writes[place].region !== region) return true;
    }
    return false;
  }

  private remember(pk: string, region: string): void {
    const writes = this.writes.get(pk) ?? [];
    writes.push({ at: this.around.nowMs(), region });
    if (writes.length > 2 * writesKept) writes.splice(0, writesKept);
    this.writes.set(pk, writes);
  }

  private strongRead(pk: string, region: string): Item | undefined {
    this.needQuorum(region);
    const versions = this.items.get(pk);
    return versions?.[versions.length - 1].item;
  }

  private eventualRead(pk: string, region: string): Item | undefined {
    const versions = this.items.get(pk) ?? [];
    const upTo = this.around.nowMs() - this.around.staleByMs(region) * this.around.chance();
    for (let at = versions.length - 1; at >= 0; at -= 1) {
      if (versions[at].at <= upTo || versions[at].region === region) return versions[at].item;
    }
    return undefined;
  }

  private needQuorum(region: string): void {
    if (!this.around.hasQuorum(region)) throw new TableFault('unknown', 'no quorum: the region reaches no other copy');
    if (this.around.catchingUp(region)) throw new TableFault('unknown', 'the region is catching up');
  }
}
