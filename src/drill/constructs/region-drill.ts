import { CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction, SfnStateMachine } from 'aws-cdk-lib/aws-events-targets';
import { AnyPrincipal, Effect, Grant, IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { CfnBucket, IBucket, ObjectLockRetention } from 'aws-cdk-lib/aws-s3';
import { ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { DrillDefinition } from './definition';
import { defineDrillAlarms } from './drill-alarms';
import { drillProblem } from './drill-checks';
import { DrillFunctions } from './drill-functions';
import { RegionDrillProps } from './drill-props';
import { oneDrillAtATime } from './drill-schedules';
import { outlastedByFault } from './fault-length';
import { RegionDrillKind } from './region-fault-props';
import { invalidProps } from '../../cdk/checks/invalid-props';
import { keepProtection } from '../../cdk/checks/kept-protection';
import { keepResource } from '../../cdk/checks/kept-resource';
import { checkLiterals } from '../../cdk/checks/literals';
import { checkNames } from '../../cdk/checks/name-limits';
import { declareOnce } from '../../cdk/checks/one-of-a-kind';
import { ownRegionProblem } from '../../cdk/checks/own-region';
import { checkPlaces } from '../../cdk/checks/places';
import { privateBucket } from '../../cdk/private-bucket';
import { drillName, DrillPlan, drillSchedule } from '../contract';

/** Time for callers to be led to the region again. */
const returnSeconds = 180;
/** Alarms may take a while to be quiet again. */
const longestRun = Duration.minutes(45);

/**
 * Takes a region of the system out of service under load, four times a year or by hand, and proves with evidence how it went: callers are
 * elsewhere within the budget, no payment is lost, none is debited twice. It stands in a region that is not drilled. A watchdog beside it
 * puts the region back, whatever became of the drill.
 */
export class RegionDrill extends Construct {
  /** The state machine, `<systemName>-drill-<region>`. Start it with `{startedBy, kind?}`. */
  public readonly stateMachine: StateMachine;
  /** Evidence of every drill below `runs/`, locked against changes. */
  public readonly bucket: IBucket;
  /** Where drills are announced and told of. */
  public readonly topic: ITopic;
  /** The function that puts the region back, `<systemName>-drill-<region>-watchdog`. It looks each minute, and whenever it is called. */
  public readonly watchdog: IFunction;
  /** Where `starters` start drills, with `{kind?}` and their identity at the gate; undefined without a gate. */
  public readonly startUrl?: string;
  /** The alarms on drills. */
  public readonly alarms: Alarm[];
  /** @internal */
  public readonly _plan: DrillPlan;

  constructor(scope: Construct, id: string, props: RegionDrillProps) {
    super(scope, id);
    checkNames(this);
    checkLiterals(this, props, { texts: ['region', 'publicName', 'zoneName'] });
    checkPlaces(this, 'RegionDrillProps', props);
    checkPlaces(this, 'DrillProberProps', props.prober, 'prober.');
    this._plan = planOf(props);
    const problem = ownRegionProblem(props.api._ledger.region, Stack.of(this).region, 'drill') ?? drillProblem(props, this._plan);
    if (problem) throw invalidProps(this, problem);
    const name = drillName(this._plan.systemName, props.region);
    declareOnce(this, { kind: 'RegionDrill', prop: 'region', name });
    outlastedByFault(this, this._plan);

    this.bucket = this.defineBucket(props);
    this.topic = props.topic ?? keepProtection(new Topic(this, 'Topic', { displayName: name, enforceSSL: true }));
    const functions = new DrillFunctions(this, 'Functions', { plan: this._plan, drill: props, bucket: this.bucket, topic: this.topic });
    this.watchdog = functions.watchdog;
    this.stateMachine = this.defineMachine(name, functions, props);
    this.defineRules(functions, props);
    this.alarms = defineDrillAlarms(this, Stack.of(this).region, this._plan, this.stateMachine, props);
    const { gate, starters, starterGroups } = props;
    if (gate) {
      this.startUrl = gate.addStart(name, { stateMachineName: name, starters, starterGroups });
      new CfnOutput(this, 'StartUrl', { description: 'Where drills are started', value: this.startUrl });
    }
    new CfnOutput(this, 'Evidence', { description: 'Bucket with the evidence of every drill', value: this.bucket.bucketName });
  }

  /** Lets a principal start drills. Whoever may write `startedBy` is believed: grant it to what knows its caller. */
  public grantStart(grantee: IGrantable): Grant {
    return this.stateMachine.grantStartExecution(grantee);
  }

  private defineBucket({ evidenceLock = Duration.days(2557), compliance }: RegionDrillProps): IBucket {
    const lock = compliance ? ObjectLockRetention.compliance(evidenceLock) : ObjectLockRetention.governance(evidenceLock);
    const bucket = privateBucket(this, 'Evidence-Bucket', {
      versioned: true,
      objectLockEnabled: true,
      objectLockDefaultRetention: lock,
      lifecycle: {},
      removalPolicy: RemovalPolicy.RETAIN,
    });
    // The lock keeps versions. A deletion that names none hides them behind a marker, and needs no right to unlock.
    bucket.addToResourcePolicy(
      new PolicyStatement({
        sid: 'NoDeleteMarkers',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['s3:DeleteObject'],
        resources: [bucket.arnForObjects('*')],
      }),
    );
    keepResource(this, bucket.node.defaultChild as CfnBucket, RemovalPolicy.RETAIN, [
      { name: 'ObjectLockEnabled', isKept: ({ ObjectLockEnabled: given }) => given === true },
    ]);
    return bucket;
  }

  private defineMachine(name: string, { look, region, report }: DrillFunctions, { logRetention }: RegionDrillProps): StateMachine {
    const { systemName, drilled } = this._plan;
    return new StateMachine(this, 'Machine', {
      stateMachineName: name,
      stateMachineType: StateMachineType.STANDARD,
      definitionBody: DefinitionBody.fromChainable(new DrillDefinition(this, { look, region, report }).start),
      comment: `${systemName}: drill of ${drilled}`,
      timeout: longestRun,
      tracingEnabled: true,
      logs: {
        level: LogLevel.ERROR,
        includeExecutionData: false,
        destination: new LogGroup(this, 'Log', { retention: logRetention ?? RetentionDays.ONE_YEAR, removalPolicy: RemovalPolicy.DESTROY }),
      },
    });
  }

  private defineRules({ watchdog }: DrillFunctions, { schedule, scheduled = true, api, region }: RegionDrillProps): void {
    const { systemName } = this._plan;
    // A look that fails is followed by the next one.
    const look = (): LambdaFunction => new LambdaFunction(watchdog, { retryAttempts: 0, maxEventAge: Duration.minutes(1) });
    new Rule(this, 'EveryMinute', {
      description: `${systemName}: looks whether ${region} is to be put back`,
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [look()],
    });
    new Rule(this, 'Ended', {
      description: `${systemName}: puts ${region} back when a drill was ended`,
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: { stateMachineArn: [this.stateMachine.stateMachineArn], status: ['ABORTED', 'FAILED', 'TIMED_OUT'] },
      },
      targets: [look()],
    });
    if (!scheduled) return;
    // Four weeks of a month have a Tuesday for sure: a fifth region has the first one's, two hours later.
    const at = api._ledger.regions.replicas.indexOf(region);
    const [hour, week] = [9 + 2 * Math.floor(at / 4), 1 + (at % 4)];
    const begins = schedule ?? Schedule.expression(`cron(0 ${hour} ? 1/3 3#${week} *)`);
    oneDrillAtATime(this, systemName, begins);
    new Rule(this, 'Schedule', {
      description: `${systemName}: drills ${region}`,
      schedule: begins,
      targets: [new SfnStateMachine(this.stateMachine, { input: RuleTargetInput.fromObject({ startedBy: drillSchedule }) })],
    });
  }
}

function planOf(props: RegionDrillProps): DrillPlan {
  const { api, region, publicName, budget, before, during, longest, interval, mesh, eventLimit, kind, faults } = props;
  const isFault = kind === RegionDrillKind.FAULT;
  const { systemName, tableName, regions } = api._ledger;
  const elsewhere = (regions._home?.cutoverRegions() ?? []).filter((name) => !regions.replicas.includes(name));
  return {
    systemName,
    drilled: region,
    // The same order wherever it stands: the drilled region first.
    regions: [region, ...regions.replicas.filter((name) => name !== region)],
    ...(elsewhere.length > 0 ? { cutoverRegions: elsewhere } : {}),
    publicName,
    tableName,
    budgetSeconds: (budget ?? api.recoveryBudget.target).toSeconds(),
    expectedSeconds: api.recoveryBudget.sum.toSeconds(),
    beforeSeconds: (before ?? Duration.seconds(30)).toSeconds(),
    duringSeconds: (during ?? Duration.seconds(30)).toSeconds(),
    returnSeconds,
    ...(isFault ? { kind } : {}),
    ...(faults && !isFault ? { faults } : {}),
    longestSeconds: (longest ?? Duration.minutes(isFault || faults ? 7 : 5)).toSeconds(),
    intervalDays: (interval ?? Duration.days(100)).toDays({ integral: false }),
    ...(mesh ? { eventMs: (eventLimit ?? Duration.minutes(1)).toMilliseconds() } : {}),
  };
}
