import { Annotations, ITaggable, Lazy, RemovalPolicy, Stack, TagManager } from 'aws-cdk-lib';
import { CfnGlobalTable } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { ledgerSchema, ledgerTableName } from '../contract';
import { LedgerBilling, LedgerCapacityProps } from './ledger-billing';
import { LedgerEncryption, ledgerKeyAlias } from './ledger-encryption';
import { LedgerReplica } from './ledger-replica';
import { checkLedgerTableProps, keptConsistency, keptReplicas, ledgerTemplateProblems } from './ledger-table-checks';
import { IdempotentLedgerTableProps } from './ledger-table-props';
import { LedgerConsistency } from './payment-regions';
import { checkRegions, checkSystemName, declareLedgerPart } from './system-checks';
import { keepProtection } from '../../cdk/checks/kept-protection';
import { keepResource } from '../../cdk/checks/kept-resource';
import { checkLiterals } from '../../cdk/checks/literals';
import { declareOnce } from '../../cdk/checks/one-of-a-kind';
import { providePart, useNamedPart } from '../../cdk/named-parts';
import { keepReplicaTagsValid, replicaTagManager, replicaTags } from '../../cdk/replica-tags';

/**
 * The global table that holds accounts, payments and idempotency keys. Created once, in the stack of any one of the replicas'
 * regions; the other stacks use `LedgerReplica.of`.
 *
 * An account has any number of open holds. In HOME_REGION it takes 5,000 entries in 15 minutes while another region does not answer; then
 * it answers 429 `account_busy`.
 */
export class IdempotentLedgerTable extends Construct implements ITaggable {
  /** Name of the table, the same in every region. */
  public readonly tableName: string;
  /** The table as CloudFormation sees it. */
  public readonly resource: CfnGlobalTable;
  /** Tags of each replica, as `Tags.of` adds them. */
  public readonly tags: TagManager = replicaTagManager();
  private readonly props: IdempotentLedgerTableProps;

  constructor(scope: Construct, id: string, props: IdempotentLedgerTableProps) {
    super(scope, id);
    this.props = props;
    this.tableName = ledgerTableName(props.systemName);
    checkSystemName(this, props.systemName);
    checkRegions(this, props.regions);
    checkLiterals(this, props);
    checkLiterals(this, props.billing?.onDemandProps ?? props.billing?.provisionedProps, { prefix: 'billing.' });
    checkLedgerTableProps(this, props);
    declareLedgerPart(this, 'IdempotentLedgerTable', { encryption: LedgerEncryption.customerManaged(), ...props });
    declareOnce(this, { kind: 'IdempotentLedgerTable', prop: 'systemName', name: props.systemName, isGlobal: true });
    const warning = props.regions._unknownRegionsWarning();
    if (warning) Annotations.of(this).addWarningV2('cdk-multi-region-payments:unknown-strong-regions', `[${this.node.path}] ${warning}`);

    this.resource = this.defineTable();
    this.resource.applyRemovalPolicy(props.removalPolicy ?? RemovalPolicy.RETAIN);
    const {
      systemName,
      regions: { replicas },
      encryption = LedgerEncryption.customerManaged(),
    } = props;
    providePart(this, { kind: 'ledger table', systemName, regions: replicas }, [this.resource]);
    if (encryption.usesCustomerKeys) useNamedPart(this, { kind: 'ledger key', systemName, regions: replicas }, [this.resource]);
    keepProtection(this.resource);
    keepReplicaTagsValid(this, this.tags, props.tags);
    keepResource(this, this.resource, props.removalPolicy ?? RemovalPolicy.RETAIN, [
      ...keptReplicas(props),
      keptConsistency(props.regions.consistency),
    ]);
    this.node.addValidation({ validate: () => ledgerTemplateProblems(this.templateProperties(), props.regions) });
  }

  /**
   * The copy in one region.
   *
   * @param region one of the replicas
   */
  public replica(region: string): LedgerReplica {
    return LedgerReplica._in(
      this,
      this.props.systemName,
      this.props.regions,
      region,
      this.props.encryption ?? LedgerEncryption.customerManaged(),
    );
  }

