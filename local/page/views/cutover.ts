import { clock, plural } from './figures';
import { colourOf, mark, regionName, table, type Tone } from './marks';
import type { PageState } from './model';
import type { CutoverRunState, CutoverView } from '../../cutover/model';
import { html, type Html, type Part } from '../../http/html';

/** Lines of the audit that stand open; the others are behind a summary. */
const linesShown = 6;

const tones: Readonly<Record<CutoverRunState, readonly [Tone, string]>> = {
  NOT_STARTED: ['calm', 'not started'],
  RUNNING: ['warn', 'under way'],
  PAUSED: ['bad', 'paused'],
  SUCCEEDED: ['good', 'succeeded'],
  ROLLED_BACK: ['warn', 'rolled back'],
  FAILED: ['bad', 'failed'],
};

/** How far a cutover is, what it waits for, and what its audit says. */
export function cutover({ cutover: view, status }: PageState): Html {
  if (!view) return html``;
  const names = status.regions.map(({ name }) => name);
  const now = [standing(view), approval(view), phases(view), weights(view, names), controls(view)];
  return html`${now}${checks(view)}${reconciliation(view)}${history(view)}`;
}

function standing({ state, step, why, startedBy }: CutoverView): Html {
  const [tone, word] = tones[state];
  const where = state === 'RUNNING' && step !== undefined && html` <span>at ‘${step}’</span>`;
  const starter = startedBy !== undefined && html` <small>started by <span class="name">${startedBy}</span></small>`;
  const reason = why !== undefined && html`<p class="result">${why}</p>`;
  return html`<p class="standing">${mark(word, tone)}${where}${starter}</p>${reason}`;
}

function approval({ openApproval }: CutoverView): Part {
  if (!openApproval) return undefined;
  const link = html`<a id="open-approval" href="${linkOf(openApproval.url)}">${openApproval.subject}</a>`;
  return html`<p class="asked" role="status">${mark('people are asked', 'warn')} ${link}</p>`;
}

/** The page's own address may be another one than the message's, such as localhost. */
function linkOf(url: string): string {
  return url.replace(/^https?:\/\/[^/]+/, '');
}

function phases({ phases: list }: CutoverView): Html {
  const words = { done: ['past', 'done'], current: ['current', 'under way'], later: ['later', 'to come'] } as const;
  const phase = ({ targetPercent, soakSeconds, state }: CutoverView['phases'][number]): Html => {
    const [className, word] = words[state];
    return html`<li class="${className}">${state === 'current' && html`<span class="unseen">Current: </span>`}
<b>${targetPercent} %</b> <span>${word}, watched for ${soakSeconds} s</span></li>`;
  };
  return html`<ol class="phases" aria-label="Phases">${list.map(phase)}</ol>`;
}

function weights({ weights: of, home }: CutoverView, names: readonly string[]): Html {
  const total = Object.values(of).reduce((sum, weight) => sum + weight, 0);
  let from = 0;
  const bars = Object.entries(of).map(([region, weight]) => {
    const share = total === 0 ? 0 : (100 * weight) / total;
    const bar = html`<rect class="${colourOf(region, names)}" x="${from}" y="0" width="${share}" height="8"/>`;
    from += share;
    return bar;
  });
  const figures = Object.entries(of).map(([region, weight]) => html`<span>${regionName(region, names)} weight <b>${weight}</b></span> `);
  const place = html`<span>accounts are at home in <b>${home ?? 'the place is unknown'}</b></span>`;
  return html`<div class="weights"><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">${bars}</svg>
<p class="legend">${figures}${place}</p></div>`;
}

