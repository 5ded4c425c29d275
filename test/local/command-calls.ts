import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { LocalRun } from '../../local/run';
import { runCommand } from '../commands/run-command';

/** An address at which nothing listens. */
const nowhere = 'http://127.0.0.1:9';

/** Commands of the package against a run of the active-active example, as a person gives them. */
export function commandTests(runOf: () => LocalRun): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'commands-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const written = <T>(name: string): T => JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as T;
  const endpoint = (): string => `${runOf().url}/_local/aws/{region}`;
  const region = (name: string, url = `${runOf().url}/_local/regions/${name}`): string[] => ['--region', `${name}=${url}`];
  const consumer = ['--system', 'acme-pay', '--consumer', 'recorder', '--tenant', 'verify'];
  const token = (): string => `curl -s '${runOf().url}/_local/token?tenant=verify'`;
  const verify = (regions: readonly string[], tokenCommand: string, file: string) =>
    runCommand([
      'verify',
      '--api',
      runOf().url,
      ...regions,
      '--token-command',
      tokenCommand,
      '--json',
      path.join(folder, file),
      ...consumer,
    ]);

  test('preflight knows the stacks and names of the app that runs, and nothing fails', async () => {
    const { folder: at } = runOf();
    const assembly = readdirSync(at)
      .map((name) => path.join(at, name))
      .find((name) => existsSync(path.join(name, 'manifest.json')))!;
    const { code, output } = await runCommand(
      ['preflight', '--app', assembly, '--endpoint-url', endpoint(), '--json', path.join(folder, 'preflight.json')],
      { AWS_REGION: '' },
    );
    expect(output).toMatch(/\n\d+ passed, \d+ warned, 0 failed\n$/);
    expect(output).toMatch(/^pass us-east-1 +stack \S+: CREATE_COMPLETE$/m);
    expect(output).toMatch(/^pass us-west-2 +account of \S+: \d{12}$/m);
    expect(output).not.toMatch(/^warn .* stack /m);
    expect(code).toBe(0);
    expect(written<{ failed: number }>('preflight.json').failed).toBe(0);
  });

  test('verify finds nothing wrong, and says so in its last line and its evidence', async () => {
    const { code, output } = await verify([...region('us-east-1'), ...region('us-west-2')], token(), 'verify.json');
    expect(output.split('\n').filter((line) => line.startsWith('FAIL'))).toEqual([]);
    const [, passed] = /\n(\d+) passed, 0 failed\n$/.exec(output) ?? [];
    expect(Number(passed)).toBeGreaterThan(30);
    expect(output).toMatch(/^ok debits per key, at most: 1$/m);
    for (const name of ['us-east-1', 'us-west-2']) expect(output).toContain(`\nok events of the payments in ${name}: `);
    expect(code).toBe(0);
    expect(written<{ passed: number; failed: number }>('verify.json')).toMatchObject({ passed: Number(passed), failed: 0 });
  });

  test('verify begins nothing with a token that no API takes, or with a region that does not answer', async () => {
    const wrong = await verify([...region('us-east-1'), ...region('us-west-2')], 'echo no.such.token', 'wrong.json');
    expect(wrong.output).toMatch(/^FAIL the token is accepted: 401 unauthorized \(the scenario was not begun\)$/m);
    expect(wrong.output).not.toContain('no.such.token');
    const silent = await verify([...region('us-east-1'), ...region('us-west-2', nowhere)], token(), 'silent.json');
    expect(silent.output).toMatch(/^ok us-east-1 answers: /m);
    expect(silent.output).toMatch(/^FAIL us-west-2 answers: no answer: .*ECONNREFUSED/m);
    expect(silent.output).toContain('(the scenario was not begun)');
    expect([wrong.code, silent.code]).toEqual([1, 1]);
  });
}
