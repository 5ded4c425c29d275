import { CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { auditPath, cutoverBundles, CutoverPlan, cutoverStatusName, statusEnv, StatusPlan } from '../contract';
import { defineCutoverAlarms } from './cutover-alarms';
import { CutoverDefinition, leftOut } from './definition';
import { PhasedCutoverStateMachineProps } from './phased-cutover-props';
import { cutoverProblem, planOf } from './plan';
import { defineSteps } from './steps-function';
import { WeightedRecords } from './weighted-records';
import { BundledFunction } from '../../cdk/bundled-function';
import { invalidProps } from '../../cdk/checks/invalid-props';
import { checkLiterals } from '../../cdk/checks/literals';
import { checkNames } from '../../cdk/checks/name-limits';
import { declareOnce } from '../../cdk/checks/one-of-a-kind';
import { checkPlaces } from '../../cdk/checks/places';
import { cutoverName } from '../../kernel/system-names';
import { LedgerEncryption } from '../../ledger/constructs/ledger-encryption';
import { checkSystemName, declareLedgerPart } from '../../ledger/constructs/system-checks';

/** Props that the plan is made of: no token of CDK can stand there. */
const literalProps = [
  'systemName',
  'source',
  'target',
  'publicName',
  'formerAuditEnd',
  'alarms.region',
  'phases.alarms.region',
  'checks.deadLetterQueues.region',
];

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
    checkLiterals(this, props, { texts: literalProps });
    checkSystemName(this, systemName);
    this._plan = planOf(props);
    const problem = cutoverProblem(props, this._plan, Stack.of(this).region);
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
    this.steps = defineSteps(this, this.records, this._plan, props);
    this.stateMachine = this.defineMachine(props);
    this.records._goBefore(this.stateMachine);
    this.status = this.defineStatus(props);
    this.alarms = defineCutoverAlarms(this, this.stateMachine, props);
    const { starters, starterGroups } = props;
    if (starters ?? starterGroups) {
      this.startUrl = gate!.addStart(cutoverName(systemName), { stateMachineName: cutoverName(systemName), starters, starterGroups });
      new CfnOutput(this, 'StartUrl', { description: 'Where runs are started', value: this.startUrl });
    }
    this.defineOutputs(systemName);
  }

  /** Lets a principal start runs. Whoever may write `startedBy` is believed: grant it to what knows its caller. */
  public grantStart(grantee: IGrantable): Grant {
    return this.stateMachine.grantStartExecution(grantee);
  }

  private defineMachine({
    systemName,
    publicName,
    source,
    target,
    gate,
    endSourceRole,
    logRetention,
  }: PhasedCutoverStateMachineProps): StateMachine {
    const definition = new CutoverDefinition(this, { plan: this._plan, steps: this.steps, gate, residency: endSourceRole ?? false });
    return new StateMachine(this, 'Machine', {
      stateMachineName: cutoverName(systemName),
      stateMachineType: StateMachineType.STANDARD,
      definitionBody: DefinitionBody.fromChainable(definition.start),
      comment: `${systemName}: ${publicName} from ${source} to ${target}${leftOut(this._plan)}`,
      timeout: Duration.days(360),
      tracingEnabled: true,
      logs: {
        level: LogLevel.ERROR,
        includeExecutionData: false,
        destination: new LogGroup(this, 'Log', { retention: logRetention ?? RetentionDays.ONE_YEAR, removalPolicy: RemovalPolicy.DESTROY }),
      },
    });
  }

  private defineOutputs(systemName: string): void {
    new CfnOutput(this, 'AuditKey', {
      description: 'Key that signs the audit: give it to the people who verify the audit',
      value: this.records.auditKey.keyArn,
    });
    new CfnOutput(this, 'AuditWriters', {
      description: 'Roles that may add to the audit: deny all others by a service control policy',
      value: [this.steps, this.records.function].map(({ role }) => role!.roleArn).join(', '),
    });
    new CfnOutput(this, 'AuditPath', { description: 'Where the audit is in Parameter Store', value: auditPath(systemName) });
  }

  private defineStatus({ systemName, source, target, logRetention }: PhasedCutoverStateMachineProps): IFunction {
    const plan: StatusPlan = { source, target, phases: this._plan.phases.map((phase) => phase.target) };
    const statusFunction = new BundledFunction(this, 'Status', {
      bundle: cutoverBundles.status,
      functionName: cutoverStatusName(systemName),
      description: `${systemName}: tells how the cutover stands`,
      environment: { ...this.records._environment(), ...statusEnv.write({ plan: JSON.stringify(plan) }) },
      timeout: Duration.seconds(30),
      memorySize: 512,
      logRetention: logRetention ?? RetentionDays.ONE_YEAR,
    });
    this.records._grantAuditRead(statusFunction.function);
    return statusFunction.function;
  }
}
