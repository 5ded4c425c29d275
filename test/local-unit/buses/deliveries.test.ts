import { BusPolicies } from '../../../local/buses/bus-policies';
import { DeliveryLine, type BusEvent, type GivenUp } from '../../../local/buses/delivery-line';
import { endpointId, EndpointRouting, globalEndpoints } from '../../../local/buses/endpoints';
import { EventCalls } from '../../../local/buses/event-calls';
import { afterFailure, retryPolicyOf, type DeliveryOutcome } from '../../../local/buses/retry';
import { fabricRules, rateSeconds } from '../../../local/buses/rules';
import type { FabricResource, RegionHandle } from '../../../local/ground/model';

const event = (id: string): BusEvent => ({ id, source: 's', 'detail-type': 't', detail: {} });
const failed = (retriable: boolean): DeliveryOutcome => ({
  kind: 'failed',
  code: retriable ? 'TIMEOUT' : 'NO_PERMISSIONS',
  message: 'm',
  retriable,
});
const settled = async (ms = 20) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

test("the retry policy: EventBridge's own where a rule says nothing", () => {
  expect(retryPolicyOf(undefined)).toEqual({ maximumAttempts: 185, maximumAgeMs: 86_400_000 });
  expect(retryPolicyOf({ MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 })).toEqual({ maximumAttempts: 0, maximumAgeMs: 60_000 });
});

test('backoff rises to a ceiling, and attempts, age and missing rights end it', () => {
  const policy = { maximumAttempts: 3, maximumAgeMs: 60_000 };
  const after = (attempts: number, ageMs = 0, retriable = true, limits = policy) => afterFailure(limits, { retriable, attempts, ageMs }, 1);
  expect([after(1), after(2), after(3)]).toEqual([200, 400, 800].map((afterMs) => ({ kind: 'retry', afterMs })));
  expect(after(4)).toEqual({ kind: 'giveUp', exhausted: 'MaximumRetryAttempts' });
  expect(after(1, 60_000)).toEqual({ kind: 'giveUp', exhausted: 'MaximumEventAgeInSeconds' });
  expect(after(3, 59_900)).toEqual({ kind: 'retry', afterMs: 100 });
  expect(after(1, 0, false)).toEqual({ kind: 'giveUp' });
  expect(after(100, 0, true, retryPolicyOf(undefined))).toEqual({ kind: 'retry', afterMs: 60_000 });
  expect(afterFailure(policy, { retriable: true, attempts: 1, ageMs: 0 }, 0)).toEqual({ kind: 'retry', afterMs: 100 });
});

describe('a line of deliveries', () => {
  const sent: string[][] = [];
  const given: GivenUp[] = [];
  let answer: (event: BusEvent) => DeliveryOutcome;
  let runs = true;
  const line = (maximumAttempts = 1) =>
    new DeliveryLine({
      policy: { maximumAttempts, maximumAgeMs: 60_000 },
      runs: () => runs,
      random: () => 0,
      send: async (events) => {
        sent.push(events.map(({ id }) => id));
        return events.map(answer);
      },
      giveUp: async (one) => {
        given.push(one);
      },
    });
  beforeEach(() => {
    sent.length = given.length = 0;
    answer = () => ({ kind: 'delivered' });
    runs = true;
  });

  test('delivers at once, ten to a batch', async () => {
    const one = line();
    runs = false;
    for (let n = 0; n < 25; n++) one.push(event(String(n)));
    expect([one.size, sent]).toEqual([25, []]);
    runs = true;
    one.wake();
    await settled();
    expect(sent.map((batch) => batch.length)).toEqual([10, 10, 5]);
    expect(one.size).toBe(0);
  });

  test('tries the failed ones again, and gives up what is not to be had', async () => {
    const one = line();
    answer = ({ id }) => (id === 'late' ? failed(true) : id === 'denied' ? failed(false) : { kind: 'delivered' });
    ['fine', 'late', 'denied'].forEach((id) => one.push(event(id)));
    await settled();
    expect([given.map((each) => [each.event.id, each.failure.code, each.attempts]), one.size]).toEqual([
      [['denied', 'NO_PERMISSIONS', 1]],
      1,
    ]);
    one.wake();
    await settled();
    expect(given.slice(1)).toMatchObject([{ event: { id: 'late' }, exhausted: 'MaximumRetryAttempts', attempts: 2 }]);
    expect([sent.flat().filter((id) => id === 'fine').length, one.size]).toEqual([1, 0]);
  });

  test('waits while its region is stopped', async () => {
    const one = line();
    runs = false;
    one.push(event('a'));
    await settled(50);
    expect(sent).toEqual([]);
    runs = true;
    await settled(300);
    expect(sent).toEqual([['a']]);
  });

  test('an attempt that breaks is one of all its events', async () => {
    const one = line(0);
    answer = () => {
      throw new Error('broken');
    };
    one.push(event('a'));
    await settled();
    expect(given).toMatchObject([{ event: { id: 'a' }, failure: { code: 'INTERNAL_ERROR', message: 'broken' } }]);
  });
});

