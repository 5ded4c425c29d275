import { absent, mark, pathOf, regionName, switchButton } from './marks';
import type { PageState } from './model';
import type { LinkState } from '../../ground/model';
import { html, slug, type Html } from '../../http/html';

/** Links, pair by pair, with the switches that slow them down and cut them. */
export function network({ status }: PageState): Html {
  if (status.links.length === 0) return absent('There is one region only.');
  const names = status.regions.map(({ name }) => name);
  const pairs = status.links.filter(({ from, to }) => from < to || !status.links.some((link) => link.from === to && link.to === from));
  const between = (list: readonly LinkState[]): Html =>
    html`<ul class="pairs">${list.map((link) =>
      pair(
        link,
        status.links.find(({ from, to }) => from === link.to && to === link.from),
        names,
      ),
    )}</ul>`;
  const main = pairs.filter(({ from, to }) => names.includes(from) && names.includes(to));
  const others = pairs.filter((link) => !main.includes(link));
  const holders = [...new Set(others.flatMap(({ from, to }) => [from, to]))].filter((name) => !names.includes(name));
  const summary = html`<summary>Links of ${holders.join(', ')}, where only copies of tables are</summary>`;
  const folded = others.length > 0 && html`<details>${summary}${between(others)}</details>`;
  return html`${main.length > 0 && between(main)}${folded}`;
}

function pair(there: LinkState, back: LinkState | undefined, names: readonly string[]): Html {
  const ways = back ? [there, back] : [there];
  const cut = ways.every(({ partitioned }) => partitioned);
  const name = `${there.from} and ${there.to}`;
  const both = switchButton({
    action: pathOf('_local', 'page', 'links', there.from, there.to),
    label: cut ? 'Mend both' : 'Cut both',
    of: name,
    id: `both-${name}`,
    fields: { partitioned: String(!cut) },
    tone: cut ? 'primary' : 'danger',
  });
  const and = html`<span aria-hidden="true">⇄</span><span class="unseen">and</span>`;
  return html`<li class="pair"><div class="pair-head"><h3>${regionName(there.from, names)} ${and} ${regionName(there.to, names)}</h3>
${both}</div>
${ways.map(way)}</li>`;
}

function way({ from, to, lagMs, partitioned }: LinkState): Html {
  const action = pathOf('_local', 'links', from, to);
  const name = `${from} to ${to}`;
  const label = partitioned ? 'Mend' : 'Cut';
  const fields = { partitioned: String(!partitioned) };
  return html`<div class="way"><span class="to">to ${to}</span> ${partitioned ? mark('cut', 'bad') : mark('open', 'good')}
<form class="lag" method="post" action="${action}" hx-post="${action}" hx-swap="none"><label><span class="unseen">Lag from ${name}, </span>
<input id="lag-${slug(name)}" name="lagMs" type="number" inputmode="numeric" min="0" max="10000" required value="${lagMs}"> ms</label>
<button type="submit" id="set-lag-${slug(name)}" aria-label="Set lag from ${name}">Set</button></form>
${switchButton({ action, label, of: `link from ${name}`, id: `link-${name}`, fields })}</div>`;
}
