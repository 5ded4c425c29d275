import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import {
  IdempotentLedgerTable,
  IdempotentLedgerTableProps,
  LedgerBilling,
  LedgerEncryption,
  LedgerKey,
  PaymentRegions,
} from '../../src/index';
import { homeRegions, newApp, newStack, regions } from '../cdk/stacks';

const strong = { systemName: 'acme-pay', regions };

function tableOf(props: Partial<IdempotentLedgerTableProps> = {}): {
  Properties: Record<string, any>;
  DeletionPolicy: string;
  UpdateReplacePolicy: string;
} {
  const stack = newStack();
  new IdempotentLedgerTable(stack, 'Ledger', { ...strong, ...props });
  const tables = Template.fromStack(stack).findResources('AWS::DynamoDB::GlobalTable');
  expect(Object.keys(tables)).toHaveLength(1);
  return Object.values(tables)[0] as ReturnType<typeof tableOf>;
}

describe('the table by default', () => {
  const { Properties: table, ...resource } = tableOf();

  test('is strongly consistent, in the replicas and the witness', () => {
    expect(table.MultiRegionConsistency).toBe('STRONG');
    expect(table.Replicas.map((replica: { Region: string }) => replica.Region)).toEqual(['us-east-1', 'us-west-2']);
    expect(table.GlobalTableWitnesses).toEqual([{ Region: 'us-east-2' }]);
  });

  test('has the schema of the contract', () => {
    expect(table.TableName).toBe('acme-pay-ledger');
    expect(table.KeySchema).toEqual([{ AttributeName: 'pk', KeyType: 'HASH' }]);
    expect(table.AttributeDefinitions).toEqual(['pk', 'acct', 'seq'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })));
    expect(table.GlobalSecondaryIndexes).toEqual([
      {
        IndexName: 'byAccount',
        KeySchema: [
          { AttributeName: 'acct', KeyType: 'HASH' },
          { AttributeName: 'seq', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ]);
  });

  test('is kept, protected, recoverable, encrypted and streamed in every region', () => {
    expect(resource).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    expect(table.BillingMode).toBe('PAY_PER_REQUEST');
    expect(table.StreamSpecification).toEqual({ StreamViewType: 'NEW_AND_OLD_IMAGES' });
    expect(table.SSESpecification).toEqual({ SSEEnabled: true, SSEType: 'KMS' });
    for (const replica of table.Replicas) {
      expect(replica).toMatchObject({
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 35 },
        ContributorInsightsSpecification: { Enabled: false },
        SSESpecification: { KMSMasterKeyId: 'alias/acme-pay-ledger' },
      });
    }
  });

  test('has neither TTL nor local indexes', () => {
    expect(table).not.toHaveProperty('TimeToLiveSpecification');
    expect(table).not.toHaveProperty('LocalSecondaryIndexes');
  });
});

