import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isPortTaken, freePort } from '../../../local/engine/ports';
import { Supervisor } from '../../../local/engine/supervisor';
import { turns } from '../../turns';

/** Whether it runs; a zombie that nobody reaped does not. */
function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.trim().startsWith('Z');
}

let supervisor: Supervisor;

beforeEach(async () => {
  supervisor = await Supervisor.launch();
});

afterEach(async () => {
  await supervisor.close();
});

function node(name: string, code: string) {
  return supervisor.start({ name, file: process.execPath, args: ['-e', code], env: process.env });
}

/** Starts a grandchild, prints its ID, and stays. */
const withChild =
  "const c = require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']); console.log(c.pid); " +
  'setInterval(() => {}, 1000)';

async function grandchildOf(log: string): Promise<number> {
  const turn = turns("a process that says its child's ID", 500);
  while (!/^\d+\n/.test(readFileSync(log, 'utf8'))) {
    turn();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return Number(readFileSync(log, 'utf8'));
}

test('closing ends processes and what they started, and deletes the folder', async () => {
  const child = await node('parent', withChild);
  const grandchild = await grandchildOf(child.log);
  expect([child.pid, grandchild].map(isAlive)).toEqual([true, true]);
  expect(path.dirname(path.dirname(child.log))).toBe(supervisor.folder);
  await supervisor.close();
  expect([child.pid, grandchild, supervisor.pid].map(isAlive)).toEqual([false, false, false]);
  expect(existsSync(supervisor.folder)).toBe(false);
});

test('a frozen process ends as well', async () => {
  const child = await node('frozen', withChild);
  const grandchild = await grandchildOf(child.log);
  process.kill(-child.pid, 'SIGSTOP');
  await supervisor.close();
  expect([child.pid, grandchild].map(isAlive)).toEqual([false, false]);
});

test('what a process leaves in its group ends with it', async () => {
  const child = await node(
    'leaver',
    withChild.replace(/setInterval\(\(\) => \{\}, 1000\)$/, 'c.unref(); setTimeout(() => process.exit(3), 200)'),
  );
  const grandchild = await grandchildOf(child.log);
  expect(await child.ended).toEqual({ code: 3, signal: null });
  const turn = turns('the end of a process', 500);
  while (isAlive(grandchild)) {
    turn();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
});

test('kill ends one process and no other', async () => {
  const [one, other] = [await node('one', withChild), await node('other', withChild)];
  one.kill();
  expect(await one.ended).toEqual({ code: null, signal: 'SIGKILL' });
  expect(isAlive(other.pid)).toBe(true);
});

test('a program that is not there is told', async () => {
  await expect(supervisor.start({ name: 'none', file: '/no/such/program', args: [], env: {} })).rejects.toThrow(
    '/no/such/program did not start: spawn /no/such/program ENOENT',
  );
});

test('a free port is free', async () => {
  expect(await isPortTaken(await freePort())).toBe(false);
});
