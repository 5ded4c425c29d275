import { createServer, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { canaryEnv, CanaryPlan } from '../../src/canary/contract';
import { FakeSystem, goodToken, SystemServer } from '../commands/fake-system';
import { AwsCall, AwsReply, FakeAws, keepLog } from '../runtime/fake-aws';
import { loadedHandler } from '../runtime/loaded-handler';

const region = 'us-east-1';
const secretArn = `arn:aws:secretsmanager:${region}:111122223333:secret:acme-pay/canary-client-AbCdEf`;
const system = new FakeSystem({ nowMs: Date.now, sleep: (ms) => sleep(ms) });
const server = new SystemServer(system);
let aws: FakeAws;
let lines: Record<string, any>[];

beforeAll(() => server.start());
afterAll(() => server.stop());
beforeEach(async () => {
  aws = await FakeAws.start({ AWS_REGION: region });
  lines = keepLog();
  aws.answer = tokenOrSecret;
});
afterEach(async () => {
  jest.restoreAllMocks();
  await aws.stop();
});

function tokenOrSecret({ action }: AwsCall): AwsReply {
  if (action === 'GetSecretValue') return { body: { SecretString: '{"client_id":"canary","client_secret":"s3cret"}' } };
  return { body: { access_token: goodToken, expires_in: 3600 } };
}

const plan = (change: Partial<CanaryPlan> = {}): CanaryPlan => ({
  systemName: 'acme-pay',
  region,
  tenant: 'canary',
  regions: ['us-east-1', 'us-west-2'],
  target: 'NAME',
  url: `${server.url}/`,
  identity: { kind: 'client', tokenUrl: `${aws.url}/token`, secretArn, scope: 'payments/pay' },
  ...change,
});

function run(change: Partial<CanaryPlan> = {}, door?: string): Promise<string> {
  Object.assign(process.env, canaryEnv.write({ plan: JSON.stringify(plan(change)), door }));
  return loadedHandler<unknown, string>('canary/functions/canary')({});
}

test('a run proves itself by its secret, once, and logs its checks without secret or token', async () => {
  expect(await run()).toBe('9 checks passed');
  const [secret, token, ...others] = aws.calls;
  expect([secret.input, token.path, token.input, others]).toEqual([
    { SecretId: secretArn },
    '/token',
    { grant_type: 'client_credentials', scope: 'payments/pay' },
    [],
  ]);
  expect(token.headers.authorization).toBe(`Basic ${Buffer.from('canary:s3cret').toString('base64')}`);
  expect(lines).toEqual([expect.objectContaining({ message: 'canary run', target: 'NAME', system: 'acme-pay', region })]);
  expect(lines[0].checks).toHaveLength(9);
  expect(JSON.stringify(lines)).not.toMatch(/s3cret|good-token/);
});

test.each([400, 401, 403])('a client that its issuer refuses by %d asks once, and not again', async (status) => {
  aws.answer = (call) => (call.action === 'GetSecretValue' ? tokenOrSecret(call) : { status, body: { error: 's3cret' } });
  await expect(run()).rejects.toThrow(`all steps were made: the token endpoint answered ${status}`);
  expect(aws.calls).toHaveLength(2);
  expect(JSON.stringify(lines)).not.toContain('s3cret');
});

test('a secret of another form is read once, and not told', async () => {
  aws.answer = () => ({ body: { SecretString: '{"password":"s3cret"}' } });
  await expect(run()).rejects.toThrow(/all steps were made: the secret .+ must hold/);
  expect(aws.calls).toHaveLength(1);
  expect(JSON.stringify(lines)).not.toContain('s3cret');
});

test('at a region, only that region answers', async () => {
  expect(await run({ target: 'REGION', url: `${server.url}/us-east-1/` })).toBe('9 checks passed');
  await expect(run({ target: 'REGION', url: `${server.url}/us-west-2/` })).rejects.toThrow('the region that answers: us-west-2');
});

test.each([
  ['', 'environment variable CANARY_PLAN is missing'],
  ['{}', "environment variable CANARY_PLAN is '{}'"],
])('without its plan (%j) it says so', (text, message) => {
  process.env.CANARY_PLAN = text;
  expect(() => loadedHandler('canary/functions/canary')).toThrow(message);
});

describe('the calls themselves', () => {
  interface Seen {
    readonly url: string;
    readonly headers: NodeJS.Dict<string | string[]>;
  }
  const seen: Seen[] = [];
  let listener: Server;
  let address: string;
  beforeAll(async () => {
    listener = createServer((request, response) => {
      seen.push({ url: request.url!, headers: request.headers });
      request.resume();
      response.writeHead(403, { 'content-type': 'text/plain' });
      response.end('no JSON');
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  });
  beforeEach(() => void seen.splice(0));
  afterAll(() => new Promise((resolve) => listener.close(resolve)));

  test('are signed for the API of the region, where callers sign', async () => {
    await expect(run({ target: 'REGION', url: `${address}/live/`, identity: { kind: 'role' } })).rejects.toThrow('authorise: 403');
    const [opened, paid] = seen;
    expect([opened.url.replace(/-\d{10}$/, ''), paid.url]).toEqual([
      '/live/api/v1/accounts/canary-us-east-1-region',
      '/live/api/v1/payments',
    ]);
    for (const { headers } of seen) {
      expect(headers.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/us-east-1\/execute-api\//);
    }
    expect(paid.headers['idempotency-key']).toMatch(/^canary-.+-pay$/);
    expect(aws.calls).toEqual([]);
  });

  test.each([
    ['REGION', '/_local/regions/us-east-1/api/v1/payments'],
    ['NAME', '/api/v1/payments'],
  ] as const)('go to the door that stands for both, and say from where: %s', async (target, url) => {
    await expect(run({ target }, address)).rejects.toThrow('authorise: 403');
    expect(seen.at(-1)).toMatchObject({ url, headers: { 'x-client-location': region, authorization: `Bearer ${goodToken}` } });
  });
});
