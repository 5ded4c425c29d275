import { Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { CfnRule, EventBus } from 'aws-cdk-lib/aws-events';
import { EventBus as BusTarget, SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { CrossRegionEventMesh, MeshRetryOptions } from '../../src/index';
import { account, newApp } from '../cdk/stacks';

const anotherBus = `arn:aws:events:eu-west-1:${account}:event-bus/other`;

function newMesh(): { readonly stack: Stack; readonly mesh: CrossRegionEventMesh; readonly app: ReturnType<typeof newApp> } {
  const app = newApp();
  const stack = new Stack(app, 'mesh', { env: { account, region: 'us-east-1' } });
  return { app, stack, mesh: new CrossRegionEventMesh(stack, 'Mesh', { systemName: 'shop', regions: ['us-east-1', 'eu-central-1'] }) };
}

describe('the retry policy of a target of the mesh', () => {
  test.each<[string, 'queue' | 'bus', MeshRetryOptions, string]>([
    ['two days', 'queue', { maxEventAge: Duration.days(2) }, "'retry.maxEventAge' is 172800 seconds; allowed: 60 seconds to 24 hours"],
    ['200 attempts', 'queue', { maxAttempts: 200 }, "'retry.maxAttempts' is 200; allowed: a whole number from 0 to 185"],
    ['any for a bus', 'bus', { maxAttempts: 2 }, "'retry' is set for a bus"],
  ])('is refused: %s', (_what, kind, retry, message) => {
    const { stack, mesh } = newMesh();
    const target = kind === 'bus' ? new BusTarget(new EventBus(stack, 'Other')) : new SqsQueue(new Queue(stack, 'Queue'));
    expect(() => mesh.addTarget(stack, 'Orders', { target, retry })).toThrow(message);
  });

  test.each<[string, (stack: Stack) => BusTarget]>([
    ['of this stack', (stack) => new BusTarget(new EventBus(stack, 'Other', { eventBusName: 'other' }))],
    ['by its ARN', (stack) => new BusTarget(EventBus.fromEventBusArn(stack, 'Other', anotherBus))],
  ])('is left out for a bus %s, since EventBridge refuses one', (_what, target) => {
    const { stack, mesh } = newMesh();
    mesh.addTarget(stack, 'Orders', { target: target(stack) });
    const rules = Template.fromStack(stack).findResources('AWS::Events::Rule', {
      Properties: { EventPattern: { source: ['shop.ledger'], detail: { origin: ['us-east-1', 'eu-central-1'] } } },
    });
    const targets = Object.values(rules)
      .flatMap(({ Properties }) => Properties.Targets as object[])
      .filter((one) => 'RoleArn' in one);
    expect(targets).toEqual([
      { Arn: expect.anything(), DeadLetterConfig: expect.anything(), Id: expect.any(String), RoleArn: expect.anything() },
    ]);
  });

  test("is found in a rule of the team's own, on a bus as its target", () => {
    const { app, stack } = newMesh();
    const arn = stack.formatArn({ service: 'events', region: 'eu-west-1', resource: 'event-bus', resourceName: 'other' });
    const target = { id: 'Other', arn, deadLetterConfig: { arn: `arn:aws:sqs:us-east-1:${account}:q` } };
    const rule = new CfnRule(stack, 'Retried', {
      eventBusName: 'shop-events',
      eventPattern: { source: ['shop'] },
      targets: [{ ...target, retryPolicy: { maximumRetryAttempts: 2 } }],
    });
    expect(() => app.synth()).toThrow(/'targets of mesh\/Retried' is 1 bus with a retry policy; .* fix: remove retryPolicy/);
    rule.targets = [target];
    app.synth();
  });
});
