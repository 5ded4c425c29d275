import { widget } from './widgets';
import type { DashboardName } from '../../dashboard/dashboards';
import type { DashboardView } from '../../dashboard/model';
import { html, slug, type Html } from '../../http/html';
import { plural, seconds } from '../views/figures';
import { pathOf } from '../views/marks';

/** Names of the app's dashboards, and the one that is open, drawn. */
export function dashboardPanel(names: readonly DashboardName[], regions: readonly string[], open?: DashboardView): Html {
  const entry = ({ name }: DashboardName): Html =>
    html`<li>${link(name, `/?dashboard=${encodeURIComponent(name)}`, fragmentOf(name), name === open?.name)}</li>`;
  const close = open && html`<li>${link('Close', '/', fragmentOf(), false)}</li>`;
  return html`<ul class="boards">${names.map(entry)}${close}</ul>${open ? drawn(open, regions) : closed}`;
}

const intoPanel = html`hx-target="#dashboard-panel" hx-swap="morph:innerHTML"`;
const closed = html`<p class="aside">Choose one: it is drawn from its template’s own widgets with the metrics of this run.</p>`;

function fragmentOf(...name: readonly string[]): string {
  return pathOf('_local', 'page', 'dashboards', ...name);
}

function link(words: string, at: string, fragment: string, current: boolean): Html {
  const now = current && html` aria-current="true"`;
  return html`<a href="${at}" id="board-${slug(words)}" hx-get="${fragment}" ${intoPanel}${now}>${words}</a>`;
}

function drawn(open: DashboardView, regions: readonly string[]): Html {
  const { name, from, to, minuteMs, widgets } = open;
  const minutes = plural(Math.round((to - from) / minuteMs), 'minute');
  const again = Math.max(1, Math.round(minuteMs / 1000));
  const minute = seconds(minuteMs);
  return html`<p class="aside">The last ${minutes} of the dashboard, which are ${seconds(to - from)} here: a minute lasts ${minute}. API and
table are measured while a dashboard is open.</p>
<div class="board">${widgets.map((each) => widget(each, { from, to, regions }))}</div>
<div id="again-${slug(name)}" hx-get="${fragmentOf(name)}" hx-trigger="every ${again}s" ${intoPanel}></div>`;
}
