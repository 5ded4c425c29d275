import { Duration } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { CrossRegionEventMesh, LedgerOutbox, LedgerOutboxProps, LedgerReplica, MeshTransport, PaymentRegions } from '../../src/index';
import { homeRegions, newStack, plain, regions, statementsByRole } from '../cdk/stacks';

const systemName = 'acme-pay';

function outbox(props: Partial<LedgerOutboxProps> = {}, of: PaymentRegions = regions, transport = MeshTransport.rules()): Template {
  const stack = newStack();
  const mesh = new CrossRegionEventMesh(stack, 'Mesh', { systemName, regions: of.replicas, transport });
  new LedgerOutbox(stack, 'Outbox', { ledger: LedgerReplica.of(stack, systemName, of), mesh, ...props });
  return Template.fromStack(stack);
}

const mappings = (template: Template): Record<string, any>[] =>
  Object.values(plain(template.findResources('AWS::Lambda::EventSourceMapping'))).map(({ Properties }) => Properties);
const ofStream = (template: Template): Record<string, any>[] =>
  mappings(template).filter(({ BisectBatchOnFunctionError }) => BisectBatchOnFunctionError);
const patternsOf = (mapping: Record<string, any>): any[] =>
  mapping.FilterCriteria.Filters.map(({ Pattern }: { Pattern: string }) => JSON.parse(Pattern));

describe('the stream', () => {
  const template = outbox();
  const [own, peers] = ofStream(template);

  test('is read from its beginning, with partial failures, bisection, bounds, and a queue for what is given up', () => {
    for (const mapping of [own, peers]) {
      expect(mapping).toMatchObject({
        StartingPosition: 'TRIM_HORIZON',
        BisectBatchOnFunctionError: true,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        MaximumRecordAgeInSeconds: 43_200,
        MaximumRetryAttempts: 1_000,
      });
      expect(JSON.stringify(mapping.DestinationConfig.OnFailure)).toContain('OutboxDeadLetters');
    }
    expect([own.ParallelizationFactor, peers.ParallelizationFactor]).toEqual([4, 1]);
  });

  test('gives the outbox what this region wrote, and the sweep what its peers wrote; of both only what can have decided something', () => {
    const patterns = (writers: string[]): object[] => [
      { eventName: ['INSERT', 'MODIFY'], dynamodb: { NewImage: { kind: { S: ['ACCOUNT'] }, writtenBy: { S: writers } } } },
      {
        eventName: ['INSERT', 'MODIFY'],
        dynamodb: {
          NewImage: { kind: { S: ['PAYMENT'] }, outcome: { S: ['DECLINED'] }, reason: { S: ['expired'] }, writtenBy: { S: writers } },
        },
      },
      { eventName: ['INSERT'], dynamodb: { NewImage: { kind: { S: ['PAYMENT'] }, hold: { S: ['BESIDE'] }, writtenBy: { S: writers } } } },
    ];
    expect(patternsOf(own)).toEqual(patterns(['us-east-1']));
    expect(patternsOf(peers)).toEqual(patterns(['us-west-2']));
  });

  test('is looked up while the stack is deployed, and the right to read it is there before', () => {
    expect(JSON.stringify(own.EventSourceArn)).toContain('StreamArn');
    for (const mapping of Object.values(template.findResources('AWS::Lambda::EventSourceMapping'))) {
      if (mapping.Properties.BisectBatchOnFunctionError) expect((mapping.DependsOn as string[]).join()).toMatch(/Policy/);
    }
  });
});

