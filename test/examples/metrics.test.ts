import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { configOf } from '../../examples/active-active/config';
import { defineSystem } from '../../examples/active-active/stacks';
import { configOf as migrationOf } from '../../examples/migration/config';
import { defineMigration } from '../../examples/migration/stacks';
import { apiMetrics } from '../../src/api/contract';
import { gateMetrics } from '../../src/approvals/contract';
import { stuckMetrics } from '../../src/approvals/stuck/contract';
import { cutoverMetrics } from '../../src/cutover/contract';
import { meshMetrics } from '../../src/events/contract';
import { systemMetrics } from '../../src/kernel/system-metrics';
import { ledgerMetrics } from '../../src/ledger/contract';
import { stubContext } from '../cdk/stacks';

const src = path.join(__dirname, '..', '..', 'src');
type Names = Readonly<Record<string, string>>;
const groups: Readonly<Record<string, Names>> = { apiMetrics, cutoverMetrics, gateMetrics, stuckMetrics, meshMetrics, ledgerMetrics };
const isMetric = (name: string): boolean => name !== 'namespace' && !name.endsWith('Dimension');

/** Every metric that the contracts declare: `ledgerMetrics.takeovers` by the name that CloudWatch knows. */
const declared = new Map<string, string>(
  Object.entries(groups).flatMap(([group, members]) =>
    Object.entries(members)
      .filter(([name]) => isMetric(name))
      .map(([name, value]) => [value, `${group}.${name}`] as const),
  ),
);

/** Dimensions besides system and region, where a metric has more. */
const moreDimensions: Readonly<Record<string, readonly string[]>> = {
  [meshMetrics.probeLatency]: [meshMetrics.peerDimension],
  ...Object.fromEntries(
    [meshMetrics.consumed, meshMetrics.duplicates, meshMetrics.setAside, meshMetrics.refused, meshMetrics.outOfOrder].map((name) => [
      name,
      [meshMetrics.consumerDimension],
    ]),
  ),
};
const dimensionsOf = (name: string): string[] =>
  [systemMetrics.systemDimension, systemMetrics.regionDimension, ...(moreDimensions[name] ?? [])].sort();

/** Declared metrics that say nothing of a failure, or that something else watches: each with its reason. */
const noAlarm: Readonly<Record<string, string>> = {
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

interface Dimension {
  readonly Name: string;
  readonly Value: unknown;
}

interface MetricRef {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions?: readonly Dimension[];
}

function templatesOf(define: (app: App) => void): Template[] {
  const app = new App({ context: { ...stubContext(), 'aws:cdk:bundling-stacks': [] } });
  define(app);
  return app.node.children.filter((child): child is Stack => Stack.isStack(child)).map((stack) => Template.fromStack(stack));
}

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

const read = [
  ...templatesOf((app) => defineSystem(app, configOf('STRONG'))),
  ...templatesOf((app) => defineSystem(app, configOf('HOME_REGION', 'GLOBAL_ENDPOINT'))),
  ...templatesOf((app) => defineMigration(app, migrationOf('FULL'))),
].flatMap(metricsIn);
const own = read.filter(({ Namespace }) => Namespace === systemMetrics.namespace);

/** What handlers count or measure: every mention of a declared metric in what runs inside Lambda. */
function emitted(): Set<string> {
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /^(runtime|api\/http)[\\/]|\.handler\.ts$|(^|[\\/.])(aws|service)\.ts$/.test(file),
  );
  const text = files.map((file) => readFileSync(path.join(src, file), 'utf8')).join('\n');
  return new Set(
    [...declared]
      .filter(([, reference]) => text.includes(reference) || (reference.startsWith('apiMetrics.') && text.includes('apiMetrics[became]')))
      .map(([name]) => name),
  );
}

test('there are alarms to look at, of every part', () => {
  expect(own.length).toBeGreaterThan(20);
  expect(new Set(own.map(({ MetricName }) => declared.get(MetricName)?.split('.')[0]))).toEqual(new Set(Object.keys(groups)));
});

