import { Duration, RemovalPolicy } from 'aws-cdk-lib';

/** Properties of `ReplicatedSite`. */
export interface ReplicatedSiteProps {
  /**
   * Name of the system: 3 to 40 lower-case letters, digits and hyphens; the same in every region. Names of buckets have at most 63
   * characters, so a region with a long name leaves fewer. The bucket is `<systemName>-site-<account>-<region>`.
   */
  readonly systemName: string;

  /**
   * Regions with a copy of the site, two or more, the stack's own included; the same list in the same order everywhere. The edge asks the
   * first one, and the second where the first fails; CloudFront knows no third.
   */
  readonly regions: string[];

  /** Folder with the built site, as a path on the machine that synthesises: `index.html` and what it loads. */
  readonly folder: string;

  /**
   * Files whose names change with their content, as patterns such as `assets/*`. Browsers keep them for a year; all others they ask for
   * each time.
   *
   * @default - none
   */
  readonly immutableFiles?: string[];

  /**
   * ID of the distribution that alone may read the bucket. Known once `PaymentsEdge` is deployed.
   *
   * @default - every distribution of this account
   */
  readonly distributionId?: string;

  /**
   * How long a replaced file can be brought back, in whole days: 1 or more. S3 keeps it as an older version.
   *
   * @default Duration.days(90)
   */
  readonly oldVersions?: Duration;

  /**
   * What becomes of the bucket when it leaves the stack. CloudFormation deletes empty buckets alone.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}
