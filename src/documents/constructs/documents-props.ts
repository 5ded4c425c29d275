import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { DocumentsAlarmOptions } from './documents-alarms';

/** Properties of `ReplicatedDocuments`. */
export interface ReplicatedDocumentsProps {
  /**
   * Name of the system: 3 to 40 lower-case letters, digits and hyphens; the same in every region. Names of buckets have at most 63
   * characters, so a region with a long name leaves fewer. The bucket is `<systemName>-docs-<account>-<region>`.
   */
  readonly systemName: string;

  /**
   * Regions with a bucket, two or more, the stack's own included; the same list in the same order everywhere. The first one's stack sets
   * the rules of all, so it is deployed last.
   */
  readonly regions: string[];

  /**
   * Whether each region's documents are copied to each other region. Otherwise those of the first are copied to all others, and what is
   * written elsewhere stays there.
   *
   * @default true
   */
  readonly bothWays?: boolean;

  /**
   * Whether a deletion is copied too, which S3 records as a delete marker. The deletion of a single version never is.
   *
   * @default true
   */
  readonly deleteMarkers?: boolean;

  /**
   * How long a replaced or deleted document can be brought back, in whole days: 1 or more. S3 keeps it as an older version.
   *
   * @default Duration.days(90)
   */
  readonly oldVersions?: Duration;

  /**
   * The alarms on the copies.
   *
   * @default - all of them, with their defaults
   */
  readonly alarms?: DocumentsAlarmOptions;

  /**
   * What becomes of bucket and key when they leave the stack. CloudFormation deletes empty buckets alone, and documents cannot be read
   * without their key.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}
