import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root } from './tracked-files';
import { outcomeOf, type Report } from '../../tools/jest-outcome';

interface Ended {
  /** The last line printed. */
  readonly last: string;
  readonly code: number | null;
}

/** Runs .ci/run with an `npm` that answers as given: per command the lines that it prints and its exit code. */
function ciRun(answers: Readonly<Record<'test' | 'run build', { readonly lines: readonly string[]; readonly code: number }>>): Ended {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ci-run-'));
  const cases = Object.entries(answers).map(
    ([args, { lines, code }]) => `  "${args}") printf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')}; exit ${code};;`,
  );
  writeFileSync(
    path.join(folder, 'npm'),
    ['#!/bin/sh', 'case "$*" in', ...cases, '  *) echo "not expected: $*"; exit 9;;', 'esac', ''].join('\n'),
  );
  chmodSync(path.join(folder, 'npm'), 0o755);
  const run = spawnSync('bash', [path.join(root, '.ci', 'run')], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${folder}:${process.env.PATH}` },
  });
  rmSync(folder, { recursive: true });
  return { last: run.stdout.trimEnd().split('\n').pop()!, code: run.status };
}

describe('.ci/run', () => {
  test('adds up both commands', () => {
    expect(
      ciRun({ test: { lines: ['working', '10 passed, 0 failed'], code: 0 }, 'run build': { lines: ['5 passed, 0 failed'], code: 0 } }),
    ).toEqual({ last: '15 passed, 0 failed', code: 0 });
  });

  test('builds also when a test failed, and fails', () => {
    expect(
      ciRun({ test: { lines: ['9 passed, 1 failed, 2 skipped'], code: 1 }, 'run build': { lines: ['5 passed, 0 failed'], code: 0 } }),
    ).toEqual({ last: '14 passed, 1 failed, 2 skipped', code: 1 });
  });

  test('counts a command that ends without its line as one failure', () => {
    expect(ciRun({ test: { lines: ['10 passed, 0 failed'], code: 0 }, 'run build': { lines: ['Killed'], code: 137 } })).toEqual({
      last: '10 passed, 1 failed',
      code: 1,
    });
  });

  test('does not believe a line when the exit code says otherwise', () => {
    expect(ciRun({ test: { lines: ['10 passed, 0 failed'], code: 1 }, 'run build': { lines: ['5 passed, 0 failed'], code: 0 } })).toEqual({
      last: '15 passed, 1 failed',
      code: 1,
    });
  });
});

describe('the steps of a command', () => {
  /** Runs steps in a process of their own; `body` is the list of steps as source text. */
  function runSteps(body: string, env: Readonly<Record<string, string>> = {}): Ended & { readonly output: string } {
    const script = `const s = require('./tools/steps'); void s.runSteps([${body}], []);`;
    const run = spawnSync(process.execPath, ['--import', 'tsx', '-e', script], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, CI: '', ...env },
    });
    return { output: run.stdout, last: run.stdout.trimEnd().split('\n').pop()!, code: run.status };
  }

  test('are counted, with test cases where a step has them', () => {
    const run = runSteps(
      "{ name: 'one', run: async () => s.passed() }, { name: 'two', run: async () => ({ passed: 7, failed: 0, skipped: 0 }) }",
    );
    expect(run).toMatchObject({ last: '8 passed, 0 failed', code: 0 });
  });

  test('beside each other run two at a time, and the next one after both', () => {
    const wait = (ms: number, text: string): string =>
      `async () => { await new Promise((end) => setTimeout(end, ${ms})); return s.passed('${text}'); }`;
    const run = runSteps(
      [
        `{ name: 'one', beside: true, run: ${wait(600, 'first')} }`,
        `{ name: 'two', beside: true, run: ${wait(50, 'second')} }`,
        `{ name: 'three', run: ${wait(10, 'third')} }`,
      ].join(),
    );
    expect(run).toMatchObject({ last: '3 passed, 0 failed', code: 0 });
    const order = [...run.output.matchAll(/\[\d\/3\] (\w+)|^ {4}(first|second|third)$/gm)].map(([, started, ended]) => started ?? ended);
    expect(order).toEqual(['one', 'two', 'second', 'first', 'three', 'third']);
  });

  test('that crash are failures, and the next ones run', () => {
    const run = runSteps(
      "{ name: 'one', run: async () => { throw new Error('broken pipe'); } }, { name: 'two', run: async () => s.passed() }",
    );
    expect(run).toMatchObject({ last: '1 passed, 1 failed', code: 1 });
    expect(run.output).toContain('broken pipe');
  });

  test('that lack a tool are skipped with the reason, and fail with CI=true', () => {
    const step = "{ name: 'one', run: async () => s.skipped('Maven is not installed') }, { name: 'two', run: async () => s.passed() }";
    expect(runSteps(step)).toMatchObject({
      last: '1 passed, 0 failed, 1 skipped',
      code: 0,
      output: expect.stringContaining('skipped: Maven is not installed'),
    });
    expect(runSteps(step, { CI: 'true' })).toMatchObject({
      last: '1 passed, 1 failed',
      code: 1,
      output: expect.stringContaining('Maven is not installed'),
    });
  });

  test('fail when their command does, with its output', () => {
    const run = runSteps("s.commandStep('one', 'sh', ['-c', 'echo what went wrong; exit 3'])");
    expect(run).toMatchObject({ last: '0 passed, 1 failed', code: 1, output: expect.stringContaining('what went wrong') });
  });

  test('fail when their command cannot be started', () => {
    expect(runSteps("s.commandStep('one', 'no-such-program', [])")).toMatchObject({ last: '0 passed, 1 failed', code: 1 });
  });
});

describe('a run of jest', () => {
  const report = (counts: Partial<Report>): Report => ({
    numPassedTests: 3,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    numRuntimeErrorTestSuites: 0,
    testResults: [],
    ...counts,
  });

  test.each(['numPendingTests', 'numTodoTests'] as const)('%s are said, and fail with CI=true', (left) => {
    expect(outcomeOf(report({ [left]: 2 }), 0, false)).toMatchObject({ passed: 3, failed: 0, skipped: 2 });
    expect(outcomeOf(report({ [left]: 2 }), 0, true)).toMatchObject({ passed: 3, failed: 2, skipped: 0 });
  });

  test('that found no test, or that ended badly without a failed one, is a failure', () => {
    expect(outcomeOf(report({ numPassedTests: 0 }), 0, false).failed).toBe(1);
    expect(outcomeOf(report({}), 1, false).failed).toBe(1);
    expect(outcomeOf(report({ numRuntimeErrorTestSuites: 1 }), 1, false).failed).toBe(1);
  });
});
