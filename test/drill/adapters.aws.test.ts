import { createHash } from 'node:crypto';
import { plan, run } from './world';
import { DrillIdentity } from '../../src/drill/contract';
import { ProbeCallers } from '../../src/drill/prober/aws';
import { drillExecutions, drillStatus, drillStore, drillTopic, raisedAlarms, runningCutover } from '../../src/drill/reads.aws';
import { DrainMarks } from '../../src/ledger/drain-mark.aws';
import { ClientTokens } from '../../src/runtime/client-tokens';
import { dynamoClient } from '../../src/runtime/clients';
import { NearDns } from '../../src/runtime/near-dns';
import { AwsReply, FakeAws, inOrder, refusal } from '../runtime/fake-aws';

const region = 'us-west-2';
const machine = `arn:aws:states:${region}:111122223333:stateMachine:acme-pay-drill-us-east-1`;
const xmlError = (code: string, status: number): AwsReply => ({ status, body: `<Error><Code>${code}</Code><Message>no</Message></Error>` });
let aws: FakeAws;
beforeEach(async () => {
  aws = await FakeAws.start({ AWS_REGION: region });
});
afterEach(() => aws.stop());

describe("a run's bucket", () => {
  const store = () => drillStore(region, 'evidence');

  test('gives what was written as JSON, and nothing for what is not there', async () => {
    aws.answer = inOrder({ body: { at: 7 } }, xmlError('NoSuchKey', 404));
    expect([await store().read('passed.json'), await store().read('runs/first/end.json')]).toEqual([{ at: 7 }, undefined]);
    expect(aws.calls.map((call) => [call.service, call.region, call.action])).toEqual([
      ['s3', region, 'GET /evidence/passed.json'],
      ['s3', region, 'GET /evidence/runs/first/end.json'],
    ]);
  });

  test('takes a text with its type and its checksum', async () => {
    await store().write('runs/first/evidence.html', '<p>é</p>', 'text/html; charset=utf-8');
    await store().write('passed.json', '{"at":1}');
    expect(aws.calls.map(({ action, text, headers }) => [action, text, headers['content-type'], headers['x-amz-checksum-sha256']])).toEqual(
      [
        [
          'PUT /evidence/runs/first/evidence.html',
          '<p>é</p>',
          'text/html; charset=utf-8',
          createHash('sha256').update('<p>é</p>').digest('base64'),
        ],
        ['PUT /evidence/passed.json', '{"at":1}', 'application/json', createHash('sha256').update('{"at":1}').digest('base64')],
      ],
    );
  });

  test('says which version it has written', async () => {
    aws.answer = inOrder({ headers: { 'x-amz-version-id': 'v.1' } }, {});
    expect([await store().write('passed.json', '{}'), await store().write('passed.json', '{}')]).toEqual(['v.1', undefined]);
  });

  test('is claimed by the first who writes, also where the answer was lost or another write was under way', async () => {
    const there = xmlError('PreconditionFailed', 412);
    aws.answer = inOrder(
      {},
      there,
      { body: '"other"' },
      'hangUp',
      there,
      { body: '"own"' },
      xmlError('ConditionalRequestConflict', 409),
      {},
    );
    const claim = () => store().claim('runs/first/prober.json', '"own"');
    expect([await claim(), await claim(), await claim(), await claim()]).toEqual([true, false, true, true]);
    expect(aws.actions.map((action) => action.split(' ')[0])).toEqual(['PUT', 'PUT', 'GET', 'PUT', 'PUT', 'GET', 'PUT', 'PUT']);
    expect(aws.calls.filter(({ action }) => action.startsWith('PUT')).every(({ headers }) => headers['if-none-match'] === '*')).toBe(true);
    aws.answer = () => xmlError('AccessDenied', 403);
    await expect(claim()).rejects.toThrow('s3 in us-west-2 answered 403 AccessDenied');
  });

  test('that may not be looked into is no empty one', async () => {
    aws.answer = () => xmlError('AccessDenied', 403);
    await expect(store().read('passed.json')).rejects.toThrow('s3 in us-west-2 answered 403 AccessDenied: no');
    await expect(store().write('passed.json', '{}')).rejects.toThrow('403 AccessDenied');
    expect(aws.calls).toHaveLength(2);
  });
});

