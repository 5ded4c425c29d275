import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { apiMetrics } from '../../src/api/contract';
import { gateMetrics } from '../../src/approvals/contract';
import { stuckMetrics } from '../../src/approvals/stuck/contract';
import { cutoverMetrics } from '../../src/cutover/contract';
import { drillMetrics } from '../../src/drill/contract';
import { meshMetrics } from '../../src/events/contract';
import { systemMetrics } from '../../src/kernel/system-metrics';
import { ledgerMetrics } from '../../src/ledger/contract';
import { isMetric } from '../../tools/reference/metrics';

/** The registry of every metric that may be read: ours by what handlers write, those of AWS by its documentation. */

const src = path.join(__dirname, '..', '..', 'src');
type Names = Readonly<Record<string, string>>;
export const groups: Readonly<Record<string, Names>> = {
  apiMetrics,
  cutoverMetrics,
  drillMetrics,
  gateMetrics,
  stuckMetrics,
  meshMetrics,
  ledgerMetrics,
};

/** Every metric that the contracts declare: `ledgerMetrics.takeovers` by the name that CloudWatch knows. */
export const declared = new Map<string, string>(
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
    [drillMetrics.passed, drillMetrics.failed, drillMetrics.restored, drillMetrics.days].map((name) => [
      name,
      [drillMetrics.drilledDimension],
    ]),
  ),
  ...Object.fromEntries(
    [meshMetrics.consumed, meshMetrics.duplicates, meshMetrics.setAside, meshMetrics.refused, meshMetrics.outOfOrder].map((name) => [
      name,
      [meshMetrics.consumerDimension],
    ]),
  ),
};
const dimensionsOf = (name: string): string[] =>
  [systemMetrics.systemDimension, systemMetrics.regionDimension, ...(moreDimensions[name] ?? [])].sort();

/** What handlers count or measure: every mention of a declared metric in what runs inside Lambda. */
function mentioned(): Set<string> {
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

/** Names of the metrics that handlers write. */
export const emitted = mentioned();

const everyFunction = ['FunctionName', 'FunctionName,Resource', ''];
const named = (names: readonly string[], dimensions: readonly string[]): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(names.map((name) => [name, dimensions]));

interface Service {
  /** The service's own page of metrics, as of November 2026. */
  readonly source: string;
  /** By metric: the sets of dimensions under which it is published. */
  readonly metrics: Readonly<Record<string, readonly string[]>>;
}

/** Metrics of AWS's services. */
export const aws: Readonly<Record<string, Service>> = {
  'AWS/DynamoDB': {
    source: 'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html',
    metrics: {
      ...named(
        ['ReadThrottleEvents', 'WriteThrottleEvents', 'ConsumedReadCapacityUnits', 'ConsumedWriteCapacityUnits'],
        ['TableName', 'GlobalSecondaryIndexName,TableName'],
      ),
      SystemErrors: ['Operation,TableName'],
      SuccessfulRequestLatency: ['Operation,TableName'],
      ReplicationLatency: ['ReceivingRegion,TableName'],
    },
  },
  'AWS/Lambda': {
    source: 'https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html',
    metrics: named(
      ['Throttles', 'Errors', 'Invocations', 'Duration', 'IteratorAge', 'AsyncEventsDropped', 'DestinationDeliveryFailures'],
      everyFunction,
    ),
  },
  'AWS/ApiGateway': {
    source: 'https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html',
    metrics: named(['5XXError', '4XXError', 'Count', 'Latency', 'IntegrationLatency'], ['ApiName,Stage', 'ApiName']),
  },
  'AWS/SQS': {
    source: 'https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html',
    metrics: named(['ApproximateNumberOfMessagesVisible', 'ApproximateAgeOfOldestMessage', 'NumberOfMessagesSent'], ['QueueName']),
  },
  'AWS/Events': {
    source: 'https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html',
    metrics: {
      // Without dimensions: the whole region's, as the guide's template for a global endpoint's health check reads it.
      IngestionToInvocationStartLatency: [''],
      ...named(['FailedInvocations', 'InvocationsFailedToBeSentToDlq', 'InvocationsSentToDlq'], ['EventBusName,RuleName', 'RuleName']),
    },
  },
  'AWS/States': {
    source: 'https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html',
    metrics: named(
      ['ExecutionsStarted', 'ExecutionsSucceeded', 'ExecutionsFailed', 'ExecutionsTimedOut', 'ExecutionsAborted'],
      ['StateMachineArn'],
    ),
  },
  'AWS/SNS': {
    source: 'https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html',
    metrics: { NumberOfNotificationsFailed: ['TopicName'] },
  },
  'AWS/S3': {
    source: 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html',
    metrics: named(
      ['ReplicationLatency', 'BytesPendingReplication', 'OperationsPendingReplication', 'OperationsFailedReplication'],
      ['DestinationBucket,RuleId,SourceBucket'],
    ),
  },
  CloudWatchSynthetics: {
    source: 'https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Synthetics_Canaries_metrics.html',
    metrics: named(['SuccessPercent', 'Duration', 'Failed'], ['CanaryName']),
  },
  'AWS/CloudFront': {
    source: 'https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/programming-cloudwatch-metrics.html',
    metrics: named(
      ['Requests', '4xxErrorRate', '5xxErrorRate', 'TotalErrorRate', 'OriginLatency', 'CacheHitRate'],
      ['DistributionId,Region'],
    ),
  },
  'AWS/Route53': {
    source: 'https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/monitoring-health-checks.html',
    metrics: named(['HealthCheckStatus', 'HealthCheckPercentageHealthy'], ['HealthCheckId']),
  },
};

/** A metric as an alarm or a widget reads it. */
export interface MetricRef {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: unknown }[];
}

/** What is wrong with a metric that is read: nobody sends it under that name and those dimensions. */
export function unsent({ Namespace, MetricName, Dimensions = [] }: MetricRef): string[] {
  const given = Dimensions.map(({ Name }) => Name)
    .sort()
    .join(',');
  if (Namespace !== systemMetrics.namespace) {
    const known = aws[Namespace]?.metrics[MetricName];
    if (known?.includes(given)) return [];
    return [`${Namespace} ${MetricName} by ${given}: ${known ? `known by ${known.join(' or ')}` : 'not known'}`];
  }
  if (!declared.has(MetricName)) return [`${MetricName} is no metric of ours`];
  if (!emitted.has(MetricName)) return [`nobody emits ${MetricName}`];
  const sent = dimensionsOf(MetricName).join(',');
  return given === sent ? [] : [`${MetricName} is read by ${given}, and emitted by ${sent}`];
}
