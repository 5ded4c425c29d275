import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { absentIn, metricsOf, RegionTemplate, ShownMetric, templatesOf, Widget, widgetsIn, wrongMathIn } from './dashboards';
import { aws, declared, emitted, groups, MetricRef, unsent } from './emitted-metrics';
import { configOf, partsOf as systemPartsOf } from '../../examples/active-active/config';
import { defineSystem } from '../../examples/active-active/stacks';
import { configOf as migrationOf } from '../../examples/migration/config';
import { defineMigration } from '../../examples/migration/stacks';
import { systemMetrics } from '../../src/kernel/system-metrics';

/** Declared metrics that say nothing of a failure, or that something else watches: each with its reason. */
const noAlarm: Readonly<Record<string, string>> = {
  'drillMetrics.passed': 'good news; the alarm on days tells that none was passed',
  'apiMetrics.faults': "the API's own 5xx metric holds them, and what API Gateway answers besides: ServerErrors",
  'ledgerMetrics.wrongTables': 'the region calls itself unhealthy meanwhile: Health, and ServerErrors',
  'apiMetrics.authorised': 'business as usual',
  'apiMetrics.declined': 'an answer, not a failure',
  'apiMetrics.replayed': 'business as usual',
  'apiMetrics.inFlight': 'the caller tries again',
  'cutoverMetrics.rounds': 'progress',
  'gateMetrics.pending': "how many wait; one that waits too long is StuckApprovalAlarm's",
  'gateMetrics.starts': 'business as usual',
  'stuckMetrics.open': "how many wait; the oldest one's age has the alarm",
  'meshMetrics.eventsPublished': 'business as usual',
  'meshMetrics.swept': 'the outage that they were swept for has alarms of its own',
  'meshMetrics.consumed': 'business as usual',
  'meshMetrics.duplicates': 'discarded, as they should be',
  'meshMetrics.outOfOrder': "passed on with a mark: order is the consumer's business",
};

/** What each alarm of a template reads. */
function metricsIn(template: Template): MetricRef[] {
  return Object.values(template.findResources('AWS::CloudWatch::Alarm')).flatMap(({ Properties }) => {
    const {
      MetricName,
      Namespace,
      Dimensions,
      Metrics = [],
    } = Properties as MetricRef & { Metrics?: { MetricStat?: { Metric: MetricRef } }[] };
    const alone = MetricName === undefined ? [] : [{ MetricName, Namespace, Dimensions }];
    return [...alone, ...Metrics.flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Metric] : []))];
  });
}

const apps: readonly (readonly RegionTemplate[])[] = [
  templatesOf((app: App) => void defineSystem(app, configOf('STRONG'))),
  templatesOf((app: App) => void defineSystem(app, configOf('HOME_REGION', 'GLOBAL_ENDPOINT'))),
  templatesOf((app: App) => defineMigration(app, migrationOf('FULL'))),
];
const byFaults = templatesOf(
  (app: App) => void defineSystem(app, configOf('STRONG', 'RULES', undefined, systemPartsOf('drill', 'BY_HAND'))),
);
const read = [...apps.flat(), ...byFaults].flatMap(({ template }) => metricsIn(template));
const own = read.filter(({ Namespace }) => Namespace === systemMetrics.namespace);

test('there are alarms to look at, of every part', () => {
  expect(own.length).toBeGreaterThan(20);
  expect(new Set(own.map(({ MetricName }) => declared.get(MetricName)?.split('.')[0]))).toEqual(new Set(Object.keys(groups)));
});

test('every metric that an alarm reads is emitted by a handler of ours, or by AWS, under that name and those dimensions', () => {
  expect([...new Set(read.flatMap(unsent))]).toEqual([]);
});

test('every declared metric is emitted', () => {
  expect([...declared].filter(([name]) => !emitted.has(name)).map(([, reference]) => reference)).toEqual([]);
});

