import { canaries } from './canaries';
import { cutover } from './cutover';
import { documents } from './documents';
import { drills } from './drills';
import { edge } from './edge';
import { events } from './events';
import { clock } from './figures';
import { announcement, headline } from './headline';
import type { PageState, TraceView } from './model';
import { network } from './network';
import { payments } from './payments';
import { alarms, dns, tables } from './records';
import { regions } from './regions';
import { senders } from './senders';
import { traffic } from './traffic';
import { noTrace, waterfall } from './waterfall';
import { html, type Html } from '../../http/html';

/** The parts that the stream keeps fresh, by the name of their event. A new part of the page is one more entry, and its place in `page`. */
export const fragments: Readonly<Record<string, (state: PageState) => Html>> = {
  announcement,
  headline,
  regions,
  senders,
  traffic,
  payments,
  events,
  network,
  tables,
  alarms,
  dns,
  canaries,
  cutover,
  drills,
  documents,
  edge,
};

/** htmx without what the content security policy forbids, and without what the page does not use. */
const htmxConfig = JSON.stringify({
  allowEval: false,
  includeIndicatorStyles: false,
  historyEnabled: false,
  allowScriptTags: false,
  selfRequestsOnly: true,
});

const commands = `TOKEN=$(curl -s "$DOOR/_local/token?tenant=acme")     # DOOR is this page's address
curl -X PUT "$DOOR/api/v1/accounts/alice" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
  -d '{"currency":"USD","balance":100000}'
curl -i "$DOOR/api/v1/payments" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
  -H "Idempotency-Key: $(uuidgen)" -d '{"accountId":"alice","amount":1250,"currency":"USD"}'
curl "$DOOR/api/v1/transactions?accountId=alice" -H "Authorization: Bearer $TOKEN"`;

function boardsPart(boards: Html): Html {
  return html`<section class="panel wide" id="dashboards" aria-labelledby="title-dashboards"><h2 id="title-dashboards">Dashboards</h2>
<div id="dashboard-panel">${boards}</div></section>`;
}

/** What the page shows on demand. */
export interface Opened {
  readonly trace?: TraceView;
  /** The dashboards' panel; absent: the app has none. */
  readonly boards?: Html;
}

/** The whole page: everything is in it, and its switches work without a script, which only keeps it fresh. */
export function page(state: PageState, { trace, boards }: Opened = {}): string {
  const live = (name: string): Html =>
    html`<div id="live-${name}" sse-swap="${name}" hx-swap="morph:innerHTML">${fragments[name](state)}</div>`;
  const part = (name: string, title: string, className = 'panel'): Html =>
    html`<section class="${className}" aria-labelledby="title-${name}"><h2 id="title-${name}">${title}</h2>${live(name)}</section>`;
  const names = state.status.regions.map(({ name }) => name);
  const drawn = trace ? waterfall(trace, names) : noTrace();
  const moved = state.cutover && `Cutover from ${state.cutover.source} to ${state.cutover.target}`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="htmx-config" content="${htmxConfig}">
<title>Payments in ${state.status.regions.length} regions</title>
<link rel="icon" href="/_local/page/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/_local/page/assets/page.css">
<link rel="stylesheet" href="/_local/page/assets/parts.css">
<link rel="stylesheet" href="/_local/page/assets/board.css">
${['htmx.js', 'sse.js', 'idiomorph.js', 'page.js'].map((name) => html`<script src="/_local/page/assets/${name}" defer></script>`)}
</head>
<body hx-ext="sse,morph" sse-connect="/_local/stream" sse-close="close">
<a class="skip" href="#main">Skip to the regions</a>
<header><h1>Payments in ${state.status.regions.length} regions, on this machine</h1>
<p id="connection" class="connection">As of ${clock(state.now)} UTC. <a href="/">Load again</a></p></header>
<div class="unseen" role="status">${live('announcement')}</div>
<p id="trace-live" class="unseen" role="status"></p>
<p id="notice" class="notice" role="alert" hidden></p>
<main id="main" tabindex="-1">
${live('headline')}
<section aria-labelledby="title-regions"><h2 id="title-regions" class="unseen">Regions</h2>${live('regions')}</section>
${moved && part('cutover', moved)}
${part('senders', 'Switches', 'panel senders')}
<div class="columns">
${part('traffic', 'Requests by region')}
${part('payments', 'Payments', 'panel tall')}
${part('events', 'Events received')}
<section class="panel wide" id="trace" aria-labelledby="title-trace"><h2 id="title-trace">Trace</h2>
<div id="trace-panel">${drawn}</div></section>
${part('network', 'Links between regions')}
${part('alarms', 'Alarms', 'panel tall')}
${state.drills && part('drills', 'Region drills', 'panel wide')}
${state.documents && part('documents', 'Documents')}
${state.edge && part('edge', 'Edge')}
${part('tables', 'Tables and their replication')}
${part('dns', 'DNS', 'panel wide')}
${state.canaries && part('canaries', 'Canaries', 'panel wide')}
${boards && boardsPart(boards)}
</div>
<details class="panel"><summary>Ask the API yourself</summary><pre tabindex="0" aria-label="Commands to try">${commands}</pre>
<p><a href="/_local/status">The page’s figures as JSON</a></p></details>
</main>
</body>
</html>
`.toString();
}
