import { FakeServices } from './fake-services';
import { kmsSigner, parameterAudit, parameterOf } from '../../src/cutover/audit/aws';
import { checkPorts } from '../../src/cutover/checks/precheck.aws';
import { executionsIn, isExecutionRunning } from '../../src/cutover/machine/caller.aws';
import { RecordShape } from '../../src/cutover/model';
import { route53Records } from '../../src/cutover/weights/aws';
import { resourceStatus, respond, stackStatus } from '../../src/cutover/weights/weighted-records.aws';
import { CloudFormationEvent } from '../../src/kernel/custom-resource';
import { AwsReply, FakeAws, refusal } from '../runtime/fake-aws';

const region = 'eu-central-1';
let aws: FakeAws;
let services: FakeServices;
beforeEach(async () => {
  aws = await FakeAws.start({ AWS_REGION: region });
  services = new FakeServices(aws);
});
afterEach(() => aws.stop());

describe('the audit in Parameter Store', () => {
  test('takes a place once, and is read by places', async () => {
    const audit = parameterAudit('acme', region);
    expect([await audit.put(1, 'one'), await audit.put(1, 'other'), await audit.put(2, 'two')]).toEqual(['written', 'taken', 'written']);
    expect(await audit.read([1, 2, 9])).toEqual(
      new Map([
        [1, 'one'],
        [2, 'two'],
      ]),
    );
    expect(aws.inputs('PutParameter')[0]).toMatchObject({ Name: '/acme/cutover/audit/000001', Type: 'String', Overwrite: false });
    expect(aws.calls.every((call) => call.region === region)).toBe(true);
    expect(await parameterOf(region, '/acme/cutover/audit/000002')).toBe('two');
    expect(await parameterOf('us-east-1', '/acme/cutover/audit/000002')).toBeUndefined();
  });

  test('is listed through all its pages, an empty one too, and names what is in no place', async () => {
    const audit = parameterAudit('acme', region);
    for (let seq = 1; seq <= 23; seq += 1) await audit.put(seq, `text ${seq}`);
    services.parameters.set(`${region} /acme/cutover/audit/note`, 'mine');
    const { texts, others } = await audit.list();
    expect([[...texts.keys()], texts.get(23), others]).toEqual([
      Array.from({ length: 23 }, (_, at) => at + 1),
      'text 23',
      ['/acme/cutover/audit/note'],
    ]);
    const pages = [
      { Parameters: [], NextToken: 'a' },
      { NextToken: 'b' },
      { Parameters: [{ Name: '/acme/cutover/audit/000001', Value: 'one' }] },
    ];
    services.instead = () => ({ body: pages.shift()! });
    expect((await audit.list()).texts).toEqual(new Map([[1, 'one']]));
  });

  test.each(['put', 'read', 'list'] as const)('%s: what Parameter Store refuses is no answer about a place', async (call) => {
    services.instead = () => refusal('AccessDeniedException');
    const audit = parameterAudit('acme', region);
    await expect({ put: () => audit.put(1, 'x'), read: () => audit.read([1]), list: () => audit.list() }[call]()).rejects.toThrow(
      'AccessDeniedException',
    );
  });

  test('a throttle and a missing answer are waited for', async () => {
    const replies: AwsReply[] = [refusal('ThrottlingException'), 'hangUp', refusal('InternalServerError', 500)];
    services.instead = () => replies.shift();
    expect(await parameterAudit('acme', region).put(1, 'one')).toBe('written');
    expect(aws.calls).toHaveLength(4);
  }, 20_000);
});

describe("the audit's key", () => {
  test('signs a digest in KMS; the public key is read once, and again only when it could not be', async () => {
    const signer = kmsSigner(services.keyArn, region);
    services.instead = ({ action }) => (action === 'GetPublicKey' ? refusal('AccessDeniedException') : undefined);
    await expect(signer.key()).rejects.toThrow('AccessDeniedException');
    services.instead = () => undefined;
    const [key, again] = [await signer.key(), await signer.key()];
    const signature = await signer.sign('a text: 漢');
    expect([key === again, key.id, key.made(signature, 'a text: 漢'), key.made(signature, 'another')]).toEqual([
      true,
      '11111111-2222-3333-4444-555555555555',
      true,
      false,
    ]);
    expect(aws.inputs('Sign')).toEqual([
      expect.objectContaining({ KeyId: services.keyArn, MessageType: 'DIGEST', SigningAlgorithm: 'ECDSA_SHA_256' }),
    ]);
    expect(aws.actions.filter((action) => action === 'GetPublicKey')).toHaveLength(2);
  });
});

