import { createHash } from 'node:crypto';
import { endpointId } from '../buses/endpoints';
import type { CfnResource } from '../ground/model';

/**
 * What the emulator gets of a resource type:
 * - `removed`: nothing; the fabric makes it real, or nothing does and the row says so
 * - `replaced`: a resource of another type that it can make
 * - `watched`: all of it, and the fabric reads its resolved properties too
 * - `idle`: all of it, but it does nothing with the part that the row names
 */
export type Treatment = 'removed' | 'replaced' | 'watched' | 'idle';

export interface StandIn {
  readonly type: string;
  /** The row is for resources with this property only. */
  readonly onlyWith?: string;
  readonly treatment: Treatment;
  /** What the emulator lacks. */
  readonly lacks: string;
  /** What stands in for it in the local run. */
  readonly standIn: string;
  /** With `replaced`: the type that the emulator gets instead, and the properties that this type does not know. */
  readonly becomes?: { readonly type: string; readonly without: readonly string[] };
}

/** One row per resource type that the local run treats in a way of its own; `local/README.md` shows the same rows. */
export const standIns: readonly StandIn[] = [
  {
    type: 'AWS::Route53::RecordSet',
    treatment: 'removed',
    lacks: 'answers no DNS queries',
    standIn:
      "the front door resolves by the templates' own records, and by those that calls of Route 53 make: latency, weights, failover, " +
      'health and TTL per resolver',
  },
  { type: 'AWS::Route53::RecordSetGroup', treatment: 'removed', lacks: 'cannot be created', standIn: 'as RecordSet' },
  {
    type: 'AWS::Route53::HealthCheck',
    treatment: 'removed',
    lacks: 'cannot be created',
    standIn: "checkers of the front door with the template's path, interval and threshold; `HealthCheckStatus` in us-east-1",
  },
  {
    type: 'AWS::Route53::HostedZone',
    treatment: 'removed',
    lacks: 'one zone per region process',
    standIn: "an ID made up here; all zones are the front door's",
  },
  {
    type: 'AWS::CloudWatch::CompositeAlarm',
    treatment: 'removed',
    lacks: 'cannot be created',
    standIn: 'evaluated by the states of the alarms here; of their actions topics are told',
  },
  {
    type: 'AWS::CloudWatch::Dashboard',
    treatment: 'removed',
    lacks: 'is kept, not drawn',
    standIn:
      'drawn on the page from its own widgets with the metrics of the run: lines, stacks, single values, alarms, Markdown, metric math, ' +
      'SEARCH of words and names. What nothing here emits is named; other widgets are too',
  },
  {
    type: 'AWS::Events::EventBusPolicy',
    treatment: 'removed',
    lacks: 'cannot be created',
    standIn:
      "judged at each PutEvents and each delivery to the bus, also for the account's root user; PutPermission and " +
      'RemovePermission change it',
  },
  {
    type: 'AWS::Events::Endpoint',
    treatment: 'removed',
    lacks: 'cannot be created',
    standIn: 'the proxies lead events with its EndpointId by its health check, and answer DescribeEndpoint; the other bus gets them too',
  },
  {
    type: 'AWS::Events::Archive',
    treatment: 'removed',
    lacks: 'cannot be created by a template',
    standIn: 'made by CreateArchive once all is deployed; StartReplay works, whatever its rule filter says',
  },
  { type: 'AWS::WAFv2::WebACL', treatment: 'removed', lacks: 'cannot be created', standIn: 'nothing: no request is filtered' },
  { type: 'AWS::WAFv2::WebACLAssociation', treatment: 'removed', lacks: 'cannot be created', standIn: 'nothing: no request is filtered' },
  {
    type: 'AWS::CloudFront::Distribution',
    treatment: 'removed',
    lacks: 'serves nothing',
    standIn:
      'an edge on a port of its own (`edge.url` in `/_local/status`), which follows behaviors, policies, origin groups and error TTLs. ' +
      'Plain HTTP, one cache, no compression, no web ACL',
  },
  {
    type: 'AWS::CloudFront::Function',
    treatment: 'removed',
    lacks: 'is not run',
    standIn:
      "run by the edge at viewer requests and responses, in a context of its own, for a second at most; without CloudFront's own modules",
  },
  {
    type: 'AWS::CloudFront::ResponseHeadersPolicy',
    treatment: 'removed',
    lacks: 'is not applied',
    standIn: 'security and custom headers are set, and named ones removed; CORS and Server-Timing are not',
  },
  {
    type: 'AWS::CloudFront::CachePolicy',
    treatment: 'removed',
    lacks: 'is not applied',
    standIn: 'TTLs, and the key by headers, cookies and query',
  },
  { type: 'AWS::CloudFront::OriginRequestPolicy', treatment: 'removed', lacks: 'is not applied', standIn: 'headers, cookies and query' },
  {
    type: 'AWS::CloudFront::OriginAccessControl',
    treatment: 'removed',
    lacks: 'signs nothing',
    standIn: "the edge reads a bucket only where its policy in the template admits CloudFront and the distribution's ARN",
  },
  {
    type: 'AWS::CloudFront::MonitoringSubscription',
    treatment: 'removed',
    lacks: 'cannot be created',
    standIn: '`OriginLatency` of the edge is counted where it is there',
  },
  { type: 'AWS::Logs::DeliverySource', treatment: 'removed', lacks: 'cannot be created', standIn: 'nothing: no access log is written' },
  {
    type: 'AWS::Logs::DeliveryDestination',
    treatment: 'removed',
    lacks: 'cannot be created',
    standIn: 'nothing: no access log is written',
  },
  { type: 'AWS::Logs::Delivery', treatment: 'removed', lacks: 'cannot be created', standIn: 'nothing: no access log is written' },
  {
    type: 'Custom::CDKBucketDeployment',
    treatment: 'removed',
    lacks: 'needs the AWS CLI as a layer of 21 MB',
    standIn: "the edge's first request has the folder copied into the buckets; function and layer are not deployed",
  },
  {
    type: 'AWS::Synthetics::Canary',
    treatment: 'removed',
    lacks: 'cannot be created',
    standIn:
      "canaries on the library's script run on their schedule in compressed time, through the front door; `SuccessPercent` and " +
      '`Duration` are counted. Nothing is kept of a run, no retry is made, and no other script runs',
  },
  {
    type: 'AWS::FIS::ExperimentTemplate',
    treatment: 'removed',
    lacks: 'cannot be created',
    standIn:
      "experiments of FIS' own calls make the named functions fail three seconds after their start (`aws:lambda:invocation-error`); " +
      'other actions are skipped. Alarms stop them. No extension is in the functions',
  },
  {
    type: 'AWS::ApplicationAutoScaling::ScalableTarget',
    treatment: 'removed',
    lacks: 'cannot be created',
    standIn: 'nothing: capacity does not matter here',
  },
  {
    type: 'AWS::ApplicationAutoScaling::ScalingPolicy',
    treatment: 'removed',
    lacks: 'cannot be created',
    standIn: 'nothing: capacity does not matter here',
  },
  {
    type: 'AWS::KMS::ReplicaKey',
    treatment: 'replaced',
    lacks: 'cannot be created',
    standIn: "a key of the region's own; nothing is encrypted here",
    becomes: { type: 'AWS::KMS::Key', without: ['PrimaryKeyArn'] },
  },
  {
    type: 'AWS::DynamoDB::GlobalTable',
    treatment: 'watched',
    lacks: 'one plain table: no replicas, witness, consistency mode or TTL',
    standIn:
      "the same table made in each replica's region before the deploy; the fabric replicates, gives STRONG one copy with a quorum " +
      'rule, and the proxies lead calls there',
  },
  {
    type: 'AWS::Lambda::Function',
    treatment: 'watched',
    lacks: 'redirected calls lose their caller; no reserved or provisioned concurrency; no handler in a `.cjs` file',
    standIn:
      'an application ID per function (AWS_SDK_UA_APP_ID), by which the fabric finds its role and judges the call; the front door ' +
      'bounds requests in flight',
  },
  {
    type: 'AWS::StepFunctions::StateMachine',
    treatment: 'watched',
    lacks: "no heartbeats, no check of the machine's role, functions that fail to be asked are waited for",
    standIn:
      'the fabric runs executions of machines that call functions and wait for tokens; while their region is stopped they stand ' +
      'still. Machines with Map, Parallel, JSONata or other services are left to the emulator',
  },
  {
    type: 'AWS::SNS::Subscription',
    treatment: 'watched',
    lacks: 'sends no e-mail',
    standIn: 'what addresses would get is kept, see `/_local/mail`; subscriptions need no confirmation',
  },
  {
    type: 'AWS::ApiGateway::RestApi',
    treatment: 'watched',
    lacks: 'answers below a path of its own',
    standIn: "the front door leads to it: the payments API by DNS, an approval gate's at `/approvals`",
  },
  {
    type: 'AWS::ApiGateway::Stage',
    treatment: 'watched',
    lacks: 'no access log, no throttling',
    standIn: 'the front door counts requests per region and answers 429 when its queue is full',
  },
  {
    type: 'AWS::ApiGateway::DomainName',
    treatment: 'watched',
    lacks: 'no TLS and no listening name',
    standIn: "the front door leads the name to the region's API over plain HTTP; no mTLS",
  },
  { type: 'AWS::ApiGateway::BasePathMapping', treatment: 'watched', lacks: 'not applied', standIn: 'the front door applies it' },
  {
    type: 'AWS::Events::EventBus',
    treatment: 'watched',
    lacks: 'no delivery to other regions',
    standIn: 'the fabric carries it, see Rule',
  },
  {
    type: 'AWS::Events::Rule',
    treatment: 'watched',
    lacks: "cross-region targets are dropped; no retries, no dead-letter queues, no check of the target's policy; rates by the clock",
    standIn:
      "the emulator matches, the fabric delivers: to queues, functions and buses of other regions, with the links' lag, retries and " +
      'dead-letter queues, and fires rates in compressed time. Targets with InputPath or InputTransformer, other services and cron ' +
      "are the emulator's",
  },
  {
    type: 'AWS::Lambda::EventSourceMapping',
    treatment: 'watched',
    lacks: 'streams: no retry limit, no halving, no failures of single records',
    standIn: "the fabric reads streams and calls the function; queues are the emulator's, two batches of two messages at once",
  },
  {
    type: 'AWS::SQS::Queue',
    treatment: 'idle',
    lacks: 'no metrics',
    standIn: 'the fabric counts what lies in queues that an alarm or a rule names',
  },
  {
    type: 'AWS::DynamoDB::Table',
    treatment: 'watched',
    lacks: 'no point-in-time recovery',
    standIn: "read for `/_local/events` when it is a consumer's inbox",
  },
  {
    type: 'AWS::S3::Bucket',
    treatment: 'watched',
    lacks: 'copies nothing to another bucket, new or old',
    standIn:
      'buckets with rules, and those that are copied to, are served by the fabric: versions, delete markers, copies with the lag of the ' +
      'links, Batch Replication. Nothing is encrypted, and nothing expires',
  },
  {
    type: 'AWS::S3::BucketPolicy',
    treatment: 'watched',
    lacks: 'is not judged',
    standIn: 'judged by the edge, as CloudFront with the ARN of the distribution',
  },
  { type: 'AWS::ApiGateway::RequestValidator', treatment: 'idle', lacks: 'validates nothing', standIn: 'the handlers validate anyway' },
  {
    type: 'AWS::CloudWatch::Alarm',
    onlyWith: 'Metrics',
    treatment: 'removed',
    lacks: 'no metric math',
    standIn: 'as Alarm; arithmetic, FILL, IF, SUM, AVG, MIN, MAX and METRICS',
  },
  {
    type: 'AWS::CloudWatch::Alarm',
    treatment: 'watched',
    lacks: 'no dimensions or missing data',
    standIn:
      'evaluated by the fabric in compressed time, by embedded metrics in logs and what the fabric counts; states in ' +
      '`/_local/status`; of their actions topics are told',
  },
];

/** The row for a resource: the first that fits. */
export function standInOf(resource: CfnResource): StandIn | undefined {
  return standIns.find(
    ({ type, onlyWith }) => type === resource.Type && (onlyWith === undefined || resource.Properties?.[onlyWith] !== undefined),
  );
}

/** The ID that `Ref` gives for a resource that the emulator did not get; the same in every run. */
export function madeUpId(type: string, stack: string, logicalId: string): string {
  const hash = createHash('sha256').update(`${stack}/${logicalId}`).digest('hex');
  if (type === 'AWS::Route53::HealthCheck') return hash.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  if (type === 'AWS::Events::Endpoint') return endpointId(stack, logicalId);
  if (type === 'AWS::Route53::HostedZone') return `Z${hash.slice(0, 13).toUpperCase()}`;
  return `${stack}-${logicalId}-${hash.slice(0, 8)}`;
}

/** What `Fn::GetAtt` gives for it. */
export function madeUpAttribute(id: string, type: string, attribute: string): string {
  if (!attribute.endsWith('Arn')) return id;
  return `arn:aws:${type.split('::')[1].toLowerCase()}:::${id}`;
}
