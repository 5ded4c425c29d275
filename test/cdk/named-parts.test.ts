import path from 'node:path';
import { App, Stack, Stage } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { account, homeRegions, newApp, regions } from './stacks';
import {
  ActiveActivePaymentsApi,
  CrossRegionEventMesh,
  HomeAuthorityTable,
  HomeOperator,
  IdempotentConsumer,
  IdempotentLedgerTable,
  LedgerKey,
  LedgerOutbox,
  LedgerReplica,
  PaymentsAuthorization,
} from '../../src/index';
import { readTracked, trackedFiles } from '../project/tracked-files';

const systemName = 'acme-pay';
const own = 'us-east-1';

interface Pair {
  /** What refers to another by its name. */
  readonly user: (stack: Stack) => unknown;
  /** What it refers to. */
  readonly part: (stack: Stack) => unknown;
  /** Types and IDs of the user's that must come after, and the part's that must be there before. */
  readonly later: readonly [type: string, id: RegExp][];
  readonly earlier: readonly string[];
}

const meshOf = new WeakMap<object, CrossRegionEventMesh>();
const outboxMesh = (stack: Stack): CrossRegionEventMesh => {
  const { root } = stack.node;
  const made = meshOf.get(root) ?? new CrossRegionEventMesh(stack, 'Mesh', { systemName, regions: regions.replicas });
  meshOf.set(root, made);
  return made;
};
const api =
  (of: typeof regions) =>
  (stack: Stack): unknown =>
    new ActiveActivePaymentsApi(stack, 'Api', {
      ledger: LedgerReplica.of(stack, systemName, of),
      authorization: PaymentsAuthorization.iam(),
    });
const table =
  (of: typeof regions) =>
  (stack: Stack): unknown =>
    new IdempotentLedgerTable(stack, 'Table', { systemName, regions: of });
const handler = (stack: Stack): Function =>
  new Function(stack, 'Team', { runtime: Runtime.NODEJS_LATEST, handler: 'index.handler', code: Code.fromInline('//') });
const proof: Pair['later'][number] = ['Custom::LedgerTables', /^LedgerProof/];

/**
 * Each construct of the library that finds another one by a name, with what it finds. What is given a mesh finds its parts by name just as
 * well.
 */
const pairs: Readonly<Record<string, Pair>> = {
  'the API and the table': { user: api(regions), part: table(regions), later: [proof], earlier: ['AWS::DynamoDB::GlobalTable'] },
  'the API and the table, HOME_REGION': {
    user: api(homeRegions),
    part: table(homeRegions),
    later: [proof],
    earlier: ['AWS::DynamoDB::GlobalTable'],
  },
  'the API and the table of homes': {
    user: api(homeRegions),
    part: (stack) => new HomeAuthorityTable(stack, 'Authority', { systemName, regions: homeRegions }),
    later: [proof],
    earlier: ['AWS::DynamoDB::GlobalTable'],
  },
  'the operator of homes and the table': {
    user: (stack) => new HomeOperator(stack, 'Operator', { ledger: LedgerReplica.of(stack, systemName, homeRegions) }),
    part: table(homeRegions),
    later: [proof],
    earlier: ['AWS::DynamoDB::GlobalTable'],
  },
  'the outbox and the table': {
    user: (stack) => new LedgerOutbox(stack, 'Outbox', { ledger: LedgerReplica.of(stack, systemName, regions), mesh: outboxMesh(stack) }),
    part: table(regions),
    later: [['Custom::LedgerStreamArn', /Call/]],
    earlier: ['AWS::DynamoDB::GlobalTable'],
  },
  'a reader of the stream and the table': {
    user: (stack) => LedgerReplica.of(stack, systemName, regions).lookUpStreamArn(stack, 'Stream'),
    part: table(regions),
    later: [['Custom::LedgerStreamArn', /Call/]],
    earlier: ['AWS::DynamoDB::GlobalTable'],
  },
  'the table and its key': {
    user: table(regions),
    part: (stack) => new LedgerKey(stack, 'Key', { systemName, regions }),
    later: [['AWS::DynamoDB::GlobalTable', /^Table/]],
    earlier: ['AWS::KMS::Alias'],
  },
};

