import { eventList } from './events';
import { milliseconds, money, plural } from './figures';
import { absent, colourOf, mark, regionName } from './marks';
import type { TraceView } from './model';
import { paymentStatus } from './payments';
import type { TraceSegment } from '../../ground/model';
import { html, slug, type Html } from '../../http/html';

const deepest = 8;
const scale = 1000;
/** A bar that is shorter could not be seen. */
const leastWidth = 6;

interface Row {
  readonly segment: TraceSegment;
  readonly depth: number;
}

/** One trace as a waterfall: a row per segment, below its parent, its bar on the time of the whole. */
export function waterfall(trace: TraceView, names: readonly string[]): Html {
  const rows = inOrder(trace.segments);
  return html`${head(trace)}${rows.length === 0 ? absent(trace.fresh ? 'No segment has arrived yet.' : 'No segments are known under this ID.') : chart(rows, names)}
${trace.events !== undefined && html`<h3>Received by consumers</h3>${trace.events.length === 0 ? absent(trace.fresh ? 'Not yet.' : 'No event of this payment was received.') : eventList(trace.events, names)}`}
${trace.fresh && html`<div id="again-${slug(trace.traceId)}" hx-get="/_local/page/traces/${encodeURIComponent(trace.traceId)}" hx-trigger="every 2s" hx-target="#trace-panel" hx-swap="morph:innerHTML"></div>`}`;
}

export function noTrace(): Html {
  return absent('Choose a payment: its way through the regions is drawn here.');
}

function head({ traceId, payment, segments }: TraceView): Html {
  const regions = new Set(segments.map(({ region }) => region));
  return html`<p class="trace-head" id="trace-said" data-said="Trace with ${plural(segments.length, 'segment')} in ${plural(regions.size, 'region')}">${payment && html`<b>${money(payment.amount, payment.currency)}</b> ${paymentStatus(payment.status)} `}<span class="name">${traceId}</span></p>`;
}

function chart(rows: readonly Row[], names: readonly string[]): Html {
  const from = Math.min(...rows.map(({ segment }) => segment.start));
  const to = Math.max(...rows.map(({ segment }) => segment.end));
  const whole = Math.max(to - from, 1);
  const place = (time: number): number => ((time - from) / whole) * scale;
  return html`<ol class="waterfall">${rows.map(({ segment, depth }) => {
    const x = Math.min(place(segment.start), scale - leastWidth);
    const width = Math.max(place(segment.inProgress ? to : segment.end) - x, leastWidth);
    const took = segment.inProgress ? 'under way' : milliseconds(segment.end - segment.start);
    return html`<li id="segment-${slug(segment.id)}"><span class="label depth-${Math.min(depth, deepest)}">${segment.name}</span> <span class="where">${regionName(segment.region, names)}</span>
<svg viewBox="0 0 ${scale} 10" preserveAspectRatio="none" aria-hidden="true"><rect class="rail" x="0" y="4.5" width="${scale}" height="1"/><rect class="${colourOf(segment.region, names)}" x="${x.toFixed(1)}" y="0" width="${width.toFixed(1)}" height="10"/></svg>
<span class="took"><span class="unseen">begins </span>+${milliseconds(segment.start - from)}<span class="unseen">, takes</span> <b>${took}</b>${segment.failed && html` ${mark('failed', 'bad')}`}</span></li>`;
  })}</ol><p class="axis"><span>0 ms</span><span>${milliseconds(whole)}</span></p>`;
}

/** Parents before their children, siblings by time; whose parent is not known begins a tree of its own. */
function inOrder(segments: readonly TraceSegment[]): Row[] {
  const known = new Set(segments.map(({ id }) => id));
  const children = new Map<string | undefined, TraceSegment[]>();
  for (const segment of segments) {
    const parent =
      segment.parentId !== undefined && segment.parentId !== segment.id && known.has(segment.parentId) ? segment.parentId : undefined;
    children.set(parent, [...(children.get(parent) ?? []), segment]);
  }
  const rows: Row[] = [];
  const seen = new Set<string>();
  const walk = (parent: string | undefined, depth: number): void => {
    for (const segment of [...(children.get(parent) ?? [])].sort((a, b) => a.start - b.start)) {
      if (seen.has(segment.id)) continue;
      seen.add(segment.id);
      rows.push({ segment, depth });
      walk(segment.id, depth + 1);
    }
  };
  walk(undefined, 0);
  // Two that name each other as parents hang on nothing: shown all the same.
  for (const segment of segments) if (!seen.has(segment.id)) rows.push({ segment, depth: 0 });
  return rows;
}
