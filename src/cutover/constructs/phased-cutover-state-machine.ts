import { CfnOutput, Duration, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, IAlarmAction, IMetric, MathExpression, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { IHostedZone } from 'aws-cdk-lib/aws-route53';
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import {
  auditPath,
  cutoverBundles,
  cutoverLimits,
  cutoverMetrics,
  CutoverPlan,
  cutoverStatusName,
  statusEnv,
  StatusPlan,
  stepsEnv,
} from '../contract';
import { CutoverDefinition, leftOut, longestHistory } from './definition';
import { ControlPlaneLoss, CutoverChecks, ReconciliationWindow } from './options';
import { CutoverAlarm, CutoverPhase, OnBreach, OnControlPlaneLoss, phasePlans, phasesProblem } from './phases';
import { WeightedRecords } from './weighted-records';
import { ApprovalGate } from '../../approvals/constructs/approval-gate';
import { BundledFunction } from '../../cdk/bundled-function';
import { invalidProps, PropProblem } from '../../cdk/checks/invalid-props';
import { checkLiterals } from '../../cdk/checks/literals';
import { checkNames } from '../../cdk/checks/name-limits';
import { declareOnce } from '../../cdk/checks/one-of-a-kind';
import { checkPlaces } from '../../cdk/checks/places';
import { metricSum } from '../../cdk/metric-sum';
import { describeAlarm } from '../../cdk/tuned-alarms';
import { systemMetrics } from '../../kernel/system-metrics';
import { cutoverName } from '../../kernel/system-names';
import { LedgerEncryption } from '../../ledger/constructs/ledger-encryption';
import { LedgerReplica } from '../../ledger/constructs/ledger-replica';
import { LedgerConsistency, PaymentRegions } from '../../ledger/constructs/payment-regions';
import { checkSystemName, declareLedgerPart } from '../../ledger/constructs/system-checks';
import { homeMoveName, homeStatusName, ledgerTableName } from '../../ledger/contract';

/** Properties of `PhasedCutoverStateMachine`. */
export interface PhasedCutoverStateMachineProps {
  /** Name of the system, as the other constructs have it. */
  readonly systemName: string;

  /** The system's regions. */
  readonly regions: PaymentRegions;

  /** Region that has the traffic. */
  readonly source: string;

  /** Region that it is moved to. */
  readonly target: string;

  /** Public hosted zone of the name. */
  readonly hostedZone: IHostedZone;

  /** The public name that callers use, below the zone, such as `pay.example.com`. */
  readonly publicName: string;

  /** Alarms that are watched in every phase, of either region. They must exist before a phase begins. */
  readonly alarms: CutoverAlarm[];

  /**
   * Who approves phases.
   *
   * @default - none; then no phase may ask for approval
   */
  readonly gate?: ApprovalGate;

  /**
   * People who may start runs by `startUrl`, as the gate's `approvers` are named. What they start they do not approve.
   *
   * @default - none: then only principals with `grantStart`, which must say truly in `startedBy` for whom they start
   */
  readonly starters?: string[];

  /**
   * Groups whose members may start runs by `startUrl`. Not with IAM.
   *
   * @default - none
   */
  readonly starterGroups?: string[];

  /**
   * The phases.
   *
   * @default - 10, 25, 50, 90 and 100 percent, each with an approval and a soak of 30 minutes
   */
  readonly phases?: CutoverPhase[];

  /**
   * What to do when an alarm is raised during a soak.
   *
   * @default OnBreach.ROLL_BACK
   */
  readonly onBreach?: OnBreach;

  /**
   * How often alarms are looked at during a soak.
   *
   * @default Duration.minutes(1)
   */
  readonly soakCheckEvery?: Duration;

  /**
   * What is checked before each phase.
   *
   * @default - all of it
   */
  readonly checks?: CutoverChecks;

  /**
   * What to do while Route 53's control plane cannot be reached.
   *
   * @default - try again every 5 minutes for 2 hours, then end paused
   */
  readonly controlPlaneLoss?: ControlPlaneLoss;

  /**
   * The comparison of the regions after 100 percent.
   *
   * @default - every 15 minutes for 72 hours
   */
  readonly reconciliation?: ReconciliationWindow;

  /**
   * Whether people are asked in the end to take the source out of the public name for good. No data is deleted. Needs `gate`.
   *
   * @default false
   */
  readonly endSourceRole?: boolean;

  /**
   * How long resolvers may keep an answer, from 1 second to 1 hour.
   *
   * @default Duration.seconds(60)
   */
  readonly recordTtl?: Duration;

  /**
   * Whether records that the public name has already are replaced when the weighted ones are made.
   *
   * @default false
   */
  readonly replaceExisting?: boolean;

  /**
   * What happens to the public name's records when they leave the stack. The audit always stays.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;

  /**
   * The end of an audit that another key signed, or none: see `WeightedRecordsProps.formerAuditEnd`.
   *
   * @default - none: every record must be signed with this stack's key
   */
  readonly formerAuditEnd?: string;

  /**
   * The keys of the ledger's replicas, as `LedgerReplica` was given them.
   *
   * @default LedgerEncryption.customerManaged()
   */
  readonly encryption?: LedgerEncryption;

  /**
   * Whom to tell when a run needs people, or finds differences.
   *
   * @default - nobody: the alarms are there to be seen
   */
  readonly alarmActions?: IAlarmAction[];

  /**
   * How long logs are kept.
   *
   * @default RetentionDays.ONE_YEAR
   */
  readonly logRetention?: RetentionDays;
}

/**
 * Moves a public name from one region to another in phases, each checked before, approved, watched, and reversible; then the authority over
 * the ledger, then compares the regions. It stands in the target or in a third region, so that a dying source does not take it along.
 */
export class PhasedCutoverStateMachine extends Construct {
  /** The state machine, `<systemName>-cutover`. Start it with `{startedBy, action?, reason?, attested?}`. */
  public readonly stateMachine: StateMachine;
  /** The public name's records. */
  public readonly records: WeightedRecords;
  /** The function that does the steps, `<systemName>-cutover-steps`. It works for the state machine alone, and refuses everybody else. */
  public readonly steps: IFunction;
  /** The function that tells how things stand, `<systemName>-cutover-status`. It reads, and ignores what it is sent. */
  public readonly status: IFunction;
  /** Where `starters` start runs, with `{action?, reason?, attested?}` and their identity at the gate; undefined without starters. */
  public readonly startUrl?: string;
  /** The alarms on the cutover itself. */
  public readonly alarms: Alarm[];
  /** @internal */
  public readonly _plan: CutoverPlan;

  constructor(scope: Construct, id: string, props: PhasedCutoverStateMachineProps) {
    super(scope, id);
    checkNames(this);
    const { systemName, source, target, gate } = props;
    checkLiterals(this, props, {
      texts: [
        'systemName',
        'source',
        'target',
        'publicName',
        'formerAuditEnd',
        'alarms.region',
        'phases.alarms.region',
        'checks.deadLetterQueues.region',
      ],
    });
    checkSystemName(this, systemName);
    this._plan = planOf(props);
    const problem = this.problem(props, Stack.of(this).region);
    if (problem) throw invalidProps(this, problem);
    checkPlaces(this, 'PhasedCutoverStateMachineProps', props);
    checkPlaces(this, 'CutoverChecks', props.checks, 'checks.');
    declareOnce(this, { kind: 'PhasedCutoverStateMachine', prop: 'systemName', name: systemName });
    declareLedgerPart(this, 'PhasedCutoverStateMachine', {
      systemName,
      regions: props.regions,
      encryption: props.encryption ?? LedgerEncryption.customerManaged(),
    });

    this.records = new WeightedRecords(this, 'Records', {
      systemName,
      source,
      target,
      hostedZone: props.hostedZone,
      publicName: props.publicName,
      recordTtl: props.recordTtl,
      replaceExisting: props.replaceExisting,
      removalPolicy: props.removalPolicy,
      logRetention: props.logRetention,
      formerAuditEnd: props.formerAuditEnd,
    });
    const made = this.defineSteps(props);
    this.steps = made.function;
    const definition = new CutoverDefinition(this, {
      plan: this._plan,
      steps: made.function,
      gate,
      residency: props.endSourceRole ?? false,
    });
    this.stateMachine = new StateMachine(this, 'Machine', {
      stateMachineName: cutoverName(systemName),
      stateMachineType: StateMachineType.STANDARD,
      definitionBody: DefinitionBody.fromChainable(definition.start),
      comment: `${systemName}: ${props.publicName} from ${source} to ${target}${leftOut(this._plan)}`,
      timeout: Duration.days(360),
      tracingEnabled: true,
      logs: {
        level: LogLevel.ERROR,
        includeExecutionData: false,
        destination: new LogGroup(this, 'Log', {
          retention: props.logRetention ?? RetentionDays.ONE_YEAR,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
      },
    });
    this.status = this.defineStatus(props);
    this.alarms = this.defineAlarms(props);
    const { starters, starterGroups } = props;
    if (starters ?? starterGroups) {
      this.startUrl = gate!.addStart(cutoverName(systemName), { stateMachineName: cutoverName(systemName), starters, starterGroups });
      new CfnOutput(this, 'StartUrl', { description: 'Where runs are started', value: this.startUrl });
    }
    new CfnOutput(this, 'AuditKey', {
      description: 'Key that signs the audit: give it to the people who verify the audit',
      value: this.records.auditKey.keyArn,
    });
    new CfnOutput(this, 'AuditWriters', {
      description: 'Roles that may add to the audit: deny all others by a service control policy',
      value: [made.function, this.records.function].map(({ role }) => role!.roleArn).join(', '),
    });
    new CfnOutput(this, 'AuditPath', { description: 'Where the audit is in Parameter Store', value: auditPath(systemName) });
  }

  /** Lets a principal start runs. Whoever may write `startedBy` is believed: grant it to what knows its caller. */
  public grantStart(grantee: IGrantable): Grant {
    return this.stateMachine.grantStartExecution(grantee);
  }

  private problem(props: PhasedCutoverStateMachineProps, region: string): PropProblem | undefined {
    const { regions, source, target, gate, recordTtl, endSourceRole, starters, starterGroups } = props;
    const wrong = regions._problem();
    if (wrong) return wrong;
    if (Token.isUnresolved(region)) {
      return {
        prop: 'env.region of the stack',
        given: 'not set',
        allowed: `${target} or a third region`,
        mend: 'give the stack an env with a region',
      };
    }
    const foreign = [
      ['source', source],
      ['target', target],
    ].find(([, name]) => !regions.replicas.includes(name));
    if (foreign) {
      return {
        prop: foreign[0],
        given: `'${foreign[1]}'`,
        allowed: `one of the system's regions: ${regions.replicas.join(', ')}`,
        mend: 'correct the name',
      };
    }
    if (region === source) {
      return {
        prop: 'env.region of the stack',
        given: `${region}, the source`,
        allowed: `${target} or a third region`,
        mend: 'put the state machine into another region: it must still run when the source region is lost',
      };
    }
    const allowed = regions._home?.cutoverRegions() ?? [region];
    if (!Token.isUnresolved(region) && !allowed.includes(region)) {
      return {
        prop: 'env.region of the stack',
        given: region,
        allowed: `${allowed.join(' or ')}: homes can be moved only for a cutover in that region`,
        mend: `name it in PaymentRegions.homeRegion, cutoverRegion: '${region}', and deploy the regions first`,
      };
    }
    if (endSourceRole && !gate) {
      return {
        prop: 'endSourceRole',
        given: 'true without gate',
        allowed: 'with an ApprovalGate',
        mend: 'give a gate: the step asks people',
      };
    }
    if ((starters ?? starterGroups) && !gate) {
      return { prop: 'starters', given: 'without gate', allowed: 'with an ApprovalGate', mend: 'give a gate: it knows who they are' };
    }
    const phases = phasesProblem(this._plan.phases, recordTtl ?? Duration.seconds(60), [source, target], gate !== undefined);
    return (
      phases ?? timesProblem(this._plan) ?? historyProblem(this._plan, regions._home?.environment(this._plan.systemName, target).units ?? 1)
    );
  }

  private defineSteps({
    systemName,
    gate,
    regions,
    source,
    target,
    checks,
    encryption,
    logRetention,
  }: PhasedCutoverStateMachineProps): BundledFunction {
    const made = new BundledFunction(this, 'Steps', {
      bundle: cutoverBundles.steps,
      functionName: `${systemName}-cutover-steps`,
      description: `${systemName}: steps of the cutover`,
      environment: {
        ...this.records._environment(),
        ...stepsEnv.write({ stateMachineArn: this.machineArn(systemName), gateTable: gate?.table.tableName }),
      },
      timeout: Duration.seconds(cutoverLimits.stepSeconds),
      memorySize: 1769,
      logRetention: logRetention ?? RetentionDays.ONE_YEAR,
    });
    this.records._grantChange(made.function);
    this.records._grantAudit(made.function);
    const keys = encryption ?? LedgerEncryption.customerManaged();
    for (const region of [source, target]) LedgerReplica._in(this, systemName, regions, region, keys)._grantCompare(made.function);
    const stack = Stack.of(this);
    const arn = (service: string, region: string, resource: string): string =>
      `arn:${stack.partition}:${service}:${region}:${stack.account}:${resource}`;
    const grant = (actions: string[], resourceArns: string[]): Grant =>
      Grant.addToPrincipal({ grantee: made.function, actions, resourceArns });
    const ofHomes = [homeStatusName(systemName), homeMoveName(systemName)];
    if (regions._home) {
      grant(
        ['lambda:InvokeFunction'],
        [source, target].flatMap((region) => ofHomes.map((name) => arn('lambda', region, `function:${name}`))),
      );
    }
    // The first two know no resource; the third tells of composite alarms only whoever may ask for all.
    grant(['cloudwatch:GetMetricData', 'lambda:GetAccountSettings', 'cloudwatch:DescribeAlarms'], ['*']);
    grant(
      ['apigateway:GET'],
      [source, target].map((region) => `arn:${stack.partition}:apigateway:${region}::/account`),
    );
    const queues = checks?.deadLetterQueues ?? [];
    if (queues.length > 0) {
      grant(
        ['sqs:GetQueueUrl', 'sqs:GetQueueAttributes'],
        queues.map(({ region, queueName }) => arn('sqs', region, queueName)),
      );
    }
    checks?.ownCheck?.grantInvoke(made.function);
    // Who calls is looked up. By name: a grant on the machine itself would need the machine, which needs the function.
    const executions = `${this.machineArn(systemName).replace(':stateMachine:', ':execution:')}:*`;
    grant(['states:DescribeExecution', 'states:DescribeStateMachineForExecution', 'states:GetExecutionHistory'], [executions]);
    gate?._grantVerify(made.function);
    return made;
  }

  private machineArn(systemName: string): string {
    const { partition, region, account } = Stack.of(this);
    return `arn:${partition}:states:${region}:${account}:stateMachine:${cutoverName(systemName)}`;
  }

  private defineStatus({ systemName, source, target, logRetention }: PhasedCutoverStateMachineProps): IFunction {
    const plan: StatusPlan = { source, target, phases: this._plan.phases.map((phase) => phase.target) };
    const made = new BundledFunction(this, 'Status', {
      bundle: cutoverBundles.status,
      functionName: cutoverStatusName(systemName),
      description: `${systemName}: tells how the cutover stands`,
      environment: { ...this.records._environment(), ...statusEnv.write({ plan: JSON.stringify(plan) }) },
      timeout: Duration.seconds(30),
      memorySize: 512,
      logRetention: logRetention ?? RetentionDays.ONE_YEAR,
    });
    this.records._grantAuditRead(made.function);
    return made.function;
  }

  private defineAlarms({ systemName, alarmActions = [] }: PhasedCutoverStateMachineProps): Alarm[] {
    const period = Duration.minutes(5);
    const dimensionsMap = { [systemMetrics.systemDimension]: systemName, [systemMetrics.regionDimension]: Stack.of(this).region };
    const counted = (metricName: string): Metric =>
      new Metric({ namespace: systemMetrics.namespace, metricName, statistic: 'Sum', period, dimensionsMap });
    const alarm = (id: string, metric: IMetric, says: string, anchor: string): Alarm => {
      const made = new Alarm(this, id, {
        alarmDescription: describeAlarm(systemName, says, anchor),
        metric,
        threshold: 1,
        evaluationPeriods: 1,
        comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treatMissingData: TreatMissingData.NOT_BREACHING,
      });
      made.addAlarmAction(...alarmActions);
      return made;
    };
    return [
      alarm(
        'NeedsAttention',
        counted(cutoverMetrics.needsAttention),
        'a cutover run ended paused or failed: a person must decide how to go on',
        'a-cutover-run-needs-people',
      ),
      alarm(
        'Broken',
        this.metricBroken(period),
        "a cutover's execution failed, ran out of time or was stopped: a person must decide how to go on",
        'a-cutover-run-needs-people',
      ),
      alarm(
        'Unexplained',
        counted(cutoverMetrics.unexplained),
        'the regions differ after the cutover and nothing explains it',
        'the-regions-differ-after-a-cutover',
      ),
      alarm(
        'Refused',
        counted(cutoverMetrics.refused),
        'another caller than the state machine or CloudFormation called a function that moves traffic; the call was refused',
        'refused-calls-of-the-cutover',
      ),
    ];
  }

  /** As Step Functions counts them: a run that could not record its end, or had no step left to do it, says nothing itself. */
  private metricBroken(period: Duration): MathExpression {
    const { stateMachine: machine } = this;
    return metricSum(
      'Broken executions',
      { failed: machine.metricFailed({ period }), late: machine.metricTimedOut({ period }), stopped: machine.metricAborted({ period }) },
      period,
    );
  }
}

function planOf(props: PhasedCutoverStateMachineProps): CutoverPlan {
  const { systemName, publicName, source, target, regions, checks = {}, reconciliation = {}, controlPlaneLoss = {} } = props;
  const seconds = (given: Duration | undefined, otherwise: Duration): number => (given ?? otherwise).toSeconds();
  return {
    systemName,
    publicName,
    source,
    target,
    mode: regions.consistency === LedgerConsistency.STRONG ? 'STRONG' : 'HOME_REGION',
    tableName: ledgerTableName(systemName),
    phases: phasePlans(props.phases, props.alarms),
    onBreach: props.onBreach ?? OnBreach.ROLL_BACK,
    soakPollSeconds: seconds(props.soakCheckEvery, Duration.minutes(1)),
    controlPlane: {
      onLoss: controlPlaneLoss.then ?? OnControlPlaneLoss.WAIT,
      waitSeconds: seconds(controlPlaneLoss.patience, Duration.hours(2)),
      pollSeconds: seconds(controlPlaneLoss.every, Duration.minutes(5)),
    },
    prechecks: {
      lagMs: (checks.replicationLag ?? Duration.millis(500)).toMilliseconds(),
      lagMaxMs: (checks.replicationLagMax ?? Duration.seconds(10)).toMilliseconds(),
      lagMinutes: checks.replicationLagMinutes ?? 5,
      ttlSeconds: seconds(props.recordTtl, Duration.seconds(60)),
      ttlLeadSeconds: seconds(checks.ttlLead, Duration.hours(24)),
      queues: (checks.deadLetterQueues ?? []).map(({ region, queueName, alarmNames }) => ({ region, name: queueName, alarms: alarmNames })),
      ...(checks.eventProbe ? { probeMs: checks.eventProbe.toMilliseconds() } : {}),
      ...(checks.ownCheck ? { ownCheck: checks.ownCheck.functionArn } : {}),
      attestations: checks.attestations ?? ['documents-backfilled'],
    },
    window: {
      seconds: seconds(reconciliation.length, Duration.hours(72)),
      intervalSeconds: seconds(reconciliation.every, Duration.minutes(15)),
      settleSeconds: seconds(reconciliation.settle, Duration.minutes(5)),
    },
  };
}

function timesProblem({ soakPollSeconds, controlPlane, window, prechecks }: CutoverPlan): PropProblem | undefined {
  const short = (
    [
      ['soakCheckEvery', soakPollSeconds],
      ['controlPlaneLoss.every', controlPlane.pollSeconds],
      ['reconciliation.every', window.intervalSeconds],
    ] as const
  ).find(([, seconds]) => seconds < 1);
  if (short) return { prop: short[0], given: `${short[1]} s`, allowed: 'at least 1 second', mend: 'leave it out for the default' };
  if (!(Number.isInteger(prechecks.lagMinutes) && prechecks.lagMinutes >= 1 && prechecks.lagMinutes <= 60)) {
    return { prop: 'checks.replicationLagMinutes', given: `${prechecks.lagMinutes}`, allowed: '1 to 60', mend: 'leave it out for 5' };
  }
  const bare = prechecks.queues.find(({ alarms }) => alarms.length === 0);
  return (
    bare && {
      prop: 'checks.deadLetterQueues',
      given: `${bare.name} without alarmNames`,
      allowed: 'at least one alarm on each queue',
      mend: 'name the alarm that rises when the queue has messages',
    }
  );
}

function historyProblem(plan: CutoverPlan, units: number): PropProblem | undefined {
  const events = longestHistory(plan, units);
  if (events <= cutoverLimits.events) return undefined;
  return {
    prop: 'reconciliation, phases',
    given: `a run of up to ${events} events`,
    allowed: `up to ${cutoverLimits.events}: Step Functions ends an execution at 25,000`,
    mend: 'look less often (soakCheckEvery, reconciliation.every, controlPlaneLoss.every) or for a shorter time',
  };
}
