import { Dashboards, shownMinutes, type DashboardsOptions } from './dashboards';
import { DashboardMeasures } from './measures';
import type { ApiEndpoint, FabricResource } from '../ground/model';
import type { PassingCalls } from '../ground/passing';
import type { MetricStore } from '../metrics/store';

export interface OpenDashboardsOptions {
  readonly resources: readonly FabricResource[];
  readonly apis: readonly ApiEndpoint[];
  readonly events: Pick<DashboardsOptions, 'alarm' | 'count' | 'minuteMs'> & { readonly metrics: MetricStore };
  readonly passing: PassingCalls;
}

/** The dashboards of the app; undefined where it has none. */
export function openDashboards(
  { resources, apis, events, passing }: OpenDashboardsOptions,
  closing: { add(step: () => Promise<void>): void },
): Dashboards | undefined {
  if (!resources.some(({ type }) => type === 'AWS::CloudWatch::Dashboard')) return undefined;
  const { minuteMs } = events;
  const measures = new DashboardMeasures({ resources, apis, keepMs: (shownMinutes + 1) * minuteMs, now: Date.now });
  passing.called = measures.called;
  passing.answered = measures.answered;
  const dashboards = new Dashboards({
    resources,
    store: events.metrics,
    measures,
    alarm: (region, arn) => events.alarm(region, arn),
    count: (metrics) => events.count(metrics),
    minuteMs,
    now: Date.now,
  });
  closing.add(async () => dashboards.close());
  return dashboards;
}
