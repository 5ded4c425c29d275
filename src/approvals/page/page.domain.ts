import { html, Html, Markup } from '../../kernel/markup';
import { isoOf } from '../domain';
import { AnswerView, ApprovalView, GateRules } from '../model';
import { Block, blockOf, checksOf, plainSeconds, plainTime } from '../report-shape.domain';

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

/** The page's only style. `pageStyleHash` allows exactly this text, and no other style or script at all. */
export const pageStyle = `
:root{color-scheme:light dark;--line:#8888;--good:#0a7d33;--bad:#b3261e;--ink:#1b1b1f;--paper:#fff}
@media(prefers-color-scheme:dark){:root{--good:#57c77d;--bad:#ff8a80;--ink:#ececf1;--paper:#17171b}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:44rem;padding:1rem;font:1rem/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h1{font-size:1.4rem;margin:.2rem 0 .6rem}h2{font-size:1.05rem;margin:1.4rem 0 .4rem}p{margin:.4rem 0}h1,p,dd{overflow-wrap:anywhere}
td,th{overflow-wrap:break-word}td.passed,td.failed{white-space:nowrap}
.state{display:inline-block;padding:.1rem .6rem;border:1px solid currentColor;border-radius:1rem;font-size:.9rem}
.APPROVED,.passed{color:var(--good)}.REJECTED,.failed{color:var(--bad)}
.question{font-size:1.1rem;white-space:pre-line}.notice{padding:.6rem .8rem;border-left:.3rem solid currentColor}
dl{display:grid;grid-template-columns:minmax(7rem,auto) 1fr;gap:.2rem .8rem;margin:0}dt{opacity:.75}dd{margin:0}
table{border-collapse:collapse;width:100%;font-size:.95rem}
th,td{text-align:left;padding:.25rem .5rem .25rem 0;border-bottom:1px solid var(--line);vertical-align:top}.wide{overflow-x:auto}
@media(max-width:34rem){.rows thead{position:absolute;clip-path:inset(50%)}
.rows tr{display:block;padding:.4rem 0;border-bottom:1px solid var(--line)}
.rows td{display:grid;grid-template-columns:5.5rem 1fr;gap:.5rem;border:0;padding:.1rem 0;overflow-wrap:anywhere}
.rows td::before{content:attr(data-head);opacity:.75}.rows td:first-child{font-weight:600}}
textarea{display:block;width:100%;min-height:4.5rem;margin:.2rem 0 .8rem;padding:.5rem;font:inherit;color:inherit;background:transparent;
border:1px solid var(--line);border-radius:.4rem}
button,.button{display:inline-block;min-height:2.9rem;min-width:8rem;margin:0 .6rem .6rem 0;padding:.6rem 1.2rem;font:inherit;
font-weight:600;text-decoration:none;text-align:center;border-radius:.4rem;border:2px solid currentColor;background:transparent;
color:inherit;cursor:pointer}
button[value=approve]{color:var(--good)}button[value=reject]{color:var(--bad)}:focus-visible{outline:3px solid #5b8def;outline-offset:2px}
form{margin-top:1rem}details{margin-top:1rem}
pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:.85rem;padding:.6rem;border:1px solid var(--line);border-radius:.4rem}
footer{margin-top:2rem;font-size:.85rem;opacity:.8}
`;

/** SHA-256 of the style, as a Content-Security-Policy names it; a test holds it to the style. */
export const pageStyleHash = 'sha256-QTFtREKICW8gY3iyigYjyngsT8GHq34RL8GHlRfOc44=';

/** The headers of every page. */
export const pageSecurity: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    `default-src 'none'; style-src '${pageStyleHash}'; form-action 'self'; base-uri 'none'; ` + `frame-ancestors 'none'`,
  'X-Content-Type-Options': 'nosniff',
  // The address holds the approval's ID.
  'Referrer-Policy': 'no-referrer',
  'Strict-Transport-Security': 'max-age=31536000',
};

/** The page of one approval. Looking at it decides nothing. */
export function approvalPage(model: PageModel): string {
  const { view, notice } = model;
  return layout(
    view.subject,
    html`
<p>Approval</p>
<h1>${view.subject}</h1>
<p><strong class="state ${stateClass(view)}">${stateOf(view, model.nowMs)}</strong></p>
${notice !== undefined && html`<p class="notice" role="status">${notice}</p>`}
<p class="question">${view.question}</p>
${view.report !== undefined && reportOf(view.report)}
${factsOf(model)}
${answersOf(view.answers)}
${decideHere(model)}
${commandOf(model)}`,
  );
}

/** A page that says one thing, such as that there is no such approval. */
export function messagePage(title: string, text: string): string {
  return layout(title, html`<h1>${title}</h1><p>${text}</p>`);
}

