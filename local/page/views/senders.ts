import { count, money, plural } from './figures';
import { absent, mark } from './marks';
import type { LoadState, PageState, StormState } from './model';
import { html, type Html } from '../../http/html';

/** What sends payments: a steady load, and the same request many times at once. */
export function senders({ load, storm, now }: PageState): Html {
  if (!load) return absent('The page cannot send payments: the app’s API takes no tokens of this run’s own issuer.');
  return html`<div class="sender">${steady(load, now)}</div>${storm && html`<div class="sender">${duplicates(storm)}</div>`}`;
}

function steady(load: LoadState, now: number): Html {
  return html`<h3>Send payments</h3><div class="row">
<form class="rate" method="post" action="/_local/page/load" hx-post="/_local/page/load" hx-swap="none"><label for="rate">Payments a second</label>
<input id="rate" name="rate" type="number" inputmode="numeric" min="1" max="20" required value="${load.rate}">
<button type="submit" class="primary" id="load-start">${load.running ? 'Change' : 'Send'}</button></form>
${load.running && html`<form method="post" action="/_local/page/load" hx-post="/_local/page/load" hx-swap="none"><input type="hidden" name="rate" value="0"><button type="submit" id="load-stop" aria-label="Stop sending payments">Stop</button></form>`}</div>
<p class="result">${load.running ? mark('sending', 'good') : mark('not sending', 'calm')} ${load.begun > 0 && html`${plural(load.begun, 'payment')} begun, ${count(load.answered)} answered, ${count(load.underWay)} under way, asked again ${count(load.askedAgain)} times${load.heldBack > 0 && html`, ${count(load.heldBack)} held back`}.`}
${load.running && load.until !== undefined && html`Ends by itself in ${Math.ceil((load.until - now) / 60_000)} min.`}</p>
${load.problem !== undefined && html`<p class="result">${mark(load.problem, 'bad')}</p>`}`;
}

function duplicates(storm: StormState): Html {
  return html`<h3>Duplicate storm</h3><div class="row"><p>One payment, asked for many times at once in ${storm.regions.length === 1 ? 'one region' : `${storm.regions.length} regions`}, under one key.</p>
<form method="post" action="/_local/page/storm" hx-post="/_local/page/storm" hx-swap="none"><button type="submit" id="storm" ${storm.running && html`aria-disabled="true"`}>${storm.running ? 'Under way' : 'Start a storm'}</button></form></div>
${storm.sent > 0 && html`<p class="result">${verdict(storm)}</p>`}${storm.problem !== undefined && html`<p class="result">${mark(storm.problem, 'bad')}</p>`}`;
}

function verdict(storm: StormState): Html {
  const tally = html`${plural(storm.sent, 'request')}, ${plural(storm.answered, 'answer')}, ${count(storm.replays)} of them replays`;
  if (storm.running) return html`${mark('under way', 'warn')} ${tally}.`;
  const once = storm.payments === 1 && storm.debited === storm.amount;
  return html`${mark(once ? 'one payment, debited once' : `${plural(storm.payments, 'payment')} for one key`, once ? 'good' : 'bad')} ${tally}.
${storm.debited !== undefined && html`The account was debited ${money(storm.debited, storm.currency)}.`}`;
}
