import { Dashboards, type DashboardsOptions } from '../../../local/dashboard/dashboards';
import { DashboardMeasures } from '../../../local/dashboard/measures';
import type { AlarmState, FabricResource } from '../../../local/ground/model';
import { MetricStore, type MetricId } from '../../../local/metrics/store';

export const east = 'us-east-1';
export const west = 'us-west-2';
export const minuteMs = 1_000;

/** A dashboard of a template, with this body. */
export function dashboard(body: object | string, name = 'pay-us-east-1', region = east): FabricResource {
  const DashboardBody = typeof body === 'string' ? body : JSON.stringify(body);
  return { stack: 's', region, logicalId: 'Board', type: 'AWS::CloudWatch::Dashboard', properties: { DashboardName: name, DashboardBody } };
}

export function api(region: string, name = 'pay-payments'): FabricResource {
  return {
    stack: 's',
    region,
    logicalId: 'Api',
    type: 'AWS::ApiGateway::RestApi',
    physicalId: `api-${region}`,
    properties: { Name: name },
  };
}

/** Dashboards with a store and a clock of the test's own. */
export class Boards {
  public readonly store = new MetricStore(3_600_000);
  public readonly counted: MetricId[] = [];
  public readonly alarms = new Map<string, AlarmState>();
  public readonly measures: DashboardMeasures;
  public readonly dashboards: Dashboards;
  public nowMs = 1_000_000_000_000;

  constructor(resources: readonly FabricResource[], change: Partial<DashboardsOptions> = {}) {
    this.measures = new DashboardMeasures({
      resources,
      apis: [east, west].map((region) => ({ region, apiId: `api-${region}`, stage: 'live', domains: [] })),
      keepMs: 3_600_000,
      now: () => this.nowMs,
    });
    this.dashboards = new Dashboards({
      resources,
      store: this.store,
      measures: this.measures,
      alarm: (_, arn) => {
        const name = arn.split(':').pop()!;
        const state = this.alarms.get(name);
        return state && { name, state };
      },
      count: (metrics) => this.counted.push(...metrics),
      minuteMs,
      now: () => this.nowMs,
      ...change,
    });
  }

  /** A metric's value so many minutes before now; the youngest that is drawn is two minutes old. */
  public put(
    name: string,
    value: number,
    minutesAgo = 2,
    dimensions: Readonly<Record<string, string>> = {},
    region = east,
    namespace = 'Pay',
  ) {
    this.store.put({ region, namespace, name, dimensions }, value, this.nowMs - minutesAgo * minuteMs);
  }
}
