import { evaluateExpression, type Series } from './expression';
import { comparisons, type AlarmSpec } from './specs';
import type { AlarmState } from '../ground/model';
import type { MetricStore } from '../metrics/store';

export interface AlarmVerdict {
  readonly state: AlarmState;
  readonly reason: string;
}

/** Periods before the evaluated ones from which real data points stand in for missing ones. */
const lookBack = 2;

/** Data points of an alarm up to `end`, oldest first, as many as it may look at. */
export function datapoints(spec: AlarmSpec, store: MetricStore, end: number, periodMs: number): Series {
  const length = spec.evaluationPeriods + lookBack;
  const series = new Map<string, Series>();
  const metricIds: string[] = [];
  for (const query of spec.queries) {
    if (!('stat' in query)) continue;
    metricIds.push(query.id);
    series.set(
      query.id,
      Array.from({ length }, (_, index) => {
        const from = end - (length - index) * periodMs;
        return statistic(query.stat, store.values(query.metric, from, from + periodMs));
      }),
    );
  }
  // Expressions may use each other, in any order.
  let waiting = spec.queries.flatMap((query) => ('expression' in query ? [query] : []));
  let problem: unknown;
  while (waiting.length) {
    const left = waiting.filter((query) => {
      try {
        series.set(query.id, evaluateExpression(query.expression, series, metricIds, length));
        return false;
      } catch (error) {
        problem = error;
        return true;
      }
    });
    if (left.length === waiting.length) throw problem;
    waiting = left;
  }
  return series.get(spec.returned) ?? [];
}

export function statistic(stat: string, values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  const sum = values.reduce((total, value) => total + value, 0);
  switch (stat) {
    case 'Sum':
      return sum;
    case 'Average':
      return sum / values.length;
    case 'Minimum':
      return values.reduce((a, b) => Math.min(a, b));
    case 'Maximum':
      return values.reduce((a, b) => Math.max(a, b));
    case 'SampleCount':
      return values.length;
    default: {
      const sorted = [...values].sort((a, b) => a - b);
      return sorted[Math.max(0, Math.ceil((Number(stat.slice(1)) / 100) * sorted.length) - 1)];
    }
  }
}

/**
 * What the data points come to. Real data points are taken as far back as `lookBack` reaches; what is still missing is treated as the
 * alarm says. Undefined: the state stays.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html#alarms-and-missing-data
 */
export function judge(spec: AlarmSpec, points: Series): AlarmVerdict | undefined {
  const { breaks, sign } = comparisons[spec.comparison];
  const wanted = spec.evaluationPeriods;
  const real = points.filter((point): point is number => point !== undefined).slice(-wanted);
  const missing = wanted - real.length;
  const breaching = real.filter((point) => breaks(point, spec.threshold)).length;
  const shown = real.length ? `latest ${real.map(rounded).join(', ')}` : 'no data';
  const against =
    `${sign} ${spec.threshold}, ${spec.datapointsToAlarm} of ${wanted} needed; ` +
    `${shown}${missing ? `, ${missing} missing (${spec.missing})` : ''}`;
  const alarm: AlarmVerdict = { state: 'ALARM', reason: `${breaching} of ${real.length} data points ${against}` };
  const ok: AlarmVerdict = { state: 'OK', reason: `${breaching} of ${real.length} data points ${against}` };
  if (breaching + (spec.missing === 'breaching' ? missing : 0) >= spec.datapointsToAlarm) return alarm;
  if (spec.missing === 'breaching' || spec.missing === 'notBreaching' || breaching < real.length) return ok;
  // Nothing but breaching ones, and too few of them.
  if (spec.missing === 'ignore') return undefined;
  return real.length ? alarm : { state: 'INSUFFICIENT_DATA', reason: `no data points in ${wanted + lookBack} periods` };
}

function rounded(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}
