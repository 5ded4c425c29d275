import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { callerAnswer, hurried } from './caller';
import { machineArn as machine, plan, run } from './world';
import { drillEnv, drillKeys, DrillPlan, proberEnv } from '../../src/drill/contract';
import { DrillCall, DrillStepResult } from '../../src/drill/machine/contract';
import type { DrillFacts, DrillResult, ProbeAudit, ProbedCalls } from '../../src/drill/model';
import type { WatchdogSight } from '../../src/drill/watchdog/service';
import { AwsCall, AwsReply, FakeAws, keepLog, refusal } from '../runtime/fake-aws';
import { loadedHandler } from '../runtime/loaded-handler';
import { turns } from '../turns';
import { timePasses } from '../waits';

const region = 'us-west-2';
const topicArn = `arn:aws:sns:${region}:111122223333:drills`;
const owner = `drill:${run}`;
const Key = { pk: { S: 'drain#us-east-1' } };

/** What AWS keeps, by key in the bucket. */
let objects: Map<string, string>;
/** Answers in place of the usual one. */
let instead: (call: AwsCall) => AwsReply | undefined;
/** What Step Functions says of who asks; undefined where nobody is looked up. */
let asking: ((call: AwsCall) => AwsReply | undefined) | undefined;
let aws: FakeAws;
let lines: Record<string, any>[];
beforeEach(async () => {
  aws = await FakeAws.start({
    AWS_REGION: region,
    ...drillEnv.write({ plan: JSON.stringify(plan), bucket: 'evidence', topicArn, stateMachineArn: machine, prober: 'acme-pay-prober' }),
  });
  lines = keepLog();
  [objects, instead, asking] = [new Map(), () => undefined, undefined];
  aws.answer = (call) =>
    asking?.(call) ?? instead(call) ?? bucketAnswer(call) ?? (call.action.endsWith('/invocations') ? { status: 202 } : {});
});
/** A step that ends by one refusal leaves the calls beside it under way: they must not arrive at the next test's services. */
async function quiet(): Promise<void> {
  const turn = turns('calls of a step that has ended', 40);
  for (let seen = -1; seen !== aws.calls.length;) {
    turn();
    seen = aws.calls.length;
    await sleep(50);
  }
}
afterEach(async () => {
  await quiet();
  jest.restoreAllMocks();
  await aws.stop();
});

function bucketAnswer({ service, action, path, text, headers }: AwsCall): AwsReply | undefined {
  if (service !== 's3') return undefined;
  const key = path.replace('/evidence/', '');
  if (action.startsWith('PUT ')) {
    if (headers['if-none-match'] === '*' && objects.has(key))
      return { status: 412, body: '<Error><Code>PreconditionFailed</Code></Error>' };
    objects.set(key, text);
    return { headers: { 'x-amz-version-id': `v-${text.length}` } };
  }
  return objects.has(key) ? { body: objects.get(key)! } : { status: 404, body: '<Error><Code>NoSuchKey</Code></Error>' };
}

const begun: DrillFacts = { id: 'first', kind: 'drain', startedBy: 'ann', startedMs: 1_000, reasons: [] };
const call = (step: DrillCall['step'], more: Partial<DrillCall> = {}): DrillCall => ({
  step,
  run,
  request: { startedBy: 'ann' },
  facts: begun,
  fault: {},
  ...more,
});
/** What a function was asked for by the machine: its execution says so too. */
const asked = (name: string, event: DrillCall): Promise<DrillStepResult> => {
  asking = (one) => callerAnswer(one, event);
  return loadedHandler<DrillCall, DrillStepResult>(`drill/functions/${name}`)(event);
};
/** Without the questions of who asks. */
const ownCalls = (): AwsCall[] => aws.calls.filter(({ action }) => !['DescribeExecution', 'GetExecutionHistory'].includes(action));
const toldTopic = () => aws.inputs('Publish').map(({ TopicArn, Subject, Message }) => ({ TopicArn, Subject, Message }));
/** The function's line, with what it counted. */
const logged = (message: string) => lines.filter((line) => line.message === message);

