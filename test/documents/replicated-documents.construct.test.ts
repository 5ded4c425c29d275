import { App, CfnResource, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { ReplicatedDocuments, ReplicatedDocumentsProps } from '../../src/index';
import { account, newApp, newStack, plain } from '../cdk/stacks';

type Override = Partial<ReplicatedDocumentsProps>;
const regions = ['us-east-1', 'us-west-2'];
const define = (stack: Stack, override: Override = {}): ReplicatedDocuments =>
  new ReplicatedDocuments(stack, 'Documents', { systemName: 'acme', regions, ...override });
const templateIn = (region: string, override: Override = {}): Template => {
  const stack = newStack(region);
  define(stack, override);
  return Template.fromStack(stack);
};

/** What a custom resource asks S3 for, in the order of the regions. */
const callsIn = (template: Template): any[] =>
  Object.values(template.findResources('Custom::DocumentsCopyRules')).map(({ Properties }) => JSON.parse(plain(Properties.Create)));

test('the bucket is private, versioned, kept, encrypted with a key of the region, and has its name from system, account and region', () => {
  const template = templateIn('us-east-1');
  template.hasResource('AWS::S3::Bucket', {
    DeletionPolicy: 'Retain',
    UpdateReplacePolicy: 'Retain',
    Properties: {
      BucketName: `acme-docs-${account}-us-east-1`,
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          {
            BucketKeyEnabled: true,
            ServerSideEncryptionByDefault: {
              SSEAlgorithm: 'aws:kms',
              KMSMasterKeyID: { 'Fn::GetAtt': [Match.stringLikeRegexp('DocumentsKey'), 'Arn'] },
            },
          },
        ],
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      VersioningConfiguration: { Status: 'Enabled' },
      LifecycleConfiguration: {
        Rules: [
          Match.objectLike({
            NoncurrentVersionExpiration: { NoncurrentDays: 90 },
            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
          }),
        ],
      },
    },
  });
  template.hasResource('AWS::KMS::Key', { DeletionPolicy: 'Retain', Properties: { EnableKeyRotation: true } });
  template.hasResourceProperties('AWS::KMS::Alias', { AliasName: 'alias/acme-documents' });
  const [policy] = Object.values(template.findResources('AWS::S3::BucketPolicy'));
  const denied = plain(policy.Properties.PolicyDocument.Statement).filter(({ Effect }: { Effect: string }) => Effect === 'Deny');
  expect(denied.map(({ Condition }: { Condition: unknown }) => Condition)).toEqual([
    { Bool: { 'aws:SecureTransport': 'false' } },
    { NumericLessThan: { 's3:TlsVersion': 1.2 } },
  ]);
});

describe('the rules', () => {
  test('of every direction are set by the first region, whose stack comes last; the other one refers to nothing', () => {
    const calls = callsIn(templateIn('us-east-1'));
    expect(calls.map(({ region, parameters }) => [region, parameters.Bucket])).toEqual([
      ['us-east-1', `acme-docs-${account}-us-east-1`],
      ['us-west-2', `acme-docs-${account}-us-west-2`],
    ]);
    expect(callsIn(templateIn('us-west-2'))).toEqual([]);
  });

  test('copy what is encrypted, with the key of the other region, within 15 minutes and with metrics, deletions too', () => {
    const [{ parameters }] = callsIn(templateIn('us-east-1'));
    expect(parameters.ReplicationConfiguration).toEqual({
      Role: `arn:<AWS::Partition>:iam::${account}:role/acme-copy-us-east-1`,
      Rules: [
        {
          ID: 'to-us-west-2',
          Status: 'Enabled',
          Priority: 1,
          Filter: { Prefix: '' },
          DeleteMarkerReplication: { Status: 'Enabled' },
          SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: 'Enabled' }, ReplicaModifications: { Status: 'Enabled' } },
          Destination: {
            Bucket: `arn:<AWS::Partition>:s3:::acme-docs-${account}-us-west-2`,
            EncryptionConfiguration: { ReplicaKmsKeyID: `arn:<AWS::Partition>:kms:us-west-2:${account}:alias/acme-documents` },
            ReplicationTime: { Status: 'Enabled', Time: { Minutes: 15 } },
            Metrics: { Status: 'Enabled', EventThreshold: { Minutes: 15 } },
          },
        },
      ],
    });
  });

  test('go one way where that is asked for, from the first region, and leave deletions where they were made', () => {
    const override = { bothWays: false, deleteMarkers: false };
    const calls = callsIn(templateIn('us-east-1', override));
    expect(calls.map(({ region }) => region)).toEqual(['us-east-1']);
    expect(calls[0].parameters.ReplicationConfiguration.Rules).toEqual([
      expect.objectContaining({
        DeleteMarkerReplication: { Status: 'Disabled' },
        SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: 'Enabled' }, ReplicaModifications: { Status: 'Disabled' } },
      }),
    ]);
    const copy = templateIn('us-west-2', override);
    expect(callsIn(copy)).toEqual([]);
    copy.resourceCountIs('AWS::IAM::Role', 0);
  });

  test('of three regions lead from each to each, with a priority of their own', () => {
    const calls = callsIn(templateIn('us-east-1', { regions: [...regions, 'eu-west-1'] }));
    const ids = calls.map(({ region, parameters }) => [
      region,
      ...parameters.ReplicationConfiguration.Rules.map(({ ID, Priority }: any) => `${Priority} ${ID}`),
    ]);
    expect(ids).toEqual([
      ['us-east-1', '1 to-us-west-2', '2 to-eu-west-1'],
      ['us-west-2', '1 to-us-east-1', '2 to-eu-west-1'],
      ['eu-west-1', '1 to-us-east-1', '2 to-us-west-2'],
    ]);
  });
});