  /** CfnGlobalTable, not TableV2: that one rejects region sets it does not know, and wants the keys' ARNs of all regions. */
  private defineTable(): CfnGlobalTable {
    const { partitionKey, byAccountIndex, byAccountPartitionKey, byAccountSortKey } = ledgerSchema;
    const { regions, encryption } = this.props;
    const strong = regions.consistency === LedgerConsistency.STRONG;
    return new CfnGlobalTable(this, 'Table', {
      tableName: this.tableName,
      keySchema: [{ attributeName: partitionKey, keyType: 'HASH' }],
      attributeDefinitions: [partitionKey, byAccountPartitionKey, byAccountSortKey].map((attributeName) => ({
        attributeName,
        attributeType: 'S',
      })),
      globalSecondaryIndexes: [
        {
          indexName: byAccountIndex,
          keySchema: [
            { attributeName: byAccountPartitionKey, keyType: 'HASH' },
            { attributeName: byAccountSortKey, keyType: 'RANGE' },
          ],
          projection: { projectionType: 'KEYS_ONLY' },
          ...this.writeSettings(),
        },
      ],
      ...this.writeSettings(),
      billingMode: this.props.billing?.provisionedProps ? 'PROVISIONED' : 'PAY_PER_REQUEST',
      streamSpecification: { streamViewType: 'NEW_AND_OLD_IMAGES' },
      sseSpecification: {
        sseEnabled: encryption?.usesCustomerKeys ?? true,
        ...(encryption?.usesCustomerKeys === false ? {} : { sseType: 'KMS' }),
      },
      multiRegionConsistency: strong ? 'STRONG' : 'EVENTUAL',
      globalTableWitnesses: regions.witness === undefined ? undefined : [{ region: regions.witness }],
      // Once aspects have run, which tag them.
      replicas: regions.replicas.map((region) => Lazy.uncachedAny({ produce: () => this.replicaSpecification(region) })),
    });
  }

  private replicaSpecification(region: string): CfnGlobalTable.ReplicaSpecificationProperty {
    const { props } = this;
    const contributorInsightsSpecification = {
      enabled: props.contributorInsights ?? false,
      mode: props.contributorInsights ? 'THROTTLED_KEYS' : undefined,
    };
    const recovers = props.pointInTimeRecovery ?? true;
    return {
      region,
      deletionProtectionEnabled: props.deletionProtection ?? true,
      pointInTimeRecoverySpecification: {
        pointInTimeRecoveryEnabled: recovers,
        recoveryPeriodInDays: recovers ? (props.recoveryPeriodDays ?? 35) : undefined,
      },
      contributorInsightsSpecification,
      globalSecondaryIndexes: [{ indexName: ledgerSchema.byAccountIndex, contributorInsightsSpecification, ...this.readSettings() }],
      ...this.readSettings(),
      sseSpecification: props.encryption?.usesCustomerKeys === false ? undefined : { kmsMasterKeyId: ledgerKeyAlias(props.systemName) },
      tags: replicaTags(this.tags, props.tags),
    };
  }

  private writeSettings(): Pick<
    CfnGlobalTable.GlobalSecondaryIndexProperty,
    'writeOnDemandThroughputSettings' | 'writeProvisionedThroughputSettings'
  > {
    const { provisionedProps, onDemandProps } = this.props.billing ?? LedgerBilling.onDemand();
    if (provisionedProps) {
      return { writeProvisionedThroughputSettings: { writeCapacityAutoScalingSettings: scaling(provisionedProps.write) } };
    }
    const maxWriteRequestUnits = onDemandProps?.maxWriteRequestUnits;
    return maxWriteRequestUnits === undefined ? {} : { writeOnDemandThroughputSettings: { maxWriteRequestUnits } };
  }

  private readSettings(): Pick<
    CfnGlobalTable.ReplicaSpecificationProperty,
    'readOnDemandThroughputSettings' | 'readProvisionedThroughputSettings'
  > {
    const { provisionedProps, onDemandProps } = this.props.billing ?? LedgerBilling.onDemand();
    if (provisionedProps) return { readProvisionedThroughputSettings: { readCapacityAutoScalingSettings: scaling(provisionedProps.read) } };
    const maxReadRequestUnits = onDemandProps?.maxReadRequestUnits;
    return maxReadRequestUnits === undefined ? {} : { readOnDemandThroughputSettings: { maxReadRequestUnits } };
  }

  /** As the template will hold them, overrides included. */
  private templateProperties(): Record<string, unknown> {
    const { Resources } = Stack.of(this).resolve((this.resource as unknown as { _toCloudFormation(): object })._toCloudFormation()) as {
      Resources: Record<string, { Properties: Record<string, unknown> }>;
    };
    return Object.values(Resources)[0].Properties;
  }
}

function scaling(capacity: LedgerCapacityProps): CfnGlobalTable.CapacityAutoScalingSettingsProperty {
  return {
    minCapacity: capacity.min,
    maxCapacity: capacity.max,
    seedCapacity: capacity.min,
    targetTrackingScalingPolicyConfiguration: { targetValue: capacity.targetUtilizationPercent ?? 50 },
  };
}
