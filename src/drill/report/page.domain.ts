import { Html, html } from '../../kernel/markup';
import { evidenceStyle, timeline } from '../../scenario/timeline.domain';
import { DrillPlan } from '../contract';
import { allowedText } from '../domain';
import { DrillCheck, DrillFacts, DrillResult, ProbedCalls, RegionShares } from '../model';

/** All that the evidence of a drill is made of. */
export interface DrillEvidence {
  readonly plan: DrillPlan;
  readonly facts: DrillFacts;
  readonly result: DrillResult;
  readonly endedMs: number;
  readonly probed?: ProbedCalls;
}

const iso = (ms: number | undefined): string => (ms === undefined ? 'not reached' : new Date(ms).toISOString());
const shares = (of: RegionShares = {}): string =>
  Object.entries(of)
    .map(([region, percent]) => `${region} ${percent} %`)
    .join(', ') || 'no call';

/** The evidence of a drill as one page that needs nothing else. */
export function drillPage(evidence: DrillEvidence): string {
  const { plan, facts, result, probed } = evidence;
  const passed = result.state === 'PASSED';
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Region drill of ${plan.drilled}: ${result.state}</title>
${evidenceStyle}
</head>
<body>
<h1>Region drill of ${plan.drilled}: <span class="${passed ? 'ok' : 'fail'}">${result.state}</span></h1>
${result.reasons.length > 0 && html`<ul>${result.reasons.map((reason) => html`<li class="fail">${reason}</li>`)}</ul>`}
<table>${aboutRows(evidence)}</table>
<h2>Figures</h2>
<table>${figureRows(evidence)}</table>
${faultTable(facts)}${checkTable('Checks before', facts.checks)}${checkTable('Checks after', facts.checksAfter)}${
    probed &&
    facts.takenMs !== undefined &&
    timeline({
      region: plan.drilled,
      drainedAtMs: facts.takenMs,
      putBackAtMs: facts.restoredMs,
      recoverySeconds: facts.recoverySeconds,
      calls: probed.calls,
    })
  }
</body>
</html>
`.toString();
}

function row(name: string, value: string, note = ''): Html {
  return html`<tr><td>${name}</td><td>${value} <small>${note}</small></td></tr>
`;
}

function aboutRows({ plan, facts, result, endedMs }: DrillEvidence): Html[] {
  return [
    row('System', plan.systemName),
    row('Public name', plan.publicName),
    row('Run', result.id),
    row('Kind', result.kind, result.kind === 'drain' ? 'the region says that it is out of service' : 'faults are injected into the region'),
    row('Started by', facts.startedBy),
    row('Started', iso(facts.startedMs)),
    row('Taken out of service', iso(facts.takenMs)),
    row('Put back', iso(facts.restoredMs)),
    row('Callers are led there again', iso(facts.backMs)),
    row('Ended', iso(endedMs)),
  ];
}

function figureRows({ plan, facts }: DrillEvidence): Html[] {
  const { recoverySeconds, ttlSeconds, audit, split, metrics } = facts;
  const known = (value: number | undefined, unit = ''): string => (value === undefined ? 'not measured' : `${value}${unit}`);
  return [
    row('Recovery time', known(recoverySeconds, ' s'), `${allowedText(plan, facts)}; ${plan.expectedSeconds} s by the API's settings`),
    ...(ttlSeconds === undefined ? [] : [row('Answers of DNS are kept for', `${ttlSeconds} s`)]),
    row('Payments accepted', known(audit?.paid)),
    row('Calls sent again', known(audit?.sentAgain), 'their first answer was none, or an error that says so'),
    row('Payments lost', known(audit?.lost)),
    row('Debits made twice', known(audit?.duplicates)),
    row('Callers without a final answer', known(audit?.failures ?? audit?.failed.length)),
    row('Balances that are wrong', known(audit?.wrong.length)),
    row('Answers before', shares(split?.before)),
    row('Answers without the region', shares(split?.during)),
    row('Answers after', shares(split?.after)),
    row('Write conflicts', known(metrics?.conflicts)),
    row('Events sent', known(metrics?.eventsSent), 'of all payments of this time'),
    row('Longest way of an event', known(metrics?.longestEventMs, ' ms'), plan.eventMs === undefined ? '' : `allowed ${plan.eventMs} ms`),
    row('Events missing', known(metrics?.eventsMissing), 'more in dead-letter queues than before'),
  ];
}

/** The experiment as FIS told of it at last. */
function faultTable({ fault }: DrillFacts): Html | undefined {
  if (!fault) return undefined;
  const { id, template, status, reason = '', startedMs, endedMs, named, resolved, actions } = fault;
  return html`<h2>Experiment</h2>
<table>${[
    row('Experiment', id, `of the template ${template}`),
    row('Status', status, reason),
    row('Started', iso(startedMs)),
    row('Ended', iso(endedMs)),
    row('Functions', resolved === undefined ? 'not known' : `${resolved}`, named === undefined ? '' : `named by the template: ${named}`),
    ...actions.map((action) => row(`Action ${action.name}`, action.status, `${action.actionId} ${action.reason ?? ''}`.trim())),
  ]}</table>
`;
}

function checkTable(title: string, checks: readonly DrillCheck[] | undefined): Html | undefined {
  if (!checks) return undefined;
  return html`<h2>${title}</h2>
<table>${checks.map(
    ({ name, passed, value, allowed }) =>
      html`<tr><td class="${passed ? 'ok' : 'fail'}">${passed ? 'ok' : 'FAIL'}</td><td>${name}</td><td>${value} <small>${
        allowed === undefined ? '' : `allowed: ${allowed}`
      }</small></td></tr>
`,
  )}</table>
`;
}
