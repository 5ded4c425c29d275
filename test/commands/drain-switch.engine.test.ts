import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { drainSwitch } from '../../src/commands/verify/drain-switch.aws';
import { drainKey, ledgerTableName } from '../../src/ledger/contract';
import { Engine, startEngine, tableOf } from '../../tools/engine';

const table = ledgerTableName('acme-pay');
const regions = ['us-east-1', 'us-west-2'];
let engine: Engine;
let endpoint: string;

beforeAll(async () => {
  engine = await startEngine();
  const { protocol, hostname, port } = await engine.client.config.endpoint!();
  endpoint = `${protocol}//${hostname}:${port}`;
  await engine.client.send(tableOf(table));
});
afterAll(() => engine.close());

const switchOf = (run: string, systemName?: string) =>
  drainSwitch('us-east-1', {
    regions,
    systemName,
    run,
    clients: () => ({ endpoint, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }),
  });
const key = { pk: { S: drainKey('us-east-1') } };
const found = async () => (await engine.client.send(new GetItemCommand({ TableName: table, Key: key, ConsistentRead: true }))).Item;

test('a switch is made, made again by the same run, and taken back', async () => {
  const own = await switchOf('run-1', 'acme-pay');
  expect(own.place).toBe('acme-pay-ledger in us-west-2');
  const before = Date.now();
  expect(await own.drain('us-east-1', 100_000)).toBe(true);
  const first = await found();
  expect(first).toEqual({
    ...key,
    drainedBy: { S: 'run-1' },
    drainedAt: { N: expect.any(String) },
    drainedUntil: { N: expect.any(String) },
  });
  const at = Number(first!.drainedAt.N);
  // The engine's answers tell its time in seconds.
  expect(at).toBeGreaterThanOrEqual(before - 1_000);
  expect(at).toBeLessThanOrEqual(Date.now() + 1_000);
  // Two clocks may differ by five minutes.
  expect(Number(first!.drainedUntil.N)).toBe(at + 100_000 + 300_000);
  // Made again it does not end later.
  expect(await own.drain('us-east-1', 900_000)).toBe(true);
  expect(await found()).toEqual(first);
  await own.putBack('us-east-1');
  expect(await found()).toBeUndefined();
  // Also when there is none any more.
  await own.putBack('us-east-1');
});

test("a person's switch is neither taken over nor taken back", async () => {
  await engine.client.send(new PutItemCommand({ TableName: table, Item: key }));
  const own = await switchOf('run-2', 'acme-pay');
  expect(await own.drain('us-east-1', 100_000)).toBe(false);
  await own.putBack('us-east-1');
  expect(await found()).toEqual(key);
});

test('a switch that is over is taken over, and not taken back by who was lost', async () => {
  const lost = { ...key, drainedBy: { S: 'run-0' }, drainedAt: { N: '1' } };
  await engine.client.send(new PutItemCommand({ TableName: table, Item: { ...lost, drainedUntil: { N: String(Date.now() + 60_000) } } }));
  const own = await switchOf('run-5', 'acme-pay');
  expect(await own.drain('us-east-1', 100_000)).toBe(false);
  await engine.client.send(new PutItemCommand({ TableName: table, Item: { ...lost, drainedUntil: { N: String(Date.now() - 2_000) } } }));
  expect(await own.drain('us-east-1', 100_000)).toBe(true);
  await (await switchOf('run-0', 'acme-pay')).putBack('us-east-1');
  expect(await found()).toMatchObject({ drainedBy: { S: 'run-5' } });
  await own.putBack('us-east-1');
});

test('a person who drains the region while the run has drained it keeps it drained', async () => {
  const own = await switchOf('run-3', 'acme-pay');
  await engine.client.send(new PutItemCommand({ TableName: table, Item: { ...key, drainedBy: { S: 'run-3' } } }));
  await engine.client.send(new PutItemCommand({ TableName: table, Item: key }));
  await own.putBack('us-east-1');
  expect(await found()).toEqual(key);
});

test('of several ledgers none is taken by chance', async () => {
  await expect(switchOf('run-4')).rejects.toThrow('us-west-2 has 2 ledgers (acme-pay-ledger, test-ledger): name the system with --system');
});
