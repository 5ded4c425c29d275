import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DocumentFabric } from './fabric';
import { commandsProgram } from '../ground/places';

/** What a backfill has come to, as the front door tells it. */
export interface BackfillState {
  readonly state: 'RUNNING' | 'DONE' | 'FAILED';
  readonly copied: number;
  readonly failed: number;
  readonly report?: {
    readonly equal: boolean;
    readonly differences: readonly { readonly key: string; readonly versionId: string; readonly why: string }[];
  };
  /** What the command said at its end, where it has compared nothing. */
  readonly why?: string;
}

/** The same with its way and its end, epoch milliseconds, for people. */
export interface BackfillSight extends BackfillState {
  readonly from: string;
  readonly to: string;
  readonly endedAt?: number;
}

/** Longest that one is waited for whose end is not asked for. */
const patienceMs = 30_000;

type BackfillEnd = Omit<BackfillState, 'copied' | 'failed'>;

/** Runs the package's own command `backfill` against the front door, one at a time. */
export class BackfillRun {
  private last?: { readonly from: string; readonly to: string; readonly over: Promise<void>; ended?: BackfillEnd; endedAt?: number };
  private child?: ChildProcess;

  constructor(
    private readonly fabric: DocumentFabric,
    private readonly url: string,
  ) {}

  /** False: one is running, or there are no documents. */
  public start(from: string, to: string): boolean {
    const bucket = this.fabric.bucketIn(from);
    if (!bucket || (this.last && !this.last.ended)) return false;
    const last: NonNullable<typeof this.last> = {
      from,
      to,
      over: this.command(bucket.name.split('-docs-')[0], from, to).then((ended) => {
        last.ended = ended;
        last.endedAt = Date.now();
      }),
    };
    this.last = last;
    return true;
  }

  /** Undefined: none was started. */
  public sight(): BackfillSight | undefined {
    const state = this.state();
    return state && { ...state, from: this.last!.from, to: this.last!.to, endedAt: this.last!.endedAt };
  }

  /** Has the regions compared where that was never done in this run. Waits for its end, but not for ever. */
  public async once(from: string, to: string): Promise<void> {
    if (!this.last) this.start(from, to);
    if (this.last) await Promise.race([this.last.over, sleep(patienceMs, undefined, { ref: false })]);
  }

  public close(): void {
    this.child?.kill();
  }

  private async command(systemName: string, from: string, to: string): Promise<BackfillEnd> {
    const folder = mkdtempSync(path.join(tmpdir(), 'backfill-'));
    const json = path.join(folder, 'result.json');
    const asked = ['--system', systemName, '--from', from, '--to', to, '--poll', '0.2', '--settle', '10', '--json', json];
    const child = spawn(
      process.execPath,
      [...commandsProgram(), 'backfill', ...asked, '--endpoint-url', `${this.url}/_local/aws/{region}`],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    this.child = child;
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said = `${said}${chunk.toString()}`.slice(-2_000);
    });
    await new Promise<void>((resolve) => {
      child.on('error', (error) => {
        said = error.message;
      });
      child.on('close', () => resolve());
    });
    const ended = endOf(json, said);
    rmSync(folder, { recursive: true, force: true });
    return ended;
  }

  /** Undefined: none was started. */
  public state(): BackfillState | undefined {
    if (!this.last) return undefined;
    const job = this.fabric.jobs.latest(this.last.from);
    return { copied: job?.succeeded ?? 0, failed: job?.failed ?? 0, ...(this.last.ended ?? { state: 'RUNNING' }) };
  }
}

function endOf(json: string, said: string): BackfillEnd {
  const why = said.trim().split('\n')[0];
  if (!existsSync(json)) return { state: 'FAILED', why };
  const { report } = JSON.parse(readFileSync(json, 'utf8')) as { report?: NonNullable<BackfillState['report']> };
  return report ? { state: 'DONE', report: { equal: report.equal, differences: report.differences } } : { state: 'FAILED', why };
}
