import { StoredBucket } from './model';

/** An item as one region's replica has it. */
export interface ReplicaItem {
  readonly pk: string;
  readonly version: number;
  /** Epoch milliseconds of its last write, by the clock of the region that wrote it. */
  readonly writtenAt: number;
  /** SHA-256 of its content in hex. */
  readonly digest: string;
}

/** What a region has of one bucket: how many items, and one number that changes with any of them. */
export interface Bucket {
  readonly count: number;
  readonly digest: string;
}

export type DifferenceKind =
  'missing in source' | 'missing in target' | 'older in source' | 'older in target' | 'same version, other content';

export interface ItemDifference {
  readonly pk: string;
  readonly kind: DifferenceKind;
  /** Written so lately that its replication may be under way. */
  readonly inFlight: boolean;
}

const hourMs = 3_600_000;
const monthMs = 30 * 24 * hourMs;
/** Hours that are told apart before the round: where most writes are. What is older differs seldom. */
const hoursApart = 14 * 24;
const bucketKeys = 2 ** 32;

/** Where an item is counted: in its hour, or in its month (negative) when it is old, so that a round under way stays small. */
export function bucketOf(item: Pick<ReplicaItem, 'writtenAt'>, sinceMs: number): number {
  const hour = Math.floor(item.writtenAt / hourMs);
  return hour >= Math.floor(sinceMs / hourMs) - hoursApart ? hour : -1 - Math.floor(item.writtenAt / monthMs);
}

/** Adds items up by bucket, one at a time: the order in which a replica gives them does not matter. */
export class BucketDigest {
  private readonly sums: Map<number, { count: number; high: number; low: number }>;

  /** @param sinceMs see `mayDiffer` */
  constructor(
    private readonly sinceMs: number,
    stored: readonly StoredBucket[] = [],
  ) {
    this.sums = new Map(stored.map(([number, count, high, low]) => [number, { count, high, low }]));
  }

  public add(item: ReplicaItem): void {
    const number = bucketOf(item, this.sinceMs);
    const bucket = this.sums.get(number) ?? { count: 0, high: 0, low: 0 };
    this.sums.set(number, {
      count: bucket.count + 1,
      // Sums, not exclusive ors: an item that is there twice must not cancel itself out.
      high: (bucket.high + parseInt(item.digest.slice(0, 8), 16)) % bucketKeys,
      low: (bucket.low + parseInt(item.digest.slice(8, 16), 16)) % bucketKeys,
    });
  }

  public toStored(): readonly StoredBucket[] {
    return [...this.sums].map(([number, { count, high, low }]) => [number, count, high, low]);
  }

  public buckets(): ReadonlyMap<number, Bucket> {
    const hex = (part: number): string => part.toString(16).padStart(8, '0');
    return new Map([...this.sums].map(([bucket, { count, high, low }]) => [bucket, { count, digest: hex(high) + hex(low) }]));
  }
}

/** Buckets of which the two regions have different items. */
export function differingBuckets(source: ReadonlyMap<number, Bucket>, target: ReadonlyMap<number, Bucket>): ReadonlySet<number> {
  return new Set(
    [...source.keys(), ...target.keys()].filter((bucket) => {
      const [here, there] = [source.get(bucket), target.get(bucket)];
      return here?.count !== there?.count || here?.digest !== there?.digest;
    }),
  );
}

/**
 * Whether an item must be compared by itself: its bucket differs, or it was written since then. A write takes an item into another bucket
 * between the readings of the two regions; dropped from one of them alone, it would seem missing there.
 */
export function mayDiffer(item: ReplicaItem, differing: ReadonlySet<number>, sinceMs: number): boolean {
  return differing.has(bucketOf(item, sinceMs)) || item.writtenAt >= sinceMs;
}

/** Compares items that may differ, one by one. */
export function compareItems(
  source: ReadonlyMap<string, ReplicaItem>,
  target: ReadonlyMap<string, ReplicaItem>,
  nowMs: number,
  settleMs: number,
): readonly ItemDifference[] {
  const differences: ItemDifference[] = [];
  for (const pk of new Set([...source.keys(), ...target.keys()])) {
    const kind = kindOf(source.get(pk), target.get(pk));
    if (!kind) continue;
    const writtenAt = Math.max(source.get(pk)?.writtenAt ?? 0, target.get(pk)?.writtenAt ?? 0);
    differences.push({ pk, kind, inFlight: nowMs - writtenAt < settleMs });
  }
  return differences;
}

function kindOf(source: ReplicaItem | undefined, target: ReplicaItem | undefined): DifferenceKind | undefined {
  if (!source) return 'missing in source';
  if (!target) return 'missing in target';
  if (source.version !== target.version) return source.version < target.version ? 'older in source' : 'older in target';
  return source.digest === target.digest ? undefined : 'same version, other content';
}

/** How the keys of accounts begin. */
export const accountPrefix = 'a#';

/** The account that an item's key names; undefined for any other item. */
export function accountOfKey(pk: string): { readonly tenant: string; readonly accountId: string } | undefined {
  const parts = /^a#([^#]+)#(.+?)(?:@\d+)?$/.exec(pk);
  return parts ? { tenant: decodeURIComponent(parts[1]), accountId: parts[2] } : undefined;
}
