import { Template } from 'aws-cdk-lib/assertions';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Function } from 'aws-cdk-lib/aws-lambda';
import { settled, Statement } from '../../local/iam/policies';
import { allowedByResource, deniedByResource, ResourceStatement } from '../../local/iam/resource-policy';
import { reservedTypes } from '../../src/events/contract';
import { CrossRegionEventMesh, IdempotentConsumer, LedgerOutbox, LedgerReplica, MeshPublishProps, MeshTransport } from '../../src/index';
import { account, newStack, plain, regions } from '../cdk/stacks';

// What each role of a template may do, by its own policies and those of bus and queues, judged as IAM does.
const systemName = 'acme-pay';
const peer = regions.replicas[1];

type Part = Record<string, any>;
type Resources = Record<string, { readonly Type: string; readonly Properties: Part }>;

class World {
  private readonly template: Resources;

  constructor(transport = MeshTransport.rules(), region?: string) {
    const stack = newStack(region);
    const mesh = new CrossRegionEventMesh(stack, 'Mesh', { systemName, regions: regions.replicas, transport });
    new LedgerOutbox(stack, 'Outbox', { ledger: LedgerReplica.of(stack, systemName, regions), mesh });
    const publisher = (id: string, publish: MeshPublishProps): void =>
      void mesh.grantPublish(new Role(stack, id, { roleName: id, assumedBy: new ServicePrincipal('lambda.amazonaws.com') }), publish);
    publisher('shop', { source: 'acme.shop' });
    publisher('ship', { source: 'acme.ship', types: ['order.shipped'] });
    new IdempotentConsumer(stack, 'Recorder', {
      mesh,
      consumerName: 'recorder',
      handler: Function.fromFunctionName(stack, 'Team', 'team'),
    });
    this.template = (plain(Template.fromStack(stack).toJSON()) as { Resources: Resources }).Resources;
  }

  /** Names of the roles that may put an event of this source and type, of those that the template makes and of these. */
  public publishers(source: string, type: string, others: readonly string[] = []): string[] {
    const own = this.of('AWS::IAM::Role').map(({ Properties: { RoleName } }) => RoleName as string | undefined);
    return [...own, ...others].filter((name): name is string => name !== undefined && this.mayPut(name, source, type)).sort();
  }

  /** Whether a role may put; `admin`: its own policies allow everything. */
  public mayPut(role: string, source: string, type: string, admin = false): boolean {
    const arn = `arn:<AWS::Partition>:iam::${account}:role/${role}`;
    const request = {
      principal: { role: arn },
      action: 'events:PutEvents',
      resource: 'bus',
      context: { 'aws:principalarn': arn, 'aws:principalisawsservice': 'false', 'events:source': source, 'events:detail-type': type },
    };
    const bus = this.of('AWS::Events::EventBusPolicy').map(({ Properties: { Statement: statement } }): ResourceStatement => ({
      ...statement,
      Resource: undefined,
    }));
    if (deniedByResource(bus, request)) return false;
    const account_ = bus.map((statement): ResourceStatement => ({ ...statement, Principal: '*' }));
    return (
      admin ||
      allowedByResource(account_, request) ||
      this.ownPolicies(role, { 'events:source': [source], 'events:detail-type': [type] }).includes('events:PutEvents')
    );
  }

