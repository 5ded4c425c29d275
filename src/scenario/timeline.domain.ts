import type { SeenCall } from './model';
import { Html, html, Markup } from '../kernel/markup';

/** How a page of evidence looks; it needs nothing from a network. */
export const evidenceStyle = Markup.trusted(
  'html',
  `<style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 0 0 1.5rem; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 0.7rem 0.3rem 0; border-bottom: 1px solid #8885; }
td:first-child { white-space: nowrap; font-weight: 600; }
.ok { color: #18794e; } .fail { color: #c62a2f; }
svg { width: 100%; height: auto; border: 1px solid #8885; }
figcaption, small { color: #777; }
code { overflow-wrap: anywhere; }
</style>`,
);

/** What a timeline shows. */
export interface SeenDrain {
  readonly region: string;
  readonly drainedAtMs: number;
  readonly putBackAtMs?: number;
  readonly recoverySeconds?: number;
  readonly calls: readonly SeenCall[];
}

const [width, row, left] = [1000, 26, 130];
const colours = ['#3e63dd', '#d6409f', '#12a594', '#f76b15', '#8e4ec6'];

/** Each call of a drain as a mark on its caller's line, in the colour of the region that answered. */
export function timeline({ region, drainedAtMs, putBackAtMs, recoverySeconds, calls }: SeenDrain): Html {
  const firstMs = Math.min(drainedAtMs, ...calls.map(({ beganMs }) => beganMs));
  const lastMs = Math.max(drainedAtMs + 1, ...calls.map(({ endedMs }) => endedMs));
  const x = (ms: number): string => (left + ((ms - firstMs) / (lastMs - firstMs)) * (width - left - 10)).toFixed(1);
  const answered = [...new Set(calls.flatMap((call) => call.region ?? []))].sort();
  const colour = (call: SeenCall): string => (call.answered ? colours[answered.indexOf(call.region ?? '') % colours.length] : '#c62a2f');
  const callers = [...new Set(calls.map(({ caller }) => caller))].sort((a, b) => a - b);
  const height = (callers.length + 1) * row;
  const mark = (ms: number, text: string): Html =>
    html`<line x1="${x(ms)}" x2="${x(ms)}" y1="0" y2="${height}" stroke="#888" stroke-dasharray="3 3"/>
<text x="${x(ms)}" y="${height - 6}" font-size="12" fill="#888"> ${text}</text>
`;
  const dot = (call: SeenCall, at: number): Html =>
    html`<circle cx="${x(call.endedMs)}" cy="${at * row + 14}" r="3" fill="${colour(call)}"/>`;
  const line = (
    caller: number,
    at: number,
  ): Html => html`<text x="4" y="${at * row + 18}" font-size="13" fill="#888">caller ${caller + 1}</text>
${calls.filter((call) => call.caller === caller).map((call) => dot(call, at))}
`;
  const legend = answered.map((name, at) => html`<span style="color: ${colours[at % colours.length]}">${name}</span> `);
  const verdict =
    recoverySeconds === undefined ? 'Callers were not away in time.' : `Callers were away after ${recoverySeconds.toFixed(1)} s.`;
  return html`<h2>Timeline of the drain of ${region}</h2>
<figure>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Calls before, during and after the drain">
${callers.map(line)}${mark(drainedAtMs, 'drained')}${putBackAtMs !== undefined && mark(putBackAtMs, 'put back')}</svg>
<figcaption>Each mark is a call through the public name: ${legend}<span class="fail">no final answer at once</span>. ${verdict}</figcaption>
</figure>`;
}
