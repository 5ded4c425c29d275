import { statSync } from 'node:fs';
import path from 'node:path';
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStackResourcesCommand,
  waitUntilStackCreateComplete,
} from '@aws-sdk/client-cloudformation';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { localCredentials } from '../../../local/engine/credentials';
import { engineClientConfig } from '../../../local/engine/engine-http';
import { EngineClient } from '../../../local/network/engine-client';
import { ask, attacksOn, cameThrough, guessable, listTables, signed, type Credentials } from '../attacks';
import { deployFunctions, type Order, type Outcome } from '../functions';
import { Regions, accountId, east, startRegions, west } from '../regions';

let regions: Regions;
let invoke: (name: string, order: Order) => Promise<Outcome>;

beforeAll(async () => {
  regions = await startRegions();
  invoke = await deployFunctions(regions, west, {
    lister: { Statement: [{ Effect: 'Allow', Action: 'dynamodb:ListTables', Resource: '*' }] },
  });
}, 120_000);
afterAll(() => regions?.close());

const portOf = (region: string): number => regions.proxies.get(region)!.port;
const list = async (region: string, credentials: Credentials, at = region) =>
  ask(portOf(at), { ...listTables, headers: await signed(listTables, credentials, portOf(at), { region }) }).then(({ status }) => status);

test.each([[east], [west]])('nobody comes in without a secret of the run, and no page of a browser: %s', async (region) => {
  expect(Object.keys(await attacksOn(portOf(region))).length).toBeGreaterThan(20);
  expect(await cameThrough(portOf(region))).toEqual([]);
});

test('the run itself comes in, and its functions, with keys that nobody can compute', async () => {
  expect(await list(west, localCredentials)).toBe(200);
  expect(await invoke('lister', { command: 'ListTables', input: {} })).toMatchObject({ ok: true });
  const { status, body } = await new EngineClient({ engine: (name) => regions.engines.get(name) }).call({
    place: { engine: west, region: west },
    service: 'lambda',
    method: 'GET',
    path: '/2015-03-31/functions/lister',
  });
  expect(status).toBe(200);
  const { FunctionArn, Role } = (JSON.parse(body.toString()) as { Configuration: { FunctionArn: string; Role: string } }).Configuration;
  expect(FunctionArn).toBe(`arn:aws:lambda:${west}:${accountId}:function:lister`);
  const guessed = guessable(FunctionArn, Role);
  // The key is known, as the answer says; its secret is another one.
  const known = await ask(portOf(west), { ...listTables, headers: await signed(listTables, guessed, portOf(west), { region: west }) });
  expect([known.status, JSON.parse(known.body).__type]).toEqual([403, 'InvalidSignatureException']);
  // Another region's emulator has no such function.
  expect(await list(east, guessed)).toBe(403);
});

test('who was given a key, or took on a role, comes in by it', async () => {
  const iam = new IAMClient({ ...engineClientConfig(regions.engines.get(west)!, west), maxAttempts: 1 });
  await iam.send(new CreateUserCommand({ UserName: 'dev' }));
  await iam.send(
    new PutUserPolicyCommand({
      UserName: 'dev',
      PolicyName: 'own',
      PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }),
    }),
  );
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'dev' }));
  const user = { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
  expect(await list(west, user)).toBe(200);
  expect(await list(west, { ...user, secretAccessKey: 'other' })).toBe(403);
  const asked = { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'Action=GetSessionToken&Version=2011-06-15' };
  const session = await ask(portOf(west), { ...asked, headers: await signed(asked, user, portOf(west), { region: west, service: 'sts' }) });
  const of = (name: string) => new RegExp(`<${name}>([^<]+)<`).exec(session.body)![1];
  const temporary = { accessKeyId: of('AccessKeyId'), secretAccessKey: of('SecretAccessKey'), sessionToken: of('SessionToken') };
  expect(await list(west, temporary)).toBe(200);
  expect(await list(west, { ...temporary, secretAccessKey: 'other' })).toBe(403);
  iam.destroy();
});

const openToOthers = (name: string): boolean => !statSync(name).mode.toString(8).endsWith('00');

test('CloudFormation takes the answer of a custom resource, which a function sends by fetch without a signature', async () => {
  const client = new CloudFormationClient({ ...engineClientConfig(regions.engines.get(west)!, west), maxAttempts: 1 });
  const code = `exports.handler = async (event) => {
    const { StackId, RequestId, LogicalResourceId, ResponseURL } = event;
    const body = JSON.stringify({ Status: 'SUCCESS', PhysicalResourceId: 'made', StackId, RequestId, LogicalResourceId });
    await fetch(ResponseURL, { method: 'PUT', body, headers: { 'content-type': '' } });
  };`;
  const Resources = {
    Role: {
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: {
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } }],
        },
      },
    },
    Function: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        FunctionName: 'maker',
        Runtime: 'nodejs22.x',
        Handler: 'index.handler',
        Timeout: 10,
        Code: { ZipFile: code },
        Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
      },
    },
    Custom: { Type: 'Custom::Thing', Properties: { ServiceToken: { 'Fn::GetAtt': ['Function', 'Arn'] } } },
  };
  await client.send(
    new CreateStackCommand({ StackName: 'custom', TemplateBody: JSON.stringify({ Resources }), Capabilities: ['CAPABILITY_IAM'] }),
  );
  await waitUntilStackCreateComplete({ client, maxWaitTime: 20, minDelay: 1, maxDelay: 1 }, { StackName: 'custom' });
  const { StackResources } = await client.send(new DescribeStackResourcesCommand({ StackName: 'custom', LogicalResourceId: 'Custom' }));
  expect(StackResources![0].PhysicalResourceId).toBe('made');
  client.destroy();
}, 30_000);

test('an emulator is reached by its own user alone, through a socket in a closed folder', () => {
  for (const engine of regions.engines.values()) {
    expect(statSync(engine.engineSocket).isSocket()).toBe(true);
    expect([engine.engineSocket, path.dirname(engine.engineSocket)].map(openToOthers)).toEqual([false, false]);
  }
});