test.each([
  ['look', 'announce'],
  ['region-switch', 'checks'],
  ['report', 'restore'],
] as const)('%s does no step of another function: %s', async (name, step) => {
  await expect(asked(name, call(step))).rejects.toThrow(`does not do the step '${step}'`);
  expect(aws.calls).toEqual([]);
});

test.each<[string, string, string]>([
  ['look', 'DRILL_PLAN', '{}'],
  ['look', 'DRILL_STATE_MACHINE_ARN', ''],
  ['report', 'DRILL_TOPIC_ARN', ''],
  ['report', 'DRILL_PROBER', ''],
  ['prober', 'DRILL_IDENTITY', ''],
  ['watchdog', 'DRILL_BUCKET', ''],
])('%s without its %s says so', async (name, variable, value) => {
  process.env[variable] = value;
  const attempt = async (): Promise<unknown> => asked(name, call('announce'));
  await expect(attempt()).rejects.toThrow(`environment variable ${variable} is`);
});

describe('a call that no execution makes', () => {
  const forged = (name: string, event: object) => loadedHandler<object, unknown>(`drill/functions/${name}`)(event);
  const other = machine.replace('us-east-1', 'us-west-2');

  test.each<[string, (event: DrillCall, one: AwsCall) => AwsReply | undefined, string]>([
    ['as the machine is at another step', (event, one) => callerAnswer(one, { ...event, step: 'watch' }), 'is not making this call'],
    [
      'with facts of its own',
      (event, one) => callerAnswer(one, { ...event, facts: { ...begun, reasons: ['1 payments were lost'] } }),
      'is not making this call',
    ],
    ['of another machine', (event, one) => callerAnswer(one, event, { stateMachineArn: other }), `is an execution of ${other}`],
    ['of one that was aborted', (event, one) => callerAnswer(one, event, { status: 'ABORTED' }), 'is ABORTED'],
    ['of none', () => refusal('ExecutionDoesNotExist'), 'there is no execution'],
  ])('%s is not believed, by any function, and changes nothing', async (_what, says, why) => {
    hurried();
    for (const [name, step] of [
      ['region-switch', 'takeAway'],
      ['region-switch', 'restore'],
      ['report', 'announce'],
      ['report', 'conclude'],
      ['look', 'measure'],
    ] as const) {
      const event = call(step);
      asking = (one) => says(event, one);
      await expect(forged(name, event)).rejects.toThrow(why);
    }
    expect(ownCalls()).toEqual([]);
    expect(objects.size).toBe(0);
  });

  test.each<[string, unknown]>([
    ['no ARN', undefined],
    ['an empty one', ''],
    ['something else', { id: run }],
  ])('with %s is refused at once', async (_what, made) => {
    await expect(forged('region-switch', { ...call('takeAway'), run: made })).rejects.toThrow("'run' is not the ARN of an execution");
    expect(aws.calls).toEqual([]);
  });

  test('is not done where Step Functions does not answer', async () => {
    asking = ({ service }) => (service === 'states' ? refusal('AccessDenied', 403) : undefined);
    await expect(forged('report', call('conclude'))).rejects.toThrow('states in us-west-2 answered 403');
    expect(ownCalls()).toEqual([]);
  });

  test('is looked for again while Step Functions is behind', async () => {
    const event = call('takeAway');
    let looks = 0;
    asking = (one) => {
      looks += one.action === 'GetExecutionHistory' ? 1 : 0;
      return callerAnswer(one, looks > 1 ? event : { ...event, step: 'before' });
    };
    expect(await forged('region-switch', event)).toMatchObject({ outcome: 'taken' });
  });

  test.each<[string, object, string]>([
    ['is over', { status: 'SUCCEEDED' }, 'nothing was paid: the execution'],
    ['is of another machine', { stateMachineArn: other }, 'is an execution of'],
  ])('starts no prober of a run that %s', async (_what, more, why) => {
    process.env.DRILL_IDENTITY = JSON.stringify({ tokenUrl: `${aws.url}/token` });
    asking = (one) => callerAnswer(one, {}, more);
    await expect(forged('prober', { run })).rejects.toThrow(why);
    expect(ownCalls()).toEqual([]);
  });
});