describe('the topic', () => {
  const topicArn = `arn:aws:sns:${region}:111122223333:drills`;

  test('is told a subject that SNS takes, and the text as it is', async () => {
    await drillTopic(region, topicArn).tell('acmé:\nput back', 'one & two\nthree');
    expect(aws.calls.map((call) => [call.service, call.region, call.action])).toEqual([['sns', region, 'Publish']]);
    expect(aws.calls[0].input).toEqual({
      Action: 'Publish',
      Version: '2010-03-31',
      TopicArn: topicArn,
      Subject: 'acme: put back',
      Message: 'one & two\nthree',
    });
  });

  test('that refuses is a fault; one that is busy is told again', async () => {
    aws.answer = inOrder(xmlError('Throttling', 400), {}, xmlError('AuthorizationError', 403));
    await drillTopic(region, topicArn).tell('a', 'b');
    expect(aws.actions).toEqual(['Publish', 'Publish']);
    await expect(drillTopic(region, topicArn).tell('a', 'b')).rejects.toThrow('sns in us-west-2 answered 403 AuthorizationError');
  });
});

describe("the drill's executions", () => {
  test('are told as they were asked for, and by schedule where nobody is named', async () => {
    const inputs: Record<string, string> = {
      ':a': '{"kind":"fault","startedBy":"ann"}',
      ':b': '{}',
      ':c': '{"kind":"flood"}',
      ':d': 'null',
    };
    const listed = (arns: string[]) => arns.map((executionArn) => ({ executionArn, status: 'RUNNING', startDate: 1_700_000.5 }));
    aws.answer = ({ action, input }) =>
      action === 'ListExecutions'
        ? { body: { executions: listed(input.statusFilter === 'RUNNING' ? [':d', ':a'] : [':a', ':b', ':c']) } }
        : { body: { status: 'RUNNING', stateMachineArn: machine, input: inputs[input.executionArn as string] } };
    const known = { status: 'RUNNING', startedMs: 1_700_000_500 };
    expect(await drillExecutions(region, machine)).toEqual([
      { ...known, arn: ':a', kind: 'fault', startedBy: 'ann' },
      { ...known, arn: ':b', kind: 'drain', startedBy: 'schedule' },
      { ...known, arn: ':c', kind: 'drain', startedBy: 'schedule' },
      { ...known, arn: ':d', kind: 'drain', startedBy: 'schedule' },
    ]);
    expect(aws.inputs('ListExecutions')).toEqual([
      { stateMachineArn: machine, maxResults: 5 },
      { stateMachineArn: machine, maxResults: 100, statusFilter: 'RUNNING' },
    ]);
    expect(aws.calls.every((call) => call.service === 'states' && call.region === region)).toBe(true);
  });

  test('one is asked for its status; there may be none of that name, and one that may not be asked for is not over', async () => {
    aws.answer = inOrder({ body: { status: 'ABORTED' } }, refusal('ExecutionDoesNotExist'), refusal('AccessDeniedException'));
    expect([await drillStatus(region, run), await drillStatus(region, run)]).toEqual(['ABORTED', undefined]);
    await expect(drillStatus(region, run)).rejects.toThrow('AccessDeniedException');
  });

  test('that may not be listed are not none', async () => {
    aws.answer = () => refusal('AccessDeniedException');
    await expect(drillExecutions(region, machine)).rejects.toThrow('states in us-west-2 answered 400 AccessDeniedException');
  });
});

