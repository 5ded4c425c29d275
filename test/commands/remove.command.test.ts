import { readFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AccountServer } from './account-server';
import { FakeAccount } from './fake-account';
import { runCommand } from './run-command';
import { removalAccount } from '../../src/commands/remove/aws';
import { Removal } from '../../src/commands/remove/service';

const folder = mkdtempSync(path.join(tmpdir(), 'remove-'));
const account = new FakeAccount();
const server = new AccountServer(account);
const credentials = {
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_REGION: 'us-east-1',
  AWS_EC2_METADATA_DISABLED: 'true',
};
let endpointUrl: string;

beforeAll(async () => {
  Object.assign(process.env, credentials);
  endpointUrl = await server.start();
});

afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  account.tables.clear();
  account.add('acme-pay-ledger', ['us-east-1', 'us-west-2'], { strong: true, witnesses: ['us-east-2'] });
  for (const region of ['us-east-1', 'us-west-2']) account.keys.set(region, `key-${region}`);
  account.functions.length = 0;
  server.requests.length = 0;
});

const usual = ['remove', '--system', 'acme-pay', '--region', 'us-east-1', '--region', 'us-west-2'];

test("the SDK's calls take a STRONG system away, members in one request", async () => {
  const ports = {
    ...removalAccount({ endpointUrl }),
    nowMs: account.nowMs,
    sleep: (ms: number) => account.sleep(ms),
    say: () => undefined,
    ask: async () => 'acme-pay',
  };
  const result = await new Removal(ports, {
    systemName: 'acme-pay',
    regions: ['us-east-1', 'us-west-2'],
    tables: [],
    dryRun: false,
    keepKeys: false,
  }).run();
  expect(result).toEqual({ outcome: 'removed', tables: ['acme-pay-ledger'], keys: ['us-east-1', 'us-west-2'] });
  expect(server.requests.filter(({ body }) => body.ReplicaUpdates).map(({ body }) => body)).toEqual([
    {
      TableName: 'acme-pay-ledger',
      ReplicaUpdates: [{ Delete: { RegionName: 'us-west-2' } }],
      GlobalTableWitnessUpdates: [{ Delete: { RegionName: 'us-east-2' } }],
    },
  ]);
  expect([account.tables.size, account.keys.size]).toEqual([0, 0]);
});

test('a dry run shows what there is, ends with 0 and writes its result', async () => {
  const file = path.join(folder, 'result.json');
  const { code, output } = await runCommand([...usual, '--dry-run', '--endpoint-url', endpointUrl, '--json', file]);
  expect([code, output]).toEqual([0, expect.stringContaining('table acme-pay-ledger in us-east-1 (about 7 items, protected), us-west-2')]);
  expect(output).toContain('nothing was changed: this was a dry run');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ outcome: 'shown' });
  expect(server.requests.filter(({ target }) => /Update|Delete|Schedule/.test(target))).toEqual([]);
});

test('without a terminal and without --confirm nothing is deleted', async () => {
  const { code, output } = await runCommand([...usual, '--endpoint-url', endpointUrl]);
  expect([code, output]).toEqual([1, expect.stringContaining("refused: the name given is '' and not 'acme-pay': nothing was changed")]);
  expect(account.tables.size).toBe(1);
});

test('a system that still takes payments is refused', async () => {
  account.functions.push('acme-pay-payments@us-west-2');
  const { code, output } = await runCommand([...usual, '--confirm', 'acme-pay', '--endpoint-url', endpointUrl]);
  expect([code, output]).toEqual([
    1,
    expect.stringContaining('the function acme-pay-payments still stands in us-west-2: take the system out of service first'),
  ]);
});

test.each([
  [['remove'], "required option '--system <name>' not specified"],
  [['remove', '--system', 'acme-pay'], "required option '--region <region>' not specified"],
  [['remove', '--system', 'acme-pay', '--region', 'Ohio'], '--region Ohio: it is not the name of a region, or it is given twice'],
  [['remove', '--system', 'Acme', '--region', 'us-east-1'], "--system Acme: a system's name has 3 to 40 lower-case letters"],
  [['destroy'], "unknown command 'destroy'"],
])('%j is answered in one line, with 2', async (args, message) => {
  const { code, output } = await runCommand(args);
  expect([code, output]).toEqual([2, expect.stringContaining(message)]);
  expect(output.trimEnd().split('\n')).toHaveLength(1);
});

test('help is help, with 0', async () => {
  expect(await runCommand(['remove', '--help'])).toEqual({ code: 0, output: expect.stringContaining('--dry-run') });
});