describe("the public name's records", () => {
  const records = () => route53Records({ systemName: 'acme', hostedZoneId: 'Z1', publicName: 'pay.example.com' });
  const shape = (weight: number): RecordShape => ({
    ttlSeconds: 5,
    source: { value: 'a.execute-api.us-east-1.amazonaws.com', healthCheckId: 'hc-a', weight: 100 - weight },
    target: { value: 'b&<c>.execute-api.us-west-2.amazonaws.com', weight },
  });

  test('are made, found as they were made, and replaced whole by whoever read them last', async () => {
    const none = await records().read();
    expect([none.kind, aws.calls[0].path, aws.calls[0].query]).toEqual([
      'none',
      '/2013-04-01/hostedzone/Z1/rrset',
      { name: 'pay.example.com.', maxitems: '100' },
    ]);
    expect(await records().replace(none, { shape: shape(10), stamp: 1 })).toEqual({ kind: 'accepted', changeId: 'C1' });
    const first = await records().read();
    expect(first).toMatchObject({ kind: 'ours', stamped: { shape: shape(10), stamp: 1 } });
    expect(await records().replace(first, { shape: shape(25), stamp: 2 })).toMatchObject({ kind: 'accepted' });
    expect(services.records).toHaveLength(2);
    expect(await records().replace(first, { shape: shape(50), stamp: 3 })).toEqual({
      kind: 'refused',
      detail: expect.stringContaining('do not match the current values'),
    });
    expect(await records().replace(await records().read(), undefined)).toMatchObject({ kind: 'accepted' });
    expect(services.records).toEqual([]);
    expect(new Set(aws.calls.map((call) => `${call.service} ${call.region}`))).toEqual(new Set(['route53 us-east-1']));
  });

  test('what else Route 53 refuses is thrown, and what it does not answer is said to be unreachable', async () => {
    services.instead = () => ({
      status: 403,
      body: '<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>',
    });
    await expect(records().read()).rejects.toThrow('AccessDenied');
    await expect(records().replace({ kind: 'none', raw: [] }, { shape: shape(1), stamp: 1 })).rejects.toThrow('AccessDenied');
    await expect(records().isInSync('C1')).rejects.toThrow('AccessDenied');
    services.instead = () => ({ status: 503, body: '' });
    await expect(records().read()).rejects.toMatchObject({ name: 'ControlPlaneUnreachable' });
  }, 20_000);

  test('a change is in sync when Route 53 says so, and unknown when nobody remembers it', async () => {
    services.changes.set('C7', 'PENDING');
    expect([await records().isInSync('C7'), await records().isInSync('C8')]).toEqual([false, 'unknown']);
    services.changes.set('C7', 'INSYNC');
    expect(await records().isInSync('C7')).toBe(true);
  });

  test("only what is the system's own, whole, is its own: not another type, a third record, two stamps, or a source alone", async () => {
    await records().replace(await records().read(), { shape: shape(10), stamp: 4 });
    const [source, target] = services.records;
    const read = async (...given: string[]): Promise<string> => {
      services.records = given;
      return (await records().read()).kind;
    };
    expect(await read(source, target)).toBe('ours');
    expect(await read(target)).toBe('ours');
    for (const other of [
      [source],
      [source, target, target.replace('target#4', 'other')],
      [source, target.replace('#4', '#5')],
      [source, target.replace('<TTL>5', '<TTL>6')],
      [source.replace('CNAME', 'A'), target],
      [target.replace(/<Weight>\d+<\/Weight>/, '')],
      [target.replace('acme-', 'acme-2-')],
    ]) {
      expect(await read(...other)).toBe('other');
    }
    expect(await read(source.replace('pay.', 'zay.'))).toBe('none');
  });
});

