import { Change, ChangeFeed } from './change-feed';
import { PendingChange, ReplicaCopy } from './replica-copy';
import { TableNetwork } from './strong-table';
import { GlobalTablePlan, TableStatus } from '../ground/model';
import { placeOf } from '../network/network';

/** When and where an item's version was written: the later one wins, and for the same moment the region's name decides. */
export interface Version {
  readonly at: number;
  readonly region: string;
}

export function wins(challenger: Version, holder: Version | undefined): boolean {
  if (!holder) return true;
  return challenger.at !== holder.at ? challenger.at > holder.at : challenger.region >= holder.region;
}

/**
 * A global table with eventual consistency: every replica takes writes on its own copy, and follows the others through
 * their streams with the link's lag; the last writer of an item wins everywhere.
 */
export class EventualTable {
  private readonly feeds: Map<string, ChangeFeed>;
  private readonly ways: { readonly from: string; readonly to: string; readonly copy: ReplicaCopy }[] = [];
  /** By replica: the version of each item that it holds. */
  private readonly versions = new Map<string, Map<string, Version>>();
  /** By replica: replicated images that its stream is about to show, by item. */
  private readonly echoes = new Map<string, Map<string, string[]>>();
  private readonly turns = new Map<string, Promise<boolean>>();

  public constructor(
    private readonly plan: GlobalTablePlan,
    private readonly network: TableNetwork,
  ) {
    this.feeds = new Map(
      plan.replicas.map((region) => [
        region,
        new ChangeFeed(network.client, placeOf(region), plan.name, (changes) => changes.forEach((change) => this.receive(region, change))),
      ]),
    );
    for (const from of plan.replicas) {
      this.versions.set(from, new Map());
      this.echoes.set(from, new Map());
      for (const to of plan.replicas) {
        this.ways.push({ from, to, copy: new ReplicaCopy({ lagMs: () => this.lagMs(from, to), write: (batch) => this.write(to, batch) }) });
      }
    }
  }

  public async open(): Promise<void> {
    await Promise.all([...this.feeds.values()].map((feed) => feed.open()));
  }

  /** Says that the region's own copy was written. */
  public wrote(region: string): void {
    this.feeds.get(region)?.nudge();
  }

  public status(now: number): TableStatus {
    return {
      name: this.plan.name,
      mode: 'HOME_REGION',
      replicationLagMs: Math.max(0, ...this.ways.map((way) => way.copy.behindMs(now))),
      conflicts: 0,
    };
  }

  public async close(): Promise<void> {
    await Promise.all([...this.ways.map((way) => way.copy.close()), ...[...this.feeds.values()].map((feed) => feed.close())]);
  }

  /** A region that is lost takes along what it had not sent, until it comes back. */
  private lagMs(from: string, to: string): number | undefined {
    const { engines, links } = this.network;
    if (engines.engine(from)?.state === 'stopped' || engines.engine(to)?.state === 'stopped') return undefined;
    const link = links.get(from, to);
    return link.partitioned ? undefined : link.lagMs;
  }

  private receive(region: string, change: Change): void {
    const echoes = this.echoes.get(region)!;
    const expected = echoes.get(change.id);
    const echo = expected?.indexOf(imageText(change.image)) ?? -1;
    if (echo >= 0) {
      expected!.splice(echo, 1);
      if (!expected!.length) echoes.delete(change.id);
      return;
    }
    const version = { at: change.at, region };
    const versions = this.versions.get(region)!;
    // A later write of another region has come over it in the meantime.
    if (!wins(version, versions.get(change.id))) return;
    versions.set(change.id, version);
    for (const way of this.ways) {
      // Its own copy too when a replicated write may have overtaken this one there: the same image again changes nothing.
      if (way.from === region && (way.to !== region || expected)) way.copy.push([{ ...change, origin: region }]);
    }
  }

  private async write(to: string, batch: readonly PendingChange[]): Promise<boolean> {
    const written = await Promise.all(
      batch.map((change) =>
        this.inTurn(`${to} ${change.id}`, async () => {
          const version = { at: change.at, region: change.origin! };
          const arrived = !wins(version, this.versions.get(to)!.get(change.id)) || (await this.writeOne(to, change, version));
          if (arrived && to !== change.origin) this.network.replicated?.(this.plan.name, change.origin!, to, Date.now() - change.at);
          return arrived;
        }),
      ),
    );
    return written.every(Boolean);
  }

  /** Two regions' writes of one item come to a third, or back to their own, one after the other: who wins is then known. */
  private async inTurn(item: string, work: () => Promise<boolean>): Promise<boolean> {
    const mine = (this.turns.get(item) ?? Promise.resolve()).then(work, work);
    this.turns.set(item, mine);
    try {
      return await mine;
    } finally {
      if (this.turns.get(item) === mine) this.turns.delete(item);
    }
  }

  private async writeOne(to: string, change: PendingChange, version: Version): Promise<boolean> {
    const text = imageText(change.image);
    const echoes = this.echoes.get(to)!;
    echoes.set(change.id, [...(echoes.get(change.id) ?? []), text]);
    const answer = await this.network.client.dynamodb(placeOf(to), change.image ? 'PutItem' : 'DeleteItem', {
      TableName: this.plan.name,
      ...(change.image ? { Item: change.image } : { Key: change.key }),
      ReturnValues: 'ALL_OLD',
    });
    const before = answer.status === 200 ? (JSON.parse(answer.body.toString()) as { Attributes?: Change['image'] }).Attributes : undefined;
    if (answer.status !== 200 || imageText(before) === text) {
      // Nothing changed, so the stream will not show it.
      const left = (echoes.get(change.id) ?? []).filter((each) => each !== text);
      if (left.length) echoes.set(change.id, left);
      else echoes.delete(change.id);
    }
    if (answer.status !== 200) return false;
    const versions = this.versions.get(to)!;
    // Its own stream may have told of a later write meanwhile.
    if (wins(version, versions.get(change.id))) versions.set(change.id, version);
    this.feeds.get(to)!.nudge();
    return true;
  }
}

/** An image as text that does not depend on the order of attributes. */
function imageText(image: Change['image']): string {
  return image ? JSON.stringify(sorted(image)) : '';
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, part]) => [name, sorted(part)]),
  );
}