test('each function has the rights that it needs, and no other', () => {
  const roles = plain(statementsByRole(outbox())) as Record<string, { Action: string | string[]; Resource: unknown }[]>;
  const actions = (role: string): string[] => [...new Set(roles[role].flatMap(({ Action }) => Action))].sort();
  const kms = ['kms:Decrypt', 'kms:DescribeKey'];
  const stream = ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'];
  const send = ['sqs:GetQueueAttributes', 'sqs:GetQueueUrl', 'sqs:SendMessage'];
  const take = ['sqs:ChangeMessageVisibility', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:GetQueueUrl', 'sqs:ReceiveMessage'];
  const items = ['dynamodb:BatchGetItem', 'dynamodb:GetItem'];
  const sorted = (...lists: string[][]): string[] => [...new Set(lists.flat())].sort();
  expect(actions('OutboxPublish')).toEqual(
    sorted(kms, stream, send, items, ['dynamodb:ListStreams', 'events:DescribeEventBus', 'events:PutEvents']),
  );
  expect(actions('OutboxSweep')).toEqual(
    sorted(kms, stream, send, take, items, ['dynamodb:ListStreams', 'events:DescribeEventBus', 'events:PutEvents']),
  );
  expect(actions('OutboxRedrive')).toEqual(
    sorted(kms, stream, take, send, items, ['dynamodb:PutItem', 'events:DescribeEventBus', 'events:PutEvents']),
  );
  const writes = Object.entries(roles)
    .filter(([role]) => role.startsWith('Outbox'))
    .flatMap(([, statements]) => statements)
    .filter(({ Action }) => [Action].flat().some((action) => /dynamodb:(Put|Update|Delete|Scan|Query)/.test(action)));
  // The mark of a record that was set aside, in the mesh's table, is all that any of them writes.
  expect(writes).toEqual([
    {
      Action: 'dynamodb:PutItem',
      Effect: 'Allow',
      Resource: expect.stringMatching(/:table\/acme-pay-mesh$/),
      Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['aside#*'] } },
    },
  ]);
});

test('hints wait five minutes, and are given up where somebody sees it', () => {
  const template = outbox();
  template.hasResourceProperties('AWS::SQS::Queue', {
    QueueName: 'acme-pay-sweep',
    DelaySeconds: 300,
    SqsManagedSseEnabled: true,
    RedrivePolicy: { maxReceiveCount: 30, deadLetterTargetArn: Match.anyValue() },
  });
  template.hasResourceProperties('AWS::SQS::Queue', { QueueName: 'acme-pay-sweep-dlq', MessageRetentionPeriod: 1_209_600 });
  template.hasResourceProperties('AWS::SQS::Queue', { QueueName: 'acme-pay-outbox-dlq', MessageRetentionPeriod: 1_209_600 });
});

test("the sweep publishes on this region's own bus, also where the outbox uses a global endpoint", () => {
  const template = outbox({}, regions, MeshTransport.globalEndpoint());
  const environments = Object.entries(template.findResources('AWS::Lambda::Function'))
    .filter(([id]) => /^Outbox(Publish|Sweep)Function/.test(id))
    .map(([, { Properties }]) => Properties.Environment.Variables);
  expect(environments.map((variables) => 'MESH_ENDPOINT_ID' in variables)).toEqual([true, false]);
  template.hasResourceProperties('AWS::Lambda::Function', {
    Environment: {
      Variables: Match.objectLike({ SWEEP_SILENT_AFTER_MS: '180000', SWEEP_ALIVE_WITHIN_MS: '90000', MESH_BUS_NAME: 'acme-pay-events' }),
    },
  });
});

test(
  'behind a global endpoint the region that is not its primary notes its own writes too: the primary can be lost with ' + 'their events',
  () => {
    const noted = (primary: string): unknown => {
      const template = outbox({}, regions, MeshTransport.globalEndpoint({ primary }));
      const [sweep] = Object.values(
        template.findResources('AWS::Lambda::Function', Match.objectLike({ Properties: { Description: 'acme-pay: sweep' } })),
      );
      return [
        sweep.Properties.Environment.Variables.SWEEP_TAKEN_BY,
        ofStream(template).map((mapping) => patternsOf(mapping)[0].dynamodb.NewImage.writtenBy.S),
      ];
    };
    expect(noted('us-east-1')).toEqual([undefined, [['us-east-1'], ['us-west-2']]]);
    expect(noted('us-west-2')).toEqual(['us-west-2', [['us-east-1'], ['us-east-1', 'us-west-2']]]);
  },
);

test('works in mode HOME_REGION as well', () => {
  expect(ofStream(outbox({}, homeRegions)).map((mapping) => patternsOf(mapping)[0].dynamodb.NewImage.writtenBy.S)).toEqual([
    ['us-east-1'],
    ['eu-central-1'],
  ]);
});