function layout(title: string, body: Html): string {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title><style>${Markup.trusted('html', pageStyle)}</style></head>
<body><main>${body}</main>
<footer>Opening this page decides nothing. A decision counts once, and cannot be taken back.</footer></body></html>
`.toString();
}

/** What became of it, in one line. */
export function stateOf(view: ApprovalView, nowMs: number): string {
  if (view.status === 'WITHDRAWN') return 'Withdrawn: the execution no longer waits';
  const late = view.delivery === 'CLOSED' ? ' (the execution did not wait for this answer, or had it before)' : '';
  if (view.outcome) {
    const why = view.outcome.reason === 'EXPIRED' ? ': no decision was made in time' : '';
    return `${view.outcome.decision === 'APPROVED' ? 'Approved' : 'Rejected'}${why}${late}`;
  }
  if (nowMs >= view.expiresAtMs) return 'Expired';
  return view.required === 1 ? 'Waits for a decision' : `Waits: ${view.approvals} of ${view.required} approvals`;
}

function stateClass(view: ApprovalView): string {
  return view.outcome?.decision ?? view.status;
}

const whyNot: Readonly<Record<'not_approver' | 'starter', string>> = {
  starter: 'You started this execution, so another person must decide.',
  not_approver: 'You are not one of its approvers.',
};

function decideHere({ view, visitor, nowMs }: PageModel): Html {
  if (view.status !== 'OPEN' || nowMs >= view.expiresAtMs) return html``;
  switch (visitor.kind) {
    case 'unknown':
      return visitor.signIn === undefined
        ? html`<p>Decide by command line: see below.</p>`
        : html`<p><a class="button" href="${visitor.signIn}">Sign in to decide</a></p>`;
    case 'unentitled':
      return html`<p class="notice">You are signed in as ${visitor.name}. ${whyNot[visitor.why]}</p>`;
    case 'entitled':
      return html`<form method="post" autocomplete="off"><p>You are signed in as ${visitor.name}.</p>
<input type="hidden" name="csrf" value="${visitor.csrf}">
<label for="comment">Comment (optional, kept in the record)</label><textarea id="comment" name="comment" maxlength="1000"></textarea>
<button name="decision" value="approve">Approve</button><button name="decision" value="reject">Reject</button></form>`;
  }
}

function factsOf({ view, rules, nowMs }: PageModel): Html {
  const who = [...rules.people, ...rules.groups.map((group) => `members of ${group}`)].join(', ');
  const left = Math.max(0, Math.round((view.expiresAtMs - nowMs) / 1000));
  const after = view.expiryDecision === 'REJECTED' ? 'rejected' : 'approved';
  const facts: [string, string | undefined][] = [
    ...Object.entries(view.details),
    ['Who may decide', `${who}${rules.excludeStarter ? '; not the person who started it' : ''}`],
    ['Approvals needed', view.required === 1 ? '1 person' : `${view.required} different people; one rejection ends it`],
    ['Started by', view.startedBy],
    ['Asked', timeOf(view.createdAtMs)],
    ['Expires', `${timeOf(view.expiresAtMs)}${view.status === 'OPEN' ? ` (in ${plainSeconds(left)})` : ''}, then it is ${after}`],
    ['Execution', view.execution.split(':').slice(-2).join(' / ')],
    ['Step', view.state],
  ];
  const given = facts.filter(([, text]) => text !== undefined);
  return html`<h2>What is asked</h2><dl>${given.map(([name, text]) => html`<dt>${name}</dt><dd>${text}</dd>`)}</dl>`;
}

function answersOf(answers: readonly AnswerView[]): Html {
  if (answers.length === 0) return html``;
  const rows = answers.map(
    ({ name, by, answer, atMs, comment }) =>
      html`<tr><td>${name === by ? by : `${name} (${by})`}</td><td class="${answer === 'approve' ? 'passed' : 'failed'}">${answer}</td>
<td>${timeOf(atMs)}</td><td>${comment ?? ''}</td></tr>`,
  );
  return html`<h2>Answers</h2><div class="wide"><table>
<tr><th>Who</th><th>Answer</th><th>When</th><th>Comment</th></tr>${rows}</table></div>`;
}

function commandOf({ command, view }: PageModel): Html {
  return view.status === 'OPEN' ? html`<details><summary>Decide by command line</summary><pre>${command}</pre></details>` : html``;
}

/** A report of any form. Of checks the first line says how many failed. */
function reportOf(report: string): Html {
  const checks = checksOf(report);
  const failed = checks?.filter(({ passed }) => !passed).length ?? 0;
  const title =
    checks === undefined
      ? html`Report`
      : failed === 0
        ? html`Checks: <span class="passed">all ${checks.length} passed</span>`
        : html`Checks: <span class="failed">${failed} of ${checks.length} failed</span>`;
  return html`<h2>${title}</h2>${htmlOf(blockOf(report))}`;
}

function htmlOf(block: Block): Html {
  switch (block.kind) {
    case 'text':
      return html`<p${block.verdict !== undefined && html` class="${block.verdict}"`}>${block.text}</p>`;
    case 'list':
      return html`${block.items.map(htmlOf)}`;
    case 'pairs':
      return html`<dl>${block.pairs.map(([name, value]) => html`<dt>${name}</dt><dd>${inCell(value)}</dd>`)}</dl>`;
    case 'rows':
      return html`<div class="wide"><table class="rows">
<thead><tr>${block.head.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${block.rows.map((row) => html`<tr>${row.map((cell, at) => cellOf(cell, block.head[at]))}</tr>`)}</tbody></table></div>`;
  }
}

function cellOf(cell: Block, head: string | undefined): Html {
  const verdict = cell.kind === 'text' && cell.verdict !== undefined && html` class="${cell.verdict}"`;
  return html`<td data-head="${head}"${verdict}>${inCell(cell)}</td>`;
}

function inCell(block: Block): Html {
  return block.kind === 'text' ? html`${block.text}` : htmlOf(block);
}

export function timeOf(ms: number): string {
  return plainTime(isoOf(ms));
}
