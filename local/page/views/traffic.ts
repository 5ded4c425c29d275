import { colourOf, regionName } from './marks';
import type { PageState, Second } from './model';
import { html, type Html } from '../../http/html';

export const chartSeconds = 60;
const barWidth = 10;
const height = 100;

/** Told from the regions' bars by its pattern too. */
const hatchLines = html`<rect class="failed-ground" width="4" height="4"/><rect class="failed-line" width="4" height="2"/>`;
const hatch = html`<defs><pattern id="no-answer" width="4" height="4" patternUnits="userSpaceOnUse">${hatchLines}</pattern></defs>`;

/** Requests answered by each region in each second of the last minute, one bar a second; what got no answer is on top. */
export function traffic({ seconds, now, status }: PageState): Html {
  const names = status.regions.map(({ name }) => name);
  const window = lastSeconds(seconds, now);
  const most = Math.max(4, ...window.map((second) => total(second)));
  const bars = window.map((second, index) => bar(second, index, most, names));
  const sums = names.map((name) => window.reduce((sum, { answered }) => sum + (answered[name] ?? 0), 0));
  const failed = window.reduce((sum, second) => sum + second.failed, 0);
  const said = [...names.map((name, index) => `${name} answered ${sums[index]}`), `${failed} without an answer`].join(', ');
  return html`<ul class="legend">${names.map((name, index) => html`<li>${regionName(name, names)} <b>${share(sums[index], sums)}</b></li>`)}
<li><span class="region"><span class="swatch failed" aria-hidden="true"></span>no answer</span> <b>${failed}</b></li></ul>
<div class="chart"><span class="most" aria-hidden="true">${most}/s</span>
<svg viewBox="0 0 ${chartSeconds * barWidth} ${height}" preserveAspectRatio="none" role="img"
 aria-label="Requests in the last minute: ${said}">${hatch}${bars}</svg></div>
<p class="axis" aria-hidden="true"><span>1 min ago</span><span>now</span></p>`;
}

/** The last full seconds, also those in which nothing happened. */
function lastSeconds(known: readonly Second[], now: number): Second[] {
  const current = Math.floor(now / 1000);
  const byTime = new Map(known.map((second) => [second.at, second]));
  return Array.from({ length: chartSeconds }, (_, index) => {
    const at = current - chartSeconds + index;
    return byTime.get(at) ?? { at, answered: {}, failed: 0 };
  });
}

function bar(second: Second, index: number, most: number, names: readonly string[]): Html[] {
  const x = index * barWidth + 1;
  let y = height;
  const piece = (value: number, colour: string): Html[] => {
    if (value === 0) return [];
    const size = (value / most) * height;
    y -= size;
    return [html`<rect class="${colour}" x="${x}" y="${y.toFixed(1)}" width="${barWidth - 2}" height="${size.toFixed(1)}"/>`];
  };
  return [...names.flatMap((name) => piece(second.answered[name] ?? 0, colourOf(name, names))), ...piece(second.failed, 'failed')];
}

function total(second: Second): number {
  return Object.values(second.answered).reduce((sum, value) => sum + value, second.failed);
}

function share(value: number, all: readonly number[]): string {
  const sum = all.reduce((before, each) => before + each, 0);
  return sum === 0 ? '0' : `${value} (${Math.round((value / sum) * 100)} %)`;
}