test('every declared metric raises an alarm, or has a reason not to; no reason is left over', () => {
  const watched = new Set(own.map(({ MetricName }) => declared.get(MetricName)));
  const quiet = [...declared.values()].filter((reference) => !watched.has(reference));
  expect(quiet.filter((reference) => !(reference in noAlarm))).toEqual([]);
  expect(Object.keys(noAlarm).filter((reference) => !quiet.includes(reference))).toEqual([]);
});

test('every service of AWS has its page of metrics', () => {
  for (const { source } of Object.values(aws)) expect(source).toMatch(/^https:\/\/docs\.aws\.amazon\.com\/.+\.html$/);
});

test('throttling of the index is seen, for it refuses writes of the table', () => {
  const index = read.filter(({ Dimensions = [] }) =>
    Dimensions.some(({ Name, Value }) => Name === 'GlobalSecondaryIndexName' && Value === 'byAccount'),
  );
  expect(index.map(({ MetricName }) => MetricName)).toContain('WriteThrottleEvents');
});

describe('on dashboards', () => {
  const shown = apps.map((templates) => ({
    metrics: templates.flatMap(({ template }) => widgetsIn(template).flatMap(metricsOf)),
    absent: absentIn(templates),
  }));

  test('each region of each example has metrics of every part that it has', () => {
    const partsOf = (metrics: readonly ShownMetric[]): Set<string | undefined> =>
      new Set(metrics.map(({ Namespace, MetricName }) => declared.get(MetricName)?.split('.')[0] ?? Namespace));
    const system = [
      'apiMetrics',
      'ledgerMetrics',
      'meshMetrics',
      'AWS/ApiGateway',
      'AWS/DynamoDB',
      'AWS/Lambda',
      'AWS/Route53',
      'AWS/SQS',
      'CloudWatchSynthetics',
    ];
    const moved = ['gateMetrics', 'stuckMetrics', 'cutoverMetrics', 'AWS/States'];
    expect(shown.map(({ metrics }) => [...partsOf(metrics)].sort())).toEqual([
      [...system].sort(),
      [...system].sort(),
      [...system, ...moved].sort(),
    ]);
  });

  test('every metric is emitted by a handler of ours, or by AWS, under that name and those dimensions', () => {
    expect([...new Set(shown.flatMap(({ metrics }) => metrics.flatMap(unsent)))]).toEqual([]);
  });

  test('every metric names its region, and is of something that the templates make there', () => {
    expect([...new Set(shown.flatMap(({ metrics, absent }) => metrics.flatMap(absent)))]).toEqual([]);
  });

  test('every expression is metric math on queries of its widget, and each of these shows or feeds one', () => {
    const widgets = apps.flat().flatMap(({ template }) => widgetsIn(template));
    const expressions = widgets.filter(({ properties: { metrics = [] } }) => metrics.some(([first]) => typeof first === 'object'));
    expect(expressions.length).toBeGreaterThan(12);
    expect(widgets.flatMap(wrongMathIn)).toEqual([]);
  });

  const math = (expression: string, more: readonly unknown[] = []): Widget => ({
    type: 'metric',
    properties: { title: 'T', metrics: [[{ expression }], ['N', 'A', { id: 'a', visible: false }], ...more] as unknown[][] },
  });
  const search = (text: string): string => `FILL(a, 0) + SUM(SEARCH('${text}', 'Sum', 60))`;

  test.each<[string, Widget, string[]]>([
    ['a name of no query', math('a + b'), ["T: 'b' is not a name among these queries"]],
    ['a function that is none', math('TOTAL(a)'), ['T: the function TOTAL with 1 arguments is not known in metric math here']],
    ['a query that feeds nothing', math('a', [['N', 'B', { id: 'b', visible: false }]]), ["T: 'b' neither shows nor feeds an expression"]],
    ['nothing', math(search('{MultiRegionPayments,System,Region,Consumer} MetricName="EventsConsumed"')), []],
    [
      'a search by too few dimensions',
      math(search('{MultiRegionPayments,System,Region} MetricName="EventsConsumed"')),
      ['T: EventsConsumed is read by Region,System, and emitted by Consumer,Region,System'],
    ],
    [
      'a search of a name of AWS that is none',
      math(search('{AWS/ApiGateway,ApiName,Stage} MetricName="5xxError"')),
      ['T: AWS/ApiGateway 5xxError by ApiName,Stage: not known'],
    ],
  ])('%s that is wrong in an expression is found', (_what, widget, problems) => {
    expect(wrongMathIn(widget)).toEqual(problems);
  });

  const found = (name: string): ShownMetric => shown[2].metrics.find(({ MetricName }) => MetricName === name)!;
  const by = (metric: ShownMetric, values: Readonly<Record<string, string>>): ShownMetric => ({
    ...metric,
    Dimensions: Object.entries(values).map(([Name, Value]) => ({ Name, Value })),
  });
  const here = { System: 'acme-pay', Region: 'us-east-1' };

  test.each<[string, () => ShownMetric, string]>([
    [
      'a name of ours',
      () => ({ ...found('PaymentsAuthorised'), MetricName: 'PaymentsAuthorized' }),
      'PaymentsAuthorized is no metric of ours',
    ],
    ['a name of AWS', () => ({ ...found('5XXError'), MetricName: '5xxError' }), 'AWS/ApiGateway 5xxError by ApiName,Stage: not known'],
    ['a namespace', () => ({ ...found('Latency'), Namespace: 'AWS/APIGateway' }), 'AWS/APIGateway Latency by ApiName,Stage: not known'],
    [
      'a dimension too few',
      () => by(found('EventsConsumed'), here),
      'EventsConsumed is read by Region,System, and emitted by Consumer,Region,System',
    ],
    [
      'a dimension too many',
      () => by(found('EventsPublished'), { ...here, Consumer: 'recorder' }),
      'EventsPublished is read by Consumer,Region,System, and emitted by Region,System',
    ],
    [
      "a dimension of AWS's",
      () => by(found('ReplicationLatency'), { TableName: 'acme-pay-ledger' }),
      'AWS/DynamoDB ReplicationLatency by TableName: known by ReceivingRegion,TableName',
    ],
  ])('%s that is wrong is found', (_what, metric, problem) => {
    expect(unsent(metric())).toEqual([problem]);
  });

  test.each<[string, () => ShownMetric]>([
    ['no region', () => ({ ...found('PaymentsAuthorised'), region: undefined })],
    ['another region than its dimension', () => ({ ...found('PaymentsAuthorised'), region: 'eu-central-1' })],
    ['a region that the system is not in', () => ({ ...found('Latency'), region: 'eu-west-1' })],
    ['another system', () => by(found('PaymentsAuthorised'), { ...here, System: 'acme' })],
    ['another consumer', () => by(found('EventsConsumed'), { ...here, Consumer: 'recorders' })],
    ['itself as its peer', () => by(found('ProbeLatency'), { ...here, Peer: 'us-east-1' })],
    ['a table that is not there', () => by(found('ConsumedReadCapacityUnits'), { TableName: 'acme-ledger' })],
    ['an API that is not there', () => by(found('Latency'), { ApiName: 'acme-pay', Stage: 'live' })],
    ['a stage that is not there', () => by(found('Latency'), { ApiName: 'acme-pay-payments', Stage: 'prod' })],
    ['a queue that is not there', () => by(found('ApproximateAgeOfOldestMessage'), { QueueName: 'acme-pay-mailer' })],
    ['a gate that is not there', () => by(found('PendingApprovals'), { System: 'acme-pay-gate', Region: 'eu-central-1' })],
    ['a machine of another region', () => ({ ...found('ExecutionsStarted'), region: 'us-east-1' })],
  ])('a metric with %s is found', (_what, metric) => {
    expect(shown[2].absent(metric())).toHaveLength(1);
  });
});
