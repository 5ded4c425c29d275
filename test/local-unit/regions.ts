import { DynamoDBClient, CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { ControlPlanes } from '../../local/control-planes';
import { localCredentials } from '../../local/engine/credentials';
import { engineClientConfig } from '../../local/engine/engine-http';
import { emulatorPython } from '../../local/engine/python';
import { RegionProcess } from '../../local/engine/region';
import { Supervisor } from '../../local/engine/supervisor';
import { GlobalTablePlan, Links } from '../../local/ground/model';
import type { PassingCalls } from '../../local/ground/passing';
import { createJudge } from '../../local/iam';
import { EventFabric } from '../../local/observed';
import { EngineAddress, RegionProxy, createLinks, startRegionProxy } from '../../local/proxy';
import { GlobalTables, createGlobalTables } from '../../local/tables';
import { until } from '../waits';

export const accountId = '000000000000';

/** Two regions and the process of the strong copies, each with a real emulator, behind their proxies. */
export interface Regions {
  readonly names: readonly string[];
  readonly engines: ReadonlyMap<string, RegionProcess>;
  readonly proxies: ReadonlyMap<string, RegionProxy>;
  readonly links: Links;
  readonly tables: GlobalTables;
  readonly events: EventFabric;
  readonly controlPlanes: ControlPlanes;
  /** DynamoDB as the region's functions see it, but signed as the account root. */
  dynamodb(region: string): DynamoDBClient;
  /** The region's own engine, past the proxy. */
  engine(region: string): DynamoDBClient;
  /** A global table in every engine that it needs, under its rules. */
  addTable(plan: GlobalTablePlan): Promise<void>;
  close(): Promise<void>;
}

export const east = 'us-east-1';
export const west = 'us-west-2';
export const witness = 'us-east-2';

interface RegionsOptions {
  readonly lagMs?: number;
  readonly unreachableMs?: number;
  readonly minuteMs?: number;
  readonly passing?: PassingCalls;
}

export async function startRegions(options: RegionsOptions = {}): Promise<Regions> {
  const supervisor = await Supervisor.launch();
  const python = await emulatorPython({ supervisor, log: () => undefined });
  const names = [east, west];
  const engines = new Map<string, RegionProcess>();
  const directory = { engine: (region: string): EngineAddress | undefined => engines.get(region) };
  const links = createLinks([...names, witness], { lagMs: options.lagMs ?? 0 });
  const tables = createGlobalTables({ engines: directory, links });
  const judge = createJudge({ engines: directory, keepMs: 200 });
  const events = new EventFabric({ engines: directory, links, accountId, minuteMs: options.minuteMs ?? 5000 });
  const controlPlanes = new ControlPlanes({ engines: directory, accountId, events, log: () => undefined });
  const proxies = new Map<string, RegionProxy>();
  for (const region of names) {
    proxies.set(
      region,
      await startRegionProxy({
        region,
        engines: directory,
        links,
        tables,
        judge,
        services: controlPlanes.services,
        accountId,
        unreachableMs: options.unreachableMs,
        passing: options.passing,
      }),
    );
  }
  await Promise.all(
    [...names, witness].map(async (region) => {
      engines.set(
        region,
        await RegionProcess.start({ supervisor, python, region, processName: region, accountId, proxyPort: proxies.get(region)?.port }),
      );
    }),
  );
  const clients: DynamoDBClient[] = [];
  const kept = (made: DynamoDBClient): DynamoDBClient => {
    clients.push(made);
    return made;
  };
  const ofEngine = (region: string): DynamoDBClient =>
    kept(new DynamoDBClient({ ...engineClientConfig(engines.get(region)!, region), maxAttempts: 1 }));
  return {
    names,
    engines,
    proxies,
    links,
    tables,
    events,
    controlPlanes,
    dynamodb: (region) =>
      kept(
        new DynamoDBClient({
          region,
          endpoint: `http://127.0.0.1:${proxies.get(region)!.port}`,
          credentials: localCredentials,
          maxAttempts: 1,
        }),
      ),
    engine: ofEngine,
    addTable: async (plan) => {
      const places = plan.mode === 'STRONG' ? [...plan.replicas, plan.witness!] : plan.replicas;
      await Promise.all(places.map((region) => ofEngine(region).send(tableLike(plan.name))));
      await tables.add(plan);
    },
    close: async () => {
      clients.forEach((each) => each.destroy());
      for (const engine of engines.values()) await engine.start();
      await Promise.all([...proxies.values()].map((proxy) => proxy.close()));
      judge.close();
      controlPlanes.close();
      await events.close();
      await tables.close();
      await supervisor.close();
    },
  };
}

function tableLike(name: string): CreateTableCommand {
  return new CreateTableCommand({
    TableName: name,
    AttributeDefinitions: ['pk', 'owner'].map((attribute) => ({ AttributeName: attribute, AttributeType: 'S' as const })),
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
    GlobalSecondaryIndexes: [
      { IndexName: 'byOwner', KeySchema: [{ AttributeName: 'owner', KeyType: 'HASH' }], Projection: { ProjectionType: 'ALL' } },
    ],
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
  });
}

/** Asks until the answer is as wanted; fails after some seconds with the last answer. */
export async function eventually<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean, withinMs = 8_000): Promise<T> {
  let last: T | undefined;
  const look = async (): Promise<{ readonly answer: T } | undefined> => {
    const answer = await ask();
    last = answer;
    return wanted(answer) ? { answer } : undefined;
  };
  return (await until('the answer as wanted', look, { withinMs, everyMs: 20, beside: () => last })).answer;
}
