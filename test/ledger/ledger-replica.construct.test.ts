import { Stack, Token } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AccountPrincipal, IGrantable, Role } from 'aws-cdk-lib/aws-iam';
import { IdempotentLedgerTable, LedgerEncryption, LedgerReplica } from '../../src/index';
import { account, homeRegions, newStack, plain, regions, statementsByRole } from '../cdk/stacks';

const table = `arn:<AWS::Partition>:dynamodb:us-west-2:${account}:table/acme-pay-ledger`;
const readKey = ['kms:Decrypt', 'kms:DescribeKey'];
const writeKey = [
  ...readKey,
  'kms:Encrypt',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
];
const key = (Action: string[]) => ({
  Action,
  Effect: 'Allow',
  Resource: `arn:<AWS::Partition>:kms:us-west-2:${account}:key/*`,
  Condition: {
    StringEquals: { 'kms:ViaService': 'dynamodb.us-west-2.amazonaws.com' },
    'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/acme-pay-ledger' },
  },
});

function granted(grant: (replica: LedgerReplica, grantee: IGrantable) => unknown, options?: { encryption: LedgerEncryption }): unknown {
  const stack = newStack('us-west-2');
  grant(LedgerReplica.of(stack, 'acme-pay', regions, options), new Role(stack, 'CallerRole', { assumedBy: new AccountPrincipal(account) }));
  return plain(Object.values(statementsByRole(Template.fromStack(stack)))[0]);
}

describe('grants, exactly', () => {
  test('accept payments', () => {
    expect(granted((replica, grantee) => replica.grantAcceptPayments(grantee))).toEqual([
      {
        Action: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
        Effect: 'Allow',
        Resource: table,
      },
      key(writeKey),
    ]);
  });

  test('open accounts', () => {
    expect(granted((replica, grantee) => replica.grantOpenAccounts(grantee))).toEqual([
      { Action: ['dynamodb:GetItem', 'dynamodb:PutItem'], Effect: 'Allow', Resource: table },
      key(writeKey),
    ]);
  });

  test('read', () => {
    expect(granted((replica, grantee) => replica.grantRead(grantee))).toEqual([
      { Action: ['dynamodb:GetItem', 'dynamodb:BatchGetItem'], Effect: 'Allow', Resource: table },
      { Action: 'dynamodb:Query', Effect: 'Allow', Resource: `${table}/index/byAccount` },
      key(readKey),
    ]);
  });

  test('health check: the switch item of this region alone', () => {
    expect(granted((replica, grantee) => replica.grantHealthCheck(grantee))).toEqual([
      {
        Action: 'dynamodb:GetItem',
        Effect: 'Allow',
        Resource: table,
        Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['drain#us-west-2'] } },
      },
      key(readKey),
    ]);
  });

  test('operate: the switch items alone', () => {
    expect(granted((replica, grantee) => replica.grantDrain(grantee))).toEqual([
      {
        Action: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:DeleteItem'],
        Effect: 'Allow',
        Resource: table,
        Condition: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['drain#us-east-1', 'drain#us-west-2'] } },
      },
      key(writeKey),
    ]);
  });

  test('read the stream', () => {
    expect(granted((replica, grantee) => replica.grantStreamRead(grantee))).toEqual([
      {
        Action: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
        Effect: 'Allow',
        Resource: `${table}/stream/*`,
      },
      key(readKey),
    ]);
  });

  test('no key of ours, no statement for it', () => {
    expect(granted((replica, grantee) => replica.grantOpenAccounts(grantee), { encryption: LedgerEncryption.awsOwned() })).toEqual([
      { Action: ['dynamodb:GetItem', 'dynamodb:PutItem'], Effect: 'Allow', Resource: table },
    ]);
  });
});

test("the stream is looked up while deploying, in the region's own stack", () => {
  const stack = newStack('us-west-2');
  const replica = LedgerReplica.of(stack, 'acme-pay', regions);
  expect(Token.isUnresolved(replica.lookUpStreamArn(stack, 'Stream'))).toBe(true);
  const template = Template.fromStack(stack);
  template.resourceCountIs('Custom::LedgerStreamArn', 1);
  expect(plain(Object.values(template.findResources('AWS::IAM::Policy'))[0].Properties.PolicyDocument.Statement)).toEqual([
    { Action: 'dynamodb:DescribeTable', Effect: 'Allow', Resource: table },
  ]);
  const other = new Stack(stack.node.root, 'Other', { env: { account, region: 'us-east-1' } });
  expect(() => replica.lookUpStreamArn(other, 'Stream')).toThrow(
    "[Other] 'lookUpStreamArn' is used in us-east-1; allowed: a stack in us-west-2",
  );
});

