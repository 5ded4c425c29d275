import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { TransportStrategy, peersOf } from '../../src/events/mesh/transport/strategy';
import { CrossRegionEventMesh, LedgerOutbox, LedgerReplica, MeshTransport } from '../../src/index';
import { account, newApp, plain, regions as ledgerRegions } from '../cdk/stacks';

const regions = ['us-east-1', 'us-west-2'];
const [first, second] = regions;
const systemName = 'acme-pay';

/** A third transport, of nothing but this one object: events pass through a queue that a relay of the team's own empties. */
const relay: TransportStrategy = {
  problem: (_scope, { length }) =>
    length <= 2
      ? undefined
      : { prop: 'transport', given: `relay with ${length} regions`, allowed: 'two regions', mend: 'use MeshTransport.rules()' },
  describe: () => 'relay',
  senders: ({ systemName: name }) => ({ Relay: `${name}-relay` }),
  publishingRegions: ({ region }) => [region],
  publishedTo: peersOf,
  takenBy: ({ region }) => (region === first ? undefined : first),
  watchedRules: ({ systemName: name }) => ({ relay: `${name}-to-relay` }),
  define: (scope, { systemName: name, region, bus, deadLetterQueueArn }) => {
    new Rule(scope, 'ToRelay', {
      ruleName: `${name}-to-relay`,
      eventBus: bus,
      eventPattern: { detail: { origin: [region] } },
      targets: [
        new SqsQueue(new Queue(scope, 'Relay'), { deadLetterQueue: Queue.fromQueueArn(scope, 'DeadLettersOfRelay', deadLetterQueueArn) }),
      ],
    });
  },
  endpointId: (_scope, { region }) => `relay.${region}`,
};

function meshIn(region: string, transport: MeshTransport, app = newApp(), of = regions): CrossRegionEventMesh {
  const stack = new Stack(app, `mesh-${region}`, { env: { account, region } });
  return new CrossRegionEventMesh(stack, 'Mesh', { systemName, regions: of, transport });
}

describe('a third transport', () => {
  const transport = MeshTransport._of(relay);

  test('makes its own resources and none of the other two', () => {
    const template = Template.fromStack(Stack.of(meshIn(second, transport)));
    template.hasResourceProperties('AWS::Events::Rule', { Name: 'acme-pay-to-relay', EventPattern: { detail: { origin: [second] } } });
    template.resourceCountIs('AWS::Events::Endpoint', 0);
    template.resourcePropertiesCountIs('AWS::Events::Rule', { Name: Match.stringLikeRegexp('^acme-pay-to-us-') }, 0);
  });

  test('says who brings events of peers: the bus lets its role in, and denies it neither the ledger nor probes', () => {
    const template = Template.fromStack(Stack.of(meshIn(second, transport)));
    const policies = Object.values(plain(template.findResources('AWS::Events::EventBusPolicy'))).map(({ Properties }) => Properties);
    const role = expect.stringMatching(/:role\/acme-pay-relay$/);
    expect(policies.find(({ StatementId }) => StatementId.endsWith('-From-Relay')).Statement.Condition).toEqual({
      ArnEquals: { 'aws:PrincipalArn': role },
    });
    const denied = policies.filter(({ StatementId }) => StatementId.includes('-Reserved-'));
    expect(denied).toHaveLength(3);
    for (const { Statement } of denied) {
      expect(Statement.Condition.ArnNotEquals['aws:PrincipalArn']).toContainEqual(role);
      expect(JSON.stringify(Statement)).not.toContain('acme-pay-events-');
    }
  });

  test('names the rules whose failures are watched', () => {
    const template = Template.fromStack(Stack.of(meshIn(second, transport)));
    const alarms = Object.keys(template.findResources('AWS::CloudWatch::Alarm')).filter((id) => id.startsWith('MeshAlarmsUndelivered'));
    expect(alarms.map((id) => id.replace(/^MeshAlarmsUndelivered|[0-9A-F]{8}$/g, '')).sort()).toEqual(['relay', 'strays']);
  });

  test('says where publishers put, and the sweep whose bus takes what a region publishes', () => {
    const app = newApp();
    const mesh = meshIn(second, transport, app);
    const stack = new Stack(app, 'Region', { env: { account, region: second } });
    const publisher = new Function(stack, 'Shop', {
      runtime: Runtime.NODEJS_LATEST,
      handler: 'index.handler',
      code: Code.fromInline('//'),
    });
    mesh.grantPublish(publisher, { source: 'acme.shop' });
    expect(mesh.publisherEnvironment(stack, { source: 'acme.shop' })).toMatchObject({ MESH_ENDPOINT_ID: 'relay.us-west-2' });
    new LedgerOutbox(stack, 'Outbox', { ledger: LedgerReplica.of(stack, systemName, ledgerRegions), mesh });
    const template = Template.fromStack(stack);
    const put = Object.values(plain(template.findResources('AWS::IAM::Policy')))
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement as { Action: unknown; Resource: unknown }[])
      .filter(({ Action }) => Action === 'events:PutEvents')
      .map(({ Resource }) => [Resource].flat().length);
    // The shop's and the outbox's own functions put on both buses, the sweep on its own alone.
    expect(put.sort()).toEqual([1, 2, 2, 2]);
    template.hasResourceProperties('AWS::Lambda::Function', { Environment: { Variables: Match.objectLike({ SWEEP_TAKEN_BY: first }) } });
  });

  test('is checked by its own rule, and all parts of a mesh must have it', () => {
    expect(() => meshIn(first, transport, newApp(), [...regions, 'eu-central-1'])).toThrow("'transport' is relay with 3 regions");
    const app = newApp();
    meshIn(first, MeshTransport.rules(), app);
    meshIn(second, transport, app);
    expect(() => app.synth()).toThrow("'transport' is relay, but rules in mesh-us-east-1/Mesh");
  });
});