describe('what the checks look at', () => {
  const ports = checkPorts(
    async () => '{"passed":true,"value":"fine"}',
    () => Date.parse('2026-11-22T10:00:42Z'),
  );

  test('a metric of whole minutes, newest first', async () => {
    services.instead = () => ({ body: { MetricDataResults: [{ Values: [3, 2, 1] }] } });
    expect(await ports.metric('us-east-1', { namespace: 'N', name: 'M', dimensions: { A: 'a' }, stat: 'Maximum' }, 7)).toEqual([3, 2, 1]);
    const end = Date.parse('2026-11-22T10:00:00Z') / 1000;
    expect(aws.calls[0]).toMatchObject({
      region: 'us-east-1',
      input: {
        StartTime: end - 420,
        EndTime: end,
        ScanBy: 'TimestampDescending',
        MetricDataQueries: [
          {
            MetricStat: {
              Period: 60,
              Stat: 'Maximum',
              Metric: { MetricName: 'M', Namespace: 'N', Dimensions: [{ Name: 'A', Value: 'a' }] },
            },
          },
        ],
      },
    });
    services.instead = () => ({ body: {} });
    expect(await ports.metric('us-east-1', { namespace: 'N', name: 'M', dimensions: {}, stat: 'Average' }, 7)).toEqual([]);
  });

  test('alarms of both kinds, a hundred names at a time; one that is not there is missing', async () => {
    const names = Array.from({ length: 205 }, (_, n) => `alarm-${n}`);
    services.instead = ({ input }) => {
      const asked = input.AlarmNames as string[];
      const state = (AlarmName: string): object => ({
        AlarmName,
        StateValue: AlarmName === 'alarm-204' ? 'ALARM' : AlarmName === 'alarm-1' ? 'INSUFFICIENT_DATA' : 'OK',
      });
      return {
        body: {
          MetricAlarms: asked
            .slice(1)
            .filter((name) => name !== 'alarm-150')
            .map(state),
          CompositeAlarms: [state(asked[0])],
        },
      };
    };
    const states = await ports.alarms('us-east-1', names);
    expect(states.map(({ name }) => name)).toEqual(names);
    expect(states.filter(({ state }) => state !== 'OK').map(({ name, state }) => [name, state])).toEqual([
      ['alarm-1', 'INSUFFICIENT_DATA'],
      ['alarm-150', 'MISSING'],
      ['alarm-204', 'ALARM'],
    ]);
    expect(
      aws.inputs('DescribeAlarms').map(({ AlarmNames, AlarmTypes, MaxRecords }) => [AlarmNames.length, AlarmTypes, MaxRecords]),
    ).toEqual([100, 100, 5].map((count) => [count, ['MetricAlarm', 'CompositeAlarm'], 100]));
    services.instead = () => ({ body: {} });
    expect(await ports.alarms('us-east-1', ['gone'])).toEqual([{ region: 'us-east-1', name: 'gone', state: 'MISSING' }]);
    services.instead = () => refusal('AccessDenied', 403);
    await expect(ports.alarms('us-east-1', ['x'])).rejects.toThrow('AccessDenied');
  });

  test('all messages of a queue, hidden and delayed ones too; none where there is no such queue', async () => {
    services.instead = ({ action }) => ({
      body:
        action === 'GetQueueUrl'
          ? { QueueUrl: 'u' }
          : {
              Attributes: {
                ApproximateNumberOfMessages: '1',
                ApproximateNumberOfMessagesNotVisible: '20',
                ApproximateNumberOfMessagesDelayed: '300',
              },
            },
    });
    expect(await ports.queueDepth('us-east-1', 'dlq')).toBe(321);
    services.instead = () => refusal('QueueDoesNotExist');
    expect(await ports.queueDepth('us-east-1', 'dlq')).toBeUndefined();
    services.instead = () => refusal('AccessDenied', 403);
    await expect(ports.queueDepth('us-east-1', 'dlq')).rejects.toThrow('AccessDenied');
  });

  test("quotas and a team's own check", async () => {
    services.instead = ({ service }) => ({
      body: service === 'lambda' ? { AccountLimit: { ConcurrentExecutions: 900 } } : { throttleSettings: { rateLimit: 10, burstLimit: 5 } },
    });
    expect([await ports.lambdaConcurrency('us-east-1'), await ports.apiThrottles('us-east-1')]).toEqual([900, { rate: 10, burst: 5 }]);
    expect(await ports.ownCheck('arn', { phase: 0, share: 10, source: 'a', target: 'b' })).toEqual({ passed: true, value: 'fine' });
  });
});

