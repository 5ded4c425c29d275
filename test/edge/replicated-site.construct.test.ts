import { mkdtempSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import path from 'path';
import { App, CfnResource, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { PaymentsEdge, ReplicatedSite, ReplicatedSiteProps } from '../../src/index';
import { siteFolder } from '../cdk/every-interface';
import { account, newApp, newStack, plain } from '../cdk/stacks';

type Override = Partial<ReplicatedSiteProps>;
const regions = ['us-east-1', 'us-west-2'];
const define = (stack: Stack, override: Override = {}): ReplicatedSite =>
  new ReplicatedSite(stack, 'Site', { systemName: 'acme', regions, folder: siteFolder, ...override });
const templateOf = (override: Override = {}): Template => {
  const stack = newStack();
  define(stack, override);
  return Template.fromStack(stack);
};

test('the bucket is private, encrypted, versioned, kept, and has its name from system, account and region', () => {
  templateOf().hasResource('AWS::S3::Bucket', {
    DeletionPolicy: 'Retain',
    UpdateReplacePolicy: 'Retain',
    Properties: {
      BucketName: `acme-site-${account}-us-east-1`,
      BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      VersioningConfiguration: { Status: 'Enabled' },
      LifecycleConfiguration: { Rules: [Match.objectLike({ NoncurrentVersionExpiration: { NoncurrentDays: 90 } })] },
    },
  });
});

test('CloudFront alone may read, one object at a time; with an ID one distribution alone; nobody without TLS 1.2', () => {
  const statements = (override: Override): any[] =>
    plain(Object.values(templateOf(override).findResources('AWS::S3::BucketPolicy'))[0].Properties.PolicyDocument.Statement);
  const allowed = (override: Override): any[] => statements(override).filter(({ Effect }) => Effect === 'Allow');
  expect(allowed({})).toEqual([
    {
      Action: 's3:GetObject',
      Effect: 'Allow',
      Principal: { Service: 'cloudfront.amazonaws.com' },
      Resource: expect.stringMatching(/\/\*$/),
      Condition: { ArnLike: { 'aws:SourceArn': `arn:<AWS::Partition>:cloudfront::${account}:distribution/*` } },
    },
  ]);
  expect(allowed({ distributionId: 'E123' })[0].Condition.ArnLike['aws:SourceArn']).toMatch(/distribution\/E123$/);
  const denied = statements({}).filter(({ Effect }) => Effect === 'Deny');
  expect(denied.map(({ Condition }) => Condition)).toEqual([
    { Bool: { 'aws:SecureTransport': 'false' } },
    { NumericLessThan: { 's3:TlsVersion': 1.2 } },
  ]);
});

test('files come first and the index last; none is removed; browsers ask for the changing ones each time', () => {
  const template = templateOf({ immutableFiles: ['assets/*'] });
  const steps = Object.entries(template.findResources('Custom::CDKBucketDeployment'));
  const step = (name: string): [string, any] => steps.find(([id]) => id.startsWith(`Site${name}`))!;
  const [immutableId, immutable] = step('Immutable');
  const [filesId, files] = step('Files');
  const [, index] = step('Index');
  expect(immutable.Properties).toMatchObject({ Exclude: ['*'], Include: ['assets/*'], Prune: false });
  expect(immutable.Properties.SystemMetadata['cache-control']).toBe('public, max-age=31536000, immutable');
  expect(files.Properties).toMatchObject({ Exclude: ['index.html', 'assets/*'], Prune: false });
  expect(index.Properties).toMatchObject({ Exclude: ['*'], Include: ['index.html'], Prune: false });
  for (const { Properties } of [files, index]) {
    expect(Properties.SystemMetadata['cache-control']).toBe('public, max-age=0, s-maxage=60');
  }
  expect(files.DependsOn.some((id: string) => id.startsWith(immutableId.slice(0, 13)))).toBe(true);
  expect(index.DependsOn.some((id: string) => id.startsWith(filesId.slice(0, 9)))).toBe(true);
});

describe('is refused at synthesis', () => {
  const empty = mkdtempSync(path.join(tmpdir(), 'no-index-'));
  const file = path.join(empty, 'a.txt');
  writeFileSync(file, '');

  test.each<[string, Override, string]>([
    ['one region', { regions: ['us-east-1'] }, "'regions' is us-east-1; allowed: two or more regions: with one alone nothing is left"],
    ['a folder that is not there', { folder: path.join(empty, 'none') }, `'folder' is '${empty}/none', which is not a folder`],
    ['a file', { folder: file }, `'folder' is '${file}', which is not a folder`],
    ['a folder without index', { folder: empty }, `'folder' is '${empty}', without index.html`],
    ['half a day', { oldVersions: Duration.hours(12) }, "'oldVersions' is 0.5 days"],
  ])('%s', (_what, override, message) => {
    expect(() => define(newStack(), override)).toThrow(`[Stack/Site] ${message}`);
  });

  test('a stack beside the regions, or without one', () => {
    expect(() => define(newStack('eu-west-1'))).toThrow(
      "[Stack/Site] 'env.region of the stack' is eu-west-1; allowed: us-east-1, us-west-2",
    );
    expect(() => define(new Stack(newApp(), 'Stack'))).toThrow("[Stack/Site] 'env.region of the stack' is not set");
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

  test('has the same regions in the same order in every copy and at the edge', () => {
    const app = newApp();
    define(new Stack(app, 'East', { env: { account, region: 'us-east-1' } }));
    define(new Stack(app, 'West', { env: { account, region: 'us-west-2' } }), { regions: ['us-west-2', 'us-east-1'] });
    expect(messageOf(app)).toContain("'regions' is us-west-2, us-east-1, but us-east-1, us-west-2 in East/Site");
    const other = newApp();
    const stack = new Stack(other, 'East', { env: { account, region: 'us-east-1' } });
    define(stack);
    new PaymentsEdge(stack, 'Edge', { systemName: 'acme', regions: ['us-west-2', 'us-east-1'], apiName: 'pay.example.com' });
    expect(messageOf(other)).toContain("'regions' is us-west-2, us-east-1, but us-east-1, us-west-2 in East/Site");
  });

  test.each<[string, (bucket: CfnResource) => void, string]>([
    ['versions', (bucket) => bucket.addPropertyDeletionOverride('VersioningConfiguration'), 'VersioningConfiguration'],
    [
      'the block of public access',
      (bucket) => bucket.addPropertyOverride('PublicAccessBlockConfiguration.BlockPublicPolicy', false),
      'PublicAccess',
    ],
    ['the bucket itself', (bucket) => bucket.applyRemovalPolicy(RemovalPolicy.DESTROY), 'DeletionPolicy'],
    ['encryption', (bucket) => bucket.addPropertyDeletionOverride('BucketEncryption'), 'BucketEncryption'],
  ])('keeps %s against aspects and overrides', (_what, change, property) => {
    const stack = newStack();
    change(define(stack).bucket.node.defaultChild as CfnResource);
    expect(messageOf(stack.node.root as App)).toContain(`[Stack/Site/Bucket/Resource] '${property}`);
  });
});