/** Those whose part is passed in as an object, so it is always made first. */
const passed: Readonly<Record<string, (mesh: CrossRegionEventMesh, stack: Stack) => Pair['later']>> = {
  'the outbox and the bus': (mesh, stack) => {
    new LedgerOutbox(stack, 'Outbox', { ledger: LedgerReplica.of(stack, systemName, regions), mesh });
    return [
      ['AWS::Lambda::Function', /^OutboxPublishFunction/],
      ['AWS::Lambda::Function', /^OutboxSweepFunction/],
      ['AWS::Lambda::Function', /^OutboxRedriveFunction/],
    ];
  },
  'a consumer and the bus': (mesh, stack) => {
    new IdempotentConsumer(stack, 'Recorder', { mesh, consumerName: 'recorder', handler: handler(stack) });
    return [['AWS::Events::Rule', /^RecorderRule/]];
  },
  'a target and the bus': (mesh, stack) => {
    mesh.addTarget(stack, 'Orders', { target: new SqsQueue(new Queue(stack, 'Queue')) });
    return [['AWS::Events::Rule', /^Orders/]];
  },
  'a publisher and the bus': (mesh, stack) => {
    mesh.grantPublish(handler(stack), { source: 'acme.shop' });
    return [['AWS::Lambda::Function', /^Team/]];
  },
};

const one = (app: App, id = 'One'): Stack =>
  (app.node.tryFindChild(id) as Stack | undefined) ?? new Stack(app, id, { env: { account, region: own } });

/** IDs of the later resources, and on what each depends. */
function dependencies(stack: Stack, later: Pair['later']): Record<string, string[]> {
  const template = Template.fromStack(stack);
  return Object.fromEntries(
    later.map(([type, id]) => {
      const found = Object.entries(template.findResources(type)).filter(([name]) => id.test(name));
      expect(found).toHaveLength(1);
      return [found[0][0], [(found[0][1].DependsOn as string | string[] | undefined) ?? []].flat()];
    }),
  );
}

const idsOf = (stack: Stack, types: readonly string[]): string[] =>
  types.flatMap((type) => Object.keys(Template.fromStack(stack).findResources(type)));

describe.each(Object.keys(pairs))('%s', (name) => {
  const { user, part, later, earlier } = pairs[name];
  const orders: [string, ((stack: Stack) => unknown)[]][] = [
    ['the user first', [user, part]],
    ['the part first', [part, user]],
  ];

  test.each(orders)('in one stack, %s: the user is made after, and goes before', (_order, defines) => {
    const stack = one(newApp());
    defines.forEach((define) => define(stack));
    const before = idsOf(stack, earlier);
    expect(before.length).toBeGreaterThan(0);
    for (const depends of Object.values(dependencies(stack, later))) expect(depends).toEqual(expect.arrayContaining(before));
  });

  test.each(orders)("in two stacks, %s: the user's stack is deployed after the part's", (_order, defines) => {
    const app = newApp();
    for (const define of defines) define(one(app, define === user ? 'User' : 'Part'));
    expect(one(app, 'User').dependencies).toContain(one(app, 'Part'));
    expect(one(app, 'Part').dependencies).not.toContain(one(app, 'User'));
  });

  test('in two stages nothing is ordered: each is a system of its own', () => {
    const app = newApp();
    user(new Stack(new Stage(app, 'Prod'), 'User', { env: { region: own } }));
    part(new Stack(new Stage(app, 'Beta'), 'Part', { env: { region: own } }));
    const stacks = app.node.findAll().filter(Stack.isStack);
    expect(stacks.map((stack) => stack.dependencies.length)).toEqual([0, 0]);
  });
});

