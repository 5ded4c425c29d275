import { clock, count } from './figures';
import { absent, mark, regionName } from './marks';
import type { PageState } from './model';
import type { ReceivedEvent } from '../../ground/model';
import { html, type Html } from '../../http/html';

const latestShown = 4;

/** What each region's consumers received, by type: equal columns mean that nothing was lost. */
export function events({ events: seen, status }: PageState): Html {
  if (!seen) return absent('This app has no consumers of events that tell what they received.');
  const names = status.regions.map(({ name }) => name);
  const received = seen.received.length === 0 ? absent('No event has been received.') : matrix(seen, names);
  const latest = seen.latest.length > 0 && html`<h3>Latest</h3>${eventList(seen.latest.slice(0, latestShown), names)}`;
  return html`${received}${buses(status.buses, names)}${latest}`;
}

function matrix(seen: NonNullable<PageState['events']>, names: readonly string[]): Html {
  const types = [...new Set(seen.received.flatMap(({ byType }) => Object.keys(byType)))].sort();
  type Received = (typeof seen.received)[number];
  const cells = (figure: (received: Received) => number | undefined): Html[] =>
    names.map((name) => {
      const received = seen.received.find((each) => each.region === name);
      return html`<td class="number">${count((received && figure(received)) ?? 0)}</td>`;
    });
  const heads = names.map((name) => html`<th scope="col" class="number">${regionName(name, names)}</th>`);
  const rows = types.map((type) => html`<tr><th scope="row">${type}</th>${cells(({ byType }) => byType[type])}</tr>`);
  return html`<table class="matrix"><caption class="unseen">Events received, by type and region</caption>
<thead><tr><th scope="col">Event</th>${heads}</tr></thead>
<tbody>${rows}<tr class="sum"><th scope="row">received, once each</th>${cells((received) => received.events)}</tr>
<tr><th scope="row">second deliveries, discarded</th>${cells(({ duplicates }) => duplicates)}</tr></tbody></table>`;
}

export function eventList(list: readonly ReceivedEvent[], names: readonly string[]): Html {
  return html`<ol class="events">${list.map(
    (event) => html`<li><time>${clock(new Date(event.at).getTime())}</time> ${regionName(event.region, names)}
<span class="type">${event.type}</span>${event.duplicate && mark('discarded', 'calm')}</li>`,
  )}</ol>`;
}

function buses(list: PageState['status']['buses'], names: readonly string[]): Html | undefined {
  if (list.length === 0) return undefined;
  return html`<ul class="buses">${list.map(
    (bus) => html`<li>${regionName(bus.region, names)} bus: ${count(bus.sent)} sent, ${count(bus.received)} from peers,
${bus.deadLetters === 0 ? '0 in dead letters' : mark(`${count(bus.deadLetters)} in dead letters`, 'bad')}</li>`,
  )}</ul>`;
}
