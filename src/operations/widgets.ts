import { GraphWidget, IMetric, IWidget, TextWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { markdown } from '../kernel/markup';

/** A part of the dashboard; without widgets it is left out, heading and all. */
export interface Section {
  readonly heading: string;
  readonly widgets: readonly IWidget[];
}

/** Three of them make a row of the dashboard's 24 columns. */
const width = 8;
const height = 6;

/** How a graph differs from lines above 0. */
interface GraphShape {
  /** One above the other. */
  readonly stacked?: boolean;
  /** Where the axis ends; by the values without it. */
  readonly max?: number;
}

/** Makes graphs. All have one region, so that every region's dashboard is the same text: each metric names its own. */
export class Graphs {
  constructor(private readonly region: string) {}

  /** A graph, or nothing where there are no metrics. */
  public of(title: string, unit: string, left: IMetric[], { stacked, max }: GraphShape = {}): GraphWidget[] {
    if (left.length === 0) return [];
    const leftYAxis = { min: 0, max, label: unit, showUnits: false };
    return [new GraphWidget({ title, width, height, region: this.region, left, leftYAxis, stacked })];
  }
}

/** The widgets of the sections that have any, row by row. */
export function rowsOf(sections: readonly Section[]): IWidget[][] {
  return sections
    .filter(({ widgets }) => widgets.length > 0)
    .flatMap(({ heading, widgets }) => [
      [new TextWidget({ markdown: markdown`## ${heading}`.toString(), width: 24, height: 1 })],
      [...widgets],
    ]);
}