describe('the roles', () => {
  const statementsOf = (suffix: string): any[] => {
    const roles = Object.values(templateIn('us-east-1').findResources('AWS::IAM::Role', { Properties: { RoleName: `acme-${suffix}` } }));
    expect(roles).toHaveLength(1);
    return plain(roles[0].Properties.Policies[0].PolicyDocument.Statement);
  };
  const own = `arn:<AWS::Partition>:s3:::acme-docs-${account}-us-east-1`;
  const keys = (region: string): object => ({
    Resource: `arn:<AWS::Partition>:kms:${region}:${account}:key/*`,
    Condition: {
      'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/acme-documents' },
      StringEquals: { 'kms:ViaService': `s3.${region}.amazonaws.com` },
    },
  });

  test('of the copy reads here, writes copies there, and uses each key through its own S3', () => {
    expect(statementsOf('copy-us-east-1')).toEqual([
      { Effect: 'Allow', Action: ['s3:GetReplicationConfiguration', 's3:ListBucket'], Resource: own },
      {
        Effect: 'Allow',
        Action: ['s3:GetObjectVersionForReplication', 's3:GetObjectVersionAcl', 's3:GetObjectVersionTagging'],
        Resource: `${own}/*`,
      },
      {
        Effect: 'Allow',
        Action: ['s3:ReplicateObject', 's3:ReplicateDelete', 's3:ReplicateTags'],
        Resource: `arn:<AWS::Partition>:s3:::acme-docs-${account}-us-west-2/*`,
      },
      { Effect: 'Allow', Action: 'kms:Decrypt', ...keys('us-east-1') },
      { Effect: 'Allow', Action: ['kms:Encrypt', 'kms:GenerateDataKey'], ...keys('us-west-2') },
    ]);
  });

  test('of the backfill has documents copied, reads none, and writes below its prefix alone', () => {
    expect(statementsOf('backfill-us-east-1')).toEqual([
      { Effect: 'Allow', Action: ['s3:GetReplicationConfiguration', 's3:PutInventoryConfiguration'], Resource: own },
      { Effect: 'Allow', Action: 's3:InitiateReplication', Resource: `${own}/*` },
      { Effect: 'Allow', Action: ['s3:GetObject', 's3:GetObjectVersion', 's3:PutObject'], Resource: `${own}/.backfill/*` },
      { Effect: 'Allow', Action: ['kms:Decrypt', 'kms:GenerateDataKey'], ...keys('us-east-1') },
    ]);
  });

  test('of what sets the rules may do that for these buckets and roles alone; it has all rights from its first call on', () => {
    const policies = Object.values(templateIn('us-east-1').findResources('AWS::IAM::Policy')).flatMap(({ Properties }) =>
      plain(Properties.PolicyDocument.Statement),
    );
    expect(policies.map(({ Action, Resource }: any) => [Action, Resource])).toEqual(
      regions.flatMap(() => [
        ['s3:PutReplicationConfiguration', regions.map((region) => `arn:<AWS::Partition>:s3:::acme-docs-${account}-${region}`)],
        ['iam:PassRole', regions.map((region) => `arn:<AWS::Partition>:iam::${account}:role/acme-copy-${region}`)],
      ]),
    );
  });
});

