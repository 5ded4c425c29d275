import { Duration, Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, IMetric, MathExpression, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { PhasedCutoverStateMachineProps } from './phased-cutover-props';
import { metricSum } from '../../cdk/metric-sum';
import { systemMetric } from '../../cdk/system-metric';
import { describeAlarm } from '../../cdk/tuned-alarms';
import { cutoverMetrics } from '../contract';

/** Alarms on a cutover itself, each with its entry in the runbook. */
export function defineCutoverAlarms(
  scope: Construct,
  machine: StateMachine,
  { systemName, alarmActions = [] }: Pick<PhasedCutoverStateMachineProps, 'systemName' | 'alarmActions'>,
): Alarm[] {
  const period = Duration.minutes(5);
  const { region } = Stack.of(scope);
  const countOf = (metricName: string): Metric => systemMetric(metricName, { systemName, region }, { period });
  const alarm = (id: string, metric: IMetric, says: string, anchor: string): Alarm => {
    const created = new Alarm(scope, id, {
      alarmDescription: describeAlarm(systemName, says, anchor),
      metric,
      threshold: 1,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    created.addAlarmAction(...alarmActions);
    return created;
  };
  return [
    alarm(
      'NeedsAttention',
      countOf(cutoverMetrics.needsAttention),
      'a cutover run ended paused or failed: a person must decide how to go on',
      'a-cutover-run-needs-people',
    ),
    alarm(
      'Broken',
      metricBroken(machine, period),
      "a cutover's execution failed, ran out of time or was stopped: a person must decide how to go on",
      'a-cutover-run-needs-people',
    ),
    alarm(
      'Unexplained',
      countOf(cutoverMetrics.unexplained),
      'the regions differ after the cutover and nothing explains it',
      'the-regions-differ-after-a-cutover',
    ),
    alarm(
      'Refused',
      countOf(cutoverMetrics.refused),
      'another caller than the state machine or CloudFormation called a function that moves traffic; the call was refused',
      'refused-calls-of-the-cutover',
    ),
  ];
}

/** As Step Functions counts them: a run that could not record its end, or had no step left to do it, says nothing itself. */
function metricBroken(machine: StateMachine, period: Duration): MathExpression {
  return metricSum(
    'Broken executions',
    { failed: machine.metricFailed({ period }), late: machine.metricTimedOut({ period }), stopped: machine.metricAborted({ period }) },
    period,
  );
}
