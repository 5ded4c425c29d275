import type { PlannedStack, PreflightPorts, TemplateResource, TopicState } from '../../src/commands/preflight/model';
import { Preflight, preflight } from '../../src/commands/preflight/service';

export const account = '111122223333';
export const regions = ['us-east-1', 'us-west-2'];

export const fn = (ReservedConcurrentExecutions?: number): TemplateResource => ({
  Type: 'AWS::Lambda::Function',
  Properties: ReservedConcurrentExecutions === undefined ? {} : { ReservedConcurrentExecutions },
});

export function stack(region: string, more: Readonly<Record<string, TemplateResource>> = {}): PlannedStack {
  return {
    id: `App/${region}`,
    name: `acme-${region}`,
    account,
    region,
    bootstrap: { parameter: '/cdk-bootstrap/hnb659fds/version', version: 6 },
    template: { Resources: { Function: fn(50), Other: fn(), Api: { Type: 'AWS::ApiGateway::RestApi' }, ...more } },
  };
}

export const table: TemplateResource = {
  Type: 'AWS::DynamoDB::GlobalTable',
  Properties: {
    TableName: 'acme-ledger',
    MultiRegionConsistency: 'STRONG',
    Replicas: [{ Region: 'us-east-1' }, { Region: 'us-west-2' }],
    GlobalTableWitnesses: [{ Region: 'us-east-2' }],
  },
};

export const app = [
  stack('us-east-1', {
    Table: table,
    Record: { Type: 'AWS::Route53::RecordSet', Properties: { HostedZoneId: 'Z1' } },
    Check: { Type: 'AWS::Route53::HealthCheck' },
    Domain: {
      Type: 'AWS::ApiGateway::DomainName',
      Properties: { RegionalCertificateArn: `arn:aws:acm:us-east-1:${account}:certificate/1` },
    },
  }),
  stack('us-west-2', {
    Archive: {
      Type: 'AWS::S3::Bucket',
      Properties: { BucketName: { 'Fn::Join': ['-', ['acme', { Ref: 'AWS::AccountId' }, { Ref: 'AWS::Region' }]] } },
    },
    Named: { Type: 'AWS::S3::Bucket', Properties: { BucketName: { 'Fn::GetAtt': ['Other', 'Name'] } } },
  }),
];

/** A topic with the policy that SNS gives it. */
export const topicWith = (confirmed: number, more: Partial<TopicState> = {}): TopicState => ({
  confirmed,
  policy: policyOf({ AWS: '*' }, ['SNS:GetTopicAttributes', 'SNS:Publish']),
  ...more,
});

/** A policy with one statement that allows. */
export const policyOf = (Principal: unknown, Action: unknown = 'sns:Publish'): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal, Action, Resource: '*' }] });

/** An account in which all is as it should be, but for what is given. */
export function portsWith(changed: Partial<PreflightPorts> = {}): PreflightPorts {
  return {
    account: () => Promise.resolve(account),
    regionStatus: () => Promise.resolve('ENABLED_BY_DEFAULT'),
    parameter: () => Promise.resolve('21'),
    stackStatus: () => Promise.resolve(undefined),
    stackResources: () => Promise.resolve([]),
    unreservedConcurrency: () => Promise.resolve(1_000),
    exists: () => Promise.resolve(false),
    secret: () => Promise.resolve({ isDeleted: false, hasValue: true }),
    topic: () => Promise.resolve(topicWith(1)),
    tableCount: () => Promise.resolve(3),
    quota: (_, code) => Promise.resolve({ lambda: 1_000, apigateway: 10_000, dynamodb: 2_500, events: 300 }[code.split(' ')[0]]!),
    healthChecks: () => Promise.resolve({ used: 4, limit: 200 }),
    zone: () => Promise.resolve({ name: 'pay.example.com.', isPrivate: false, nameServers: ['ns-1.awsdns-01.com', 'ns-2.awsdns-02.net'] }),
    delegatedTo: () => Promise.resolve(['NS-2.awsdns-02.net.', 'ns-1.awsdns-01.com']),
    certificate: () => Promise.resolve({ status: 'ISSUED', notAfter: new Date('2027-06-01T00:00:00Z') }),
    nowMs: () => Date.parse('2026-11-29T00:00:00Z'),
    ...changed,
  };
}

export async function check(changed: Partial<PreflightPorts> = {}, stacks: readonly PlannedStack[] = app): Promise<Preflight> {
  const result = await preflight(stacks, undefined, portsWith(changed));
  if (typeof result === 'string') throw new Error(result);
  return result;
}

export const notPassed = ({ findings }: Preflight): string[] =>
  findings
    .filter(({ verdict }) => verdict !== 'pass')
    .map(({ verdict, region, check: of, detail }) => `${verdict} ${region} ${of}: ${detail}`);
