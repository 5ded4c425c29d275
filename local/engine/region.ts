import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LocalRunError } from '../failure';
import type { RegionHandle, RegionState } from '../model';
import type { SupervisedProcess, Supervisor } from './supervisor';

export interface EngineOptions {
  readonly supervisor: Supervisor;
  readonly python: string;
  /** Region that the process stands for. */
  readonly region: string;
  /** Unique in the run; differs from the region for the process that holds the strong copies. */
  readonly processName: string;
  readonly accountId: string;
  readonly enginePort: number;
  /** Endpoint of the functions' calls. */
  readonly proxyPort: number;
  /** Added to what every function inherits. */
  readonly functionEnv?: Readonly<Record<string, string>>;
}

/** The key that the emulator takes for its root user: what the CDK CLI and the fabric sign with. Worth nothing elsewhere. */
export const localCredentials = { accessKeyId: 'test', secretAccessKey: 'test' } as const;

const readyWithinMs = 30_000;

/** One emulator process: a region, or the place of the strong copies. */
export class RegionProcess implements RegionHandle {
  static async start(options: EngineOptions): Promise<RegionProcess> {
    const temp = path.join(options.supervisor.folder, options.processName);
    await mkdir(temp, { recursive: true });
    const child = await options.supervisor.start({
      name: options.processName, file: options.python, args: ['-m', 'ministack'], cwd: temp, env: engineEnv(options, temp),
    });
    const region = new RegionProcess(options, child);
    await region.waitUntilReady();
    return region;
  }

  readonly name: string;
  readonly enginePort: number;
  readonly proxyPort: number;
  /** Settles when the process ends by itself or is killed. */
  readonly ended: Promise<void>;
  state: RegionState = 'running';
  lastStoppedAt?: number;
  lastResumedAt?: number;
  private readonly listeners: ((state: RegionState) => void)[] = [];

  private constructor(options: EngineOptions, private readonly child: SupervisedProcess) {
    this.name = options.region;
    this.enginePort = options.enginePort;
    this.proxyPort = options.proxyPort;
    this.ended = child.ended.then(() => {});
  }

  get pid(): number {
    return this.child.pid;
  }

  async stop(): Promise<void> {
    if (this.state === 'stopped') return;
    process.kill(-this.child.pid, 'SIGSTOP');
    this.lastStoppedAt = Date.now();
    this.change('stopped');
  }

  async start(): Promise<void> {
    if (this.state === 'running') return;
    process.kill(-this.child.pid, 'SIGCONT');
    this.lastResumedAt = Date.now();
    this.change('running');
  }

  onChange(listener: (state: RegionState) => void): void {
    this.listeners.push(listener);
  }

  private change(state: RegionState): void {
    this.state = state;
    for (const listener of this.listeners) listener(state);
  }

  private async waitUntilReady(): Promise<void> {
    let ended = false;
    void this.child.ended.then(() => { ended = true; });
    const deadline = Date.now() + readyWithinMs;
    while (!ended && Date.now() < deadline) {
      try {
        const answer = await fetch(`http://127.0.0.1:${this.enginePort}/_ministack/health`, { signal: AbortSignal.timeout(1000) });
        if (answer.ok) return;
      } catch {
        await sleep(50);
      }
    }
    const said = readFileSync(this.child.log, 'utf8').trim().split('\n').at(-1) ?? '';
    this.child.kill();
    throw new LocalRunError(`the emulator of ${this.name} ${ended ? 'ended' : `was not ready within ${readyWithinMs / 1000} s`} on port ${this.enginePort}: ${said || 'it printed nothing'}`);
  }
}

function engineEnv(options: EngineOptions, temp: string): Record<string, string | undefined> {
  const { HOME, LANG } = process.env;
  // Nothing else of the caller's environment: a real AWS profile or endpoint must not reach a function.
  return {
    // Functions run on the first `node` there: the lockfile's, which is Lambda's version.
    PATH: [path.resolve(__dirname, '../../node_modules/.bin'), process.env.PATH].join(path.delimiter),
    HOME,
    LANG,
    TMPDIR: temp,
    PYTHONDONTWRITEBYTECODE: '1',
    GATEWAY_PORT: String(options.enginePort),
    // Its default is every interface, and two of its side doors listen whatever this says.
    BIND_HOST: '127.0.0.1',
    IOT_MTLS_ENABLED: '0',
    SFTP_ENABLED: '0',
    MINISTACK_REGION: options.region,
    MINISTACK_ACCOUNT_ID: options.accountId,
    AWS_ACCESS_KEY_ID: localCredentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: localCredentials.secretAccessKey,
    AWS_ENDPOINT_URL: `http://127.0.0.1:${options.proxyPort}`,
    AUTH: 'true',
    LAMBDA_WARM_TTL_SECONDS: '10',
    // Some fifty functions are warm at once, and a young generation of the default size would cost each of them 15 MB.
    NODE_OPTIONS: '--max-semi-space-size=1',
    LOG_LEVEL: 'WARNING',
    ...options.functionEnv,
  };
}
