import { setTimeout as sleep } from 'node:timers/promises';
import type { Assembly } from './assembly/assembly';
import { prepareAssembly } from './assembly/prepare';
import { Canaries } from './canary/canaries';
import { plannedCanaries } from './canary/plans';
import { runScript } from './canary/script-run';
import { ControlPlanes } from './control-planes';
import { plannedMachine } from './cutover/plan';
import { Trickle } from './cutover/trickle';
import { openDashboards } from './dashboard/open';
import { deployAgain, deployAll } from './deploy/deploy';
import { startDns } from './dns/dns';
import { DocumentFabric } from './documents/fabric';
import { copyMeasures } from './documents/measures';
import { DocumentsApi } from './documents/s3-api';
import { openDrills } from './drill/open';
import type { Edge } from './edge/edge';
import { openEdge } from './edge/open';
import { Engines } from './engine/engines';
import { functionProcesses } from './engine/function-processes';
import { freePort, isPortTaken } from './engine/ports';
import { emulatorPython } from './engine/python';
import { runtimeModules } from './engine/runtime-modules';
import { Supervisor } from './engine/supervisor';
import { startFrontDoor } from './front-door/front-door';
import { LocalRunError } from './ground/failure';
import type { CutoverFabric, DeployedStack, FabricResource, FrontDoor, Issuer, Links, RegionHandle, StackPlan } from './ground/model';
import type { PassingCalls } from './ground/passing';
import { createJudge, type Judge } from './iam';
import { apiEndpoints } from './network/apis';
import { EventFabric } from './observed';
import { operatorOf, type Operate } from './operator';
import type { DemoOptions } from './options';
import { createLinks, startRegionProxy } from './proxy';
import { createGlobalTables, type GlobalTables } from './tables';
import { startDaemon } from './xray/daemon';

/** The whole system on this machine, from the emulators to the front door. */
export interface LocalRun {
  /** Address of the front door, without a trailing slash. */
  readonly url: string;
  /** Address of the edge, without a trailing slash; absent: the app has no distribution. */
  readonly edgeUrl?: string;
  readonly regions: readonly RegionHandle[];
  readonly links: Links;
  readonly stacks: readonly DeployedStack[];
  /** Asks something of the operator's function of a region; absent where no account has a home. */
  readonly operate?: Operate;
  /** State machines, approvals, mail; absent in an app without a state machine. */
  readonly cutover?: CutoverFabric;
  /**
   * Synthesises the app again and deploys it a second time while all goes on. The public name's records follow it; other resources that the
   * fabric stands in for stay as they were.
   */
  redeploy(context?: Readonly<Record<string, string>>): Promise<void>;
  /** Kills the processes of a function in a region, as when its host dies: what it was doing fails. False: there was none. */
  killFunction(region: string, functionName: string): boolean;
  /** Whether the front door gives tokens that the app's authorizer accepts. */
  readonly givesTokens: boolean;
  /** The run's temporary folder; gone after `stop`. */
  readonly folder: string;
  /** Settles with one line when an emulator ended that nobody had ended. */
  readonly failed: Promise<string>;
  /** Processes whose memory counts as the run's, this one too; the emulators' lead groups with their functions in them. */
  processIds(): number[];
  /** Ends everything and deletes the folder. Idempotent. */
  stop(): Promise<void>;
}

/** A minute on AWS is this long here, for what is measured in minutes. */
const defaultMinuteSeconds = 5;

/** Half of a home region's requests are a second one, in the home: fewer at once, so that none is too slow for who sent it on. */
const inFlightOf = ({ plan }: Assembly): number | undefined => (plan.globalTables.some(({ mode }) => mode === 'EVENTUAL') ? 4 : undefined);

/** The supervisor has killed everything long before. */
const closeWithinMs = 10_000;

/**
 * Synthesises the app, starts the emulators, deploys into them and opens the front door.
 *
 * @param log receives progress, one line each
 * @param signal ends a run that is still starting
 * @throws LocalRunError with one line when the user can mend it; nothing is left behind then
 */
