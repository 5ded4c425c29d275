import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { CreateStateMachineCommand, GetExecutionHistoryCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { CreateTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { localCredentials } from '../../../local/engine/credentials';
import type { FabricResource } from '../../../local/ground/model';
import { StepFunctionsTasks } from '../../../src/approvals/aws';
import { ApprovalResult, ApprovalView } from '../../../src/approvals/model';
import { snsNotify } from '../../../src/approvals/page/notify.aws';
import { stepFunctionsReader } from '../../../src/approvals/stuck/aws';
import { openTasks } from '../../../src/approvals/stuck/domain';
import { kmsSigner, parameterAudit, parameterOf } from '../../../src/cutover/audit/aws';
import { AuditLog } from '../../../src/cutover/audit/service';
import { checkPorts } from '../../../src/cutover/checks/precheck.aws';
import { auditKeyAlias, setIdentifier } from '../../../src/cutover/contract';
import { executionsIn, isExecutionRunning } from '../../../src/cutover/machine/caller.aws';
import { RecordShape } from '../../../src/cutover/model';
import { route53Records } from '../../../src/cutover/weights/aws';
import { ControlPlaneUnreachable } from '../../../src/cutover/weights/service';
import { jsonCall, signedCall } from '../../../src/runtime/signed-call';
import { deployFunctions } from '../functions';
import { accountId, east, eventually, Regions, startRegions, west } from '../regions';

/** Every call of AWS that the cutover makes, against the emulators and what the local run puts before them. */
const minuteMs = 400;
let regions: Regions;

const resource = (type: string, properties: Record<string, unknown>, physicalId: string): FabricResource => ({
  stack: 's',
  region: west,
  logicalId: physicalId,
  type,
  properties,
  physicalId,
});
const check = (id: string): FabricResource => resource('AWS::Route53::HealthCheck', { HealthCheckConfig: { Type: 'HTTPS' } }, id);
const ofWest = () => ({
  region: west,
  endpoint: `http://127.0.0.1:${regions.proxies.get(west)!.port}`,
  credentials: localCredentials,
  maxAttempts: 1,
});

beforeAll(async () => {
  regions = await startRegions({ unreachableMs: 100, minuteMs });
  process.env.AWS_ENDPOINT_URL = ofWest().endpoint;
  process.env.AWS_ACCESS_KEY_ID = localCredentials.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = localCredentials.secretAccessKey;
  regions.controlPlanes.declare([check('in-east'), check('in-west')]);
}, 120_000);
afterAll(async () => {
  delete process.env.AWS_ENDPOINT_URL;
  await regions?.close();
});
afterEach(async () => {
  for (const link of regions.links.all()) regions.links.set(link.from, link.to, { lagMs: 0, partitioned: false });
});

test('an audit takes a place once, reads what it is asked for, and lists all pages', async () => {
  const audit = parameterAudit('acme', west);
  expect(await audit.put(1, 'one')).toBe('written');
  expect(await audit.put(1, 'another')).toBe('taken');
  for (let seq = 2; seq <= 12; seq += 1) await audit.put(seq, `text ${seq}`);
  expect(await audit.read([1, 3, 99])).toEqual(
    new Map([
      [1, 'one'],
      [3, 'text 3'],
    ]),
  );
  expect((await audit.list()).texts.size).toBe(12);
  // Whoever may put parameters may give one any name.
  const put = (name: string): Promise<unknown> =>
    jsonCall('ssm', west, 'AmazonSSM.PutParameter', { Name: name, Value: 'mine', Type: 'String' }, '1.1');
  const others = ['/acme/cutover/audit/1', '/acme/cutover/audit/note', '/acme/cutover/audit/0000012'];
  for (const name of others) await put(name);
  expect(await audit.list()).toMatchObject({ texts: { size: 12 }, others: expect.arrayContaining(others) });
  expect((await audit.list()).texts.get(1)).toBe('one');
  // Another region's parameters are its own.
  expect(await parameterOf(east, '/acme/cutover/audit/000001')).toBeUndefined();
  expect(await parameterOf(west, '/acme/cutover/audit/000001')).toBe('one');
});

test('a record is signed in KMS and verified with the public key alone', async () => {
  const kms = <T>(action: string, body: object): Promise<T> => jsonCall<T>('kms', west, `TrentService.${action}`, body, '1.1');
  const {
    KeyMetadata: { Arn: arn, KeyId: id },
  } = await kms<{ KeyMetadata: { Arn: string; KeyId: string } }>('CreateKey', { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' });
  const signer = kmsSigner(arn, west);
  const key = await signer.key();
  const signature = await signer.sign('what is said: 漢');
  expect([key.id, key.made(signature, 'what is said: 漢'), key.made(signature, 'what is not')]).toEqual([id, true, false]);
  expect(key.made('no signature', 'what is said')).toBe(false);
  await signedCall({
    service: 'kms',
    region: west,
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'TrentService.CreateAlias' },
    body: JSON.stringify({ AliasName: auditKeyAlias('acme'), TargetKeyId: id }),
  });
  expect((await kmsSigner(auditKeyAlias('acme'), west).key()).id).toBe(id);
  const log = new AuditLog(parameterAudit('signed', west), signer, { nowMs: Date.now, sleep: async () => undefined });
  await log.append(() => ({ key: 'k', by: ['alice'], entry: { what: 'ended', run: 'r', state: 'PAUSED', why: 'so' } }));
  expect(await log.verify()).toMatchObject({ problems: [], signatures: { keyId: id, verified: [[1, 1]] } });
});

describe("the public name's records", () => {
  const records = () => route53Records({ systemName: 'acme', hostedZoneId: 'Z1', publicName: 'pay.example.com' });
  const shape = (weight: number): RecordShape => ({
    ttlSeconds: 5,
    source: { value: 'a.execute-api.us-east-1.amazonaws.com', healthCheckId: 'in-east', weight: 100 - weight },
    target: { value: 'b.execute-api.us-west-2.amazonaws.com', healthCheckId: 'in-west', weight },
  });

  test('are made, found as they were made, in sync after a while, and changed by whoever read them last', async () => {
    const none = await records().read();
    expect(none).toMatchObject({ kind: 'none' });
    const made = await records().replace(none, { shape: shape(0), stamp: 1 });
    expect(made).toMatchObject({ kind: 'accepted', changeId: expect.stringMatching(/^C[0-9A-F]{20}$/) });
    const { changeId } = made as { changeId: string };
    expect(await records().isInSync(changeId)).toBe(false);
    await eventually(
      () => records().isInSync(changeId),
      (sync) => sync === true,
    );
    const first = await records().read();
    expect(first).toMatchObject({ kind: 'ours', stamped: { shape: shape(0), stamp: 1 } });
    expect(await records().replace(first, { shape: shape(10), stamp: 2 })).toMatchObject({ kind: 'accepted' });
    // Who read before is overtaken.
    expect(await records().replace(first, { shape: shape(25), stamp: 3 })).toMatchObject({
      kind: 'refused',
      detail: expect.stringContaining('was not found'),
    });
    expect(await records().read()).toMatchObject({ kind: 'ours', stamped: { shape: shape(10), stamp: 2 } });
    expect(regions.controlPlanes.records.recorded().map(({ setIdentifier: id, weight }) => [id, weight])).toEqual([
      [setIdentifier('acme', 'source', 2), 90],
      [setIdentifier('acme', 'target', 2), 10],
    ]);
    expect(await records().isInSync('C00000000000000000000')).toBe('unknown');
  });

  test('name only health checks that are there', async () => {
    const found = await records().read();
    const wrong = { ...shape(50), target: { ...shape(50).target, healthCheckId: 'nowhere' } };
    expect(await records().replace(found, { shape: wrong, stamp: 9 })).toMatchObject({
      kind: 'refused',
      detail: expect.stringContaining('No health check found'),
    });
  });

  test('cannot be reached without us-east-1, or without the way there', async () => {
    regions.links.set(west, east, { partitioned: true });
    await expect(records().read()).rejects.toThrow(ControlPlaneUnreachable);
    regions.links.set(west, east, { partitioned: false });
    await regions.engines.get(east)!.stop();
    await expect(records().read()).rejects.toThrow(ControlPlaneUnreachable);
    await regions.engines.get(east)!.start();
    expect(await records().read()).toMatchObject({ kind: 'ours' });
  }, 60_000);
});

test('checks read metrics in compressed minutes, alarms, queues and quotas, in both regions', async () => {
  const ports = checkPorts(async () => '{"passed": true, "value": "fine"}', Date.now);
  const query = {
    namespace: 'AWS/DynamoDB',
    name: 'ReplicationLatency',
    dimensions: { TableName: 't', ReceivingRegion: west },
    stat: 'Maximum' as const,
  };
  expect(await ports.metric(east, query, 7)).toEqual([]);
  for (let minute = 0; minute < 3; minute += 1) {
    await new Promise((resolve) => {
      setTimeout(resolve, minuteMs);
    });
    regions.events.replicated('t', east, west, 100 + minute);
    regions.events.replicated('t', east, west, 50);
  }
  expect(await ports.metric(east, query, 7)).toEqual([102, 101, 100]);
  expect(await ports.metric(west, query, 7)).toEqual([]);
  expect(await ports.alarms(west, ['none'])).toEqual([{ region: west, name: 'none', state: 'MISSING' }]);
  for (const region of [east, west]) {
    expect(await ports.queueDepth(region, 'dlq')).toBeUndefined();
    const sqs = new SQSClient({ ...ofWest(), region });
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'dlq' }));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
    expect(await ports.queueDepth(region, 'dlq')).toBe(1);
    expect(await ports.lambdaConcurrency(region)).toBeGreaterThan(0);
    expect(await ports.apiThrottles(region)).toEqual({ rate: 10_000, burst: 5_000 });
  }
  expect(await ports.ownCheck('arn', { phase: 0, share: 10, source: east, target: west })).toEqual({ passed: true, value: 'fine' });
});

