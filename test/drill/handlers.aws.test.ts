import { createHash } from 'node:crypto';
import { begun, call, FakeServices, region, topicArn } from './fake-services';
import { machineArn as machine, plan, run } from './world';
import { drillKeys } from '../../src/drill/contract';
import type { DrillResult, ProbeAudit } from '../../src/drill/model';
import type { WatchdogSight } from '../../src/drill/watchdog/service';
import { AwsReply, refusal } from '../runtime/fake-aws';
import { loadedHandler } from '../runtime/loaded-handler';

const owner = `drill:${run}`;
const Key = { pk: { S: 'drain#us-east-1' } };

let services: FakeServices;
beforeEach(async () => {
  services = await FakeServices.start();
});
afterEach(() => services.stop());

test.each([
  ['look', 'announce'],
  ['region-switch', 'checks'],
  ['report', 'restore'],
] as const)('%s does no step of another function: %s', async (name, step) => {
  await expect(services.asked(name, call(step))).rejects.toThrow(`does not do the step '${step}'`);
  expect(services.aws.calls).toEqual([]);
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
  const attempt = async (): Promise<unknown> => services.asked(name, call('announce'));
  await expect(attempt()).rejects.toThrow(`environment variable ${variable} is`);
});

describe('look', () => {
  beforeEach(() => {
    services.instead = ({ action, input }) => {
      if (action === 'ListExecutions') return { body: { executions: [] } };
      if (action === 'GetMetricData') return { body: { MetricDataResults: [{ Values: [0] }] } };
      if (action === 'GetQueueUrl') return { body: { QueueUrl: `${services.aws.url}/${input.QueueName}` } };
      if (action === 'GetQueueAttributes') return { body: { Attributes: { ApproximateNumberOfMessages: '1' } } };
      return undefined;
    };
  });

  test.each([
    ['a drill that may be by fault', { faults: true }, ['none is deployed', 'disengaged'], 2],
    ['one that drains alone', {}, ['none is deployed'], 0],
  ])('%s, asked for a fault, asks FIS or not', async (_, more, values, asks) => {
    process.env.DRILL_PLAN = JSON.stringify({ ...plan, ...more });
    const usual = services.instead;
    services.instead = (one) => {
      if (one.service !== 'fis') return usual(one);
      return {
        body: one.path.includes('safetyLevers') ? { safetyLever: { state: { status: 'disengaged' } } } : { experimentTemplates: [] },
      };
    };
    const { facts, outcome } = await services.asked('look', call('checks', { facts: {}, request: { kind: 'fault' } }));
    const ofFaults = facts.checks!.filter(({ name }) => name === 'fault experiment' || name === 'safety lever of FIS');
    expect([outcome, ofFaults.map(({ value }) => value)]).toEqual(['failed', values]);
    expect(services.aws.calls.filter(({ service, region: at }) => service === 'fis' && at === plan.drilled)).toHaveLength(asks);
  });

  test('finds a system that may be drilled, in both regions', async () => {
    const result = await services.asked('look', call('checks', { facts: {} }));
    expect(result).toMatchObject({ outcome: 'passed', facts: { id: 'first', startedBy: 'ann', reasons: [], deadBefore: 4 } });
    expect(result.facts.checks!.every(({ passed }) => passed)).toBe(true);
    expect(services.aws.inputs('GetItem').map((input) => input.Key)).toEqual(
      expect.arrayContaining([Key, { pk: { S: 'drain#us-west-2' } }]),
    );
    const cutovers = services.aws.calls.filter(({ action }) => action === 'ListExecutions');
    expect(cutovers.map((one) => [one.region, one.input.stateMachineArn]).sort()).toEqual(
      plan.regions.map((name) => [name, `arn:aws:states:${name}:111122223333:stateMachine:acme-pay-cutover`]),
    );
    expect(services.logged('drill step')).toEqual([expect.objectContaining({ step: 'checks', run, outcome: 'passed', reasons: [] })]);
  });

  test('finds what stands against a drill: an alarm, a switch, a cutover, an unhealthy region', async () => {
    const usual = services.instead;
    services.instead = (seen) => {
      const { action, region: where } = seen;
      if (where !== 'us-east-1' && action !== 'GetItem') return usual(seen);
      if (action === 'DescribeAlarms') return { body: { MetricAlarms: [{ AlarmName: 'slow', AlarmDescription: 'acme-pay: slow' }] } };
      if (action === 'ListExecutions') return { body: { executions: [{ executionArn: ':cut' }] } };
      if (action === 'GetMetricData') return { body: { MetricDataResults: [{ Values: [2, 1] }] } };
      if (action !== 'GetItem' || seen.input.Key.pk.S !== Key.pk.S) return usual(seen);
      return { body: { Item: { ...Key, drainedBy: { S: 'ann' }, drainedAt: { N: '5' } } } };
    };
    const { outcome, facts } = await services.asked('look', call('checks'));
    expect([outcome, facts.reasons]).toEqual([
      'failed',
      [
        'before: us-east-1 is in service: drained by ann',
        'before: us-east-1 is healthy: 3 answers 503 of /health in 3 minutes',
        'before: alarms of us-east-1 are quiet: slow',
        'before: no cutover runs: :cut',
      ],
    ]);
    expect(services.logged('drill step')[0].reasons).toEqual(facts.reasons);
  });

  test('ends the prober, and takes its account of the payments', async () => {
    const audit: ProbeAudit = { paid: 9, sentAgain: 3, failed: [], lost: 1, duplicates: 0, wrong: [] };
    expect(await services.asked('look', call('measure'))).toMatchObject({ outcome: 'again' });
    expect(JSON.parse(services.objects.get(drillKeys.end('first'))!)).toEqual({ at: expect.any(Number) });
    services.objects.set(drillKeys.audit('first'), JSON.stringify(audit));
    expect(await services.asked('look', call('measure'))).toMatchObject({
      outcome: 'measured',
      facts: { audit, reasons: ['1 payments were lost'] },
    });
  });

  test('that may not look finds nothing, good or bad', async () => {
    services.instead = ({ action }) => (action === 'DescribeAlarms' ? refusal('AccessDenied', 403) : undefined);
    await expect(services.asked('look', call('checks'))).rejects.toThrow(/^monitoring in us-(east-1|west-2) answered 403 AccessDenied/);
    expect(services.logged('drill step')).toEqual([]);
  });
});

