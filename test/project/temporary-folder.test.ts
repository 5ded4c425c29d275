import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { root } from './tracked-files';
import { until } from '../waits';

jest.setTimeout(180_000);

/** Stands for the system's temporary directory. */
let system: string;
let note: string;
let started: ChildProcess[];

beforeEach(() => {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'tf-')));
  [system, note, started] = [path.join(folder, 't'), path.join(folder, 'note'), []];
  mkdirSync(system);
});

afterEach(() => {
  started.forEach((child) => child.kill('SIGKILL'));
  rmSync(path.dirname(system), { recursive: true });
});

const leavings = '--testMatch=<rootDir>/test/project/leavings/*.ts';
const commands = {
  'npx jest': ['node_modules/jest/bin/jest.js', '--coverage=false', leavings],
  'npm test': ['tools/run.mjs', 'test', '--only', 'simulation', leavings],
};

function start(args: readonly string[], how: 'pass' | 'fail' | 'wait' = 'pass'): ChildProcess {
  rmSync(note, { force: true });
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: 'ignore',
    env: { ...process.env, CI: '', TMPDIR: system, LEAVINGS: how, LEAVINGS_NOTE: note },
  });
  started.push(child);
  return child;
}

/** Exit code, or the signal. */
const end = (child: ChildProcess): Promise<number | string> =>
  new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal!)));

/** What the test inside had made by the time it noted it. */
async function noted(): Promise<{ pid: number; temporary: string }> {
  const text = await until(
    'the note of the test inside',
    () => existsSync(note) && readFileSync(note, 'utf8').endsWith('}') && readFileSync(note, 'utf8'),
    { withinMs: 60_000 },
  );
  return JSON.parse(text) as { pid: number; temporary: string };
}

/** Without /proc nobody finds a process whose parent is gone. */
const runs = (pid: number): boolean => existsSync(`/proc/${pid}/exe`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

describe.each(Object.entries(commands))('%s', (_, args) => {
  test.each([
    ['pass', 0],
    ['fail', 1],
  ] as const)('has one folder for all that it leaves, and removes it when its tests %s', async (how, code) => {
    expect(await end(start(args, how))).toBe(code);
    const { pid, temporary } = await noted();
    expect(temporary).toMatch(new RegExp(`^${system}/mrp\\.\\d+$`));
    expect(readdirSync(system)).toEqual([]);
    expect(runs(pid)).toBe(false);
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('leaves nothing after %s', async (signal) => {
    const child = start(args, 'wait');
    const { pid } = await noted();
    expect(readdirSync(system)).toHaveLength(1);
    child.kill(signal);
    expect(await end(child)).not.toBe(0);
    expect(readdirSync(system)).toEqual([]);
    expect(runs(pid)).toBe(false);
  });
});

test('what a command left that was killed goes with the next one, processes too', async () => {
  const child = start(commands['npx jest'], 'wait');
  const { pid, temporary } = await noted();
  child.kill('SIGKILL');
  await end(child);
  expect(readdirSync(system)).toEqual([path.basename(temporary)]);
  expect(await end(start(commands['npx jest']))).toBe(0);
  expect(readdirSync(system)).toEqual([]);
  expect(runs(pid)).toBe(false);
});

test('a command ends with its launcher, even a killed one, and does its last work', async () => {
  const child = start(commands['npm test'], 'wait');
  const { pid } = await noted();
  child.kill('SIGKILL');
  await until('the folder is empty', () => readdirSync(system).length === 0, { withinMs: 20_000 });
  expect(runs(pid)).toBe(false);
});

test('folders of commands that run, of other machines and of others are left alone', async () => {
  const gone = 4_194_305; // beyond every system's largest process ID
  for (const [name, host] of [
    [`mrp.${process.pid}`, hostname()],
    [`mrp.${gone}`, 'elsewhere'],
    ['mrp-AbCdEf', hostname()],
    [`mrp.${gone}.1`, hostname()],
  ]) {
    mkdirSync(path.join(system, name));
    writeFileSync(path.join(system, name, '.host'), host);
  }
  expect(await end(start(commands['npx jest']))).toBe(0);
  expect(readdirSync(system).sort()).toEqual([`mrp.${gone}`, `mrp.${process.pid}`, 'mrp-AbCdEf'].sort());
});
