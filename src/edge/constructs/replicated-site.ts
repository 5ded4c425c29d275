import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Bucket, CfnBucket, IBucket } from 'aws-cdk-lib/aws-s3';
import { BucketDeployment, CacheControl, Source } from 'aws-cdk-lib/aws-s3-deployment';
import { Construct } from 'constructs';
import { checkSite, declareSitePart } from './site-checks';
import { ReplicatedSiteProps } from './site-props';
import { keepResource, keptBucket } from '../../cdk/checks/kept-resource';
import { checkNames } from '../../cdk/checks/name-limits';
import { declareOnce } from '../../cdk/checks/one-of-a-kind';
import { privateBucket } from '../../cdk/private-bucket';
import { siteBucketName, siteCaching, siteIndex } from '../contract';

/** Enough for the copy of a few hundred files at once. */
const copyMemory = 512;

/**
 * One region's copy of a static site, in a private bucket that CloudFront alone reads. One in each region, deployed from the same folder;
 * it refers to no other region's stack. `PaymentsEdge` finds the buckets by their names.
 *
 * Files that are no longer in the folder stay in the bucket: a page that is open still finds its scripts. The index comes last, after all
 * that it loads.
 */
export class ReplicatedSite extends Construct {
  /** The bucket, versioned. */
  public readonly bucket: IBucket;
  /** Region of this copy. */
  public readonly region: string;

  constructor(scope: Construct, id: string, props: ReplicatedSiteProps) {
    super(scope, id);
    checkNames(this);
    this.region = checkSite(this, props);
    declareOnce(this, { kind: 'ReplicatedSite', prop: 'systemName', name: props.systemName });
    declareSitePart(this, 'ReplicatedSite', props.systemName, props.regions);
    const bucket = this.defineBucket(props);
    this.admitCloudFront(bucket, props);
    this.bucket = bucket;
    this.copy(bucket, props);
  }

  private defineBucket({ systemName, oldVersions = Duration.days(90), removalPolicy = RemovalPolicy.RETAIN }: ReplicatedSiteProps): Bucket {
    const bucket = privateBucket(this, 'Bucket', {
      bucketName: siteBucketName(systemName, Stack.of(this).account, this.region),
      versioned: true,
      lifecycle: { noncurrentVersionExpiration: oldVersions },
      removalPolicy,
    });
    keepResource(this, bucket.node.defaultChild as CfnBucket, removalPolicy, keptBucket);
    return bucket;
  }

  /** One object at a time, without a list: a file that is not there is answered 403, and the other region is asked for it. */
  private admitCloudFront(bucket: Bucket, { distributionId = '*' }: ReplicatedSiteProps): void {
    const { partition, account } = Stack.of(this);
    bucket.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('cloudfront.amazonaws.com')],
        actions: ['s3:GetObject'],
        resources: [bucket.arnForObjects('*')],
        conditions: { ArnLike: { 'aws:SourceArn': `arn:${partition}:cloudfront::${account}:distribution/${distributionId}` } },
      }),
    );
  }

  private copy(bucket: Bucket, { folder, immutableFiles = [] }: ReplicatedSiteProps): void {
    const shared = {
      sources: [Source.asset(folder)],
      destinationBucket: bucket,
      prune: false,
      outputObjectKeys: false,
      memoryLimit: copyMemory,
      logGroup: new LogGroup(this, 'Logs', { retention: RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY }),
    };
    const kept = (text: string): CacheControl[] => [CacheControl.fromString(text)];
    const only = (include: string[]): { exclude: string[]; include: string[] } => ({ exclude: ['*'], include });
    const steps = [
      ...(immutableFiles.length === 0
        ? []
        : [new BucketDeployment(this, 'Immutable', { ...shared, ...only(immutableFiles), cacheControl: kept(siteCaching.immutable) })]),
      new BucketDeployment(this, 'Files', { ...shared, exclude: [siteIndex, ...immutableFiles], cacheControl: kept(siteCaching.changing) }),
      new BucketDeployment(this, 'Index', { ...shared, ...only([siteIndex]), cacheControl: kept(siteCaching.changing) }),
    ];
    steps.slice(1).forEach((step, at) => step.node.addDependency(steps[at]));
  }
}
