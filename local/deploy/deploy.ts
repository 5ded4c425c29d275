import type { PreparedAssembly } from '../assembly/prepare';
import { resolveFabric } from '../assembly/rewrite';
import { strongHome, type Engines } from '../engine/engines';
import type { Supervisor } from '../engine/supervisor';
import type { DeployedStack, FabricResource, GlobalTablePlan } from '../ground/model';
import type { GlobalTables } from '../tables';
import { deployStacks, describeStack, makeAssetBuckets, ownOutputs, type DeployTarget } from './stacks';
import { makeTable, tableBlueprints } from './tables';

export interface DeployAllOptions {
  readonly supervisor: Supervisor;
  readonly prepared: PreparedAssembly;
  readonly engines: Engines;
  readonly tables: GlobalTables;
  readonly log: (line: string) => void;
}

interface Deployed {
  readonly stacks: DeployedStack[];
  readonly fabric: FabricResource[];
}

/** Makes what must be there beforehand, deploys every stack, and puts the global tables under their rules. */
export async function deployAll(options: DeployAllOptions): Promise<Deployed> {
  const { supervisor, prepared, engines, log } = options;
  const targets = new Map<string, DeployTarget>(engines.handles().map((handle) => [handle.name, handle]));
  options.tables.declare(prepared.assembly.plan.globalTables);
  await Promise.all([makeAssetBuckets(prepared.assembly, targets), makeReplicas(options)]);
  await deployStacks({ supervisor, assembly: prepared.assembly, targets, log });
  for (const table of prepared.assembly.plan.globalTables) {
    await options.tables.add(table, { engine: strongHome, region: homeRegion(table) });
  }
  return describeAll(prepared, targets);
}

/** Deploys an assembly over an earlier one of the same stacks. Returns what the fabric has to know now. */
export async function deployAgain({ supervisor, prepared, engines, log }: Omit<DeployAllOptions, 'tables'>): Promise<FabricResource[]> {
  const targets = new Map<string, DeployTarget>(engines.handles().map((handle) => [handle.name, handle]));
  await deployStacks({ supervisor, assembly: prepared.assembly, targets, log });
  return (await describeAll(prepared, targets)).fabric;
}

async function describeAll(prepared: PreparedAssembly, targets: ReadonlyMap<string, DeployTarget>): Promise<Deployed> {
  const stacks: DeployedStack[] = [];
  const fabric: FabricResource[] = [];
  for (const rewritten of prepared.rewritten) {
    const { name, region } = rewritten.stack;
    const { outputs, physicalIds } = await describeStack(rewritten.stack, targets.get(region)!);
    stacks.push({ name, region, physicalIds, outputs: ownOutputs(outputs) });
    fabric.push(...resolveFabric(rewritten, outputs, physicalIds));
  }
  return { stacks, fabric };
}

/** The template makes a global table in its own stack's region alone: here its replicas elsewhere, and the strong copy. */
async function makeReplicas({ prepared, engines }: DeployAllOptions): Promise<void> {
  const { plan, accountId } = prepared.assembly;
  const blueprints = tableBlueprints(plan, accountId);
  await Promise.all(
    plan.globalTables.flatMap((table) => {
      const { stack, request } = blueprints.get(table.name)!;
      const places = table.replicas.filter((region) => region !== stack.region).map((region) => ({ engine: region, region }));
      if (table.mode === 'STRONG') places.push({ engine: strongHome, region: homeRegion(table) });
      return places.map(({ engine, region }) => makeTable({ region, engineSocket: engines.engine(engine)!.engineSocket }, request));
    }),
  );
}

/** Region under which the process of the strong copies keeps a table. */
function homeRegion(table: GlobalTablePlan): string {
  return table.witness ?? table.replicas[0];
}
