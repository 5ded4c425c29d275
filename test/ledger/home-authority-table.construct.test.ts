import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import {
  AccountHomes,
  HomeAuthorityTable,
  HomeAuthorityTableProps,
  HomeOperator,
  HomeRegionsProps,
  LedgerReplica,
  PaymentRegions,
} from '../../src/index';
import { homeRegions, newStack, regions } from '../cdk/stacks';

function tableOf(props: Partial<HomeAuthorityTableProps> = {}, stack: Stack = newStack()): Record<string, any> {
  new HomeAuthorityTable(stack, 'Authority', { systemName: 'acme-pay', regions: homeRegions, ...props });
  return Object.values(Template.fromStack(stack).findResources('AWS::DynamoDB::GlobalTable'))[0];
}

const pair = (...replicas: string[]): PaymentRegions => PaymentRegions.homeRegion({ replicas });

test('is strongly consistent, protected, and stays', () => {
  const { Properties: table, DeletionPolicy } = tableOf({ tags: { system: 'pay' } });
  expect(DeletionPolicy).toBe('Retain');
  expect(table).toMatchObject({
    TableName: 'acme-pay-authority',
    MultiRegionConsistency: 'STRONG',
    BillingMode: 'PAY_PER_REQUEST',
    GlobalTableWitnesses: [{ Region: 'us-west-2' }],
  });
  expect(table.Replicas).toEqual(
    ['us-east-1', 'us-east-2'].map((Region) => ({
      Region,
      DeletionProtectionEnabled: true,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      Tags: [{ Key: 'system', Value: 'pay' }],
    })),
  );
});

describe('its regions, unless they are given', () => {
  test.each([
    // Never another answer: these sets are final in systems that were deployed.
    ['us-east-1', ['us-east-1', 'us-east-2'], 'us-west-2'],
    ['us-west-2', ['us-west-2', 'us-east-1'], 'us-east-2'],
    ['sa-east-1', ['us-east-1', 'us-east-2'], 'us-west-2'],
    ['eu-central-1', ['eu-central-1', 'eu-west-1'], 'eu-west-2'],
    ['eu-west-1', ['eu-west-1', 'eu-west-2'], 'eu-west-3'],
    ['eu-north-1', ['eu-west-1', 'eu-west-2'], 'eu-west-3'],
    ['ap-northeast-2', ['ap-northeast-2', 'ap-northeast-1'], 'ap-northeast-3'],
    ['ap-south-1', ['ap-northeast-1', 'ap-northeast-2'], 'ap-northeast-3'],
  ])('with all accounts in %s: %j and %s', (region, authority, witness) => {
    const homes = AccountHomes.oneRegion(region);
    for (const replicas of [
      [region, 'mx-central-1'],
      ['mx-central-1', region],
      ['eu-west-2', 'us-east-2', 'ap-northeast-3', region, 'mx-central-1'],
    ]) {
      expect(PaymentRegions.homeRegion({ replicas, homes }).authority).toEqual({ replicas: authority, witness });
    }
  });

  const american = { replicas: ['us-east-1', 'us-east-2'], witness: 'us-west-2' };
  test('are the same whatever regions there are, in any order, where no home is named', () => {
    for (const homes of [undefined, AccountHomes.byTenant()]) {
      for (const replicas of [
        ['us-east-1', 'eu-central-1'],
        ['eu-central-1', 'us-east-1'],
        ['us-west-2', 'us-east-1'],
        ['ap-south-1', 'eu-west-1', 'ca-central-1'],
        ['us-east-2', 'eu-west-1', 'us-east-1', 'sa-east-1'],
      ]) {
        expect(PaymentRegions.homeRegion({ replicas, ...(homes ? { homes } : {}) }).authority).toEqual(american);
      }
    }
  });

  test('have to be named where they would be far, and stay what they are when regions are added', () => {
    const proposed = { replicas: ['eu-west-1', 'eu-west-2'], witness: 'eu-west-3' };
    expect(() => tableOf({ regions: pair('eu-west-1', 'ap-south-1') }, newStack('eu-west-1'))).toThrow(
      "'regions.authority' is not given, with the replicas eu-west-1, ap-south-1; " +
        'allowed: three regions near the homes, written out: they can never change, but the replicas can',
    );
    expect(() => tableOf({ regions: pair('eu-west-1', 'ap-south-1') }, newStack('eu-west-1'))).toThrow(
      "authority: { replicas: ['eu-west-1', 'eu-west-2'], witness: 'eu-west-3' }",
    );
    for (const replicas of [
      ['eu-west-1', 'ap-south-1'],
      ['us-east-1', 'ap-south-1', 'eu-west-1'],
    ]) {
      expect(
        tableOf({ regions: PaymentRegions.homeRegion({ replicas, authority: proposed }) }, newStack('eu-west-1')).Properties,
      ).toMatchObject({ Replicas: [{ Region: 'eu-west-1' }, { Region: 'eu-west-2' }], GlobalTableWitnesses: [{ Region: 'eu-west-3' }] });
    }
  });

  test('that AWS is not known to offer are a warning', () => {
    const stack = newStack();
    tableOf(
      {
        regions: PaymentRegions.homeRegion({
          replicas: ['us-east-1', 'eu-central-1'],
          authority: { replicas: ['us-east-1', 'eu-central-1', 'sa-east-1'] },
        }),
      },
      stack,
    );
    Annotations.fromStack(stack).hasWarning(
      '/Stack/Authority',
      Match.stringLikeRegexp("'regions.authority' is us-east-1, eu-central-1, sa-east-1"),
    );
  });
});