  /** Whether somebody may send to a queue, its own policies allowing everything. */
  public maySend(queueName: string, who: { readonly role: string } | { readonly service: string }): boolean {
    const [queue] = Object.entries(this.template).find(
      ([, { Type, Properties }]) => Type === 'AWS::SQS::Queue' && Properties.QueueName === queueName,
    )!;
    const policies = this.of('AWS::SQS::QueuePolicy').filter(({ Properties: { Queues } }) => JSON.stringify(Queues).includes(`"${queue}"`));
    const statements = policies
      .flatMap(({ Properties: { PolicyDocument } }) => PolicyDocument.Statement as ResourceStatement[])
      .map((one) => ({ ...one, Resource: undefined }));
    const arn = 'role' in who ? `arn:<AWS::Partition>:iam::${account}:role/${who.role}` : undefined;
    const rule = `arn:<AWS::Partition>:events:us-east-1:${account}:rule/${systemName}-events/x`;
    return !deniedByResource(statements, {
      principal: 'role' in who ? { role: arn! } : who,
      action: 'sqs:SendMessage',
      resource: queueName,
      context: {
        'aws:securetransport': 'true',
        'aws:principalisawsservice': `${'service' in who}`,
        ...(arn === undefined ? { 'aws:sourcearn': rule } : { 'aws:principalarn': arn }),
      },
    });
  }

  public of(type: string): { readonly Properties: Part }[] {
    return Object.values(this.template).filter(({ Type }) => Type === type);
  }

  private ownPolicies(role: string, context: Record<string, readonly string[]>): string[] {
    const ids = Object.entries(this.template)
      .filter(([, { Type, Properties }]) => Type === 'AWS::IAM::Role' && Properties.RoleName === role)
      .map(([id]) => id);
    const documents = this.of('AWS::IAM::Policy')
      .filter(({ Properties: { Roles } }) => ids.some((id) => JSON.stringify(Roles).includes(`"${id}"`)))
      .map(({ Properties: { PolicyDocument } }) => PolicyDocument as { Statement: Statement[] });
    return settled(documents, context)
      .flatMap(({ Statement: statements }) => [statements].flat())
      .flatMap(({ Effect, Action }) => (Effect === 'Allow' ? ([Action].flat() as string[]) : []));
  }
}

const ledgerRoles = ['acme-pay-mesh-redrive-use1', 'acme-pay-outbox-redrive-use1', 'acme-pay-outbox-use1', 'acme-pay-sweep-use1'];
const forwarder = 'acme-pay-events-usw2-to-use1';