describe('a cutover of the system', () => {
  const cutover = () => runningCutover('us-east-1', 'acme-pay', machine);

  test('is looked for in the region that is asked about', async () => {
    aws.answer = inOrder({ body: { executions: [{ executionArn: ':run-1' }] } }, { body: { executions: [] } });
    expect([await cutover(), await cutover()]).toEqual([':run-1', undefined]);
    expect(aws.calls[0].region).toBe('us-east-1');
    expect(aws.calls[0].input).toEqual({
      stateMachineArn: 'arn:aws:states:us-east-1:111122223333:stateMachine:acme-pay-cutover',
      maxResults: 5,
      statusFilter: 'RUNNING',
    });
  });

  test('does not run where there is no machine for it; a missing grant says nothing of that', async () => {
    aws.answer = inOrder(refusal('StateMachineDoesNotExist'), refusal('AccessDeniedException'));
    expect(await cutover()).toBeUndefined();
    await expect(cutover()).rejects.toThrow('AccessDeniedException');
  });
});

describe('raised alarms', () => {
  const alarm = (AlarmName: string, says: string, more: object = {}) => ({ AlarmName, AlarmDescription: says, ...more });

  test("are the system's own, of all pages, without those on drills", async () => {
    aws.answer = inOrder(
      {
        body: {
          MetricAlarms: [
            alarm('api', 'acme-pay: callers are refused'),
            alarm('overdue', 'acme-pay: none was passed', { MetricName: 'DaysSinceDrillPassed' }),
            alarm('failed', 'acme-pay: not passed', { Metrics: [{ MetricStat: { Metric: { MetricName: 'DrillsFailed' } } }] }),
            alarm('silent', 'acme-pay: the watchdog of the region drill does not run'),
            { AlarmName: 'nobody' },
          ],
          NextToken: 'more',
        },
      },
      { body: { MetricAlarms: [alarm('mesh', 'acme-pay in us-east-1: silent'), alarm('other', 'acme-pay-test: callers are refused')] } },
    );
    expect(await raisedAlarms('us-east-1', 'acme-pay')).toEqual(['api', 'mesh']);
    expect(aws.inputs('DescribeAlarms')).toEqual([
      { StateValue: 'ALARM', MaxRecords: 100 },
      { StateValue: 'ALARM', MaxRecords: 100, NextToken: 'more' },
    ]);
    expect(aws.calls[0]).toMatchObject({ service: 'monitoring', region: 'us-east-1' });
  });

  test('that may not be asked for are not quiet', async () => {
    aws.answer = () => refusal('AccessDenied', 403);
    await expect(raisedAlarms(region, 'acme-pay')).rejects.toThrow('monitoring in us-west-2 answered 403 AccessDenied');
  });
});

