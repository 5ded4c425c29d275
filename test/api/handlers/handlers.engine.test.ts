import { createSocket } from 'node:dgram';
import { DeleteItemCommand, GetItemCommand, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { exportJWK, generateKeyPair, SignJWT } from './jose';
import { apiEntry, apiOnEngine } from './on-engine';
import { authorizerEnv } from '../../../src/api/contract';
import { drainKey, homeLimits, ledgerEnv, writeHome } from '../../../src/ledger/contract';
import { turns } from '../../turns';
import { requireDocumented } from '../http/document';
import { eventOf, Sent } from '../http/http-api';

type Name = 'payments' | 'accounts' | 'transactions' | 'health';

const { engine, logged } = apiOnEngine();

async function call(name: Name, method: string, path: string, sent: Sent = {}, handler = apiEntry(name)) {
  const result = await handler(eventOf(method, path, sent));
  requireDocumented(method, path, result);
  return { status: result.statusCode, json: JSON.parse(result.body) as Record<string, any>, headers: result.headers };
}

test('a payment goes all the way, and leaves one line for each request', async () => {
  const order = { accountId: 'm', amount: 1250, currency: 'EUR' };
  expect((await call('accounts', 'PUT', '/api/v1/accounts/m', { json: { currency: 'EUR', balance: 5_000 } })).status).toBe(201);
  logged.length = 0;
  const sent = { json: order, key: 'k', headers: { 'X-Amzn-Trace-Id': 'Root=1-5f2330a4-6a0de1cd0e17c0508d386a64' } };
  const payments = apiEntry('payments');
  const { json } = await call('payments', 'POST', '/api/v1/payments', sent, payments);
  expect(json.status).toBe('AUTHORISED');
  const again = await call('payments', 'POST', '/api/v1/payments', sent, payments);
  expect(again).toMatchObject({
    status: 201,
    json,
    headers: { 'Idempotency-Replayed': 'true', 'X-Amzn-Trace-Id': 'Root=1-5f2330a4-6a0de1cd0e17c0508d386a64' },
  });
  const lines = logged.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines).toEqual([
    expect.objectContaining({
      service: 'payments',
      system: 'acme-pay',
      traceId: '1-5f2330a4-6a0de1cd0e17c0508d386a64',
      tenant: 'acme',
      PaymentsAuthorised: 1,
      PaymentsDecided: 1,
    }),
    expect.objectContaining({ service: 'payments', became: 'replayed', paymentId: json.paymentId, AnswersReplayed: 1 }),
  ]);
  expect((await call('payments', 'POST', `/api/v1/payments/${json.paymentId}/capture`, { key: 'c' })).json.status).toBe('CAPTURED');
  expect((await call('accounts', 'GET', '/api/v1/accounts/m')).json).toMatchObject({ available: 3_750, settled: 1_250 });
  expect((await call('transactions', 'GET', '/api/v1/transactions', { query: { accountId: 'm' } })).json.items).toHaveLength(2);
});

