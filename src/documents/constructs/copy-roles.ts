import { Stack } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { backfillPrefix, backfillRoleName, copyRoleName, documentsBucketName, documentsKeyAlias } from '../contract';

/** Which documents a role is for. */
export interface CopyRoleProps {
  readonly systemName: string;
  readonly region: string;
  /** Regions that are copied to. */
  readonly destinations: readonly string[];
}

/** With an S3 Bucket Key a data key is asked for once a bucket, so the context of a grant names the bucket alone. */
function keyStatement(scope: Construct, systemName: string, region: string, actions: string[]): PolicyStatement {
  const { partition, account } = Stack.of(scope);
  return new PolicyStatement({
    actions,
    resources: [`arn:${partition}:kms:${region}:${account}:key/*`],
    conditions: {
      // By its alias: no stack refers to another's key.
      'ForAnyValue:StringEquals': { 'kms:ResourceAliases': documentsKeyAlias(systemName) },
      StringEquals: { 'kms:ViaService': `s3.${region}.amazonaws.com` },
    },
  });
}

function bucketArn(scope: Construct, systemName: string, region: string): string {
  const { partition, account } = Stack.of(scope);
  return `arn:${partition}:s3:::${documentsBucketName(systemName, account, region)}`;
}

/** What S3 may do to copy what is written in a region: read its bucket, write copies into the others, and use their keys for that. */
export function copyRole(scope: Construct, { systemName, region, destinations }: CopyRoleProps): Role {
  const source = bucketArn(scope, systemName, region);
  return new Role(scope, 'CopyRole', {
    roleName: copyRoleName(systemName, region),
    description: `S3 copies documents of ${systemName} from ${region}`,
    // Without a condition on the bucket: S3's guide names none for replication, and one that S3 does not send would stop all copies.
    assumedBy: new ServicePrincipal('s3.amazonaws.com'),
    // In the role itself: a rule is refused whose role cannot read the bucket yet.
    inlinePolicies: {
      copy: new PolicyDocument({
        statements: [
          new PolicyStatement({ actions: ['s3:GetReplicationConfiguration', 's3:ListBucket'], resources: [source] }),
          new PolicyStatement({
            actions: ['s3:GetObjectVersionForReplication', 's3:GetObjectVersionAcl', 's3:GetObjectVersionTagging'],
            resources: [`${source}/*`],
          }),
          new PolicyStatement({
            actions: ['s3:ReplicateObject', 's3:ReplicateDelete', 's3:ReplicateTags'],
            resources: destinations.map((to) => `${bucketArn(scope, systemName, to)}/*`),
          }),
          keyStatement(scope, systemName, region, ['kms:Decrypt']),
          ...destinations.map((to) => keyStatement(scope, systemName, to, ['kms:Encrypt', 'kms:GenerateDataKey'])),
        ],
      }),
    },
  });
}

/** What S3 Batch Replication may do: list what was never copied, have it copied by the rules, and keep list and report below a prefix. */
export function backfillRole(scope: Construct, { systemName, region }: CopyRoleProps): Role {
  const source = bucketArn(scope, systemName, region);
  return new Role(scope, 'BackfillRole', {
    roleName: backfillRoleName(systemName, region),
    description: `S3 copies what documents of ${systemName} in ${region} were never copied`,
    assumedBy: new ServicePrincipal('batchoperations.s3.amazonaws.com'),
    inlinePolicies: {
      backfill: new PolicyDocument({
        statements: [
          new PolicyStatement({ actions: ['s3:GetReplicationConfiguration', 's3:PutInventoryConfiguration'], resources: [source] }),
          new PolicyStatement({ actions: ['s3:InitiateReplication'], resources: [`${source}/*`] }),
          new PolicyStatement({
            actions: ['s3:GetObject', 's3:GetObjectVersion', 's3:PutObject'],
            resources: [`${source}/${backfillPrefix}*`],
          }),
          keyStatement(scope, systemName, region, ['kms:Decrypt', 'kms:GenerateDataKey']),
        ],
      }),
    },
  });
}