test('the rules that the fabric delivers for', () => {
  const rule = (logicalId: string, properties: object): FabricResource => ({
    stack: 's',
    region: 'us-east-1',
    logicalId,
    physicalId: logicalId,
    type: 'AWS::Events::Rule',
    properties,
  });
  const queue = { Id: 'q', Arn: 'arn:aws:sqs:us-east-1:1:q', DeadLetterConfig: { Arn: 'arn:aws:sqs:us-east-1:1:dlq' } };
  const rules = fabricRules(
    [
      rule('forward', {
        EventBusName: 'pay',
        EventPattern: {},
        Targets: [
          { Id: 'p', Arn: 'arn:aws:events:us-west-2:1:event-bus/pay', RoleArn: 'role' },
          { Id: 'n', Arn: 'arn:aws:events:us-east-1:1:event-bus/other' },
        ],
      }),
      rule('shaped', {
        EventBusName: 'pay',
        EventPattern: {},
        Targets: [
          { ...queue, InputTransformer: {} },
          { ...queue, InputPath: '$.detail' },
        ],
      }),
      rule('scheduled', {
        ScheduleExpression: 'rate(2 minutes)',
        Targets: [{ Id: 'f', Arn: 'arn:aws:lambda:us-east-1:1:function:f', Input: '{"a":1}' }],
      }),
      rule('by-cron', { ScheduleExpression: 'cron(0 0 * * ? *)', Targets: [queue] }),
      rule('half', { ScheduleExpression: 'rate(1 hour)', Targets: [queue, { Id: 's', Arn: 'arn:aws:states:us-east-1:1:stateMachine:m' }] }),
      rule('off', { State: 'DISABLED', EventBusName: 'pay', EventPattern: {}, Targets: [queue] }),
    ],
    '1',
  );
  expect(rules).toMatchObject([
    {
      name: 'forward',
      bus: 'pay',
      arn: 'arn:aws:events:us-east-1:1:rule/pay/forward',
      targets: [{ kind: 'bus', id: 'p', region: 'us-west-2', name: 'pay', roleArn: 'role' }],
    },
    {
      name: 'scheduled',
      bus: 'default',
      arn: 'arn:aws:events:us-east-1:1:rule/scheduled',
      everySeconds: 120,
      targets: [{ kind: 'function', name: 'f', input: '{"a":1}' }],
    },
  ]);
  expect(rules[0].targets).toHaveLength(1);
  const retried = rule('retried', {
    EventBusName: 'pay',
    EventPattern: {},
    Targets: [{ Id: 'p', Arn: 'arn:aws:events:us-west-2:1:event-bus/pay', RetryPolicy: { MaximumRetryAttempts: 2 } }],
  });
  expect(() => fabricRules([retried], '1')).toThrow('the target arn:aws:events:us-west-2:1:event-bus/pay has a RetryPolicy');
  expect([rateSeconds('rate(1 hour)'), rateSeconds('rate(5 minutes)'), rateSeconds('rate(x)'), rateSeconds(undefined)]).toEqual([
    3600,
    300,
    undefined,
    undefined,
  ]);
});

