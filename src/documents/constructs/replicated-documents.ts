import { CfnResource, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Alias, CfnKey, IKey, Key } from 'aws-cdk-lib/aws-kms';
import { Bucket, CfnBucket, IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { backfillRole, copyRole } from './copy-roles';
import { CopyRules } from './copy-rules';
import { defineDocumentsAlarms } from './documents-alarms';
import { checkDocuments } from './documents-checks';
import { ReplicatedDocumentsProps } from './documents-props';
import { keepResource, keptBucket } from '../../cdk/checks/kept-resource';
import { checkNames } from '../../cdk/checks/name-limits';
import { declareOnce } from '../../cdk/checks/one-of-a-kind';
import { ownResource } from '../../cdk/deployment-order';
import { providePart, useNamedPart } from '../../cdk/named-parts';
import { privateBucket } from '../../cdk/private-bucket';
import { CopyDirection, copyDirections, documentsBucketName, documentsKeyAlias } from '../contract';

/**
 * One region's bucket for documents, such as statements and dispute evidence, which S3 copies to the other regions. One in each region;
 * the buckets find each other by their names. The stack of the first region is deployed last: S3 takes no rule for a bucket that does not
 * exist.
 *
 * What was written before the rules is not copied by them: the command `backfill` has it copied, and proves that it is.
 */
export class ReplicatedDocuments extends Construct {
  /** The bucket, versioned. Its grants cover the key too. */
  public readonly bucket: IBucket;
  /** The key that encrypts it, with the alias `<systemName>-documents`. */
  public readonly key: IKey;
  /** Region of this bucket. */
  public readonly region: string;
  /** The alarms that were made. */
  public readonly alarms: Alarm[];

  constructor(scope: Construct, id: string, props: ReplicatedDocumentsProps) {
    super(scope, id);
    checkNames(this);
    const { systemName, regions, bothWays = true } = props;
    this.region = checkDocuments(this, props);
    declareOnce(this, { kind: 'ReplicatedDocuments', prop: 'systemName', name: systemName });
    const directions = copyDirections(regions, bothWays);
    const { key, alias } = this.defineKey(props);
    this.key = key;
    this.bucket = this.defineBucket(props, key);
    const roles = this.defineRoles(systemName, directions);
    const own = [this.bucket, alias, ...roles].flatMap(ownResource);
    providePart(this, { kind: 'documents', systemName, regions: [this.region] }, own);
    if (this.region === regions[0]) this.defineRules(props, directions);
    const bucketName = (region: string): string => documentsBucketName(systemName, Stack.of(this).account, region);
    this.alarms = defineDocumentsAlarms(this, { systemName, region: this.region, directions, bucketName }, props.alarms);
  }

  private defineKey({ systemName, removalPolicy = RemovalPolicy.RETAIN }: ReplicatedDocumentsProps): { key: Key; alias: Alias } {
    const key = new Key(this, 'Key', {
      description: `Documents of ${systemName}`,
      enableKeyRotation: true,
      pendingWindow: Duration.days(30),
      removalPolicy,
    });
    keepResource(this, key.node.defaultChild as CfnKey, removalPolicy, [
      { name: 'EnableKeyRotation', isKept: ({ EnableKeyRotation }) => EnableKeyRotation === true },
    ]);
    const alias = new Alias(this, 'Alias', { aliasName: documentsKeyAlias(systemName), targetKey: key, removalPolicy });
    return { key, alias };
  }

  private defineBucket(props: ReplicatedDocumentsProps, encryptionKey: Key): Bucket {
    const { systemName, oldVersions = Duration.days(90), removalPolicy = RemovalPolicy.RETAIN } = props;
    const bucket = privateBucket(this, 'Bucket', {
      bucketName: documentsBucketName(systemName, Stack.of(this).account, this.region),
      versioned: true,
      encryptionKey,
      lifecycle: { noncurrentVersionExpiration: oldVersions },
      removalPolicy,
    });
    keepResource(this, bucket.node.defaultChild as CfnBucket, removalPolicy, keptBucket);
    return bucket;
  }

  /** Only where documents leave: a copy's region copies nothing. */
  private defineRoles(systemName: string, directions: readonly CopyDirection[]): Construct[] {
    const destinations = directions.filter(({ from }) => from === this.region).map(({ to }) => to);
    if (destinations.length === 0) return [];
    const own = { systemName, region: this.region, destinations };
    return [copyRole(this, own), backfillRole(this, own)];
  }

  private defineRules(props: ReplicatedDocumentsProps, directions: readonly CopyDirection[]): void {
    const { systemName, regions, bothWays = true, deleteMarkers = true } = props;
    const sources = regions.filter((region) => directions.some(({ from }) => from === region));
    const rules = sources.map(
      (from): CfnResource => new CopyRules(this, `Rules-${from}`, { systemName, from, directions, bothWays, deleteMarkers }).resource,
    );
    useNamedPart(this, { kind: 'documents', systemName, regions }, rules);
  }
}
