import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../../src/kernel/digest';
import { canonicalJson, Json } from '../../src/kernel/fingerprint';

/** One thing as a release wrote it, and what it means. */
export interface Entry {
  readonly format: string;
  readonly case: string;
  /** The release that wrote it first. */
  readonly release: string;
  readonly stored: Json;
  /** As that release read it; absent where it is only compared. */
  readonly means?: Json;
}

const folder = join(__dirname, 'stored');
const lockFile = join(__dirname, 'stored.lock');
const release = (JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')) as { readonly version: string }).version;

const fileOf = (format: string): string => join(folder, `${format.split('.')[0]}.jsonl`);
const linesOf = (file: string): readonly string[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];
const lockLine = (line: string): string => {
  const { format, case: name, release: by } = JSON.parse(line) as Entry;
  return `${sha256(line)} ${format} | ${name} | ${by}`;
};

const lines = (): readonly string[] =>
  readdirSync(folder)
    .sort()
    .flatMap((file) => linesOf(join(folder, file)));

/** All that was ever stored, oldest first within a format. */
export const entries = (): readonly Entry[] => lines().map((line) => JSON.parse(line) as Entry);

/** Appends an entry and its lock. Nothing that is there is touched. */
export function append(format: string, name: string, stored: Json, means: Json | undefined): void {
  const line = canonicalJson({ format, case: name, release, stored, ...(means === undefined ? {} : { means }) } as Json);
  appendFileSync(fileOf(format), `${line}\n`);
  appendFileSync(lockFile, `${lockLine(line)}\n`);
}

/** Entries that the lock has and the fixtures have not as they were, and the other way round. */
export function brokenLocks(): readonly string[] {
  const [there, locked] = [new Set(lines().map(lockLine)), new Set(linesOf(lockFile))];
  const name = (line: string): string => line.slice(65);
  return [
    ...[...locked]
      .filter((line) => !there.has(line))
      .map((line) => `'${name(line)}' was changed or removed: put it back as it was, and append what is written now as a new entry`),
    ...[...there]
      .filter((line) => !locked.has(line))
      .map((line) => `'${name(line)}' is not in stored.lock: entries are appended by UPDATE_FORMATS=1 alone`),
  ];
}

/** Lines that the lock has ever lost, by the history of the working copy; none where there is no history. */
export function lostLocks(): readonly string[] {
  const git = (...args: string[]): string => {
    try {
      return execFileSync('git', args, { cwd: __dirname, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    } catch {
      return '';
    }
  };
  const removed = [
    ...git('log', '-p', '--no-renames', '--format=', '--', 'stored.lock').split('\n'),
    ...git('diff', 'HEAD', '--', 'stored.lock').split('\n'),
  ];
  const there = new Set(linesOf(lockFile));
  return removed
    .filter((line) => /^-[0-9a-f]{64} /.test(line))
    .map((line) => line.slice(1))
    .filter((line) => !there.has(line))
    .map((line) => line.slice(65));
}
