import { App, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { CrossRegionEventMesh, CrossRegionEventMeshProps, MeshTransport } from '../../src/index';
import { account, newApp, plain, statementsByRole } from '../cdk/stacks';

const regions = ['us-east-1', 'eu-central-1', 'ap-southeast-2'];
const two = ['us-east-1', 'eu-central-1'];

interface Part {
  readonly stack: Stack;
  readonly mesh: CrossRegionEventMesh;
  readonly template: () => Template;
}

function meshIn(region: string, props: Partial<CrossRegionEventMeshProps> = {}, app = newApp()): Part {
  const stack = new Stack(app, `mesh-${region}`, { env: { account, region } });
  const mesh = new CrossRegionEventMesh(stack, 'Mesh', { systemName: 'shop', regions: two, ...props });
  return { stack, mesh, template: () => Template.fromStack(stack) };
}

const shipping = { source: 'acme.shipping' };
const bus = (region: string): string => `arn:<AWS::Partition>:events:${region}:${account}:event-bus/shop-events`;
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

describe('who uses the mesh', () => {
  test("gets events of every region by a rule with a dead-letter queue, an alarm, and no reference to the mesh's stack", () => {
    const app = newApp();
    const { mesh } = meshIn('us-east-1', {}, app);
    const stack = new Stack(app, 'consumer', { env: { account, region: 'us-east-1' } });
    mesh.addTarget(stack, 'Orders', {
      target: new SqsQueue(new Queue(stack, 'Queue')),
      types: ['order.shipped'],
      retry: { maxEventAge: Duration.hours(1), maxAttempts: 3 },
    });
    app.synth();
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::Events::Rule', {
      EventBusName: 'shop-events',
      EventPattern: { source: ['shop.ledger'], 'detail-type': ['order.shipped'], detail: { origin: two } },
      Targets: [{ DeadLetterConfig: Match.anyValue(), RetryPolicy: { MaximumEventAgeInSeconds: 3_600, MaximumRetryAttempts: 3 } }],
    });
    const {
      Properties: { Name: ruleName },
    } = Object.values(template.findResources('AWS::Events::Rule'))[0];
    expect(JSON.stringify(template.findResources('AWS::CloudWatch::Alarm'))).toContain(`"RuleName","Value":"${ruleName}"`);
    expect(JSON.stringify(template.toJSON())).not.toContain('Fn::ImportValue');
    expect(stack.dependencies.map(({ node }) => node.id)).toEqual(['mesh-us-east-1']);
  });

  test('does not get probes or strays unless asked for', () => {
    const { stack, mesh, template } = meshIn('us-east-1');
    mesh.addTarget(stack, 'All', { target: new SqsQueue(new Queue(stack, 'Queue')), sources: ['shop'], origins: ['eu-central-1'] });
    template().hasResourceProperties('AWS::Events::Rule', {
      EventPattern: { 'detail-type': [{ 'anything-but': ['mesh.probe'] }], source: ['shop'], detail: { origin: ['eu-central-1'] } },
    });
  });

  test("publishes on its own region's bus, with a global endpoint on both", () => {
    for (const [transport, allowed] of [
      [MeshTransport.rules(), ['us-east-1']],
      [MeshTransport.globalEndpoint(), two],
    ] as const) {
      const { stack, mesh, template } = meshIn('us-east-1', { transport });
      mesh.grantPublish(new Role(stack, 'PublisherRole', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }), shipping);
      const arns = allowed.map(bus);
      expect(plain(statementsByRole(template())).Publisher).toEqual([
        {
          Action: 'sqs:SendMessage',
          Effect: 'Allow',
          Resource: expect.stringMatching(new RegExp(`^arn:<AWS::Partition>:sqs:us-east-1:${account}:shop-acme-shipping-[0-9a-f]{8}-dlq$`)),
        },
        { Action: 'events:DescribeEventBus', Effect: 'Allow', Resource: bus('us-east-1') },
        {
          Action: 'events:PutEvents',
          Effect: 'Allow',
          Resource: arns.length > 1 ? arns : arns[0],
          Condition: { 'ForAllValues:StringEquals': { 'events:source': ['acme.shipping'] }, Null: { 'events:source': 'false' } },
        },
      ]);
    }
  });

  test('finds the way by its environment', () => {
    const { stack, mesh } = meshIn('us-east-1');
    expect(plain(stack.resolve(mesh.publisherEnvironment(stack, shipping)))).toEqual({
      PAYMENTS_SYSTEM_NAME: 'shop',
      MESH_BUS_NAME: 'shop-events',
      MESH_SOURCE: 'acme.shipping',
      MESH_DEAD_LETTER_QUEUE_URL: expect.stringMatching(
        new RegExp(`^https://sqs\\.us-east-1\\.<AWS::URLSuffix>/${account}/shop-acme-shipping-[0-9a-f]{8}-dlq$`),
      ),
    });
  });

  test('has time to give an event up, or is not told the way', () => {
    const { stack, mesh } = meshIn('us-east-1');
    const made = (id: string, seconds?: number): Function =>
      new Function(stack, id, {
        runtime: Runtime.NODEJS_LATEST,
        handler: 'index.handler',
        code: Code.fromInline('//'),
        timeout: seconds === undefined ? undefined : Duration.seconds(seconds),
      });
    expect(() => mesh.publisherEnvironment(made('Unset'), shipping)).toThrow(
      /mesh-us-east-1\/Unset.*'timeout' is 3 seconds, Lambda's default; allowed: 10 seconds or more/s,
    );
    expect(() => mesh.publisherEnvironment(made('Short', 9), shipping)).toThrow("'timeout' is 9 seconds; allowed: 10 seconds or more");
    const told = [made('Enough', 10), Function.fromFunctionName(stack, 'Imported', 'shipping'), stack].map(
      (scope) => mesh.publisherEnvironment(scope, shipping).MESH_BUS_NAME,
    );
    expect(told).toEqual(['shop-events', 'shop-events', 'shop-events']);
  });

  test('reads of peers what it may', () => {
    const { stack, mesh, template } = meshIn('us-east-1');
    mesh.grantReadPeers(new Role(stack, 'SweepRole', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }));
    expect(plain(statementsByRole(template())).Sweep).toEqual([
      { Action: 'dynamodb:GetItem', Effect: 'Allow', Resource: `arn:<AWS::Partition>:dynamodb:us-east-1:${account}:table/shop-mesh` },
    ]);
    expect(mesh.silentAfter.toSeconds()).toBe(180);
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

describe('refuses', () => {
  const cases: [string, Partial<CrossRegionEventMeshProps>, string][] = [
    ['one region', { regions: ['us-east-1'] }, "'regions' is us-east-1; allowed: two or more regions"],
    ['a region that is none', { regions: ['us-east-1', 'here'] }, "'regions' is 'here'; allowed: names of AWS regions"],
    ['a region twice', { regions: ['us-east-1', 'us-east-1'] }, "'regions' is us-east-1, us-east-1 (us-east-1 twice)"],
    [
      'a stack elsewhere',
      { regions: ['us-west-2', 'eu-central-1'] },
      "'env.region of the stack' is us-east-1; allowed: us-west-2, eu-central-1",
    ],
    ['a name that is none', { systemName: 'Shop' }, "'systemName' is 'Shop'"],
    [
      'a global endpoint of three regions',
      { regions, transport: MeshTransport.globalEndpoint() },
      "'transport' is globalEndpoint with 3 regions",
    ],
    [
      'a primary that is no region of the mesh',
      { transport: MeshTransport.globalEndpoint({ primary: 'us-west-2' }) },
      "'transport.primary' is us-west-2; allowed: us-east-1 or eu-central-1",
    ],
    [
      'an endpoint that is never unhealthy',
      { transport: MeshTransport.globalEndpoint({ unhealthyMinutes: 0 }) },
      "'transport.unhealthyMinutes' is 0",
    ],
    ['an archive of hours', { archiveRetention: Duration.hours(12) }, "'archiveRetention' is 0.5 days"],
    [
      'a probe every 90 seconds',
      { probes: { interval: Duration.seconds(90) } },
      "'probes.interval' is 90 seconds; allowed: 1 to 60 whole minutes",
    ],
    [
      'silence after one probe',
      { probes: { silentAfter: Duration.minutes(1) } },
      "'probes.silentAfter' is 60 seconds with a probe every 60",
    ],
    ['half an alarm', { alarms: { strays: { minutes: 0.5 } } }, "'alarms (Strays).minutes' is 0.5"],
  ];

  test.each(cases)('%s', (_what, props, message) => {
    expect(() => meshIn('us-east-1', props)).toThrow(message);
    expect(() => meshIn('us-east-1', props)).toThrow(/\[mesh-us-east-1\/Mesh.*\] .*; fix: /);
  });

  test("a name with which a role's would be too long", () => {
    const long = 'a'.repeat(40);
    expect(() => meshIn('us-gov-west-1', { systemName: long, regions: ['us-gov-west-1', 'us-gov-east-1'] })).toThrow(
      "'systemName' is '" + long + "'; allowed: 38 characters with these regions",
    );
    meshIn('ap-southeast-2', { systemName: long, regions: ['ap-southeast-2', 'ap-northeast-1'] });
  });

  test('a stack without a region', () => {
    const stack = new Stack(newApp(), 'Stack');
    expect(() => new CrossRegionEventMesh(stack, 'Mesh', { systemName: 'shop', regions: two })).toThrow(
      "'env.region of the stack' is not set",
    );
  });

  const problems = (app: App): string => {
    try {
      app.synth();
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };

  test.each<[string, (mesh: CrossRegionEventMesh, stack: Stack) => void]>([
    [
      "in the mesh's own stack",
      (mesh, stack) =>
        void new Rule(stack, 'Bare', {
          eventBus: mesh.bus,
          eventPattern: { source: ['shop'] },
          targets: [new SqsQueue(new Queue(stack, 'Queue'))],
        }),
    ],
    [
      'by name in another stack',
      (mesh) => {
        const other = new Stack(mesh.node.root, 'Other', { env: { account, region: 'us-east-1' } });
        new Rule(other, 'Bare', {
          eventBus: EventBus.fromEventBusName(other, 'Bus', 'shop-events'),
          eventPattern: { source: ['shop'] },
          targets: [new SqsQueue(new Queue(other, 'Queue'))],
        });
      },
    ],
    [
      'by reference',
      (mesh, stack) => {
        const own = mesh.node.findChild('Bus') as EventBus;
        new Rule(stack, 'Bare', { eventBus: own, eventPattern: { source: ['shop'] }, targets: [new SqsQueue(new Queue(stack, 'Queue'))] });
      },
    ],
  ])('a target without a dead-letter queue, %s', (_where, add) => {
    const app = newApp();
    const { mesh, stack } = meshIn('us-east-1', {}, app);
    add(mesh, stack);
    expect(problems(app)).toMatch(
      /'targets of (mesh-us-east-1|Other)\/Bare\/Resource' is 1 without a dead-letter queue; .* mesh\.addTarget\(\)/,
    );
  });

  test('no rule on another bus', () => {
    const app = newApp();
    const { stack } = meshIn('us-east-1', {}, app);
    new Rule(stack, 'Bare', {
      eventBus: new EventBus(stack, 'Bus'),
      eventPattern: { source: ['shop'] },
      targets: [new SqsQueue(new Queue(stack, 'Queue'))],
    });
    expect(problems(app)).toBe('');
  });

  test('parts that do not fit together', () => {
    const together = (props: Partial<CrossRegionEventMeshProps>, region = 'eu-central-1'): string => {
      const app = newApp();
      meshIn('us-east-1', {}, app);
      const stack = new Stack(app, 'Second', { env: { account, region } });
      new CrossRegionEventMesh(stack, 'Mesh', { systemName: 'shop', regions: two, ...props });
      return problems(app);
    };
    expect(together({})).toBe('');
    expect(together({ regions })).toContain(
      "'regions' is ap-southeast-2, eu-central-1, us-east-1, but eu-central-1, us-east-1 in mesh-us-east-1/Mesh",
    );
    expect(together({ transport: MeshTransport.globalEndpoint() })).toContain(
      "'transport' is globalEndpoint with the primary us-east-1, but rules in mesh-us-east-1/Mesh",
    );
    expect(together({}, 'us-east-1')).toContain("'systemName' is 'shop' in us-east-1 twice (also mesh-us-east-1/Mesh)");
    expect(together({ systemName: 'other', regions })).toBe('');
  });
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
