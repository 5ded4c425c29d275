import { Duration, Stack, Stage } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { CrossRegionEventMesh, LedgerOutbox, LedgerReplica } from '../../src/index';
import { account, newApp, regions } from '../cdk/stacks';

// What is put on a bus that is not there is answered with an event ID, and gone.
const env = { account, region: 'us-east-1' };
const publisher = { source: 'acme.shipping' };
const meshIn = (stack: Stack, encryptionKey?: Key): CrossRegionEventMesh =>
  new CrossRegionEventMesh(stack, 'Mesh', { systemName: 'acme-pay', regions: regions.replicas, encryptionKey });
const functionIn = (stack: Stack): Function =>
  new Function(stack, 'Shipping', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = 1'),
    timeout: Duration.seconds(30),
  });
const idsOf = (template: Template, type: string): string[] => Object.keys(template.findResources(type));
const dependenciesOf = (template: Template, type: string, id: RegExp): string[] => {
  const found = Object.entries(template.findResources(type)).filter(([name]) => id.test(name));
  expect(found).toHaveLength(1);
  return (found[0][1].DependsOn as string[]) ?? [];
};

test.each(['grantPublish', 'publisherEnvironment'] as const)(
  'a publisher in the stack of the mesh is made after bus, policies and its queue, by %s',
  (by) => {
    const stack = new Stack(newApp(), 'One', { env });
    const mesh = meshIn(stack, new Key(stack, 'Key'));
    const shipping = functionIn(stack);
    mesh[by](shipping, publisher);
    const template = Template.fromStack(stack);
    const after = dependenciesOf(template, 'AWS::Lambda::Function', /^Shipping/);
    const queue = idsOf(template, 'AWS::SQS::Queue').filter((id) => id.includes('acmeshipping'));
    expect(queue).toHaveLength(1);
    expect(idsOf(template, 'AWS::Events::EventBus')).toHaveLength(1);
    expect(after).toEqual(
      expect.arrayContaining([...idsOf(template, 'AWS::Events::EventBus'), ...idsOf(template, 'AWS::Events::EventBusPolicy'), ...queue]),
    );
  },
);

test("a publisher in another stack has that stack deployed after the mesh's", () => {
  const app = newApp();
  const [meshStack, stack] = [new Stack(app, 'Mesh', { env }), new Stack(app, 'Shop', { env })];
  meshIn(meshStack).grantPublish(functionIn(stack), publisher);
  expect(stack.dependencies).toEqual([meshStack]);
});

test('the outbox and the sweep are made after the bus, in one stack and in two', () => {
  const app = newApp();
  const [meshStack, stack] = [new Stack(app, 'Mesh', { env }), new Stack(app, 'Region', { env })];
  new LedgerOutbox(stack, 'Outbox', { ledger: LedgerReplica.of(stack, 'acme-pay', regions), mesh: meshIn(meshStack) });
  expect(stack.dependencies).toEqual([meshStack]);

  const one = new Stack(newApp(), 'One', { env });
  new LedgerOutbox(one, 'Outbox', { ledger: LedgerReplica.of(one, 'acme-pay', regions), mesh: meshIn(one) });
  const template = Template.fromStack(one);
  for (const id of [/^OutboxPublishFunction/, /^OutboxSweepFunction/, /^OutboxRedriveFunction/]) {
    expect(dependenciesOf(template, 'AWS::Lambda::Function', id)).toEqual(expect.arrayContaining(idsOf(template, 'AWS::Events::EventBus')));
  }
});

test('two stacks that are deployed the other way round keep their order, with a warning that says which to deploy first', () => {
  const app = newApp();
  const [meshStack, stack] = [new Stack(app, 'Mesh', { env }), new Stack(app, 'Shop', { env })];
  meshStack.addStackDependency(stack);
  meshIn(meshStack).grantPublish(functionIn(stack), publisher);
  expect(stack.dependencies).toEqual([]);
  Annotations.fromStack(stack).hasWarning(
    '*',
    Match.stringLikeRegexp("Shop/Shipping.* uses Mesh/Mesh/Bus.* by its name .* stack 'Mesh' is deployed after 'Shop'"),
  );
});

test('nothing is ordered between stages, nor for what is imported', () => {
  const app = newApp();
  const mesh = meshIn(new Stack(app, 'Mesh', { env }));
  const stack = new Stack(new Stage(app, 'Prod'), 'Shop', { env });
  mesh.grantPublish(functionIn(stack), publisher);
  mesh.grantPublish(
    Function.fromFunctionAttributes(stack, 'Imported', {
      functionArn: `arn:aws:lambda:us-east-1:${account}:function:there`,
      sameEnvironment: true,
    }),
    publisher,
  );
  expect(stack.dependencies).toEqual([]);
  expect(() => app.synth()).not.toThrow();
});
