import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, IMetric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { RegionDrillProps } from './drill-props';
import { metricSum } from '../../cdk/metric-sum';
import { systemMetric } from '../../cdk/system-metric';
import { describeAlarm } from '../../cdk/tuned-alarms';
import { drillMetrics, DrillPlan } from '../contract';

const period = Duration.minutes(5);

/** Alarms on drills, each with its entry in the runbook. */
export function defineDrillAlarms(
  scope: Construct,
  region: string,
  { systemName, drilled, intervalDays }: DrillPlan,
  machine: StateMachine,
  { alarmActions = [] }: Pick<RegionDrillProps, 'alarmActions'>,
): Alarm[] {
  const owner = { systemName, region, dimensions: { [drillMetrics.drilledDimension]: drilled } };
  const alarm = (
    id: string,
    metric: IMetric,
    says: string,
    anchor: string,
    more: { threshold: number; missing: TreatMissingData },
  ): Alarm => {
    const created = new Alarm(scope, id, {
      alarmDescription: describeAlarm(systemName, says, anchor),
      metric,
      threshold: more.threshold,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: more.missing,
    });
    created.addAlarmAction(...alarmActions);
    return created;
  };
  const once = { threshold: 1, missing: TreatMissingData.NOT_BREACHING };
  return [
    alarm(
      'Overdue',
      systemMetric(drillMetrics.days, owner, { period, statistic: Stats.MAXIMUM }),
      `no region drill of ${drilled} was passed for ${intervalDays} days, or its watchdog does not look`,
      'a-region-drill-is-overdue',
      // A watchdog that says nothing restores nothing.
      { threshold: intervalDays, missing: TreatMissingData.BREACHING },
    ),
    alarm(
      'NotPassed',
      metricSum(
        'Drills not passed',
        {
          said: systemMetric(drillMetrics.failed, owner, { period }),
          failed: machine.metricFailed({ period }),
          late: machine.metricTimedOut({ period }),
        },
        period,
      ),
      `a region drill of ${drilled} was not passed`,
      'a-region-drill-failed',
      once,
    ),
    alarm(
      'WatchdogActed',
      systemMetric(drillMetrics.restored, owner, { period }),
      `the watchdog had to put ${drilled} back after a region drill`,
      'the-watchdog-of-a-region-drill-acted',
      once,
    ),
  ];
}
