import { Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Role } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Code, Function, IFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { allowedByResource, ResourceStatement } from '../../local/iam/resource-policy';
import { inboxMetadata } from '../../src/events/contract';
import { ConsumerHandling, CrossRegionEventMesh, IdempotentConsumer, IdempotentConsumerProps, StaleEvents } from '../../src/index';
import { account, newStack, plain, regions, statementsByRole } from '../cdk/stacks';

function team(stack: Stack, timeout = Duration.seconds(10)): Function {
  return new Function(stack, 'Team', {
    runtime: Runtime.PYTHON_3_13,
    handler: 'index.handler',
    code: Code.fromInline('def handler(event, context): pass'),
    timeout,
  });
}

function consumer(
  props: Partial<IdempotentConsumerProps> = {},
  timeout?: Duration,
): { stack: Stack; made: IdempotentConsumer; template: Template } {
  const stack = newStack();
  const mesh = new CrossRegionEventMesh(stack, 'Mesh', { systemName: 'acme-pay', regions: ['us-east-1', 'us-west-2'] });
  const made = new IdempotentConsumer(stack, 'Recorder', { mesh, consumerName: 'recorder', handler: team(stack, timeout), ...props });
  return { stack, made, template: Template.fromStack(stack) };
}

describe('by default', () => {
  const { template } = consumer();

  test('every event of the ledger, from every region, comes into its queue', () => {
    const rules = Object.entries(template.findResources('AWS::Events::Rule')).filter(([id]) => id.startsWith('RecorderRule'));
    expect(rules).toHaveLength(1);
    const { EventPattern, Targets } = rules[0][1].Properties;
    expect(EventPattern).toMatchObject({ source: ['acme-pay.ledger'], detail: { origin: ['us-east-1', 'us-west-2'] } });
    expect(Targets[0]).toMatchObject({ DeadLetterConfig: expect.anything(), RetryPolicy: expect.anything() });
  });

  test('the queue is encrypted, asks for TLS, and gives up into a queue of its own', () => {
    template.hasResourceProperties('AWS::SQS::Queue', {
      QueueName: 'acme-pay-recorder',
      SqsManagedSseEnabled: true,
      VisibilityTimeout: 130,
      RedrivePolicy: { maxReceiveCount: 100, deadLetterTargetArn: Match.anyValue() },
    });
    template.hasResourceProperties('AWS::SQS::Queue', { QueueName: 'acme-pay-recorder-dlq', MessageRetentionPeriod: 1_209_600 });
    expect(JSON.stringify(template.findResources('AWS::SQS::QueuePolicy'))).toContain('aws:SecureTransport');
  });

  test('the inbox forgets, can be restored, is kept, and is found by its metadata', () => {
    const [[, table]] = Object.entries(template.findResources('AWS::DynamoDB::Table')).filter(([id]) => id.startsWith('Recorder'));
    expect(table).toMatchObject({
      DeletionPolicy: 'Retain',
      Metadata: { [inboxMetadata]: { consumer: 'recorder' } },
      Properties: {
        TableName: 'acme-pay-recorder-inbox',
        BillingMode: 'PAY_PER_REQUEST',
        TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        DeletionProtectionEnabled: true,
      },
    });
  });

  test('our function reads the queue with partial failures, and may do no more than it needs', () => {
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 10 },
      EventSourceArn: Match.objectLike({}),
    });
    const statements = plain(statementsByRole(template).RecorderConsumer) as { Action: string | string[] }[];
    expect([...new Set(statements.flatMap(({ Action }) => Action))].sort()).toEqual([
      'dynamodb:GetItem',
      'dynamodb:PutItem',
      'dynamodb:UpdateItem',
      'lambda:InvokeFunction',
      'sqs:ChangeMessageVisibility',
      'sqs:DeleteMessage',
      'sqs:GetQueueAttributes',
      'sqs:GetQueueUrl',
      'sqs:ReceiveMessage',
      'sqs:SendMessage',
    ]);
    template.hasResourceProperties('AWS::Lambda::Function', {
      // Two leases of 15 s for the handler, 10 s for its start and 5 s for the rest, and 5 s more.
      Timeout: 65,
      Environment: {
        Variables: Match.objectLike({
          CONSUMER_NAME: 'recorder',
          CONSUMER_MAX_ATTEMPTS: '5',
          CONSUMER_REMEMBER_DAYS: '30',
          CONSUMER_HANDLER_TIMEOUT_MS: '15000',
          CONSUMER_STALE_EVENTS: 'DELIVER',
          CONSUMER_SOURCES: 'acme-pay.ledger',
        }),
      },
    });
  });

  test('alarms have the documented thresholds', () => {
    const alarms = Object.entries(template.findResources('AWS::CloudWatch::Alarm')).filter(([id]) =>
      /^Recorder(Age|DeadLetter|SetAside|Refused)/.test(id),
    );
    expect(
      Object.fromEntries(
        alarms.map(([id, { Properties }]) => [id.slice('Recorder'.length, -8), [Properties.Threshold, Properties.DatapointsToAlarm]]),
      ),
    ).toEqual({ Age: [300, 3], DeadLetterAlarm: [1, 1], SetAside: [1, 1], Refused: [1, 1] });
  });
});