describe('look', () => {
  beforeEach(() => {
    instead = ({ action, input }) => {
      if (action === 'ListExecutions') return { body: { executions: [] } };
      if (action === 'GetMetricData') return { body: { MetricDataResults: [{ Values: [0] }] } };
      if (action === 'GetQueueUrl') return { body: { QueueUrl: `${aws.url}/${input.QueueName}` } };
      if (action === 'GetQueueAttributes') return { body: { Attributes: { ApproximateNumberOfMessages: '1' } } };
      return undefined;
    };
  });

  test('finds a system that may be drilled, in both regions', async () => {
    const result = await asked('look', call('checks', { facts: {} }));
    expect(result).toMatchObject({ outcome: 'passed', facts: { id: 'first', startedBy: 'ann', reasons: [], deadBefore: 4 } });
    expect(result.facts.checks!.every(({ passed }) => passed)).toBe(true);
    expect(aws.inputs('GetItem').map((input) => input.Key)).toEqual(expect.arrayContaining([Key, { pk: { S: 'drain#us-west-2' } }]));
    const cutovers = aws.calls.filter(({ action }) => action === 'ListExecutions');
    expect(cutovers.map((one) => [one.region, one.input.stateMachineArn]).sort()).toEqual(
      plan.regions.map((name) => [name, `arn:aws:states:${name}:111122223333:stateMachine:acme-pay-cutover`]),
    );
    expect(logged('drill step')).toEqual([expect.objectContaining({ step: 'checks', run, outcome: 'passed', reasons: [] })]);
  });

  test('finds what stands against a drill: an alarm, a switch, a cutover, an unhealthy region', async () => {
    const usual = instead;
    instead = (asking) => {
      const { action, region: where } = asking;
      if (where !== 'us-east-1' && action !== 'GetItem') return usual(asking);
      if (action === 'DescribeAlarms') return { body: { MetricAlarms: [{ AlarmName: 'slow', AlarmDescription: 'acme-pay: slow' }] } };
      if (action === 'ListExecutions') return { body: { executions: [{ executionArn: ':cut' }] } };
      if (action === 'GetMetricData') return { body: { MetricDataResults: [{ Values: [2, 1] }] } };
      if (action !== 'GetItem' || asking.input.Key.pk.S !== Key.pk.S) return usual(asking);
      return { body: { Item: { ...Key, drainedBy: { S: 'ann' }, drainedAt: { N: '5' } } } };
    };
    const { outcome, facts } = await asked('look', call('checks'));
    expect([outcome, facts.reasons]).toEqual([
      'failed',
      [
        'before: us-east-1 is in service: drained by ann',
        'before: us-east-1 is healthy: 3 answers 503 of /health in 3 minutes',
        'before: alarms of us-east-1 are quiet: slow',
        'before: no cutover runs: :cut',
      ],
    ]);
    expect(logged('drill step')[0].reasons).toEqual(facts.reasons);
  });

  test('ends the prober, and takes its account of the payments', async () => {
    const audit: ProbeAudit = { paid: 9, failed: [], lost: 1, duplicates: 0, wrong: [] };
    expect(await asked('look', call('measure'))).toMatchObject({ outcome: 'again' });
    expect(JSON.parse(objects.get(drillKeys.end('first'))!)).toEqual({ at: expect.any(Number) });
    objects.set(drillKeys.audit('first'), JSON.stringify(audit));
    expect(await asked('look', call('measure'))).toMatchObject({
      outcome: 'measured',
      facts: { audit, reasons: ['1 payments were lost'] },
    });
  });

  test('that may not look finds nothing, good or bad', async () => {
    instead = ({ action }) => (action === 'DescribeAlarms' ? refusal('AccessDenied', 403) : undefined);
    await expect(asked('look', call('checks'))).rejects.toThrow(/^monitoring in us-(east-1|west-2) answered 403 AccessDenied/);
    expect(logged('drill step')).toEqual([]);
  });
});

