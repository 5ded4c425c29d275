import { clock, count, plural } from './figures';
import { mark, regionName, switchButton, table } from './marks';
import type { PageState } from './model';
import type { DocumentSight } from '../../documents/sight';
import { html, type Html, type Part } from '../../http/html';

/** Differences that are named; the report has all. */
const differencesShown = 5;

/** What each region's bucket holds, what is on its way, and whether the last comparison found the same. */
export function documents({ documents: sight, status }: PageState): Html {
  if (!sight) return html``;
  const names = status.regions.map(({ name }) => name);
  const rows = sight.buckets.map(({ region, versions, deletions, bytes }) => [
    regionName(region, names),
    count(versions),
    count(deletions),
    count(bytes),
  ]);
  const held = table(
    'Documents by region',
    [{ head: 'Region' }, { head: 'Versions', kind: 'number' }, { head: 'Deletions', kind: 'number' }, { head: 'Bytes', kind: 'number' }],
    rows,
  );
  const way = sight.waiting === 0 ? mark('nothing is on its way', 'good') : mark(`${plural(sight.waiting, 'version')} on the way`, 'warn');
  const [from, to] = sight.buckets.map(({ region }) => region);
  const start =
    to !== undefined &&
    sight.backfill?.state !== 'RUNNING' &&
    switchButton({
      action: '/_local/page/backfill',
      label: 'Run a backfill',
      of: `from ${from} to ${to}`,
      id: 'backfill',
      fields: { from, to },
    });
  return html`${held}<p class="standing documents-way">${way}</p><div class="row">${start}${parity(sight)}</div>`;
}

function parity({ backfill }: DocumentSight): Part {
  if (!backfill) return html`<p>The regions have not been compared in this run.</p>`;
  const { from, to, state, report, why, copied, failed, endedAt } = backfill;
  const way = `${from} to ${to}`;
  if (state === 'RUNNING') return html`<p>${mark(`a backfill from ${way} is under way`, 'warn')} ${count(copied)} copied</p>`;
  const ended = endedAt === undefined ? '' : `${clock(endedAt)} UTC`;
  if (!report) return html`<p>${mark(`the backfill from ${way} failed`, 'bad')} ${why ?? ''} ${ended}</p>`;
  if (report.equal) {
    const figures = `${count(copied)} copied, ${count(failed)} failed, compared at ${ended}`;
    return html`<p>${mark(`${way}: the same documents`, 'good')} <small>${figures}</small></p>`;
  }
  const named = report.differences
    .slice(0, differencesShown)
    .map(
      ({ key, versionId, why: reason }) =>
        html`<li><b class="name">${key}</b> <span>${reason}</span> <small class="name">${versionId}</small></li>`,
    );
  const verdict = mark(`${way}: ${plural(report.differences.length, 'difference')}`, 'bad');
  return html`<div>${verdict} <small>compared at ${ended}</small><ol class="events">${named}</ol></div>`;
}
