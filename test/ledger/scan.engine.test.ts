import { DynamoStore } from '../../src/ledger/aws';
import { unitOf } from '../../src/ledger/homes/home.service';
import { scanPort } from '../../src/ledger/operator/replicas.aws';
import { Engine, startEngine } from '../../tools/engine';

let engine: Engine;
const before = { ...process.env };

beforeAll(async () => {
  engine = await startEngine();
  const { protocol, hostname, port } = await engine.client.config.endpoint!();
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_DYNAMODB: `${protocol}//${hostname}:${port}`,
  });
});

afterAll(async () => {
  process.env = before;
  await engine.close();
});

test("a unit's items are all of its tenants' items, whatever they are called, in as many pages as it takes", async () => {
  const store = new DynamoStore(engine.client, engine.tableName);
  const tenants = ['acme', 'a tenant/with:signs', 'third'];
  const expected: string[] = [];
  for (const tenant of tenants) {
    const account = `a#${encodeURIComponent(tenant)}#acc`;
    // More than a megabyte in all: a scan ends a page there.
    for (const pk of [`${account}@1`, ...Array.from({ length: 4 }, (_, n) => `k#${tenant.length}${n}@1`)]) {
      await store.create({ pk, version: 3, filling: 'x'.repeat(100_000), ...(pk.startsWith('k#') ? { acct: account, seq: pk } : {}) });
      if (unitOf(tenant, 2) === unitOf('acme', 2)) expected.push(pk);
    }
  }
  await store.create({ pk: 'drain#us-east-1' });
  const found: unknown[] = [];
  for await (const item of scanPort(engine.tableName, 2)('us-east-1', unitOf('acme', 2))) found.push(item);
  expect(found).toHaveLength(expected.length);
  expect(found).toEqual(expect.arrayContaining(expected.map((pk) => ({ pk, version: 3 }))));
});
