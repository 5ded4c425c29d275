import { ArnFormat, Aws, Stack } from 'aws-cdk-lib';
import { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { authorityKeys, authorityTableName, HomeCapability, homeFunctionName, writeHome } from '../contract';
import { HomeArrangement } from './home-arrangement';
import { LedgerReplica } from './ledger-replica';

/** What one region's functions need in mode HOME_REGION, by names alone: settings, the authority's table, the other regions' functions. */
export class HomeAccess {
  /** For a ledger in mode HOME_REGION; undefined for others. */
  public static of(scope: Construct, ledger: LedgerReplica): HomeAccess | undefined {
    const { _home: home } = ledger.regions;
    return home && new HomeAccess(scope, ledger, home);
  }

  private constructor(
    private readonly scope: Construct,
    private readonly ledger: LedgerReplica,
    private readonly home: HomeArrangement,
  ) {}

  /** The settings for the environment. */
  public environment(): string {
    return writeHome(this.home.environment(this.ledger.systemName, this.ledger.region));
  }

  /** Lets the grantee see who is home. */
  public grantLookUp(grantee: IGrantable): Grant {
    return this.grantAuthority(grantee, ['dynamodb:GetItem']);
  }

  /** Lets the grantee renew the leases that this region holds; that it takes over nothing is up to its code. */
  public grantKeep(grantee: IGrantable): Grant {
    return this.grantAuthority(grantee, ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:UpdateItem']);
  }

  /** Lets the grantee see who is home, renew leases, and take over. */
  public grantHold(grantee: IGrantable): Grant {
    return this.grantAuthority(grantee, ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem']);
  }

  /** Lets the grantee send calls to the functions of the other regions that have the same capability, and to no others. */
  public grantForward(grantee: IGrantable, capability: HomeCapability): Grant {
    const { systemName, region, regions } = this.ledger;
    const others = regions.replicas.filter((replica) => replica !== region);
    return Grant.addToPrincipal({
      grantee,
      actions: ['lambda:InvokeFunction'],
      resourceArns: others.map((other) => this.arn('lambda', other, `function:${homeFunctionName(systemName, capability)}`)),
    });
  }

  private grantAuthority(grantee: IGrantable, actions: string[]): Grant {
    const table = `table/${authorityTableName(this.ledger.systemName)}`;
    return Grant.addToPrincipal({
      grantee,
      actions,
      resourceArns: this.home.authority.replicas.map((region) => this.arn('dynamodb', region, table)),
      conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [authorityKeys] } },
    });
  }

  private arn(service: string, region: string, resource: string): string {
    const stack = Stack.of(this.scope);
    return stack.formatArn({
      partition: Aws.PARTITION,
      service,
      region,
      account: stack.account,
      resource,
      arnFormat: ArnFormat.NO_RESOURCE_NAME,
    });
  }
}
