import { createServer, IncomingMessage, Server } from 'node:http';
import { AddressInfo } from 'node:net';
import { Template } from 'aws-cdk-lib/assertions';
import { cutoverIn } from './machine';
import { recordsProperties as properties, stackId } from './settings';
import { World } from './world';
import { resourceStatus, respond, stackStatus } from '../../src/cutover/weights/weighted-records.aws';
import { wishOf } from '../../src/cutover/weights/weighted-records.domain';
import { WeightedRecordsKeeper, WeightedRecordsResource } from '../../src/cutover/weights/weighted-records.service';
import { CloudFormationEvent, responseProblem } from '../../src/kernel/custom-resource';
import { newStack, plain, statementsByRole } from '../cdk/stacks';

const bucket = 'https://cloudformation-custom-resource-response-eucentral1.s3.eu-central-1.amazonaws.com';
const genuine: CloudFormationEvent = {
  RequestType: 'Create',
  RequestId: 'r1',
  StackId: stackId,
  LogicalResourceId: 'Records',
  ResponseURL: `${bucket}/x?X-Amz-Signature=1`,
  ResourceProperties: { ServiceToken: 'arn', publicName: 'pay.example.com', ...properties },
};

/** The custom resource with a world around it. */
class Site {
  public readonly world = new World();
  public status = 'CREATE_IN_PROGRESS';
  /** What CloudFormation is doing to the resource; undefined: what is sent. */
  public doing: string | undefined;
  /** Where the regions say that they are. */
  public suffix = '';
  public readonly answers: [string, string][] = [];
  public readonly refusals: string[] = [];

  public async send(change: Partial<CloudFormationEvent> | Record<string, unknown> = {}): Promise<string> {
    const { world } = this;
    const addressOf = async (region: string): Promise<{ value: string }> => ({
      value: `a${this.suffix}.execute-api.${region}.amazonaws.com`,
    });
    const resource = new WeightedRecordsResource(
      {
        keeper: new WeightedRecordsKeeper({
          log: world.log(),
          records: world.records(),
          clock: world.clock,
          addressOf,
          isRunning: async () => true,
        }),
        stackStatus: async () => this.status,
        resourceStatus: async () => this.doing ?? `${String(change.RequestType ?? genuine.RequestType).toUpperCase()}_IN_PROGRESS`,
        sleep: world.clock.sleep,
        respond: async (event, { kind }) => {
          this.answers.push([event.ResponseURL, kind]);
        },
        refused: (why) => {
          this.refusals.push(why);
        },
      },
      { stackId, logicalId: 'Records', properties },
      { region: 'eu-central-1' },
    );
    const result = await resource.handle({ ...genuine, ...change } as CloudFormationEvent, world.nowMs + 60_000);
    return result.kind === 'done' ? 'done' : result.reason;
  }

  public async makeRecords(): Promise<this> {
    expect(await this.send()).toBe('done');
    return this;
  }
}

test('CloudFormation is served, in each state in which it sends', async () => {
  const site = await new Site().makeRecords();
  expect(site.world.stamped!.shape.source!.weight).toBe(100);
  site.status = 'UPDATE_ROLLBACK_IN_PROGRESS';
  expect(await site.send({ RequestType: 'Update', RequestId: 'r2' })).toBe('done');
  site.status = 'DELETE_IN_PROGRESS';
  expect(await site.send({ RequestType: 'Delete', RequestId: 'r3' })).toBe('done');
  expect([site.world.stamped, site.refusals, site.answers.map(([, kind]) => kind)]).toEqual([undefined, [], ['done', 'done', 'done']]);
});

test('an update that CloudFormation takes back is let through, also while it would fail again', async () => {
  const site = await new Site().makeRecords();
  site.world.unreachable = true;
  site.suffix = '2';
  site.status = 'UPDATE_IN_PROGRESS';
  expect(await site.send({ RequestType: 'Update', RequestId: 'r2' })).toContain('control plane unreachable');
  site.status = 'UPDATE_ROLLBACK_IN_PROGRESS';
  expect(await site.send({ RequestType: 'Update', RequestId: 'r3' })).toBe('done');
});

