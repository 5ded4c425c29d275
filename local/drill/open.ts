import { GetObjectCommand, NoSuchKey, S3Client } from '@aws-sdk/client-s3';
import type { DrillParts } from './calls';
import { plannedDrills } from './plans';
import { engineClientConfig } from '../engine/engine-http';
import type { CutoverFabric, FabricResource, Issuer, RegionHandle } from '../ground/model';

export interface OpenDrillsOptions {
  readonly resources: readonly FabricResource[];
  readonly regions: readonly RegionHandle[];
  readonly fabric?: CutoverFabric;
  readonly issuer?: Issuer;
}

/** The drills of the app, with what their buckets hold; undefined where it has none. */
export function openDrills(
  { resources, regions, fabric, issuer }: OpenDrillsOptions,
  closing: { add(step: () => Promise<void>): void },
): DrillParts | undefined {
  const drills = fabric ? plannedDrills(resources, fabric) : [];
  if (!fabric || drills.length === 0) return undefined;
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
