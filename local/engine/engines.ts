import { RegionProcess } from './region';
import type { Supervisor } from './supervisor';
import type { RegionHandle } from '../ground/model';

export interface EnginesOptions {
  readonly supervisor: Supervisor;
  readonly python: string;
  readonly accountId: string;
  readonly regions: readonly string[];
}

/** Key of the process that holds the strong copies; no region has this name. */
export const strongHome = 'home';

/** The emulator processes of a run: one per region, and one for the strong copies that nothing stops. */
export class Engines {
  readonly regions: readonly string[];
  /** Settles with one line when a process ends by itself. */
  readonly failed: Promise<string>;
  private fail!: (line: string) => void;
  private readonly processes = new Map<string, RegionProcess>();
  private readonly proxyPorts = new Map<string, number>();
  private readonly functionEnvs = new Map<string, { readonly env: Readonly<Record<string, string>>; readonly nodeOptions: string }>();

  constructor(private readonly options: EnginesOptions) {
    this.regions = options.regions;
    this.failed = new Promise((resolve) => {
      this.fail = resolve;
    });
  }

  /** Endpoint of a region's functions; to be told before `start`. */
  useProxy(region: string, port: number): void {
    this.proxyPorts.set(region, port);
  }

  /** What a region's functions inherit besides; to be told before `start`. */
  useFunctionEnv(region: string, env: Readonly<Record<string, string>>, nodeOptions: string): void {
    this.functionEnvs.set(region, { env, nodeOptions });
  }

  async start(): Promise<void> {
    await Promise.all(
      [...this.regions, strongHome].map(async (key) => {
        const engine = await this.launch(key);
        this.processes.set(key, engine);
        void engine.ended.then(() => this.fail(`the emulator of ${key === strongHome ? 'the strong copies' : key} ended by itself`));
      }),
    );
  }

  /** The process of a region, or of the strong copies; undefined for a region that is not part of the run, or not yet. */
  engine(key: string): RegionHandle | undefined {
    return this.processes.get(key);
  }

  /** The regions, without the process of the strong copies: that one is never stopped. */
  handles(): RegionHandle[] {
    return this.regions.map((region) => this.processes.get(region)!);
  }

  /** Leader of a region's process group. */
  pid(key: string): number | undefined {
    return this.processes.get(key)?.pid;
  }

  processIds(): number[] {
    return [...this.processes.values()].map((process) => process.pid);
  }

  private launch(key: string): Promise<RegionProcess> {
    const { supervisor, python, accountId } = this.options;
    return RegionProcess.start({
      supervisor,
      python,
      accountId,
      // Data is kept by the region of a request's signature, so this is only the default.
      region: key === strongHome ? this.regions[0] : key,
      proxyPort: this.proxyPorts.get(key),
      functionEnv: this.functionEnvs.get(key)?.env,
      nodeOptions: this.functionEnvs.get(key)?.nodeOptions,
      processName: key,
    });
  }
}