test('an Update of nothing but what the records point to is served: the regions say where they are', async () => {
  const site = await new Site().makeRecords();
  site.status = 'UPDATE_IN_PROGRESS';
  site.suffix = '2';
  const ResourceProperties = { ...genuine.ResourceProperties, pointsTo: 'f'.repeat(64) };
  expect(await site.send({ RequestType: 'Update', RequestId: 'r2', ResourceProperties })).toBe('done');
  expect(site.world.stamped!.shape).toMatchObject({
    source: { value: 'a2.execute-api.us-east-1.amazonaws.com', weight: 100 },
    target: { value: 'a2.execute-api.eu-central-1.amazonaws.com', weight: 0 },
  });
});

test.each<[string, Partial<CloudFormationEvent>, string, boolean]>([
  ['another stack', { StackId: stackId.replace('cutover', 'other'), RequestType: 'Delete' }, 'belongs to', false],
  ['another resource', { LogicalResourceId: 'Other', RequestType: 'Delete' }, 'belongs to', false],
  [
    'other regions',
    { RequestType: 'Update', ResourceProperties: { ...properties, target: 'ap-southeast-2' } },
    'says target "ap-southeast-2"',
    true,
  ],
  [
    'records of the name replaced',
    { RequestType: 'Update', ResourceProperties: { ...properties, replaceExisting: 'true', initialTarget: '100' } },
    'was deployed',
    true,
  ],
  ['no properties', { RequestType: 'Update', ResourceProperties: undefined }, 'was deployed', true],
  ['an unknown type', { RequestType: 'toString' as never }, 'RequestType is', true],
  ['a deletion while nothing is deleted', { RequestType: 'Delete' }, 'sends no Delete while the stack', true],
  ['an update while nothing is updated', { RequestType: 'Update' }, 'sends no Update while the stack', true],
  [
    'an answer to elsewhere',
    { ResponseURL: 'https://collector.example.com/x' },
    'ResponseURL leads to https://collector.example.com',
    false,
  ],
  ['an answer to nowhere', { ResponseURL: undefined }, 'is not a URL', false],
])(
  "a forged event (%s) changes nothing, is counted, and is answered in CloudFormation's bucket or not at all",
  async (_what, change, why, answered) => {
    const site = await new Site().makeRecords();
    site.status = 'UPDATE_COMPLETE';
    const before = [site.world.stamped, site.world.parameters.size];
    expect(await site.send({ RequestId: 'forged', ...change })).toMatch(new RegExp(`^refused: .*${why}`));
    expect([site.world.stamped, site.world.parameters.size]).toEqual(before);
    expect(site.refusals).toHaveLength(1);
    expect(site.answers.slice(1)).toEqual(answered ? [[genuine.ResponseURL, 'failed']] : []);
  },
);

test.each<[string, CloudFormationEvent['RequestType'], string, string]>([
  ['a deletion while something else is deployed', 'Delete', 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'CREATE_COMPLETE'],
  ['a deletion while the records are updated', 'Delete', 'UPDATE_IN_PROGRESS', 'UPDATE_IN_PROGRESS'],
  ['a creation, which would take what stands there, while something else is deployed', 'Create', 'UPDATE_IN_PROGRESS', 'UPDATE_COMPLETE'],
  ['an update while something else is deployed', 'Update', 'UPDATE_IN_PROGRESS', 'CREATE_COMPLETE'],
])('a deployment opens no window for %s', async (_what, RequestType, status, doing) => {
  const site = await new Site().makeRecords();
  Object.assign(site, { status, doing });
  const before = [site.world.stamped, site.world.parameters.size];
  expect(await site.send({ RequestId: 'forged', RequestType })).toMatch(
    new RegExp(`^refused: CloudFormation sends no ${RequestType} while the resource Records is ${doing}`),
  );
  expect([site.world.stamped, site.world.parameters.size, site.refusals.length]).toEqual([...before, 1]);
});

