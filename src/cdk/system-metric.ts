import { Metric, MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { minute } from './tuned-alarms';
import { systemMetrics } from '../kernel/system-metrics';

/** Whose metric it is. */
export interface MetricOwner {
  /** Name of the system, or of the gate or watcher that stands by itself. */
  readonly systemName: string;
  /** Region that writes it. */
  readonly region: string;
  /** What tells it from others of that region. @default - nothing more */
  readonly dimensions?: Readonly<Record<string, string>>;
}

/** A metric that our functions write, by the name that a contract gives it: a minute's sum, unless the options say otherwise. */
export function systemMetric(metricName: string, { systemName, region, dimensions }: MetricOwner, options?: MetricOptions): Metric {
  return new Metric({
    namespace: systemMetrics.namespace,
    metricName,
    dimensionsMap: { [systemMetrics.systemDimension]: systemName, [systemMetrics.regionDimension]: region, ...dimensions },
    statistic: Stats.SUM,
    period: minute,
    ...options,
  });
}
