import { ArnFormat, Aws, Stack } from 'aws-cdk-lib';
import { MathExpression, Metric, MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { Grant, IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { drainKey, heartbeatKey, journalKeyPattern, ledgerMetrics, ledgerSchema, ledgerTableName } from '../contract';
import { LedgerEncryption, ledgerKeyAlias } from './ledger-encryption';
import { LedgerReplicaOptions } from './ledger-replica-options';
import { LedgerConsistency, PaymentRegions } from './payment-regions';
import { checkRegions, checkReplicaRegion, checkSystemName, declareLedgerPart, syntheticTenantsProblem } from './system-checks';
import { invalidProps } from '../../cdk/checks/invalid-props';
import { checkLiterals } from '../../cdk/checks/literals';
import { Lookup } from '../../cdk/lookup';
import { metricSum } from '../../cdk/metric-sum';
import { useNamedPart } from '../../cdk/named-parts';
import { systemMetric } from '../../cdk/system-metric';
import { minute } from '../../cdk/tuned-alarms';

const readItems = ['dynamodb:GetItem', 'dynamodb:BatchGetItem'];
const writeItems = ['dynamodb:PutItem', 'dynamodb:UpdateItem'];
/** DynamoDB opens the table's key in the caller's name. */
const keyReadActions = ['kms:Decrypt', 'kms:DescribeKey'];
const keyWriteActions = [
  'kms:Encrypt',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
];

/**
 * The ledger as one region sees it: names, grants and metrics, all by convention from the system's name, so that a regional
 * stack refers to no other stack and deploys while another region is down.
 */
export class LedgerReplica {
  /**
   * The replica in the region of the scope's stack.
   *
   * @param scope construct in whose stack the replica is used; the stack's region must be one of the replicas
   * @param systemName name of the system, as given to `IdempotentLedgerTable`
   * @param regions the system's regions, as given to `IdempotentLedgerTable`
   * @param options what differs from the table's defaults
   */
  public static of(scope: Construct, systemName: string, regions: PaymentRegions, options?: LedgerReplicaOptions): LedgerReplica {
    checkSystemName(scope, systemName);
    const region = checkRegions(scope, regions);
    const encryption = options?.encryption ?? LedgerEncryption.customerManaged();
    checkLiterals(scope, options ?? {}, { texts: ['syntheticTenants'] });
    const syntheticTenants = options?.syntheticTenants ?? [];
    const problem = syntheticTenantsProblem(syntheticTenants);
    if (problem) throw invalidProps(scope, problem);
    declareLedgerPart(scope, 'LedgerReplica', { systemName, regions, encryption, syntheticTenants });
    return new LedgerReplica(scope, systemName, regions, region, encryption, syntheticTenants);
  }

  /** @internal The replica in a region that may not be the stack's. */
  public static _in(
    scope: Construct,
    systemName: string,
    regions: PaymentRegions,
    region: string,
    encryption: LedgerEncryption,
  ): LedgerReplica {
    checkReplicaRegion(scope, regions, region, 'region');
    return new LedgerReplica(scope, systemName, regions, region, encryption);
  }

  /** Name of the table, the same in every region. */
  public readonly tableName: string;
  /** ARN of the replica. */
  public readonly tableArn: string;

  private constructor(
    private readonly scope: Construct,
    /** Name of the system. */
    public readonly systemName: string,
    /** The system's regions. */
    public readonly regions: PaymentRegions,
    /** Region of the replica. */
    public readonly region: string,
    /** How the replica is encrypted. */
    public readonly encryption: LedgerEncryption,
    /** Tenants whose payments no business metric counts, and no event tells of. */
    public readonly syntheticTenants: string[] = [],
  ) {
    this.tableName = ledgerTableName(systemName);
    this.tableArn = this.arn('dynamodb', `table/${this.tableName}`);
  }

  /** @internal Where it stands, as resources say it. */
  public get _env(): { readonly region: string; readonly account: string } {
    return { region: this.region, account: Stack.of(this.scope).account };
  }

  /**
   * Lets the grantee take payments: read and write items. It cannot list, delete, scan or run statements, and reaches this
   * region's replica only.
   */
  public grantAcceptPayments(grantee: IGrantable): Grant {
    const grant = this.grant(grantee, [...readItems, ...writeItems], this.tableArn);
    return this.withKey(grant, grantee, [...keyReadActions, ...keyWriteActions]);
  }

  /** Lets the grantee open accounts and read them: put and get items, no update, no list. */
  public grantOpenAccounts(grantee: IGrantable): Grant {
    // In HOME_REGION an account of an earlier epoch is looked for in all of them at once.
    const atHome = this.regions.consistency === LedgerConsistency.HOME_REGION;
    const grant = this.grant(grantee, [...(atHome ? readItems : ['dynamodb:GetItem']), 'dynamodb:PutItem'], this.tableArn);
    // What is written during a planned move is noted.
    if (atHome) {
      const keys = { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [journalKeyPattern] } };
      this.grant(grantee, ['dynamodb:UpdateItem'], this.tableArn, keys);
    }
    return this.withKey(grant, grantee, [...keyReadActions, ...keyWriteActions]);
  }

  /** Lets the grantee read items and list an account's lines; nothing else. */
  public grantRead(grantee: IGrantable): Grant {
    const grant = this.grant(grantee, readItems, this.tableArn).combine(this.grant(grantee, ['dynamodb:Query'], this.indexArn()));
    return this.withKey(grant, grantee, keyReadActions);
  }

  /** Lets the grantee read what the health check reads: the switch item of this region. */
  public grantHealthCheck(grantee: IGrantable): Grant {
    const grant = this.grantItems(grantee, ['dynamodb:GetItem'], [drainKey(this.region)]);
    return this.withKey(grant, grantee, keyReadActions);
  }

  /** @internal Lets the grantee write this region's heartbeat; nothing else. */
  public _grantHeartbeat(grantee: IGrantable): Grant {
    const grant = this.grantItems(grantee, ['dynamodb:PutItem'], [heartbeatKey(this.region)]);
    return this.withKey(grant, grantee, [...keyReadActions, ...keyWriteActions]);
  }

  /** Lets the grantee drain and restore any of the system's regions by writing the switch items; no account, no payment. */
  public grantDrain(grantee: IGrantable): Grant {
    return this._grantSwitch(grantee, this.regions.replicas, ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:DeleteItem']);
  }

  /** @internal The same to the switch items of these regions alone. */
  public _grantSwitch(grantee: IGrantable, regions: readonly string[], actions: string[]): Grant {
    const grant = this.grantItems(grantee, actions, regions.map(drainKey));
    return this.withKey(grant, grantee, actions.length > 1 ? [...keyReadActions, ...keyWriteActions] : keyReadActions);
  }

  /** @internal Lets the grantee read items by their key; no index. */
  public _grantReadItems(grantee: IGrantable): Grant {
    return this.withKey(this.grant(grantee, readItems, this.tableArn), grantee, keyReadActions);
  }

  /** @internal Lets the grantee read every item, in order to compare replicas. */
  public _grantScan(grantee: IGrantable): Grant {
    return this.withKey(this.grant(grantee, ['dynamodb:Scan'], this.tableArn), grantee, keyReadActions);
  }

  /** @internal Lets the grantee read every item, and those that may differ once more by their keys. */
  public _grantCompare(grantee: IGrantable): Grant {
    return this.withKey(this.grant(grantee, ['dynamodb:Scan', 'dynamodb:BatchGetItem'], this.tableArn), grantee, keyReadActions);
  }

  /**
   * ARN of this replica's stream, looked up at each deployment of the stack: it ends in the time when the stream was made, so it is
   * not known at synthesis, and is another one after the replica was made anew. The table must be there.
   *
   * @param scope construct that gets the lookup, in a stack of this region
   * @param id ID of the lookup
   */
  public lookUpStreamArn(scope: Construct, id: string): string {
    const region = Stack.of(scope).region;
    if (region !== this.region) {
      throw invalidProps(scope, {
        prop: 'lookUpStreamArn',
        given: `used in ${region}`,
        allowed: `a stack in ${this.region}`,
        mend: "use the replica of the stack's own region",
      });
    }
    const lookup = new Lookup(scope, id, {
      resourceType: 'Custom::LedgerStreamArn',
      service: 'dynamodb',
      action: 'DescribeTable',
      parameters: { TableName: this.tableName },
      name: this.tableName,
      resourceArn: this.tableArn,
      field: 'Table.LatestStreamArn',
    });
    useNamedPart(lookup, { kind: 'ledger table', systemName: this.systemName, regions: [region] }, [lookup.resource]);
    return lookup.value;
  }

  /** Lets the grantee read this replica's stream. */
  public grantStreamRead(grantee: IGrantable): Grant {
    const grant = this.grant(
      grantee,
      ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
      `${this.tableArn}/stream/*`,
    );
    return this.withKey(grant, grantee, keyReadActions);
  }

  /**
   * Age of the changes that arrive in another region, in milliseconds. Only in mode `HOME_REGION`: with strong consistency
   * AWS publishes none.
   *
   * @default - maximum over 1 minute
   */
  public metricReplicationLatency(receivingRegion: string, options?: MetricOptions): Metric {
    if (this.regions.consistency === LedgerConsistency.STRONG) {
      throw invalidProps(this.scope, {
        prop: 'metricReplicationLatency',
        given: 'used in mode STRONG',
        allowed: 'mode HOME_REGION: with strong consistency a write is in two regions before it is answered, and AWS publishes no latency',
        mend: "watch metricWriteConflicts() and the table's own latency instead",
      });
    }
    checkReplicaRegion(this.scope, this.regions, receivingRegion, 'receivingRegion');
    return this.tableMetric('ReplicationLatency', { ReceivingRegion: receivingRegion }, { statistic: Stats.MAXIMUM, ...options });
  }

  /**
   * Reads that DynamoDB throttled.
   *
   * @default - sum over 1 minute
   */
  public metricReadThrottles(options?: MetricOptions): Metric {
    return this.tableMetric('ReadThrottleEvents', {}, options);
  }

  /**
   * Writes that DynamoDB throttled.
   *
   * @default - sum over 1 minute
   */
  public metricWriteThrottles(options?: MetricOptions): Metric {
    return this.tableMetric('WriteThrottleEvents', {}, options);
  }

  /**
   * Write requests throttled for the index by account. DynamoDB then refuses the table's write, and counts it here and not with the
   * table's. Source: the DynamoDB developer guide, metrics and dimensions (`GlobalSecondaryIndexName`).
   *
   * @default - sum over 1 minute
   */
  public metricIndexWriteThrottles(options?: MetricOptions): Metric {
    return this.tableMetric('WriteThrottleEvents', { GlobalSecondaryIndexName: ledgerSchema.byAccountIndex }, options);
  }

  /**
   * Requests of the payments functions that DynamoDB throttled, for whatever reason; each was tried again.
   *
   * @default - sum over 1 minute
   */
  public metricThrottles(options?: MetricOptions): Metric {
    return this.handlerMetric(ledgerMetrics.throttles, options);
  }

  /**
   * Requests that failed inside DynamoDB, all of the operations that payments use.
   *
   * @default - sum over 1 minute
   */
  public metricSystemErrors(options?: MetricOptions): MathExpression {
    const operations = ['GetItem', 'BatchGetItem', 'PutItem', 'UpdateItem', 'Query'];
    // By region: one graph can have those of several.
    const id = (operation: string): string => `${operation.toLowerCase()}_${this.region.replace(/-/g, '_')}`;
    const usingMetrics = Object.fromEntries(
      operations.map((operation) => [id(operation), this.tableMetric('SystemErrors', { Operation: operation }, options)]),
    );
    return metricSum(options?.label ?? 'SystemErrors', usingMetrics, options?.period);
  }

  /**
   * Writes refused because another region wrote the same item at that moment, as the handlers met them; each was tried again.
   *
   * @default - sum over 1 minute
   */
  public metricWriteConflicts(options?: MetricOptions): Metric {
    return this.handlerMetric(ledgerMetrics.writeConflicts, options);
  }

  /**
   * Claims of abandoned attempts that another request completed.
   *
   * @default - sum over 1 minute
   */
  public metricInFlightTakeovers(options?: MetricOptions): Metric {
    return this.handlerMetric(ledgerMetrics.takeovers, options);
  }

  /**
   * Requests answered 503 because their outcome was not known in time.
   *
   * @default - sum over 1 minute
   */
  public metricOutcomeUnknown(options?: MetricOptions): Metric {
    return this.handlerMetric(ledgerMetrics.outcomeUnknown, options);
  }

  /**
   * Calls answered 429 `account_busy`: the account had no room for another entry. In HOME_REGION entries stay while another
   * region does not answer.
   *
   * @default - sum over 1 minute
   */
  public metricAccountsBusy(options?: MetricOptions): Metric {
    return this.handlerMetric(ledgerMetrics.accountsBusy, options);
  }

  /**
   * Entries of accounts that could not be read or completed when a call looked after its account. They stay; the call was answered all the
   * same.
   *
   * @default - sum over 1 minute
   */
  public metricTrimFailures(options?: MetricOptions): Metric {
    return this.handlerMetric(ledgerMetrics.trimFailures, options);
  }

  /**
   * Calls that could not be sent to the region that is home, in mode `HOME_REGION`.
   *
   * @default - sum over 1 minute
   */
  public metricHomeUnreachable(options?: MetricOptions): Metric {
    return this.handlerMetric(ledgerMetrics.homeUnreachable, options);
  }

  /**
   * Homes that this region took over because the old one did not answer, in mode `HOME_REGION`.
   *
   * @default - sum over 1 minute
   */
  public metricHomeTakeovers(options?: MetricOptions): Metric {
    return this.handlerMetric(ledgerMetrics.homeTakeovers, options);
  }

  /**
   * Calls answered 503 since the table is not what the functions were made for, such as an eventually consistent one in mode `STRONG`.
   *
   * @default - sum over 1 minute
   */
  public metricTableMismatches(options?: MetricOptions): Metric {
    return this.handlerMetric(ledgerMetrics.wrongTables, options);
  }

  private grantItems(grantee: IGrantable, actions: string[], keys: string[]): Grant {
    return this.grant(grantee, actions, this.tableArn, { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': keys } });
  }

  private grant(grantee: IGrantable, actions: string[], resourceArn: string, conditions?: Record<string, Record<string, unknown>>): Grant {
    return Grant.addToPrincipal({ grantee, actions, resourceArns: [resourceArn], conditions });
  }

  /** By alias and through DynamoDB alone: the key's own ARN is another stack's and stays there. */
  private withKey(grant: Grant, grantee: IGrantable, actions: string[]): Grant {
    if (!this.encryption.usesCustomerKeys) return grant;
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        actions,
        resources: [this.arn('kms', 'key/*')],
        conditions: {
          StringEquals: { 'kms:ViaService': `dynamodb.${this.region}.amazonaws.com` },
          'ForAnyValue:StringEquals': { 'kms:ResourceAliases': ledgerKeyAlias(this.systemName) },
        },
      }),
    );
    return grant;
  }

  private tableMetric(metricName: string, dimensions: Record<string, string>, options?: MetricOptions): Metric {
    const dimensionsMap = { TableName: this.tableName, ...dimensions };
    const region = this.elsewhere();
    return new Metric({ namespace: 'AWS/DynamoDB', metricName, dimensionsMap, statistic: Stats.SUM, period: minute, region, ...options });
  }

  private handlerMetric(metricName: string, options?: MetricOptions): Metric {
    return systemMetric(metricName, this, { region: this.elsewhere(), ...options });
  }

  /** Region of this replica's metrics, where a reader in this stack must name it. */
  private elsewhere(): string | undefined {
    return this.region === Stack.of(this.scope).region ? undefined : this.region;
  }

  private indexArn(): string {
    return `${this.tableArn}/index/${ledgerSchema.byAccountIndex}`;
  }

  private arn(service: string, resource: string): string {
    const stack = Stack.of(this.scope);
    return stack.formatArn({
      partition: Aws.PARTITION,
      service,
      region: this.region,
      account: stack.account,
      resource,
      arnFormat: ArnFormat.NO_RESOURCE_NAME,
    });
  }
}
