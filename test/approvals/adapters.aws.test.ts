import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SNSClient } from '@aws-sdk/client-sns';
import { ann, GateWorld, inputOf, rules } from './world';
import { DynamoApprovals } from '../../src/approvals/aws';
import { StepFunctionsStarter } from '../../src/approvals/callers/start.aws';
import { gateEnv, verifyEnv, writeRules } from '../../src/approvals/contract';
import { gateFromEnvironment, verifierFromEnvironment } from '../../src/approvals/functions/environment.aws';
import { ApprovalRequest, ApprovalTaskInput, ApprovalView } from '../../src/approvals/model';
import { snsNotify } from '../../src/approvals/page/notify.aws';
import { stuckEnv } from '../../src/approvals/stuck/contract';
import { AwsReply, FakeAws, keepLog, refusal } from '../runtime/fake-aws';
import { loadedHandler } from '../runtime/loaded-handler';

const xml: AwsReply = {
  body: '<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>',
  headers: { 'content-type': 'text/xml' },
};
const [topicArn, escalationTopicArn] = ['people', 'managers'].map((name) => `arn:aws:sns:eu-central-1:111122223333:${name}`);
let aws: FakeAws;
let lines: Record<string, any>[];
/** Requests as the table has them. */
let stored: ApprovalRequest[];

beforeEach(async () => {
  aws = await FakeAws.start({
    AWS_REGION: 'eu-central-1',
    ...gateEnv.write({
      gateName: 'acme-gate',
      tableName: 'acme-gate',
      rules: writeRules(rules),
      baseUrl: 'https://gate.example.com',
      topicArn,
      escalationTopicArn,
    }),
    ...stuckEnv.write({ stateMachineArn: 'arn:machine', name: 'm' }),
  });
  lines = keepLog();
  stored = [];
  aws.answer = ({ service, action, input }) => {
    if (service === 'sns') return xml;
    if (action === 'GetItem') {
      const found = stored.find(({ id }) => input.Key.pk.S === `r#${id}`);
      return { body: found ? { Item: { body: { S: JSON.stringify(found) } } } : {} };
    }
    if (action === 'Query') {
      return {
        body: input.Select === 'COUNT' ? { Count: 5 } : { Items: stored.map(({ id }) => ({ pk: { S: `r#${id}` }, sk: { S: 'request' } })) },
      };
    }
    return {};
  };
});
afterEach(async () => {
  jest.restoreAllMocks();
  await aws.stop();
});

const cancelled = (...codes: readonly string[]): AwsReply => ({
  status: 400,
  body: {
    __type: 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException',
    message: 'no',
    CancellationReasons: codes.map((Code) => ({ Code })),
  },
});
const newest = async (): Promise<ApprovalRequest> => {
  const world = new GateWorld();
  return world.store.requests.get(await world.ask())!;
};

describe("the gate's table", () => {
  const store = (): DynamoApprovals => new DynamoApprovals(new DynamoDBClient({ maxAttempts: 1 }), 'acme-gate');
  const record = { id: 'i', version: 1, atMs: 0, what: 'ASKED' as const, content: '{}' };

  test('takes a request and its record together or not at all', async () => {
    const request = await newest();
    expect(await store().create(request, record)).toBe('created');
    expect(await store().replace({ ...request, version: 2 }, { ...record, version: 2 })).toBe('replaced');
    const [created, replaced] = aws
      .inputs('TransactWriteItems')
      .map(({ TransactItems }) =>
        TransactItems.map(({ Put }: { Put: Record<string, any> }) => [
          Put.Item.sk.S,
          Put.ConditionExpression,
          Put.ExpressionAttributeValues?.[':before'].N,
        ]),
      );
    expect(created).toEqual([
      ['request', 'attribute_not_exists(#pk)', undefined],
      ['000001', 'attribute_not_exists(#pk)', undefined],
    ]);
    expect(replaced).toEqual([
      ['request', '#version = :before', '1'],
      ['000002', 'attribute_not_exists(#pk)', undefined],
    ]);
  });

  test.each([
    ['ConditionalCheckFailed', 'None'],
    ['None', 'ConditionalCheckFailed'],
    ['None', 'TransactionConflict'],
  ])("is another's where it says %s, %s", async (...codes) => {
    aws.answer = () => cancelled(...codes);
    const request = await newest();
    expect([await store().create(request, record), await store().replace(request, record)]).toEqual(['exists', 'lost']);
  });

  test.each<[string, AwsReply]>([
    ['a throttle in a transaction', cancelled('ThrottlingError', 'None')],
    ['a missing grant', refusal('AccessDeniedException')],
    ['no answer', 'hangUp'],
  ])('%s says nothing of who was first', async (_what, reply) => {
    aws.answer = () => reply;
    const request = await newest();
    await expect(store().create(request, record)).rejects.toThrow();
    await expect(store().replace(request)).rejects.toThrow();
  });

  test("one write alone is another's where its condition does not hold", async () => {
    aws.answer = () => refusal('ConditionalCheckFailedException');
    expect(await store().replace({ ...(await newest()), version: 7 })).toBe('lost');
    expect(aws.inputs('PutItem')[0]).toMatchObject({
      ConditionExpression: '#version = :before',
      ExpressionAttributeValues: { ':before': { N: '6' } },
    });
  });

  test('is read as it was written last, and asked what is due by now, no more than was wanted', async () => {
    stored = [await newest()];
    expect(await store().read(stored[0].id)).toEqual(stored[0]);
    expect(await store().read('another')).toBeUndefined();
    expect(aws.inputs('GetItem')[0]).toMatchObject({ ConsistentRead: true, Key: { pk: { S: `r#${stored[0].id}` }, sk: { S: 'request' } } });
    expect([await store().due(7, 3), await store().pending()]).toEqual([[stored[0].id], 5]);
    expect(aws.inputs('Query')[0]).toMatchObject({
      Limit: 3,
      KeyConditionExpression: '#due = :due AND #at <= :now',
      ExpressionAttributeValues: { ':now': { N: '7' } },
    });
    expect(aws.inputs('Query')[1]).toMatchObject({ Select: 'COUNT' });
  });
});

