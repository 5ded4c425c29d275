import { Alarm, ComparisonOperator, IAlarmAction, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { runbookLink } from '../../cdk/runbook';
import { systemMetric } from '../../cdk/system-metric';
import { withActions } from '../../cdk/tuned-alarms';
import { gateMetrics } from '../contract';

/** A metric of the gate's functions. */
export function gateMetric(metricName: string, gateName: string, region: string): Metric {
  return systemMetric(metricName, { systemName: gateName, region });
}

/** Alarms on the gate itself: that it sweeps, and that what it does works. */
export function defineGateAlarms(scope: Construct, gateName: string, region: string, actions: IAlarmAction[]): Alarm[] {
  const says = (text: string, anchor: string): string => `${gateName} in ${region}: ${text}. What to do: ${runbookLink(anchor)}`;
  const alarms = [
    new Alarm(scope, 'Silent', {
      alarmDescription: says('open approvals are not checked: the function that expires and reminds does not run', 'approval-gate-silent'),
      metric: gateMetric(gateMetrics.sweeps, gateName, region),
      threshold: 1,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      evaluationPeriods: 5,
      datapointsToAlarm: 5,
      // A sweep that does not run says nothing.
      treatMissingData: TreatMissingData.BREACHING,
    }),
    new Alarm(scope, 'Faults', {
      alarmDescription: says('messages to approvers or outcomes of approvals cannot be sent', 'approval-faults'),
      metric: gateMetric(gateMetrics.faults, gateName, region),
      threshold: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: 5,
      datapointsToAlarm: 3,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    }),
    new Alarm(scope, 'Forged', {
      alarmDescription: says('an execution was answered by another caller than the gate', 'an-answer-that-is-not-the-gates'),
      metric: gateMetric(gateMetrics.forged, gateName, region),
      threshold: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    }),
  ];
  return alarms.map((alarm) => withActions(alarm, actions));
}
