import { Assembly } from './assembly/assembly';
import { resolveFabric, rewriteStack } from './assembly/rewrite';
import { synthesise } from './assembly/synthesise';
import { deployStacks, describeStack, makeAssetBuckets, ownOutputs, type DeployTarget } from './deploy/stacks';
import { makeTable, tableBlueprints } from './deploy/tables';
import { freePort, isPortTaken } from './engine/ports';
import { emulatorPython } from './engine/python';
import { RegionProcess } from './engine/region';
import { Supervisor } from './engine/supervisor';
import { LocalRunError } from './failure';
import type { DeployedStack, FabricResource } from './model';
import type { DemoOptions } from './options';

/** The whole system on this machine, from the emulators to the front door. */
export interface LocalRun {
  /** Address of the front door, without a trailing slash. */
  readonly url: string;
  readonly regions: readonly RegionProcess[];
  readonly stacks: readonly DeployedStack[];
  /** The run's temporary folder; gone after `stop`. */
  readonly folder: string;
  /** Processes whose memory counts as the run's; each leads a process group. */
  processIds(): number[];
  /** Ends everything and deletes the folder. Idempotent. */
  stop(): Promise<void>;
}

/** Process that holds the one copy of each STRONG table; nothing stops it. */
const homeProcess = 'home';
const accountId = '000000000000';

export async function startLocalRun(options: DemoOptions, log: (line: string) => void): Promise<LocalRun> {
  if (options.port !== 0 && await isPortTaken(options.port)) {
    throw new LocalRunError(`port ${options.port} on 127.0.0.1 is in use: end what listens there or give another --port`);
  }
  const python = await emulatorPython(log);
  const supervisor = await Supervisor.launch();
  try {
    return await compose(options, log, python, supervisor);
  } catch (error) {
    await supervisor.close();
    throw error;
  }
}

async function compose(options: DemoOptions, log: (line: string) => void, python: string, supervisor: Supervisor): Promise<LocalRun> {
  const directory = await synthesise({ supervisor, appDirectory: options.appDirectory, accountId, context: options.mode ? { mode: options.mode } : {} });
  const assembly = new Assembly(directory, accountId);
  const names = [...new Set([...assembly.plan.regions, ...assembly.plan.globalTables.flatMap((table) => table.replicas)])];
  const rewritten = assembly.stacks.map((stack) => {
    const result = rewriteStack(stack, accountId);
    assembly.replaceTemplate(stack, result.template);
    return result;
  });
  log(`synthesised ${assembly.stacks.length} stacks for ${names.join(', ')}`);
  const engines = new Map<string, RegionProcess>();
  await Promise.all([...names, homeProcess].map(async (name) => {
    const port = await freePort();
    engines.set(name, await RegionProcess.start({ supervisor, python, region: name === homeProcess ? 'us-east-2' : name, processName: name, accountId, enginePort: port, proxyPort: port }));
  }));
  log('emulators are ready');
  const home = engines.get(homeProcess)!;
  const targets = new Map<string, DeployTarget>(engines);
  await makeAssetBuckets(assembly, targets);
  const requests = tableBlueprints(assembly.plan, accountId);
  for (const table of assembly.plan.globalTables) {
    const { stack, request } = requests.get(table.name)!;
    for (const region of table.replicas) if (region !== stack.region) await makeTable({ region, enginePort: engines.get(region)!.enginePort }, request);
    if (table.mode === 'STRONG') await makeTable({ region: table.witness!, enginePort: home.enginePort }, request);
  }
  await deployStacks({ supervisor, assembly, targets, log });
  const stacks: DeployedStack[] = [];
  const fabric: FabricResource[] = [];
  for (const result of rewritten) {
    const { outputs, physicalIds } = await describeStack(result.stack, targets.get(result.stack.region)!);
    stacks.push({ name: result.stack.name, region: result.stack.region, physicalIds, outputs: ownOutputs(outputs) });
    fabric.push(...resolveFabric(result, outputs, physicalIds));
  }
  log(JSON.stringify(fabric, undefined, 1));
  return {
    url: '', regions: names.map((name) => engines.get(name)!), stacks, folder: supervisor.folder,
    processIds: () => [...engines.values()].map((engine) => engine.pid),
    stop: () => supervisor.close(),
  };
}
