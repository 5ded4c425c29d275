import { isoOf } from './gate.domain';
import { AnswerView, ApprovalView, GateRules } from './gate.model';

/** Who looks at the page, and what they may do there. */
export type Visitor =
  /** Nobody has said who they are; `signIn` is where they can, when people sign in here at all. */
  | { readonly kind: 'unknown'; readonly signIn?: string }
  | { readonly kind: 'entitled'; readonly name: string; readonly csrf: string }
  | { readonly kind: 'unentitled'; readonly name: string; readonly why: 'not_approver' | 'starter' };

export interface PageModel {
  readonly view: ApprovalView;
  readonly visitor: Visitor;
  readonly rules: Pick<GateRules, 'people' | 'groups' | 'excludeStarter'>;
  readonly command: string;
  readonly nowMs: number;
  /** What has just been said to them, such as why their answer did not count. */
  readonly notice?: string;
}

/** Text that may hold anything, made harmless in HTML's text and in quoted attributes alike. */
export function escaped(text: string): string {
  return text.replace(/[&<>"'`=]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** The page's only style. `pageStyleHash` allows exactly this text, and no other style or script at all. */
export const pageStyle = `
:root{color-scheme:light dark;--line:#8888;--good:#0a7d33;--bad:#b3261e;--ink:#1b1b1f;--paper:#fff}
@media(prefers-color-scheme:dark){:root{--good:#57c77d;--bad:#ff8a80;--ink:#ececf1;--paper:#17171b}}
*{box-sizing:border-box}body{margin:0 auto;max-width:44rem;padding:1rem;font:1rem/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h1{font-size:1.4rem;margin:.2rem 0 .6rem}h2{font-size:1.05rem;margin:1.4rem 0 .4rem}p{margin:.4rem 0}h1,p,dd{overflow-wrap:anywhere}td,th{overflow-wrap:break-word}td.passed,td.failed{white-space:nowrap}
.state{display:inline-block;padding:.1rem .6rem;border:1px solid currentColor;border-radius:1rem;font-size:.9rem}.APPROVED,.passed{color:var(--good)}.REJECTED,.failed{color:var(--bad)}
.question{font-size:1.1rem;white-space:pre-line}.notice{padding:.6rem .8rem;border-left:.3rem solid currentColor}
dl{display:grid;grid-template-columns:minmax(7rem,auto) 1fr;gap:.2rem .8rem;margin:0}dt{opacity:.75}dd{margin:0}
table{border-collapse:collapse;width:100%;font-size:.95rem}th,td{text-align:left;padding:.25rem .5rem .25rem 0;border-bottom:1px solid var(--line);vertical-align:top}.wide{overflow-x:auto}
textarea{display:block;width:100%;min-height:4.5rem;margin:.2rem 0 .8rem;padding:.5rem;font:inherit;color:inherit;background:transparent;border:1px solid var(--line);border-radius:.4rem}
button,.button{display:inline-block;min-height:2.9rem;min-width:8rem;margin:0 .6rem .6rem 0;padding:.6rem 1.2rem;font:inherit;font-weight:600;text-decoration:none;text-align:center;border-radius:.4rem;border:2px solid currentColor;background:transparent;color:inherit;cursor:pointer}
button[value=approve]{color:var(--good)}button[value=reject]{color:var(--bad)}:focus-visible{outline:3px solid #5b8def;outline-offset:2px}
form{margin-top:1rem}details{margin-top:1rem}pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:.85rem;padding:.6rem;border:1px solid var(--line);border-radius:.4rem}footer{margin-top:2rem;font-size:.85rem;opacity:.8}
`;

/** SHA-256 of the style, as a Content-Security-Policy names it; a test holds it to the style. */
export const pageStyleHash = 'sha256-K3gCVE6yUHeeaMhz/EOUYqgY7NLwMHQMvDudO54/bog=';

/** The headers of every page. */
export const pageSecurity: Readonly<Record<string, string>> = {
  'Content-Security-Policy': `default-src 'none'; style-src '${pageStyleHash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  'X-Content-Type-Options': 'nosniff',
  // The address holds the approval's ID.
  'Referrer-Policy': 'no-referrer',
  'Strict-Transport-Security': 'max-age=31536000',
};

/** The page of one approval. Looking at it decides nothing. */
export function approvalPage(model: PageModel): string {
  const { view, notice } = model;
  return layout(view.subject, `
<p>Approval</p>
<h1>${escaped(view.subject)}</h1>
<p><strong class="state ${stateClass(view)}">${escaped(stateOf(view, model.nowMs))}</strong></p>
${notice === undefined ? '' : `<p class="notice" role="status">${escaped(notice)}</p>`}
<p class="question">${escaped(view.question)}</p>
${factsOf(model)}
${view.report === undefined ? '' : `<h2>Report</h2>${reportOf(view.report)}`}
${answersOf(view.answers)}
${decideHere(model)}
${commandOf(model)}`);
}

/** A page that says one thing, such as that there is no such approval. */
export function messagePage(title: string, text: string): string {
  return layout(title, `<h1>${escaped(title)}</h1><p>${escaped(text)}</p>`);
}

function layout(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">
<title>${escaped(title)}</title><style>${pageStyle}</style></head>
<body><main>${body}</main>
<footer>Opening this page decides nothing. A decision counts once, and cannot be taken back.</footer></body></html>
`;
}

/** What became of it, in one line. */
export function stateOf(view: ApprovalView, nowMs: number): string {
  if (view.status === 'WITHDRAWN') return 'Withdrawn: the execution no longer waits';
  const late = view.delivery === 'CLOSED' ? ' (the execution did not wait for this answer, or had it before)' : '';
  if (view.outcome) return `${view.outcome.decision === 'APPROVED' ? 'Approved' : 'Rejected'}${view.outcome.reason === 'EXPIRED' ? ': nobody decided in time' : ''}${late}`;
  if (nowMs >= view.expiresAtMs) return 'Expired';
  return view.required === 1 ? 'Waits for a decision' : `Waits: ${view.approvals} of ${view.required} approvals`;
}

function stateClass(view: ApprovalView): string {
  return view.outcome?.decision ?? view.status;
}

function decideHere({ view, visitor, nowMs }: PageModel): string {
  if (view.status !== 'OPEN' || nowMs >= view.expiresAtMs) return '';
  switch (visitor.kind) {
    case 'unknown':
      return visitor.signIn === undefined ? '<p>Decide by command line: see below.</p>' : `<p><a class="button" href="${escaped(visitor.signIn)}">Sign in to decide</a></p>`;
    case 'unentitled':
      return `<p class="notice">You are signed in as ${escaped(visitor.name)}. ${visitor.why === 'starter' ? 'You started this execution, so somebody else decides.' : 'You are not one of its approvers.'}</p>`;
    case 'entitled':
      return `<form method="post" autocomplete="off"><p>You are signed in as ${escaped(visitor.name)}.</p>
<input type="hidden" name="csrf" value="${escaped(visitor.csrf)}">
<label for="comment">Comment (optional, kept in the record)</label><textarea id="comment" name="comment" maxlength="1000"></textarea>
<button name="decision" value="approve">Approve</button><button name="decision" value="reject">Reject</button></form>`;
  }
}

function factsOf({ view, rules, nowMs }: PageModel): string {
  const who = [...rules.people, ...rules.groups.map((group) => `members of ${group}`)].join(', ');
  const left = Math.max(0, Math.round((view.expiresAtMs - nowMs) / 60_000));
  const after = view.expiryDecision === 'REJECTED' ? 'rejected' : 'approved';
  const facts: [string, string | undefined][] = [
    ...Object.entries(view.details),
    ['Who may decide', `${who}${rules.excludeStarter ? '; not whoever started it' : ''}`],
    ['Approvals needed', view.required === 1 ? '1 person' : `${view.required} different people; one rejection ends it`],
    ['Started by', view.startedBy],
    ['Asked', timeOf(view.createdAtMs)],
    ['Expires', `${timeOf(view.expiresAtMs)}${view.status === 'OPEN' ? ` (in ${spanOf(left)})` : ''}, then it is ${after}`],
    ['Execution', view.execution.split(':').slice(-2).join(' / ')],
    ['Step', view.state],
  ];
  return `<h2>What is asked</h2><dl>${facts.filter(([, text]) => text !== undefined).map(([name, text]) => `<dt>${escaped(name)}</dt><dd>${escaped(text!)}</dd>`).join('')}</dl>`;
}

function answersOf(answers: readonly AnswerView[]): string {
  if (answers.length === 0) return '';
  const rows = answers.map(({ name, by, answer, atMs, comment }) =>
    `<tr><td>${escaped(name === by ? by : `${name} (${by})`)}</td><td class="${answer === 'approve' ? 'passed' : 'failed'}">${answer}</td><td>${timeOf(atMs)}</td><td>${escaped(comment ?? '')}</td></tr>`);
  return `<h2>Answers</h2><div class="wide"><table><tr><th>Who</th><th>Answer</th><th>When</th><th>Comment</th></tr>${rows.join('')}</table></div>`;
}

function commandOf({ command, view }: PageModel): string {
  return view.status === 'OPEN' ? `<details><summary>Decide by command line</summary><pre>${escaped(command)}</pre></details>` : '';
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** A report of any form: lists of like things as a table, things as names and values, the rest as it is. */
function reportOf(report: string): string {
  const value = JSON.parse(report) as Json;
  if (Array.isArray(value) && value.length > 0 && value.every(isThing)) return tableOf(value);
  if (isThing(value)) {
    const rows = Object.entries(value).map(([name, entry]) => `<tr><th scope="row">${escaped(name)}</th>${cellOf(entry)}</tr>`);
    return `<div class="wide"><table>${rows.join('')}</table></div>`;
  }
  return `<pre>${escaped(textOf(value))}</pre>`;
}

function tableOf(things: readonly { readonly [name: string]: Json }[]): string {
  const columns = [...new Set(things.flatMap((thing) => Object.keys(thing)))];
  const rows = things.map((thing) => `<tr>${columns.map((column) => cellOf(Object.hasOwn(thing, column) ? thing[column] : '')).join('')}</tr>`);
  return `<div class="wide"><table><tr>${columns.map((column) => `<th>${escaped(column)}</th>`).join('')}</tr>${rows.join('')}</table></div>`;
}

function cellOf(value: Json): string {
  const text = textOf(value);
  const verdict = /^(passed|ok|true|green)$/i.test(text) ? 'passed' : /^(failed|false|red|breached)$/i.test(text) ? 'failed' : '';
  return `<td${verdict ? ` class="${verdict}"` : ''}>${escaped(text)}</td>`;
}

function textOf(value: Json): string {
  if (typeof value === 'string') return value;
  return typeof value === 'object' && value !== null ? JSON.stringify(value, undefined, 1) : String(value);
}

function isThing(value: Json): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function timeOf(ms: number): string {
  return isoOf(ms).replace('T', ' ').replace(/:\d\d\.\d+Z$/, ' UTC');
}

function spanOf(minutes: number): string {
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2880 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} days`;
}
