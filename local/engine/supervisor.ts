import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';

export interface StartRequest {
  /** Unique in a run; also names the log file. */
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A process of the run, leader of its own process group. */
export interface SupervisedProcess {
  readonly pid: number;
  /** File with what the process printed, inside the run's folder. */
  readonly log: string;
  readonly ended: Promise<ProcessEnd>;
  /** Kills the process and its group. */
  kill(): void;
}

interface ManagedProcess {
  pid?: number;
  readonly log: string;
  readonly ended: Promise<ProcessEnd>;
  resolveEnd(end: ProcessEnd): void;
  resolveStart?: (pid: number) => void;
}

/** The parent's side of `supervisor-process.mjs`: closing it ends all processes and deletes the run's folder. */
export class Supervisor {
  /** Starts the supervisor and waits for the run's own temporary folder. */
  static async launch(): Promise<Supervisor> {
    // Its own session, so that a terminal's Ctrl-C reaches only the parent, which then closes the pipe.
    const child = spawn(process.execPath, [path.join(__dirname, 'supervisor-process.mjs')], {
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    const lines = createInterface({ input: child.stdout! });
    const folder = await new Promise<string>((resolve, reject) => {
      lines.once('line', (line) => resolve((JSON.parse(line) as { folder: string }).folder));
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`the local run's supervisor ended with ${code} before it was ready`)));
    });
    return new Supervisor(child, lines, folder);
  }

  private readonly entries = new Map<string, ManagedProcess>();
  private readonly exited: Promise<void>;

  private constructor(
    private readonly child: ChildProcess,
    lines: NodeJS.EventEmitter,
    readonly folder: string,
  ) {
    this.exited = new Promise((resolve) =>
      child.once('exit', () => {
        this.endAll();
        resolve();
      }),
    );
    child.stdin!.on('error', () => {});
    lines.on('line', (line: string) => this.receive(JSON.parse(line)));
    mkdirSync(path.join(folder, 'log'));
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Starts a process; rejects when it cannot be started at all. */
  async start(request: StartRequest): Promise<SupervisedProcess> {
    const log = path.join(this.folder, 'log', `${request.name}.log`);
    let resolveEnd!: (end: ProcessEnd) => void;
    const ended = new Promise<ProcessEnd>((resolve) => {
      resolveEnd = resolve;
    });
    const entry: ManagedProcess = { log, ended, resolveEnd };
    this.entries.set(request.name, entry);
    const pid = await new Promise<number>((resolve, reject) => {
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        reject(new Error(`${request.file} was not started: the run's supervisor has ended`));
      }
      entry.resolveStart = resolve;
      void ended.then((end) => reject(new Error(`${request.file} did not start: ${end.signal ?? end.code}`)));
      this.send({ start: request.name, file: request.file, args: request.args, env: request.env, cwd: request.cwd, log });
    });
    return { pid, log, ended, kill: () => this.send({ kill: request.name }) };
  }

  /** Ends every process, deletes the folder, and returns when both are done. */
  async close(): Promise<void> {
    this.child.stdin!.end();
    await this.exited;
  }

  /** Whatever the supervisor left when it was killed itself. */
  private endAll(): void {
    for (const entry of this.entries.values()) {
      try {
        if (entry.pid) process.kill(-entry.pid, 'SIGKILL');
      } catch {
        // It is gone.
      }
      entry.resolveEnd({ code: null, signal: 'SIGKILL' });
    }
  }

  private send(message: object): void {
    this.child.stdin!.write(`${JSON.stringify(message)}\n`);
  }

  private receive(message: { started?: string; pid?: number; ended?: string; code?: number | null; signal?: string | null }): void {
    const entry = this.entries.get(message.started ?? message.ended ?? '');
    if (message.started !== undefined && entry) {
      entry.pid = message.pid;
      entry.resolveStart?.(message.pid!);
    }
    if (message.ended !== undefined && entry) {
      entry.pid = undefined;
      entry.resolveEnd({ code: message.code ?? null, signal: message.signal ?? null });
    }
  }
}