test('every metric of ours that an alarm reads is declared, emitted by a handler, and read by the dimensions that it has', () => {
  const sent = emitted();
  const problems = own.flatMap(({ MetricName, Dimensions = [] }) => {
    if (!declared.has(MetricName)) return [`${MetricName} is no metric of ours`];
    if (!sent.has(MetricName)) return [`nobody emits ${MetricName}`];
    const given = Dimensions.map(({ Name }) => Name).sort();
    return JSON.stringify(given) === JSON.stringify(dimensionsOf(MetricName))
      ? []
      : [`${MetricName} is read by ${given}, and emitted by ${dimensionsOf(MetricName)}`];
  });
  expect([...new Set(problems)]).toEqual([]);
});

test('every declared metric is emitted', () => {
  const sent = emitted();
  expect([...declared].filter(([name]) => !sent.has(name)).map(([, reference]) => reference)).toEqual([]);
});

test('every declared metric raises an alarm, or has a reason not to; no reason is left over', () => {
  const watched = new Set(own.map(({ MetricName }) => declared.get(MetricName)));
  const quiet = [...declared.values()].filter((reference) => !watched.has(reference));
  expect(quiet.filter((reference) => !(reference in noAlarm))).toEqual([]);
  expect(Object.keys(noAlarm).filter((reference) => !quiet.includes(reference))).toEqual([]);
});

/** Metrics of AWS's services with the sets of dimensions under which they are published, from each service's own page of metrics. */
const aws: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'AWS/DynamoDB': {
    ReadThrottleEvents: ['TableName', 'GlobalSecondaryIndexName,TableName'],
    WriteThrottleEvents: ['TableName', 'GlobalSecondaryIndexName,TableName'],
    SystemErrors: ['Operation,TableName'],
    ReplicationLatency: ['ReceivingRegion,TableName'],
  },
  'AWS/Lambda': Object.fromEntries(
    ['Throttles', 'Errors', 'Invocations', 'Duration', 'IteratorAge', 'AsyncEventsDropped', 'DestinationDeliveryFailures'].map((name) => [
      name,
      ['FunctionName', 'FunctionName,Resource'],
    ]),
  ),
  'AWS/ApiGateway': Object.fromEntries(
    ['5XXError', '4XXError', 'Count', 'Latency', 'IntegrationLatency'].map((name) => [name, ['ApiName,Stage', 'ApiName']]),
  ),
  'AWS/SQS': Object.fromEntries(
    ['ApproximateNumberOfMessagesVisible', 'ApproximateAgeOfOldestMessage', 'NumberOfMessagesSent'].map((name) => [name, ['QueueName']]),
  ),
  'AWS/Events': {
    // Without dimensions: the whole region's, as the guide's template for a global endpoint's health check reads it.
    IngestionToInvocationStartLatency: [''],
    FailedInvocations: ['EventBusName,RuleName', 'RuleName'],
    InvocationsFailedToBeSentToDlq: ['EventBusName,RuleName', 'RuleName'],
    InvocationsSentToDlq: ['EventBusName,RuleName', 'RuleName'],
  },
  'AWS/States': Object.fromEntries(
    ['ExecutionsFailed', 'ExecutionsTimedOut', 'ExecutionsAborted', 'ExecutionsStarted'].map((name) => [name, ['StateMachineArn']]),
  ),
  'AWS/SNS': { NumberOfNotificationsFailed: ['TopicName'] },
  'AWS/Route53': { HealthCheckStatus: ['HealthCheckId'], HealthCheckPercentageHealthy: ['HealthCheckId'] },
};

test('every metric of AWS that an alarm reads exists under those dimensions', () => {
  const problems = read
    .filter(({ Namespace }) => Namespace !== systemMetrics.namespace)
    .flatMap(({ Namespace, MetricName, Dimensions = [] }) => {
      const known = aws[Namespace]?.[MetricName];
      const given = Dimensions.map(({ Name }) => Name)
        .sort()
        .join(',');
      return known?.includes(given)
        ? []
        : [`${Namespace} ${MetricName} by ${given}: ${known ? `known by ${known.join(' or ')}` : 'not known'}`];
    });
  expect([...new Set(problems)]).toEqual([]);
});

test('throttling of the index is seen, for it refuses writes of the table', () => {
  const index = read.filter(({ Dimensions = [] }) =>
    Dimensions.some(({ Name, Value }) => Name === 'GlobalSecondaryIndexName' && Value === 'byAccount'),
  );
  expect(index.map(({ MetricName }) => MetricName)).toContain('WriteThrottleEvents');
});
