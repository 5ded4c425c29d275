import { CfnResource, CustomResource, Duration, Lazy, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import { Effect, Grant, IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { IKey } from 'aws-cdk-lib/aws-kms';
import { IFunction } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { IHostedZone } from 'aws-cdk-lib/aws-route53';
import { Construct, IConstruct } from 'constructs';
import { AuditSigningKey } from './audit-signing-key';
import { BundledFunction } from '../../cdk/bundled-function';
import { invalidProps, PropProblem } from '../../cdk/checks/invalid-props';
import { checkLiterals } from '../../cdk/checks/literals';
import { checkNames } from '../../cdk/checks/name-limits';
import { declareOnce } from '../../cdk/checks/one-of-a-kind';
import { checkPlaces } from '../../cdk/checks/places';
import { relationMessages, timeRelations } from '../../cdk/checks/time-relations';
import { addressesOf } from '../../cdk/public-addresses';
import { digestOf } from '../../kernel/digest';
import { isRegionName } from '../../kernel/region';
import { cutoverName, regionAddressName } from '../../kernel/system-names';
import { checkSystemName } from '../../ledger/constructs/system-checks';
import { anchorOf, auditPath, cutoverBundles, cutoverEnv, cutoverLimits, recordsEnv, RecordsProperties } from '../contract';

/** Properties of `WeightedRecords`. */
export interface WeightedRecordsProps {
  /** Name of the system, as the other constructs have it. */
  readonly systemName: string;

  /** Public hosted zone of the name. */
  readonly hostedZone: IHostedZone;

  /** The public name that callers use, below the zone, such as `pay.example.com`. */
  readonly publicName: string;

  /** Region that has the traffic at first. */
  readonly source: string;

  /** Region that it is moved to. */
  readonly target: string;

  /**
   * How long resolvers may keep an answer, from 1 second to 1 hour. It is a part of the recovery time, also after the cutover: synthesis
   * refuses one that is longer than the `recovery.recordTtl` of a region's API in the same app.
   *
   * @default Duration.seconds(5)
   */
  readonly recordTtl?: Duration;

  /**
   * Share of the target when the records are made, in percent, 0 to 100. Never looked at again: from then on the weights are the cutover's.
   *
   * @default 0
   */
  readonly initialTargetPercent?: number;

  /**
   * Whether records that the name has already are replaced when these are made, all at once. Take them out of the stack that made them,
   * without deleting them, before the next deployment of that stack.
   *
   * @default false
   */
  readonly replaceExisting?: boolean;

  /**
   * What happens to the records when they leave the stack. `DESTROY` is refused while a run is under way.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * The end of an audit whose records were signed by another key or by none: `RECORD:SHA256`, as the last report names it. The deployment
   * takes those records over by one that is signed, for that very end alone. Whoever gives it has read that report and trusts it.
   *
   * @default - none: every record must be signed with this stack's key
   */
  readonly formerAuditEnd?: string;

  /**
   * How long the function's log is kept.
   *
   * @default RetentionDays.ONE_YEAR
   */
  readonly logRetention?: RetentionDays;
}

/**
 * The weighted records of a public name, one for each of two regions. Their weights belong to the cutover: a deployment changes where they
 * point and their TTL, never how much each gets. Each region says where it is itself (`domain.records: PublicNameRecords.CUTOVER`), so it
 * is deployed first.
 */
export class WeightedRecords extends Construct {
  /** The function that makes and keeps them. */
  public readonly function: IFunction;
  /**
   * The key that signs the audit, ECC_NIST_P256. It stays when it leaves the stack: without its public half nobody can verify what it
   * signed.
   */
  public readonly auditKey: IKey;
  private readonly signing: AuditSigningKey;
  private readonly props: WeightedRecordsProps;
  private readonly resource: CustomResource;

  constructor(scope: Construct, id: string, props: WeightedRecordsProps) {
    super(scope, id);
    checkNames(this);
    this.props = props;
    checkLiterals(this, props, { texts: ['systemName', 'source', 'target', 'publicName', 'formerAuditEnd'] });
    checkSystemName(this, props.systemName);
    const ttl = props.recordTtl ?? Duration.seconds(cutoverLimits.recordTtlSeconds);
    const problem = recordsProblem(props, ttl);
    if (problem) throw invalidProps(this, problem);
    checkPlaces(this, 'WeightedRecordsProps', props);
    declareOnce(this, { kind: 'WeightedRecords', prop: 'systemName', name: props.systemName });
    this.node.addValidation({ validate: () => ttlProblems(this, props.systemName, ttl) });
    this.signing = new AuditSigningKey(this, 'AuditKey', props.systemName);
    this.auditKey = this.signing.key;
    const stack = Stack.of(this);
    const properties: RecordsProperties = {
      source: props.source,
      target: props.target,
      ttlSeconds: String(ttl.toSeconds()),
      initialTarget: String(props.initialTargetPercent ?? 0),
      replaceExisting: String(props.replaceExisting ?? false),
      onDelete: props.removalPolicy === RemovalPolicy.DESTROY ? 'DELETE' : 'RETAIN',
      ...(props.formerAuditEnd ? { formerAuditEnd: props.formerAuditEnd } : {}),
    };
    const keeper = new BundledFunction(this, 'Keeper', {
      bundle: cutoverBundles.records,
      description: `${props.systemName}: keeps the weighted records of ${props.publicName}`,
      // The function is told by its environment, which no event can change; the resource's properties only make CloudFormation ask.
      environment: {
        ...this.environment(props.formerAuditEnd),
        ...recordsEnv.write({
          stackId: stack.stackId,
          properties: JSON.stringify(properties),
          logicalId: Lazy.string({ produce: () => stack.getLogicalId(this.resource.node.defaultChild as CfnResource) }),
        }),
      },
      timeout: Duration.minutes(10),
      memorySize: 512,
      logRetention: props.logRetention ?? RetentionDays.ONE_YEAR,
    });
    this._grantChange(keeper.function);
    this._grantAudit(keeper.function);
    const grant = (actions: string[], resourceArns: string[]): Grant =>
      Grant.addToPrincipal({ grantee: keeper.function, actions, resourceArns });
    grant(
      ['ssm:GetParameters'],
      [props.source, props.target].map(
        (region) => `arn:${stack.partition}:ssm:${region}:${stack.account}:parameter${regionAddressName(props.systemName)}`,
      ),
    );
    // By name: the machine needs the steps, which need what is made here.
    const executions = `execution:${cutoverName(props.systemName)}:*`;
    grant(['states:DescribeExecution'], [`arn:${stack.partition}:states:${stack.region}:${stack.account}:${executions}`]);
    grant(['cloudformation:DescribeStacks', 'cloudformation:DescribeStackEvents'], [stack.stackId]);
    this.function = keeper.function;
    this.resource = new CustomResource(this, 'Records', {
      resourceType: 'Custom::WeightedRecords',
      serviceToken: keeper.function.functionArn,
      // Whether they go is decided by the function: CloudFormation's own RETAIN would leave it no say.
      removalPolicy: RemovalPolicy.DESTROY,
      properties: {
        publicName: props.publicName,
        ...properties,
        // Not for the function, which asks the regions: CloudFormation sends no Update for properties that are as before.
        pointsTo: Lazy.string({ produce: () => this.pointsTo() }),
      },
    });
    this.resource.node.addDependency(keeper);
  }

  /** @internal The environment of every function that works with the records or the audit. */
  public _environment(): Record<string, string> {
    return this.environment();
  }

  /** @internal The records go first, and are asked whether a run is under way: its machine stands as long as they do. */
  public _goBefore(machine: IConstruct): void {
    this.resource.node.addDependency(machine);
  }

  /** @internal Reading the zone, and changing these records and no others. */
  public _grantChange(grantee: IGrantable): void {
    const { hostedZone, publicName } = this.props;
    const partition = Stack.of(this).partition;
    Grant.addToPrincipal({ grantee, actions: ['route53:ListResourceRecordSets'], resourceArns: [hostedZone.hostedZoneArn] });
    Grant.addToPrincipal({
      grantee,
      actions: ['route53:ChangeResourceRecordSets'],
      resourceArns: [hostedZone.hostedZoneArn],
      conditions: {
        // The name is needed even though all are named: ForAllValues alone is true when there is no value.
        'ForAllValues:StringEquals': {
          'route53:ChangeResourceRecordSetsNormalizedRecordNames': [publicName.toLowerCase()],
          'route53:ChangeResourceRecordSetsActions': ['CREATE', 'DELETE'],
        },
        Null: { 'route53:ChangeResourceRecordSetsNormalizedRecordNames': 'false' },
      },
    });
    Grant.addToPrincipal({ grantee, actions: ['route53:GetChange'], resourceArns: [`arn:${partition}:route53:::change/*`] });
  }

  /** @internal Reading the audit and verifying it. */
  public _grantAuditRead(grantee: IGrantable): void {
    Grant.addToPrincipal({ grantee, actions: ['ssm:GetParameters'], resourceArns: this.auditArns() });
    this.signing.grantVerify(grantee);
  }

  /** @internal Adding to the audit and reading it; never overwriting or deleting, whatever else the role may be given. */
  public _grantAudit(grantee: IGrantable): void {
    const resources = this.auditArns();
    this._grantAuditRead(grantee);
    this.signing.grantSign(grantee);
    Grant.addToPrincipal({ grantee, actions: ['ssm:PutParameter'], resourceArns: resources });
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({
        effect: Effect.DENY,
        actions: ['ssm:PutParameter'],
        resources,
        conditions: { StringEquals: { 'ssm:Overwrite': 'true' } },
      }),
    );
    grantee.grantPrincipal.addToPrincipalPolicy(
      new PolicyStatement({ effect: Effect.DENY, actions: ['ssm:DeleteParameter', 'ssm:DeleteParameters'], resources }),
    );
  }

  private environment(formerAuditEnd?: string): Record<string, string> {
    const { systemName, hostedZone, publicName } = this.props;
    return cutoverEnv.write({
      systemName,
      auditRegion: Stack.of(this).region,
      hostedZoneId: hostedZone.hostedZoneId,
      publicName,
      auditKey: this.auditKey.keyArn,
      ...(formerAuditEnd ? { formerAuditEnd } : {}),
    });
  }

  /** Changes where a region of the same app may be elsewhere after its deployment; undefined when the app has none of them. */
  private pointsTo(): string | undefined {
    const { systemName, source, target } = this.props;
    const follows = [source, target].flatMap((region) =>
      addressesOf(this, systemName).flatMap((address) => (address.region === region ? [`${region} ${address.follows()}`] : [])),
    );
    return follows.length > 0 ? digestOf(follows) : undefined;
  }

  private auditArns(): string[] {
    const stack = Stack.of(this);
    return [`arn:${stack.partition}:ssm:${stack.region}:${stack.account}:parameter${auditPath(this.props.systemName)}/*`];
  }
}

/** The regions' budgets count a TTL that only these records have. */
function ttlProblems(scope: Construct, systemName: string, ttl: Duration): string[] {
  const budgets = addressesOf(scope, systemName).map(({ recordTtl }) => recordTtl.toSeconds());
  if (budgets.length === 0) return [];
  return relationMessages(
    timeRelations.weightedInRecovery,
    'recordTtl',
    { shorter: ttl.toSeconds(), longer: Math.min(...budgets) },
    'shorten it, or raise recovery.recordTtl of every region to it, and recovery.target to the time that you then promise',
  );
}

function recordsProblem(props: WeightedRecordsProps, ttl: Duration): PropProblem | undefined {
  const { publicName, hostedZone, source, target, initialTargetPercent: share = 0, formerAuditEnd } = props;
  const zone = hostedZone.zoneName.replace(/\.$/, '');
  if (!Token.isUnresolved(zone) && !publicName.endsWith(`.${zone}`)) {
    return {
      prop: 'publicName',
      given: `'${publicName}'`,
      allowed: `a name below the hosted zone '${zone}'`,
      mend: 'correct the name, or give the hosted zone that the name belongs to; the apex takes no CNAME',
    };
  }
  const foreign = (
    [
      ['source', source],
      ['target', target],
    ] as const
  ).find(([, name]) => !isRegionName(name));
  if (foreign) {
    return {
      prop: foreign[0],
      given: `'${foreign[1]}'`,
      allowed: 'the name of an AWS region, such as us-east-1',
      mend: 'correct the name',
    };
  }
  if (source === target) {
    return {
      prop: 'target',
      given: `'${target}', the source`,
      allowed: 'another region',
      mend: 'name the region that the traffic is moved to',
    };
  }
  if (ttl.toSeconds() < 1 || ttl.toSeconds() > 3600) {
    return {
      prop: 'recordTtl',
      given: `${ttl.toSeconds()} s`,
      allowed: '1 second to 1 hour',
      mend: 'leave it out for 5 seconds: callers move only after it has passed',
    };
  }
  if (formerAuditEnd !== undefined && !anchorOf(formerAuditEnd)) {
    return {
      prop: 'formerAuditEnd',
      given: `'${formerAuditEnd}'`,
      allowed: 'RECORD:SHA256, 64 hexadecimal digits',
      mend: 'take number and hash from the last line of "The chain" in the audit\'s report',
    };
  }
  if (Number.isInteger(share) && share >= 0 && share <= 100) return undefined;
  return {
    prop: 'initialTargetPercent',
    given: `${share}`,
    allowed: 'a whole number from 0 to 100',
    mend: 'leave it out to begin in the source',
  };
}