describe('region-switch', () => {
  test("sets the switch in the run's name, and takes that one away", async () => {
    const before = Date.now();
    const taken = await asked('region-switch', call('takeAway'));
    expect(taken).toMatchObject({ outcome: 'taken', facts: { reasons: [] } });
    expect(taken.facts.takenMs).toBeGreaterThanOrEqual(before);
    expect(aws.inputs('PutItem')).toMatchObject([
      { TableName: plan.tableName, Item: { ...Key, drainedBy: { S: owner }, drainedAt: { N: `${taken.facts.takenMs}` } } },
    ]);
    const back = await asked('region-switch', call('restore', { facts: taken.facts }));
    expect(back).toMatchObject({ outcome: 'restored', facts: { takenMs: taken.facts.takenMs } });
    expect(aws.inputs('DeleteItem')).toMatchObject([{ Key, ExpressionAttributeValues: { ':owner': { S: owner } } }]);
    expect(ownCalls().every(({ service, region: where }) => service === 'dynamodb' && where === region)).toBe(true);
    expect(logged('drill step').map(({ outcome, service }) => [outcome, service])).toEqual([
      ['taken', 'drill'],
      ['restored', 'drill'],
    ]);
  });

  test("leaves another one's switch as it is", async () => {
    instead = ({ action }) => (action === 'GetItem' ? undefined : refusal('ConditionalCheckFailedException'));
    expect(await asked('region-switch', call('takeAway'))).toMatchObject({
      outcome: 'failed',
      facts: { reasons: ['another person has drained us-east-1: it was left as it is'] },
    });
    expect(await asked('region-switch', call('restore'))).toMatchObject({ outcome: 'restored' });
  });

  test.each(['takeAway', 'restore'] as const)('%s that is refused is no outcome: the machine asks again', async (step) => {
    instead = () => refusal('AccessDeniedException');
    await expect(asked('region-switch', call(step))).rejects.toMatchObject({ name: 'AccessDeniedException' });
    expect(logged('drill step')).toEqual([]);
  });
});

