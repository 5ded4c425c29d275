import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FakeSystem, goodToken, SystemServer } from './fake-system';
import { root } from '../project/tracked-files';
import { turns } from '../turns';

const folder = mkdtempSync(path.join(tmpdir(), 'verify-'));
const tokenFile = path.join(folder, 'token');
const time = { nowMs: Date.now, sleep: (ms: number) => sleep(ms) };
const system = new FakeSystem(time, {}, 500);
const server = new SystemServer(system);

beforeAll(() => server.start());
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  writeFileSync(tokenFile, `${goodToken}\n`);
  system.switches.clear();
  system.switchCalls.length = 0;
});

interface Running {
  readonly child: ReturnType<typeof spawn>;
  readonly ended: Promise<{ code: number | null; output: string; errors: string }>;
}

/** The command as a user runs it. */
function started(args: readonly string[]): Running {
  const child = spawn(process.execPath, [path.join(root, 'bin', 'index.js'), ...args], {
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (part: Buffer) => (output += part.toString()));
  child.stderr.on('data', (part: Buffer) => (errors += part.toString()));
  return { child, ended: new Promise((resolve) => child.on('close', (code) => resolve({ code, output, errors }))) };
}

/** A target without a fault. */
const two = ['--api', 'https://pay.example.com', '--region', 'us-east-1=https://x.example', '--region', 'us-west-2=https://y.example'];
const withToken = (command: string): string[] => [...server.options, '--token-command', command];
const lastLine = (output: string): string => output.trimEnd().split('\n').pop()!;

test('passes, ends with 0 and leaves evidence of both forms, without the token', async () => {
  const [json, html] = ['found.json', 'found.html'].map((name) => path.join(folder, name));
  // A pipe: the shell's.
  const { code, output, errors } = await started([...withToken(`cat ${tokenFile} | tr -d '\\n'`), '--json', json, '--html', html]).ended;
  expect([code, errors, lastLine(output)]).toEqual([0, '', expect.stringMatching(/^\d{2} passed, 0 failed$/)]);
  expect(
    output
      .trimEnd()
      .split('\n')
      .slice(0, -1)
      .filter((line) => !/^ok [^:]+: \S/.test(line)),
  ).toEqual([]);
  expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject({
    failed: 0,
    api: server.url,
    regions: [{ name: 'us-east-1' }, { name: 'us-west-2' }],
  });
  expect(output + readFileSync(json, 'utf8') + readFileSync(html, 'utf8')).not.toContain(goodToken);
});

test.each([
  ['a token that the API does not take', 'echo other-token-of-somebody', 'FAIL the token is accepted: 401 unauthorized'],
  [
    'a command that fails',
    'echo secret-on-the-way >&2; echo half-a-token; exit 3',
    'FAIL the token command gives a token: the token command ended with exit code 3',
  ],
  ['a command that prints more', 'echo two words', 'FAIL the token command gives a token: the token command printed more than one word'],
  ['a command that prints nothing', 'true', 'FAIL the token command gives a token: the token command printed nothing'],
])('%s is one line, with 1, and what it printed is not shown', async (_, command, line) => {
  const { code, output, errors } = await started(withToken(command)).ended;
  expect([code, errors, lastLine(output)]).toEqual([1, '', expect.stringMatching(/^\d passed, 1 failed$/)]);
  expect(output).toContain(line);
  expect(output).not.toMatch(/other-token|secret-on|half-a-token|two words/);
});

test('a token that is refused on the way is asked for once more', async () => {
  // The first one is stale, each later one is good.
  const command = `if [ -e ${folder}/asked ]; then cat ${tokenFile}; else touch ${folder}/asked; echo stale; fi`;
  const { code, output } = await started(withToken(command)).ended;
  expect([code, lastLine(output)]).toEqual([0, expect.stringMatching(/ 0 failed$/)]);
});

test('a region that does not answer is named, and nothing is tried', async () => {
  const args = withToken(`cat ${tokenFile}`).map((one) => one.replace(/^(us-west-2=http:\/\/127\.0\.0\.1):\d+\/us.*/, '$1:9/us-west-2'));
  const { code, output } = await started(args).ended;
  expect([code, output]).toEqual([1, expect.stringMatching(/^FAIL us-west-2 answers: no answer: .*ECONNREFUSED.*$/m)]);
});

test('Ctrl-C while a region is drained puts it back before the end', async () => {
  const { child, ended } = started([...withToken(`cat ${tokenFile}`), '--drain', 'us-east-1', '--yes']);
  const turn = turns('the drain', 600);
  while (system.switches.size === 0) {
    turn();
    await sleep(50);
  }
  expect(system.switches.get('us-east-1')).toMatchObject({ drainedBy: { S: expect.stringMatching(/^v[0-9a-f]{8}$/) } });
  child.kill('SIGINT');
  child.kill('SIGINT');
  const { code, output } = await ended;
  expect([code, system.switches.size]).toEqual([1, 0]);
  expect(output).toMatch(/^ok us-east-1 is put back: at once$/m);
  expect(output).toMatch(/^FAIL the scenario ran to its end: ended by SIGINT$/m);
  // The ledger was found by its name.
  expect(system.switchCalls).toEqual(['ListTables', 'GetItem', 'PutItem', 'DeleteItem']);
});

test('without a terminal and without --yes nothing is drained', async () => {
  const { code, output } = await started([...withToken(`cat ${tokenFile}`), '--drain', 'us-east-1']).ended;
  expect([code, output]).toEqual([1, expect.stringMatching(/^FAIL the drain is confirmed: no \(nothing was drained; give --yes/m)]);
  expect(system.switchCalls).toEqual(['ListTables']);
});

test.each([
  [[], "required option '--api <url>' not specified"],
  [['--api', 'pay.example.com'], '--api pay.example.com: give the address of the public name'],
  [['--api', 'http://pay.example.com'], '--api http://pay.example.com: give the address of the public name'],
  [['--api', 'https://me:hunter2@pay.example.com'], '--api https://[user]@pay.example.com: give the address'],
  [['--api', 'https://pay.example.com', '--region', 'us-east-1'], '--region us-east-1: give REGION=URL'],
  [['--api', 'https://pay.example.com', '--region', 'Ohio=https://x.example'], '--region Ohio=https://x.example: give REGION=URL'],
  [['--api', 'https://pay.example.com', '--region', 'us-east-1=https://x.example'], '--region: give at least two regions'],
  [[...two, '--tenant', 'acme'], '--tenant: it is for --consumer'],
  [[...two, '--consumer', 'Recorder'], '--consumer Recorder: give the name of an IdempotentConsumer'],
  [[...two, '--consumer', 'recorder'], '--consumer: give the system too, with --system'],
  [[...two, '--consumer', 'recorder', '--system', 'acme-pay'], '--consumer: give the tenant of the token too, with --tenant'],
])('%j is answered in one line, with 2', async (given, message) => {
  const args = [
    'verify',
    ...given,
    ...(given.includes('--region') || given.length === 0 ? [] : ['--region', 'us-east-1=https://x.example']),
  ];
  const { code, errors, output } = await started([...args, ...(given.length === 0 ? [] : ['--token-command', 'true'])]).ended;
  expect([code, errors, output]).toEqual([2, expect.stringContaining(message), '']);
  expect(errors.trimEnd().split('\n')).toHaveLength(1);
  expect(errors).not.toContain('hunter2');
});

test.each([
  [['--drain', 'eu-west-1'], '--drain eu-west-1: name one of the regions given with --region'],
  [['--budget', 'soon'], '--budget soon: give seconds, a whole number from 1 to 9999'],
  [['--system', 'Acme'], "--system Acme: a system's name has 3 to 40 lower-case letters"],
  [['--endpoint-url', 'http://127.0.0.1:9'], '--endpoint-url http://127.0.0.1:9: give REGION=URL'],
  [['--region', 'us-east-1=https://x.example'], '--region us-east-1: it is given twice'],
])('%j too', async (more, message) => {
  const { code, errors } = await started([...withToken('true'), ...more]).ended;
  expect([code, errors]).toEqual([2, expect.stringContaining(message)]);
});
