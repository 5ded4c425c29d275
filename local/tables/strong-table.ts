import { DynamoAnswer, internalServerError, replicatedWriteConflict } from './answer';
import { Change, ChangeFeed } from './change-feed';
import { inboundLagMs, nearestMember } from './members';
import { TableUse } from './operations';
import { PendingChange, ReplicaCopy } from './replica-copy';
import { WritesInFlight } from './write-conflicts';
import { GlobalTablePlan, Links, TableStatus } from '../ground/model';
import { EngineClient } from '../network/engine-client';
import { EngineDirectory, Place, placeOf, sleep } from '../network/network';

export interface TableNetwork {
  readonly client: EngineClient;
  readonly engines: EngineDirectory;
  readonly links: Links;
  /** Told of each item that has come to another region of an eventually consistent table, and how long that took. */
  readonly replicated?: (table: string, from: string, to: string, latencyMs: number) => void;
}

const isolated =
  'the region reaches no other replica or witness of the global table, so that neither a write nor a strongly consistent read ' +
  'can be served';

/**
 * A global table with multi-region strong consistency. The one copy that writes and strongly consistent reads go to is in
 * `home`, a process that never stops; every replica's own copy follows it for eventual reads, indexes and the stream.
 */
export class StrongTable {
  private readonly members: readonly string[];
  private readonly inFlight = new WritesInFlight();
  private readonly origins = new Map<string, string>();
  private readonly feed: ChangeFeed;
  private readonly copies: Map<string, ReplicaCopy>;
  private conflicts = 0;

  public constructor(
    private readonly plan: GlobalTablePlan,
    private readonly home: Place,
    private readonly network: TableNetwork,
  ) {
    this.members = plan.witness ? [...plan.replicas, plan.witness] : plan.replicas;
    this.copies = new Map(
      plan.replicas.map((region) => [
        region,
        new ReplicaCopy({
          lagMs: (origin) => inboundLagMs(region, this.members, network.links, network.engines, origin),
          write: (batch) => this.write(region, batch),
        }),
      ]),
    );
    this.feed = new ChangeFeed(network.client, home, plan.name, (changes) => this.receive(changes));
  }

  public open(): Promise<void> {
    return this.feed.open();
  }

  /** Whether calls in this region are under the table's rules. */
  public covers(region: string): boolean {
    return this.plan.replicas.includes(region);
  }

  /** A write or a strongly consistent read that enters in `region`. The body may only name this table and others with the same home. */
  public async call(region: string, operation: string, uses: readonly TableUse[], body: Buffer): Promise<DynamoAnswer> {
    const path = nearestMember(region, this.members, this.network.links, this.network.engines);
    if (!path) return internalServerError(isolated);
    const items = uses
      .filter((use) => use.kind === 'write' && use.table === this.plan.name)
      .flatMap((use) => use.items)
      .map((item) => this.feed.id(item));
    const end = this.inFlight.begin(region, items);
    if (!end) {
      this.conflicts += 1;
      await lag(path.outMs + path.backMs);
      return replicatedWriteConflict();
    }
    try {
      await lag(path.outMs);
      if (!this.reached(region)) return internalServerError(isolated);
      for (const item of items) this.origins.set(item, region);
      const answer = await this.network.client.dynamodb(this.home, operation, body);
      end();
      if (items.length) this.feed.nudge();
      await lag(path.backMs);
      // Cut off after the commit: the write holds, and its region cannot know.
      if (!this.reached(region)) return internalServerError(isolated);
      return { status: answer.status, headers: contentHeaders(answer.headers), body: answer.body };
    } finally {
      end();
    }
  }

  /** Partition keys that a use names, as the condition key `dynamodb:LeadingKeys` has them. */
  public leadingKeys(use: TableUse): string[] | undefined {
    const name = this.feed.keyNames[0];
    const values = use.items.flatMap((item) => Object.values((item[name] ?? {}) as Record<string, unknown>)).map(String);
    return values.length ? [...new Set(values)] : undefined;
  }

  public status(now: number): TableStatus {
    return {
      name: this.plan.name,
      mode: 'STRONG',
      replicationLagMs: Math.max(0, ...[...this.copies.values()].map((copy) => copy.behindMs(now))),
      conflicts: this.conflicts,
    };
  }

  public async close(): Promise<void> {
    await Promise.all([this.feed.close(), ...[...this.copies.values()].map((copy) => copy.close())]);
  }

  private reached(region: string): boolean {
    return nearestMember(region, this.members, this.network.links, this.network.engines) !== undefined;
  }

  private receive(changes: readonly Change[]): void {
    const pending = changes.map((change) => ({ ...change, origin: this.origins.get(change.id) }));
    for (const copy of this.copies.values()) copy.push(pending);
    for (const change of changes) this.origins.delete(change.id);
  }

  private async write(region: string, batch: readonly PendingChange[]): Promise<boolean> {
    const requests = batch.map((change) =>
      change.image ? { PutRequest: { Item: change.image } } : { DeleteRequest: { Key: change.key } },
    );
    const answer = await this.network.client.dynamodb(placeOf(region), 'BatchWriteItem', { RequestItems: { [this.plan.name]: requests } });
    return answer.status === 200;
  }
}

async function lag(ms: number): Promise<void> {
  if (ms > 0) await sleep(ms);
}

function contentHeaders(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of ['content-type', 'x-amzn-requestid', 'x-amz-crc32']) {
    const value = headers[name];
    if (typeof value === 'string') kept[name] = value;
  }
  return kept;
}