describe.each(Object.keys(passed))('%s', (name) => {
  test("in one stack the user is made after the bus, in two its stack after the bus's", () => {
    const app = newApp();
    const stack = one(app);
    const later = passed[name](new CrossRegionEventMesh(stack, 'Mesh', { systemName, regions: regions.replicas }), stack);
    const buses = idsOf(stack, ['AWS::Events::EventBus']);
    for (const depends of Object.values(dependencies(stack, later))) expect(depends).toEqual(expect.arrayContaining(buses));

    const apart = newApp();
    passed[name](new CrossRegionEventMesh(one(apart, 'Part'), 'Mesh', { systemName, regions: regions.replicas }), one(apart, 'User'));
    apart.synth();
    expect(one(apart, 'User').dependencies).toContain(one(apart, 'Part'));
  });
});

test('where the app has the user alone, its deployment asks for the part', () => {
  for (const name of Object.keys(pairs).filter((pair) => pair !== 'the table and its key')) {
    const stack = one(newApp());
    pairs[name].user(stack);
    const asks = Object.keys({
      ...Template.fromStack(stack).findResources('Custom::LedgerTables'),
      ...Template.fromStack(stack).findResources('Custom::LedgerStreamArn'),
    });
    expect(asks.length).toBeGreaterThan(0);
  }
});

test('every function that decides on the table is made after what was found of it, and is told', () => {
  for (const of of [regions, homeRegions]) {
    const stack = one(newApp());
    api(of)(stack);
    const functions = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function'))
      .map(({ Properties }) => Properties.Environment?.Variables as Record<string, unknown> | undefined)
      .filter((variables) => variables?.LEDGER_TABLE_NAME !== undefined);
    expect(functions.length).toBe(of === regions ? 4 : 8);
    for (const variables of functions) {
      expect(variables!.LEDGER_TABLE_MODE).toEqual({ 'Fn::GetAtt': [expect.stringMatching(/^LedgerProof/), 'TableMode'] });
      if (of === homeRegions) {
        expect(variables!.LEDGER_AUTHORITY_MODE).toEqual({ 'Fn::GetAtt': [expect.stringMatching(/^LedgerProof/), 'AuthorityMode'] });
      }
    }
  }
});

test('a deployment asks its own region alone: for the table, and for that of homes where it has a replica', () => {
  const asked = (region: string): unknown => {
    const stack = new Stack(newApp(), 'One', { env: { account, region } });
    api(homeRegions)(stack);
    const [ask] = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function')).filter(
      ({ Properties }) => Properties.Environment?.Variables.LEDGER_PROVEN_TABLES !== undefined,
    );
    return JSON.parse(ask.Properties.Environment.Variables.LEDGER_PROVEN_TABLES as string);
  };
  expect(asked('us-east-1')).toEqual({ ledger: { name: 'acme-pay-ledger', mode: 'HOME_REGION' }, authority: 'acme-pay-authority' });
  expect(asked('eu-central-1')).toEqual({ ledger: { name: 'acme-pay-ledger', mode: 'HOME_REGION' } });
});

test("a table that needs another region's key, whose stack comes after it, is told", () => {
  const app = newApp();
  const [first, second] = [one(app, 'East'), new Stack(app, 'West', { env: { account, region: 'us-west-2' } })];
  table(regions)(first);
  second.addStackDependency(first);
  new LedgerKey(second, 'Key', { systemName, regions });
  Annotations.fromStack(first).hasWarning(
    '*',
    Match.stringLikeRegexp("it uses West/Key/Alias/Resource by its name .* stack 'West' is deployed after 'East'"),
  );
});

test("no construct reads or names the ledger's tables without a pair above", () => {
  const users = trackedFiles()
    .filter((file) => /^src\/(api|ledger|events|cutover|approvals)\/[^.]+\.ts$/.test(file))
    .filter((file) => /LedgerProof\.of|useNamedPart|_deployBefore|lookUpStreamArn/.test(readTracked(file)))
    .map((file) => path.basename(file, '.ts'))
    .sort();
  expect(users).toEqual([
    'cross-region-event-mesh',
    'global-endpoint', // names buses, and no table: test/events/mesh-transport.construct.test.ts has its pairs
    'home-operator',
    'idempotent-ledger-table',
    'ledger-heartbeat',
    'ledger-outbox',
    'ledger-proof',
    'ledger-replica',
    'payments-functions',
  ]);
});