describe('with rules', () => {
  const world = new World();

  test("the ledger's events are put by its outbox, its sweep, the redrives and the peer's forwarding, and by nobody else", () => {
    for (const type of ['payment.captured', 'payment.authorised']) {
      expect(world.publishers('acme-pay.ledger', type, [forwarder])).toEqual([forwarder, ...ledgerRoles].sort());
    }
  });

  test('a publisher forges neither a capture nor a probe, and nobody does who may put anything', () => {
    for (const role of ['shop', 'ship', 'admin', 'acme-pay-events-usw2-to-use1x']) {
      expect([
        world.mayPut(role, 'acme-pay.ledger', 'payment.captured', true),
        world.mayPut(role, 'acme-pay.mesh', 'mesh.probe', true),
        world.mayPut(role, 'acme-pay.ledger', 'order.shipped', true),
      ]).toEqual([false, false, false]);
      for (const type of reservedTypes) expect([type, world.mayPut(role, 'acme.shop', type, true)]).toEqual([type, false]);
    }
  });

  test("probes are put by their sender and the peer's forwarding alone: not even the redrive makes a silent region look alive", () => {
    expect(world.publishers('acme-pay.mesh', 'mesh.probe', [forwarder])).toEqual([forwarder, 'acme-pay-probe-use1']);
    for (const role of ledgerRoles) expect(world.mayPut(role, 'acme-pay.mesh', 'mesh.probe', true)).toBe(false);
  });

  test('a publisher puts under its own source alone, and the types that it named', () => {
    const may = (source: string, type: string): string[] => world.publishers(source, type).filter((name) => !name.startsWith(systemName));
    expect([
      may('acme.shop', 'order.shipped'),
      may('acme.ship', 'order.shipped'),
      may('acme.ship', 'order.lost'),
      may('acme.other', 'order.shipped'),
    ]).toEqual([['shop'], ['ship'], [], []]);
  });

  test('queues that are redriven with our rights are written by those whose letters they are', () => {
    const writers = (queue: string): string[] =>
      ['shop', 'admin', 'acme-pay-outbox-use1', 'acme-pay-sweep-use1', 'acme-pay-outbox-redrive-use1'].filter((role) =>
        world.maySend(`${systemName}-${queue}`, { role }),
      );
    expect(
      Object.fromEntries(['events-dlq', 'events-strays', 'outbox-dlq', 'sweep', 'sweep-dlq'].map((queue) => [queue, writers(queue)])),
    ).toEqual({
      'events-dlq': [],
      'events-strays': [],
      'outbox-dlq': ['acme-pay-outbox-use1', 'acme-pay-sweep-use1', 'acme-pay-outbox-redrive-use1'],
      sweep: ['acme-pay-sweep-use1', 'acme-pay-outbox-redrive-use1'],
      'sweep-dlq': [],
    });
    expect(
      ['events-dlq', 'events-strays'].map((queue) => world.maySend(`${systemName}-${queue}`, { service: 'events.amazonaws.com' })),
    ).toEqual([true, true]);
  });

  test('nobody makes SQS move what he sent to a queue of his own into one of these: it asks no policy when it does', () => {
    const takes = world
      .of('AWS::SQS::Queue')
      .map(({ Properties: { QueueName, RedriveAllowPolicy: policy } }) => [
        (QueueName as string).replace(/-[0-9a-f]{8}-dlq$/, '-HASH-dlq'),
        policy ?? 'those of every queue',
      ]);
    const from = (queue: string): object => ({
      redrivePermission: 'byQueue',
      sourceQueueArns: [`arn:<AWS::Partition>:sqs:us-east-1:${account}:${queue}`],
    });
    const none = { redrivePermission: 'denyAll' };
    expect(Object.fromEntries(takes)).toEqual({
      'acme-pay-events-dlq': none,
      'acme-pay-events-strays': none,
      'acme-pay-acme-shop-HASH-dlq': none,
      'acme-pay-acme-ship-HASH-dlq': none,
      'acme-pay-outbox-dlq': none,
      'acme-pay-sweep': none,
      'acme-pay-sweep-dlq': from('acme-pay-sweep'),
      'acme-pay-recorder': none,
      'acme-pay-recorder-dlq': from('acme-pay-recorder'),
    });
  });

  test("the redrive of what publishers gave up can put what they can, by its own role's policy", () => {
    const made = world
      .of('AWS::Lambda::Function')
      .map(({ Properties }) => Properties)
      .find(({ FunctionName }) => FunctionName === 'acme-pay-publisher-redrive')!;
    const queues = JSON.stringify(made.Environment.Variables.MESH_LETTER_QUEUES);
    expect(queues).toContain('acme.ship');
    const policies = world
      .of('AWS::IAM::Policy')
      .filter(({ Properties: { Roles } }) => JSON.stringify(Roles).includes('PublishersRedrive'));
    const puts = policies
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement as Part[])
      .filter(({ Action }) => Action === 'events:PutEvents');
    expect(puts.map(({ Condition }) => Condition['ForAllValues:StringEquals'])).toEqual([
      { 'events:source': ['acme.shop'] },
      { 'events:source': ['acme.ship'], 'events:detail-type': ['order.shipped'] },
    ]);
  });

  test("each grant on a bus says the source, or is the redrive's or a forwarding role's, whose events were on a bus before", () => {
    const open = world
      .of('AWS::IAM::Policy')
      .flatMap(({ Properties: { PolicyName, PolicyDocument } }) =>
        (PolicyDocument.Statement as Part[])
          .filter(
            ({ Action, Condition }) =>
              [Action].flat().some((action: string) => /^(events:(PutEvents|\*)|\*)$/.test(action)) &&
              Condition?.Null?.['events:source'] !== 'false',
          )
          .map(() => PolicyName as string),
      );
    expect(open.map((name) => name.replace(/RoleDefaultPolicy.*|DefaultPolicy.*/, ''))).toEqual(
      ['MeshForwardingRoleuswest2FCC81F76'.slice(0, -8), 'MeshDeadLettersRedrive'].map((name) => expect.stringContaining(name)),
    );
  });
});

