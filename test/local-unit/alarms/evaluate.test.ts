import { Alarms } from '../../../local/alarms/alarms';
import { ruleHolds } from '../../../local/alarms/composite';
import { judge } from '../../../local/alarms/evaluate';
import { evaluateExpression } from '../../../local/alarms/expression';
import { alarmSpecs, type AlarmSpec, type MissingData } from '../../../local/alarms/specs';
import type { FabricResource } from '../../../local/ground/model';
import { MetricStore } from '../../../local/metrics/store';

const spec = (change: Partial<AlarmSpec> = {}): AlarmSpec => ({
  kind: 'metric',
  region: 'r',
  name: 'a',
  actions: { ALARM: [], OK: [], INSUFFICIENT_DATA: [] },
  queries: [],
  returned: 'm',
  periodSeconds: 60,
  evaluationPeriods: 3,
  datapointsToAlarm: 3,
  comparison: 'GreaterThanThreshold',
  threshold: 1,
  missing: 'missing',
  ...change,
});
const points = (text: string) => text.split(' ').map((mark) => (mark === '-' ? undefined : mark === 'X' ? 2 : 0));
const state = (text: string, missing: MissingData, datapointsToAlarm = 3) =>
  judge(spec({ missing, datapointsToAlarm }), points(text))?.state;

describe('missing data', () => {
  // Rows of the user guide's two tables: three of three, and two of three.
  test.each([
    ['0 - X - X', 3, 'OK', 'OK', 'OK', 'OK'],
    ['0 - - - -', 3, 'OK', 'OK', 'OK', 'OK'],
    ['- - - - -', 3, 'INSUFFICIENT_DATA', undefined, 'ALARM', 'OK'],
    ['0 X X - X', 3, 'ALARM', 'ALARM', 'ALARM', 'ALARM'],
    ['- - X - -', 3, 'ALARM', undefined, 'ALARM', 'OK'],
    ['0 - X - X', 2, 'ALARM', 'ALARM', 'ALARM', 'ALARM'],
    ['0 0 X 0 X', 2, 'ALARM', 'ALARM', 'ALARM', 'ALARM'],
    ['0 - X - -', 2, 'OK', 'OK', 'ALARM', 'OK'],
    ['- - - - 0', 2, 'OK', 'OK', 'ALARM', 'OK'],
    ['- - - X -', 2, 'ALARM', undefined, 'ALARM', 'OK'],
  ])('%s with %i of 3', (text, needed, missing, ignore, breaching, notBreaching) => {
    expect([
      state(text, 'missing', needed),
      state(text, 'ignore', needed),
      state(text, 'breaching', needed),
      state(text, 'notBreaching', needed),
    ]).toEqual([missing, ignore, breaching, notBreaching]);
  });
});

describe('metric math', () => {
  const series = new Map([
    ['m1', [1, undefined, 3]],
    ['m2', [1, 2, 0]],
  ] as const);
  const value = (expression: string) => evaluateExpression(expression, series, ['m1', 'm2'], 3);

  test.each([
    ['m1 + m2', [2, undefined, 3]],
    ['m1 / m2', [1, undefined, undefined]],
    ['100 * (m1 - 1)', [0, undefined, 200]],
    ['FILL(m1, 0) + m2', [1 + 1, 2, 3]],
    ['FILL(m1, REPEAT)', [1, 1, 3]],
    ['SUM(METRICS())', [2, 2, 3]],
    ['MAX([m1, m2])', [1, 2, 3]],
    ['MIN([FILL(m1, 9), m2])', [1, 2, 0]],
    ['SUM(m1)', [4, 4, 4]],
    ['AVG(m2)', [1, 1, 1]],
    ['IF(m2 > 0, m1 / m2, 0)', [1, undefined, 0]],
    ['IF(m1 >= 1 AND m2 < 1, 1, 0)', [0, undefined, 1]],
    ['-m2 ^ 2', [1, 4, 0]],
    ['ABS(0 - m2)', [1, 2, 0]],
  ])('%s', (expression, expected) => {
    expect(value(expression)).toEqual(expected);
  });

  test.each(['m3', 'RATE(m1)', 'm1 +', '(m1', 'METRICS()', 'm1 ; m2'])('%s is refused', (expression) => {
    expect(() => value(expression)).toThrow();
  });
});

