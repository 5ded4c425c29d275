import type { GraphView, LineView, Side } from '../../dashboard/model';
import { html, type Html } from '../../http/html';
import { clock } from '../views/figures';
import { colourOf } from '../views/marks';

const width = 600;
const height = 160;
/** Lines of one region are told apart by their dashes; they come round again after these. */
const dashes = 5;

/** A line with what tells it from the others: its region's colour, and its place among that region's lines. */
export interface MarkedLine extends LineView {
  readonly colour: string;
  readonly dash: number;
}

export function marked(lines: readonly LineView[], regions: readonly string[]): MarkedLine[] {
  return lines.map((line, at) => ({
    ...line,
    colour: colourOf(line.region, regions),
    dash: lines.slice(0, at).filter(({ region }) => region === line.region).length % dashes,
  }));
}

/** A number with three digits that count. */
export function figure(value: number): string {
  if (value === 0) return '0';
  if (Math.abs(value) >= 100_000) return value.toLocaleString('en-US', { notation: 'compact', maximumSignificantDigits: 3 });
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 0.01 ? 2 : 5;
  return value.toLocaleString('en-US', { maximumFractionDigits: digits });
}

/** The newest point, and how many points ago it was. */
export function latest({ values }: LineView): { readonly value: number; readonly ago: number } | undefined {
  for (let at = values.length - 1; at >= 0; at -= 1) {
    const value = values[at];
    if (value !== undefined) return { value, ago: values.length - 1 - at };
  }
  return undefined;
}

interface Scale {
  readonly min: number;
  readonly max: number;
}

/** Lines over time, or areas that stand on each other; with the ends of the axes. */
export function chart(graph: GraphView, lines: readonly MarkedLine[], { from, to }: { readonly from: number; readonly to: number }): Html {
  const stacked = graph.shape === 'stacked';
  const [onLeft, onRight] = (['left', 'right'] as const).map((side) => lines.filter((line) => line.side === side));
  const left = scaleOf(
    graph,
    'left',
    stacked
      ? stack(onLeft)
          .flat()
          .map(([, top]) => top)
      : points(onLeft),
  );
  const right = scaleOf(graph, 'right', points(onRight));
  const drawn = stacked ? areas(onLeft, left) : onLeft.map((line) => path(line, left));
  const thresholds = graph.thresholds.map(({ value, side }) => threshold(value, side === 'left' ? left : right));
  const said = lines.map((line) => `${line.label} ${saidOf(line)}`).join(', ');
  const more = onRight.length > 0 && ends(right, 'right');
  return html`<div class="plot">${ends(left, 'left')}
<svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="${graph.title}: ${said}">
${grid}${drawn}${onRight.map((line) => path(line, right))}${thresholds}</svg>${more}</div>
<p class="axis" aria-hidden="true"><span>${clock(from)}</span><span>${clock(to)}</span></p>`;
}

const grid = html`<line class="rule" x1="0" x2="${width}" y1="0.5" y2="0.5"/><line class="rule" x1="0" x2="${width}" y1="${
  height / 2
}" y2="${height / 2}"/><line class="rule" x1="0" x2="${width}" y1="${height - 0.5}" y2="${height - 0.5}"/>`;

function saidOf(line: LineView): string {
  const newest = latest(line);
  return newest ? figure(newest.value) : 'no data';
}

function ends({ min, max }: Scale, side: Side): Html {
  return html`<div class="ends ${side}" aria-hidden="true"><span>${figure(max)}</span><span>${figure(min)}</span></div>`;
}

function points(lines: readonly LineView[]): number[] {
  return lines.flatMap(({ values }) => values.filter((value): value is number => value !== undefined));
}

function scaleOf(graph: GraphView, side: Side, values: readonly number[]): Scale {
  const { min, max } = graph[side];
  const all = [...values, ...graph.thresholds.filter((one) => one.side === side).map(({ value }) => value)];
  const lowest = min ?? all.reduce((a, b) => Math.min(a, b), 0);
  const highest = max ?? round(all.reduce((a, b) => Math.max(a, b), lowest));
  return { min: lowest, max: highest > lowest ? highest : lowest + 1 };
}

/** The next number above that a person would write on an axis. */
function round(value: number): number {
  if (value <= 0) return value;
  const size = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 4, 5, 8, 10].map((step) => step * size).find((step) => step >= value * 0.999_999) ?? value;
}

const across = (at: number, length: number): string => ((at + 0.5) * (width / length)).toFixed(1);
const up = (value: number, { min, max }: Scale): string => {
  const share = (value - min) / (max - min);
  return (height * (1 - Math.min(1, Math.max(0, share)))).toFixed(1);
};

/** A line that breaks off where nothing was measured; a point that stands alone is a dash. */
function path({ values, colour, dash, label }: MarkedLine, scale: Scale): Html {
  const steps = values.flatMap((value, at) => {
    if (value === undefined) return [];
    const [x, y] = [across(at, values.length), up(value, scale)];
    if (at > 0 && values[at - 1] !== undefined) return [`L${x} ${y}`];
    return [values[at + 1] === undefined ? `M${x} ${y}m-3 0h6` : `M${x} ${y}`];
  });
  return html`<path class="line ${colour} dash-${dash}" d="${steps.join('')}"><title>${label}</title></path>`;
}

/** Of each line the bottom and the top at each point; where no line has a point there is none. */
function stack(lines: readonly LineView[]): (readonly [number, number])[][] {
  const length = Math.max(0, ...lines.map(({ values }) => values.length));
  const heights = Array.from({ length }, () => 0);
  return lines.map(({ values }) =>
    heights.map((bottom, at) => {
      heights[at] = bottom + (values[at] ?? 0);
      return [bottom, heights[at]] as const;
    }),
  );
}

function areas(lines: readonly MarkedLine[], scale: Scale): Html[] {
  const layers = stack(lines);
  return lines.map(({ colour, dash, label }, nth) => {
    const layer = layers[nth];
    const step = width / Math.max(1, layer.length);
    const blocks = layer.map(([bottom, top], at) => {
      if (top === bottom) return '';
      const [left, right] = [(at * step).toFixed(1), ((at + 1) * step).toFixed(1)];
      return `M${left} ${up(bottom, scale)}V${up(top, scale)}H${right}V${up(bottom, scale)}Z`;
    });
    return html`<path class="area ${colour} tone-${dash}" d="${blocks.join('')}"><title>${label}</title></path>`;
  });
}

function threshold(value: number, scale: Scale): Html {
  const y = up(value, scale);
  return html`<line class="threshold" x1="0" x2="${width}" y1="${y}" y2="${y}"/>`;
}
