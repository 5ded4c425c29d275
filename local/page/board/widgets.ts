import { chart, figure, latest, marked, type MarkedLine } from './chart';
import { textOf } from './markdown';
import type { AlarmsView, DashboardView, GraphView, WidgetView } from '../../dashboard/model';
import { html, type Html, type Part } from '../../http/html';
import { plural } from '../views/figures';
import { absent, mark, type Tone } from '../views/marks';

/** What is drawn of a dashboard: from when to when, and the colours' regions. */
export interface Drawing extends Pick<DashboardView, 'from' | 'to'> {
  readonly regions: readonly string[];
}

/** One widget, as wide as its columns. */
export function widget(view: WidgetView, drawing: Drawing): Html {
  return html`<div class="widget columns-${Math.round(view.width)} ${view.kind}">${inside(view, drawing)}</div>`;
}

function inside(view: WidgetView, drawing: Drawing): Html {
  if (view.kind === 'text') return textOf(view.markdown);
  if (view.kind === 'alarms') return titled(view.title, alarms(view));
  if (view.kind === 'other') return titled(view.title, absent(`A widget of the kind ‘${view.type}’ is not drawn here.`));
  return titled(view.title, graph(view, drawing), unitOf(view));
}

function titled(title: string, content: Part, unit?: string): Html {
  return html`<figure><figcaption>${title}${unit !== undefined && html` <small>${unit}</small>`}</figcaption>${content}</figure>`;
}

/** What the axes count. */
function unitOf({ left, right }: GraphView): string | undefined {
  if (right.label === undefined) return left.label;
  return [left.label, `right: ${right.label}`].filter((label) => label !== undefined).join('; ');
}

function graph(view: GraphView, drawing: Drawing): Html {
  const lines = marked(view.lines, drawing.regions);
  const measured = lines.filter(({ absence }) => absence === undefined);
  const nothing = measured.every((line) => latest(line) === undefined);
  const body =
    view.shape === 'figures'
      ? figures(measured)
      : nothing
        ? measured.length > 0 && absent('Nothing was measured in this time.')
        : chart(view, measured, drawing);
  const key = view.shape === 'figures' ? undefined : legend(lines, view.shape === 'stacked');
  const bounds = view.thresholds.map(({ value, label }) => html`<li>${label || 'threshold'} <b>${figure(value)}</b></li>`);
  return html`${body}${key}${bounds.length > 0 && html`<ul class="legend">${bounds}</ul>`}${missing(lines)}`;
}

/** Figures alone: each with its label. */
function figures(lines: readonly MarkedLine[]): Html {
  const each = lines.map((line) => html`<div><dt>${line.label}</dt><dd>${newest(line)}</dd></div>`);
  return html`<dl class="figures">${each}</dl>`;
}

function legend(lines: readonly MarkedLine[], areas: boolean): Html {
  const each = lines.map((line) => {
    const shape = areas
      ? html`<path class="area ${line.colour} tone-${line.dash}" d="M0 0H24V10H0Z"/>`
      : html`<path class="line ${line.colour} dash-${line.dash}" d="M0 5H24"/>`;
    const key = !line.absence && html`<svg class="key" viewBox="0 0 24 10" aria-hidden="true">${shape}</svg>`;
    return html`<li>${key}${line.label} ${line.absence ? html`<small>${absenceOf(line)}</small>` : html`<b>${newest(line)}</b>`}</li>`;
  });
  return html`<ul class="legend">${each}</ul>`;
}

function absenceOf({ absence }: MarkedLine): string {
  return absence?.kind === 'not computed' ? `cannot be computed here: ${absence.why}` : 'not emitted locally';
}

/** Points that are older than these are said to be. */
const freshPoints = 3;

function newest(line: MarkedLine): Part {
  const point = latest(line);
  if (!point) return html`<small>no data</small>`;
  if (point.ago < freshPoints) return figure(point.value);
  return html`${figure(point.value)} <small>(${plural(point.ago, 'point')} ago)</small>`;
}

/** By name: what a widget shows that has no data in a local run, whatever happens. */
function missing(lines: readonly MarkedLine[]): Html | undefined {
  const names = [...new Set(lines.flatMap(({ absence }) => (absence?.kind === 'not emitted' ? absence.metrics : [])))];
  if (names.length === 0) return undefined;
  return html`<p class="absent">Not emitted locally: ${names.join(', ')}.</p>`;
}

const tones: Readonly<Record<string, Tone>> = { OK: 'good', ALARM: 'bad' };

/** Raised ones first. */
function alarms({ alarms: all }: AlarmsView): Html {
  const order = ['ALARM', 'INSUFFICIENT_DATA', 'UNKNOWN', 'OK'];
  const sorted = [...all].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
  const counts = order.flatMap((state) => {
    const number = all.filter((alarm) => alarm.state === state).length;
    return number > 0 ? [`${number} ${words[state]}`] : [];
  });
  const items = sorted.map(
    ({ name, state }) => html`<li>${mark(name, tones[state] ?? 'calm')} <small>${words[state] ?? state}</small></li>`,
  );
  return html`<p>${counts.join(', ')}</p><ul class="alarm-states">${items}</ul>`;
}

const words: Readonly<Record<string, string>> = {
  ALARM: 'in alarm',
  INSUFFICIENT_DATA: 'without data',
  UNKNOWN: 'not known here',
  OK: 'OK',
};
