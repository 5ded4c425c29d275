import { Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { bus, meshIn, shipping, two } from './shop-mesh';
import { MeshTransport } from '../../src/index';
import { account, newApp, plain, statementsByRole } from '../cdk/stacks';

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