test('a payment is shown in the trace of its request, and its log, its answer and its item name it', async () => {
  const daemon = createSocket('udp4');
  await new Promise<void>((resolve) => void daemon.bind(0, '127.0.0.1', resolve));
  const documents: Record<string, any>[] = [];
  daemon.on('message', (message) => documents.push(JSON.parse(message.toString().split('\n')[1]) as Record<string, any>));
  process.env.AWS_XRAY_DAEMON_ADDRESS = `127.0.0.1:${daemon.address().port}`;
  try {
    const payments = apiEntry('payments');
    const traceId = '1-5f2330a4-6a0de1cd0e17c0508d386a65';
    const headers = { 'X-Amzn-Trace-Id': `Root=${traceId};Parent=53995c3f42cd8ad8;Sampled=1` };
    logged.length = 0;
    const { json } = await call(
      'payments',
      'POST',
      '/api/v1/payments',
      { json: { accountId: 'm', amount: 1, currency: 'EUR' }, key: 'traced-key', headers },
      payments,
    );
    const refused = await call('payments', 'POST', `/api/v1/payments/${json.paymentId}/refund`, { key: 'r', headers }, payments);
    expect(refused).toMatchObject({ status: 409, json: { traceId } });
    const turn = turns('waiting for two documents of a trace', 1_000);
    while (documents.length < 2) {
      turn();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(documents[0]).toMatchObject({
      name: 'acme-pay-payments',
      trace_id: traceId,
      parent_id: '53995c3f42cd8ad8',
      http: { response: { status: 201 } },
      annotations: { system: 'acme-pay', region: 'us-east-1', paymentId: json.paymentId },
      subsegments: [{ name: 'ledger.authorise' }],
    });
    expect(documents[1]).toMatchObject({ error: true, http: { response: { status: 409 } }, subsegments: [{ name: 'ledger.move' }] });
    expect(JSON.stringify(documents)).not.toContain('traced-key');
    const { Items = [] } = await engine().client.send(new ScanCommand({ TableName: engine().tableName }));
    const item = Items.find(({ pk }) => pk.S === `k#${(json.paymentId as string).slice('pay_'.length)}`);
    expect(item).toMatchObject({ traceId: { S: traceId }, traceParent: { S: documents[0].subsegments[0].id } });
    expect(logged.map((line) => (JSON.parse(line) as Record<string, unknown>).traceId)).toEqual([traceId, traceId]);
  } finally {
    delete process.env.AWS_XRAY_DAEMON_ADDRESS;
    await new Promise<void>((resolve) => void daemon.close(resolve));
  }
});

test('each function answers its own routes, and 404 for others', async () => {
  expect((await call('payments', 'GET', '/api/v1/accounts/m')).status).toBe(404);
  expect((await call('transactions', 'GET', '/anything')).json.code).toBe('unknown_route');
});

test('nothing of key or token is stored or logged in the clear', async () => {
  await call('payments', 'POST', '/api/v1/payments', {
    json: { accountId: 'm', amount: 1, currency: 'EUR' },
    key: 'my-secret-key',
    headers: { Authorization: 'Bearer abc.def' },
  });
  const { Items } = await engine().client.send(new ScanCommand({ TableName: engine().tableName }));
  expect(JSON.stringify(Items) + logged.join('')).not.toMatch(/my-secret-key|abc\.def/);
});

describe('on a table that is not what the functions were made for', () => {
  let before: NodeJS.ProcessEnv;
  beforeEach(() => {
    before = { ...process.env };
  });
  afterEach(() => {
    delete process.env.LEDGER_AUTHORITY_MODE;
    Object.assign(process.env, before);
  });
  const wrong: readonly [string, Record<string, string>, string][] = [
    [
      'an eventual one in STRONG, on which two regions debit twice',
      { LEDGER_TABLE_MODE: 'EVENTUAL' },
      "table 'test-ledger' in us-east-1 has the consistency EVENTUAL; allowed: STRONG",
    ],
    ['one that nobody looked up', { LEDGER_TABLE_MODE: '' }, 'environment variable LEDGER_TABLE_MODE is missing'],
    [
      'a strong one in HOME_REGION',
      { LEDGER_CONSISTENCY_MODE: 'HOME_REGION', LEDGER_TABLE_MODE: 'STRONG' },
      'has the consistency STRONG; allowed: EVENTUAL',
    ],
    [
      'homes in an eventual one',
      { LEDGER_CONSISTENCY_MODE: 'HOME_REGION', LEDGER_TABLE_MODE: 'EVENTUAL', LEDGER_AUTHORITY_MODE: 'EVENTUAL' },
      "table 'acme-pay-authority' in us-east-1 has the consistency EVENTUAL; allowed: STRONG",
    ],
  ];

  test.each(wrong)('%s: every call is answered 503, nothing is written, and the log and a metric say why', async (_what, env, why) => {
    const stored = async (): Promise<unknown> => (await engine().client.send(new ScanCommand({ TableName: engine().tableName }))).Items;
    const kept = await stored();
    Object.assign(process.env, env);
    const json = { accountId: 'm', amount: 1, currency: 'EUR' };
    const calls: [Name, string, string, Sent][] = [
      ['payments', 'POST', '/api/v1/payments', { json, key: 'wrong-table' }],
      ['payments', 'POST', '/api/v1/payments/pay_AAAAAAAAAAAAAAAAAAAAAA/capture', { key: 'wrong-table-c' }],
      ['payments', 'GET', '/api/v1/payments/pay_AAAAAAAAAAAAAAAAAAAAAA', {}],
      ['accounts', 'PUT', '/api/v1/accounts/wrong-table', { json: { currency: 'EUR', balance: 1 } }],
      ['accounts', 'GET', '/api/v1/accounts/m', {}],
      ['transactions', 'GET', '/api/v1/transactions', { query: { accountId: 'm' } }],
    ];
    for (const [name, method, path, sent] of calls) {
      logged.length = 0;
      expect(await call(name, method, path, sent)).toMatchObject({
        status: 503,
        json: { code: 'region_fenced' },
        headers: { 'Retry-After': '60' },
      });
      expect(JSON.parse(logged[0])).toMatchObject({ LedgerTableMismatches: 1, fault: { message: expect.stringContaining(why) } });
    }
    logged.length = 0;
    if (env.LEDGER_CONSISTENCY_MODE === undefined) {
      expect(await call('health', 'GET', '/health', { tenant: null })).toMatchObject({
        status: 503,
        json: { checks: { ledger: 'failed' } },
      });
    }
    expect(await stored()).toEqual(kept);
  });
});

describe('health', () => {
  const drain = { TableName: 'test-ledger', Item: { pk: { S: drainKey('us-east-1') } } };

  test('follows the switch of its own region', async () => {
    expect(await call('health', 'GET', '/health', { tenant: null })).toMatchObject({
      status: 200,
      json: { region: 'us-east-1', status: 'healthy', checks: { ledger: 'ok', drain: 'off' } },
    });
    await engine().client.send(new PutItemCommand(drain));
    expect(await call('health', 'GET', '/health', { tenant: null })).toMatchObject({ status: 503, json: { status: 'draining' } });
    await engine().client.send(new DeleteItemCommand({ TableName: drain.TableName, Key: drain.Item }));
    await engine().client.send(new PutItemCommand({ ...drain, Item: { pk: { S: drainKey('us-west-2') } } }));
    expect((await call('health', 'GET', '/health', { tenant: null })).status).toBe(200);
  });

  test('is red until the end of a drain, and green after it, though nobody takes the switch away', async () => {
    const until = (atMs: number) => ({ ...drain, Item: { ...drain.Item, drainedUntil: { N: String(atMs) } } });
    await engine().client.send(new PutItemCommand(until(Date.now() + 60_000)));
    expect(await call('health', 'GET', '/health', { tenant: null })).toMatchObject({ status: 503, json: { status: 'draining' } });
    await engine().client.send(new PutItemCommand(until(Date.now() - 1)));
    expect(await call('health', 'GET', '/health', { tenant: null })).toMatchObject({ status: 200, json: { checks: { drain: 'off' } } });
    await engine().client.send(new DeleteItemCommand({ TableName: drain.TableName, Key: drain.Item }));
  });

  test('of a home keeps its leases', async () => {
    const before = { ...process.env };
    const home = writeHome({
      ...homeLimits,
      regions: ['us-east-1', 'eu-central-1'],
      units: 2,
      leaseMs: 10_000,
      clockMarginMs: 1_000,
      takeover: 'AUTOMATIC',
      authorityTable: engine().tableName,
      authorityRegions: ['us-east-1'],
      cutoverRegions: ['us-east-1'],
    });
    Object.assign(
      process.env,
      ledgerEnv.write({ systemName: 'acme-pay', tableName: engine().tableName, mode: 'HOME_REGION', home, tableMode: 'EVENTUAL' }),
    );
    const record = (unit: number, region: string) =>
      engine().client.send(
        new PutItemCommand({
          TableName: engine().tableName,
          Item: {
            pk: { S: `u#${unit}` },
            home: { S: region },
            epoch: { N: '1' },
            leaseUntil: { N: String(Date.now()) },
            state: { S: 'OPEN' },
            version: { N: '1' },
          },
        }),
      );
    const version = async (unit: number) =>
      (
        await engine().client.send(
          new GetItemCommand({ TableName: engine().tableName, Key: { pk: { S: `u#${unit}` } }, ConsistentRead: true }),
        )
      ).Item!.version.N;
    await record(0, 'us-east-1');
    await record(1, 'eu-central-1');
    const now = jest.spyOn(Date, 'now');
    try {
      const health = apiEntry('health');
      for (const ms of [0, 1_000, 2_000, 3_500]) {
        now.mockImplementation(() => Math.floor(performance.timeOrigin + performance.now()) + ms);
        expect((await call('health', 'GET', '/health', { tenant: null }, health)).status).toBe(200);
      }
      expect([await version(0), await version(1)]).toEqual(['2', '1']);
    } finally {
      now.mockRestore();
      process.env = before;
    }
  });

  test.each([
    ['a missing table', { LEDGER_TABLE_NAME: 'gone' }],
    ['an endpoint that is not there', { AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1' }],
  ])('is red with %s, and says nothing of it', async (_, change) => {
    const before = { ...process.env };
    Object.assign(process.env, change);
    try {
      const answer = await call('health', 'GET', '/health', { tenant: null });
      expect(answer).toMatchObject({ status: 503, json: { status: 'unhealthy', checks: { ledger: 'failed', drain: 'unknown' } } });
      expect(JSON.stringify(answer.json)).not.toMatch(/gone|127/);
      expect(JSON.parse(logged[logged.length - 1])).toMatchObject({
        level: 'ERROR',
        status: 503,
        UnhealthyAnswers: 1,
        fault: { name: expect.any(String) },
      });
    } finally {
      Object.assign(process.env, before);
    }
  });
});

describe('authorizer', () => {
  const authorizer = (): ((event: object) => Promise<{ context: object }>) => apiEntry('authorizer');
  const methodArn = 'arn:aws:execute-api:us-east-1:111122223333:abc/prod/GET/api/v1/payments/x';

  test('lets in, keeps out, and logs the decision without the token', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }] });
    Object.assign(
      process.env,
      authorizerEnv.write({ systemName: 'acme-pay', issuer: 'https://i.example', audience: '["payments"]', tenantClaim: 'tenant', jwks }),
    );
    const handler = authorizer();
    const good = await new SignJWT({ tenant: 'acme' })
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .setIssuer('https://i.example')
      .setAudience('payments')
      .setExpirationTime('5m')
      .sign(privateKey);
    logged.length = 0;
    expect((await handler({ methodArn, authorizationToken: `Bearer ${good}` })).context).toEqual({ tenant: 'acme' });
    // Exactly this message makes the gateway answer 401.
    await expect(handler({ methodArn, authorizationToken: `Bearer ${good}x` })).rejects.toThrow(/^Unauthorized$/);
    expect(logged.map((line) => (JSON.parse(line) as { kind: string }).kind)).toEqual(['allowed', 'unauthorized']);
    expect(logged.join('')).not.toContain(good.split('.')[2]);
  });

  test('fails aloud when it cannot know', async () => {
    Object.assign(process.env, { AUTHORIZER_JWKS: '{}' });
    const handler = authorizer();
    logged.length = 0;
    const header = Buffer.from('{"alg":"ES256","kid":"k"}').toString('base64url');
    const claims = Buffer.from('{"iss":"https://i.example","aud":"payments"}').toString('base64url');
    await expect(handler({ methodArn, authorizationToken: `Bearer ${header}.${claims}.AAAA` })).rejects.toThrow(
      'JWKS does not include keys',
    );
    expect(logged.map((line) => JSON.parse(line) as object)).toEqual([expect.objectContaining({ level: 'ERROR', kind: 'failed' })]);
  });
});