describe('people are told', () => {
  const view = async (): Promise<ApprovalView> => {
    const world = new GateWorld();
    return (await world.gate.view(await world.ask()))!;
  };
  const told = (): readonly unknown[] => aws.inputs('Publish').map(({ TopicArn }) => TopicArn);
  const notify = (escalation = escalationTopicArn) =>
    snsNotify(new SNSClient({ maxAttempts: 1 }), { baseUrl: 'https://gate.example.com', topicArn, escalationTopicArn: escalation });

  test('by the topic; an escalation goes to whom it escalates to besides, and to nobody twice', async () => {
    await notify()('asked', await view());
    await notify()('reminder', await view());
    expect(told()).toEqual([topicArn, topicArn]);
    await notify()('escalation', await view());
    expect(told().slice(2)).toEqual([escalationTopicArn, topicArn]);
    await notify(topicArn)('escalation', await view());
    expect(told().slice(4)).toEqual([topicArn]);
  });

  test('and what SNS does not take is thrown, so that it is told again', async () => {
    aws.answer = ({ input }) =>
      input.TopicArn === topicArn
        ? {
            status: 403,
            body: '<ErrorResponse><Error><Code>AuthorizationError</Code><Message>no</Message></Error></ErrorResponse>',
            headers: { 'content-type': 'text/xml' },
          }
        : xml;
    await expect(notify()('escalation', await view())).rejects.toThrow();
  });
});

