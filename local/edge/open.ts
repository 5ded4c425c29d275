import { distributionOf } from './distribution';
import { startEdge, type Edge } from './edge';
import { Origins } from './origins';
import { copySite } from './site-files';
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
    prepare: () =>
      copySite(
        resources,
        (stack) => folders.get(stack)!,
        (region) => origins.client(region),
      ),
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
