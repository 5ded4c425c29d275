import { Annotations, ITaggable, Lazy, RemovalPolicy, Stack, TagManager, Token } from 'aws-cdk-lib';
import { CfnGlobalTable } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { authorityTableName, ledgerSchema } from '../contract';
import { checkRemoval, keptConsistency, keptReplicas } from './ledger-table-checks';
import { LedgerConsistency, PaymentRegions } from './payment-regions';
import { checkSystemName, declareLedgerPart } from './system-checks';
import { invalidProps } from '../../cdk/checks/invalid-props';
import { keepProtection } from '../../cdk/checks/kept-protection';
import { keepResource } from '../../cdk/checks/kept-resource';
import { checkLiterals } from '../../cdk/checks/literals';
import { declareOnce } from '../../cdk/checks/one-of-a-kind';
import { providePart } from '../../cdk/named-parts';
import { keepReplicaTagsValid, replicaTagManager, replicaTags } from '../../cdk/replica-tags';
import { unknownStrongRegions } from '../../kernel/strong-regions';

/** Properties of `HomeAuthorityTable`. */
export interface HomeAuthorityTableProps {
  /** Name of the system: 3 to 40 lower-case letters, digits and hyphens; the same in every stack. The table is `<systemName>-authority`. */
  readonly systemName: string;

  /** The system's regions, in mode `HOME_REGION`. */
  readonly regions: PaymentRegions;

  /**
   * Whether replicas refuse to be deleted.
   *
   * @default true
   */
  readonly deletionProtection?: boolean;

  /**
   * What happens to the table when it leaves the stack. `DESTROY` needs `acceptDataLoss` and `deletionProtection: false`.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * Says that losing the records of who is home is meant: for tests. A ledger that is used again without them would begin its epochs
   * anew and overwrite accounts.
   *
   * @default false
   */
  readonly acceptDataLoss?: boolean;

  /**
   * Tags of each replica; they win over those of `Tags.of`, which reach each replica too.
   *
   * @default - none
   */
  readonly tags?: { [name: string]: string };
}

/**
 * The small table that says which region is home, strongly consistent across its own three regions (`PaymentRegions.authority`).
 * Created once, in a stack in one of its replicas' regions, before the regions' APIs.
 *
 * It is encrypted with a key that DynamoDB owns: it holds names of regions, numbers and times, and a key of your own would have to
 * stand in regions where the system has nothing else, where its loss would stop every payment.
 */
export class HomeAuthorityTable extends Construct implements ITaggable {
  /** Name of the table, the same in every region. */
  public readonly tableName: string;
  /** The table as CloudFormation sees it. */
  public readonly resource: CfnGlobalTable;
  /** Tags of each replica, as `Tags.of` adds them. */
  public readonly tags: TagManager = replicaTagManager();

  constructor(scope: Construct, id: string, props: HomeAuthorityTableProps) {
    super(scope, id);
    const { systemName, regions } = props;
    checkSystemName(this, systemName);
    checkLiterals(this, props);
    this.tableName = authorityTableName(systemName);
    this.checkPlace(regions);
    checkRemoval(this, props);
    declareOnce(this, { kind: 'HomeAuthorityTable', prop: 'systemName', name: systemName, isGlobal: true });
    declareLedgerPart(this, 'HomeAuthorityTable', { systemName, regions });
    const { replicas, witness } = regions.authority!;
    const warning = unknownStrongRegions('regions.authority', [...replicas, ...(witness === undefined ? [] : [witness])]);
    if (warning) Annotations.of(this).addWarningV2('cdk-multi-region-payments:unknown-strong-regions', `[${this.node.path}] ${warning}`);
    this.resource = this.defineTable(props);
    providePart(this, { kind: 'table of homes', systemName, regions: replicas }, [this.resource]);
    this.resource.applyRemovalPolicy(props.removalPolicy ?? RemovalPolicy.RETAIN);
    keepProtection(this.resource);
    keepReplicaTagsValid(this, this.tags, props.tags);
    keepResource(this, this.resource, props.removalPolicy ?? RemovalPolicy.RETAIN, [
      ...keptReplicas({ deletionProtection: props.deletionProtection }),
      keptConsistency(LedgerConsistency.STRONG),
    ]);
  }

  private checkPlace(regions: PaymentRegions): void {
    const problem = regions._problem();
    if (problem) throw invalidProps(this, problem);
    if (!regions.authority) {
      throw invalidProps(this, {
        prop: 'regions',
        given: 'in mode STRONG',
        allowed: 'mode HOME_REGION: with strong consistency every region writes, and none is home',
        mend: 'leave HomeAuthorityTable out, or use PaymentRegions.homeRegion',
      });
    }
    const region = Stack.of(this).region;
    if (regions.authority.replicas.includes(region)) return;
    throw invalidProps(this, {
      prop: 'env.region of the stack',
      given: Token.isUnresolved(region) ? 'not set' : region,
      allowed: `${regions.authority.replicas.join(', ')}: CloudFormation makes a global table from one of its replicas' regions`,
      mend:
        'put HomeAuthorityTable into a stack in regions.authority.replicas[0], or choose other regions with ' +
        'PaymentRegions.homeRegion({ authority })',
    });
  }

  private defineTable({ regions, deletionProtection, tags }: HomeAuthorityTableProps): CfnGlobalTable {
    const { replicas, witness } = regions.authority!;
    return new CfnGlobalTable(this, 'Table', {
      tableName: this.tableName,
      keySchema: [{ attributeName: ledgerSchema.partitionKey, keyType: 'HASH' }],
      attributeDefinitions: [{ attributeName: ledgerSchema.partitionKey, attributeType: 'S' }],
      billingMode: 'PAY_PER_REQUEST',
      multiRegionConsistency: 'STRONG',
      globalTableWitnesses: witness === undefined ? undefined : [{ region: witness }],
      // Once aspects have run, which tag them.
      replicas: replicas.map((region) =>
        Lazy.uncachedAny({
          produce: (): CfnGlobalTable.ReplicaSpecificationProperty => ({
            region,
            deletionProtectionEnabled: deletionProtection ?? true,
            pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
            tags: replicaTags(this.tags, tags),
          }),
        }),
      ),
    });
  }
}
