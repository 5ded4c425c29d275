import { clock, money, plural } from './figures';
import { mark, regionName, type Tone } from './marks';
import type { PageState, SeenPayment } from './model';
import { html, slug, type Html } from '../../http/html';

const shown = 15;

const tones: Readonly<Record<string, Tone>> = { AUTHORISED: 'good', CAPTURED: 'good', DECLINED: 'warn' };

/** Payments as the front door saw them answered, newest first; each leads to its trace. */
export function payments({ payments: seen, status, load }: PageState): Html {
  const names = status.regions.map(({ name }) => name);
  if (seen.length === 0) return html`<p class="absent">No payment has passed yet.${load && ' Send some above.'}</p>`;
  const rows = seen.slice(0, shown).map((payment) => html`<li id="row-${slug(payment.paymentId)}">${row(payment, names)}</li>`);
  return html`<ol class="payments">${rows}</ol>`;
}

function row(payment: SeenPayment, names: readonly string[]): Html {
  const replays = payment.replays > 0 && html` <span class="replays">${plural(payment.replays, 'replay')}</span>`;
  const content = html`<span class="amount">${money(payment.amount, payment.currency)}</span>
<span class="status">${paymentStatus(payment.status)}</span>
<span class="where">${regionName(payment.region, names)}</span>
<span class="when"><time datetime="${new Date(payment.at).toISOString()}">${clock(payment.at)}</time>${replays}</span>`;
  if (payment.traceId === undefined) return html`<div class="payment">${content}</div>`;
  const id = encodeURIComponent(payment.traceId);
  return html`<a class="payment" id="open-${slug(payment.paymentId)}" href="/?trace=${id}#trace"
 hx-get="/_local/page/traces/${id}" hx-target="#trace-panel" hx-swap="morph:innerHTML">${content}</a>`;
}

export function paymentStatus(status: string): Html {
  return mark(status.toLowerCase().replace(/_/g, ' '), tones[status] ?? 'calm');
}