describe('region-switch', () => {
  test("sets the switch in the run's name, and takes that one away", async () => {
    const before = Date.now();
    const taken = await services.asked('region-switch', call('takeAway'));
    expect(taken).toMatchObject({ outcome: 'taken', facts: { reasons: [] } });
    expect(taken.facts.takenMs).toBeGreaterThanOrEqual(before);
    expect(services.aws.inputs('PutItem')).toMatchObject([
      { TableName: plan.tableName, Item: { ...Key, drainedBy: { S: owner }, drainedAt: { N: `${taken.facts.takenMs}` } } },
    ]);
    const back = await services.asked('region-switch', call('restore', { facts: taken.facts }));
    expect(back).toMatchObject({ outcome: 'restored', facts: { takenMs: taken.facts.takenMs } });
    expect(services.aws.inputs('DeleteItem')).toMatchObject([{ Key, ExpressionAttributeValues: { ':owner': { S: owner } } }]);
    expect(services.ownCalls().every(({ service, region: where }) => service === 'dynamodb' && where === region)).toBe(true);
    expect(services.logged('drill step').map(({ outcome, service }) => [outcome, service])).toEqual([
      ['taken', 'drill'],
      ['restored', 'drill'],
    ]);
  });

  test("leaves another one's switch as it is", async () => {
    services.instead = ({ action }) => (action === 'GetItem' ? undefined : refusal('ConditionalCheckFailedException'));
    expect(await services.asked('region-switch', call('takeAway'))).toMatchObject({
      outcome: 'failed',
      facts: { reasons: ['another person has drained us-east-1: it was left as it is'] },
    });
    expect(await services.asked('region-switch', call('restore'))).toMatchObject({ outcome: 'restored' });
  });

  test.each(['takeAway', 'restore'] as const)('%s that is refused is no outcome: the machine asks again', async (step) => {
    services.instead = () => refusal('AccessDeniedException');
    await expect(services.asked('region-switch', call(step))).rejects.toMatchObject({ name: 'AccessDeniedException' });
    expect(services.logged('drill step')).toEqual([]);
  });
});