test('alarms are where S3 publishes: lateness and bytes where copies arrive, failures where they leave', () => {
  const read = (region: string, override: Override = {}): string[] =>
    Object.values(templateIn(region, override).findResources('AWS::CloudWatch::Alarm')).map(({ Properties: alarm }) => {
      const of = Object.fromEntries(alarm.Dimensions.map(({ Name, Value }: any) => [Name, plain(Value)]));
      const place = (bucket: string): string => bucket.replace(`acme-docs-${account}-`, '');
      const way = `${place(of.SourceBucket)}>${place(of.DestinationBucket)} ${of.RuleId}`;
      return `${alarm.Namespace} ${alarm.MetricName} ${alarm.Statistic} ${way} >= ${alarm.Threshold} in ${alarm.DatapointsToAlarm}`;
    });
  expect(read('us-west-2').sort()).toEqual([
    'AWS/S3 BytesPendingReplication Maximum us-east-1>us-west-2 to-us-west-2 >= 1073741824 in 5',
    'AWS/S3 OperationsFailedReplication Sum us-west-2>us-east-1 to-us-east-1 >= 1 in 1',
    'AWS/S3 ReplicationLatency Maximum us-east-1>us-west-2 to-us-west-2 >= 900 in 3',
  ]);
  expect(read('us-east-1', { bothWays: false })).toEqual([
    'AWS/S3 OperationsFailedReplication Sum us-east-1>us-west-2 to-us-west-2 >= 1 in 1',
  ]);
  expect(read('us-west-2', { alarms: { latency: { enabled: false }, bytesPending: { threshold: 5, minutes: 1 } } })).toEqual([
    expect.stringContaining('>= 5 in 1'),
    expect.stringContaining('OperationsFailedReplication'),
  ]);
});

describe('is refused at synthesis', () => {
  test.each<[string, Override, string]>([
    ['one region', { regions: ['us-east-1'] }, "'regions' is us-east-1; allowed: two or more regions: with one alone nothing is left"],
    ['a region twice', { regions: ['us-east-1', 'us-east-1'] }, "'regions' is us-east-1, us-east-1 (us-east-1 twice)"],
    ['half a day', { oldVersions: Duration.hours(12) }, "'oldVersions' is 0.5 days"],
    ['a long name', { systemName: 'a'.repeat(40) }, `'systemName' is '${'a'.repeat(40)}'; allowed: 35 characters with these regions`],
    ['minutes', { alarms: { latency: { minutes: 6 } } }, "'alarms (Latency-us-west-2).minutes' is 6; allowed: 1 to 5"],
  ])('%s', (_what, override, message) => {
    expect(() => define(newStack(), override)).toThrow(`[Stack/Documents] ${message}`);
  });

  test('a stack beside the regions', () => {
    expect(() => define(newStack('eu-west-1'))).toThrow(
      "[Stack/Documents] 'env.region of the stack' is eu-west-1; allowed: us-east-1, us-west-2; fix: use one of the regions",
    );
  });
});

describe('the app as a whole', () => {
  const messageOf = (app: App): string => {
    try {
      app.synth();
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  const both = (east: Override = {}, west: Override = {}): App => {
    const app = newApp();
    define(new Stack(app, 'East', { env: { account, region: 'us-east-1' } }), east);
    define(new Stack(app, 'West', { env: { account, region: 'us-west-2' } }), west);
    return app;
  };

  test('deploys the first region after the others, whichever was made first', () => {
    const app = both();
    expect(messageOf(app)).toBe('');
    const [east, west] = ['East', 'West'].map((id) => app.node.findChild(id) as Stack);
    expect([east.dependencies, west.dependencies]).toEqual([[west], []]);
  });

  test.each<[keyof ReplicatedDocumentsProps, Override, string]>([
    ['regions', { regions: ['us-west-2', 'us-east-1'] }, 'us-west-2, us-east-1, but us-east-1, us-west-2 in East/Documents'],
    ['bothWays', { bothWays: false }, 'false, but true in East/Documents'],
    ['deleteMarkers', { deleteMarkers: false }, 'false, but true in East/Documents'],
    ['oldVersions', { oldVersions: Duration.days(30) }, '30 days, but 90 days in East/Documents'],
  ])('has the same %s everywhere', (prop, west, message) => {
    expect(messageOf(both({}, west))).toContain(`'${prop}' is ${message}`);
  });

  test.each<[string, (bucket: CfnResource) => void, string]>([
    ['versions', (bucket) => bucket.addPropertyDeletionOverride('VersioningConfiguration'), 'VersioningConfiguration'],
    ['the bucket itself', (bucket) => bucket.applyRemovalPolicy(RemovalPolicy.DESTROY), 'DeletionPolicy'],
    [
      'its own key',
      (bucket) =>
        bucket.addPropertyOverride(
          'BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault.SSEAlgorithm',
          'AES256',
        ),
      'BucketEncryption',
    ],
  ])('keeps %s against aspects and overrides', (_what, change, property) => {
    const stack = newStack();
    change(define(stack).bucket.node.defaultChild as CfnResource);
    expect(messageOf(stack.node.root as App)).toContain(`[Stack/Documents/Bucket/Resource] '${property}`);
  });
});
