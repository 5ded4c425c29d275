import { count, milliseconds, seconds } from './figures';
import { absent, mark, table } from './marks';
import type { PageState } from './model';
import { html, type Html } from '../../http/html';

export function tables({ status }: PageState): Html {
  if (status.tables.length === 0) return absent('The app has no global table.');
  return table(
    'Global tables',
    [{ head: 'Table' }, { head: 'Mode' }, { head: 'Replication lag', kind: 'number' }, { head: 'Write conflicts', kind: 'number' }],
    status.tables.map((entry) => [entry.name, entry.mode, milliseconds(entry.replicationLagMs), count(entry.conflicts)]),
  );
}

export function dns({ status }: PageState): Html {
  if (status.dns.length === 0) return absent('The app has no record sets.');
  return table(
    'DNS records',
    [{ head: 'Name' }, { head: 'Routing' }, { head: 'Leads to' }, { head: 'TTL', kind: 'number' }, { head: 'Health' }],
    status.dns.map((record) => [
      html`<span class="name">${record.name}</span> ${record.type}`,
      record.routing === 'weighted'
        ? `weight ${record.weight}`
        : `${record.routing}${record.region === undefined ? '' : ` ${record.region}`}`,
      html`<span class="name">${record.value}</span>`,
      `${record.ttl} s`,
      html`${health(record.healthy)} <small>${record.healthCheck?.reason ?? 'no health check'}</small>`,
    ]),
  );
}

function health(healthy: boolean): Html {
  return healthy ? mark('healthy', 'good') : mark('unhealthy', 'bad');
}

/** Raised alarms first. */
export function alarms({ status }: PageState): Html {
  if (status.alarms.length === 0) return absent('No alarm is watched in this run.');
  const raised = status.alarms.filter(({ state }) => state === 'ALARM');
  const blind = status.alarms.filter(({ state }) => state !== 'ALARM' && state !== 'OK').length;
  const calm = html`${raised.length === 0 ? html`<p>${mark(`None of ${count(status.alarms.length)} is raised`, 'good')}</p>` : undefined}`;
  const minute =
    status.minuteMs !== undefined &&
    status.minuteMs < 60_000 &&
    html`<p class="aside">A minute of an alarm lasts ${seconds(status.minuteMs)} here.</p>`;
  const items = raised.map(({ name, region, reason }) => {
    const why = reason !== undefined && html`<small>${reason}</small>`;
    return html`<li>${mark(name, 'bad')} <span class="where">${region}</span>${why}</li>`;
  });
  const list =
    raised.length > 0 &&
    html`<ul class="alarms">${items}</ul>
<p class="aside">${raised.length} of ${count(status.alarms.length)} raised.</p>`;
  return html`${calm}${list}${blind > 0 && html`<p class="aside">${count(blind)} without data yet.</p>`}${minute}`;
}