describe('fails at synth', () => {
  test('in a region without a replica of it', () => {
    expect(() => tableOf({}, newStack('eu-central-1'))).toThrow(
      "[Stack/Authority] 'env.region of the stack' is eu-central-1; allowed: us-east-1, us-east-2: CloudFormation makes a global " +
        "table from one of its replicas' regions",
    );
  });

  test('in mode STRONG, where no region is home', () => {
    expect(() => tableOf({ regions })).toThrow("'regions' is in mode STRONG; allowed: mode HOME_REGION");
    const stack = newStack();
    expect(() => new HomeOperator(stack, 'Operator', { ledger: LedgerReplica.of(stack, 'acme-pay', regions) })).toThrow(
      "[Stack/Operator] 'ledger' is in mode STRONG",
    );
  });

  test('when it would go with its stack', () => {
    expect(() => tableOf({ removalPolicy: RemovalPolicy.DESTROY })).toThrow("'removalPolicy' is DESTROY");
    expect(tableOf({ removalPolicy: RemovalPolicy.DESTROY, acceptDataLoss: true, deletionProtection: false }).DeletionPolicy).toBe(
      'Delete',
    );
  });

  test.each<[string, Partial<HomeRegionsProps>]>([
    [
      "'regions.homes' is AccountHomes.oneRegion('us-west-2'); allowed: one of us-east-1, eu-central-1",
      { homes: AccountHomes.oneRegion('us-west-2') },
    ],
    ["'regions.homes' is AccountHomes.byTenant(1); allowed: a whole number of units from 2 to 256", { homes: AccountHomes.byTenant(1) }],
    ["'regions.lease' is 6 s; allowed: 7 to 60 seconds: it must outlive a request of 6 s", { lease: Duration.seconds(6) }],
    ["'regions.clockMargin' is 50 ms", { clockMargin: Duration.millis(50) }],
    [
      "'regions.authority' is us-east-1, us-east-2; allowed: three different regions",
      { authority: { replicas: ['us-east-1', 'us-east-2'] } },
    ],
    [
      "'regions.authority' is us-east-1, us-east-2 and the witness us-east-1",
      { authority: { replicas: ['us-east-1', 'us-east-2'], witness: 'us-east-1' } },
    ],
  ])('%s', (message, props) => {
    expect(() => tableOf({ regions: PaymentRegions.homeRegion({ replicas: ['us-east-1', 'eu-central-1'], ...props }) })).toThrow(message);
  });
});
