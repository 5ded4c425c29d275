import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, BucketEncryption, BucketProps, LifecycleRule, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { keepProtection } from './checks/kept-protection';

/** What differs between the library's buckets. */
interface PrivateBucketProps extends Pick<
  BucketProps,
  'bucketName' | 'versioned' | 'removalPolicy' | 'objectLockEnabled' | 'objectLockDefaultRetention' | 'encryptionKey'
> {
  /** Besides that uploads which were never finished go after a week. */
  readonly lifecycle: LifecycleRule;
}

/**
 * A bucket as the library makes them: closed to the public, its account's alone, encrypted, with TLS 1.2 or newer; retained by default.
 * It is encrypted with the key that is given, else with one that S3 manages.
 */
export function privateBucket(scope: Construct, id: string, { lifecycle, encryptionKey, ...props }: PrivateBucketProps): Bucket {
  const bucket = new Bucket(scope, id, {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    ...(encryptionKey
      ? // One data key for many objects: KMS is asked less often, and its price counts by requests.
        { encryption: BucketEncryption.KMS, encryptionKey, bucketKeyEnabled: true }
      : { encryption: BucketEncryption.S3_MANAGED }),
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    removalPolicy: RemovalPolicy.RETAIN,
    ...props,
    lifecycleRules: [{ ...lifecycle, abortIncompleteMultipartUploadAfter: Duration.days(7) }],
  });
  keepProtection(bucket);
  return bucket;
}