test("a message of a gate becomes a mail to the topic's addresses", async () => {
  const sns = new SNSClient(ofWest());
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'people' }));
  regions.events.mailbox.useTemplates(
    ['ada@example.com', 'grace@example.com'].map((Endpoint) =>
      resource('AWS::SNS::Subscription', { Protocol: 'email', TopicArn, Endpoint }, Endpoint),
    ),
  );
  const view = {
    id: 'x'.repeat(22),
    subject: 'acme: 10 %?',
    question: 'Really?',
    details: {},
    expiresAtMs: Date.now() + 60_000,
    answers: [],
    required: 1,
  } as unknown as ApprovalView;
  await snsNotify(sns, { baseUrl: 'http://127.0.0.1:1', topicArn: TopicArn!, escalationTopicArn: TopicArn! })('asked', view);
  expect(regions.events.mailbox.all()).toEqual([
    expect.objectContaining({
      to: ['ada@example.com', 'grace@example.com'],
      subject: expect.stringContaining('acme: 10 %?'),
      links: [`http://127.0.0.1:1/approvals/${'x'.repeat(22)}`],
    }),
  ]);
});

describe('an execution', () => {
  const role = `arn:aws:iam::${accountId}:role/machine`;
  const functionArn = `arn:aws:lambda:${west}:${accountId}:function:ask`;
  const states = {
    Ask: {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
      Parameters: { FunctionName: functionArn, Payload: { 'token.$': '$$.Task.Token' } },
      Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$', Next: 'Unanswered' }],
      End: true,
    },
    Unanswered: { Type: 'Succeed' },
  };
  let sfn: SFNClient;
  let stateMachineArn: string;

  beforeAll(async () => {
    await deployFunctions(regions, west, { ask: { Statement: [{ Effect: 'Allow', Action: 'dynamodb:*', Resource: '*' }] } });
    const iam = new IAMClient({ ...ofWest(), region: 'us-east-1' });
    await iam.send(
      new CreateRoleCommand({
        RoleName: 'machine',
        AssumeRolePolicyDocument: JSON.stringify({
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Principal: { Service: 'states.amazonaws.com' }, Action: 'sts:AssumeRole' }],
        }),
      }),
    );
    await iam.send(
      new PutRolePolicyCommand({
        RoleName: 'machine',
        PolicyName: 'own',
        PolicyDocument: JSON.stringify({
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: functionArn }],
        }),
      }),
    );
    sfn = new SFNClient(ofWest());
    stateMachineArn = (
      await sfn.send(
        new CreateStateMachineCommand({ name: 'm', roleArn: role, definition: JSON.stringify({ StartAt: 'Ask', States: states }) }),
      )
    ).stateMachineArn!;
  }, 60_000);

  test('waits, is seen waiting, and is answered once', async () => {
    const { executionArn } = await sfn.send(new StartExecutionCommand({ stateMachineArn, input: '{}' }));
    const reader = stepFunctionsReader(sfn, stateMachineArn);
    const history = await eventually(
      async () => (await reader.history(executionArn!))!,
      (events) => events.some(({ type }) => type === 'TaskSubmitted'),
    );
    expect(openTasks(history)).toEqual([{ state: 'Ask', sinceMs: expect.any(Number) }]);
    expect((await reader.running()).executions.map(({ arn }) => arn)).toEqual([executionArn]);
    expect(await isExecutionRunning(west, executionArn!)).toBe(true);
    // As the cutover looks up who calls it: nothing is asked of a worker while people are.
    const executions = executionsIn(west);
    expect(await executions.describe(executionArn!)).toMatchObject({ status: 'RUNNING', stateMachineArn, input: '{}' });
    expect(JSON.parse(await executions.definition(executionArn!))).toMatchObject({ StartAt: 'Ask' });
    expect(await executions.given(executionArn!)).toBeUndefined();
    const { events = [] } = await sfn.send(new GetExecutionHistoryCommand({ executionArn }));
    const { token } = (
      JSON.parse(events.find(({ type }) => type === 'TaskScheduled')!.taskScheduledEventDetails!.parameters!) as {
        Payload: { token: string };
      }
    ).Payload;
    const tasks = new StepFunctionsTasks(sfn);
    expect(await tasks.heartbeat(token)).toBe('waiting');
    expect(await tasks.succeed(token, { approvalId: 'id', decision: 'APPROVED' } as ApprovalResult)).toBe('sent');
    await eventually(
      () => isExecutionRunning(west, executionArn!),
      (running) => !running,
    );
    expect(await tasks.succeed(token, { approvalId: 'id', decision: 'REJECTED' } as ApprovalResult)).toBe('closed');
    expect(await tasks.heartbeat('never')).toBe('closed');
    expect(openTasks((await reader.history(executionArn!))!)).toEqual([]);
    expect(await isExecutionRunning(west, `${executionArn}x`)).toBe(false);
    expect(await reader.history(`${executionArn}x`)).toBeUndefined();
    const [view] = regions.controlPlanes.executions();
    expect(view).toMatchObject({ arn: executionArn, machine: 'm', status: 'SUCCEEDED', output: { decision: 'APPROVED' } });
  });

  test("may do what its machine's role may", async () => {
    const other = (
      await sfn.send(
        new CreateStateMachineCommand({
          name: 'other',
          roleArn: role,
          definition: JSON.stringify({
            StartAt: 'Ask',
            States: { ...states, Ask: { ...states.Ask, Parameters: { ...states.Ask.Parameters, FunctionName: `${functionArn}-2` } } },
          }),
        }),
      )
    ).stateMachineArn!;
    const { executionArn } = await sfn.send(new StartExecutionCommand({ stateMachineArn: other, input: '{}' }));
    await eventually(
      () => isExecutionRunning(west, executionArn!),
      (running) => !running,
    );
    expect(regions.controlPlanes.executions()[0].output).toEqual({
      Error: 'Lambda.AWSLambdaException',
      Cause: expect.stringContaining('not authorized to perform: lambda:InvokeFunction'),
    });
  });
});
