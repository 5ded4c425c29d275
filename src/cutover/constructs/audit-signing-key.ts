import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AccountRootPrincipal, Grant, IGrantable, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Alias, CfnKey, Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { keepResource } from '../../cdk/checks/kept-resource';
import { auditKeyAlias } from '../contract';

/** What the account's administrators need of a key; no `Sign`, and no `CreateGrant`, by which somebody could be given it. */
const administration = [
  'kms:DescribeKey',
  'kms:GetKeyPolicy',
  'kms:ListKeyPolicies',
  'kms:PutKeyPolicy',
  'kms:UpdateKeyDescription',
  'kms:EnableKey',
  'kms:DisableKey',
  'kms:ScheduleKeyDeletion',
  'kms:CancelKeyDeletion',
  'kms:CreateAlias',
  'kms:UpdateAlias',
  'kms:DeleteAlias',
  'kms:ListGrants',
  'kms:RevokeGrant',
  'kms:TagResource',
  'kms:UntagResource',
  'kms:ListResourceTags',
  'kms:GetKeyRotationStatus',
];

/**
 * The key that signs an audit. Its policy names the roles that may sign, and no identity policy of the account can add one. It is in the
 * region of the audit, so it is lost with nothing else than the audit; KMS rotates no asymmetric key.
 */
export class AuditSigningKey extends Construct {
  public readonly key: Key;

  constructor(scope: Construct, id: string, systemName: string) {
    super(scope, id);
    const account = new AccountRootPrincipal();
    this.key = new Key(this, 'Key', {
      description: `${systemName}: signs the cutover's audit`,
      keySpec: KeySpec.ECC_NIST_P256,
      keyUsage: KeyUsage.SIGN_VERIFY,
      pendingWindow: Duration.days(30),
      removalPolicy: RemovalPolicy.RETAIN,
      policy: new PolicyDocument({
        statements: [
          new PolicyStatement({ sid: 'Administer', principals: [account], actions: administration, resources: ['*'] }),
          new PolicyStatement({ sid: 'Verify', principals: [account], actions: ['kms:GetPublicKey', 'kms:Verify'], resources: ['*'] }),
        ],
      }),
    });
    keepResource(this, this.key.node.defaultChild as CfnKey, RemovalPolicy.RETAIN);
    // Goes with the stack, so that a stack that is made again can have one: the key is found by its ARN then.
    new Alias(this, 'Alias', { aliasName: auditKeyAlias(systemName), targetKey: this.key, removalPolicy: RemovalPolicy.DESTROY });
  }

  /** In the key's policy alone: an identity policy would say nothing. */
  public grantSign(grantee: IGrantable): void {
    this.key.addToResourcePolicy(new PolicyStatement({ principals: [grantee.grantPrincipal], actions: ['kms:Sign'], resources: ['*'] }));
  }

  public grantVerify(grantee: IGrantable): void {
    Grant.addToPrincipal({ grantee, actions: ['kms:GetPublicKey'], resourceArns: [this.key.keyArn] });
  }
}