describe('report', () => {
  test('starts the prober without waiting for it, and then tells people', async () => {
    expect(await services.asked('report', call('announce'))).toEqual({ outcome: 'announced', facts: begun });
    expect(services.ownCalls().map(({ service, action }) => [service, action])).toEqual([
      ['lambda', 'POST /2015-03-31/functions/acme-pay-prober/invocations'],
      ['sns', 'Publish'],
    ]);
    const [invoked] = services.ownCalls();
    expect([invoked.input, invoked.headers['x-amz-invocation-type'], invoked.region]).toEqual([{ run }, 'Event', region]);
    expect(services.toldTopic()).toEqual([
      { TopicArn: topicArn, Subject: 'acme-pay: us-east-1 is drilled', Message: expect.stringContaining(`Started by ann.`) },
    ]);
  });

  test('that crashes between the prober and the people starts it again, and tells them then', async () => {
    services.instead = ({ action }) => (action === 'Publish' ? refusal('AuthorizationError', 403) : undefined);
    await expect(services.asked('report', call('announce'))).rejects.toThrow('403');
    services.instead = () => undefined;
    expect(await services.asked('report', call('announce'))).toMatchObject({ outcome: 'announced' });
    expect(services.aws.calls.filter(({ service }) => service === 'lambda').map(({ input }) => input)).toEqual([{ run }, { run }]);
  });

  test('tells nobody of a drill whose prober was not started', async () => {
    services.instead = ({ service }) => (service === 'lambda' ? refusal('TooManyRequestsException', 429) : undefined);
    await expect(services.asked('report', call('announce'))).rejects.toThrow('Invoke of acme-pay-prober answered 429');
    expect(services.aws.actions).not.toContain('Publish');
  });

  test.each([
    ['PASSED', [], 'DrillsPassed'],
    ['FAILED', ['1 payments were lost'], 'DrillsFailed'],
  ])('keeps the evidence of a drill that was %s, counts it, and tells', async (state, reasons, metric) => {
    const { outcome, facts, ...more } = await services.asked('report', call('conclude', { facts: { ...begun, reasons } }));
    const { result } = more as { readonly result: DrillResult };
    expect([outcome, facts.reasons]).toEqual([state, reasons]);
    expect(JSON.parse(services.objects.get(drillKeys.result('first'))!)).toEqual(result);
    const page = services.objects.get('runs/first/evidence.html')!;
    expect(page).toContain(`Region drill of us-east-1: ${state}`);
    const sha256 = createHash('sha256').update(page).digest('hex');
    const versionId = `v-${page.length}`;
    expect(result.evidence).toMatchObject({ bucket: 'evidence', html: { key: 'runs/first/evidence.html', versionId, sha256 } });
    expect(services.aws.inputs('Publish')[0].Message).toContain(`Version ${versionId}`);
    expect(services.objects.has(drillKeys.passed)).toBe(state === 'PASSED');
    expect(services.toldTopic()).toMatchObject([
      { Subject: `acme-pay: drill of us-east-1 ${state}`, Message: expect.stringContaining(sha256) },
    ]);
    expect(services.logged('drill step')).toEqual([
      expect.objectContaining({ [metric]: 1, System: 'acme-pay', Region: region, DrilledRegion: 'us-east-1', outcome: state }),
    ]);
  });

  test('that may not keep the evidence has passed nothing', async () => {
    services.instead = ({ action }) =>
      action.startsWith('PUT ') ? { status: 403, body: '<Error><Code>AccessDenied</Code></Error>' } : undefined;
    await expect(services.asked('report', call('conclude'))).rejects.toThrow('s3 in us-west-2 answered 403 AccessDenied');
    expect([services.toldTopic(), services.logged('drill step')]).toEqual([[], []]);
  });
});

