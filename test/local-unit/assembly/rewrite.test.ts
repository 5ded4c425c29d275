import { functionAppId, resolveFabric, rewriteStack } from '../../../local/assembly/rewrite';
import type { CfnResource, CfnTemplate } from '../../../local/ground/model';
import { streamMappings } from '../../../local/streams/mapping';

function rewrite(resources: Record<string, CfnResource>, rest: Partial<CfnTemplate> = {}) {
  return rewriteStack({ name: 'pay', region: 'us-west-2', templateFile: '', template: { Resources: resources, ...rest } }, '000000000000');
}

const healthCheck: CfnResource = {
  Type: 'AWS::Route53::HealthCheck',
  Properties: {
    HealthCheckConfig: { Type: 'HTTPS', FullyQualifiedDomainName: { 'Fn::Sub': '${Api}.execute-api.${AWS::Region}.amazonaws.com' } },
  },
};
const api: CfnResource = { Type: 'AWS::ApiGateway::Deployment', Properties: {} };

describe('what the emulator cannot make', () => {
  const { template, fabric } = rewrite(
    {
      Api: api,
      Check: healthCheck,
      Topic: {
        Type: 'AWS::SNS::Topic',
        DependsOn: ['Check', 'Api'],
        Properties: {
          TopicName: { 'Fn::Sub': 'check-${Check}-${Check.HealthCheckId}-${Api}' },
          Tags: [{ Key: 'c', Value: { 'Fn::GetAtt': ['Check', 'HealthCheckId'] } }],
        },
      },
      Queue: { Type: 'AWS::SQS::Queue', DependsOn: 'Check' },
    },
    { Outputs: { Check: { Value: { Ref: 'Check' } } } },
  );
  const id = template.Outputs!.Check.Value as string;

  test('is taken out, with its Ref, GetAtt, Sub, DependsOn and outputs', () => {
    expect(Object.keys(template.Resources)).toEqual(['Api', 'Topic', 'Queue']);
    expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(template.Resources.Topic.Properties).toEqual({
      TopicName: { 'Fn::Sub': `check-${id}-${id}-\${Api}` },
      Tags: [{ Key: 'c', Value: id }],
    });
    expect(template.Resources.Topic.DependsOn).toEqual(['Api']);
    expect(template.Resources.Queue.DependsOn).toBeUndefined();
    expect(JSON.stringify(template)).not.toContain('"Check"]');
  });

  test('reaches the fabric with the values that CloudFormation gave', () => {
    const [key] = Object.entries(template.Outputs!).find(([, { Value }]) => JSON.stringify(Value).includes('execute-api'))!;
    expect(
      resolveFabric(
        { stack: { name: 'pay', region: 'us-west-2', templateFile: '', template }, template, fabric },
        { [key]: 'abc.example' },
        { Api: 'abc' },
      ),
    ).toEqual([
      {
        stack: 'pay',
        region: 'us-west-2',
        logicalId: 'Check',
        type: 'AWS::Route53::HealthCheck',
        physicalId: id,
        properties: { HealthCheckConfig: { Type: 'HTTPS', FullyQualifiedDomainName: 'abc.example' } },
      },
    ]);
  });
});

test('the original template stays as it is', () => {
  const template: CfnTemplate = { Resources: { Check: healthCheck, Api: api } };
  const before = structuredClone(template);
  rewriteStack({ name: 'pay', region: 'us-west-2', templateFile: '', template }, '000000000000');
  expect(template).toEqual(before);
});

test('what needs no deploy is resolved without an output', () => {
  const { template, fabric } = rewrite({
    Record: {
      Type: 'AWS::Route53::RecordSet',
      Properties: {
        Name: 'pay',
        ResourceRecords: [{ 'Fn::Join': ['.', ['x', { Ref: 'AWS::Region' }, { Ref: 'AWS::URLSuffix' }]] }],
        TTL: { Ref: 'AWS::NoValue' },
      },
    },
  });
  expect(template.Outputs).toEqual({});
  expect(fabric[0].resource.properties).toEqual({ Name: 'pay', ResourceRecords: ['x.us-west-2.amazonaws.com'] });
});

test('a condition decides after the deploy whether the fabric gets the resource', () => {
  const rewritten = rewrite({ Check: { ...healthCheck, Condition: 'Public' }, Api: api });
  const conditions = Object.entries(rewritten.template.Outputs!) as [string, { Condition?: string }][];
  expect(conditions.map(([, { Condition }]) => Condition)).toEqual(['Public', 'Public']);
  expect(resolveFabric(rewritten, {}, {})).toEqual([]);
  expect(resolveFabric(rewritten, Object.fromEntries(conditions.map(([key]) => [key, 'true'])), {})).toHaveLength(1);
});

