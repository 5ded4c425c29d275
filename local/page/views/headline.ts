import { seconds } from './figures';
import type { Outage, PageState } from './model';
import { html, type Html, type Part } from '../../http/html';

/** The state of the whole in one sentence, and how far a recovery is. */
export function headline({ status, outages, now }: PageState): Html {
  const open = outages.find((outage) => isOpen(outage)) ?? outages.find((outage) => outage.backAt === undefined && stopped(outage, status));
  if (open) return html`<div class="headline ${isOpen(open) ? 'bad' : 'warn'}">${sentence(open, now)}${track(open, now)}</div>`;
  const away = status.regions.filter(({ state }) => state === 'stopped').map(({ name }) => name);
  const last = outages[0];
  const before = last && html`<p class="aside">${lastOne(last)}</p>${track(last, now)}`;
  return html`<div class="headline ${away.length ? 'warn' : 'good'}"><p class="sentence">${calm(status, away)}</p>${before}</div>`;
}

/** The same, for those who hear the page: only what changed for good, no running clock. */
export function announcement({ status, outages }: PageState): Html {
  const [last] = outages;
  if (!last) return html``;
  if (last.backAt !== undefined) return html`<p>${last.region} is back: DNS leads to it again.</p>`;
  if (last.startedAt !== undefined) return html`<p>${last.region} runs again.</p>`;
  if (last.answeredAt !== undefined) {
    const took = seconds(last.answeredAt - last.stoppedAt);
    return html`<p>Recovered: callers of ${last.region} are answered by ${last.answeredBy} after ${took}.</p>`;
  }
  const counted = status.publicName !== undefined && !last.unaffected && ' The recovery time is being counted.';
  return html`<p>${last.region} is stopped.${counted}</p>`;
}

/** Callers wait for an answer at this moment. */
function isOpen(outage: Outage): boolean {
  return !outage.unaffected && outage.answeredAt === undefined && outage.startedAt === undefined;
}

function stopped({ region }: Outage, status: PageState['status']): boolean {
  return status.regions.some(({ name, state, healthy }) => name === region && (state === 'stopped' || !healthy));
}

function sentence(outage: Outage, now: number): Html {
  return html`<p class="sentence"><strong>${outage.region}</strong> ${predicate(outage, now)}</p>`;
}

function predicate(outage: Outage, now: number): Html {
  if (outage.startedAt !== undefined && outage.backAt === undefined) {
    return html`runs again; DNS leads to it once it is healthy: ${clockOf(now - outage.startedAt)}`;
  }
  if (outage.unaffected) return html`is stopped; its callers were led elsewhere before.`;
  if (outage.answeredAt !== undefined) {
    const took = clockOf(outage.answeredAt - outage.stoppedAt);
    return html`is stopped. Its callers were answered by <strong>${outage.answeredBy}</strong> after ${took}`;
  }
  return html`is lost. Its callers have had no answer for ${clockOf(now - outage.stoppedAt)}`;
}

function clockOf(ms: number): Html {
  return html`<span class="clock" id="recovery-clock" role="timer">${seconds(ms)}</span>`;
}

/** The three things that a recovery waits for, one after the other. */
function track(outage: Outage, now: number): Part {
  if (outage.unaffected) return undefined;
  const ends = [outage.unhealthyAt, outage.redirectedAt, outage.answeredAt];
  const names = [
    'Health check fails',
    'Callers’ DNS answer runs out',
    outage.answeredBy === undefined ? 'Another region answers' : `${outage.answeredBy} answers`,
  ];
  const steps = names.map((name, index) => {
    const begin = index === 0 ? outage.stoppedAt : ends[index - 1];
    const end = ends[index];
    if (begin === undefined) return html`<li class="later"><span>${name}</span></li>`;
    if (end === undefined && outage.startedAt !== undefined) return html`<li class="later"><span>${name}</span> <b>not needed</b></li>`;
    const took = html`<b>${index > 0 && '+'}${seconds((end ?? now) - begin)}</b>`;
    return html`<li class="${end === undefined ? 'current' : 'past'}"><span>${name}</span> ${took}</li>`;
  });
  return html`<ol class="track">${steps}</ol>`;
}

function calm({ publicName, regions }: PageState['status'], away: readonly string[]): Html {
  const here = regions.filter(({ name }) => !away.includes(name)).map(({ name }) => html`<strong>${name}</strong>`);
  const list = here.map((name, index) => html`${index > 0 && (index === here.length - 1 ? ' and ' : ', ')}${name}`);
  if (here.length === 0) return html`No region runs.`;
  if (publicName === undefined) return html`${list} ${here.length === 1 ? 'runs' : 'run'}; no DNS record of the app leads to an API.`;
  const lost = away.length > 0 && html` ${away.join(', ')} is stopped.`;
  return html`${list} ${here.length === 1 ? 'answers' : 'answer'} for <span class="name">${publicName}</span>.${lost}`;
}

function lastOne(outage: Outage): Html {
  if (outage.unaffected) return html`Last stop: ${outage.region}, whose callers were led elsewhere before.`;
  if (outage.answeredAt === undefined) return html`Last stop: ${outage.region} came back before its callers were led elsewhere.`;
  const took = seconds(outage.answeredAt - outage.stoppedAt);
  return html`Last recovery: callers of ${outage.region} were answered by ${outage.answeredBy} after <b>${took}</b>.`;
}
