import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CostAnswer } from '../../src/commands/cost/service';
import { root } from '../project/tracked-files';

/** The command as a user runs it. */
const command = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(root, 'bin', 'index.js'), 'cost', ...args], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
};
const usual = ['--tps', '1000,5000', '--regions', 'us-east-1,eu-central-1', '--mode', 'home-region'];

test('cost prints tables, levers, and what is not confirmed', () => {
  const { status, stdout } = command(...usual);
  expect(status).toBe(0);
  for (const text of ['| sum |', '5,000 a second', 'The largest levers', 'Prices that are not confirmed:', 'What is assumed:']) {
    expect(stdout).toContain(text);
  }
});

test('cost --json prints JSON, or writes it to a file beside the tables', () => {
  const answer = JSON.parse(command(...usual, '--json').stdout) as CostAnswer;
  expect(answer.estimates.map(({ request }) => request.tps)).toEqual([1000, 5000]);
  const folder = mkdtempSync(path.join(tmpdir(), 'cost-'));
  const file = path.join(folder, 'cost.json');
  expect(command(...usual, '--json', file).stdout).toContain('| sum |');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(answer);
  rmSync(folder, { recursive: true });
});

test('wrong arguments end with 2 and one line that says what is allowed', () => {
  expect(command(...usual, '--mode', 'fast')).toEqual({ status: 2, stdout: '', stderr: '--mode fast: give strong or home-region\n' });
  expect(command('--tps', '1').status).toBe(2);
  expect(command('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('--replay-share') });
});
