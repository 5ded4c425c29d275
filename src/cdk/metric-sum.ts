import { Duration } from 'aws-cdk-lib';
import { IMetric, MathExpression } from 'aws-cdk-lib/aws-cloudwatch';

/** The sum of metrics, each of which has data only when there is something to count. */
export function metricSum(label: string, usingMetrics: Readonly<Record<string, IMetric>>, period?: Duration): MathExpression {
  return new MathExpression({
    expression: Object.keys(usingMetrics)
      .map((id) => `FILL(${id}, 0)`)
      .join(' + '),
    usingMetrics,
    label,
    period,
  });
}
