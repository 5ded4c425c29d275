import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { localCredentials } from './credentials';
import type { EngineSocket } from './engine-http';
import type { SupervisedProcess, Supervisor } from './supervisor';
import { LocalRunError } from '../ground/failure';
import type { RegionHandle, RegionState } from '../ground/model';
import { functionNodeFolder } from '../ground/places';

export interface EngineOptions {
  readonly supervisor: Supervisor;
  readonly python: string;
  /** Region that the process stands for. */
  readonly region: string;
  /** Unique in the run; differs from the region for the process that holds the strong copies. */
  readonly processName: string;
  readonly accountId: string;
  /** Endpoint of the functions' calls; absent: it has no functions. */
  readonly proxyPort?: number;
  /** Added to what every function inherits, and to the options of its Node. */
  readonly functionEnv?: Readonly<Record<string, string>>;
  readonly nodeOptions?: string;
}

const emulator = path.join(__dirname, 'emulator.py');
const smallHeap = path.join(__dirname, 'small-heap.cjs');
const readyWithinMs = 30_000;

/** One emulator process: a region, or the place of the strong copies. */
export class RegionProcess implements RegionHandle {
  static async start(options: EngineOptions): Promise<RegionProcess> {
    const temp = path.join(options.supervisor.folder, options.processName);
    await mkdir(temp, { recursive: true });
    const child = await options.supervisor.start({
      name: options.processName,
      file: options.python,
      args: [emulator],
      cwd: temp,
      env: engineEnv(options, temp, socketIn(options)),
    });
    const region = new RegionProcess(options, child);
    await region.waitUntilReady();
    return region;
  }

  readonly name: string;
  readonly engineSocket: string;
  readonly proxyPort: number;
  /** Settles when the process ends by itself or is killed. */
  readonly ended: Promise<void>;
  state: RegionState = 'running';
  lastStoppedAt?: number;
  lastResumedAt?: number;
  private readonly listeners: ((state: RegionState) => void)[] = [];

  private constructor(
    options: EngineOptions,
    private readonly child: SupervisedProcess,
  ) {
    this.name = options.region;
    this.engineSocket = socketIn(options);
    this.proxyPort = options.proxyPort ?? 0;
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
    void this.child.ended.then(() => {
      ended = true;
    });
    const deadline = Date.now() + readyWithinMs;
    while (!ended && Date.now() < deadline) {
      if (await isHealthy(this)) return;
      await sleep(50);
    }
    const said = readFileSync(this.child.log, 'utf8').trim().split('\n').at(-1) ?? '';
    this.child.kill();
    throw new LocalRunError(
      `the emulator of ${this.name} ${ended ? 'ended' : `was not ready within ${readyWithinMs / 1000} s`} on ${this.engineSocket}: ` +
        `${said || 'it printed nothing'}`,
    );
  }
}

/** Room for a socket's path on macOS, its last byte included; Linux has four more. */
const longestSocketPath = 104;

function socketIn({ supervisor, processName }: EngineOptions): string {
  const socket = path.join(supervisor.folder, `${processName}.sock`);
  if (Buffer.byteLength(socket) < longestSocketPath) return socket;
  throw new LocalRunError(
    `the emulators' sockets would be at ${socket}, which is longer than the ${longestSocketPath - 1} bytes that a socket's ` +
      `path may have: ` +
      'set TMPDIR to a folder with a shorter path',
  );
}

function isHealthy({ engineSocket }: EngineSocket): Promise<boolean> {
  return new Promise((resolve) => {
    const request = http.get({ socketPath: engineSocket, path: '/_ministack/health', timeout: 1000, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
  });
}

function engineEnv(options: EngineOptions, temp: string, socket: string): Record<string, string | undefined> {
  const { HOME, LANG } = process.env;
  // Nothing else of the caller's environment: a real AWS profile or endpoint must not reach a function.
  return {
    // Functions run on the first `node` there.
    PATH: [functionNodeFolder(), process.env.PATH].join(path.delimiter),
    HOME,
    LANG,
    TMPDIR: temp,
    PYTHONDONTWRITEBYTECODE: '1',
    EMULATOR_SOCKET: socket,
    // In addresses that it makes, as of a queue: they lead to the proxy.
    GATEWAY_PORT: String(options.proxyPort ?? 0),
    // Two of its side doors would listen on every interface.
    IOT_MTLS_ENABLED: '0',
    SFTP_ENABLED: '0',
    MINISTACK_REGION: options.region,
    MINISTACK_ACCOUNT_ID: options.accountId,
    AWS_ACCESS_KEY_ID: localCredentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: localCredentials.secretAccessKey,
    AWS_ENDPOINT_URL: `http://127.0.0.1:${options.proxyPort ?? 0}`,
    AUTH: 'true',
    LAMBDA_WARM_TTL_SECONDS: '10',
    // Some fifty functions are warm at once, and a young generation of the default size would cost each of them 15 MB.
    NODE_OPTIONS: `--max-semi-space-size=1 --require ${JSON.stringify(smallHeap)} ${options.nodeOptions ?? ''}`.trim(),
    // Of the C library: an arena for each thread, and freed memory kept, would cost each function another 3 MB, and the emulator more.
    MALLOC_ARENA_MAX: '1',
    MALLOC_TRIM_THRESHOLD_: '131072',
    LOG_LEVEL: 'WARNING',
    ...options.functionEnv,
  };
}