test('every function gets an application ID of its own, besides what it has', () => {
  const { template } = rewrite({
    One: { Type: 'AWS::Lambda::Function', Properties: { Environment: { Variables: { A: 'b' } } } },
    Two: { Type: 'AWS::Lambda::Function', Properties: {} },
  });
  const ids = ['One', 'Two'].map((name) => template.Resources[name].Properties!.Environment.Variables.AWS_SDK_UA_APP_ID as string);
  expect(ids).toEqual([functionAppId('pay', 'One'), functionAppId('pay', 'Two')]);
  expect(new Set(ids).size).toBe(2);
  expect(template.Resources.One.Properties!.Environment.Variables.A).toBe('b');
});

test('an alarm with metric math is taken out, another one stays', () => {
  const { template } = rewrite({
    Sum: { Type: 'AWS::CloudWatch::Alarm', Properties: { Metrics: [{ Id: 'a', Expression: 'b' }] } },
    Plain: { Type: 'AWS::CloudWatch::Alarm', Properties: { MetricName: 'x', AlarmActions: [{ Ref: 'Sum' }] } },
  });
  expect(Object.keys(template.Resources)).toEqual(['Plain']);
  expect(template.Resources.Plain.Properties!.AlarmActions).toEqual([expect.stringMatching(/^pay-Sum-/)]);
});

test('a replica key becomes a key', () => {
  const { template } = rewrite({ Key: { Type: 'AWS::KMS::ReplicaKey', Properties: { PrimaryKeyArn: 'arn', KeyPolicy: {} } } });
  expect(template.Resources.Key).toEqual({ Type: 'AWS::KMS::Key', Properties: { KeyPolicy: {} } });
});

test('a table without a name gets the one under which its replicas are made', () => {
  const { template } = rewrite({ Table: { Type: 'AWS::DynamoDB::GlobalTable', Properties: { Replicas: [] } } });
  expect(template.Resources.Table.Properties!.TableName).toBe('pay-Table');
});

test('nothing asks for a bootstrap', () => {
  const { template } = rewrite({}, { Parameters: { BootstrapVersion: {} }, Rules: { CheckBootstrapVersion: {} } });
  expect([template.Parameters, template.Rules]).toEqual([undefined, undefined]);
});

test('policies: nothing is denied for want of TLS, and who may send or delete one message may do so in batches', () => {
  const { template } = rewrite({
    Queue: {
      Type: 'AWS::SQS::QueuePolicy',
      Properties: {
        PolicyDocument: {
          Statement: [
            { Effect: 'Deny', Principal: '*', Action: 'sqs:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
            { Effect: 'Allow', Principal: { Service: 'events.amazonaws.com' }, Action: 'sqs:SendMessage' },
          ],
        },
      },
    },
    Role: {
      Type: 'AWS::IAM::Role',
      Properties: {
        Policies: [{ PolicyDocument: { Statement: [{ Effect: 'Allow', Action: ['sqs:DeleteMessage', 's3:GetObject'], Resource: '*' }] } }],
      },
    },
  });
  expect(template.Resources.Queue.Properties!.PolicyDocument.Statement).toEqual([
    { Effect: 'Allow', Principal: { Service: 'events.amazonaws.com' }, Action: ['sqs:SendMessage', 'sqs:SendMessageBatch'] },
  ]);
  expect(template.Resources.Role.Properties!.Policies[0].PolicyDocument.Statement[0].Action).toEqual([
    'sqs:DeleteMessage',
    'sqs:DeleteMessageBatch',
    's3:GetObject',
  ]);
});

test('the emulator polls no stream, and few messages of a queue at once', () => {
  const mapping = (Properties: object): CfnResource => ({ Type: 'AWS::Lambda::EventSourceMapping', Properties });
  const { template, fabric } = rewrite({
    Stream: mapping({ FunctionName: 'f', EventSourceArn: 'arn', StartingPosition: 'LATEST' }),
    Off: mapping({ FunctionName: 'f', EventSourceArn: 'arn', StartingPosition: 'LATEST', Enabled: false }),
    Queue: mapping({ FunctionName: 'f', EventSourceArn: 'arn' }),
    Scaled: mapping({ FunctionName: 'f', EventSourceArn: 'arn', ScalingConfig: { MaximumConcurrency: 9 } }),
  });
  const { Stream, Queue, Scaled } = template.Resources;
  expect(Stream.Properties!.Enabled).toBe(false);
  for (const { Properties } of [Queue, Scaled]) {
    expect(Properties).toMatchObject({ ScalingConfig: { MaximumConcurrency: 2 }, BatchSize: 2 });
  }
  expect(
    streamMappings(
      resolveFabric({ stack: { name: 'pay', region: 'us-west-2', templateFile: '', template }, template, fabric }, {}, { Stream: 'uuid' }),
    ).map(({ id }) => id),
  ).toEqual(['uuid']);
});