describe('a global endpoint', () => {
  const inOrder = (app: App, name: string): string[] =>
    (app.node.findChild(name) as Stack).dependencies.map(({ stackName }) => stackName).sort();

  test("comes after the other region's bus, and before those who ask for its ID, whichever was made first", () => {
    for (const made of [regions, [...regions].reverse()]) {
      const app = newApp();
      const meshes = made.map((region) => meshIn(region, MeshTransport.globalEndpoint(), app));
      const users = meshes.map((mesh) => {
        const stack = new Stack(app, `user-${mesh.region}`, { env: { account, region: mesh.region } });
        mesh.publisherEnvironment(stack, { source: 'acme.shop' });
        return stack.stackName;
      });
      expect(inOrder(app, 'mesh-us-east-1')).toEqual(['mesh-us-west-2']);
      expect(inOrder(app, 'mesh-us-west-2')).toEqual([]);
      for (const user of users) expect(inOrder(app, user)).toContain('mesh-us-east-1');
    }
  });

  test('in one stack with a publisher comes before the look-up of its ID', () => {
    const mesh = meshIn(first, MeshTransport.globalEndpoint());
    mesh.publisherEnvironment(Stack.of(mesh), { source: 'acme.shop' });
    Template.fromStack(Stack.of(mesh)).hasResource('Custom::MeshEndpointId', {
      DependsOn: Match.arrayWith([Match.stringLikeRegexp('GlobalEndpoint')]),
    });
  });

  test('in stacks that need each other is told to be moved into a stack of its own', () => {
    const app = newApp();
    for (const region of regions) {
      const mesh = meshIn(region, MeshTransport.globalEndpoint(), app);
      mesh.publisherEnvironment(Stack.of(mesh), { source: 'acme.shop' });
    }
    const warnings = app.synth().stacks.flatMap(({ messages }) => messages.map(({ entry }) => String(entry.data)));
    expect(warnings).toContainEqual(expect.stringMatching(/uses .* by its name and must be deployed after it, but stack/));
  });
});
