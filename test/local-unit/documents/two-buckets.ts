import { DocumentFabric } from '../../../local/documents/fabric';
import type { FabricResource } from '../../../local/ground/model';

export const east = 'acme-docs-111122223333-us-east-1';
export const west = 'acme-docs-111122223333-us-west-2';
export const lagMs = 30;

export const bucketOf = (name: string, region: string, properties: object = {}): FabricResource => ({
  stack: `stack-${region}`,
  region,
  logicalId: 'Bucket',
  type: 'AWS::S3::Bucket',
  properties: { BucketName: name, VersioningConfiguration: { Status: 'Enabled' }, ...properties },
});

export const ruleTo = (destination: string, copiesDeletions = true) => ({
  id: `to-${destination}`,
  isEnabled: true,
  destination,
  copiesDeletions,
  prefix: '',
});

/** Two buckets in two regions, with a clock that the test turns. */
export function twoBuckets() {
  const measured: string[] = [];
  const state = { now: 1_000, isCut: false, stopped: new Set<string>() };
  const fabric = new DocumentFabric({
    links: { get: (from, to) => ({ from, to, lagMs, partitioned: state.isCut }) },
    regionRuns: (region) => !state.stopped.has(region),
    nowMs: () => state.now,
    measures: {
      waiting: (from, rule, seconds, bytes) => measured.push(`${from.region} ${rule.id} ${seconds} s ${bytes} bytes`),
      failed: (from, rule) => measured.push(`${from.region} ${rule.id} failed`),
    },
  });
  fabric.declare([bucketOf(east, 'us-east-1'), bucketOf(west, 'us-west-2')]);
  return {
    fabric,
    state,
    measured,
    /** Lets time pass, in steps, so that what becomes due is copied. */
    pass: (ms: number): void => {
      for (const end = state.now + ms; state.now < end;) {
        state.now = Math.min(end, state.now + 10);
        fabric.copier.turn();
      }
    },
    ids: (name: string): string[] =>
      fabric
        .bucket(name)!
        .versions()
        .map(({ key, versionId, isDeletion }) => `${key} ${versionId} ${isDeletion}`),
  };
}
