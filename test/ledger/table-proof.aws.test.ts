import { createServer, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import { CloudFormationEvent } from '../../src/kernel/custom-resource';
import { proofEnv } from '../../src/ledger/contract';
import { tableModes } from '../../src/ledger/tables/proof.aws';

/** What stands for DynamoDB and for CloudFormation's bucket. */
let server: Server;
let answers: { readonly status: number; readonly body: object }[] = [];
let told: Record<string, unknown>[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => {
      body += part;
    });
    request.on('end', () => {
      if (request.method === 'PUT') told.push(JSON.parse(body) as Record<string, unknown>);
      const { status, body: answer } = request.method === 'PUT' ? { status: 200, body: {} } : answers.shift()!;
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(process.env, {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL: endpoint,
  });
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  told = [];
});

const described = (mode?: string, replicas?: readonly string[]) => ({
  status: 200,
  body: {
    Table: {
      TableName: 't',
      ...(mode === undefined ? {} : { MultiRegionConsistency: mode }),
      ...(replicas === undefined ? {} : { Replicas: replicas.map((RegionName) => ({ RegionName })) }),
    },
  },
});
const refused = (name: string, status = 400) => ({ status, body: { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: name } });

test.each([
  ['a strong table', [described('STRONG')], 'STRONG'],
  ['an eventual one', [described('EVENTUAL')], 'EVENTUAL'],
  ['one of a single region, which says nothing', [described()], 'EVENTUAL'],
  [
    'one that is not there',
    [refused('ResourceNotFoundException'), refused('ResourceNotFoundException'), refused('ResourceNotFoundException')],
    'MISSING',
  ],
  [
    'one that was just made, and is found a little later',
    [refused('ResourceNotFoundException'), refused('ResourceNotFoundException'), described('STRONG')],
    'STRONG',
  ],
  ['one that is described at the second attempt', [refused('InternalServerError', 500), described('STRONG')], 'STRONG'],
])('%s', async (_what, given, mode) => {
  answers = given;
  expect((await tableModes('us-east-1')('t')).mode).toBe(mode);
  expect(answers).toEqual([]);
});

test.each([
  ['names no copy', undefined, true],
  ['names the region itself', ['us-east-1'], true],
  ['names another', ['us-west-2'], false],
  ['names both', ['us-east-1', 'us-west-2'], false],
])('whether a table is alone: it %s', async (_what, replicas, isAlone) => {
  answers = [described('EVENTUAL', replicas)];
  expect(await tableModes('us-east-1')('t')).toEqual({ mode: 'EVENTUAL', isAlone });
});

test('what DynamoDB refuses is no mode', async () => {
  answers = [refused('ValidationException')];
  await expect(tableModes('us-east-1')('t')).rejects.toThrow('ValidationException');
});

test('the function tells CloudFormation, by the address that came with the request', async () => {
  Object.assign(process.env, proofEnv.write({ tables: JSON.stringify({ ledger: { name: 't', mode: 'STRONG' } }) }));
  const { handler } = jest.requireActual<typeof import('../../src/ledger/functions/table-proof.handler')>(
    '../../src/ledger/functions/table-proof.handler',
  );
  const event = {
    RequestType: 'Create',
    RequestId: 'r',
    StackId: 's',
    LogicalResourceId: 'Tables',
    ResponseURL: `${process.env.AWS_ENDPOINT_URL}/bucket`,
    ResourceProperties: {},
  } as CloudFormationEvent;
  answers = [described('EVENTUAL')];
  await handler(event);
  answers = [described('STRONG', ['us-west-2'])];
  await handler(event);
  answers = [described('STRONG')];
  await handler({ ...event, RequestType: 'Update' });
  expect(told).toEqual([
    expect.objectContaining({
      Status: 'FAILED',
      Reason: expect.stringContaining('EVENTUAL; allowed: STRONG'),
      RequestId: 'r',
      StackId: 's',
      LogicalResourceId: 'Tables',
    }),
    expect.objectContaining({
      Status: 'SUCCESS',
      Reason: '',
      PhysicalResourceId: 'ledger-tables-Tables',
      Data: { TableMode: 'STRONG', AuthorityMode: 'NOT_HERE' },
    }),
    expect.objectContaining({ Status: 'SUCCESS', Reason: expect.stringContaining('no replica in another region') }),
  ]);
});
