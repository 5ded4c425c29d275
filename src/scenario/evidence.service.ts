import type { CheckLine } from './check-lines.service';
import type { SeenCall } from './drain.domain';
import type { Verification } from './verify.service';
import { Html, html, Markup } from '../kernel/markup';

const style = Markup.trusted(
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

/** The evidence of a run as one page that needs nothing else. */
export function evidencePage(found: Verification): string {
  const { api, regions, run, startedAt, endedAt, passed, failed, checks, notes } = found;
  const parts = [...new Set(checks.map(({ part }) => part))];
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>verify: ${passed} passed, ${failed} failed</title>
${style}
</head>
<body>
<h1><span class="${failed === 0 ? 'ok' : 'fail'}">${failed === 0 ? 'Verified' : 'Not verified'}</span>:
${passed} passed, ${failed} failed</h1>
<table>
<tr><td>Public name</td><td><code>${api}</code></td></tr>
${regions.map(({ name, url }) => html`<tr><td>${name}</td><td><code>${url}</code></td></tr>`)}
<tr><td>Run</td><td><code>${run}</code> <small>its accounts begin with this</small></td></tr>
<tr><td>From, to</td><td>${startedAt}, ${endedAt}</td></tr>
</table>
${parts.map(
  (part) => html`<h2>${part}</h2>
<table>
${checks.filter((check) => check.part === part).map(rowOf)}${notes.filter((one) => one.part === part).map(rowOf)}</table>
`,
)}${found.drain && timeline(found.drain)}
</body>
</html>
`;
  return page.toString();
}

/** A check's row, or that of a figure without a promise. */
function rowOf({ ok, name, figure, note }: Omit<CheckLine, 'ok' | 'part'> & { readonly ok?: boolean }): Html {
  const verdict = ok === undefined ? '' : ok ? 'ok' : 'FAIL';
  return html`<tr><td class="${verdict.toLowerCase()}">${verdict}</td><td>${name}</td><td>${figure} <small>${note}</small></td></tr>
`;
}

const [width, row, left] = [1000, 26, 130];
const colours = ['#3e63dd', '#d6409f', '#12a594', '#f76b15', '#8e4ec6'];

/** Each call of the drain as a mark on its caller's line, in the colour of the region that answered. */
function timeline({ region, drainedAtMs, putBackAtMs, recoverySeconds, calls }: NonNullable<Verification['drain']>): Html {
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
