import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from '../project/tracked-files';

const folder = mkdtempSync(path.join(tmpdir(), 'preflight-'));
const account = '111122223333';
let server: Server;
let endpoint: string;
let version: string | undefined;
const asked: string[] = [];

/** The few calls of AWS's protocols that preflight makes, one path a region. */
function answer(request: IncomingMessage, body: string): { status: number; type: string; text: string } {
  const [, region, ...rest] = request.url!.split('?')[0].replace(/\/$/, '').split('/');
  const target = String(
    request.headers['x-amz-target'] ?? (/Action=(\w+)/.exec(body)?.[1] || `${request.method} ${rest.join('/')}`),
  ).replace(/^.*\./, '');
  asked.push(`${region} ${target}`);
  const json = (value: object, status = 200) => ({ status, type: 'application/x-amz-json-1.1', text: JSON.stringify(value) });
  const xml = (text: string, status = 200) => ({ status, type: 'text/xml', text });
  switch (target) {
    case 'GetCallerIdentity':
      return xml(
        `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>${account}</Account>` +
          `</GetCallerIdentityResult></GetCallerIdentityResponse>`,
      );
    case 'POST getRegionOptStatus':
      return json({ RegionName: 'x', RegionOptStatus: 'ENABLED_BY_DEFAULT' });
    case 'GetParameter':
      return version === undefined ? json({ __type: 'ParameterNotFound' }, 400) : json({ Parameter: { Value: version } });
    case 'DescribeStacks':
      return xml(
        `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code>` +
          `<Message>Stack with id x does not exist</Message></Error></ErrorResponse>`,
        400,
      );
    case 'ListTables':
      return json({ TableNames: ['a', 'b'] });
    case 'DescribeTable':
      return json({ __type: 'com.amazonaws.dynamodb.v20120810#ResourceNotFoundException' }, 400);
    case 'GetServiceQuota':
      return json({ Quota: { Value: 5_000 } });
    case 'HEAD acme-documents':
      return xml('', 404);
    default:
      return json({ __type: 'AccessDeniedException', message: `no ${target}` }, 400);
  }
}

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => {
      body += part.toString();
    });
    request.on('end', () => {
      const { status, type, text } = answer(request, body);
      response.writeHead(status, { 'content-type': type });
      response.end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/{region}`;
  const stack = (region: string) => ({
    type: 'aws:cloudformation:stack',
    environment: `aws://${account}/${region}`,
    displayName: `Pay/${region}`,
    properties: {
      templateFile: `${region}.json`,
      stackName: `pay-${region}`,
      requiresBootstrapStackVersion: 6,
      bootstrapStackVersionSsmParameter: '/cdk-bootstrap/hnb659fds/version',
    },
  });
  const nested = path.join(folder, 'assembly-Prod');
  mkdirSync(nested);
  const template = { Resources: { Bucket: { Type: 'AWS::S3::Bucket', Properties: { BucketName: 'acme-documents' } } } };
  const write = (at: string, artifacts: object) => writeFileSync(path.join(at, 'manifest.json'), JSON.stringify({ artifacts }));
  write(folder, {
    'assembly-Prod': { type: 'cdk:cloud-assembly', properties: { directoryName: 'assembly-Prod' } },
    east: stack('us-east-1'),
  });
  write(nested, { west: stack('us-west-2') });
  writeFileSync(
    path.join(folder, 'us-east-1.json'),
    JSON.stringify({ Resources: { Table: { Type: 'AWS::DynamoDB::Table', Properties: { TableName: 'acme' } } } }),
  );
  writeFileSync(path.join(nested, 'us-west-2.json'), JSON.stringify(template));
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

/** The command as a user runs it. */
async function command(...args: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [path.join(root, 'bin', 'index.js'), 'preflight', ...args], {
    env: { ...process.env, NODE_NO_WARNINGS: '1', AWS_REGION: '', AWS_EC2_METADATA_DISABLED: 'true' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (part: Buffer) => {
      output += part.toString();
    });
  }
  return { code: await new Promise((resolve) => child.on('close', resolve)), output };
}

test('an app with a stage passes in an account that is ready, and the result is written', async () => {
  version = '21';
  const file = path.join(folder, 'result.json');
  const { code, output } = await command('--app', folder, '--endpoint-url', endpoint, '--json', file);
  expect(output).toContain('pass us-east-1      bootstrapped: version 21, at least 6 is needed\n');
  expect(output).toContain('pass us-west-2      names are free or ours: 1 names\n');
  expect(output).toMatch(/\n\d+ passed, 0 warned, 0 failed\n$/);
  expect(code).toBe(0);
  expect((JSON.parse(readFileSync(file, 'utf8')) as { failed: number }).failed).toBe(0);
  expect(asked.filter((call) => /Create|Delete|Put|Update/.test(call))).toEqual([]);
});

test('a region that was not bootstrapped fails, with the command that helps', async () => {
  version = undefined;
  const { code, output } = await command('--app', folder, '--endpoint-url', endpoint);
  expect(output).toContain(
    `fail us-east-1      bootstrapped: /cdk-bootstrap/hnb659fds/version is not there\n     run 'npx cdk bootstrap aws://${account}/us-east-1'\n`,
  );
  expect(code).toBe(1);
});

test('services that do not answer are one line', async () => {
  const { code, output } = await command('--app', folder, '--endpoint-url', 'http://127.0.0.1:9/{region}');
  expect(output).toMatch(/^the credentials were refused in us-west-2|^the credentials were refused in us-east-1/);
  expect(output.trim().split('\n')).toHaveLength(1);
  expect(code).toBe(1);
});

test.each([
  ['no assembly', ['--app', path.join(folder, 'nowhere')], /^--app: .* holds no manifest.json: run 'npx cdk synth' first/],
  ['an address that is none', ['--app', folder, '--endpoint-url', 'nonsense'], /^--endpoint-url: give an address/],
])('%s is a wrong argument', async (_, args, message) => {
  const { code, output } = await command(...args);
  expect(output).toMatch(message);
  expect(code).toBe(2);
});
