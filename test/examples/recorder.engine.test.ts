/** The example's recorder as it is deployed: bundled, with the libraries of a team, and called with what its queue brings. */
import { mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import path from 'path';
import { CreateTableCommand, DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { buildSync, type Metafile } from 'esbuild';
import { consumerEnv, inboxSchema } from '../../src/events/contract';
import type { MeshEvent } from '../../src/events/model';
import type { QueueHandler } from '../../src/events/runtime.model';
import { Engine, startEngine } from '../../tools/engine';

const root = path.join(__dirname, '..', '..');
const [inbox, effects] = ['recorder-inbox', 'recorder-effects'];
/** With the SDK, the X-Ray SDK and our runtime inside. */
const mostBytes = 600_000;

let engine: Engine;
let handler: QueueHandler;
let folder: string;
let bundle: Metafile;
const before = process.env;

beforeAll(async () => {
  engine = await startEngine();
  for (const TableName of [inbox, effects]) {
    await engine.client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      }),
    );
  }
  const { port } = await (engine.client as DynamoDBClient & { config: { endpoint: () => Promise<{ port: number }> } }).config.endpoint();
  process.env = {
    ...before,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    AWS_XRAY_CONTEXT_MISSING: 'IGNORE_ERROR',
    EFFECTS_TABLE: effects,
    ...consumerEnv.write({
      systemName: 'acme-pay',
      consumer: 'recorder',
      inboxTable: inbox,
      deadLetterQueueUrl: 'https://queue',
      handlerTimeoutMs: '10000',
      maxAttempts: '5',
      rememberDays: '30',
      staleEvents: 'DELIVER',
      sources: 'acme-pay.ledger',
    }),
  };
  folder = mkdtempSync(path.join(tmpdir(), 'recorder-'));
  const outfile = path.join(folder, 'index.js');
  bundle = buildSync({
    entryPoints: [path.join(root, 'examples', 'active-active', 'recorder', 'index.ts')],
    bundle: true,
    platform: 'node',
    target: 'node24',
    minify: true,
    mainFields: ['module', 'main'],
    metafile: true,
    // Jest runs no import of its own kind inside of a script.
    supported: { 'dynamic-import': false },
    absWorkingDir: root,
    outfile,
  }).metafile;
  ({ handler } = jest.requireActual<{ handler: QueueHandler }>(outfile));
});
afterAll(async () => {
  process.env = before;
  rmSync(folder, { recursive: true });
  await engine.close();
});
beforeEach(() => jest.spyOn(console, 'info').mockImplementation(() => undefined));

function event(sequence: number, type: string): MeshEvent {
  return {
    id: `evt_${sequence}`,
    type,
    schemaVersion: 1,
    origin: 'us-west-2',
    occurredAt: '2026-11-30T05:00:00.000Z',
    tenant: 'acme',
    subject: 'pay_1',
    sequence,
    data: { paymentId: 'pay_1', amount: 1_250, currency: 'EUR' },
  };
}
const batch = (...events: readonly MeshEvent[]) => ({
  Records: events.map((one, index) => ({
    messageId: `${one.id} ${index}`,
    body: JSON.stringify({ source: 'acme-pay.ledger', 'detail-type': one.type, detail: one }),
  })),
});
const context = { getRemainingTimeInMillis: () => 35_000 };

async function items(TableName: string): Promise<Record<string, any>[]> {
  const { Items: found = [] } = await engine.client.send(new ScanCommand({ TableName }));
  return found.sort((a, b) => (a.pk.S! < b.pk.S! ? -1 : 1));
}

test('duplicates and a later event that comes first give one record of each', async () => {
  const [authorised, captured] = [event(1, 'payment.authorised'), event(2, 'payment.captured')];
  // The later one alone, then both and both again in one batch, and once more at the same time in two functions.
  const batches = [batch(captured), batch(captured, authorised, authorised, captured)];
  for (const one of batches) expect((await handler(one, context)).batchItemFailures).toEqual([]);
  await Promise.all([handler(batch(authorised), context), handler(batch(authorised, captured), context)]);
  expect(await items(effects)).toEqual(
    [authorised, captured].map(({ id, type }) => ({
      pk: { S: id },
      type: { S: type },
      paymentId: { S: 'pay_1' },
      origin: { S: 'us-west-2' },
      occurredAt: { S: '2026-11-30T05:00:00.000Z' },
      amount: { N: '1250' },
      currency: { S: 'EUR' },
      effects: { N: '1' },
    })),
  );
  // As `verify --consumer` and the local run read it.
  const { partitionKey, state, duplicates } = inboxSchema;
  const records = (await items(inbox)).filter(({ [partitionKey]: key }) => key.S.startsWith('e#'));
  expect(records.map((one) => [one[partitionKey].S, one[state].S, one[duplicates].L.length])).toEqual([
    ['e#acme-pay.ledger#acme#evt_1', 'DONE', 3],
    ['e#acme-pay.ledger#acme#evt_2', 'DONE', 3],
  ]);
});

test('what cannot be written comes again, and is recorded then', async () => {
  const one = event(3, 'payment.refunded');
  const broken = { ...one, data: { amount: Number.MAX_SAFE_INTEGER + 1, currency: 'EUR' } };
  expect((await handler(batch(broken), context)).batchItemFailures).toHaveLength(1);
  expect((await items(effects)).map(({ pk }) => pk.S)).not.toContain(one.id);
  expect((await handler(batch(one), context)).batchItemFailures).toEqual([]);
  expect((await items(effects)).find(({ pk }) => pk.S === one.id)).toMatchObject({ effects: { N: '1' } });
});

test('its bundle is small, and the libraries of the team are in it', () => {
  expect(Object.values(bundle.outputs)[0].bytes).toBeLessThan(mostBytes);
  for (const library of ['@aws-sdk/lib-dynamodb', 'aws-xray-sdk-core']) {
    expect(Object.keys(bundle.inputs).some((file) => file.startsWith(`node_modules/${library}/`))).toBe(true);
  }
});