test.each([
  ['with a key', true],
  ['without one', false],
])('%s, EventBridge puts into its queue for its own rule alone, and for no rule of another account', (_, withKey) => {
  const stack = newStack();
  const mesh = new CrossRegionEventMesh(stack, 'Mesh', { systemName: 'acme-pay', regions: ['us-east-1', 'us-west-2'] });
  new IdempotentConsumer(stack, 'Recorder', {
    mesh,
    consumerName: 'recorder',
    handler: team(stack),
    ...(withKey ? { encryptionKey: new Key(stack, 'Key') } : {}),
  });
  const template = Template.fromStack(stack);
  const [[queue]] = Object.entries(template.findResources('AWS::SQS::Queue', { Properties: { QueueName: 'acme-pay-recorder' } }));
  const [
    {
      Properties: { PolicyDocument },
    },
  ] = Object.values(plain(template.findResources('AWS::SQS::QueuePolicy'))).filter(({ Properties }) =>
    JSON.stringify(Properties.Queues).includes(`"${queue}"`),
  );
  const statements = (PolicyDocument.Statement as ResourceStatement[]).map((one) => ({ ...one, Resource: undefined }));
  const rule = Object.values(template.findResources('AWS::Events::Rule'))
    .map(({ Properties }) => Properties.Name as string)
    .find((name) => /Recorder/.test(name ?? ''))!;
  const put = (arn: string, owner: string): boolean =>
    allowedByResource(statements, {
      principal: { service: 'events.amazonaws.com' },
      action: 'sqs:SendMessage',
      resource: 'queue',
      context: {
        'aws:securetransport': 'true',
        'aws:principalisawsservice': 'true',
        'aws:sourceaccount': owner,
        'aws:sourcearn': `arn:<AWS::Partition>:events:us-east-1:${owner}:rule/${arn}`,
      },
    });
  const own = `acme-pay-events/${rule}`;
  expect([put(own, account), put(own, '999988887777'), put('acme-pay-events/other', account), put('mine', account)]).toEqual([
    true,
    false,
    false,
    false,
  ]);
  if (withKey) expect(JSON.stringify(template.findResources('AWS::KMS::Key'))).toContain('"Service":"events.amazonaws.com"');
});

test('a wrapped handler reads the queue itself, with what it needs in its environment', () => {
  const { template } = consumer(
    { handling: ConsumerHandling.WRAPPED, staleEvents: StaleEvents.SKIP, types: ['payment.captured'] },
    Duration.seconds(45),
  );
  const functions = Object.entries(template.findResources('AWS::Lambda::Function')).map(([id]) => id);
  expect(functions.filter((id) => id.startsWith('RecorderConsumer'))).toEqual([]);
  template.hasResourceProperties('AWS::Lambda::Function', {
    Handler: 'index.handler',
    Runtime: 'python3.13',
    Environment: { Variables: Match.objectLike({ CONSUMER_NAME: 'recorder', CONSUMER_STALE_EVENTS: 'SKIP' }) },
  });
  template.hasResourceProperties('AWS::Events::Rule', { EventPattern: Match.objectLike({ 'detail-type': ['payment.captured'] }) });
  // It has started when it takes an event up.
  template.hasResourceProperties('AWS::SQS::Queue', { QueueName: 'acme-pay-recorder', VisibilityTimeout: 90 });
});

test('what it accepts is what its rule asks for, and what its function believes', () => {
  const { template } = consumer({ sources: ['acme.shipping', 'acme.orders'] });
  template.hasResourceProperties('AWS::Events::Rule', { EventPattern: Match.objectLike({ source: ['acme.shipping', 'acme.orders'] }) });
  template.hasResourceProperties('AWS::Lambda::Function', {
    Environment: { Variables: Match.objectLike({ CONSUMER_SOURCES: 'acme.shipping acme.orders' }) },
  });
});

