import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve(__dirname, '../..');

/** A process as `ps` knows it; the start time tells it from a later one with the same ID. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly started: string;
  readonly command: string;
}

export function processes(): ProcessEntry[] {
  const rows = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,ppid=,pgid=,lstart=,args='], { encoding: 'utf8' }).split('\n');
  return rows.flatMap((row) => {
    const [, pid, parent, group, started, command] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\w+ +\w+ +\d+ [\d:]+ \d+)\s+(.*)$/.exec(row) ?? [];
    return pid ? [{ pid: Number(pid), parent: Number(parent), group: Number(group), started, command }] : [];
  });
}

/** `local/demo.ts` as a user starts it, with a temporary folder of its own to see what it leaves there. */
export class DemoProcess {
  readonly temp = realpathSync(mkdtempSync(path.join(tmpdir(), 'demo-test-')));
  readonly ended: Promise<number | null>;
  output = '';
  errors = '';
  private readonly child: ChildProcess;

  /** @param launch by itself, or as a user does: npm, the launcher and the run are three processes, or four with npm's shell */
  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}, launch: 'by itself' | 'by npm' = 'by itself') {
    const [program, ...before] =
      launch === 'by npm' ? ['npm', 'run', 'demo', '--'] : [process.execPath, '--import', 'tsx', path.join(root, 'local/demo.ts')];
    this.child = spawn(program, [...before, ...args], {
      cwd: root,
      env: { ...process.env, TMPDIR: this.temp, NODE_NO_WARNINGS: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout!.on('data', (chunk) => {
      this.output += chunk;
    });
    this.child.stderr!.on('data', (chunk) => {
      this.errors += chunk;
    });
    this.ended = new Promise((resolve) => this.child.once('close', resolve));
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Waits for a line of the output; fails when the demo ends before. */
  async line(pattern: RegExp, withinMs = 90_000): Promise<RegExpExecArray> {
    let over = false;
    void this.ended.then(() => {
      over = true;
    });
    const deadline = Date.now() + withinMs;
    for (;;) {
      const match = pattern.exec(this.output);
      if (match) return match;
      if (over || Date.now() > deadline) {
        throw new Error(`no line ${pattern} ${over ? 'before the demo ended' : `within ${withinMs} ms`}: ${this.output}${this.errors}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Waits until it takes requests; returns the front door's address. */
  async ready(): Promise<string> {
    return (await this.line(/payments API\s+(http:\S+)\/api\/v1/))[1];
  }

  /** The checks of the scenario that failed, each a line; a scenario that did not end is one. */
  failures(): string[] {
    const ended = /^smoke: \d+ passed, \d+ failed/m.test(this.output);
    return [
      ...this.output.split('\n').filter((line) => /^ +FAIL /.test(line)),
      ...(ended ? [] : [`the scenario did not end: ${this.output.slice(-2000)}`]),
    ];
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** The demo and everything below it. */
  tree(): ProcessEntry[] {
    const all = processes();
    const found = all.filter(({ pid }) => pid === this.pid);
    for (const entry of found) found.push(...all.filter(({ parent }) => parent === entry.pid));
    return found;
  }

  /** For `afterAll`: whatever a failed test left. */
  async discard(): Promise<void> {
    this.child.kill('SIGTERM');
    await Promise.race([this.ended, new Promise((resolve) => setTimeout(resolve, 10_000).unref())]);
    this.child.kill('SIGKILL');
    rmSync(this.temp, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Which of the processes live; waits a while for the last ones to go. */
export async function survivors(before: readonly ProcessEntry[], withinMs = 10_000): Promise<ProcessEntry[]> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const now = new Map(processes().map((entry) => [`${entry.pid} ${entry.started}`, entry]));
    const left = before.filter(
      ({ pid, started }) => now.get(`${pid} ${started}`) && !/<defunct>/.test(now.get(`${pid} ${started}`)!.command),
    );
    if (left.length === 0 || Date.now() > deadline) return left;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
