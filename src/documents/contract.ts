/** Name of a region's bucket. The account makes it one of its own: names of buckets are one for all accounts. */
export function documentsBucketName(systemName: string, account: string, region: string): string {
  return `${systemName}-docs-${account}-${region}`;
}

/** Alias of the key that encrypts a region's documents, the same in every region. */
export function documentsKeyAlias(systemName: string): string {
  return `alias/${systemName}-documents`;
}

/** Name of the role with which S3 copies what is written in a region. Roles are one for all regions, so it has the region in it. */
export function copyRoleName(systemName: string, region: string): string {
  return `${systemName}-copy-${region}`;
}

/** Name of the role with which S3 copies what a region had before. */
export function backfillRoleName(systemName: string, region: string): string {
  return `${systemName}-backfill-${region}`;
}

/** Name of the rule that copies into a region: the dimension `RuleId` of its metrics. */
export function copyRuleName(to: string): string {
  return `to-${to}`;
}

/** What a backfill writes stands below this prefix of the bucket that it copies from. It is no document, and is not compared. */
export const backfillPrefix = '.backfill/';

/** Within so many minutes S3 promises to copy a new object: it takes no other number for Replication Time Control. */
export const copyMinutes = 15;

/**
 * Metrics of a rule, by `SourceBucket`, `DestinationBucket` and `RuleId`, each minute. Latency and bytes are published in the region that
 * is copied to, failures in the one that is copied from. Source: S3 user guide, "Using S3 Replication metrics", read on 29 November 2026.
 */
export const copyMetrics = {
  namespace: 'AWS/S3',
  latency: 'ReplicationLatency',
  bytesPending: 'BytesPendingReplication',
  failed: 'OperationsFailedReplication',
} as const;

/** From where to where documents are copied. */
export interface CopyDirection {
  readonly from: string;
  readonly to: string;
}

/** Every direction: from the first region to all others, or from each to each. */
export function copyDirections(regions: readonly string[], bothWays: boolean): readonly CopyDirection[] {
  return regions.flatMap((from, at) => (at > 0 && !bothWays ? [] : regions.filter((to) => to !== from).map((to) => ({ from, to }))));
}

/** Parameter, in the region that is copied to, in which a backfill says what its last comparison came to: JSON, `ParityRecord`. */
export function parityRecordName(systemName: string, { from, to }: CopyDirection): string {
  return `/${systemName}/documents/parity/${from}/${to}`;
}

/** What the last comparison of two regions' documents came to. */
export interface ParityRecord extends CopyDirection {
  /** When the comparison ended, ISO 8601. */
  readonly at: string;
  /** Versions in the region that is copied from. */
  readonly versions: number;
  readonly differences: number;
  /** Where the report is, and SHA-256 of it. */
  readonly report: string;
  readonly sha256: string;
}
