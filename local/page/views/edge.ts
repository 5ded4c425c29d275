import { count } from './figures';
import { mark, regionName } from './marks';
import type { PageState } from './model';
import { html, type Html } from '../../http/html';

/** Where the edge is, and who answered its viewers. */
export function edge({ edge: sight, status }: PageState): Html {
  if (!sight) return html``;
  const { url, requests, hits, failed, byRegion } = sight;
  const names = status.regions.map(({ name }) => name);
  const figures = [
    [count(requests), 'requests'],
    [count(hits), 'from the cache'],
    [count(failed), 'answers 5xx'],
  ].map(([value, label]) => html`<div><dd>${value}</dd><dt>${label}</dt></div>`);
  const origins = Object.entries(byRegion).map(
    ([region, asked]) => html`<span>${regionName(region, names)} <b>${count(asked)}</b></span> `,
  );
  const served = origins.length === 0 ? html`<p class="absent">No origin has been asked yet.</p>` : html`<p class="legend">${origins}</p>`;
  const standing = failed === 0 ? mark('serving', 'good') : mark('some answers were 5xx', 'warn');
  return html`<p class="standing">${standing} <a id="edge-link" href="${url}/">${url}</a></p>
<dl class="figures">${figures}</dl><h3>Answered by the region</h3>${served}`;
}
