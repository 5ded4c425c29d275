import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
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

/** Runs the package's own command `backfill` against the front door, one at a time. */
export class BackfillRun {
  private last?: { readonly from: string; ended?: Omit<BackfillState, 'copied' | 'failed'> };

  constructor(
    private readonly fabric: DocumentFabric,
    private readonly url: string,
  ) {}

  /** False: one is running. */
  public start(from: string, to: string): boolean {
    if (this.last && !this.last.ended) return false;
    const last: NonNullable<typeof this.last> = { from };
    this.last = last;
    const folder = mkdtempSync(path.join(tmpdir(), 'backfill-'));
    const json = path.join(folder, 'result.json');
    const systemName = this.fabric.bucketIn(from)!.name.split('-docs-')[0];
    const child = spawn(
      process.execPath,
      [
        ...commandsProgram(),
        ...['backfill', '--system', systemName, '--from', from, '--to', to, '--poll', '0.2', '--settle', '10', '--json', json],
        ...['--endpoint-url', `${this.url}/_local/aws/{region}`],
      ],
      // The front door signs anew: these keys say nothing.
      { env: { ...process.env, AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' }, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said = `${said}${chunk.toString()}`.slice(-2_000);
    });
    child.on('error', (error) => {
      said = error.message;
    });
    child.on('close', () => {
      last.ended = endOf(json, said);
      rmSync(folder, { recursive: true, force: true });
    });
    return true;
  }

  /** Undefined: none was started. */
  public state(): BackfillState | undefined {
    if (!this.last) return undefined;
    const job = this.fabric.jobs.latest(this.last.from);
    return { copied: job?.succeeded ?? 0, failed: job?.failed ?? 0, ...(this.last.ended ?? { state: 'RUNNING' }) };
  }
}

function endOf(json: string, said: string): Omit<BackfillState, 'copied' | 'failed'> {
  const why = said.trim().split('\n')[0];
  if (!existsSync(json)) return { state: 'FAILED', why };
  const { report } = JSON.parse(readFileSync(json, 'utf8')) as { report?: NonNullable<BackfillState['report']> };
  return report ? { state: 'DONE', report: { equal: report.equal, differences: report.differences } } : { state: 'FAILED', why };
}
