import { count } from './figures';
import { colourOf, mark, pathOf, switchButton } from './marks';
import type { PageState } from './model';
import { html, slug, type Html, type Part } from '../../http/html';

/** The rate shown is the mean of so many seconds. */
const rateOverSeconds = 5;

export function regions(state: PageState): Html {
  const { status, events } = state;
  const names = status.regions.map(({ name }) => name);
  return html`<ul class="regions">${status.regions.map((region) => {
    const running = region.state === 'running';
    const received = events?.received.find((each) => each.region === region.name);
    const inDns = status.publicName !== undefined && (region.healthy ? mark('in DNS', 'good') : mark('out of DNS', 'bad'));
    const figures = [
      figure('requests a second', rate(state, region.name)),
      figure('requests', count(region.requests)),
      received && figure('events received', count(received.events)),
    ];
    const stop = switchButton({
      action: pathOf('_local', 'regions', region.name, running ? 'stop' : 'start'),
      label: running ? 'Stop' : 'Start',
      of: region.name,
      id: `switch-${region.name}`,
      tone: running ? 'danger' : 'primary',
    });
    return html`<li class="panel region-card ${colourOf(region.name, names)} ${!running && 'lost'}" id="region-${slug(region.name)}">
<div class="region-head"><h3>${region.name}</h3>
${stop}</div>
<p class="marks">${running ? mark('running', 'good') : mark('stopped', 'bad')}${inDns}</p>
<dl class="figures">${figures}</dl></li>`;
  })}</ul>`;
}

function figure(label: string, value: Part): Html {
  return html`<div><dd>${value}</dd><dt>${label}</dt></div>`;
}

function rate({ seconds, now }: PageState, region: string): string {
  const current = Math.floor(now / 1000);
  const window = seconds.filter(({ at }) => at < current && at >= current - rateOverSeconds);
  return (window.reduce((sum, { answered }) => sum + (answered[region] ?? 0), 0) / rateOverSeconds).toFixed(1);
}
