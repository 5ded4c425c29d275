import type { CheckLine } from './check-lines.service';
import { evidenceStyle, timeline } from './timeline.domain';
import type { Verification } from './verify.service';
import { Html, html } from '../kernel/markup';

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
${evidenceStyle}
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