export async function startLocalRun(options: DemoOptions, log: (line: string) => void, signal?: AbortSignal): Promise<LocalRun> {
  if (options.port !== 0 && (await isPortTaken(options.port))) {
    throw new LocalRunError(`port ${options.port} on 127.0.0.1 is in use: end what listens there, or choose another one with --port`);
  }
  const closing = new Closing();
  const supervisor = await Supervisor.launch();
  closing.add(() => supervisor.close());
  const composing = compose(options, log, supervisor, closing);
  const aborted = new Promise<never>((_, reject) => {
    const abort = (): void => reject(new LocalRunError('the start was ended'));
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([composing, aborted]);
  } catch (error) {
    composing.catch(() => {});
    await closing.run();
    throw error;
  }
}

async function compose(asked: DemoOptions, log: (line: string) => void, supervisor: Supervisor, closing: Closing): Promise<LocalRun> {
  const python = await emulatorPython({ supervisor, log, tools: asked.toolsFolder });
  // Links in mail name the front door, long before it is opened.
  const options = { ...asked, port: asked.port || (await freePort()) };
  const { appDirectory, stage, mode, transport } = options;
  const minuteMs = (options.minuteSeconds ?? defaultMinuteSeconds) * 1000;
  const preparing = { supervisor, appDirectory, stage, mode, transport, frontDoor: `http://127.0.0.1:${options.port}`, minuteMs, log };
  const prepared = await prepareAssembly({ ...preparing, context: options.context });
  const { assembly } = prepared;
  const { accountId } = assembly;
  const engines = new Engines({ supervisor, python, accountId, regions: regionsOf(assembly) });
  const links = createLinks([...engines.regions, ...witnessesOf(assembly)], { lagMs: options.lagMs });
  const { tables, judge, events, controlPlanes } = startFabric({ engines, links, accountId, minuteMs, log }, closing);
  const documents = openDocuments({ engines, links, events }, closing);
  const services = { ...controlPlanes.services, s3: new DocumentsApi(documents, accountId) };
  const declared = prepared.rewritten.flatMap(({ fabric }) => fabric.map(({ resource }) => resource));
  events.declare(declared);
  controlPlanes.declare(declared);
  documents.declare(declared);
  const modules = runtimeModules(supervisor.folder, appDirectory);
  const passing: PassingCalls = {};
  for (const region of engines.regions) {
    const own = { region, engines, links, tables, judge, events: events.calls, services, accountId, passing };
    const proxy = await startRegionProxy(own);
    closing.add(() => proxy.close());
    engines.useProxy(region, proxy.port);
    const daemon = await startDaemon(region, events.traces);
    closing.add(() => daemon.close());
    engines.useFunctionEnv(region, { ...daemon.functionEnv, NODE_PATH: modules }, daemon.nodeOptions);
  }
  await engines.start();
  log(`emulators of ${engines.regions.join(', ')} and of the strong copies run`);
  const { stacks, fabric: resources } = await deployAll({ supervisor, prepared, engines, tables, log });
  const regions = engines.handles().filter(({ name }) => regionsOfCallers(assembly).includes(name));
  await controlPlanes.useTemplates(resources);
  documents.useTemplates(resources);
  await events.open(resources, regions);
  const cutover = controlPlanes.cutover(prepared.approvers);
  const { issuer } = prepared;
  const parts = { options, assembly, regions, links, tables, resources, events, controlPlanes, documents, cutover, issuer, passing, log };
  const { frontDoor, edgeUrl } = await openDoors(parts, closing);
  const operator = operatorOf(resources, engines);
  closing.add(async () => operator?.close());
  log('the front door is open');
  if (cutover && plannedMachine(cutover) && prepared.issuer) await startTrickle(frontDoor, regions, prepared.issuer, minuteMs, closing);
  return {
    url: `http://127.0.0.1:${frontDoor.port}`,
    edgeUrl,
    regions,
    links,
    stacks,
    operate: operator?.operate,
    cutover,
    redeploy: async (more) => {
      const again = await prepareAssembly({
        ...preparing,
        context: { ...options.context, ...more },
        again: { before: prepared, folder: `cdk.out-${Date.now()}` },
      });
      await controlPlanes.useTemplates(await deployAgain({ supervisor, prepared: again, engines, log }));
    },
    killFunction: (region, name) =>
      functionProcesses(engines.pid(region) ?? -1, name).map((pid) => process.kill(pid, 'SIGKILL')).length > 0,
    givesTokens: prepared.issuer !== undefined,
    folder: supervisor.folder,
    failed: engines.failed,
    processIds: () => [process.pid, supervisor.pid, ...engines.processIds()],
    stop: () => closing.run(),
  };
}

interface FabricSettings {
  readonly engines: Engines;
  readonly links: Links;
  readonly accountId: string;
  readonly minuteMs: number;
  readonly log: (line: string) => void;
}

function startFabric(
  settings: FabricSettings,
  closing: Closing,
): { tables: GlobalTables; judge: Judge; events: EventFabric; controlPlanes: ControlPlanes } {
  const { engines, links } = settings;
  const events = new EventFabric(settings);
  closing.add(() => events.close());
  const tables = createGlobalTables({ engines, links, replicated: (...arrival) => events.replicated(...arrival) });
  closing.add(() => tables.close());
  const judge = createJudge({ engines });
  closing.add(async () => judge.close());
  const controlPlanes = new ControlPlanes({ ...settings, events });
  closing.add(async () => controlPlanes.close());
  return { tables, judge, events, controlPlanes };
}

function openDocuments({ engines, links, events }: DocumentParts, closing: Closing): DocumentFabric {
  const documents: DocumentFabric = new DocumentFabric({
    links,
    regionRuns: (region) => engines.engine(region)?.state === 'running',
    measures: copyMeasures(events.metrics, (name) => documents.bucket(name)?.region, Date.now),
  });
  closing.add(async () => documents.close());
  return documents;
}

interface DocumentParts {
  readonly engines: Engines;
  readonly links: Links;
  readonly events: EventFabric;
}

interface FrontDoorParts {
  readonly options: DemoOptions;
  readonly assembly: Assembly;
  readonly regions: readonly RegionHandle[];
  readonly links: Links;
  readonly tables: GlobalTables;
  readonly resources: readonly FabricResource[];
  readonly events: EventFabric;
  readonly controlPlanes: ControlPlanes;
  readonly documents: DocumentFabric;
  readonly cutover?: CutoverFabric;
  readonly passing: PassingCalls;
  readonly issuer: Awaited<ReturnType<typeof prepareAssembly>>['issuer'];
  readonly log: (line: string) => void;
}

/** The edge, and the front door that says where it is. */
async function openDoors(parts: FrontDoorParts, closing: Closing): Promise<{ readonly frontDoor: FrontDoor; readonly edgeUrl?: string }> {
  const { options, assembly, regions, resources, events } = parts;
  const edge = await openEdge({
    resources,
    regions,
    folders: new Map(assembly.stacks.map(({ name, folder }) => [name, folder])),
    accountId: assembly.accountId,
    frontDoorPort: options.port,
    port: options.edgePort ?? 0,
    store: events.metrics,
  });
  if (edge) closing.add(() => edge.close());
  return { frontDoor: await openFrontDoor(parts, edge, closing), edgeUrl: edge?.url };
}

async function openFrontDoor(parts: FrontDoorParts, edge: Edge | undefined, closing: Closing): Promise<FrontDoor> {
  const { options, regions, links, tables, resources, events, controlPlanes, documents, cutover, issuer, passing, log } = parts;
  const apis = apiEndpoints(resources);
  const dns = startDns({
    resources,
    regions,
    apis,
    records: controlPlanes.records,
    warn: log,
    alarmState: (region, name) => events.alarmState(region, name),
    publish: { everyMs: (options.minuteSeconds ?? defaultMinuteSeconds) * 500, put: (id, healthy) => events.checked(id, healthy) },
  });
  closing.add(async () => dns.close());
  controlPlanes.open(regions, dns);
  const canaries = openCanaries(parts, closing);
  const frontDoor = await startFrontDoor({
    port: options.port,
    regions,
    links,
    tables,
    dns,
    issuer,
    apis,
    inFlight: options.inFlight ?? inFlightOf(parts.assembly),
    observed: events,
    cutover,
    documents,
    edgeUrl: edge?.url,
    edge,
    drills: openDrills({ resources, regions, fabric: cutover, issuer, metrics: events.metrics }, closing),
    canaries,
    dashboards: openDashboards({ resources, apis, events, passing }, closing),
    passing,
  });
  closing.add(() => frontDoor.close());
  void canaries?.start();
  return frontDoor;
}

/** The app's canaries, which begin with the front door; undefined where it has none. */
function openCanaries({ options, assembly, regions, resources, events }: FrontDoorParts, closing: Closing): Canaries | undefined {
  const folders = new Map(assembly.stacks.map(({ name, folder }) => [name, folder]));
  const planned = plannedCanaries(resources, (stack) => folders.get(stack)!, `http://127.0.0.1:${options.port}`);
  if (planned.length === 0) return undefined;
  const canaries = new Canaries({
    canaries: planned,
    run: runScript,
    regionRuns: (region) => regions.find(({ name }) => name === region)?.state === 'running',
    store: events.metrics,
    minuteMs: events.minuteMs,
    nowMs: Date.now,
  });
  closing.add(async () => canaries.close());
  return canaries;
}

/** A cutover looks at what is replicated minute by minute: there must be something from the start. */
async function startTrickle(
  { port }: FrontDoor,
  regions: readonly RegionHandle[],
  issuer: Issuer,
  minuteMs: number,
  closing: Closing,
): Promise<void> {
  const trickle = new Trickle({ url: `http://127.0.0.1:${port}`, issuer, regions: regions.map(({ name }) => name) });
  closing.add(() => trickle.close());
  await trickle.passedFor(3 * minuteMs);
}

/** Regions with a stack or a replica. */
function regionsOf({ plan }: Assembly): string[] {
  return [...new Set([...plan.regions, ...plan.globalTables.flatMap((table) => table.replicas)])];
}

/**
 * A region that holds nothing but a copy of a strong table is like a witness: its links can be cut, but no caller is led to it. Nor is one
 * to a region that has the edge's stack alone, for an edge is in no region.
 */
function regionsOfCallers({ plan: { regions, stacks } }: Assembly): readonly string[] {
  const isEdge = ({ template }: StackPlan): boolean =>
    Object.values(template.Resources).some(({ Type }) => Type === 'AWS::CloudFront::Distribution');
  const others = regions.filter((name) => stacks.some((stack) => stack.region === name && !isEdge(stack)));
  return others.length > 0 ? others : regions;
}

function witnessesOf({ plan }: Assembly): string[] {
  return [...new Set(plan.globalTables.flatMap((table) => table.witness ?? []))];
}

/** What must be closed: all of it at once and even when one step fails, since a step may wait for an emulator that is frozen. */
class Closing {
  private readonly steps: (() => Promise<void>)[] = [];
  private done?: Promise<unknown>;

  add(step: () => Promise<void>): void {
    // Opened after the end began: closed at once.
    if (this.done) void step().catch(() => {});
    else this.steps.push(step);
  }

  async run(): Promise<void> {
    this.done ??= Promise.race([Promise.allSettled(this.steps.map((step) => step())), sleep(closeWithinMs, undefined, { ref: false })]);
    await this.done;
  }
}
