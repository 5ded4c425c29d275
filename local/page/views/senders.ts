import { count, money, plural } from './figures';
import { absent, mark } from './marks';
import type { LoadState, PageState, StormState } from './model';
import { html, type Html } from '../../http/html';

/** What sends payments: a steady load, and the same request many times at once. */
export function senders({ load, storm, now }: PageState): Html {
  if (!load) return absent('The page cannot send payments: the app’s API takes no tokens of this run’s own issuer.');
  return html`<div class="sender">${steady(load, now)}</div>${storm && html`<div class="sender">${duplicates(storm)}</div>`}`;
}

/** A form's target, with and without a script. */
const post = (path: string): Html => html`method="post" action="${path}" hx-post="${path}" hx-swap="none"`;

function steady(load: LoadState, now: number): Html {
  const stop = html`<button type="submit" id="load-stop" aria-label="Stop sending payments">Stop</button>`;
  return html`<h3>Send payments</h3><div class="row">
<form class="rate" ${post('/_local/page/load')}><label for="rate">Payments a second</label>
<input id="rate" name="rate" type="number" inputmode="numeric" min="1" max="20" required value="${load.rate}">
<button type="submit" class="primary" id="load-start">${load.running ? 'Change' : 'Send'}</button></form>
${load.running && html`<form ${post('/_local/page/load')}><input type="hidden" name="rate" value="0">${stop}</form>`}</div>
<p class="result">${load.running ? mark('sending', 'good') : mark('not sending', 'calm')} ${load.begun > 0 && tally(load)}
${load.running && load.until !== undefined && html`Ends by itself in ${Math.ceil((load.until - now) / 60_000)} min.`}</p>
${load.problem !== undefined && html`<p class="result">${mark(load.problem, 'bad')}</p>`}`;
}

function tally({ begun, answered, underWay, askedAgain, heldBack }: LoadState): Html {
  const held = heldBack > 0 && html`, ${count(heldBack)} held back`;
  const sofar = html`${plural(begun, 'payment')} begun, ${count(answered)} answered, ${count(underWay)} under way`;
  return html`${sofar}, asked again ${count(askedAgain)} times${held}.`;
}

function duplicates(storm: StormState): Html {
  const where = storm.regions.length === 1 ? 'one region' : `${storm.regions.length} regions`;
  const disabled = storm.running && html`aria-disabled="true"`;
  const button = html`<button type="submit" id="storm" ${disabled}>${storm.running ? 'Under way' : 'Start a storm'}</button>`;
  const problem = storm.problem !== undefined && html`<p class="result">${mark(storm.problem, 'bad')}</p>`;
  return html`<h3>Duplicate storm</h3><div class="row"><p>One payment, asked for many times at once in ${where}, under one key.</p>
<form ${post('/_local/page/storm')}>${button}</form></div>
${storm.sent > 0 && html`<p class="result">${verdict(storm)}</p>`}${problem}`;
}

function verdict(storm: StormState): Html {
  const sums = html`${plural(storm.sent, 'request')}, ${plural(storm.answered, 'answer')}, ${count(storm.replays)} of them replays`;
  if (storm.running) return html`${mark('under way', 'warn')} ${sums}.`;
  const once = storm.payments === 1 && storm.debited === storm.amount;
  const said = once ? mark('one payment, debited once', 'good') : mark(`${plural(storm.payments, 'payment')} for one key`, 'bad');
  return html`${said} ${sums}.
${storm.debited !== undefined && html`The account was debited ${money(storm.debited, storm.currency)}.`}`;
}
