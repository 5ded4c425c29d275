import { CutoverState } from '../../src/cutover/audit/domain';
import { grantedReads, readRights } from '../../src/cutover/checks/contract';
import { CheckReads, MetricQuery } from '../../src/cutover/checks/model';
import { healthCheck, lagCheck, lateMinutes, ownCheck, probeCheck } from '../../src/cutover/checks/precheck.domain';
import { prechecks, regionHealth, runPrechecks } from '../../src/cutover/checks/precheck.service';
import { CutoverPlan } from '../../src/cutover/contract';

const nowMs = Date.parse('2026-11-28T10:00:30Z');
const bounds = { lagMs: 500, lagMaxMs: 10_000, lagMinutes: 5 } as CutoverPlan['prechecks'];
const lag = (averages: number[], maxima = averages) => lagCheck({ averages, maxima }, bounds, 'us-east-1', 'eu-central-1', nowMs);

describe('the replication lag', () => {
  test('passes with quiet averages, although single writes took longer than half a second', () => {
    expect(lag([310, 290, 305, 300, 299], [900, 1_400, 700, 2_600, 800])).toEqual({
      name: 'replication-lag us-east-1->eu-central-1',
      passed: true,
      value: '5 minutes, highest average 310 ms, maximum 2600 ms',
      allowed: '5 minutes, each under 500 ms on average and 10 s at most',
      mend: '',
    });
  });

  test('fails with one minute too slow on average, or one write as slow as the bound', () => {
    expect(lag([310, 290, 500, 300, 299], [900, 900, 900, 900, 900]).passed).toBe(false);
    expect(lag([310, 290, 305, 300, 299], [900, 900, 10_000, 900, 900]).passed).toBe(false);
  });

  test('looks at the newest minutes alone', () => {
    expect(lag([1, 1, 1, 1, 1, 9_000], [1, 1, 1, 1, 1, 90_000]).passed).toBe(true);
  });

  test('does not take silence for calm: it says how much is missing, and when to try again', () => {
    expect(lag([310, 290])).toMatchObject({
      passed: false,
      value: 'not enough data yet: 2 of 5 minutes',
      mend: expect.stringMatching(/^try again after 2026-11-28 10:04 UTC; .*heartbeat of us-east-1/),
    });
    expect(lag([])).toMatchObject({ passed: false, value: 'not enough data yet: 0 of 5 minutes' });
    expect(lag([1, 1, 1, 1, 1], [1])).toMatchObject({ passed: false, value: 'not enough data yet: 1 of 5 minutes' });
  });
});

describe("the target's health", () => {
  const health = (statuses: number[], id: string | undefined = 'check') => healthCheck('eu-central-1', id, statuses, nowMs);

  test.each([
    [[1, 1, 1], true, 'healthy for 3 minutes'],
    [[1, 1, 1, 0], true, 'healthy for 3 minutes'],
    [[1, 0, 1], false, 'unhealthy in 1 of the last 3 minutes'],
    [[0], false, 'unhealthy in 1 of the last 1 minutes'],
    [[1, 1], false, 'not enough data yet: 2 of 3 minutes'],
    [[], false, 'not enough data yet: 0 of 3 minutes'],
  ])('%j', (statuses, passed, value) => {
    expect(health(statuses)).toMatchObject({ passed, value });
  });

  test('cannot be told without a health check', () => {
    expect(healthCheck('eu-central-1', undefined, [], nowMs)).toMatchObject({ passed: false, value: 'no health check' });
  });
});

test('a probe that has not arrived yet is asked for again, before anybody is sent to policies', () => {
  expect(probeCheck('us-east-1', 'eu-central-1', [], 10_000, nowMs)).toMatchObject({
    passed: false,
    mend: expect.stringMatching(/^try again after 2026-11-28 10:02 UTC; .*bus policy/),
  });
  expect(probeCheck('us-east-1', 'eu-central-1', [12_000], 10_000, nowMs)).toMatchObject({
    passed: false,
    value: '12000 ms',
    mend: expect.stringMatching(/^look at the rule/),
  });
});

test("a team's own check says as much as a run can carry", () => {
  const long = 'x'.repeat(300_000);
  const result = ownCheck({ passed: false, value: long, allowed: long, mend: long });
  expect(Buffer.byteLength(JSON.stringify(result))).toBeLessThan(4_000);
  expect(result.value).toMatch(/^x{1000}\.\.\. \(300000 characters\)$/);
  expect(ownCheck({ passed: true, value: 'fine' })).toMatchObject({ passed: true, value: 'fine', allowed: 'passed' });
  expect(() => ownCheck({ value: long } as never)).toThrow(/answered .{1000}\.\.\. \(300012 characters\): it must answer/);
});

