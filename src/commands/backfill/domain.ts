import { backfillPrefix } from '../../documents/contract';
import { sha256 } from '../../kernel/digest';

/** One version of a document as S3 lists it, or the mark of its deletion. */
export interface DocumentSeen {
  readonly key: string;
  readonly versionId: string;
  readonly isDeletion: boolean;
  readonly size: number;
}

/** A version that is not the same in both regions, and why. */
export interface ParityDifference {
  readonly key: string;
  readonly versionId: string;
  readonly why: string;
}

/** What is below one first part of the keys, in one region. */
export interface PrefixCount {
  readonly prefix: string;
  readonly versions: number;
  readonly deletions: number;
  readonly bytes: number;
  /** SHA-256 over keys, version IDs and checksums, in their order. */
  readonly digest: string;
}

/** A version whose content may still differ: it is there in both, with the same size. */
export interface AlikeVersion {
  readonly key: string;
  readonly versionId: string;
}

/** What two lists come to, before contents are compared. */
export interface ListComparison {
  readonly differences: readonly ParityDifference[];
  readonly alike: readonly AlikeVersion[];
}

/** Lists and reports of backfills are no documents. */
export const isDocument = ({ key }: { readonly key: string }): boolean => !key.startsWith(backfillPrefix);

export const versionName = ({ key, versionId }: AlikeVersion): string => `${key}\n${versionId}`;

/** Compares what is listed in the region that is copied from with what is listed in the other one. */
export function compareLists(from: readonly DocumentSeen[], to: readonly DocumentSeen[]): ListComparison {
  const copies = new Map(to.filter(isDocument).map((one) => [versionName(one), one]));
  const differences: ParityDifference[] = [];
  const alike: AlikeVersion[] = [];
  for (const { key, versionId, isDeletion, size } of from.filter(isDocument)) {
    const copy = copies.get(versionName({ key, versionId }));
    copies.delete(versionName({ key, versionId }));
    if (!copy) {
      differences.push({ key, versionId, why: `the copy has not got this ${isDeletion ? 'delete marker' : 'version'}` });
    } else if (copy.isDeletion !== isDeletion) {
      differences.push({ key, versionId, why: 'one region has a delete marker, the other a version' });
    } else if (copy.size !== size) {
      differences.push({ key, versionId, why: `${size} bytes, and ${copy.size} in the copy` });
    } else if (!isDeletion) {
      alike.push({ key, versionId });
    }
  }
  for (const { key, versionId, isDeletion } of copies.values()) {
    differences.push({ key, versionId, why: `the copy alone has this ${isDeletion ? 'delete marker' : 'version'}` });
  }
  return { differences, alike };
}

/** What each first part of the keys holds. Checksums by `versionName`, where they are known. */
export function countByPrefix(seen: readonly DocumentSeen[], checksums: ReadonlyMap<string, string>): readonly PrefixCount[] {
  const prefixes = new Map<string, DocumentSeen[]>();
  for (const one of seen.filter(isDocument)) {
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
        .map((one) => `${versionName(one)}\n${checksums.get(versionName(one)) ?? ''}`)
        .sort()
        .join('\n'),
    ),
  }));
}
