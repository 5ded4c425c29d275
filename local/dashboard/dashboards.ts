import { axisOf, rowsOf, thresholdsOf, widgetsOf, type WidgetSpec } from './body';
import { linesOf, type LineSource } from './lines';
import type { DashboardMeasures } from './measures';
import type { DashboardView, GraphView, WidgetView } from './model';
import type { AlarmStatus, FabricResource } from '../ground/model';
import type { MetricId, MetricStore } from '../metrics/store';

/** A dashboard of the templates. */
export interface DashboardName {
  readonly name: string;
  readonly region: string;
}

/** The same with what it shows, as the template has it. */
interface Dashboard extends DashboardName {
  readonly body: string;
}

export interface DashboardsOptions {
  readonly resources: readonly FabricResource[];
  readonly store: Pick<MetricStore, 'values' | 'ids' | 'want'>;
  readonly measures: DashboardMeasures;
  /** An alarm by its ARN. */
  readonly alarm: (region: string, arn: string) => Pick<AlarmStatus, 'name' | 'state'> | undefined;
  /** Has queues counted that a dashboard shows and nothing else looks at. */
  readonly count: (metrics: readonly MetricId[]) => void;
  readonly minuteMs: number;
  readonly now: () => number;
}

/** What a dashboard shows: so many of the minutes here. */
export const shownMinutes = 60;

/** Nobody looks any more. */
const idleMs = 120_000;

/** The templates' dashboards, drawn from the run's metrics. Nothing is read or measured for one before somebody first looks at it. */
export class Dashboards {
  private readonly all: readonly Dashboard[];
  private readonly specs = new Map<string, readonly WidgetSpec[]>();
  private idle?: NodeJS.Timeout;

  constructor(private readonly options: DashboardsOptions) {
    this.all = options.resources
      .filter(({ type }) => type === 'AWS::CloudWatch::Dashboard')
      .map(({ region, properties, physicalId, logicalId }) => ({
        name: String(properties.DashboardName ?? physicalId ?? logicalId),
        region,
        body: String(properties.DashboardBody),
      }));
  }

  public list(): readonly DashboardName[] {
    return this.all.map(({ name, region }) => ({ name, region }));
  }

  /** Undefined: there is no such dashboard. */
  public look(name: string): DashboardView | undefined {
    const asked = this.all.find((one) => one.name === name);
    if (!asked) return undefined;
    const { region } = asked;
    const { minuteMs, now } = this.options;
    const widgets = this.opened(asked);
    // Lines of logs come late, as for alarms.
    const to = Math.floor((now() - Math.max(1_000, minuteMs * 0.6)) / minuteMs) * minuteMs;
    const from = to - shownMinutes * minuteMs;
    return { name, region, from, to, minuteMs, widgets: widgets.map((widget) => this.drawn(widget, region, { from, to })) };
  }

  public close(): void {
    clearTimeout(this.idle);
    this.options.measures.work(false);
  }

  private opened({ name, region, body }: Dashboard): readonly WidgetSpec[] {
    clearTimeout(this.idle);
    this.idle = setTimeout(() => this.options.measures.work(false), idleMs).unref();
    this.options.measures.work(true);
    const opened = this.specs.get(name);
    if (opened) return opened;
    const widgets = widgetsOf(body);
    this.specs.set(name, widgets);
    const metrics = widgets.flatMap((widget) => rowsOf(widget, region)).flatMap((row) => (row.kind === 'metric' ? [row] : []));
    for (const metric of metrics) this.options.store.want(metric, (shownMinutes + 1) * this.options.minuteMs);
    this.options.count(metrics);
    return widgets;
  }

  private drawn(widget: WidgetSpec, region: string, { from, to }: Pick<LineSource, 'from' | 'to'>): WidgetView {
    const { type, width, properties } = widget;
    const title = String(properties.title ?? '');
    if (type === 'text') return { width, kind: 'text', markdown: String(properties.markdown ?? '') };
    if (type === 'alarm') return { width, kind: 'alarms', title, alarms: this.alarms(region, properties.alarms) };
    const shape = type === 'metric' ? shapes[String(properties.view ?? 'timeSeries')] : undefined;
    if (shape === undefined) return { width, kind: 'other', title, type: [type, properties.view].filter(Boolean).join(' ') };
    const { store, measures, minuteMs } = this.options;
    const source: LineSource = {
      from,
      to,
      minuteMs,
      values: (metric, ...between) => [...store.values(metric, ...between), ...measures.values(metric, ...between)],
      ids: () => [...store.ids(), ...measures.ids()],
    };
    return {
      width,
      kind: 'graph',
      title,
      shape: shape === 'lines' && properties.stacked === true ? 'stacked' : shape,
      lines: linesOf(widget, region, source),
      left: axisOf(widget, 'left'),
      right: axisOf(widget, 'right'),
      thresholds: thresholdsOf(widget),
    };
  }

  private alarms(home: string, arns: unknown): { name: string; region: string; state: string }[] {
    return ((arns ?? []) as readonly unknown[]).map(String).map((arn) => {
      const region = arn.split(':')[3] || home;
      const { name, state } = this.options.alarm(region, arn) ?? { name: arn, state: 'UNKNOWN' };
      return { name, region, state };
    });
  }
}

const shapes: Readonly<Record<string, GraphView['shape'] | undefined>> = { timeSeries: 'lines', singleValue: 'figures' };