test.each([
  'pay.attacker.example',
  'a.execute-api.us-east-1.amazonaws.com.attacker.example',
  'a.execute-api.eu-central-1.amazonaws.com',
  'evil.example/.execute-api.us-east-1.amazonaws.com',
  '.execute-api.us-east-1.amazonaws.com',
  7,
])('whoever may put a parameter sends the public name nowhere else: %j', async (value) => {
  const world = new World();
  const addressOf = async (region: string): Promise<{ value: string }> => ({
    value: region === 'us-east-1' ? (value as string) : `a.execute-api.${region}.amazonaws.com`,
  });
  const keeper = new WeightedRecordsKeeper({
    log: world.log(),
    records: world.records(),
    clock: world.clock,
    addressOf,
    isRunning: async () => true,
  });
  expect(
    await keeper.carryOut({ type: 'Create', requestId: 'r', stack: 's', wish: wishOf(properties) }, world.nowMs + 60_000),
  ).toMatchObject({ kind: 'failed', reason: expect.stringContaining('only names that end with') });
  expect([world.stamped, world.parameters.size]).toEqual([undefined, 0]);
});

describe('an answer may go to', () => {
  const named = 'cloudformation-custom-resource-response';
  test.each([
    ['eu-central-1', `https://${named}-eucentral1.s3.eu-central-1.amazonaws.com/a?b`],
    ['eu-west-1', `https://${named}-euwest1.s3-eu-west-1.amazonaws.com/a`],
    ['us-east-1', `https://${named}-useast1.s3.amazonaws.com/a`],
    ['us-gov-west-1', `https://${named}-usgovwest1.s3.us-gov-west-1.amazonaws.com/a`],
    ['cn-north-1', `https://${named}-cnnorth1.s3.cn-north-1.amazonaws.com.cn/a`],
  ])('the bucket of %s', (region, url) => {
    expect(responseProblem(url, region)).toBeUndefined();
  });

  test.each([
    'http://cloudformation-custom-resource-response-eucentral1.s3.eu-central-1.amazonaws.com/a',
    `${bucket}:8443/a`,
    `${bucket.replace('https://', 'https://a:b@')}/a`,
    `${bucket}.example.com/a`,
    'https://example.com/cloudformation-custom-resource-response-eucentral1.s3.eu-central-1.amazonaws.com',
    'https://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com/a',
    'https://mine-cloudformation-custom-resource-response-eucentral1.s3.eu-central-1.amazonaws.com/a',
    'https://s3.eu-central-1.amazonaws.com/cloudformation-custom-resource-response-eucentral1/a',
    `${bucket}.cn/a`,
    'http://localhost:4566/a',
    'file:///etc/passwd',
    '',
    undefined,
  ])('not to %s', (url) => {
    expect(responseProblem(url, 'eu-central-1')).toBeDefined();
    expect(responseProblem(url, 'eu-central-1', 'https://vpce.example.com')).toBeDefined();
  });

  test('an emulator on this machine, where all AWS calls go there', () => {
    expect(responseProblem('http://localhost:4566/a', 'eu-central-1', 'http://127.0.0.1:4001')).toBeUndefined();
    expect(responseProblem('http://collector.example.com/a', 'eu-central-1', 'http://127.0.0.1:4001')).toBeDefined();
  });
});