describe('who calls', () => {
  test.each(['ExecutionDoesNotExist', 'InvalidArn', 'ValidationException', 'AccessDeniedException'])(
    '%s: no execution that may be believed',
    async (name) => {
      services.instead = () => refusal(name);
      expect(await executionsIn(region).describe('run')).toBeUndefined();
    },
  );

  test('only an execution that there is not runs no more: what may not be looked at may run', async () => {
    services.instead = () => refusal('ExecutionDoesNotExist');
    expect(await isExecutionRunning(region, 'run')).toBe(false);
    for (const name of ['AccessDeniedException', 'ValidationException', 'InvalidArn']) {
      services.instead = () => refusal(name);
      await expect(isExecutionRunning(region, 'run')).rejects.toThrow(name);
    }
  });

  test('what cannot be told is thrown', async () => {
    services.instead = () => refusal('KmsAccessDeniedException');
    await expect(executionsIn(region).describe('run')).rejects.toThrow('KmsAccessDeniedException');
  });

  test.each<[string, boolean]>([
    ['RUNNING', true],
    ['PENDING_REDRIVE', true],
    ['SUCCEEDED', false],
    ['ABORTED', false],
  ])('%s runs: %s', async (status, runs) => {
    services.instead = () => ({ body: { status } });
    expect(await isExecutionRunning(region, 'run')).toBe(runs);
  });

  test('is given what its newest task says, which is still worked on', async () => {
    const scheduled = { type: 'LambdaFunctionScheduled', lambdaFunctionScheduledEventDetails: { input: '{"step":"shift"}' } };
    services.instead = ({ action }) => ({
      body: action === 'GetExecutionHistory' ? { events: [{ type: 'LambdaFunctionStarted' }, scheduled] } : { definition: '{}' },
    });
    expect([await executionsIn(region).given('run'), await executionsIn(region).definition('run')]).toEqual([{ step: 'shift' }, '{}']);
    expect(aws.inputs('GetExecutionHistory')[0]).toMatchObject({ reverseOrder: true, includeExecutionData: true });
    services.instead = () => ({ body: { events: [{ type: 'LambdaFunctionSucceeded' }, { type: 'LambdaFunctionStarted' }, scheduled] } });
    expect(await executionsIn(region).given('run')).toBeUndefined();
  });
});

describe('CloudFormation', () => {
  const event = (): CloudFormationEvent => ({
    RequestType: 'Create',
    RequestId: 'r',
    StackId: 's',
    LogicalResourceId: 'Records',
    ResponseURL: `${aws.url}/bucket?X-Amz-Signature=1`,
    ResourceProperties: {},
  });

  test('says how its stack is, and does not guess', async () => {
    expect(await stackStatus(region, 'stack')).toBe('UPDATE_IN_PROGRESS');
    expect(aws.calls[0].input).toMatchObject({ Action: 'DescribeStacks', StackName: 'stack' });
    services.instead = () => ({ body: '<Stacks></Stacks>' });
    await expect(stackStatus(region, 'stack')).rejects.toThrow('does not tell the state of stack');
  });

  test("is asked page by page for a resource's newest event, up to a bound", async () => {
    const page = (id: string, status: string, token?: string): string =>
      `<member><LogicalResourceId>${id}</LogicalResourceId><ResourceStatus>${status}</ResourceStatus></member>` +
      `${token ? `<NextToken>${token}</NextToken>` : ''}`;
    const pages = [
      page('Other', 'CREATE_COMPLETE', 'two'),
      page('RecordsTwo', 'CREATE_COMPLETE', 'three'),
      page('Records', 'DELETE_IN_PROGRESS', 'four'),
    ];
    services.instead = () => ({ body: pages.shift()! });
    expect(await resourceStatus(region, 'stack', 'Records')).toBe('DELETE_IN_PROGRESS');
    expect(aws.inputs('DescribeStackEvents').map(({ NextToken }) => NextToken)).toEqual([undefined, 'two', 'three']);
    services.instead = () => ({ body: page('Other', 'CREATE_COMPLETE') });
    expect(await resourceStatus(region, 'stack', 'Records')).toBeUndefined();
    services.instead = () => ({ body: page('Other', 'CREATE_COMPLETE', 'more') });
    aws.calls.length = 0;
    expect(await resourceStatus(region, 'stack', 'Records')).toBeUndefined();
    expect(aws.calls).toHaveLength(10);
  });

  test('is told what came of it, under an ID that never changes', async () => {
    await respond(event(), { kind: 'done' });
    await respond({ ...event(), PhysicalResourceId: 'as-before' }, { kind: 'failed', reason: 'x'.repeat(2_000) });
    expect(aws.calls.map(({ action, input }) => [action, input])).toEqual([
      [
        'PUT /bucket',
        {
          Status: 'SUCCESS',
          Reason: '',
          PhysicalResourceId: 'weighted-records-Records',
          RequestId: 'r',
          StackId: 's',
          LogicalResourceId: 'Records',
        },
      ],
      [
        'PUT /bucket',
        {
          Status: 'FAILED',
          Reason: 'x'.repeat(1_000),
          PhysicalResourceId: 'as-before',
          RequestId: 'r',
          StackId: 's',
          LogicalResourceId: 'Records',
        },
      ],
    ]);
  });

  test.each<[string, AwsReply]>([
    ['refuses', { status: 403, body: '' }],
    ['sends on', { status: 307, body: '', headers: { location: '/elsewhere' } }],
  ])('an answer that it %s is not given', async (_how, reply) => {
    services.instead = () => reply;
    await expect(respond(event(), { kind: 'done' })).rejects.toThrow('did not take the answer');
    expect(aws.calls).toHaveLength(1);
  });
});