test('a handler that completes in its own transaction is granted one action on the inbox', () => {
  const stack = newStack();
  const mesh = new CrossRegionEventMesh(stack, 'Mesh', { systemName: 'acme-pay', regions: ['us-east-1', 'us-west-2'] });
  const handler = team(stack);
  new IdempotentConsumer(stack, 'Recorder', { mesh, consumerName: 'recorder', handler }).grantComplete(handler);
  const statements = plain(
    statementsByRole(Template.fromStack(stack)).TeamServiceRole ??
      Object.entries(statementsByRole(Template.fromStack(stack))).find(([role]) => role.startsWith('Team'))![1],
  ) as { Action: unknown }[];
  expect(statements.map(({ Action }) => Action)).toEqual(['dynamodb:UpdateItem']);
});

describe('refuses', () => {
  const refused: [string, Partial<IdempotentConsumerProps>, RegExp][] = [
    [
      'a name that no resource can have',
      { consumerName: 'Recorder 1' },
      /'consumerName' is 'Recorder 1'; allowed: 2 to 30 lower-case letters/,
    ],
    [
      'a lease that the handler outlives',
      { handlerTimeout: Duration.seconds(5) },
      /'handlerTimeout' is the called handler's own timeout, 10 s, against `handlerTimeout`, 5 s; allowed: .*a second attempt begins while the first runs/,
    ],
    [
      'forgetting before a dead-letter queue does',
      { remember: Duration.days(14) },
      /'remember' is 14 days; allowed: 15 to 3650 whole days/,
    ],
    ['no attempt', { maxAttempts: 0 }, /'maxAttempts' is 0; allowed: 1 to 100/],
    ['one call at a time', { maxConcurrency: 1 }, /'maxConcurrency' is 1; allowed: 2 to 1000/],
    ['no source', { sources: [] }, /'sources' is 0 of them; allowed: 1 to 20/],
    ['a source that IAM would read as a pattern', { sources: ['acme.*'] }, /'sources' is 'acme\.\*'; allowed: 1 to 128 of A-Z a-z 0-9/],
    ['a source that would run into the tenant', { sources: ['acme#x'] }, /'sources' is 'acme#x'/],
    ['an endless handler', { handlerTimeout: Duration.minutes(6) }, /'handlerTimeout' is 6 minutes; allowed: 1 second to 5 minutes/],
  ];
  test.each(refused)('%s', (_, props, message) => expect(() => consumer(props)).toThrow(message));
});

test.each<[string, (stack: Stack) => IFunction]>([
  ['by its ARN', (stack) => Function.fromFunctionArn(stack, 'Imported', `arn:aws:lambda:us-east-1:${account}:function:mail`)],
  ['by its name', (stack) => Function.fromFunctionName(stack, 'Imported', 'mail')],
  [
    'by attributes without a role',
    (stack) =>
      Function.fromFunctionAttributes(stack, 'Imported', {
        functionArn: `arn:aws:lambda:us-east-1:${account}:function:mail`,
        sameEnvironment: true,
      }),
  ],
])('a wrapped handler that is imported %s is refused in our words: its role needs rights', (_how, handler) => {
  const stack = newStack();
  const mesh = new CrossRegionEventMesh(stack, 'Mesh', { systemName: 'acme-pay', regions: regions.replicas });
  expect(
    () =>
      new IdempotentConsumer(stack, 'Mailer', {
        mesh,
        consumerName: 'mailer',
        handler: handler(stack),
        handling: ConsumerHandling.WRAPPED,
      }),
  ).toThrow(
    "[Stack/Mailer] 'handler' is Stack/Imported, imported without its role; allowed: with ConsumerHandling.WRAPPED a function whose " +
      'role is known',
  );
});

test('a wrapped handler that is imported with its role is taken, and a called one needs none', () => {
  const stack = newStack();
  const mesh = new CrossRegionEventMesh(stack, 'Mesh', { systemName: 'acme-pay', regions: regions.replicas });
  const functionArn = `arn:aws:lambda:us-east-1:${account}:function:mail`;
  const role = Role.fromRoleArn(stack, 'Role', `arn:aws:iam::${account}:role/mail`);
  const wrapped = Function.fromFunctionAttributes(stack, 'Imported', { functionArn, role, sameEnvironment: true });
  expect(
    () => new IdempotentConsumer(stack, 'Mailer', { mesh, consumerName: 'mailer', handler: wrapped, handling: ConsumerHandling.WRAPPED }),
  ).not.toThrow();
  const called = Function.fromFunctionArn(stack, 'Called', functionArn);
  expect(() => new IdempotentConsumer(stack, 'Printer', { mesh, consumerName: 'printer', handler: called })).not.toThrow();
});
