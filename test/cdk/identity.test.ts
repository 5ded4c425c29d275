import { App, Stack, Stage, Duration } from 'aws-cdk-lib';
import { CfnRole } from 'aws-cdk-lib/aws-iam';
import { CfnAlias } from 'aws-cdk-lib/aws-kms';
import { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import { Pass, DefinitionBody, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { account, newApp } from './stacks';
import { configOf, Mode } from '../../examples/active-active/config';
import { defineSystem } from '../../examples/active-active/stacks';
import {
  AccountHomes,
  ApprovalGate,
  ApproverIdentity,
  CrossRegionEventMesh,
  HomeAuthorityTable,
  HomeTakeover,
  IdempotentLedgerTable,
  LedgerEncryption,
  LedgerKey,
  LedgerReplica,
  MeshTransport,
  PaymentRegions,
  StuckApprovalAlarm,
} from '../../src/index';

const accounts = ['111122223333', '444455556666'];
const problems = (app: App): string[] => app.node.findAll().flatMap((construct) => construct.node.validate());
const strong = PaymentRegions.strong({ replicas: ['us-east-1', 'us-west-2'], witness: 'us-east-2' });
const home = (props: Partial<Parameters<typeof PaymentRegions.homeRegion>[0]> = {}): PaymentRegions =>
  PaymentRegions.homeRegion({ replicas: ['us-east-1', 'us-west-2'], homes: AccountHomes.byTenant(), ...props });

/** A pipeline's layout: the whole example in each of two stages. */
function twoStages(mode: Mode, [beta, prod]: readonly (string | undefined)[]): App {
  const app = newApp();
  for (const [id, of] of [
    ['Beta', beta],
    ['Prod', prod],
  ] as const) {
    defineSystem(new Stage(app, id, { env: { account: of } }), { ...configOf(mode), account: of });
  }
  return app;
}

describe('two stages, each with the whole example', () => {
  test.each(['STRONG', 'HOME_REGION'] as const)('synthesise in one app with an account each and one name, %s', (mode) => {
    const app = twoStages(mode, accounts);
    expect(() => app.synth()).not.toThrow();
    expect(
      app.node
        .findAll()
        .filter(Stage.isStage)
        .filter((one) => one !== (app as Stage))
        .map((stage) => stage.synth().stacks.length),
    ).toEqual(mode === 'STRONG' ? [12, 12] : [13, 13]);
  });

  test('are not refused where the accounts are known at deployment alone: a stage has its own', () => {
    expect(problems(twoStages('STRONG', [undefined, undefined]))).toEqual([]);
  });

  test('are refused with one name in one account: they would have the same physical names', () => {
    const found = problems(twoStages('HOME_REGION', [accounts[0], accounts[0]]));
    expect(found).toContainEqual(
      expect.stringMatching(
        /^'systemName' is 'acme-pay' twice \(also Beta\/acme-pay-ledger\/Ledger\), both in account 111122223333; allowed: one IdempotentLedgerTable with this name in each account; fix: .*stages of a pipeline that share an account need different names$/,
      ),
    );
    for (const kind of ['LedgerKey', 'HomeAuthorityTable', 'CrossRegionEventMesh', 'LedgerOutbox', 'IdempotentConsumer', 'HomeOperator']) {
      expect(found).toContainEqual(expect.stringContaining(`allowed: one ${kind} with this name in each account`));
    }
    expect(found).toContainEqual(
      expect.stringMatching(
        /^\[Prod\/.*\/Table\] 'TableName' is 'acme-pay-ledger', which Beta\/.*\/Table has in the same account and region/,
      ),
    );
  });
});

/** Each define gets a stack of its own, in the regions and accounts named. */
function parts(...defines: { readonly region?: string; readonly of?: string; readonly define: (stack: Stack) => unknown }[]): App {
  const app = newApp();
  defines.forEach(({ region = 'us-east-1', of = account, define }, at) =>
    define(new Stack(app, `Stack${at}`, { env: { account: of, region } })),
  );
  return app;
}

const systemName = 'acme';
const table =
  (regions: PaymentRegions, encryption?: LedgerEncryption) =>
  (stack: Stack): unknown =>
    new IdempotentLedgerTable(stack, 'Table', { systemName, regions, encryption });
const replica =
  (regions: PaymentRegions, encryption?: LedgerEncryption) =>
  (stack: Stack): unknown =>
    LedgerReplica.of(stack, systemName, regions, { encryption });
const key =
  (regions: PaymentRegions) =>
  (stack: Stack): unknown =>
    new LedgerKey(stack, 'Key', { systemName, regions });
const authority =
  (regions: PaymentRegions) =>
  (stack: Stack): unknown =>
    new HomeAuthorityTable(stack, 'Authority', { systemName, regions });

describe('parts of one system in one app agree', () => {
  test.each<[string, (stack: Stack) => unknown, (stack: Stack) => unknown, string, string]>([
    [
      'mode: a STRONG replica on a HOME_REGION table debits twice',
      table(home()),
      replica(strong),
      "'regions' is STRONG in us-east-1, us-west-2 with the witness us-east-2, but HOME_REGION in us-east-1, us-west-2 in Stack0/Table",
      'us-west-2',
    ],
    [
      'replicas',
      table(home()),
      replica(home({ replicas: ['us-east-1', 'us-west-2', 'eu-west-1'] })),
      "'regions' is HOME_REGION in eu-west-1, us-east-1, us-west-2, but",
      'us-west-2',
    ],
    [
      'witness',
      key(strong),
      replica(PaymentRegions.strong({ replicas: ['us-east-1', 'us-west-2'], witness: 'ca-central-1' })),
      'with the witness ca-central-1, but',
      'us-west-2',
    ],
    [
      'units of homes',
      table(home()),
      replica(home({ homes: AccountHomes.byTenant(32) })),
      "'regions.homes' is 32 units by tenant, but 16 units by tenant in Stack0/Table",
      'us-west-2',
    ],
    [
      'the first home',
      key(home({ homes: AccountHomes.oneRegion('us-east-1') })),
      replica(home({ homes: AccountHomes.oneRegion('us-west-2') })),
      "'regions.homes' is all in us-west-2, but all in us-east-1",
      'us-west-2',
    ],
    [
      'lease',
      replica(home()),
      replica(home({ lease: Duration.seconds(20) })),
      "'regions.lease' is 20000 ms, but 10000 ms in Stack0",
      'us-west-2',
    ],
    [
      'clock margin',
      replica(home()),
      replica(home({ clockMargin: Duration.seconds(2) })),
      "'regions.clockMargin' is 2000 ms, but 1000 ms in Stack0",
      'us-west-2',
    ],
    [
      'who takes over',
      authority(home()),
      replica(home({ takeover: HomeTakeover.OPERATOR })),
      "'regions.takeover' is OPERATOR, but AUTOMATIC in Stack0/Authority",
      'us-west-2',
    ],
    [
      'authority',
      authority(home()),
      replica(home({ authority: { replicas: ['us-east-1', 'us-east-2', 'ca-central-1'] } })),
      "'regions.authority' is ca-central-1, us-east-1, us-east-2, but us-east-1, us-east-2 with the witness us-west-2",
      'us-west-2',
    ],
    [
      'encryption',
      table(strong, LedgerEncryption.awsOwned()),
      replica(strong),
      "'encryption' is customerManaged, but awsOwned in Stack0/Table",
      'us-west-2',
    ],
    [
      'transport',
      (stack) => new CrossRegionEventMesh(stack, 'Mesh', { systemName, regions: strong.replicas }),
      (stack) =>
        new CrossRegionEventMesh(stack, 'Mesh', { systemName, regions: strong.replicas, transport: MeshTransport.globalEndpoint() }),
      "'transport' is globalEndpoint with the primary us-east-1, but rules in Stack0/Mesh",
      'us-west-2',
    ],
    [
      'probes',
      (stack) => new CrossRegionEventMesh(stack, 'Mesh', { systemName, regions: strong.replicas }),
      (stack) =>
        new CrossRegionEventMesh(stack, 'Mesh', { systemName, regions: strong.replicas, probes: { interval: Duration.minutes(2) } }),
      "'probes' is one every 120 seconds, silent after 360, but one every 60 seconds",
      'us-west-2',
    ],
  ])('on %s', (_what, one, other, message, region) => {
    const found = problems(parts({ define: one }, { region, define: other }));
    expect(found).toEqual([expect.stringContaining(message)]);
    expect(found[0]).toMatch(
      /; allowed: the same in every part of the system 'acme' in account 111122223333: .*; fix: give all parts the same value/,
    );
    // In another account the same name is another system.
    expect(
      problems(parts({ define: one }, { define: other, region, of: accounts[1] })).filter((text) =>
        text.includes('the same in every part'),
      ),
    ).toEqual([]);
  });

  test('on the account', () => {
    expect(problems(parts({ define: key(strong) }, { define: key(strong), region: 'us-west-2', of: accounts[1] }))).toEqual([
      expect.stringMatching(
        /^'env.account of the stack' is 444455556666, but 111122223333 in Stack0\/Key; allowed: one account for all parts of the system 'acme'/,
      ),
    ]);
    const whole = accounts.flatMap((of) => strong.replicas.map((region) => ({ of, region, define: key(strong) })));
    expect(problems(parts(...whole))).toEqual([]);
  });

  test('another system with other settings is none of its parts', () => {
    expect(
      problems(parts({ define: table(home()) }, { region: 'us-west-2', define: (stack) => LedgerReplica.of(stack, 'other', strong) })),
    ).toEqual([]);
  });
});

describe('one identity is had once', () => {
  const gate = (scope: Construct, id: string): unknown =>
    new ApprovalGate(scope, id, { gateName: 'acme-gate', identity: ApproverIdentity.iam(), approvers: [`arn:aws:iam::${account}:role/a`] });
  const watch = (scope: Stack): void => {
    const stateMachine = new StateMachine(scope, 'Machine', { definitionBody: DefinitionBody.fromChainable(new Pass(scope, 'Pass')) });
    for (const id of ['One', 'Two']) new StuckApprovalAlarm(scope, id, { stateMachine });
  };

  test.each<[string, (stack: Stack) => unknown]>([
    ['LedgerKey', (stack) => ['One', 'Two'].map((id) => new LedgerKey(stack, id, { systemName, regions: strong }))],
    ['IdempotentLedgerTable', (stack) => ['One', 'Two'].map((id) => new IdempotentLedgerTable(stack, id, { systemName, regions: strong }))],
    ['ApprovalGate', (stack) => ['One', 'Two'].map((id) => gate(stack, id))],
    ['StuckApprovalAlarm', watch],
  ])('%s', (kind, define) => {
    expect(problems(parts({ define }))).toContainEqual(
      expect.stringMatching(new RegExp(`twice \\(also Stack0/One\\), both in account 111122223333; allowed: one ${kind} with this name`)),
    );
  });

  test('in another region of one account the table is the same one, the key and the gate are others', () => {
    expect(problems(parts({ define: table(strong) }, { region: 'us-west-2', define: table(strong) }))).toContainEqual(
      expect.stringContaining("'systemName' is 'acme' twice (also Stack0/Table)"),
    );
    expect(
      problems(
        parts(
          { define: key(strong) },
          { region: 'us-west-2', define: key(strong) },
          { define: (stack) => gate(stack, 'Gate') },
          { region: 'us-west-2', define: (stack) => gate(stack, 'Gate') },
        ),
      ),
    ).toEqual([]);
  });
});

describe('a physical name that something else of the app has', () => {
  test.each<[string, boolean, string, (stack: Stack) => unknown]>([
    [
      'in the same region',
      true,
      'us-east-1',
      (stack) => new CfnAlias(stack, 'Alias', { aliasName: 'alias/acme-ledger', targetKeyId: 'key' }),
    ],
    [
      'in another region',
      false,
      'us-west-2',
      (stack) => new CfnAlias(stack, 'Alias', { aliasName: 'alias/acme-ledger', targetKeyId: 'key' }),
    ],
    [
      'as an escape hatch',
      true,
      'us-east-1',
      (stack) =>
        new CfnAlias(stack, 'Alias', { aliasName: 'alias/other', targetKeyId: 'key' }).addPropertyOverride(
          'AliasName',
          'alias/acme-ledger',
        ),
    ],
    ['of another type', false, 'us-east-1', (stack) => new CfnQueue(stack, 'Queue', { queueName: 'acme-ledger' })],
  ])('%s: refused %s', (_how, refused, region, define) => {
    expect(problems(parts({ define: key(strong) }, { region, define })).map((problem) => problem.replace(/;.*/, ''))).toEqual(
      refused
        ? ["[Stack0/Key/Alias/Resource] 'AliasName' is 'alias/acme-ledger', which Stack1/Alias has in the same account and region"]
        : [],
    );
  });

  test('a role, whatever the region: an account has one of a name', () => {
    const mesh = (stack: Stack): unknown => new CrossRegionEventMesh(stack, 'Mesh', { systemName, regions: strong.replicas });
    const role = (stack: Stack): unknown =>
      new CfnRole(stack, 'Role', { roleName: 'acme-events-use1-to-usw2', assumeRolePolicyDocument: {} });
    expect(problems(parts({ define: mesh }, { region: 'eu-west-1', define: role }))).toEqual([
      expect.stringContaining("'RoleName' is 'acme-events-use1-to-usw2', which Stack1/Role has"),
    ]);
    expect(problems(parts({ define: mesh }, { of: accounts[1], define: role }))).toEqual([]);
  });
});
