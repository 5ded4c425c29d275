import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import { IWidget, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { DashboardApprovals, DashboardCutover } from './dashboard-props';
import { regionalMetric } from './region-metrics';
import { Graphs } from './widgets';
import { gateMetrics } from '../approvals/contract';
import { stuckMetrics } from '../approvals/stuck/contract';
import { cutoverMetrics } from '../cutover/contract';
import { cutoverName } from '../kernel/system-names';

/** How often `StuckApprovalAlarm` measures, unless it is told otherwise. */
const sampled = Duration.minutes(5);

/** Approvals that wait, and what is wrong with them. */
export function approvalWidgets(graphs: Graphs, approvals: readonly DashboardApprovals[]): IWidget[] {
  return [
    ...graphs.of(
      'Approvals that wait',
      'approvals',
      approvals.map(({ gateName, region }) =>
        regionalMetric(gateMetrics.pending, { systemName: gateName, region }, { statistic: Stats.MAXIMUM, label: gateName }),
      ),
    ),
    ...graphs.of(
      'Age of the oldest open approval',
      'seconds',
      approvals.flatMap(({ stateMachineName: name, region }) =>
        name === undefined
          ? []
          : [
              regionalMetric(
                stuckMetrics.oldestAge,
                { systemName: name, region },
                { statistic: Stats.MAXIMUM, period: sampled, label: name },
              ),
            ],
      ),
    ),
    ...graphs.of(
      'Gate: sweeps, faults and forged answers',
      'a minute',
      approvals.flatMap(({ gateName, region }) => [
        regionalMetric(gateMetrics.sweeps, { systemName: gateName, region }, { label: `${gateName} sweeps` }),
        regionalMetric(gateMetrics.faults, { systemName: gateName, region }, { label: `${gateName} faults` }),
        regionalMetric(gateMetrics.forged, { systemName: gateName, region }, { label: `${gateName} forged` }),
      ]),
    ),
  ];
}

/** Runs of the cutover, and what they found. */
export function cutoverWidgets(scope: Construct, graphs: Graphs, systemName: string, cutover: DashboardCutover | undefined): IWidget[] {
  if (!cutover) return [];
  const { region } = cutover;
  const machine = StateMachine.fromStateMachineArn(
    scope,
    'Cutover',
    Stack.of(scope).formatArn({
      service: 'states',
      region,
      resource: 'stateMachine',
      resourceName: cutoverName(systemName),
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    }),
  );
  const of = (label: string): { readonly region: string; readonly period: Duration; readonly label: string } => ({
    region,
    period: sampled,
    label,
  });
  const owner = { systemName, region };
  const counted = (name: string, label: string): Metric => regionalMetric(name, owner, { period: sampled, label });
  return [
    ...graphs.of('Cutover runs', 'in five minutes', [
      machine.metricStarted(of('started')),
      machine.metricSucceeded(of('ended')),
      machine.metricFailed(of('failed')),
      machine.metricTimedOut(of('out of time')),
      machine.metricAborted(of('stopped')),
      counted(cutoverMetrics.needsAttention, 'ended paused or failed'),
    ]),
    ...graphs.of('Cutover: what the regions differ in', 'in five minutes', [
      counted(cutoverMetrics.unexplained, 'unexplained differences'),
      counted(cutoverMetrics.rounds, 'rounds of reconciliation'),
    ]),
    ...graphs.of('Cutover: refused calls', 'in five minutes', [counted(cutoverMetrics.refused, 'refused')]),
  ];
}
