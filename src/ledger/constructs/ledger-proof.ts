import { ArnFormat, CfnResource, CustomResource, Duration, Stack } from 'aws-cdk-lib';
import { Grant } from 'aws-cdk-lib/aws-iam';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { authorityTableName, ledgerBundles, ledgerEnv, proofEnv } from '../contract';
import { LedgerReplica } from './ledger-replica';
import { BundledFunction } from '../../cdk/bundled-function';
import { synthesisTime } from '../../cdk/lookup';
import { useNamedPart } from '../../cdk/named-parts';
import { synthesisedProperty } from '../../kernel/custom-resource';

/**
 * Has a deployment prove that the ledger's tables are there and agree with what this stack takes them to be, before a function is made that
 * works on them. What was found goes to those functions, which refuse to work where it is wrong. One for each system in a stack.
 */
export class LedgerProof extends Construct {
  /** The one of the scope's stack. */
  public static of(scope: Construct, ledger: LedgerReplica): LedgerProof {
    const stack = Stack.of(scope);
    const id = `LedgerProof-${ledger.systemName}`;
    return (stack.node.tryFindChild(id) as LedgerProof | undefined) ?? new LedgerProof(stack, id, ledger);
  }

  /** What was found, for the environment of every function that decides on the table. */
  public readonly environment: Pick<Parameters<typeof ledgerEnv.write>[0], 'tableMode' | 'authorityMode'>;

  private constructor(scope: Construct, id: string, { systemName, tableName, tableArn, region, regions }: LedgerReplica) {
    super(scope, id);
    // Each deployment asks its own region alone, so that it needs no other one.
    const authority = regions.authority?.replicas.includes(region) ? authorityTableName(systemName) : undefined;
    const proven = { ledger: { name: tableName, mode: regions.consistency }, ...(authority === undefined ? {} : { authority }) };
    const asks = new BundledFunction(this, 'Ask', {
      bundle: ledgerBundles.tableProof,
      description: `${systemName}: proves the ledger's tables to a deployment`,
      environment: proofEnv.write({ tables: JSON.stringify(proven) }),
      timeout: Duration.minutes(1),
      memorySize: 256,
      logRetention: RetentionDays.THREE_MONTHS,
    });
    const authorityArn = Stack.of(this).formatArn({
      service: 'dynamodb',
      resource: 'table',
      resourceName: authority,
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
    Grant.addToPrincipal({
      grantee: asks.function,
      actions: ['dynamodb:DescribeTable'],
      resourceArns: [tableArn, ...(authority === undefined ? [] : [authorityArn])],
    });
    const proof = new CustomResource(this, 'Tables', {
      resourceType: 'Custom::LedgerTables',
      serviceToken: asks.function.functionArn,
      serviceTimeout: Duration.minutes(5),
      // Asked for anew at each deployment: a table may have been made anew since.
      properties: {
        tableName,
        mode: regions.consistency,
        ...(authority === undefined ? {} : { authority }),
        [synthesisedProperty]: synthesisTime(this),
      },
    });
    proof.node.addDependency(asks);
    const resources = [proof.node.defaultChild as CfnResource];
    useNamedPart(this, { kind: 'ledger table', systemName, regions: [region] }, resources);
    if (regions.authority) useNamedPart(this, { kind: 'table of homes', systemName, regions: regions.authority.replicas }, resources);
    this.environment = {
      tableMode: proof.getAttString('TableMode'),
      ...(regions.authority ? { authorityMode: proof.getAttString('AuthorityMode') } : {}),
    };
  }
}