describe('silence before a phase', () => {
  // One datapoint a minute, as CloudWatch has them, the newest ones missing.
  const silentFor = (minutes: number) => async (_region: string, _query: MetricQuery, asked: number) =>
    Array.from({ length: Math.max(0, asked - minutes) }, () => 1);

  test.each([
    [5, true],
    [6, false],
  ])('of the last %i minutes: lag and health pass: %s', async (minutes, passed) => {
    const reads = { metric: silentFor(minutes) };
    expect(await regionHealth(reads, 'eu-central-1', 'check', nowMs)).toMatchObject({ passed });
    const averages = await reads.metric('us-east-1', {} as MetricQuery, bounds.lagMinutes + lateMinutes);
    expect(lag(averages)).toMatchObject({ passed });
  });
});

test('the metrics are asked for where they are, by average and maximum, for longer than counts: they may be late', async () => {
  const asked: (MetricQuery & { region: string; minutes: number })[] = [];
  const reads: CheckReads = {
    metric: async (region: string, query: MetricQuery, minutes: number) => {
      asked.push({ ...query, region, minutes });
      return [];
    },
    alarms: async () => [],
    queueDepth: async () => 0,
    lambdaConcurrency: async () => 1,
    apiThrottles: async () => ({ rate: 1, burst: 1 }),
    parityRecord: async () => undefined,
    ownCheck: async () => ({ passed: true, value: '' }),
  };
  const plan = {
    source: 'us-east-1',
    target: 'eu-central-1',
    mode: 'HOME_REGION',
    tableName: 'acme-pay-ledger',
    systemName: 'acme-pay',
    phases: [{ target: 10, alarms: [] }],
    prechecks: { ...bounds, ttlSeconds: 60, ttlLeadSeconds: 60, queues: [], attestations: [] },
  } as unknown as CutoverPlan;
  const state = {
    recorded: { shape: { ttlSeconds: 60, target: { value: 'x', weight: 0, healthCheckId: 'check-1' } } },
    ttls: [],
    open: [],
  } as unknown as CutoverState;
  await runPrechecks({
    reads,
    records: {
      read: async () => {
        throw new Error('not looked at');
      },
    },
    homes: async () => ['us-east-1'],
    clock: { nowMs: () => nowMs, sleep: async () => undefined },
    plan,
    state,
    phase: 0,
  });
  expect(asked).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        region: 'us-east-1',
        namespace: 'AWS/DynamoDB',
        name: 'ReplicationLatency',
        stat: 'Average',
        minutes: 5 + lateMinutes,
      }),
      expect.objectContaining({ region: 'us-east-1', name: 'ReplicationLatency', stat: 'Maximum' }),
      // Route 53 publishes in us-east-1 alone, also for a check of another region and of any type.
      expect.objectContaining({
        region: 'us-east-1',
        namespace: 'AWS/Route53',
        name: 'HealthCheckStatus',
        dimensions: { HealthCheckId: 'check-1' },
        stat: 'Minimum',
      }),
    ]),
  );
});

test('each right of the function is one that a check needs, and no check reads what the function has no right to', () => {
  const read = new Set(prechecks.flatMap(({ reads }) => reads));
  expect([...Object.keys(readRights), 'ownCheck'].sort()).toEqual([...read].sort());
});

test('rights without a resource are none, and those on the same resources are one', () => {
  const arns = {
    ofAccount: (...name: string[]): string => `own:${name.join(':')}`,
    ofAws: (...name: string[]): string => `aws:${name.join(':')}`,
  };
  const plan = { source: 'us-east-1', target: 'eu-central-1', prechecks: { queues: [] } } as unknown as CutoverPlan;
  const rest = [
    { actions: ['cloudwatch:GetMetricData', 'lambda:GetAccountSettings', 'cloudwatch:DescribeAlarms'], resources: ['*'] },
    { actions: ['apigateway:GET'], resources: ['aws:apigateway:us-east-1:/account', 'aws:apigateway:eu-central-1:/account'] },
  ];
  expect(grantedReads(plan, arns)).toEqual(rest);
  const queues = [{ region: 'us-east-1', name: 'dlq', alarms: [] }];
  expect(grantedReads({ ...plan, prechecks: { ...plan.prechecks, queues } }, arns)).toEqual([
    ...rest,
    { actions: ['sqs:GetQueueUrl', 'sqs:GetQueueAttributes'], resources: ['own:sqs:us-east-1:dlq'] },
  ]);
});
