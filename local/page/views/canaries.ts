import { clock, milliseconds } from './figures';
import { absent, mark, table } from './marks';
import type { PageState } from './model';
import { html, type Html } from '../../http/html';

/** What the last run of each canary came to. */
export function canaries({ canaries: all = [] }: PageState): Html {
  if (all.length === 0) return absent('The app has no canary.');
  return table(
    'Canaries',
    [{ head: 'Canary' }, { head: 'Region' }, { head: 'Last run' }, { head: 'At' }, { head: 'Length', kind: 'number' }],
    all.map(({ name, region, state, lastRun }) => [
      html`<span class="name">${name}</span>`,
      html`<span class="region">${region}</span>`,
      lastRun === undefined
        ? html`<small>${state === 'STOPPED' ? 'its region is stopped' : 'none yet'}</small>`
        : html`${lastRun.passed ? mark('passed', 'good') : mark('failed', 'bad')} <small>${reason(state, lastRun.failure)}</small>`,
      lastRun === undefined ? '' : clock(Date.parse(lastRun.at)),
      lastRun === undefined ? '' : milliseconds(lastRun.durationMs),
    ]),
  );
}

function reason(state: string, failure: string | undefined): string {
  return [...(state === 'STOPPED' ? ['its region is stopped'] : []), ...(failure === undefined ? [] : [failure])].join('; ');
}