describe('a drain switch', () => {
  const marks = () => new DrainMarks(dynamoClient(region), plan.tableName);
  const Key = { pk: { S: 'drain#us-east-1' } };
  const TableName = plan.tableName;
  const owned = { ExpressionAttributeNames: { '#owner': 'drainedBy' }, ExpressionAttributeValues: { ':owner': { S: `drill:${run}` } } };

  test('is read as it was last written: absent, of a drill, or of a person', async () => {
    const Item = { ...Key, drainedBy: { S: 'drill:a' }, drainedAt: { N: '12' }, drainedUntil: { N: '90' } };
    aws.answer = inOrder({}, { body: { Item } }, { body: { Item: Key } });
    const read = [await marks().read('us-east-1'), await marks().read('us-east-1'), await marks().read('us-east-1')];
    expect(read).toEqual([undefined, { owner: 'drill:a', at: 12, until: 90 }, { owner: '', at: 0 }]);
    expect(aws.inputs('GetItem')[0]).toEqual({ TableName, Key, ConsistentRead: true });
  });

  test("is set where nobody else has, and taken away where it is the owner's", async () => {
    const owner = `drill:${run}`;
    const mark = { owner, at: 12, until: 90 };
    expect([await marks().set('us-east-1', mark), await marks().clear('us-east-1', owner)]).toEqual([mark, true]);
    expect(aws.inputs('PutItem')).toEqual([
      {
        TableName,
        Item: { ...Key, drainedBy: { S: owner }, drainedAt: { N: '12' }, drainedUntil: { N: '90' } },
        ConditionExpression: 'attribute_not_exists(pk) OR #until < :at',
        ExpressionAttributeNames: { '#until': 'drainedUntil' },
        ExpressionAttributeValues: { ':at': { N: '12' } },
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
    ]);
    expect(aws.inputs('DeleteItem')).toEqual([{ TableName, Key, ConditionExpression: '#owner = :owner', ...owned }]);
  });

  test("of another one stays; a missing grant or no answer is no other one's", async () => {
    const both = () => Promise.allSettled([marks().set('us-east-1', { owner: 'a', at: 1 }), marks().clear('us-east-1', 'a')]);
    aws.answer = () => refusal('ConditionalCheckFailedException');
    expect(await both()).toEqual([expect.objectContaining({ value: undefined }), expect.objectContaining({ value: false })]);
    aws.answer = () => refusal('AccessDeniedException');
    expect((await both()).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    aws.answer = () => 'hangUp';
    expect((await both()).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(marks().read('us-east-1')).rejects.toThrow();
  });
});

describe("the prober's token", () => {
  const secretArn = 'arn:aws:secretsmanager:us-west-2:111122223333:secret:probe';
  const tokens = (more: Partial<DrillIdentity> = {}) => new ClientTokens(region, { tokenUrl: `${aws.url}/token`, ...more });
  const secret = { client_id: 'id:1', client_secret: 's/ecret' };
  let secretText: string;
  let replies: () => AwsReply;
  beforeEach(() => {
    secretText = JSON.stringify(secret);
    replies = inOrder({ body: { access_token: 'one', expires_in: 3600 } }, { body: { access_token: 'two', expires_in: 60 } });
    aws.answer = ({ path, action }) => {
      if (path === '/token') return replies();
      return action === 'GetSecretValue' ? { body: { SecretString: secretText } } : {};
    };
  });
  const asked = () => aws.calls.filter(({ path }) => path === '/token');

  test('is asked for with the secret, once for all who want it, and anew when it was refused', async () => {
    const held = tokens({ secretArn, scope: 'pay', audience: 'api' });
    expect(await Promise.all([held.token(), held.token()])).toEqual(['one', 'one']);
    expect(await held.token()).toBe('one');
    held.forget();
    expect(await held.token()).toBe('two');
    expect(asked().map(({ input }) => input)).toEqual(
      [1, 2].map(() => ({ grant_type: 'client_credentials', scope: 'pay', audience: 'api' })),
    );
    expect(asked()[0].headers.authorization).toBe(`Basic ${Buffer.from('id%3A1:s%2Fecret').toString('base64')}`);
    expect(aws.inputs('GetSecretValue')[0]).toEqual({ SecretId: secretArn });
    expect(aws.calls[0]).toMatchObject({ service: 'secretsmanager', region });
  });

  test('without a secret is asked for without one, and used until shortly before its end', async () => {
    replies = inOrder({ body: { access_token: 'short', expires_in: 60 } }, { body: { access_token: 'unsaid' } });
    const held = tokens();
    expect([await held.token(), await held.token(), await held.token()]).toEqual(['short', 'unsaid', 'unsaid']);
    expect(asked().map(({ input, headers }) => [input, headers.authorization])).toEqual(
      [1, 2].map(() => [{ grant_type: 'client_credentials' }, undefined]),
    );
  });

  test.each<[string, AwsReply, string]>([
    ['a refusal', { status: 401, body: { error: 's/ecret' } }, 'the token endpoint answered 401'],
    ['an answer that is no JSON', { body: 's/ecret' }, 'the token endpoint answered 200 without a JSON object that has an access_token'],
    ['an answer without a token', { body: 'null' }, 'the token endpoint answered 200 without a JSON object that has an access_token'],
  ])('%s is told without what was answered, and asked again the next time', async (_what, reply, message) => {
    replies = inOrder(reply, { body: { access_token: 'one' } });
    const held = tokens();
    await expect(held.token()).rejects.toThrow(new Error(message));
    expect(await held.token()).toBe('one');
  });

  test.each(['s3cret-as-text', '{"client_id":"a","secret":"s3cret"}', '"s3cret"', ''])(
    'a secret that is not as it must be is told without its text: %s',
    async (text) => {
      secretText = text;
      await expect(tokens({ secretArn }).token()).rejects.toThrow(
        new Error(`the secret ${secretArn} must hold {"client_id": ..., "client_secret": ...} as JSON`),
      );
      expect(asked()).toEqual([]);
    },
  );

  test('a secret that may not be read is a fault', async () => {
    aws.answer = () => refusal('AccessDeniedException');
    await expect(tokens({ secretArn }).token()).rejects.toThrow('secretsmanager in us-west-2 answered 400 AccessDeniedException');
  });
});

describe('callers of the prober', () => {
  const body = { accountId: 'a', amount: 100, currency: 'USD' };
  const payment = { path: '/api/v1/payments', body, key: 'k' };
  const tokens = { token: jest.fn(async () => 't'), forget: jest.fn() };
  beforeEach(() => jest.clearAllMocks());

  test('say at the door where they stand, and keep what it says of DNS', async () => {
    const callers = new ProbeCallers({ publicName: 'pay.example.com', door: aws.url, zoneName: 'example.com' }, tokens);
    aws.answer = inOrder({ status: 201, body: { paymentId: 'p' }, headers: { 'x-resolver-ttl': '5' } }, { body: 'no JSON' });
    expect(callers.ttlSeconds()).toBeUndefined();
    const caller = callers.callerIn('us-east-1', 'first-0');
    expect(await caller.once(payment)).toMatchObject({ status: 201, body: { paymentId: 'p' } });
    expect(callers.ttlSeconds()).toBe(5);
    expect(await caller.once({ path: '/api/v1/accounts/a' })).toMatchObject({ status: 200, text: 'no JSON' });
    const [paid, read] = aws.calls;
    expect([paid.action, paid.input, read.action, read.text]).toEqual(['POST /api/v1/payments', body, 'GET /api/v1/accounts/a', '']);
    expect(paid.headers).toMatchObject({
      authorization: 'Bearer t',
      'idempotency-key': 'k',
      'x-client-location': 'us-east-1',
      'x-client-resolver': 'first-0',
    });
    expect(read.headers['idempotency-key']).toBeUndefined();
  });

  test('take a new token for one that was refused, and tell a connection that broke', async () => {
    const callers = new ProbeCallers({ publicName: 'pay.example.com', door: aws.url }, tokens);
    aws.answer = inOrder({ status: 401 }, { status: 201 }, 'hangUp');
    const caller = callers.callerIn('us-east-1', 'first-0');
    expect((await caller.once(payment)).status).toBe(201);
    expect([tokens.forget.mock.calls.length, tokens.token.mock.calls.length]).toEqual([1, 2]);
    await expect(caller.once(payment)).rejects.toThrow('socket hang up');
  });

  test('ask the name servers as from where they stand, once for as long as the answer may be kept', async () => {
    const resolve = jest.fn(async (_name: string, near: string) => ({ target: '127.0.0.1', ttlSeconds: near === 'us-east-1' ? 60 : 0 }));
    const at = new URL(aws.url).port;
    const place = { publicName: `localhost:${at}` };
    const callers = new ProbeCallers(place, tokens, { resolve } as unknown as NearDns);
    const [kept, anew] = ['us-east-1', region].map((near) => callers.callerIn(near, near));
    // The public name is asked for by HTTPS: what listens here is none, so no call comes through, but where it goes is asked first.
    await expect(kept.once(payment)).rejects.toThrow();
    expect(callers.ttlSeconds()).toBe(60);
    await expect(kept.once(payment)).rejects.toThrow();
    await expect(anew.once(payment)).rejects.toThrow();
    await expect(anew.once(payment)).rejects.toThrow();
    expect(resolve.mock.calls).toEqual([
      [place.publicName, 'us-east-1'],
      [place.publicName, region],
      [place.publicName, region],
    ]);
    expect(callers.ttlSeconds()).toBe(0);
    expect(aws.calls).toEqual([]);
  });
});
