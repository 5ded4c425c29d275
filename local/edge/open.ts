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

/** Copies the site into each region that has not got it yet: one that is lost does not hold up the others. */
function siteCopies(resources: readonly FabricResource[], folders: ReadonlyMap<string, string>, origins: Origins): () => Promise<void> {
  const missing = new Set(resources.filter(({ type }) => type === siteCopyType).map(({ region }) => region));
  return async () => {
    const tried = await Promise.allSettled(
      [...missing].map(async (region) => {
        await copySite(
          resources.filter((one) => one.region === region),
          (stack) => folders.get(stack)!,
          (name) => origins.client(name),
        );
        missing.delete(region);
      }),
    );
    const failed = tried.find((one): one is PromiseRejectedResult => one.status === 'rejected');
    if (failed) throw failed.reason;
  };
}

/** The edge of the templates' distribution; undefined where there is none. The site is copied when somebody first asks. */
export async function openEdge(options: OpenEdgeOptions): Promise<Edge | undefined> {
  const { resources, regions, folders, accountId, frontDoorPort, port, store } = options;
  const distribution = distributionOf(resources, accountId);
  if (!distribution) return undefined;
  const apiNames = apiEndpoints(resources).flatMap(({ domains }) => domains.map(({ name }) => name));
  const origins = new Origins({ regions, resources, apiNames, frontDoorPort, distributionArn: distribution.arn });
  const edge = await startEdge({
    distribution,
    origins,
    port,
    prepare: siteCopies(resources, folders, origins),
    count: (name, value) =>
      store.put(
        { region: metricRegion, namespace: 'AWS/CloudFront', name, dimensions: { DistributionId: distribution.id, Region: 'Global' } },
        value,
        Date.now(),
      ),
  });
  return {
    url: edge.url,
    close: async () => {
      origins.close();
      await edge.close();
    },
  };
}