describe('report', () => {
  test('starts the prober without waiting for it, and then tells people', async () => {
    expect(await asked('report', call('announce'))).toEqual({ outcome: 'announced', facts: begun });
    expect(ownCalls().map(({ service, action }) => [service, action])).toEqual([
      ['lambda', 'POST /2015-03-31/functions/acme-pay-prober/invocations'],
      ['sns', 'Publish'],
    ]);
    const [invoked] = ownCalls();
    expect([invoked.input, invoked.headers['x-amz-invocation-type'], invoked.region]).toEqual([{ run }, 'Event', region]);
    expect(toldTopic()).toEqual([
      { TopicArn: topicArn, Subject: 'acme-pay: us-east-1 is drilled', Message: expect.stringContaining(`Started by ann.`) },
    ]);
  });

  test('that crashes between the prober and the people starts it again, and tells them then', async () => {
    instead = ({ action }) => (action === 'Publish' ? refusal('AuthorizationError', 403) : undefined);
    await expect(asked('report', call('announce'))).rejects.toThrow('403');
    instead = () => undefined;
    expect(await asked('report', call('announce'))).toMatchObject({ outcome: 'announced' });
    expect(aws.calls.filter(({ service }) => service === 'lambda').map(({ input }) => input)).toEqual([{ run }, { run }]);
  });

  test('tells nobody of a drill whose prober was not started', async () => {
    instead = ({ service }) => (service === 'lambda' ? refusal('TooManyRequestsException', 429) : undefined);
    await expect(asked('report', call('announce'))).rejects.toThrow('Invoke of acme-pay-prober answered 429');
    expect(aws.actions).not.toContain('Publish');
  });

  test.each([
    ['PASSED', [], 'DrillsPassed'],
    ['FAILED', ['1 payments were lost'], 'DrillsFailed'],
  ])('keeps the evidence of a drill that was %s, counts it, and tells', async (state, reasons, metric) => {
    const { outcome, facts, ...more } = await asked('report', call('conclude', { facts: { ...begun, reasons } }));
    const { result } = more as { readonly result: DrillResult };
    expect([outcome, facts.reasons]).toEqual([state, reasons]);
    expect(JSON.parse(objects.get(drillKeys.result('first'))!)).toEqual(result);
    const page = objects.get('runs/first/evidence.html')!;
    expect(page).toContain(`Region drill of us-east-1: ${state}`);
    const sha256 = createHash('sha256').update(page).digest('hex');
    const versionId = `v-${page.length}`;
    expect(result.evidence).toMatchObject({ bucket: 'evidence', html: { key: 'runs/first/evidence.html', versionId, sha256 } });
    expect(aws.inputs('Publish')[0].Message).toContain(`Version ${versionId}`);
    expect(objects.has(drillKeys.passed)).toBe(state === 'PASSED');
    expect(toldTopic()).toMatchObject([{ Subject: `acme-pay: drill of us-east-1 ${state}`, Message: expect.stringContaining(sha256) }]);
    expect(logged('drill step')).toEqual([
      expect.objectContaining({ [metric]: 1, System: 'acme-pay', Region: region, DrilledRegion: 'us-east-1', outcome: state }),
    ]);
  });

  test('that may not keep the evidence has passed nothing', async () => {
    instead = ({ action }) => (action.startsWith('PUT ') ? { status: 403, body: '<Error><Code>AccessDenied</Code></Error>' } : undefined);
    await expect(asked('report', call('conclude'))).rejects.toThrow('s3 in us-west-2 answered 403 AccessDenied');
    expect([toldTopic(), logged('drill step')]).toEqual([[], []]);
  });
});

