import { Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { bus, meshIn, regions, shipping, two } from './shop-mesh';
import { CrossRegionEventMesh, MeshTransport } from '../../src/index';
import { account, newApp, plain, statementsByRole } from '../cdk/stacks';

const dlq = { 'Fn::GetAtt': [Match.stringLikeRegexp('QueuesDeadLetters'), 'Arn'] };
const eachWithDlq = (template: Template): void => {
  for (const rule of Object.values(template.findResources('AWS::Events::Rule', { Properties: { EventBusName: Match.anyValue() } }))) {
    for (const target of rule.Properties.Targets as object[]) {
      expect(target).toHaveProperty('DeadLetterConfig.Arn');
      // PutTargets refuses a retry policy for a bus.
      if (JSON.stringify(target).includes(':event-bus/')) {
        expect(target).not.toHaveProperty('RetryPolicy');
      } else {
        expect(target).toMatchObject({
          RetryPolicy: { MaximumEventAgeInSeconds: expect.any(Number), MaximumRetryAttempts: expect.any(Number) },
        });
      }
    }
  }
};

describe('with rules, between three regions', () => {
  const { template: make } = meshIn('eu-central-1', { regions });
  const template = make();
  const rules = Object.values(plain(template.findResources('AWS::Events::Rule'))).map(({ Properties }) => Properties);

  test('a rule for each peer forwards what began here, and nothing else', () => {
    const forwarding = rules.filter(({ Name }) => /-to-/.test(Name));
    expect(forwarding.map(({ Name, EventPattern }) => [Name, EventPattern])).toEqual(
      ['us-east-1', 'ap-southeast-2'].map((peer) => [
        `shop-to-${peer}`,
        { detail: { origin: ['eu-central-1'] }, 'replay-name': [{ exists: false }] },
      ]),
    );
    expect(forwarding.map(({ Targets }) => Targets[0].Arn)).toEqual([bus('us-east-1'), bus('ap-southeast-2')]);
  });

  test("each with a role of its own that puts on that peer's bus alone, for EventBridge with this rule alone", () => {
    const roles = template.findResources('AWS::IAM::Role', { Properties: { RoleName: Match.stringLikeRegexp('-to-') } });
    expect(Object.values(roles).map(({ Properties }) => Properties.RoleName)).toEqual([
      'shop-events-euc1-to-use1',
      'shop-events-euc1-to-apse2',
    ]);
    const trusts = Object.values(plain(roles)).map(({ Properties }) => Properties.AssumeRolePolicyDocument.Statement);
    expect(trusts).toEqual(
      ['us-east-1', 'ap-southeast-2'].map((peer) => [
        {
          Action: 'sts:AssumeRole',
          Effect: 'Allow',
          Principal: { Service: 'events.amazonaws.com' },
          Condition: {
            StringEquals: { 'aws:SourceAccount': account },
            ArnEquals: { 'aws:SourceArn': `arn:<AWS::Partition>:events:eu-central-1:${account}:rule/shop-events/shop-to-${peer}` },
          },
        },
      ]),
    );
    const statements = plain(statementsByRole(template));
    expect(Object.entries(statements).filter(([role]) => role.startsWith('MeshForwarding'))).toEqual(
      [
        ['MeshForwardingRoleuseast1A14E3AA4', 'us-east-1'],
        ['MeshForwardingRoleapsoutheast247B61CD5', 'ap-southeast-2'],
      ].map(([, peer]) => [
        expect.stringContaining(peer.replace(/-/g, '')),
        [{ Action: 'events:PutEvents', Effect: 'Allow', Resource: bus(peer) }],
      ]),
    );
  });

  test("the bus takes events of exactly the peers' roles", () => {
    const policies = Object.values(plain(template.findResources('AWS::Events::EventBusPolicy'))).map(
      ({ Properties }) => Properties.Statement,
    );
    const admitting = policies.filter(({ Effect }) => Effect === 'Allow');
    expect(admitting.map(({ Condition }) => Condition)).toEqual(
      ['use1', 'apse2'].map((peer) => ({
        ArnEquals: { 'aws:PrincipalArn': `arn:<AWS::Partition>:iam::${account}:role/shop-events-${peer}-to-euc1` },
      })),
    );
    for (const policy of admitting) {
      expect(policy).toMatchObject({
        Effect: 'Allow',
        Action: 'events:PutEvents',
        Principal: { AWS: `arn:<AWS::Partition>:iam::${account}:root` },
      });
    }
  });

  test("what one region's rule is called is what the other region's policy lets in", () => {
    const app = newApp();
    const parts = regions.slice(0, 2).map((region) => meshIn(region, { regions }, app));
    const [east, west] = parts.map(({ template: made }) => made());
    const roleName = Object.values(east.findResources('AWS::IAM::Role'))
      .map(({ Properties }) => Properties.RoleName as string)
      .find((name) => name === 'shop-events-use1-to-euc1');
    expect(JSON.stringify(west.findResources('AWS::Events::EventBusPolicy'))).toContain(`role/${roleName}`);
  });

  test('what has no valid origin goes to a queue of its own', () => {
    expect(rules.find(({ Name }) => Name === 'shop-events-strays')).toMatchObject({
      EventPattern: { detail: { origin: [{ 'anything-but': regions }, { exists: false }] } },
      Targets: [{ Arn: { 'Fn::GetAtt': [expect.stringContaining('QueuesStrays'), 'Arn'] } }],
    });
  });

  test('every target of the bus has a dead-letter queue and, but for a bus, a retry policy', () => {
    expect(rules).toHaveLength(5);
    eachWithDlq(template);
  });

  test('a probe that cannot be sent leaves no letter: it is no event that could be put back, and its absence raises an alarm', () => {
    const schedule = rules.find(({ ScheduleExpression }) => ScheduleExpression !== undefined);
    expect(schedule).toMatchObject({ Targets: [{ RetryPolicy: { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 1 } }] });
    expect(schedule!.Targets[0]).not.toHaveProperty('DeadLetterConfig');
  });

  test("the queues are encrypted, keep events for 14 days, and take them from this mesh's rules over TLS alone", () => {
    template.allResourcesProperties('AWS::SQS::Queue', { MessageRetentionPeriod: 1_209_600, SqsManagedSseEnabled: true });
    for (const { Properties } of Object.values(plain(template.findResources('AWS::SQS::QueuePolicy')))) {
      expect(Properties.PolicyDocument.Statement).toMatchObject([
        {
          Action: 'sqs:SendMessage',
          Principal: { Service: 'events.amazonaws.com' },
          Condition: {
            ArnLike: {
              'aws:SourceArn': [
                `arn:<AWS::Partition>:events:eu-central-1:${account}:rule/shop-events/*`,
                `arn:<AWS::Partition>:events:eu-central-1:${account}:event-bus/shop-events`,
              ],
            },
          },
        },
        { Action: 'sqs:*', Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
        { Action: 'sqs:SendMessage', Effect: 'Deny', Principal: '*', Condition: { Bool: { 'aws:PrincipalIsAWSService': 'false' } } },
      ]);
    }
  });

  test('an archive keeps what was on the bus, without probes', () => {
    template.hasResourceProperties('AWS::Events::Archive', {
      ArchiveName: 'shop-events',
      RetentionDays: 30,
      EventPattern: { 'detail-type': [{ 'anything-but': ['mesh.probe'] }] },
    });
  });

  test('a probe a minute is sent, and those of the peers are measured', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      Name: 'shop-events-probe',
      ScheduleExpression: 'rate(1 minute)',
      EventBusName: Match.absent(),
    });
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: { source: ['shop.mesh'], 'detail-type': ['mesh.probe'], detail: { origin: ['us-east-1', 'ap-southeast-2'] } },
    });
    const statements = plain(statementsByRole(template));
    const own = { 'Fn::GetAtt': [expect.stringContaining('MeshBus'), 'Arn'] };
    expect(statements.MeshProbesSend).toMatchObject(
      ['events:DescribeEventBus', 'events:PutEvents'].map((Action) => ({ Action, Effect: 'Allow', Resource: own })),
    );
    expect(statements.MeshProbesArrive).toEqual([
      { Action: 'dynamodb:UpdateItem', Effect: 'Allow', Resource: { 'Fn::GetAtt': [expect.stringContaining('Heard'), 'Arn'] } },
    ]);
    expect(statements.MeshDeadLettersRedrive).toEqual([
      ...['events:PutEvents', 'events:DescribeEventBus'].map((Action) => ({ Action, Effect: 'Allow', Resource: own })),
      {
        Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility'],
        Effect: 'Allow',
        Resource: { 'Fn::GetAtt': [expect.stringContaining('QueuesDeadLetters'), 'Arn'] },
      },
    ]);
  });

  test('silence is an alarm because there is no data, everything else because there is', () => {
    const alarms = Object.entries(template.findResources('AWS::CloudWatch::Alarm')).map(([id, { Properties }]) => [
      id.replace(/^MeshAlarms|[0-9A-F]{8}$/g, ''),
      Properties.TreatMissingData,
      Properties.EvaluationPeriods,
      Properties.Threshold,
    ]);
    expect(alarms).toEqual([
      ['DeadLetters', 'notBreaching', 5, 1],
      ['Strays', 'notBreaching', 5, 1],
      ['PublishFailures', 'notBreaching', 5, 1],
      ['Undeliveredstrays', 'notBreaching', 5, 1],
      ['Undelivereduseast1', 'notBreaching', 5, 1],
      ['Undeliveredapsoutheast2', 'notBreaching', 5, 1],
      ['Latenessuseast1', 'notBreaching', 5, 30_000],
      ['Latenessapsoutheast2', 'notBreaching', 5, 30_000],
      ['Silenceuseast1', 'breaching', 3, 1],
      ['Silenceapsoutheast2', 'breaching', 3, 1],
    ]);
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'ProbeLatency',
      Statistic: 'SampleCount',
      ComparisonOperator: 'LessThanThreshold',
      Dimensions: [
        { Name: 'Peer', Value: 'us-east-1' },
        { Name: 'Region', Value: 'eu-central-1' },
        { Name: 'System', Value: 'shop' },
      ],
    });
  });
});

