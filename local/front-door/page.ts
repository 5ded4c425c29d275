import { randomBytes } from 'node:crypto';
import type { Status } from './status';

/** The page as the server renders it: everything is in it, and the switches work without its script, which only keeps it fresh. */
export function page(status: Status): { html: string; policy: string } {
  const nonce = randomBytes(16).toString('base64');
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Two regions on this machine</title>
<style nonce="${nonce}">${style}</style>
</head>
<body>
<header><h1>Two regions on this machine</h1>
<p>Clients reach <strong>${text(status.publicName ?? 'no public name')}</strong> through this address, as its DNS records say at the moment.</p></header>
<main>
<section aria-labelledby="regions-title"><h2 id="regions-title">Regions</h2><div id="regions" data-live>${regions(status)}</div></section>
<section aria-labelledby="dns-title"><h2 id="dns-title">DNS</h2><div id="dns" data-live>${records(status)}</div></section>
<section aria-labelledby="links-title"><h2 id="links-title">Links between regions</h2><div id="links" data-live>${links(status)}</div></section>
<section aria-labelledby="tables-title"><h2 id="tables-title">Global tables</h2><div id="tables" data-live>${tables(status)}</div></section>
<section aria-labelledby="try-title"><h2 id="try-title">Try it</h2><pre tabindex="0" aria-label="Commands to try">${text(commands)}</pre>
<p><a href="/_local/status">The same figures as JSON</a></p></section>
</main>
<script nonce="${nonce}">${script}</script>
</body>
</html>
`;
  return { html, policy: `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'` };
}

function regions(status: Status): string {
  return table(['Region', 'Process', 'In DNS', 'Requests taken', 'Switch'], status.regions.map((region) => [
    text(region.name),
    mark(region.state, region.state === 'running'),
    mark(region.healthy ? 'healthy' : 'unhealthy', region.healthy),
    String(region.requests),
    region.state === 'running' ? button(`/_local/regions/${region.name}/stop`, 'Stop', region.name) : button(`/_local/regions/${region.name}/start`, 'Start', region.name),
  ]));
}

function records(status: Status): string {
  if (status.dns.length === 0) return '<p>The app has no record sets.</p>';
  return table(['Name', 'Routing', 'Leads to', 'TTL', 'Health'], status.dns.map((record) => [
    text(`${record.name} (${record.type})`),
    text(record.routing === 'weighted' ? `weight ${record.weight}` : `${record.routing}${record.region ? ` ${record.region}` : ''}`),
    text(record.value),
    `${record.ttl} s`,
    mark(record.healthy ? 'healthy' : 'unhealthy', record.healthy) + (record.healthCheck ? ` <small>${text(record.healthCheck.reason)}</small>` : ' <small>no health check</small>'),
  ]));
}

function links(status: Status): string {
  if (status.links.length === 0) return '<p>There is one region only.</p>';
  return table(['From', 'To', 'One way', 'State', 'Switch'], status.links.map((link) => {
    const action = `/_local/links/${link.from}/${link.to}`;
    const name = `${link.from} to ${link.to}`;
    const lag = `<form method="post" action="${text(action)}"><input aria-label="${text(`lag in ms, ${name}`)}" id="${text(`lag-${action}`)}" name="lagMs" type="number" min="0" max="10000" required value="${link.lagMs}"> ms `
      + `<button type="submit" aria-label="${text(`Set lag, ${name}`)}">Set</button></form>`;
    return [
      text(link.from),
      text(link.to),
      lag,
      mark(link.partitioned ? 'cut' : 'open', !link.partitioned),
      button(action, link.partitioned ? 'Mend' : 'Cut', name, { partitioned: String(!link.partitioned) }),
    ];
  }));
}

function tables(status: Status): string {
  if (status.tables.length === 0) return '<p>The app has no global table.</p>';
  return table(['Table', 'Mode', 'Replication lag', 'Write conflicts'], status.tables.map((entry) => [
    text(entry.name), text(entry.mode), `${entry.replicationLagMs} ms`, String(entry.conflicts),
  ]));
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const body = rows.map(([first, ...rest]) => `<tr><th scope="row">${first}</th>${rest.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('\n');
  return `<table><thead><tr>${head.map((cell) => `<th scope="col">${cell}</th>`).join('')}</tr></thead><tbody>\n${body}\n</tbody></table>`;
}

function button(action: string, label: string, of: string, fields: Readonly<Record<string, string>> = {}): string {
  const hidden = Object.entries(fields).map(([name, value]) => `<input type="hidden" name="${text(name)}" value="${text(value)}">`).join('');
  return `<form method="post" action="${text(action)}">${hidden}<button type="submit" id="${text(`switch-${of.replace(/ /g, '-')}`)}" aria-label="${text(`${label} ${of}`)}">${label}</button></form>`;
}

function mark(label: string, good: boolean): string {
  return `<span class="${good ? 'good' : 'bad'}">${good ? '●' : '▲'} ${text(label)}</span>`;
}

function text(value: string): string {
  return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const commands = `TOKEN=$(curl -s "$DOOR/_local/token?tenant=acme")     # DOOR is this page's address
curl -X PUT "$DOOR/api/v1/accounts/alice" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
  -d '{"currency":"USD","balance":100000}'
curl -i "$DOOR/api/v1/payments" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
  -H "Idempotency-Key: $(uuidgen)" -d '{"accountId":"alice","amount":1250,"currency":"USD"}'
curl "$DOOR/api/v1/transactions?accountId=alice" -H "Authorization: Bearer $TOKEN"`;

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 70rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 1.5rem 0 .25rem; }
section { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); vertical-align: baseline; font-variant-numeric: tabular-nums; }
th[scope=row] { font-weight: 600; }
form { display: inline; margin: 0; }
input[type=number] { width: 5rem; font: inherit; } button { font: inherit; padding: .1rem .7rem; }
pre { overflow-x: auto; padding: .75rem; border: 1px solid color-mix(in srgb, currentColor 20%, transparent); font-size: .85rem; }
small { opacity: .8; }
.good { color: light-dark(#17692f, #6fd08c); } .bad { color: light-dark(#b3261e, #ff9a8f); font-weight: 600; }
`;

/** Fetches the page anew every two seconds; leaves alone what holds a field that is being typed in, and keeps the focus. */
const script = `
const refresh = async () => {
  const fresh = new DOMParser().parseFromString(await (await fetch('/')).text(), 'text/html');
  for (const part of document.querySelectorAll('[data-live]')) {
    const focused = part.contains(document.activeElement) ? document.activeElement : undefined;
    if (focused && focused.tagName === 'INPUT') continue;
    part.innerHTML = fresh.getElementById(part.id).innerHTML;
    if (focused && focused.id) document.getElementById(focused.id)?.focus();
  }
};
document.addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = event.target;
  await fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)), redirect: 'manual' });
  if (document.activeElement.tagName === 'INPUT') document.activeElement.blur();
  await refresh().catch(() => {});
});
setInterval(() => refresh().catch(() => {}), 2000);
`;