describe('a gate from its environment', () => {
  const ask = loadedHandlerOf<ApprovalTaskInput, { approvalId: string }>('approvals/functions/request');
  const sweep = loadedHandlerOf<object, void>('approvals/functions/sweep');

  test('a request whose people cannot be told is taken all the same, and the fault counted, without its token', async () => {
    const { answer } = aws;
    aws.answer = (call) => (call.service === 'sns' ? refusal('AuthorizationError', 403) : answer(call));
    const { approvalId } = await ask(inputOf());
    expect(lines.find(({ message }) => message === 'notify failed')).toMatchObject({
      level: 'ERROR',
      approval: approvalId,
      ApprovalFaults: 1,
    });
    expect(JSON.stringify(lines)).not.toContain('TOKEN-secret');
  });

  test('a request that cannot be stored is refused, so that the state machine knows', async () => {
    aws.answer = ({ action }) => (action === 'TransactWriteItems' ? refusal('AccessDeniedException') : {});
    await expect(ask(inputOf())).rejects.toThrow('AccessDeniedException');
    expect(aws.inputs('Publish')).toEqual([]);
  });

  test('the sweep attends to each, though one cannot be attended to, and counts what is open and what failed', async () => {
    const world = new GateWorld();
    world.tasks.succeed = () => Promise.reject(new Error('down'));
    const ids = [await world.ask({ token: 'T0' }), await world.ask({ token: 'T1' })];
    for (const id of ids) await world.gate.answer(id, ann, 'approve');
    stored = ids.map((id) => world.store.requests.get(id)!);
    const { answer } = aws;
    aws.answer = (call) =>
      call.action === 'SendTaskSuccess' && call.input.taskToken === 'T0' ? refusal('AccessDeniedException') : answer(call);
    await sweep({});
    expect(aws.inputs('SendTaskSuccess').map(({ taskToken }) => taskToken)).toEqual(['T0', 'T1']);
    expect(lines.find(({ message }) => message === 'sweep failed')).toMatchObject({ approval: ids[0], ApprovalFaults: 1 });
    expect(lines.at(-1)).toMatchObject({ message: 'swept', looked: 2, delivered: 1, failed: 1, ApprovalSweeps: 1, PendingApprovals: 5 });
  });

  test('a sweep that cannot see what is due counts as none', async () => {
    aws.answer = () => refusal('AccessDeniedException');
    await expect(sweep({})).rejects.toThrow('AccessDeniedException');
    expect(JSON.stringify(lines)).not.toContain('ApprovalSweeps');
  });

  test('the page tells nobody: it has no topic', async () => {
    delete process.env.GATE_TOPIC_ARN;
    const world = gateFromEnvironment(process.env, 'approval-page');
    await world.gate.ask(inputOf());
    expect(aws.inputs('Publish')).toEqual([]);
  });

  test('escalations go to the topic where there is no other', async () => {
    delete process.env.GATE_ESCALATION_TOPIC_ARN;
    const overdue = {
      ...(await newest()),
      askedAtMs: 0,
      expiresAtMs: Date.now() + 3_600_000,
      lastSeenMs: Date.now(),
      heartbeatAtMs: Date.now() + 60_000,
    };
    stored = [overdue as ApprovalRequest];
    await sweep({});
    expect(new Set(aws.inputs('Publish').map(({ TopicArn }) => TopicArn))).toEqual(new Set([topicArn]));
  });

  test("an answer that is not the gate's is counted, and reads strongly what is", async () => {
    Object.assign(process.env, verifyEnv.write({ gateName: 'acme-gate', tableName: 'acme-gate' }));
    const ports = verifierFromEnvironment(process.env, 'approval-verify');
    ports.forged({ execution: 'run' } as never, 'no record');
    expect(lines.at(-1)).toMatchObject({ message: "answer not the gate's", ForgedApprovals: 1, execution: 'run', why: 'no record' });
    await ports.store.read('AAAAAAAAAAAAAAAAAAAAAA');
    expect(aws.inputs('GetItem')[0].ConsistentRead).toBe(true);
  });
});

describe('an execution', () => {
  const starter = (): StepFunctionsStarter => new StepFunctionsStarter(new SFNClient({ maxAttempts: 1 }));

  test('is started once by its name', async () => {
    aws.answer = () => ({ body: { executionArn: 'arn:execution', startDate: 1 } });
    expect(await starter().start('arn:machine', '{}', 'n')).toEqual({ kind: 'started', execution: 'arn:execution' });
    expect(aws.inputs('StartExecution')).toEqual([{ stateMachineArn: 'arn:machine', input: '{}', name: 'n' }]);
    aws.answer = () => refusal('ExecutionAlreadyExists');
    expect(await starter().start('arn:machine', '{}', 'n')).toEqual({ kind: 'taken' });
    aws.answer = () => refusal('StateMachineDoesNotExist');
    await expect(starter().start('arn:machine', '{}', 'n')).rejects.toThrow('StateMachineDoesNotExist');
    expect([starter().nameOf('x'), starter().nameOf('x') === starter().nameOf('y')]).toEqual([
      expect.stringMatching(/^[0-9a-f]{64}$/),
      false,
    ]);
    expect(starter().nameOf()).not.toBe(starter().nameOf());
  });

  test('whose history cannot be read is no sample of all, and says so', async () => {
    aws.answer = ({ action }) =>
      action === 'ListExecutions' ? { body: { executions: [{ executionArn: 'x', startDate: 1 }] } } : refusal('AccessDeniedException');
    await loadedHandler<object, void>('approvals/stuck/sampler')({});
    expect(lines.find(({ message }) => message === 'history not read')).toMatchObject({ execution: 'x', level: 'ERROR' });
    expect(lines.at(-1)).toMatchObject({ message: 'sampled', complete: false });
    expect(lines.at(-1)).not.toHaveProperty('ApprovalSamples');
  });
});

/** Loaded when it is called: what the test changes in the environment counts. */
function loadedHandlerOf<I, O>(path: string): (event: I) => Promise<O> {
  return (event) => loadedHandler<I, O>(path)(event);
}