describe('with a global endpoint', () => {
  const transport = MeshTransport.globalEndpoint();
  const primary = meshIn('us-east-1', { transport }).template();

  test("the primary region has it, with replication, and a health check on EventBridge's own latency", () => {
    primary.hasResourceProperties('AWS::Events::Endpoint', {
      Name: 'shop-events',
      EventBuses: two.map((region) => ({
        EventBusArn: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:events:${region}:${account}:event-bus/shop-events`]] },
      })),
      ReplicationConfig: { State: 'ENABLED' },
      RoutingConfig: { FailoverConfig: { Secondary: { Route: 'eu-central-1' }, Primary: { HealthCheck: Match.anyValue() } } },
    });
    primary.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Namespace: 'AWS/Events',
      MetricName: 'IngestionToInvocationStartLatency',
      Statistic: 'Average',
      Period: 60,
      EvaluationPeriods: 5,
      Threshold: 30_000,
      ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'breaching',
      Dimensions: Match.absent(),
    });
    primary.hasResourceProperties('AWS::Route53::HealthCheck', {
      HealthCheckConfig: { Type: 'CLOUDWATCH_METRIC', InsufficientDataHealthStatus: 'Unhealthy', AlarmIdentifier: { Region: 'us-east-1' } },
    });
  });

  test('nothing is forwarded by rules as well, and the bus takes what is replicated', () => {
    const secondary = meshIn('eu-central-1', { transport }).template();
    for (const template of [primary, secondary]) {
      expect(Object.keys(template.findResources('AWS::IAM::Role', { Properties: { RoleName: Match.stringLikeRegexp('-to-') } }))).toEqual(
        [],
      );
      expect(JSON.stringify(template.findResources('AWS::Events::EventBusPolicy'))).toContain('role/shop-events-replication');
      eachWithDlq(template);
    }
    secondary.resourceCountIs('AWS::Events::Endpoint', 0);
    const statements = plain(statementsByRole(primary)).MeshGlobalEndpoint as { Action: unknown; Resource: unknown }[];
    expect(statements.map(({ Action, Resource }) => [Action, Resource])).toEqual([
      ['events:PutEvents', two.map(bus)],
      [
        ['events:PutRule', 'events:PutTargets', 'events:DeleteRule', 'events:RemoveTargets'],
        two.map((region) => `arn:<AWS::Partition>:events:${region}:${account}:rule/shop-events/GlobalEndpointManagedRule-*`),
      ],
      ['iam:PassRole', `arn:<AWS::Partition>:iam::${account}:role/shop-events-replication`],
    ]);
  });

  test('publishers look its ID up in the primary region, once for each stack', () => {
    const { stack, mesh, template } = meshIn('eu-central-1', { transport });
    const [first, second] = [mesh.publisherEnvironment(stack, shipping), mesh.publisherEnvironment(stack, shipping)];
    expect(Stack.of(stack).resolve(first.MESH_ENDPOINT_ID)).toEqual(stack.resolve(second.MESH_ENDPOINT_ID));
    const lookups = Object.values(template().findResources('Custom::MeshEndpointId'));
    expect(lookups).toHaveLength(1);
    expect(JSON.parse(lookups[0].Properties.Create)).toMatchObject({
      service: 'eventbridge',
      action: 'DescribeEndpoint',
      parameters: { Name: 'shop-events' },
      region: 'us-east-1',
    });
    template().hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: [
          {
            Action: 'events:DescribeEndpoint',
            Resource: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, `:events:us-east-1:${account}:endpoint/shop-events`]] },
          },
        ],
      },
    });
  });
});

test('a key encrypts bus, queues, archive and table, and the bus has a dead-letter queue for what cannot be encrypted', () => {
  const app = newApp();
  const stack = new Stack(app, 'mesh', { env: { account, region: 'us-east-1' } });
  const encryptionKey = new Key(stack, 'Key');
  const mesh = new CrossRegionEventMesh(stack, 'Mesh', { systemName: 'shop', regions: two, encryptionKey });
  mesh.grantPublish(new Role(stack, 'PublisherRole', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }), shipping);
  const template = Template.fromStack(stack);
  const arn = { 'Fn::GetAtt': [Match.stringLikeRegexp('Key'), 'Arn'] };
  template.hasResourceProperties('AWS::Events::EventBus', { KmsKeyIdentifier: arn, DeadLetterConfig: { Arn: dlq } });
  template.hasResourceProperties('AWS::Events::Archive', { KmsKeyIdentifier: arn });
  template.allResourcesProperties('AWS::SQS::Queue', { KmsMasterKeyId: arn });
  template.hasResourceProperties('AWS::DynamoDB::Table', { SSESpecification: { SSEEnabled: true } });
  const statements = plain(Object.values(template.findResources('AWS::KMS::Key'))[0].Properties.KeyPolicy.Statement) as {
    Principal: { Service?: string };
    Action: unknown;
    Condition?: object;
  }[];
  expect(statements.filter(({ Principal }) => Principal.Service === 'events.amazonaws.com').map(({ Action }) => Action)).toEqual(
    expect.arrayContaining([
      ['kms:Decrypt', 'kms:GenerateDataKey', 'kms:DescribeKey'],
      ['kms:Decrypt', 'kms:GenerateDataKey'],
    ]),
  );
  // EventBridge delivers to an encrypted queue without naming its source to KMS: a condition on that would lose every dead letter.
  expect(statements.find(({ Action }) => `${Action as string[]}` === 'kms:Decrypt,kms:GenerateDataKey')).not.toHaveProperty('Condition');
  expect(JSON.stringify(statementsByRole(template).Publisher)).toContain('kms:GenerateDataKey');
});

test('options are taken', () => {
  const { template } = meshIn('us-east-1', {
    archiveRetention: Duration.days(7),
    probes: { interval: Duration.minutes(5), silentAfter: Duration.minutes(10), lateAfter: Duration.minutes(1) },
    alarms: { probeSilence: false, probeLateness: { minutes: 1 }, deadLetters: { enabled: false } },
  });
  template().hasResourceProperties('AWS::Events::Archive', { RetentionDays: 7 });
  template().hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'rate(5 minutes)' });
  const alarms = Object.entries(template().findResources('AWS::CloudWatch::Alarm'));
  expect(alarms.map(([id]) => id.replace(/^MeshAlarms|[0-9A-F]{8}$/g, ''))).toEqual([
    'Strays',
    'PublishFailures',
    'Undeliveredstrays',
    'Undeliveredeucentral1',
    'Latenesseucentral1',
  ]);
  expect(alarms.find(([id]) => id.includes('Lateness'))![1].Properties).toMatchObject({ Threshold: 60_000, DatapointsToAlarm: 1 });
});
