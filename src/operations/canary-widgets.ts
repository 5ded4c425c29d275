import { Duration } from 'aws-cdk-lib';
import { IWidget, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { Graphs } from './widgets';
import { PaymentsCanary } from '../canary/constructs/payments-canary';
import { canaryMetrics } from '../canary/contract';

/** Canaries run every five minutes, unless they are told otherwise. */
const period = Duration.minutes(5);

/** Which runs of the canaries passed, and how long they took, in every region. */
export function canaryWidgets(graphs: Graphs, regions: readonly string[], canary: PaymentsCanary | undefined): IWidget[] {
  if (!canary) return [];
  const each = (metricName: string): Metric[] =>
    regions.flatMap((region) =>
      canary.canaryNames.map(
        (name) =>
          new Metric({
            namespace: canaryMetrics.namespace,
            metricName,
            dimensionsMap: { [canaryMetrics.canaryDimension]: name },
            statistic: Stats.AVERAGE,
            period,
            region,
            label: `${name} in ${region}`,
          }),
      ),
    );
  return [
    ...graphs.of('Canaries: runs that passed', 'percent', each(canaryMetrics.success), { max: 100 }),
    ...graphs.of('Canaries: length of a run', 'milliseconds', each(canaryMetrics.duration)),
  ];
}
