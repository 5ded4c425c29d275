import { CfnResource, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { AwsCustomResource, AwsCustomResourcePolicy, AwsSdkCall, PhysicalResourceId } from 'aws-cdk-lib/custom-resources';
import { Construct } from 'constructs';
import { sdkCallDefaults } from '../../cdk/lookup';
import { CopyDirection, copyMinutes, copyRoleName, copyRuleName, documentsBucketName, documentsKeyAlias } from '../contract';

/** The rules of one region's bucket. */
export interface CopyRulesProps {
  readonly systemName: string;
  /** Region whose documents are copied. */
  readonly from: string;
  readonly directions: readonly CopyDirection[];
  readonly bothWays: boolean;
  readonly deleteMarkers: boolean;
}

const rulesType = 'Custom::DocumentsCopyRules';
const status = (isOn: boolean): { Status: string } => ({ Status: isOn ? 'Enabled' : 'Disabled' });

/**
 * Sets the rules by which one bucket is copied. S3 takes none whose destination does not exist, so no template can make two buckets that
 * are copied to each other. They are set when all buckets are there, and again when they change.
 */
export class CopyRules extends Construct {
  /** What is deployed after the buckets. */
  public readonly resource: CfnResource;

  constructor(scope: Construct, id: string, props: CopyRulesProps) {
    super(scope, id);
    const { systemName, from } = props;
    const { partition, account } = Stack.of(this);
    const bucket = documentsBucketName(systemName, account, from);
    const role = `arn:${partition}:iam::${account}:role/${copyRoleName(systemName, from)}`;
    const call: AwsSdkCall = {
      service: 'S3',
      action: 'putBucketReplication',
      region: from,
      parameters: { Bucket: bucket, ReplicationConfiguration: { Role: role, Rules: this.rules(props) } },
      physicalResourceId: PhysicalResourceId.of(`${bucket}-rules`),
    };
    const set = new AwsCustomResource(this, 'Set', {
      resourceType: rulesType,
      installLatestAwsSdk: false,
      onUpdate: call,
      policy: AwsCustomResourcePolicy.fromStatements(this.rights(props)),
      ...sdkCallDefaults(this),
    });
    this.resource = set.node
      .findAll()
      .find((child): child is CfnResource => CfnResource.isCfnResource(child) && child.cfnResourceType === rulesType)!;
  }

  /**
   * Of all regions, whichever is set first: one function sets them, and IAM may take a while to let it use a right that it gets after its
   * first call.
   */
  private rights({ systemName, directions }: CopyRulesProps): PolicyStatement[] {
    const { partition, account } = Stack.of(this);
    const sources = [...new Set(directions.map(({ from }) => from))];
    return [
      new PolicyStatement({
        actions: ['s3:PutReplicationConfiguration'],
        resources: sources.map((from) => `arn:${partition}:s3:::${documentsBucketName(systemName, account, from)}`),
      }),
      new PolicyStatement({
        actions: ['iam:PassRole'],
        resources: sources.map((from) => `arn:${partition}:iam::${account}:role/${copyRoleName(systemName, from)}`),
        conditions: { StringEquals: { 'iam:PassedToService': 's3.amazonaws.com' } },
      }),
    ];
  }

  private rules({ systemName, from, directions, bothWays, deleteMarkers }: CopyRulesProps): object[] {
    const { partition, account } = Stack.of(this);
    const ownDirections = directions.filter((direction) => direction.from === from);
    return ownDirections.map(({ to }, at) => ({
      ID: copyRuleName(to),
      ...status(true),
      Priority: at + 1,
      Filter: { Prefix: '' },
      DeleteMarkerReplication: status(deleteMarkers),
      // Tags of a copy that change there come back where copies go both ways.
      SourceSelectionCriteria: { SseKmsEncryptedObjects: status(true), ReplicaModifications: status(bothWays) },
      Destination: {
        Bucket: `arn:${partition}:s3:::${documentsBucketName(systemName, account, to)}`,
        EncryptionConfiguration: { ReplicaKmsKeyID: `arn:${partition}:kms:${to}:${account}:${documentsKeyAlias(systemName)}` },
        ReplicationTime: { ...status(true), Time: { Minutes: copyMinutes } },
        Metrics: { ...status(true), EventThreshold: { Minutes: copyMinutes } },
      },
    }));
  }
}
