import { GraphWidget, IWidget, MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { Function } from 'aws-cdk-lib/aws-lambda';
import { IHealthCheck } from 'aws-cdk-lib/aws-route53';
import { RegionMetrics } from './region-metrics';
import { Graphs } from './widgets';
import { apiMetrics } from '../api/contract';
import { minute } from '../cdk/tuned-alarms';
import { ledgerSchema } from '../ledger/contract';

/** Route 53 publishes what its checkers see in this region alone. */
const route53Region = 'us-east-1';

/** Who calls, what they are answered, and how fast. */
export function trafficWidgets(graphs: Graphs, regions: readonly RegionMetrics[]): IWidget[] {
  return [
    ...graphs.of('Split by region', 'percent of keyed calls', split(regions), { stacked: true, max: 100 }),
    ...graphs.of(
      'Payments by status',
      'a minute',
      regions.flatMap((one) => [
        one.own(apiMetrics.authorised, { label: `${one.region} authorised` }),
        one.own(apiMetrics.declined, { label: `${one.region} declined` }),
      ]),
      { stacked: true },
    ),
    ...graphs.of(
      'Replays and calls in flight',
      'a minute',
      regions.flatMap((one) => [
        one.own(apiMetrics.replayed, { label: `${one.region} replayed` }),
        one.own(apiMetrics.inFlight, { label: `${one.region} in flight (409)` }),
      ]),
    ),
    ...graphs.of('Time to answer', 'milliseconds', regions.flatMap(percentiles)),
    ...graphs.of('Answers with 5xx', 'percent of calls', regions.map(serverErrors)),
    ...graphs.of(
      'Health checks answered 503',
      'a minute',
      regions.map((one) => one.own(apiMetrics.unhealthy, { label: one.region })),
    ),
  ];
}

/** How Route 53's checkers see a region; only that region's stack knows its check. */
export function healthCheckWidgets(graphs: Graphs, region: string, healthCheck: IHealthCheck | undefined): GraphWidget[] {
  if (!healthCheck) return [];
  const metric = new Metric({
    namespace: 'AWS/Route53',
    metricName: 'HealthCheckStatus',
    dimensionsMap: { HealthCheckId: healthCheck.healthCheckId },
    statistic: Stats.MINIMUM,
    period: minute,
    region: route53Region,
    label: region,
  });
  return graphs.of(`Health check of ${region}`, '1 is healthy', [metric], { max: 1 });
}

/** What is refused for its rate, and what the bill grows with. */
export function costWidgets(graphs: Graphs, regions: readonly RegionMetrics[]): IWidget[] {
  const index = { GlobalSecondaryIndexName: ledgerSchema.byAccountIndex };
  return [
    ...graphs.of('Throttles', 'a minute', regions.flatMap(throttles)),
    ...graphs.of(
      'Ledger, units',
      'units a minute',
      regions.flatMap((one) => [
        one.table('ConsumedWriteCapacityUnits', {}, { label: `${one.region} write` }),
        one.table('ConsumedWriteCapacityUnits', index, { label: `${one.region} write, index` }),
        one.table('ConsumedReadCapacityUnits', {}, { label: `${one.region} read` }),
      ]),
    ),
    ...graphs.of(
      'API, requests',
      'a minute',
      regions.map((one) => one.api('Count', { label: one.region })),
    ),
    ...graphs.of(
      'Functions of the account, invocations',
      'a minute',
      regions.map(({ region }) => Function.metricAllInvocations({ region, period: minute, label: region })),
    ),
  ];
}

/** Each region's share of the keyed calls. */
function split(regions: readonly RegionMetrics[]): MathExpression[] {
  const usingMetrics = Object.fromEntries(regions.map((one) => [`calls${one.at}`, one.calls()]));
  const all = Object.keys(usingMetrics).join(' + ');
  return regions.map(
    (one) => new MathExpression({ expression: `100 * calls${one.at} / (${all})`, usingMetrics, label: one.region, period: minute }),
  );
}

function percentiles(one: RegionMetrics): Metric[] {
  return [50, 90, 99].map((percent) => one.api('Latency', { statistic: Stats.percentile(percent), label: `${one.region} p${percent}` }));
}

function serverErrors(one: RegionMetrics): MathExpression {
  const usingMetrics = { [`errors${one.at}`]: one.api('5XXError'), [`requests${one.at}`]: one.api('Count') };
  return new MathExpression({ expression: `100 * errors${one.at} / requests${one.at}`, usingMetrics, label: one.region, period: minute });
}

/** Functions by what Lambda says of the whole account: the ledger's have no name that another region knows. */
function throttles({ region, ledger }: RegionMetrics): Metric[] {
  return [
    ledger.metricThrottles({ region, label: `${region} met by payments` }),
    ledger.metricReadThrottles({ region, label: `${region} table, reads` }),
    ledger.metricWriteThrottles({ region, label: `${region} table, writes` }),
    ledger.metricIndexWriteThrottles({ region, label: `${region} index, writes` }),
    Function.metricAllThrottles({ region, period: minute, label: `${region} functions of the account` }),
  ];
}