test('the rule of a composite alarm', () => {
  const states: Record<string, any> = { a: 'ALARM', b: 'OK', 'arn:aws:cloudwatch:r:1:alarm:c d': 'INSUFFICIENT_DATA' };
  const holds = (rule: string) => ruleHolds(rule, (name) => states[name]);
  expect(holds('ALARM(a)')).toBe(true);
  expect(holds('ALARM("b") OR OK(b)')).toBe(true);
  expect(holds('ALARM(a) AND NOT (OK(b) OR FALSE)')).toBe(false);
  expect(holds('INSUFFICIENT_DATA("arn:aws:cloudwatch:r:1:alarm:c d")')).toBe(true);
  expect(holds('ALARM(unknown) OR TRUE')).toBe(true);
  expect(() => holds('ALARM(a')).toThrow(/closing bracket/);
  expect(() => holds('SOME(a)')).toThrow(/SOME/);
});

function resource(properties: Record<string, any>, type = 'AWS::CloudWatch::Alarm'): FabricResource {
  return { stack: 's', region: 'r', logicalId: properties.AlarmName, type, properties };
}

test('an alarm over its life, in compressed time', () => {
  let now = 1_000_000;
  const store = new MetricStore();
  const alarms = new Alarms({
    store,
    minuteMs: 5000,
    delayMs: 0,
    now: () => now,
    regionRuns: () => true,
    resources: [
      resource({
        AlarmName: 'depth',
        Namespace: 'AWS/SQS',
        MetricName: 'Depth',
        Dimensions: [{ Name: 'QueueName', Value: 'q' }],
        Statistic: 'Maximum',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 0,
        ComparisonOperator: 'GreaterThanThreshold',
        TreatMissingData: 'notBreaching',
      }),
      resource({
        AlarmName: 'ratio',
        EvaluationPeriods: 2,
        Threshold: 50,
        ComparisonOperator: 'GreaterThanOrEqualToThreshold',
        Metrics: [
          { Id: 'e', Expression: '100 * bad / all' },
          { Id: 'bad', ReturnData: false, MetricStat: { Metric: { Namespace: 'N', MetricName: 'Bad' }, Period: 60, Stat: 'Sum' } },
          { Id: 'all', ReturnData: false, MetricStat: { Metric: { Namespace: 'N', MetricName: 'All' }, Period: 60, Stat: 'Sum' } },
        ],
      }),
      resource(
        { AlarmName: 'either', AlarmRule: 'ALARM("depth") OR ALARM("arn:aws:cloudwatch:r:1:alarm:ratio")' },
        'AWS::CloudWatch::CompositeAlarm',
      ),
    ],
  });
  const states = () => alarms.status().map((alarm) => alarm.state);
  alarms.tick();
  expect(states()).toEqual(['INSUFFICIENT_DATA', 'INSUFFICIENT_DATA', 'OK']);
  const depth = { region: 'r', namespace: 'AWS/SQS', name: 'Depth', dimensions: { QueueName: 'q' } };
  store.put(depth, 3, now);
  store.put({ ...depth, region: 'elsewhere' }, 9, now);
  now += 5000;
  alarms.tick();
  expect(states()).toEqual(['ALARM', 'INSUFFICIENT_DATA', 'ALARM']);
  expect(alarms.stateOf('r', 'depth')).toBe('ALARM');
  store.put(depth, 0, now);
  for (const [name, value] of [
    ['Bad', 3],
    ['All', 4],
  ] as const) {
    store.put({ region: 'r', namespace: 'N', name, dimensions: {} }, value, now);
  }
  now += 5000;
  for (const [name, value] of [
    ['Bad', 2],
    ['All', 4],
  ] as const) {
    store.put({ region: 'r', namespace: 'N', name, dimensions: {} }, value, now);
  }
  now += 5000;
  alarms.tick();
  expect(states()).toEqual(['OK', 'ALARM', 'ALARM']);
  expect(alarms.status()[1].reason).toMatch(/2 of 2 data points >= 50, 2 of 2 needed; latest 75, 50/);
});

test('what cannot be evaluated here says so', () => {
  const [known] = alarmSpecs([
    resource({
      AlarmName: 'x',
      Namespace: 'N',
      MetricName: 'M',
      ExtendedStatistic: 'tm99',
      ComparisonOperator: 'GreaterThanThreshold',
      Threshold: 1,
      EvaluationPeriods: 1,
    }),
  ]);
  expect(known).toMatchObject({ unsupported: 'statistic tm99 is not known here' });
});
