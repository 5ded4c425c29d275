/** A dashboard as it stands at one moment. */
export interface DashboardView {
  readonly name: string;
  readonly region: string;
  /** Epoch milliseconds: what is drawn, from its beginning to its end. */
  readonly from: number;
  readonly to: number;
  /** Real milliseconds that stand for a minute. */
  readonly minuteMs: number;
  readonly widgets: readonly WidgetView[];
}

/** A widget, row by row from left to right; its width in columns, of which a dashboard has 24. */
export type WidgetView = { readonly width: number } & (TextView | GraphView | AlarmsView | OtherView);

/** Markdown. */
export interface TextView {
  readonly kind: 'text';
  readonly markdown: string;
}

export interface GraphView {
  readonly kind: 'graph';
  readonly title: string;
  /** Figures alone, or lines over time. */
  readonly shape: 'lines' | 'stacked' | 'figures';
  readonly lines: readonly LineView[];
  readonly left: AxisView;
  readonly right: AxisView;
  readonly thresholds: readonly ThresholdView[];
}

export type Side = 'left' | 'right';

export interface AxisView {
  readonly min?: number;
  readonly max?: number;
  readonly label?: string;
}

export interface ThresholdView {
  readonly value: number;
  readonly label: string;
  readonly side: Side;
}

/** One line of a graph. Where nothing was measured there is no point: never a zero that nobody measured. */
export interface LineView {
  readonly label: string;
  /** Region of the metric; of an expression, that of its first metric. */
  readonly region: string;
  readonly side: Side;
  /** One after the other, the last one ends at the dashboard's end. */
  readonly values: readonly (number | undefined)[];
  /** Why there can be no points in a local run. */
  readonly absence?: Absence;
}

export type Absence =
  /** Nothing here emits these: `AWS/DynamoDB ConsumedWriteCapacityUnits`. */
  { readonly kind: 'not emitted'; readonly metrics: readonly string[] } | { readonly kind: 'not computed'; readonly why: string };

export interface AlarmsView {
  readonly kind: 'alarms';
  readonly title: string;
  readonly alarms: readonly { readonly name: string; readonly region: string; readonly state: string }[];
}

/** A widget of a kind that is not drawn here. */
export interface OtherView {
  readonly kind: 'other';
  readonly title: string;
  readonly type: string;
}
