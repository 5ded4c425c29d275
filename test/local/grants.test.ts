import path from 'node:path';
import { EngineClient } from '../../local/network/engine-client';
import { startLocalRun, type LocalRun } from '../../local/run';

jest.setTimeout(600_000);

let run: LocalRun;
let token: string;

beforeAll(async () => {
  run = await startLocalRun({ port: 0, smoke: false, appDirectory: path.join(__dirname, 'apps/missing-grant') }, () => {});
  token = await (await fetch(`${run.url}/_local/token?tenant=acme`)).text();
  await call('us-west-2', 'PUT', '/api/v1/accounts/a-1', { currency: 'EUR', balance: 1000 });
});

afterAll(async () => {
  await run?.stop();
});

function call(region: string, method: string, target: string, body?: object, key?: string): Promise<Response> {
  return fetch(`${run.url}/_local/regions/${region}${target}`, {
    method,
    body: body && JSON.stringify(body),
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...(key ? { 'idempotency-key': key } : {}) },
  });
}

/** What the region's functions logged. */
async function logged(region: string): Promise<string> {
  const client = new EngineClient({ engine: (name) => run.regions.find((handle) => handle.name === name) });
  const ask = async (operation: string, input: object): Promise<any> =>
    JSON.parse(
      (
        await client.call({
          place: { engine: region, region },
          service: 'logs',
          body: JSON.stringify(input),
          headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `Logs_20140328.${operation}` },
        })
      ).body.toString(),
    );
  try {
    const { logGroups } = await ask('DescribeLogGroups', {});
    const pages = await Promise.all(
      logGroups.map(({ logGroupName }: { logGroupName: string }) => ask('FilterLogEvents', { logGroupName })),
    );
    return pages
      .flatMap((page) => page.events ?? [])
      .map(({ message }: { message: string }) => message)
      .join('\n');
  } finally {
    client.close();
  }
}

test('with what the constructs grant, a payment is taken', async () => {
  expect((await call('us-west-2', 'POST', '/api/v1/payments', { accountId: 'a-1', amount: 100, currency: 'EUR' }, 'k-1')).status).toBe(201);
});

test('without one of the grants the same call is denied, says nothing of it, and debits nothing', async () => {
  const answer = await call('us-east-1', 'POST', '/api/v1/payments', { accountId: 'a-1', amount: 100, currency: 'EUR' }, 'k-2');
  expect(answer.status).toBe(503);
  expect(await answer.text()).not.toMatch(/AccessDenied|arn:|dynamodb/i);
  expect(await logged('us-east-1')).toMatch(/AccessDeniedException.*not authorized to perform: dynamodb:UpdateItem/);
  expect(await logged('us-west-2')).not.toMatch(/AccessDenied/);
  const account = await (await call('us-west-2', 'GET', '/api/v1/accounts/a-1')).json();
  expect(account).toMatchObject({ available: 900, held: 100 });
});

test('what it does not need, it can still do', async () => {
  expect((await call('us-east-1', 'GET', '/api/v1/accounts/a-1')).status).toBe(200);
});