describe('another region through the table', () => {
  test("has that region's names and no reference to the table's stack", () => {
    const stack = newStack('us-east-1');
    const replica = new IdempotentLedgerTable(stack, 'Ledger', { systemName: 'acme-pay', regions }).replica('us-west-2');
    expect(replica.tableName).toBe('acme-pay-ledger');
    const other = new Stack(stack.node.root, 'Other', { env: { account, region: 'us-west-2' } });
    replica.grantRead(new Role(other, 'CallerRole', { assumedBy: new AccountPrincipal(account) }));
    expect(JSON.stringify(Template.fromStack(other).toJSON())).not.toContain('Fn::ImportValue');
    expect(plain(statementsByRole(Template.fromStack(other)).Caller)).toContainEqual(key(readKey));
  });

  test('must be a replica', () => {
    const ledger = new IdempotentLedgerTable(newStack(), 'Ledger', { systemName: 'acme-pay', regions });
    expect(() => ledger.replica('us-east-2')).toThrow("[Stack/Ledger] 'region' is us-east-2, the witness");
  });
});

describe('metrics', () => {
  const home = LedgerReplica.of(newStack(), 'acme-pay', homeRegions);
  const strong = LedgerReplica.of(newStack(), 'acme-pay', regions);

  test('of DynamoDB', () => {
    expect(home.metricReplicationLatency('eu-central-1').toMetricConfig().metricStat).toMatchObject({
      namespace: 'AWS/DynamoDB',
      metricName: 'ReplicationLatency',
      statistic: 'Maximum',
      dimensions: [
        { name: 'ReceivingRegion', value: 'eu-central-1' },
        { name: 'TableName', value: 'acme-pay-ledger' },
      ],
    });
    expect(strong.metricWriteThrottles().toMetricConfig().metricStat).toMatchObject({
      metricName: 'WriteThrottleEvents',
      statistic: 'Sum',
    });
    expect(strong.metricReadThrottles({ statistic: 'Average' }).toMetricConfig().metricStat).toMatchObject({
      metricName: 'ReadThrottleEvents',
      statistic: 'Average',
    });
    expect(strong.metricSystemErrors().toMetricConfig().mathExpression?.expression).toBe(
      ['getitem', 'batchgetitem', 'putitem', 'updateitem', 'query'].map((operation) => `FILL(${operation}_us_east_1, 0)`).join(' + '),
    );
  });

  test.each([
    ['ReplicatedWriteConflicts', strong.metricWriteConflicts()],
    ['InFlightTakeovers', strong.metricInFlightTakeovers()],
    ['OutcomeUnknown', strong.metricOutcomeUnknown()],
    ['AccountsBusy', strong.metricAccountsBusy()],
    ['TrimFailures', strong.metricTrimFailures()],
  ])('of the handlers: %s', (metricName, metric) => {
    expect(metric.toMetricConfig().metricStat).toMatchObject({
      namespace: 'MultiRegionPayments',
      metricName,
      dimensions: [
        { name: 'Region', value: 'us-east-1' },
        { name: 'System', value: 'acme-pay' },
      ],
    });
  });

  test('of another region say so', () => {
    const ledger = new IdempotentLedgerTable(newStack(), 'Ledger', { systemName: 'acme-pay', regions });
    expect(ledger.replica('us-west-2').metricWriteConflicts().region).toBe('us-west-2');
    expect(ledger.replica('us-east-1').metricWriteConflicts().region).toBeUndefined();
  });

  test('there is no replication latency in STRONG', () => {
    expect(() => strong.metricReplicationLatency('us-west-2')).toThrow("[Stack] 'metricReplicationLatency' is used in mode STRONG");
  });
});

describe('synthetic tenants', () => {
  const replica = (syntheticTenants?: string[], stack = newStack('us-west-2')): LedgerReplica =>
    LedgerReplica.of(stack, 'acme-pay', regions, { syntheticTenants });

  test('are none unless named, and are known to what stands on the replica', () => {
    expect(replica().syntheticTenants).toEqual([]);
    expect(replica(['canary', 'drill']).syntheticTenants).toEqual(['canary', 'drill']);
  });

  test.each<[string[], string]>([
    [['a', 'a'], "'a'"],
    [['no#hash'], "'no#hash'"],
    [[''], "''"],
    [Array.from({ length: 11 }, (_, at) => `t${at}`), '11 tenants'],
  ])('%j are refused', (given, named) => {
    expect(() => replica(given)).toThrow(`'syntheticTenants' is ${named}`);
  });

  test('are the same in all stacks of a system', () => {
    const stackOf = (other: string[]): Stack => {
      const stack = newStack('us-west-2');
      replica(['canary'], stack);
      replica(other, stack);
      return stack;
    };
    expect(() => Template.fromStack(stackOf([]))).toThrow(/'syntheticTenants' is /);
    expect(() => Template.fromStack(stackOf(['canary']))).not.toThrow();
  });
});