describe('watchdog', () => {
  const look = () => loadedHandler<object, WatchdogSight>('drill/functions/watchdog')({ detail: { executionArn: 'of somebody' } });
  const item = (by: string, at: number): AwsReply => ({ body: { Item: { ...Key, drainedBy: { S: by }, drainedAt: { N: `${at}` } } } });
  let status: string;
  let mark: AwsReply;
  beforeEach(() => {
    [status, mark] = ['RUNNING', {}];
    services.instead = ({ action }) => {
      if (action === 'ListExecutions') return { body: { executions: [{ executionArn: run, status, startDate: Date.now() / 1000 - 60 }] } };
      if (action === 'DescribeExecution') return { body: { status, stateMachineArn: machine, input: '{"startedBy":"ann"}' } };
      return action === 'GetItem' ? mark : undefined;
    };
  });

  test('lets a drill run, and counts the days since the last one that was passed', async () => {
    mark = item(owner, Date.now());
    services.objects.set(drillKeys.passed, JSON.stringify({ at: Date.now() - 3 * 86_400_000 }));
    expect(await look()).toEqual({ restored: false, told: [], days: expect.closeTo(3, 3) });
    expect(services.aws.inputs('ListExecutions')).toMatchObject([{ stateMachineArn: machine }, { statusFilter: 'RUNNING' }]);
    expect(services.aws.actions).not.toContain('DeleteItem');
    expect(services.logged('watchdog looked')).toEqual([
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
    expect(services.aws.inputs('DeleteItem')).toMatchObject([
      { TableName: plan.tableName, Key, ExpressionAttributeValues: { ':owner': { S: owner } } },
    ]);
    expect(services.toldTopic().map(({ Subject }) => Subject)).toEqual([
      'acme-pay: us-east-1 was put back by the watchdog',
      'acme-pay: drill of us-east-1 ABORTED',
    ]);
    expect([...services.objects.keys()].sort()).toEqual(
      ['passed.json', ...['end.json', 'evidence.html', 'evidence.json', 'result.json'].map((name) => `runs/first/${name}`)].sort(),
    );
    expect(JSON.parse(services.objects.get(drillKeys.result('first'))!)).toMatchObject({
      state: 'ABORTED',
      reasons: ['the execution ended ABORTED'],
    });
    expect(services.logged('watchdog looked')[0]).toMatchObject({ DrillWatchdogRestored: 1, DrillsFailed: 1 });
    mark = {};
    expect(await look()).toMatchObject({ restored: false, told: [] });
  });

  test('puts a region back that is away too long, and never one that a person has drained', async () => {
    mark = item(owner, Date.now() - (plan.longestSeconds + 1) * 1000);
    expect(await look()).toMatchObject({ restored: true, told: [] });
    [status, mark] = ['SUCCEEDED', item('', 0)];
    services.objects.set(drillKeys.result('first'), '{}');
    expect(await look()).toMatchObject({ restored: false, told: [] });
    expect(services.aws.actions.filter((action) => action === 'DeleteItem')).toHaveLength(1);
  });

  test('that may not look restores nothing by mistake, and fails for all to see', async () => {
    mark = item(owner, Date.now());
    services.instead = ({ action }) =>
      action.endsWith('Executions') || action === 'DescribeExecution' ? refusal('AccessDeniedException') : mark;
    await expect(look()).rejects.toThrow('states in us-west-2 answered 400 AccessDeniedException');
    expect(new Set(services.aws.actions)).toEqual(new Set(['ListExecutions', 'GetItem', 'DescribeExecution']));
    expect(services.logged('watchdog looked')).toEqual([]);
  });

  test('puts a region back that is away too long even where no execution can be looked at, and fails all the same', async () => {
    mark = item(owner, Date.now() - (plan.longestSeconds + 1) * 1000);
    services.instead = ({ action }) =>
      action === 'ListExecutions' ? refusal('AccessDeniedException') : action === 'GetItem' ? mark : undefined;
    await expect(look()).rejects.toThrow('states in us-west-2 answered 400 AccessDeniedException');
    expect(services.aws.inputs('DeleteItem')).toMatchObject([{ Key, ExpressionAttributeValues: { ':owner': { S: owner } } }]);
    expect(services.toldTopic().map(({ Subject }) => Subject)).toEqual(['acme-pay: us-east-1 was put back by the watchdog']);
  });
});
