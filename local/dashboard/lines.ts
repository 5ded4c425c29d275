import { rowsOf, type MetricRow, type WidgetRow, type WidgetSpec } from './body';
import { isEmittedHere } from './emitted';
import type { Absence, LineView } from './model';
import { foundBy, searchesIn } from './search';
import { causeOf } from '../../src/kernel/cause';
import { statistic } from '../alarms/evaluate';
import { evaluateAll, type Series } from '../alarms/expression';
import { isKnownStatistic } from '../alarms/specs';
import type { MetricId } from '../metrics/store';

/** Where lines take their points. */
export interface LineSource {
  readonly values: (metric: MetricId, from: number, to: number) => readonly number[];
  /** Whatever has samples, for `SEARCH`. */
  readonly ids: () => readonly MetricId[];
  readonly minuteMs: number;
  /** Epoch milliseconds: what is drawn. */
  readonly from: number;
  readonly to: number;
}

/** A line without its label's place in the widget. */
interface Drawn {
  readonly label?: string;
  readonly values: Series;
}

/** The visible lines of a metric widget. */
export function linesOf(widget: WidgetSpec, home: string, source: LineSource): LineView[] {
  const rows = rowsOf(widget, home);
  const names = new Names(rows, source);
  return rows
    .filter(({ visible }) => visible)
    .flatMap((row): LineView[] => {
      const common = { region: regionOf(row, rows), side: row.side };
      const own = row.label ?? (row.kind === 'metric' ? row.name : (row.id ?? row.expression));
      const absence = names.absenceOf(row);
      if (absence) return [{ ...common, label: own, values: [], absence }];
      try {
        const drawn = names.drawn(row, row.periodSeconds);
        const many = drawn.length > 1;
        return drawn.map(({ label, values }, at) => ({
          ...common,
          label: [row.label, label].filter((one) => one !== undefined).join(' ') || (many ? `${own} ${at + 1}` : own),
          values,
        }));
      } catch (error) {
        return [{ ...common, label: own, values: [], absence: { kind: 'not computed', why: causeOf(error) } }];
      }
    });
}

/** What the rows of one widget stand for. */
class Names {
  private readonly byId: ReadonlyMap<string, WidgetRow>;

  constructor(
    rows: readonly WidgetRow[],
    private readonly source: LineSource,
  ) {
    this.byId = new Map(rows.flatMap((row) => (row.id === undefined ? [] : [[row.id, row] as const])));
  }

  /** Metrics that a row needs and nothing here emits; a cause that the row cannot be computed here. */
  public absenceOf(row: WidgetRow): Absence | undefined {
    if (row.kind === 'metric' && !isKnownStatistic(row.stat)) {
      return { kind: 'not computed', why: `the statistic ${row.stat} is not known here` };
    }
    const metrics = [
      ...new Set(
        this.metricsOf(row)
          .filter(({ namespace, name, dimensions }) => !isEmittedHere(namespace, name, dimensions))
          .map(nameOf),
      ),
    ];
    return metrics.length > 0 ? { kind: 'not emitted', metrics } : undefined;
  }

  public drawn(row: WidgetRow, periodSeconds: number, within: readonly WidgetRow[] = []): readonly Drawn[] {
    if (within.includes(row)) throw new Error(`the expression '${row.id}' uses itself`);
    if (row.kind === 'metric') {
      return [{ values: this.points(row, row.stat, periodSeconds) }];
    }
    const searches = searchesIn(row.expression);
    const finds = searches.map(({ periodSeconds: own = periodSeconds, ...search }) =>
      foundBy(search, row.region, this.source.ids()).map((metric) => ({
        label: labelOf(metric),
        values: this.points(metric, search.stat, own),
      })),
    );
    if (searches.length === 1 && row.expression.trim() === searches[0].text) return finds[0];
    const expression = searches.reduce((text, search, at) => text.replace(search.text, searchName(at)), row.expression);
    const series = new Map<string, Series | readonly Series[]>(
      finds.map((found, at) => [searchName(at), found.map(({ values }) => values)]),
    );
    for (const [id, used] of this.byId) {
      if (!uses(expression, id, used)) continue;
      const values = this.drawn(used, periodSeconds, [...within, row]).map((one) => one.values);
      series.set(id, values.length === 1 ? values[0] : values);
    }
    const metrics = [...this.byId].filter(([, { kind }]) => kind === 'metric').map(([id]) => id);
    return evaluateAll(expression, series, metrics, this.length(periodSeconds)).map((values) => ({ values }));
  }

  private metricsOf(row: WidgetRow, within: readonly WidgetRow[] = []): MetricRow[] {
    if (row.kind === 'metric') return [row];
    if (within.includes(row)) return [];
    return [...this.byId]
      .filter(([id, used]) => uses(row.expression, id, used))
      .flatMap(([, used]) => this.metricsOf(used, [...within, row]));
  }

  private length(periodSeconds: number): number {
    return Math.max(1, Math.floor((this.source.to - this.source.from) / this.lengthMs(periodSeconds)));
  }

  private lengthMs(periodSeconds: number): number {
    return Math.max(1, (periodSeconds / 60) * this.source.minuteMs);
  }

  private points(metric: MetricId, stat: string, periodSeconds: number): Series {
    const [length, each] = [this.length(periodSeconds), this.lengthMs(periodSeconds)];
    return Array.from({ length }, (_, at) => {
      // Always from the same moments on, so that a point does not change while the time goes on.
      const from = Math.ceil(this.source.to / each) * each - (length - at) * each;
      return statistic(stat, this.source.values(metric, from, from + each));
    });
  }
}

const searchName = (at: number): string => `search_${at}`;

/** Whether a name stands in an expression; every metric does where it says METRICS(). */
function uses(expression: string, id: string, row: WidgetRow): boolean {
  const bare = expression.replace(/'[^']*'|"[^"]*"/g, '');
  return bare.split(/\W+/).includes(id) || (row.kind === 'metric' && /\bMETRICS\s*\(/.test(bare));
}

/** An expression is of the region of the first metric that it names. */
function regionOf(row: WidgetRow, rows: readonly WidgetRow[], within: readonly WidgetRow[] = []): string {
  if (row.kind === 'metric' || within.includes(row)) return row.region;
  const names = row.expression.split(/\W+/);
  const named = rows.filter((one) => one.id !== undefined && uses(row.expression, one.id, one));
  const [first] = named.sort((a, b) => names.indexOf(a.id!) - names.indexOf(b.id!));
  return first ? regionOf(first, rows, [...within, row]) : row.region;
}

function nameOf({ namespace, name }: MetricRow): string {
  return `${namespace} ${name}`;
}

function labelOf({ name, dimensions }: MetricId): string {
  return [...Object.values(dimensions), name].join(' ');
}