describe('a global endpoint', () => {
  const bus = (region: string) => ({ EventBusArn: `arn:aws:events:${region}:1:event-bus/pay` });
  const endpoint: FabricResource = {
    stack: 's',
    region: 'us-east-1',
    logicalId: 'E',
    physicalId: endpointId('s', 'E'),
    type: 'AWS::Events::Endpoint',
    properties: {
      Name: 'pay',
      EventBuses: [bus('us-west-2'), bus('us-east-1')],
      RoleArn: 'role',
      RoutingConfig: {
        FailoverConfig: { Primary: { HealthCheck: 'arn:aws:route53:::healthcheck/check' }, Secondary: { Route: 'us-west-2' } },
      },
    },
  };
  const check: FabricResource = {
    stack: 's',
    region: 'us-east-1',
    logicalId: 'H',
    physicalId: 'check',
    type: 'AWS::Route53::HealthCheck',
    properties: {
      HealthCheckConfig: {
        Type: 'CLOUDWATCH_METRIC',
        AlarmIdentifier: { Name: 'late', Region: 'us-east-1' },
        InsufficientDataHealthStatus: 'Unhealthy',
      },
    },
  };
  const [declared] = globalEndpoints([endpoint], '1');

  test('leads to the primary region while its check is good and its loss is recent', () => {
    let state: 'OK' | 'ALARM' | undefined = 'OK';
    let now = 0;
    const region = { name: 'us-east-1', state: 'running' as RegionHandle['state'], lastStoppedAt: undefined as number | undefined };
    const routing = new EndpointRouting(declared, {
      regions: [region as RegionHandle],
      resources: [endpoint, check],
      alarmState: () => state,
      minuteMs: 5000,
      now: () => now,
    });
    expect([routing.regions, routing.bus, routing.replicates, routing.roleArn]).toEqual([['us-east-1', 'us-west-2'], 'pay', true, 'role']);
    expect(routing.active()).toBe('us-east-1');
    state = 'ALARM';
    expect(routing.active()).toBe('us-west-2');
    state = undefined;
    expect(routing.active()).toBe('us-west-2');
    state = 'OK';
    region.state = 'stopped';
    region.lastStoppedAt = 0;
    now = 29_999;
    expect(routing.active()).toBe('us-east-1');
    now = 30_000;
    expect(routing.active()).toBe('us-west-2');
    region.state = 'running';
    expect(routing.active()).toBe('us-east-1');
  });

  test('is found by its name, and takes events by its ID', () => {
    const calls = new EventCalls({ accountId: '1', busPolicies: new BusPolicies('1'), activeRegion: () => 'us-west-2' });
    calls.declare([endpoint]);
    const route = (operation: string, input: object, region = 'us-east-1') =>
      calls.route({ region, operation, body: Buffer.from(JSON.stringify(input)) });
    const answer = (operation: string, input: object, region?: string) => {
      const routing = route(operation, input, region);
      if (routing?.kind !== 'answered') throw new Error('not answered');
      return {
        status: routing.answer().status,
        action: routing.action,
        resource: routing.resource,
        body: JSON.parse(routing.answer().body.toString()),
      };
    };
    expect(declared.id).toMatch(/^[a-z]{10}\.[a-z]{3}$/);
    expect(answer('DescribeEndpoint', { Name: 'pay' })).toMatchObject({
      status: 200,
      action: 'events:DescribeEndpoint',
      resource: 'arn:aws:events:us-east-1:1:endpoint/pay',
      body: { EndpointId: declared.id, State: 'ACTIVE' },
    });
    expect(answer('DescribeEndpoint', { Name: 'pay' }, 'us-west-2')).toMatchObject({
      status: 400,
      body: { __type: 'ResourceNotFoundException' },
    });
    expect(answer('ListEndpoints', {}).body.Endpoints).toHaveLength(1);
    expect(answer('PutEvents', { EndpointId: 'wrong.one', Entries: [] }).status).toBe(400);
    expect(route('PutRule', {})).toBeUndefined();
    const entries = [
      { EventBusName: 'pay', Source: 'a', Detail: '{}' },
      { EventBusName: 'arn:aws:events:us-east-1:1:event-bus/pay', Source: 'b', Detail: '{}' },
    ];
    const routing = route('PutEvents', { EndpointId: declared.id, Entries: entries });
    if (routing?.kind !== 'put') throw new Error('not led to a region');
    expect(routing).toMatchObject({
      region: 'us-west-2',
      puts: ['a', 'b'].map((source) => ({ resource: 'arn:aws:events:us-west-2:1:event-bus/pay', context: { 'events:source': [source] } })),
    });
    expect(JSON.parse(routing.body.toString())).toEqual({ Entries: entries.map((entry) => ({ ...entry, EventBusName: 'pay' })) });
  });
});
