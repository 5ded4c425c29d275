import type { AxisView, Side, ThresholdView } from './model';

/** A widget as a dashboard's body has it. */
export interface WidgetSpec {
  readonly type: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly properties: Readonly<Record<string, any>>;
}

interface RowSpec {
  readonly id?: string;
  readonly label?: string;
  readonly region: string;
  readonly side: Side;
  readonly visible: boolean;
  readonly periodSeconds: number;
}

/** A metric of a widget. */
export interface MetricRow extends RowSpec {
  readonly kind: 'metric';
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly stat: string;
}

/** Metric math of a widget, and `SEARCH`. */
export interface MathRow extends RowSpec {
  readonly kind: 'math';
  readonly expression: string;
}

export type WidgetRow = MetricRow | MathRow;

/** The widgets of a body, row by row; none for a text that is no body. */
export function widgetsOf(body: string): WidgetSpec[] {
  let parsed: { widgets?: readonly Record<string, any>[] };
  try {
    parsed = JSON.parse(body) as typeof parsed;
  } catch {
    return [];
  }
  const widgets = (parsed.widgets ?? []).map(({ type, x, y, width, properties }) => ({
    type: String(type),
    x: Number(x ?? 0),
    y: Number(y ?? 0),
    width: Math.min(24, Math.max(1, Number(width ?? 6))),
    properties: (properties ?? {}) as Record<string, any>,
  }));
  return widgets.sort((a, b) => a.y - b.y || a.x - b.x);
}

/**
 * The metrics and expressions of a metric widget. A period is the row's own, else the widget's, else five minutes.
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
 */
export function rowsOf({ properties }: WidgetSpec, home: string): WidgetRow[] {
  const { metrics = [], region = home, period = 300, stat = 'Average' } = properties;
  let before: string[] = [];
  return (metrics as readonly unknown[][]).flatMap((row): WidgetRow[] => {
    const options = (row.find((part) => typeof part === 'object' && part !== null) ?? {}) as Record<string, any>;
    const common: RowSpec = {
      id: options.id === undefined ? undefined : String(options.id),
      label: options.label === undefined ? undefined : String(options.label),
      region: String(options.region ?? region),
      side: options.yAxis === 'right' ? 'right' : 'left',
      visible: options.visible !== false && options.visible !== 'false',
      periodSeconds: Math.max(1, Number(options.period ?? period)),
    };
    if (options.expression !== undefined) return [{ kind: 'math', ...common, expression: String(options.expression) }];
    before = spelled(
      row.filter((part): part is string => typeof part === 'string'),
      before,
    );
    const [namespace, name, ...pairs] = before;
    if (name === undefined) return [];
    const dimensions = Object.fromEntries(pairs.flatMap((key, at) => (at % 2 === 0 ? [[key, pairs[at + 1] ?? '']] : [])));
    return [{ kind: 'metric', ...common, namespace, name, dimensions, stat: String(options.stat ?? stat) }];
  });
}

/** In place of `.` stands what the row before has there, in place of `...` all that it has up to the rest. */
function spelled(row: readonly string[], before: readonly string[]): string[] {
  const dots = row.indexOf('...');
  const whole =
    dots < 0 ? row : [...row.slice(0, dots), ...before.slice(dots, before.length - (row.length - dots - 1)), ...row.slice(dots + 1)];
  return whole.map((part, at) => (part === '.' ? (before[at] ?? part) : part));
}

export function axisOf({ properties }: WidgetSpec, side: Side): AxisView {
  const { min, max, label } = (properties.yAxis?.[side] ?? {}) as Record<string, unknown>;
  return {
    ...(typeof min === 'number' ? { min } : {}),
    ...(typeof max === 'number' ? { max } : {}),
    ...(typeof label === 'string' && label !== '' ? { label } : {}),
  };
}

export function thresholdsOf({ properties }: WidgetSpec): ThresholdView[] {
  return ((properties.annotations?.horizontal ?? []) as readonly unknown[])
    .flat()
    .map((one) => one as Record<string, unknown>)
    .filter(({ value, visible }) => typeof value === 'number' && visible !== false)
    .map(({ value, label, yAxis }) => ({ value: value as number, label: String(label ?? ''), side: yAxis === 'right' ? 'right' : 'left' }));
}