/** Who does it is chosen here; whoever has started a run may not approve it. */
function controls({ state, approvers, weights: of, target }: CutoverView): Html {
  if (approvers.length === 0) return html``;
  const running = state === 'RUNNING';
  const people = approvers.map((name) => html`<option value="${name}">${name}</option>`);
  const canRollBack = running || (of[target] ?? 0) > 0;
  const start = state === 'NOT_STARTED' ? 'Start the cutover' : 'Start again';
  return html`<form class="row cutover-start" method="post" action="/_local/page/cutover" hx-post="/_local/page/cutover" hx-swap="none">
<label for="cutover-as">As</label> <select id="cutover-as" name="as">${people}</select>
${!running && html`<button type="submit" class="primary" id="cutover-start" name="action" value="cutover">${start}</button>`}
${canRollBack && html`<button type="submit" class="danger" id="cutover-rollback" name="action" value="rollback">Roll back</button>`}
<p>${running ? 'A rollback needs no approval.' : 'The person who starts it may not approve it.'}</p></form>`;
}

function checks({ checks: found }: CutoverView): Part {
  if (!found) return undefined;
  const bad = found.checks.filter(({ passed }) => !passed).length;
  const failingFirst = [...found.checks.filter(({ passed }) => !passed), ...found.checks.filter(({ passed }) => passed)];
  const summary =
    bad === 0
      ? mark(`Checks before phase ${found.phase}: all ${found.checks.length} passed`, 'good')
      : mark(`Checks before phase ${found.phase}: ${bad} of ${found.checks.length} failed`, 'bad');
  return html`<details id="cutover-checks"><summary>${summary}</summary>${table(
    `Checks before phase ${found.phase}`,
    [{ head: 'Check' }, { head: 'Found' }, { head: 'Allowed' }, { head: 'Passed' }],
    failingFirst.map(({ name, passed, value, allowed }) => [
      html`<span class="name">${name}</span>`,
      value,
      allowed ?? '',
      passed ? mark('passed', 'good') : mark('failed', 'bad'),
    ]),
  )}</details>`;
}

function reconciliation({ reconciliation: found }: CutoverView): Part {
  if (!found) return undefined;
  const tone: Tone = found.unexplained > 0 ? 'bad' : found.final ? 'good' : 'warn';
  const title = found.final ? 'Reconciliation, final report' : 'Reconciliation under way';
  return html`<p class="result">${mark(title, tone)} ${plural(found.rounds, 'round')}: ${found.summary}</p>`;
}

function history({ history: lines }: CutoverView): Html {
  const newest = [...lines].reverse();
  const list = (some: CutoverView['history']): Html => html`<ol class="events">${some.map(recorded)}</ol>`;
  if (newest.length === 0) return html`<p class="absent">Nothing is recorded yet.</p>`;
  const earlier = newest.slice(linesShown);
  const folded =
    earlier.length > 0 &&
    html`<details id="cutover-history"><summary>${plural(earlier.length, 'earlier record')}</summary>${list(earlier)}</details>`;
  return html`<h3>Audit</h3>${list(newest.slice(0, linesShown))}${folded}
<p class="aside"><a href="/_local/audit?format=report">Report for an auditor</a>, <a href="/_local/mail">mails sent</a></p>`;
}

/** Who did what, when. What proves it is long, and a click away. */
function recorded({ at, what, by, more }: CutoverView['history'][number]): Html {
  const who = by === undefined ? '' : by.split(', ').map(shortName).join(', ');
  const proof = [who === by ? undefined : by, more].filter((text) => text !== undefined);
  const time = html`<time>${clock(new Date(at).getTime())}</time>`;
  const texts = proof.map((text) => html`<small class="name">${text}</small> `);
  const folded = proof.length > 0 && html`<details class="proof"><summary>proof</summary>${texts}</details>`;
  return html`<li>${time} ${who !== '' && html`<b class="name">${who}</b> `}<span class="name">${what}</span>${folded}</li>`;
}

/** An ARN's own part: of an execution or a session who or what it is, not where. */
function shortName(name: string): string {
  if (!name.startsWith('arn:')) return name;
  return /^arn:[^:]*:states:.*:execution:/.test(name) ? 'the run' : name.slice(name.lastIndexOf(':') + 1);
}