describe('props', () => {
  test('HOME_REGION replicates asynchronously, without a witness', () => {
    const { Properties: table } = tableOf({ regions: homeRegions });
    expect(table.MultiRegionConsistency).toBe('EVENTUAL');
    expect(table).not.toHaveProperty('GlobalTableWitnesses');
    expect(table.Replicas.map((replica: { Region: string }) => replica.Region)).toEqual(['us-east-1', 'eu-central-1']);
  });

  test('provisioned capacity scales on table and index', () => {
    const { Properties: table } = tableOf({
      billing: LedgerBilling.provisioned({ write: { min: 10, max: 1000 }, read: { min: 5, max: 500, targetUtilizationPercent: 70 } }),
    });
    const scaling = (MinCapacity: number, MaxCapacity: number, TargetValue: number) => ({
      MinCapacity,
      MaxCapacity,
      SeedCapacity: MinCapacity,
      TargetTrackingScalingPolicyConfiguration: { TargetValue },
    });
    const write = { WriteCapacityAutoScalingSettings: scaling(10, 1000, 50) };
    const read = { ReadCapacityAutoScalingSettings: scaling(5, 500, 70) };
    expect(table.BillingMode).toBe('PROVISIONED');
    expect(table.WriteProvisionedThroughputSettings).toEqual(write);
    expect(table.GlobalSecondaryIndexes[0].WriteProvisionedThroughputSettings).toEqual(write);
    for (const replica of table.Replicas) {
      expect(replica.ReadProvisionedThroughputSettings).toEqual(read);
      expect(replica.GlobalSecondaryIndexes[0].ReadProvisionedThroughputSettings).toEqual(read);
    }
  });

  test('on-demand capacity can be bounded', () => {
    const { Properties: table } = tableOf({ billing: LedgerBilling.onDemand({ maxWriteRequestUnits: 4000, maxReadRequestUnits: 8000 }) });
    expect(table.WriteOnDemandThroughputSettings).toEqual({ MaxWriteRequestUnits: 4000 });
    expect(table.Replicas[1].ReadOnDemandThroughputSettings).toEqual({ MaxReadRequestUnits: 8000 });
  });

  test('what is switched off is off', () => {
    const { Properties: table } = tableOf({
      encryption: LedgerEncryption.awsOwned(),
      pointInTimeRecovery: false,
      deletionProtection: false,
    });
    expect(table.SSESpecification).toEqual({ SSEEnabled: false });
    for (const replica of table.Replicas) {
      expect(replica).toMatchObject({
        DeletionProtectionEnabled: false,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
      });
      expect(replica).not.toHaveProperty('SSESpecification');
    }
  });

  test('keys are shown to those who look for throttling only when that is asked for', () => {
    const { Properties: table } = tableOf({ contributorInsights: true });
    for (const replica of table.Replicas) {
      expect(replica.ContributorInsightsSpecification).toEqual({ Enabled: true, Mode: 'THROTTLED_KEYS' });
    }
  });

  test('tags reach each replica', () => {
    for (const replica of tableOf({ tags: { team: 'payments' } }).Properties.Replicas) {
      expect(replica.Tags).toEqual([{ Key: 'team', Value: 'payments' }]);
    }
  });

  test('the table can be destroyed when that is said three times', () => {
    expect(tableOf({ removalPolicy: RemovalPolicy.DESTROY, acceptDataLoss: true, deletionProtection: false }).DeletionPolicy).toBe(
      'Delete',
    );
  });
});

describe('what cannot be meant fails at synth, with path, value, what is allowed and how to mend it', () => {
  const rejected: [string, Partial<IdempotentLedgerTableProps>, string][] = [
    [
      'one replica',
      { regions: PaymentRegions.strong({ replicas: ['us-east-1'] }) },
      "'regions.replicas' is 1 (us-east-1) without a witness; allowed: three replicas, or two replicas and a witness",
    ],
    [
      'two replicas without a witness',
      { regions: PaymentRegions.strong({ replicas: ['us-east-1', 'us-west-2'] }) },
      'fix: name a witness region',
    ],
    [
      'three replicas and a witness',
      { regions: PaymentRegions.strong({ replicas: ['us-east-1', 'us-west-2', 'eu-west-1'], witness: 'us-east-2' }) },
      'is 3 (us-east-1, us-west-2, eu-west-1) and the witness us-east-2',
    ],
    [
      'a region twice',
      { regions: PaymentRegions.strong({ replicas: ['us-east-1', 'us-east-1'], witness: 'us-east-2' }) },
      'us-east-1 twice',
    ],
    [
      'a witness among the replicas',
      { regions: PaymentRegions.strong({ replicas: ['us-east-1', 'us-west-2'], witness: 'us-west-2' }) },
      "'regions.witness' is us-west-2, which is a replica too",
    ],
    [
      'a name that is no region',
      { regions: PaymentRegions.strong({ replicas: ['us-east-1', 'Oregon'], witness: 'us-east-2' }) },
      "'regions' is 'Oregon'; allowed: names of AWS regions",
    ],
    ['one home region', { regions: PaymentRegions.homeRegion({ replicas: ['us-east-1'] }) }, 'two or more replicas in mode HOME_REGION'],
    ['a long system name', { systemName: 'A'.repeat(41) }, '3 to 40 lower-case letters'],
    [
      'DESTROY alone',
      { removalPolicy: RemovalPolicy.DESTROY },
      "'removalPolicy' is DESTROY; allowed: RETAIN, or DESTROY together with acceptDataLoss: true",
    ],
    ['DESTROY of a protected table', { removalPolicy: RemovalPolicy.DESTROY, acceptDataLoss: true }, "'deletionProtection' is on"],
    ['SNAPSHOT', { removalPolicy: RemovalPolicy.SNAPSHOT }, 'DynamoDB makes no snapshot'],
    [
      'a recovery period of 36 days',
      { recoveryPeriodDays: 36 },
      "'recoveryPeriodDays' is 36; allowed: a whole number of days from 1 to 35",
    ],
    [
      'write capacity that cannot grow',
      { billing: LedgerBilling.provisioned({ write: { min: 5, max: 5 }, read: { min: 1, max: 2 } }) },
      "'billing.write' is min 5, max 5",
    ],
    [
      'a utilisation of 95',
      { billing: LedgerBilling.provisioned({ write: { min: 1, max: 5 }, read: { min: 1, max: 2, targetUtilizationPercent: 95 } }) },
      "'billing.read.targetUtilizationPercent' is 95",
    ],
    ['a bound of 0', { billing: LedgerBilling.onDemand({ maxWriteRequestUnits: 0 }) }, "'billing.maxWriteRequestUnits' is 0"],
  ];
  test.each(rejected)('%s', (_name, props, message) => {
    const failing = () => new IdempotentLedgerTable(newStack(), 'Ledger', { ...strong, ...props });
    expect(failing).toThrow(message);
    expect(failing).toThrow(/^\[Stack\/Ledger\] '.+' is .+; allowed: .+; fix: .+/);
  });

  test('a stack without a region', () => {
    expect(() => new IdempotentLedgerTable(new Stack(newApp(), 'Stack'), 'Ledger', strong)).toThrow(
      "[Stack/Ledger] 'env.region of the stack' is not set; allowed: us-east-1, us-west-2",
    );
  });

  test("a stack in the witness's region, or elsewhere", () => {
    expect(() => new IdempotentLedgerTable(newStack('us-east-2'), 'Ledger', strong)).toThrow(
      'us-east-2, the witness, which holds no readable data',
    );
    expect(() => new IdempotentLedgerTable(newStack('eu-west-1'), 'Ledger', strong)).toThrow(
      "'env.region of the stack' is eu-west-1; allowed: us-east-1, us-west-2",
    );
  });

  test.each([
    ['TTL', 'TimeToLiveSpecification', { Enabled: true, AttributeName: 'ttl' }, regions, 'a strongly consistent global table has no TTL'],
    [
      'TTL in HOME_REGION',
      'TimeToLiveSpecification',
      { Enabled: true, AttributeName: 'ttl' },
      homeRegions,
      'an expired key would let its payment be debited again',
    ],
    ['a local index', 'LocalSecondaryIndexes', [{ IndexName: 'x' }], regions, 'no local secondary indexes'],
  ])('%s through an escape hatch', (_name, property, value, where, message) => {
    const stack = newStack();
    new IdempotentLedgerTable(stack, 'Ledger', { ...strong, regions: where }).resource.addPropertyOverride(property, value);
    expect(() => Template.fromStack(stack)).toThrow(message);
  });
});