describe('watchdog', () => {
  const look = () => loadedHandler<object, WatchdogSight>('drill/functions/watchdog')({ detail: { executionArn: 'of somebody' } });
  const item = (by: string, at: number): AwsReply => ({ body: { Item: { ...Key, drainedBy: { S: by }, drainedAt: { N: `${at}` } } } });
  let status: string;
  let mark: AwsReply;
  beforeEach(() => {
    [status, mark] = ['RUNNING', {}];
    instead = ({ action }) => {
      if (action === 'ListExecutions') return { body: { executions: [{ executionArn: run, status, startDate: Date.now() / 1000 - 60 }] } };
      if (action === 'DescribeExecution') return { body: { status, stateMachineArn: machine, input: '{"startedBy":"ann"}' } };
      return action === 'GetItem' ? mark : undefined;
    };
  });

  test('lets a drill run, and counts the days since the last one that was passed', async () => {
    mark = item(owner, Date.now());
    objects.set(drillKeys.passed, JSON.stringify({ at: Date.now() - 3 * 86_400_000 }));
    expect(await look()).toEqual({ restored: false, told: [], days: expect.closeTo(3, 3) });
    expect(aws.inputs('ListExecutions')).toMatchObject([{ stateMachineArn: machine }, { statusFilter: 'RUNNING' }]);
    expect(aws.actions).not.toContain('DeleteItem');
    expect(logged('watchdog looked')).toEqual([
      expect.objectContaining({
        service: 'drill-watchdog',
        DaysSinceDrillPassed: expect.closeTo(3, 3),
        DrillWatchdogRestored: 0,
        DrillsFailed: 0,
        DrilledRegion: 'us-east-1',
      }),
    ]);
  });

  test('puts a region back whose drill was aborted, and says what it could not say itself', async () => {
    [status, mark] = ['ABORTED', item(owner, Date.now())];
    expect(await look()).toEqual({ restored: true, told: ['first'], days: 0 });
    expect(aws.inputs('DeleteItem')).toMatchObject([
      { TableName: plan.tableName, Key, ExpressionAttributeValues: { ':owner': { S: owner } } },
    ]);
    expect(toldTopic().map(({ Subject }) => Subject)).toEqual([
      'acme-pay: us-east-1 was put back by the watchdog',
      'acme-pay: drill of us-east-1 ABORTED',
    ]);
    expect([...objects.keys()].sort()).toEqual(
      ['passed.json', ...['end.json', 'evidence.html', 'evidence.json', 'result.json'].map((name) => `runs/first/${name}`)].sort(),
    );
    expect(JSON.parse(objects.get(drillKeys.result('first'))!)).toMatchObject({
      state: 'ABORTED',
      reasons: ['the execution ended ABORTED'],
    });
    expect(logged('watchdog looked')[0]).toMatchObject({ DrillWatchdogRestored: 1, DrillsFailed: 1 });
    mark = {};
    expect(await look()).toMatchObject({ restored: false, told: [] });
  });

  test('puts a region back that is away too long, and never one that a person has drained', async () => {
    mark = item(owner, Date.now() - (plan.longestSeconds + 1) * 1000);
    expect(await look()).toMatchObject({ restored: true, told: [] });
    [status, mark] = ['SUCCEEDED', item('', 0)];
    objects.set(drillKeys.result('first'), '{}');
    expect(await look()).toMatchObject({ restored: false, told: [] });
    expect(aws.actions.filter((action) => action === 'DeleteItem')).toHaveLength(1);
  });

  test('that may not look restores nothing by mistake, and fails for all to see', async () => {
    mark = item(owner, Date.now());
    instead = ({ action }) => (action.endsWith('Executions') || action === 'DescribeExecution' ? refusal('AccessDeniedException') : mark);
    await expect(look()).rejects.toThrow('states in us-west-2 answered 400 AccessDeniedException');
    expect(new Set(aws.actions)).toEqual(new Set(['ListExecutions', 'GetItem', 'DescribeExecution']));
    expect(logged('watchdog looked')).toEqual([]);
  });

  test('puts a region back that is away too long even where no execution can be looked at, and fails all the same', async () => {
    mark = item(owner, Date.now() - (plan.longestSeconds + 1) * 1000);
    instead = ({ action }) => (action === 'ListExecutions' ? refusal('AccessDeniedException') : action === 'GetItem' ? mark : undefined);
    await expect(look()).rejects.toThrow('states in us-west-2 answered 400 AccessDeniedException');
    expect(aws.inputs('DeleteItem')).toMatchObject([{ Key, ExpressionAttributeValues: { ':owner': { S: owner } } }]);
    expect(toldTopic().map(({ Subject }) => Subject)).toEqual(['acme-pay: us-east-1 was put back by the watchdog']);
  });
});