test('can be without a sweep', () => {
  const template = outbox({ sweep: { enabled: false } });
  expect(ofStream(template)).toHaveLength(1);
  expect(JSON.stringify(template.findResources('AWS::SQS::Queue'))).not.toContain('acme-pay-sweep');
  expect(JSON.stringify(template.findResources('AWS::Lambda::Function'))).not.toContain('SWEEP_');
});

test("its queues take a key of the team's", () => {
  const stack = newStack();
  const key = new Key(stack, 'Key');
  const mesh = new CrossRegionEventMesh(stack, 'Mesh', { systemName, regions: regions.replicas });
  new LedgerOutbox(stack, 'Outbox', { ledger: LedgerReplica.of(stack, systemName, regions), mesh, encryptionKey: key });
  const queues = Object.values(Template.fromStack(stack).findResources('AWS::SQS::Queue')).filter(({ Properties }) =>
    /outbox|sweep/.test(Properties.QueueName),
  );
  expect(queues).toHaveLength(3);
  for (const { Properties } of queues) expect(Properties.KmsMasterKeyId).toBeDefined();
});

test('alarms have the documented thresholds', () => {
  const alarms = Object.entries(outbox().findResources('AWS::CloudWatch::Alarm')).filter(([id]) => id.startsWith('Outbox'));
  const summary = alarms.map(([id, { Properties }]) => [
    id.slice('Outbox'.length, -8),
    [Properties.Threshold, Properties.DatapointsToAlarm, Properties.MetricName],
  ]);
  expect(Object.fromEntries(summary)).toEqual({
    Age: [60_000, 3, 'IteratorAge'],
    DeadLetterAlarm: [1, 1, 'ApproximateNumberOfMessagesVisible'],
    SweepAge: [300_000, 3, 'IteratorAge'],
    Unread: [1, 2, undefined],
    SweepDeadLetterAlarm: [1, 1, 'ApproximateNumberOfMessagesVisible'],
  });
});

describe('refuses', () => {
  const refused: [string, () => unknown, RegExp][] = [
    [
      'a delay beyond what SQS holds back',
      () => outbox({ sweep: { delay: Duration.minutes(16) } }),
      /'sweep.delay' is 960 s; allowed: 0 to 15 minutes/,
    ],
    [
      'an age at which the stream has forgotten',
      () => outbox({ maxRecordAge: Duration.hours(24) }),
      /'maxRecordAge' is 86400 s; allowed: 1 minute to 20 hours/,
    ],
    ['no attempts', () => outbox({ retryAttempts: 0 }), /'retryAttempts' is 0/],
    ['eleven batches at once', () => outbox({ parallelizationFactor: 11 }), /'parallelizationFactor' is 11; allowed: 1 to 10/],
    [
      'a mesh of another system',
      () => {
        const stack = newStack();
        outbox({ mesh: new CrossRegionEventMesh(stack, 'Mesh', { systemName: 'other', regions: regions.replicas }) });
      },
      /'mesh' is of system 'other'; allowed: the ledger's own system, 'acme-pay'/,
    ],
    [
      'a mesh over other regions',
      () => {
        const stack = newStack();
        outbox({ mesh: new CrossRegionEventMesh(stack, 'Mesh', { systemName, regions: ['us-east-1', 'eu-central-1'] }) });
      },
      /'mesh' is over us-east-1, eu-central-1; allowed: the ledger's replicas, us-east-1, us-west-2/,
    ],
  ];
  test.each(refused)('%s', (_, make, message) => expect(make).toThrow(message));
});

test('all functions that publish know the synthetic tenants', () => {
  const variablesOf = (syntheticTenants?: string[]): unknown[] => {
    const stack = newStack();
    const mesh = new CrossRegionEventMesh(stack, 'Mesh', { systemName, regions: regions.replicas });
    new LedgerOutbox(stack, 'Outbox', { ledger: LedgerReplica.of(stack, systemName, regions, { syntheticTenants }), mesh });
    return Object.entries(Template.fromStack(stack).findResources('AWS::Lambda::Function'))
      .filter(([id]) => id.startsWith('Outbox'))
      .map(([, { Properties }]) => Properties.Environment?.Variables?.SYNTHETIC_TENANTS as unknown)
      .filter((value) => value !== undefined);
  };
  expect(variablesOf()).toEqual([]);
  expect(variablesOf(['canary'])).toEqual(['["canary"]', '["canary"]', '["canary"]']);
});
