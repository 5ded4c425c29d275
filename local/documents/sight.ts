import type { BackfillRun, BackfillSight } from './backfill-run';
import type { DocumentFabric } from './fabric';

/** What the buckets hold at one moment, and what the last backfill came to. */
export interface DocumentSight {
  readonly buckets: readonly { readonly region: string; readonly versions: number; readonly deletions: number; readonly bytes: number }[];
  /** Versions on their way. */
  readonly waiting: number;
  readonly backfill?: BackfillSight;
}

/** Undefined for an app without documents. */
export function documentSight(fabric: DocumentFabric, run: BackfillRun): DocumentSight | undefined {
  const buckets = fabric.buckets();
  if (buckets.length === 0) return undefined;
  return {
    buckets: buckets.map((bucket) => {
      const all = bucket.versions();
      const deletions = all.filter(({ isDeletion }) => isDeletion).length;
      return {
        region: bucket.region,
        versions: all.length - deletions,
        deletions,
        bytes: all.reduce((sum, { body }) => sum + body.length, 0),
      };
    }),
    waiting: fabric.copier.waiting,
    backfill: run.sight(),
  };
}
