import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { CrossRegionEventMesh, IdempotentConsumer, MeshTransport } from '../../src/index';
import { account, newApp, newStack, plain } from '../cdk/stacks';

// CloudFormation makes a resource after all that it depends on, and removes it before them: what is asserted of the one order holds for the
// other.

interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, any>;
  readonly DependsOn?: string[];
}
type Resources = Record<string, Resource>;

const regions = ['us-east-1', 'us-west-2', 'eu-central-1'];

function resourcesOf(stack: Stack): Resources {
  return (Template.fromStack(stack).toJSON() as { Resources: Resources }).Resources;
}

function namesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(namesIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'Ref' || key === 'Fn::GetAtt' ? [[inner].flat()[0] as string] : namesIn(inner),
  );
}

/** All that is there before this resource. */
function before(resources: Resources, id: string, found = new Set<string>()): Set<string> {
  const { Properties, DependsOn = [] } = resources[id];
  for (const other of [...namesIn(Properties), ...[DependsOn].flat()]) {
    if (resources[other] && !found.has(other)) before(resources, other, found.add(other));
  }
  return found;
}

/** The queues that a rule's targets name, each with its policy. */
function queuesOf(resources: Resources, rule: Resource): string[] {
  const given = plain(rule.Properties.Targets) as { Arn: unknown; DeadLetterConfig?: { Arn: unknown } }[];
  const targets = given.flatMap(({ Arn, DeadLetterConfig }) => [Arn, DeadLetterConfig?.Arn]);
  const isNamed = (id: string, name: string): boolean =>
    targets.some((arn) => namesIn(arn).includes(id) || (typeof arn === 'string' && arn.endsWith(`:${name}`)));
  const of = (type: string): [string, Resource][] => Object.entries(resources).filter(([, { Type }]) => Type === type);
  const queues = of('AWS::SQS::Queue')
    .filter(([id, { Properties }]) => isNamed(id, Properties.QueueName as string))
    .map(([id]) => id);
  const policies = of('AWS::SQS::QueuePolicy')
    .filter(([, { Properties }]) => namesIn(Properties.Queues).some((id) => queues.includes(id)))
    .map(([id]) => id);
  return [...queues, ...policies];
}

function rulesOf(resources: Resources): [string, Resource][] {
  return Object.entries(resources).filter(
    ([, { Type, Properties }]) => Type === 'AWS::Events::Rule' && Properties.EventBusName !== undefined,
  );
}

/** What a rule may need before it is there; by rule. */
function late(resources: Resources): Record<string, string[]> {
  return Object.fromEntries(
    rulesOf(resources).map(([id, rule]) => [id, queuesOf(resources, rule).filter((queue) => !before(resources, id).has(queue))]),
  );
}

function everything(transport: MeshTransport, key: boolean, meshRegions = regions): Stack {
  const stack = newStack();
  const encryptionKey = key ? new Key(stack, 'Key') : undefined;
  const mesh = new CrossRegionEventMesh(stack, 'Mesh', { systemName: 'acme-pay', regions: meshRegions, transport, encryptionKey });
  const handler = new Function(stack, 'Team', { runtime: Runtime.NODEJS_LATEST, handler: 'index.handler', code: Code.fromInline('//') });
  new IdempotentConsumer(stack, 'Recorder', { mesh, consumerName: 'recorder', handler, encryptionKey });
  mesh.addTarget(stack, 'Orders', {
    target: new SqsQueue(Queue.fromQueueArn(stack, 'Orders-Queue', `arn:aws:sqs:us-east-1:${account}:orders`)),
    types: ['order.shipped'],
  });
  return stack;
}

test.each([
  ['rules', MeshTransport.rules(), false, 6, regions],
  ['rules with a key', MeshTransport.rules(), true, 6, regions],
  ['a global endpoint', MeshTransport.globalEndpoint(), false, 4, regions.slice(0, 2)],
  ['a global endpoint with a key', MeshTransport.globalEndpoint(), true, 4, regions.slice(0, 2)],
])(
  'with %s, a rule comes after the queues of its targets and dead letters and their policies, and goes before them',
  (_name, transport, key, rules, meshRegions) => {
    const resources = resourcesOf(everything(transport, key, meshRegions));
    const named = rulesOf(resources).map(([, rule]) => queuesOf(resources, rule).length);
    // Every rule has the mesh's dead-letter queue and its policy; strays and the consumer have a queue of their own besides.
    expect(named.sort()).toEqual([...Array<number>(rules - 2).fill(2), 4, 4]);
    expect(late(resources)).toEqual(Object.fromEntries(rulesOf(resources).map(([id]) => [id, []])));
  },
);

test("a bus that dead-letters by itself comes after that queue's policy", () => {
  const resources = resourcesOf(everything(MeshTransport.rules(), true));
  const [[id]] = Object.entries(resources).filter(([, { Type }]) => Type === 'AWS::Events::EventBus');
  const policies = [...before(resources, id)].filter((other) => resources[other].Type === 'AWS::SQS::QueuePolicy');
  expect(policies).toEqual(expect.arrayContaining([expect.stringContaining('QueuesDeadLetters')]));
});

test("in another stack than the mesh, a rule comes after the mesh's stack", () => {
  const app = newApp();
  const mesh = new CrossRegionEventMesh(new Stack(app, 'mesh', { env: { account, region: 'us-east-1' } }), 'Mesh', {
    systemName: 'acme-pay',
    regions,
  });
  const stack = new Stack(app, 'consumer', { env: { account, region: 'us-east-1' } });
  const handler = new Function(stack, 'Team', { runtime: Runtime.NODEJS_LATEST, handler: 'index.handler', code: Code.fromInline('//') });
  new IdempotentConsumer(stack, 'Recorder', { mesh, consumerName: 'recorder', handler });
  app.synth();
  expect(stack.dependencies.map(({ node }) => node.id)).toEqual(['mesh']);
  expect(Object.values(late(resourcesOf(stack)))).toEqual([[]]);
});
