import { GetObjectCommand, NoSuchKey, S3Client } from '@aws-sdk/client-s3';
import type { DrillParts } from './calls';
import { plannedDrills } from './plans';
import { apiMetrics } from '../../src/api/contract';
import type { DrillPlan } from '../../src/drill/contract';
import { meshMetrics } from '../../src/events/contract';
import { systemMetrics } from '../../src/kernel/system-metrics';
import { ledgerMetrics } from '../../src/ledger/contract';
import { engineClientConfig } from '../engine/engine-http';
import type { CutoverFabric, FabricResource, Issuer, RegionHandle } from '../ground/model';
import type { MetricId, MetricStore } from '../metrics/store';

export interface OpenDrillsOptions {
  readonly resources: readonly FabricResource[];
  readonly regions: readonly RegionHandle[];
  readonly fabric?: CutoverFabric;
  readonly issuer?: Issuer;
  /** Keeps what a drill asks for at its end. */
  readonly metrics: Pick<MetricStore, 'want'>;
}

/** A drill here takes some minutes. */
const keptMs = 1_800_000;

/** The drills of the app, with what their buckets hold; undefined where it has none. */
export function openDrills(
  { resources, regions, fabric, issuer, metrics }: OpenDrillsOptions,
  closing: { add(step: () => Promise<void>): void },
): DrillParts | undefined {
  const drills = fabric ? plannedDrills(resources, fabric) : [];
  if (!fabric || drills.length === 0) return undefined;
  for (const { plan } of drills) {
    for (const metric of metricsOf(plan)) metrics.want(metric, keptMs);
  }
  const clients = new Map<string, S3Client>();
  closing.add(async () => clients.forEach((client) => client.destroy()));
  const clientOf = (region: string): S3Client => {
    const handle = regions.find(({ name }) => name === region)!;
    const client = clients.get(region) ?? new S3Client({ ...engineClientConfig(handle, region), forcePathStyle: true, maxAttempts: 1 });
    clients.set(region, client);
    return client;
  };
  return {
    drills,
    fabric,
    issuer,
    object: async (region, bucket, key) => {
      try {
        const { Body } = await clientOf(region).send(new GetObjectCommand({ Bucket: bucket, Key: key }));
        return await Body!.transformToString();
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw error;
      }
    },
  };
}

/** What a drill adds up over the whole of its time. */
function metricsOf({ systemName, regions }: DrillPlan): MetricId[] {
  const { namespace, systemDimension, regionDimension } = systemMetrics;
  return regions.flatMap((region) => {
    const own = { region, namespace, dimensions: { [systemDimension]: systemName, [regionDimension]: region } };
    const peers = regions.filter((peer) => peer !== region);
    return [
      { ...own, name: apiMetrics.unhealthy },
      { ...own, name: ledgerMetrics.writeConflicts },
      { ...own, name: meshMetrics.eventsPublished },
      ...peers.map((peer) => ({
        ...own,
        name: meshMetrics.probeLatency,
        dimensions: { ...own.dimensions, [meshMetrics.peerDimension]: peer },
      })),
    ];
  });
}
