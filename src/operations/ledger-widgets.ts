import { IMetric, IWidget, MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { RegionMetrics } from './region-metrics';
import { Graphs } from './widgets';
import { minute } from '../cdk/tuned-alarms';
import { LedgerConsistency } from '../ledger/constructs/payment-regions';

/** How the ledger's regions get on with each other. */
export function ledgerWidgets(graphs: Graphs, regions: readonly RegionMetrics[]): IWidget[] {
  const strong = regions[0].ledger.regions.consistency === LedgerConsistency.STRONG;
  return [
    ...(strong ? quorum(graphs, regions) : replication(graphs, regions)),
    ...graphs.of('Write conflicts', 'per million writes', regions.map(conflicts)),
    ...graphs.of(
      'In-flight takeovers',
      'a minute',
      regions.map(({ region, ledger }) => ledger.metricInFlightTakeovers({ region, label: region })),
    ),
    ...graphs.of(
      'Hot accounts',
      'calls a minute',
      regions.flatMap(({ region, ledger }) => [
        ledger.metricAccountsBusy({ region, label: `${region} account full (429)` }),
        ledger.metricTrimFailures({ region, label: `${region} entries that stay` }),
      ]),
    ),
    ...graphs.of(
      'Not sure, and wrong tables',
      'answers 503 a minute',
      regions.flatMap(({ region, ledger }) => [
        ledger.metricOutcomeUnknown({ region, label: `${region} outcome unknown` }),
        ledger.metricTableMismatches({ region, label: `${region} table mismatch` }),
      ]),
    ),
    ...(strong ? [] : homes(graphs, regions)),
  ];
}

/** A strong write waits for a second region: its time tells how long, and DynamoDB's errors tell that there was none. */
function quorum(graphs: Graphs, regions: readonly RegionMetrics[]): IWidget[] {
  return [
    ...graphs.of(
      'Quorum: time of a write in two regions',
      'milliseconds',
      regions.flatMap((one) => [
        writtenMetric(one, 'UpdateItem', { statistic: Stats.AVERAGE, label: `${one.region} average` }),
        writtenMetric(one, 'UpdateItem', { statistic: Stats.MAXIMUM, label: `${one.region} longest` }),
      ]),
    ),
    ...graphs.of(
      'Quorum: requests that failed in DynamoDB',
      'a minute',
      regions.map(({ region, ledger }) => ledger.metricSystemErrors({ region, period: minute, label: region })),
    ),
  ];
}

/** From every region to every other one. */
function replication(graphs: Graphs, regions: readonly RegionMetrics[]): IWidget[] {
  const links: IMetric[] = regions.flatMap(({ region, ledger }) =>
    regions
      .filter((other) => other.region !== region)
      .map((other) => ledger.metricReplicationLatency(other.region, { region, label: `${region} to ${other.region}` })),
  );
  return graphs.of('Replication lag', 'milliseconds, longest', links);
}

/** Writes that DynamoDB carried out are the samples of their times. */
function conflicts(one: RegionMetrics): MathExpression {
  const { region, at, ledger } = one;
  const samples = { statistic: Stats.SAMPLE_COUNT };
  return new MathExpression({
    expression: `1000000 * FILL(conflicts${at}, 0) / (FILL(puts${at}, 0) + FILL(updates${at}, 0))`,
    usingMetrics: {
      [`conflicts${at}`]: ledger.metricWriteConflicts({ region }),
      [`puts${at}`]: writtenMetric(one, 'PutItem', samples),
      [`updates${at}`]: writtenMetric(one, 'UpdateItem', samples),
    },
    label: region,
    period: minute,
  });
}

function homes(graphs: Graphs, regions: readonly RegionMetrics[]): IWidget[] {
  return graphs.of(
    'Homes',
    'a minute',
    regions.flatMap(({ region, ledger }) => [
      ledger.metricHomeUnreachable({ region, label: `${region} cannot reach a home` }),
      ledger.metricHomeTakeovers({ region, label: `${region} took over` }),
    ]),
  );
}

function writtenMetric(one: RegionMetrics, operation: string, options: { readonly statistic: string; readonly label?: string }): Metric {
  return one.table('SuccessfulRequestLatency', { Operation: operation }, options);
}
