import {
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ResourceNotFoundException,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb';
import { DeleteAliasCommand, DescribeKeyCommand, KMSClient, NotFoundException, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms';
import { GetFunctionConfigurationCommand, LambdaClient, ResourceNotFoundException as FunctionNotFound } from '@aws-sdk/client-lambda';
import type { RemovalPorts } from './service';
import { clock } from '../../runtime/clock';
import { regionSettings, unlessAbsent } from '../account.aws';

/** What one client of each service is made with; `{region}` in the endpoint stands for the region's name. */
export interface ClientOptions {
  readonly endpointUrl?: string;
}

type AccountPorts = Omit<RemovalPorts, 'nowMs' | 'sleep' | 'say' | 'ask'>;

/** The account of the credentials that the SDK finds. */
export function removalAccount({ endpointUrl }: ClientOptions): AccountPorts & typeof clock {
  const settings = (region: string) => regionSettings(region, endpointUrl);
  const clients = new Map<string, unknown>();
  /** One client a region: each opens connections of its own. */
  const client = <T>(kind: string, region: string, make: () => T): T => {
    const key = `${kind} ${region}`;
    if (!clients.has(key)) clients.set(key, make());
    return clients.get(key) as T;
  };
  const dynamo = (region: string): DynamoDBClient => client('dynamodb', region, () => new DynamoDBClient(settings(region)));
  const kms = (region: string): KMSClient => client('kms', region, () => new KMSClient(settings(region)));
  const lambda = (region: string): LambdaClient => client('lambda', region, () => new LambdaClient(settings(region)));
  return {
    ...clock,
    describeTable: (region, TableName) =>
      unlessAbsent(ResourceNotFoundException, async () => {
        const { Table } = await dynamo(region).send(new DescribeTableCommand({ TableName }));
        const others = (Table?.Replicas ?? []).filter(
          ({ RegionName, ReplicaStatus }) => RegionName !== region && ReplicaStatus !== 'REGION_DISABLED',
        );
        return {
          status: Table?.TableStatus ?? 'unknown',
          deletionProtection: Table?.DeletionProtectionEnabled ?? false,
          items: Table?.ItemCount ?? 0,
          strong: Table?.MultiRegionConsistency === 'STRONG',
          replicas: others.map(({ RegionName }) => RegionName!),
          witnesses: (Table?.GlobalTableWitnesses ?? []).map(({ RegionName }) => RegionName!),
        };
      }),
    unprotectTable: async (region, TableName) => {
      await dynamo(region).send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: false }));
    },
    dissolve: async (region, TableName, replicas, witnesses) => {
      await dynamo(region).send(
        new UpdateTableCommand({
          TableName,
          ...(replicas.length === 0 ? {} : { ReplicaUpdates: replicas.map((RegionName) => ({ Delete: { RegionName } })) }),
          ...(witnesses.length === 0 ? {} : { GlobalTableWitnessUpdates: witnesses.map((RegionName) => ({ Delete: { RegionName } })) }),
        }),
      );
    },
    deleteTable: async (region, TableName) => {
      await dynamo(region).send(new DeleteTableCommand({ TableName }));
    },
    functionExists: async (region, FunctionName) => {
      const configuration = await unlessAbsent(FunctionNotFound, () =>
        lambda(region).send(new GetFunctionConfigurationCommand({ FunctionName })),
      );
      return configuration !== undefined;
    },
    // A key that waits for its deletion already is done with.
    keyOf: (region, alias) =>
      unlessAbsent(NotFoundException, async () => {
        const { KeyMetadata } = await kms(region).send(new DescribeKeyCommand({ KeyId: alias }));
        return KeyMetadata?.KeyState === 'PendingDeletion' ? undefined : KeyMetadata?.KeyId;
      }),
    scheduleKeyDeletion: async (region, KeyId, PendingWindowInDays) => {
      await kms(region).send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays }));
    },
    deleteAlias: async (region, AliasName) => {
      await kms(region).send(new DeleteAliasCommand({ AliasName }));
    },
  };
}
