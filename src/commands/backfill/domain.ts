import type { DocumentSeen, PrefixCount, StoredVersion, VersionId } from './model';
import { backfillPrefix } from '../../documents/contract';
import { sha256 } from '../../kernel/digest';

/** Lists and reports of backfills are no documents. */
export const isDocument = ({ key }: { readonly key: string }): boolean => !key.startsWith(backfillPrefix);

export const versionName = ({ key, versionId }: VersionId): string => `${key}\n${versionId}`;

/** Why a version is not the same in both regions; undefined when it is, also where both have lost it meanwhile. */
export function whyUnlike(from: StoredVersion | undefined, to: StoredVersion | undefined): string | undefined {
  const named = ({ isDeletion }: StoredVersion): string => (isDeletion ? 'delete marker' : 'version');
  if (!from) return to && `the copy alone has this ${named(to)}`;
  if (!to) return `the copy has not got this ${named(from)}`;
  if (from.isDeletion !== to.isDeletion) return 'one region has a delete marker, the other a version';
  if (from.size !== to.size) return `${from.size} bytes, and ${to.size} in the copy`;
  const isOther = from.checksum !== undefined && to.checksum !== undefined && from.checksum !== to.checksum;
  return isOther ? 'another checksum in the copy' : undefined;
}

const dayMs = 86_400_000;

/**
 * Names of the old versions that the lifecycle rule removes about now. S3 does so at another moment in each region, so what one has of them
 * and the other has not is no difference. An old version is old since the next one was written.
 */
export function expiringVersions(seen: readonly DocumentSeen[], nowMs: number, oldVersionDays: number | undefined): ReadonlySet<string> {
  const expiring = new Set<string>();
  if (oldVersionDays === undefined) return expiring;
  // A day before already: the listing takes its time.
  const oldSinceMs = nowMs - (oldVersionDays - 1) * dayMs;
  const byKey = new Map<string, DocumentSeen[]>();
  for (const one of seen) {
    const versions = byKey.get(one.key);
    if (versions) versions.push(one);
    else byKey.set(one.key, [one]);
  }
  for (const versions of byKey.values()) {
    versions.sort((one, other) => other.writtenAtMs - one.writtenAtMs || Number(other.isLatest) - Number(one.isLatest));
    let next = versions[0];
    let sinceMs = Infinity;
    for (const one of versions) {
      if (one.versionId !== next.versionId) [next, sinceMs] = [one, next.writtenAtMs];
      if (sinceMs <= oldSinceMs) expiring.add(versionName(one));
    }
  }
  return expiring;
}

/** What each first part of the keys holds. */
export function countByPrefix(stored: readonly StoredVersion[]): readonly PrefixCount[] {
  const prefixes = new Map<string, StoredVersion[]>();
  for (const one of stored) {
    const prefix = one.key.includes('/') ? one.key.slice(0, one.key.indexOf('/') + 1) : '';
    const versions = prefixes.get(prefix);
    if (versions) versions.push(one);
    else prefixes.set(prefix, [one]);
  }
  const named = [...prefixes].sort(([one], [other]) => (one < other ? -1 : 1));
  return named.map(([prefix, versions]) => ({
    prefix,
    versions: versions.filter(({ isDeletion }) => !isDeletion).length,
    deletions: versions.filter(({ isDeletion }) => isDeletion).length,
    bytes: versions.reduce((sum, { size }) => sum + size, 0),
    digest: sha256(
      versions
        .map((one) => `${versionName(one)}\n${one.checksum ?? ''}`)
        .sort()
        .join('\n'),
    ),
  }));
}
