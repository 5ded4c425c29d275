import type { S3Client } from '@aws-sdk/client-s3';
import { distributionOf } from './distribution';
import { startEdge, type Edge } from './edge';
import { Origins } from './origins';
import { copySite } from './site-files';
import { siteCopyType } from '../assembly/site-copies';
import type { FabricResource, RegionHandle } from '../ground/model';
import type { MetricStore } from '../metrics/store';
import { apiEndpoints } from '../network/apis';

export interface OpenEdgeOptions {
  readonly resources: readonly FabricResource[];
  readonly regions: readonly RegionHandle[];
  /** Folder of the assembly by stack, in which the site's files are. */
  readonly folders: ReadonlyMap<string, string>;
  readonly accountId: string;
  readonly frontDoorPort: number;
  readonly port: number;
  readonly store: Pick<MetricStore, 'put'>;
}

/** CloudFront's metrics are in this region, under this name for all. */
const metricRegion = 'us-east-1';

/** Copies the site into each region that has not got it yet: one that is lost does not hold up the others, nor the request that asked. */
export function siteCopies(
  { resources, regions, folders }: Pick<OpenEdgeOptions, 'resources' | 'regions' | 'folders'>,
  client: (region: string) => S3Client | undefined,
): () => Promise<void> {
  const missing = new Set(resources.filter(({ type }) => type === siteCopyType).map(({ region }) => region));
  const copyInto = async (region: string): Promise<void> => {
    const state = regions.find(({ name }) => name === region)?.state ?? 'running';
    // A request to a region that is lost would wait for its answer.
    if (state !== 'running') throw new Error(`${region} is ${state}`);
    await copySite(
      resources.filter((one) => one.region === region),
      (stack) => folders.get(stack)!,
      client,
    );
    missing.delete(region);
  };
  return async () => {
    const tried = await Promise.allSettled([...missing].map(copyInto));
    const failed = tried.find((one): one is PromiseRejectedResult => one.status === 'rejected');
    if (failed) throw failed.reason;
  };
}

/** The edge of the templates' distribution; undefined where there is none. The site is copied when somebody first asks. */
export async function openEdge(options: OpenEdgeOptions): Promise<Edge | undefined> {
  const { resources, regions, accountId, frontDoorPort, port, store } = options;
  const distribution = distributionOf(resources, accountId);
  if (!distribution) return undefined;
  const apiNames = apiEndpoints(resources).flatMap(({ domains }) => domains.map(({ name }) => name));
  const origins = new Origins({ regions, resources, apiNames, frontDoorPort, distributionArn: distribution.arn });
  const edge = await startEdge({
    distribution,
    origins,
    port,
    prepare: siteCopies(options, (region) => origins.client(region)),
    count: (name, value) =>
      store.put(
        { region: metricRegion, namespace: 'AWS/CloudFront', name, dimensions: { DistributionId: distribution.id, Region: 'Global' } },
        value,
        Date.now(),
      ),
  });
  return {
    url: edge.url,
    sight: edge.sight,
    close: async () => {
      origins.close();
      await edge.close();
    },
  };
}
