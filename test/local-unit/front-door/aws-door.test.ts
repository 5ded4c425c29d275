import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Door } from './door';
import { localCredentials } from '../../../local/engine/credentials';
import { signatureOf, verifySignature } from '../../../local/proxy/signature';
import { listTables, signed, type Asked } from '../attacks';

const anybody = { accessKeyId: 'anybody', secretAccessKey: 'anything' };
const reached: string[] = [];
let door: Door;
let proxy: http.Server;

beforeAll(async () => {
  // As a region's proxy: it takes calls that are signed by the run's own key.
  proxy = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const signature = signatureOf(request)!;
      const signedRequest = { method: request.method!, url: request.url!, headers: request.headers };
      void verifySignature(signedRequest, signature, localCredentials.secretAccessKey, Buffer.concat(chunks)).then(({ ok }) => {
        reached.push(`${request.method} ${request.url} ${signature.service} ${signature.region}`);
        response.writeHead(ok ? 200 : 403, { 'content-type': 'application/x-amz-json-1.0' });
        response.end('{"TableNames":["a"]}');
      });
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port: proxyPort } = proxy.address() as AddressInfo;
  door = await Door.open({ 'us-east-1': () => {}, 'us-west-2': () => {} });
  for (const region of door.regions) Object.assign(region, { proxyPort });
});
afterAll(async () => {
  await door.close();
  proxy.closeAllConnections();
  await new Promise((resolve) => proxy.close(resolve));
});
beforeEach(() => {
  reached.length = 0;
});

async function asked(call: Asked, { region = 'us-west-2', service = 'dynamodb', headers = {} } = {}) {
  const path = `/_local/aws/${region}/`;
  const own = await signed({ ...call, path }, anybody, door.port, { region, service });
  return door.ask('POST', path, { headers: { ...own, ...headers }, body: call.body });
}
const form = (action: string): Asked => ({
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: `Action=${action}&Version=1`,
});
const target = (name: string): Asked => ({ headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': name }, body: '{}' });

test("a call of anybody's is signed anew for its region's proxy, and the answer comes back", async () => {
  const { status, body } = await asked(listTables);
  expect([status, body]).toEqual([200, '{"TableNames":["a"]}']);
  expect(reached).toEqual(['POST / dynamodb us-west-2']);
  expect((await asked(form('GetCallerIdentity'), { service: 'sts' })).status).toBe(200);
});

test("an auditor's calls come through: the cutover's records and the public key", async () => {
  const records = { ...target('AmazonSSM.GetParametersByPath'), body: '{"Path":"/acme-pay/cutover/audit"}' };
  expect((await asked(records, { service: 'ssm' })).status).toBe(200);
  expect((await asked(target('TrentService.GetPublicKey'), { service: 'kms' })).status).toBe(200);
});

test.each([
  ['a function is made', 'lambda', target('x.CreateFunction')],
  ['a function is called', 'lambda', { headers: {}, body: '{}' }],
  ['a stack is made', 'cloudformation', form('CreateStack')],
  ['a role is taken', 'sts', form('AssumeRole')],
  ['parameters are written', 'ssm', target('AmazonSSM.PutParameter')],
  ['parameters are read by a path', 'ssm', { ...target('AmazonSSM.GetParametersByPath'), body: '{"Path":"/acme-pay"}' }],
  [
    'a path that only begins as the audit',
    'ssm',
    { ...target('AmazonSSM.GetParametersByPath'), body: '{"Path":"/acme/cutover/audit/../x"}' },
  ],
  ['a text is signed', 'kms', target('TrentService.Sign')],
  ['a secret is read', 'secretsmanager', target('secretsmanager.GetSecretValue')],
  ['a name of every object', 'constructor', target('x.toString')],
])('nothing by which code is run or a secret is read: %s', async (_, service, call) => {
  const { status, json } = await asked(call, { service });
  expect([status, json().__type]).toEqual([403, 'AccessDeniedException']);
  expect(reached).toEqual([]);
});

test.each<[string, Record<string, string>]>([
  ['a page of elsewhere', { origin: 'https://evil.example' }],
  ['a page of its own', { 'sec-fetch-site': 'same-origin' }],
  ['a name of elsewhere', { host: 'evil.example' }],
])('no browser comes through: %s', async (_, headers) => {
  expect((await asked(listTables, { headers })).status).toBe(403);
  expect(reached).toEqual([]);
});

test('an unknown region, and a call that is not signed', async () => {
  expect((await asked(listTables, { region: 'eu-west-9' })).json().message).toContain("there is no region 'eu-west-9' in this run");
  expect((await door.ask('POST', '/_local/aws/us-west-2', { headers: listTables.headers, body: '{}' })).status).toBe(403);
  expect(reached).toEqual([]);
});