describe('prober', () => {
  const probe = (remainingMs = 300_000) => loadedHandler<{ readonly run: string }, void>('drill/functions/prober', remainingMs)({ run });
  let paid: Map<string, { readonly paymentId: string; readonly amount: number }>;
  let balance: number;
  beforeEach(() => {
    [paid, balance] = [new Map(), 0];
    asking = (one) => callerAnswer(one, {});
    Object.assign(process.env, proberEnv.write({ identity: JSON.stringify({ tokenUrl: `${aws.url}/token` }), door: aws.url }));
    instead = ({ path, action, input, headers }) => {
      if (path === '/token') return { body: { access_token: 'a-token', expires_in: 3600 } };
      if (action.startsWith('PUT /api/')) {
        balance = input.balance as number;
        return { status: 201 };
      }
      const held = [...paid.values()].reduce((sum, { amount }) => sum + amount, 0);
      if (path.startsWith('/api/v1/accounts/')) return { body: { available: balance - held, held, settled: 0 } };
      if (path === '/api/v1/transactions') {
        return { body: { items: [...paid.values()].map((line) => ({ ...line, type: 'AUTHORISATION' })) } };
      }
      if (path !== '/api/v1/payments') return undefined;
      const key = headers['idempotency-key'] as string;
      const payment = paid.get(key) ?? { paymentId: `pay-${paid.size}`, amount: input.amount as number };
      paid.set(key, payment);
      return {
        status: 201,
        body: { paymentId: payment.paymentId, status: 'AUTHORISED' },
        headers: { 'x-served-by-region': headers['x-client-location'] as string, 'x-resolver-ttl': '5' },
      };
    };
  });

  test('pays near both regions until it is told to end, and accounts for what it paid', async () => {
    objects.set(drillKeys.end('first'), '{}');
    await probe();
    const seen = JSON.parse(objects.get(drillKeys.calls('first'))!) as ProbedCalls;
    expect(seen).toMatchObject({ account: 'drill-first-probe', ttlSeconds: 5 });
    expect(seen.calls.map((one) => [one.caller, one.region, one.answered]).sort()).toEqual([
      [0, 'us-east-1', true],
      [1, region, true],
      [2, 'us-east-1', true],
      [3, region, true],
    ]);
    const sums = { paid: 4, failed: [], lost: 0, duplicates: 0, wrong: [] };
    expect(JSON.parse(objects.get(drillKeys.audit('first'))!)).toEqual(sums);
    expect([...paid.keys()].sort()).toEqual([0, 1, 2, 3].map((caller) => `drill-first-${caller}-0`));
    const api = aws.calls.filter(({ path }) => path.startsWith('/api/'));
    expect(new Set(api.map(({ headers }) => headers.authorization))).toEqual(new Set(['Bearer a-token']));
    expect(logged('prober ended')).toEqual([
      expect.objectContaining({ service: 'drill-prober', run, paid: 4, failed: 0, lost: 0, duplicates: 0 }),
    ]);
    expect(JSON.stringify(lines)).not.toContain('a-token');
  });

  test('that is started twice, by an announcement that was repeated, pays once', async () => {
    objects.set(drillKeys.end('first'), '{}');
    await Promise.all([probe(), probe()]);
    expect(logged('prober ended')).toHaveLength(1);
    expect(logged('prober not needed')).toEqual([expect.objectContaining({ run, why: 'another one pays for this run' })]);
    expect(aws.calls.filter(({ action }) => action.startsWith('PUT /api/'))).toHaveLength(1);
    expect(aws.calls.filter(({ path }) => path === '/api/v1/payments').map(({ headers }) => headers['idempotency-key'])).toHaveLength(4);
  });

  test('has no time for a payment where Lambda leaves it none besides the last look', async () => {
    await probe(119_000);
    expect(paid.size).toBe(0);
    expect(JSON.parse(objects.get(drillKeys.audit('first'))!)).toMatchObject({ paid: 0, lost: 0 });
  });

  test('that may not open its account ends at once, and has accounted for nothing', async () => {
    const usual = instead;
    instead = (asking) => (asking.action.startsWith('PUT /api/') ? { status: 403, body: { code: 'forbidden' } } : usual(asking));
    await expect(probe()).rejects.toThrow('PUT /accounts/drill-first-probe: 403 forbidden');
    expect([paid.size, [...objects.keys()], logged('prober ended')]).toEqual([0, [drillKeys.prober('first')], []]);
  });

  test('that may not write what it saw stops paying, and says why', async () => {
    const usual = instead;
    instead = (asking) => (asking.service === 's3' ? { status: 403, body: '<Error><Code>AccessDenied</Code></Error>' } : usual(asking));
    await expect(probe()).rejects.toThrow('s3 in us-west-2 answered 403 AccessDenied');
    const before = paid.size;
    expect(before).toBeLessThanOrEqual(4);
    await timePasses(700, 'no payment may follow');
    expect(paid.size).toBe(before);
  });

  test('of a plan that is none is not loaded', async () => {
    process.env.DRILL_PLAN = JSON.stringify({ drilled: 'us-east-1' } satisfies Partial<DrillPlan>);
    await expect((async () => probe())()).rejects.toThrow('environment variable DRILL_PLAN is');
  });
});