describe('over HTTP', () => {
  let server: Server;
  let url = '';
  const seen: string[] = [];
  const body = async (request: IncomingMessage): Promise<string> => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    return text;
  };

  beforeAll(async () => {
    server = createServer((request, response) => {
      void body(request).then((text) => {
        seen.push(`${request.method} ${request.url} ${text}`);
        if (request.url === '/moved') response.writeHead(307, { location: `${url}/elsewhere` });
        response.end('<DescribeStacksResponse><StackStatus>UPDATE_IN_PROGRESS</StackStatus></DescribeStacksResponse>');
      });
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    seen.length = 0;
  });

  test('an answer follows no redirect', async () => {
    await expect(respond({ ...genuine, ResponseURL: `${url}/moved` }, { kind: 'done' })).rejects.toThrow('did not take the answer: 307');
    expect(seen.map((line) => line.split(' ')[1])).toEqual(['/moved']);
  });

  test('what CloudFormation does to the resource is told by its newest event of it', async () => {
    const event = (id: string, status: string): string =>
      `<member><LogicalResourceId>${id}</LogicalResourceId><ResourceStatus>${status}</ResourceStatus></member>`;
    let pages = [
      `<StackEvents>${event('cutover', 'UPDATE_IN_PROGRESS')}${event('RecordsOther', 'DELETE_IN_PROGRESS')}</StackEvents>` +
        '<NextToken>2</NextToken>',
      `<StackEvents>${event('Records', 'UPDATE_COMPLETE')}${event('Records', 'UPDATE_IN_PROGRESS')}</StackEvents>`,
    ];
    const asked: string[] = [];
    const events = createServer((request, response) => {
      void body(request).then((text) => {
        asked.push(text);
        response.end(pages[/NextToken=2/.test(text) ? 1 : 0]);
      });
    });
    await new Promise<void>((resolve) => {
      events.listen(0, '127.0.0.1', resolve);
    });
    const environment = { ...process.env };
    Object.assign(process.env, {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${(events.address() as AddressInfo).port}`,
      AWS_ACCESS_KEY_ID: 'a',
      AWS_SECRET_ACCESS_KEY: 'b',
    });
    try {
      expect(await resourceStatus('eu-central-1', stackId, 'Records')).toBe('UPDATE_COMPLETE');
      expect(asked.map((text) => new URLSearchParams(text).get('NextToken'))).toEqual([null, '2']);
      pages = [`<StackEvents>${event('Records', 'DELETE_IN_PROGRESS')}</StackEvents>`];
      expect(await resourceStatus('eu-central-1', stackId, 'Records')).toBe('DELETE_IN_PROGRESS');
      expect(await resourceStatus('eu-central-1', stackId, 'Other')).toBeUndefined();
    } finally {
      process.env = environment;
      events.closeAllConnections();
      events.close();
    }
  });

  test("the stack's state is asked of CloudFormation", async () => {
    const environment = { ...process.env };
    Object.assign(process.env, { AWS_ENDPOINT_URL: url, AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' });
    try {
      expect(await stackStatus('eu-central-1', stackId)).toBe('UPDATE_IN_PROGRESS');
    } finally {
      process.env = environment;
    }
    expect(seen).toEqual([`POST / Action=DescribeStacks&Version=2010-05-15&StackName=${encodeURIComponent(stackId)}`]);
  });
});

test("what was deployed stands in the function's environment, and is what the resource says", () => {
  const stack = newStack('eu-central-1');
  cutoverIn(stack);
  const template = Template.fromStack(stack);
  const [[logicalId, resource]] = Object.entries(template.findResources('Custom::WeightedRecords'));
  const environment = Object.values(template.findResources('AWS::Lambda::Function'))
    .map(({ Properties }) => Properties.Environment?.Variables)
    .find((variables) => variables?.RECORDS_PROPERTIES !== undefined);
  expect(environment).toMatchObject({ RECORDS_STACK_ID: { Ref: 'AWS::StackId' }, RECORDS_LOGICAL_ID: logicalId });
  const { ServiceToken, publicName, ...said } = resource.Properties as Record<string, unknown>;
  expect(JSON.parse(environment.RECORDS_PROPERTIES as string)).toEqual(said);
  const statements = Object.entries(plain(statementsByRole(template)) as Record<string, any[]>).find(([name]) =>
    name.startsWith('CutoverRecordsKeeper'),
  )![1];
  expect(statements.find((one) => [one.Action].flat().includes('cloudformation:DescribeStacks'))).toMatchObject({
    Resource: { Ref: 'AWS::StackId' },
  });
});
