import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runCommand } from './run-command';
import { AwsReply, FakeAws, refusal } from '../runtime/fake-aws';

const folder = mkdtempSync(path.join(tmpdir(), 'preflight-'));
const account = '111122223333';
let aws: FakeAws;
let version: string | undefined;

const xml = (text: string, status = 200): AwsReply => ({ status, headers: { 'content-type': 'text/xml' }, body: text });
const answers: Readonly<Record<string, () => AwsReply>> = {
  GetCallerIdentity: () =>
    xml(
      `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>${account}</Account><Arn>arn:aws:iam::${account}:user/ana</Arn>` +
        `</GetCallerIdentityResult></GetCallerIdentityResponse>`,
    ),
  'POST /getRegionOptStatus': () => ({ body: { RegionName: 'x', RegionOptStatus: 'ENABLED_BY_DEFAULT' } }),
  GetParameter: () => (version === undefined ? refusal('ParameterNotFound') : { body: { Parameter: { Value: version } } }),
  DescribeStacks: () =>
    xml(
      `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code>` +
        `<Message>Stack with id x does not exist</Message></Error></ErrorResponse>`,
      400,
    ),
  ListTables: () => ({ body: { TableNames: ['a', 'b'] } }),
  DescribeTable: () => refusal('ResourceNotFoundException'),
  'GET /2016-08-19/account-settings/': () => ({
    body: { AccountLimit: { ConcurrentExecutions: 5_000, UnreservedConcurrentExecutions: 4_000 } },
  }),
  GetServiceQuota: () => ({ body: { Quota: { Value: 5_000 } } }),
  'HEAD /acme-documents/': () => xml('', 404),
};

beforeAll(async () => {
  aws = await FakeAws.start();
  aws.answer = ({ action }) => answers[action]?.() ?? refusal('AccessDeniedException');
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
  await aws.stop();
  rmSync(folder, { recursive: true });
});

/** `AWS_REGION` alone would be asked too. */
const command = (...args: string[]) => runCommand(['preflight', ...args], { AWS_REGION: '' });

test('an app with a stage passes in an account that is ready, and the result is written', async () => {
  version = '21';
  const file = path.join(folder, 'result.json');
  const { code, output } = await command('--app', folder, '--endpoint-url', aws.url, '--json', file);
  expect(output).toContain('pass us-east-1      bootstrapped: version 21, at least 6 is needed\n');
  expect(output).toContain('pass us-west-2      names are free or ours: 1 names\n');
  expect(output).toMatch(/\n\d+ passed, 0 warned, 0 failed\n$/);
  expect(code).toBe(0);
  expect((JSON.parse(readFileSync(file, 'utf8')) as { failed: number }).failed).toBe(0);
  expect(aws.actions).toContain('GetServiceQuota');
  expect(aws.actions.filter((action) => !Object.hasOwn(answers, action) || /Create|Delete|Put|Update/.test(action))).toEqual([]);
});

test('a region that was not bootstrapped fails, with the command that helps', async () => {
  version = undefined;
  const { code, output } = await command('--app', folder, '--endpoint-url', aws.url);
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
