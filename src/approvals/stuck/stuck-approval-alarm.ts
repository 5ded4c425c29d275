import { Annotations, ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Grant } from 'aws-cdk-lib/aws-iam';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { ITopic } from 'aws-cdk-lib/aws-sns';
import { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { stuckBundle, stuckEnv, stuckMetrics } from './contract';
import { definitionOf, isStandard, TokenTask, tokenTasksIn } from './definition';
import { admitAlarms } from '../../cdk/alarm-topic';
import { BundledFunction } from '../../cdk/bundled-function';
import { PropProblem, describeProblem, invalidProps } from '../../cdk/checks/invalid-props';
import { checkLiterals } from '../../cdk/checks/literals';
import { checkNames } from '../../cdk/checks/name-limits';
import { declareOnce } from '../../cdk/checks/one-of-a-kind';
import { checkPlaces } from '../../cdk/checks/places';
import { relationMessages, timeRelations } from '../../cdk/checks/time-relations';
import { runbookLink } from '../../cdk/runbook';
import { systemMetric } from '../../cdk/system-metric';
import { withActions } from '../../cdk/tuned-alarms';

/** Properties of `StuckApprovalAlarm`. */
export interface StuckApprovalAlarmProps {
  /** The state machine to watch: any standard one with tasks that wait for a token (`.waitForTaskToken`), whoever answers them. */
  readonly stateMachine: IStateMachine;

  /**
   * Age of the oldest open approval at which people are reminded. Less than the tasks' own timeout: later there is nothing left to see.
   *
   * @default Duration.hours(4)
   */
  readonly threshold?: Duration;

  /**
   * Age at which it goes to `escalationTopic`. More than `threshold`.
   *
   * @default - twice `threshold`
   */
  readonly escalationThreshold?: Duration;

  /**
   * How often it is measured, 1 minute to 1 hour, in whole minutes.
   *
   * @default Duration.minutes(5)
   */
  readonly interval?: Duration;

  /**
   * States to watch, by name.
   *
   * @default - every task that waits for a token
   */
  readonly states?: string[];

  /**
   * Who is told at `threshold`, and when it is over. The topic's policy and its key's then admit CloudWatch's alarms of this account; those
   * of another app must do so already. A topic with the key that AWS manages (`alias/aws/sns`) cannot: CloudWatch may not use that key.
   *
   * @default - nobody: the alarm is there to be seen
   */
  readonly reminderTopic?: ITopic;

  /**
   * Who is told at `escalationThreshold`, and when the measuring itself has stopped. As with `reminderTopic`.
   *
   * @default - `reminderTopic`
   */
  readonly escalationTopic?: ITopic;

  /**
   * What the alarms' descriptions name as the thing to do, an URL.
   *
   * @default - this package's runbook
   */
  readonly runbookUrl?: string;

  /**
   * How long the sampler's log is kept.
   *
   * @default RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: RetentionDays;
}

interface AlarmSettings {
  readonly says: string;
  readonly anchor: string;
  readonly metric: Metric;
  readonly threshold: number;
  readonly topic?: ITopic;
}

/**
 * Sees an execution that waits for a person and is forgotten. `ExecutionTime` is published when an execution ends, so an alarm on it never
 * sees one that stands still: here running executions are looked at on a schedule, and an alarm rises on the oldest one's age, or when
 * nobody looks.
 */
export class StuckApprovalAlarm extends Construct {
  /** Rises at `threshold`. */
  public readonly reminder: Alarm;
  /** Rises at `escalationThreshold`. */
  public readonly escalation: Alarm;
  /** Rises when the measuring has stopped, or does not see everything. */
  public readonly silence: Alarm;
  private readonly props: StuckApprovalAlarmProps;
  private readonly name: string;
  private readonly threshold: Duration;
  private readonly escalationThreshold: Duration;
  private readonly interval: Duration;

  constructor(scope: Construct, id: string, props: StuckApprovalAlarmProps) {
    super(scope, id);
    checkNames(this);
    checkLiterals(this, props, { texts: ['states'] });
    this.props = props;
    this.threshold = props.threshold ?? Duration.hours(4);
    this.escalationThreshold = props.escalationThreshold ?? Duration.seconds(2 * this.threshold.toSeconds());
    this.interval = props.interval ?? Duration.minutes(5);
    const problem = kindProblem(props.stateMachine) ?? timesProblem(this.threshold, this.escalationThreshold, this.interval);
    if (problem) throw invalidProps(this, problem);
    checkPlaces(this, 'StuckApprovalAlarmProps', props);
    declareOnce(this, { kind: 'StuckApprovalAlarm', prop: 'stateMachine', name: props.stateMachine.stateMachineArn });
    this.name = Stack.of(this).splitArn(props.stateMachine.stateMachineArn, ArnFormat.COLON_RESOURCE_NAME).resourceName!;
    this.checkDefinition();
    this.defineSampler();

    const { reminderTopic, escalationTopic = reminderTopic } = props;
    for (const topic of new Set([reminderTopic, escalationTopic])) if (topic) admitAlarms(this, topic);
    const age = this.metricOldestAge();
    this.reminder = this.define('Reminder', {
      says: "an approval has waited longer than 'threshold'",
      anchor: 'stuck-approval',
      metric: age,
      threshold: this.threshold.toSeconds(),
      topic: reminderTopic,
    });
    this.escalation = this.define('Escalation', {
      says: "an approval has waited longer than 'escalationThreshold'",
      anchor: 'stuck-approval',
      metric: age,
      threshold: this.escalationThreshold.toSeconds(),
      topic: escalationTopic,
    });
    this.silence = new Alarm(this, 'Silence', {
      alarmDescription: this.describe('the waiting time of approvals is not measured', 'approval-sampler-silent'),
      metric: this.metric(stuckMetrics.samples, Stats.SUM),
      threshold: 1,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      evaluationPeriods: 3,
      // A sampler that does not run says nothing.
      treatMissingData: TreatMissingData.BREACHING,
    });
    this.tell(this.silence, escalationTopic);
  }

  /** How long the oldest open approval has been waiting, in seconds; 0 when none is open. */
  public metricOldestAge(): Metric {
    return this.metric(stuckMetrics.oldestAge, Stats.MAXIMUM);
  }

  /** How many approvals are open. */
  public metricOpen(): Metric {
    return this.metric(stuckMetrics.open, Stats.MAXIMUM);
  }

  private metric(metricName: string, statistic: string): Metric {
    return systemMetric(metricName, { systemName: this.name, region: Stack.of(this).region }, { statistic, period: this.interval });
  }

  private define(id: string, { says, anchor, metric, threshold, topic }: AlarmSettings): Alarm {
    const alarm = new Alarm(this, id, {
      alarmDescription: this.describe(says, anchor),
      metric,
      threshold,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: 1,
      // A missed sample neither raises nor ends it: that it is missed is the other alarm's matter.
      treatMissingData: TreatMissingData.IGNORE,
    });
    this.tell(alarm, topic);
    return alarm;
  }

  private describe(says: string, anchor: string): string {
    return `${this.name} in ${Stack.of(this).region}: ${says}. What to do: ${this.props.runbookUrl ?? runbookLink(anchor)}`;
  }

  private tell(alarm: Alarm, topic: ITopic | undefined): void {
    if (topic) withActions(alarm, [new SnsAction(topic)]);
  }

  private defineSampler(): void {
    const { stateMachine, states, logRetention } = this.props;
    const sampler = new BundledFunction(this, 'Sampler', {
      bundle: stuckBundle,
      description: 'Measures how long the oldest open approval has been waiting',
      environment: stuckEnv.write({
        stateMachineArn: stateMachine.stateMachineArn,
        name: this.name,
        states: states && JSON.stringify(states),
      }),
      // Never two at once, and as much time as there is.
      timeout: Duration.seconds(Math.min(this.interval.toSeconds(), 600) - 5),
      memorySize: 512,
      logRetention: logRetention ?? RetentionDays.THREE_MONTHS,
    });
    const executions = Stack.of(this).formatArn({
      service: 'states',
      resource: 'execution',
      resourceName: `${this.name}:*`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    Grant.addToPrincipal({ grantee: sampler.function, actions: ['states:ListExecutions'], resourceArns: [stateMachine.stateMachineArn] });
    Grant.addToPrincipal({ grantee: sampler.function, actions: ['states:GetExecutionHistory'], resourceArns: [executions] });
    new Rule(this, 'Schedule', {
      description: 'Measures how long approvals wait',
      schedule: Schedule.rate(this.interval),
      targets: [new LambdaFunction(sampler.function, { retryAttempts: 0, maxEventAge: Duration.minutes(1) })],
    });
  }

  /** At synth, when the definition is whole: an alarm above a task's timeout could never rise. */
  private checkDefinition(): void {
    this.node.addValidation({
      validate: () => {
        const definition = definitionOf(this.props.stateMachine);
        if (!definition) return [];
        const tasks = tokenTasksIn(definition).filter(({ state }) => this.props.states?.includes(state) ?? true);
        if (tasks.length === 0) {
          return [
            describeProblem({
              prop: 'stateMachine',
              given: 'one whose definition has no task that waits for a token',
              allowed: 'one with such tasks, named in states if that is given',
              mend: 'give the state machine that asks for approvals',
            }),
          ];
        }
        const unknown = this.props.states?.find((name) => !tasks.some(({ state }) => state === name));
        if (unknown !== undefined) {
          return [
            describeProblem({
              prop: 'states',
              given: `'${unknown}'`,
              allowed: 'names of tasks that wait for a token',
              mend: "name one of the state machine's, or leave it out for all",
            }),
          ];
        }
        return tasks.flatMap((task) => this.taskProblems(task, definition.TimeoutSeconds));
      },
    });
    const definition = definitionOf(this.props.stateMachine);
    if (definition?.TimeoutSeconds !== undefined) return;
    const endless = tokenTasksIn(definition ?? {}).filter(
      ({ timeout, state }) => timeout === undefined && (this.props.states?.includes(state) ?? true),
    );
    if (endless.length === 0) return;
    Annotations.of(this).addWarningV2(
      'cdk-multi-region-payments:endless-approval',
      `[${this.node.path}] ${endless.map(({ state }) => `'${state}'`).join(', ')} waits for its token without a timeout, up to a ` +
        `year: give it one (TimeoutSeconds)`,
    );
  }

  private taskProblems({ state, timeout }: TokenTask, ofMachine: unknown): string[] {
    const known = [timeout, ofMachine].filter((seconds): seconds is number => typeof seconds === 'number');
    const longer = known.length === 0 ? undefined : Math.min(...known);
    const beyond = (prop: string, age: Duration): string[] =>
      relationMessages(
        timeRelations.alarmInTask,
        prop,
        { shorter: age.toSeconds() + this.interval.toSeconds(), longer },
        `lower it, or raise the timeout of '${state}'`,
      );
    return [...beyond('threshold', this.threshold), ...beyond('escalationThreshold', this.escalationThreshold)].slice(0, 1);
  }
}

function timesProblem(threshold: Duration, escalation: Duration, interval: Duration): PropProblem | undefined {
  if (interval.toSeconds() < 60 || interval.toSeconds() > 3600 || interval.toSeconds() % 60 !== 0) {
    return {
      prop: 'interval',
      given: `${interval.toSeconds()} s`,
      allowed: '1 minute to 1 hour, in whole minutes',
      mend: 'leave it out for 5 minutes',
    };
  }
  if (threshold.toSeconds() <= 0) {
    return { prop: 'threshold', given: `${threshold.toSeconds()} s`, allowed: 'more than 0', mend: 'leave it out for 4 hours' };
  }
  if (escalation.toSeconds() > threshold.toSeconds()) return undefined;
  return {
    prop: 'escalationThreshold',
    given: `${escalation.toSeconds()} s`,
    allowed: `more than threshold, ${threshold.toSeconds()} s`,
    mend: 'leave it out for twice threshold',
  };
}

function kindProblem(stateMachine: IStateMachine): PropProblem | undefined {
  return isStandard(stateMachine)
    ? undefined
    : {
        prop: 'stateMachine',
        given: 'of type EXPRESS',
        allowed: 'a state machine of type STANDARD: an express one waits for no token and keeps no history to look at',
        mend: 'give the state machine that asks for approvals',
      };
}
