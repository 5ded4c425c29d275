import { eventList } from './events';
import { milliseconds, money, plural } from './figures';
import { absent, colourOf, mark, regionName } from './marks';
import type { TraceView } from './model';
import { paymentStatus } from './payments';
import type { ReceivedEvent, TraceSegment } from '../../ground/model';
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
  const none = absent(trace.fresh ? 'No segment has arrived yet.' : 'No segments are known under this ID.');
  return html`${head(trace)}${rows.length === 0 ? none : chart(rows, names)}
${trace.events && received(trace.events, trace, names)}
${trace.fresh && again(trace)}`;
}

function received(list: readonly ReceivedEvent[], { fresh }: TraceView, names: readonly string[]): Html {
  const none = absent(fresh ? 'Not yet.' : 'No event of this payment was received.');
  return html`<h3>Received by consumers</h3>${list.length === 0 ? none : eventList(list, names)}`;
}

/** Asks for the trace again, as long as more of it may come. */
function again({ traceId }: TraceView): Html {
  return html`<div id="again-${slug(traceId)}" hx-get="/_local/page/traces/${encodeURIComponent(traceId)}" hx-trigger="every 2s"
 hx-target="#trace-panel" hx-swap="morph:innerHTML"></div>`;
}

export function noTrace(): Html {
  return absent('Choose a payment: its way through the regions is drawn here.');
}

function head({ traceId, payment, segments }: TraceView): Html {
  const regions = new Set(segments.map(({ region }) => region));
  const said = `Trace with ${plural(segments.length, 'segment')} in ${plural(regions.size, 'region')}`;
  const about = payment && html`<b>${money(payment.amount, payment.currency)}</b> ${paymentStatus(payment.status)} `;
  return html`<p class="trace-head" id="trace-said" data-said="${said}">${about}<span class="name">${traceId}</span></p>`;
}

function chart(rows: readonly Row[], names: readonly string[]): Html {
  const from = Math.min(...rows.map(({ segment }) => segment.start));
  const to = Math.max(...rows.map(({ segment }) => segment.end));
  const whole = Math.max(to - from, 1);
  const place = (time: number): number => ((time - from) / whole) * scale;
  const line = ({ segment, depth }: Row): Html => {
    const { region } = segment;
    const x = Math.min(place(segment.start), scale - leastWidth);
    const width = Math.max(place(segment.inProgress ? to : segment.end) - x, leastWidth);
    const label = html`<span class="label depth-${Math.min(depth, deepest)}">${segment.name}</span>`;
    const rail = html`<rect class="rail" x="0" y="4.5" width="${scale}" height="1"/>`;
    const bar = html`<rect class="${colourOf(region, names)}" x="${x.toFixed(1)}" y="0" width="${width.toFixed(1)}" height="10"/>`;
    return html`<li id="segment-${slug(segment.id)}">${label} <span class="where">${regionName(region, names)}</span>
<svg viewBox="0 0 ${scale} 10" preserveAspectRatio="none" aria-hidden="true">${rail}${bar}</svg>
${times(segment, segment.start - from)}</li>`;
  };
  return html`<ol class="waterfall">${rows.map(line)}</ol><p class="axis"><span>0 ms</span><span>${milliseconds(whole)}</span></p>`;
}

function times({ start, end, inProgress, failed }: TraceSegment, offset: number): Html {
  const took = html`<b>${inProgress ? 'under way' : milliseconds(end - start)}</b>`;
  const begins = html`<span class="unseen">begins </span>+${milliseconds(offset)}<span class="unseen">, takes</span>`;
  return html`<span class="took">${begins} ${took}${failed && html` ${mark('failed', 'bad')}`}</span>`;
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