describe('with a global endpoint', () => {
  test("both regions' outboxes put on either bus, and what is replicated comes by the endpoint's role", () => {
    for (const region of regions.replicas) {
      const world = new World(MeshTransport.globalEndpoint(), region);
      const here = region === peer ? 'usw2' : 'use1';
      const all = [
        'acme-pay-outbox-use1',
        'acme-pay-outbox-usw2',
        'acme-pay-outbox-redrive-use1',
        'acme-pay-outbox-redrive-usw2',
        'acme-pay-events-replication',
        `acme-pay-sweep-${here}`,
        `acme-pay-mesh-redrive-${here}`,
      ];
      for (const role of all) expect([role, world.mayPut(role, 'acme-pay.ledger', 'payment.captured', true)]).toEqual([role, true]);
      for (const role of ['shop', forwarder, 'acme-pay-probe-use1']) {
        expect([role, world.mayPut(role, 'acme-pay.ledger', 'payment.captured', true)]).toEqual([role, false]);
      }
      expect(world.mayPut('acme-pay-events-replication', 'acme-pay.mesh', 'mesh.probe', true)).toBe(true);
    }
  });
});

test("a bus's policy stays within the 10,240 characters that EventBridge takes, with ten regions too", () => {
  const many = [
    'us-east-1',
    'us-east-2',
    'us-west-1',
    'us-west-2',
    'ca-central-1',
    'eu-west-1',
    'eu-central-1',
    'ap-southeast-1',
    'ap-southeast-2',
    'ap-northeast-1',
  ];
  const stack = newStack();
  new CrossRegionEventMesh(stack, 'Mesh', { systemName: 'a'.repeat(40), regions: many });
  const statements = Object.values(plain(Template.fromStack(stack).findResources('AWS::Events::EventBusPolicy'))).map(({ Properties }) => ({
    Sid: Properties.StatementId as string,
    ...Properties.Statement,
  }));
  const written = JSON.stringify({ Version: '2012-10-17', Statement: statements }).replace(/<AWS::Partition>/g, 'aws-us-gov');
  expect(written.length).toBeLessThan(10_240);
});

test.each<[string, MeshPublishProps, RegExp]>([
  ["the ledger's source", { source: 'acme-pay.ledger' }, /'source' is 'acme-pay\.ledger'; allowed: any source but the system's own/],
  ["the mesh's source", { source: 'acme-pay.mesh' }, /any source but the system's own/],
  ['a source of AWS', { source: 'aws.mine' }, /'source' is 'aws\.mine'/],
  ['a source that IAM reads as a pattern', { source: 'acme.*' }, /'source' is 'acme\.\*'/],
  ['a source that IAM reads as a variable', { source: 'acme.${aws:username}' }, /'source' is/],
  ['a reserved type', { source: 'acme.shop', types: ['payment.captured'] }, /'types' is 'payment\.captured'/],
  ['no type', { source: 'acme.shop', types: [] }, /'types' is 0 of them/],
])('nobody is granted %s', (_what, publisher, message) => {
  const stack = newStack();
  const mesh = new CrossRegionEventMesh(stack, 'Mesh', { systemName, regions: regions.replicas });
  const grantee = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  expect(() => mesh.grantPublish(grantee, publisher)).toThrow(message);
  expect(() => mesh.publisherEnvironment(stack, publisher)).toThrow(message);
});

test('more publishers than the redrive can be told of are refused at synthesis', () => {
  const stack = newStack();
  const mesh = new CrossRegionEventMesh(stack, 'Mesh', { systemName, regions: regions.replicas });
  const grantee = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  for (let n = 0; n < 30; n += 1) mesh.grantPublish(grantee, { source: `acme.shop-${n}` });
  expect(() => Template.fromStack(stack)).toThrow(/'publishers' is 30, .*allowed: 3500/);
});
