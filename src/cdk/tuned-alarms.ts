import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, IAlarmAction, IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { PropProblem, invalidProps } from './checks/invalid-props';
import { runbookLink } from './runbook';

/** How one alarm differs from its default. */
export interface AlarmTuning {
  /**
   * Whether the alarm is made.
   *
   * @default true
   */
  readonly enabled?: boolean;

  /**
   * Value at or above which a minute counts as bad, in the alarm's own unit.
   *
   * @default - see the alarm
   */
  readonly threshold?: number;

  /**
   * Bad minutes out of the last five that raise the alarm, 1 to 5.
   *
   * @default - see the alarm
   */
  readonly minutes?: number;
}

/** An alarm on a count or a time per minute. */
export interface AlarmDefinition {
  readonly id: string;
  /** What is going on when it is raised. */
  readonly says: string;
  /** Entry in the runbook. */
  readonly anchor: string;
  readonly metric: IMetric;
  readonly threshold: number;
  readonly minutes: number;
  readonly tuning?: AlarmTuning;
}

export const minute = Duration.minutes(1);
const watchedMinutes = 5;

/** Makes the alarms; each description says of whom it is and ends with the address of what to do. */
export function defineAlarms(
  scope: Construct,
  subject: string,
  definitions: readonly AlarmDefinition[],
  actions: IAlarmAction[] = [],
): Alarm[] {
  return definitions
    .filter(({ tuning }) => tuning?.enabled !== false)
    .map((definition) => {
      const { tuning = {} } = definition;
      const problem = tuningProblem(definition.id, tuning);
      if (problem) throw invalidProps(scope, problem);
      return withActions(
        new Alarm(scope, definition.id, {
          alarmDescription: describeAlarm(subject, definition.says, definition.anchor),
          metric: definition.metric,
          threshold: tuning.threshold ?? definition.threshold,
          comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
          evaluationPeriods: watchedMinutes,
          datapointsToAlarm: tuning.minutes ?? definition.minutes,
          // These count what goes wrong: a quiet minute has no data and is a good one.
          treatMissingData: TreatMissingData.NOT_BREACHING,
        }),
        actions,
      );
    });
}

/** An alarm's description. */
export function describeAlarm(subject: string, says: string, anchor: string): string {
  return `${subject}: ${says}. What to do: ${runbookLink(anchor)}`;
}

/**
 * Tells whoever is to be told when the alarm rises, and then only: CloudWatch calls an alarm's first data "INSUFFICIENT_DATA to OK", and
 * would send that for every alarm of a new stack.
 */
export function withActions(alarm: Alarm, actions: IAlarmAction[]): Alarm {
  alarm.addAlarmAction(...actions);
  return alarm;
}

function tuningProblem(id: string, tuning: AlarmTuning): PropProblem | undefined {
  const { minutes, threshold } = tuning;
  if (minutes !== undefined && !(Number.isInteger(minutes) && minutes >= 1 && minutes <= watchedMinutes)) {
    return {
      prop: `alarms (${id}).minutes`,
      given: `${minutes}`,
      allowed: '1 to 5 of the last five minutes',
      mend: 'leave it out for the default',
    };
  }
  if (threshold !== undefined && !(threshold > 0)) {
    return {
      prop: `alarms (${id}).threshold`,
      given: `${threshold}`,
      allowed: 'more than 0',
      mend: 'set enabled: false to remove the alarm',
    };
  }
  return undefined;
}