describe('a set of regions', () => {
  function made(set: PaymentRegions): Stack {
    const stack = newStack();
    new IdempotentLedgerTable(stack, 'Ledger', { systemName: 'acme-pay', regions: set });
    return stack;
  }

  test.each([
    ['on one continent', PaymentRegions.strong({ replicas: ['us-east-1', 'us-west-2'], witness: 'us-east-2' })],
    ['on two continents', PaymentRegions.strong({ replicas: ['us-east-1', 'eu-central-1'], witness: 'us-east-2' })],
    ['on three continents', PaymentRegions.strong({ replicas: ['us-east-1', 'eu-south-2', 'ap-southeast-1'] })],
  ])('%s that AWS offers strong consistency in gives no warning', (_name, set) => {
    Annotations.fromStack(made(set)).hasNoWarning('*', Match.anyValue());
  });

  test('with one that is not known for it is a warning that names this one and can be acknowledged', () => {
    const stack = made(PaymentRegions.strong({ replicas: ['us-east-1', 'eu-central-1'], witness: 'sa-east-1' }));
    Annotations.fromStack(stack).hasWarning(
      '/Stack/Ledger',
      Match.stringLikeRegexp('offers multi-region strong consistency in sa-east-1 .*2026-09-23.*unknown-strong-regions'),
    );
  });
});

test('the key is found by its alias, rotates and is kept', () => {
  const stack = newStack('us-west-2');
  new LedgerKey(stack, 'LedgerKey', strong);
  const template = Template.fromStack(stack);
  template.hasResource('AWS::KMS::Key', { DeletionPolicy: 'Retain', Properties: { EnableKeyRotation: true, PendingWindowInDays: 30 } });
  template.hasResource('AWS::KMS::Alias', { DeletionPolicy: 'Retain', Properties: { AliasName: 'alias/acme-pay-ledger' } });
  expect(() => new LedgerKey(newStack('us-east-2'), 'LedgerKey', strong)).toThrow('the witness');
});
