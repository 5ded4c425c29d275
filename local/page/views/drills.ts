import { mark, regionName, switchButton, table, type Tone } from './marks';
import type { PageState } from './model';
import type { DrillView } from '../../drill/calls';
import { html, slug, type Html } from '../../http/html';

/** Drills that are shown; the evidence of all of them is in their bucket. */
const drillsShown = 5;

const verdicts: Readonly<Record<DrillView['state'], readonly [Tone, string]>> = {
  RUNNING: ['warn', 'under way'],
  PASSED: ['good', 'passed'],
  FAILED: ['bad', 'failed'],
  ABORTED: ['warn', 'ended before its verdict'],
};

/** Drills of regions: one that runs, what the last ones came to, and where their evidence is. */
export function drills({ drills: sight, status }: PageState): Html {
  if (!sight) return html``;
  const names = status.regions.map(({ name }) => name);
  const running = sight.drills.find(({ state }) => state === 'RUNNING');
  const starts = [
    ...sight.regions.map((region) => start(`Drill ${region}`, 'by a drain', `drill-${region}`, { region })),
    ...sight.faults.map((region) =>
      start(`Drill ${region} by a fault`, 'of its functions', `drill-fault-${region}`, { region, kind: 'fault' }),
    ),
  ];
  const end =
    running &&
    switchButton({
      action: `/_local/page/drills/${encodeURIComponent(running.id)}/end`,
      label: 'End the drill',
      of: `of ${running.region}`,
      id: 'drill-end',
      tone: 'primary',
    });
  const at = running?.step !== undefined && html` <span>at ‘${running.step}’</span>`;
  const now = running ? mark(`${running.region} is drilled`, 'warn') : mark('no region is drilled', 'calm');
  const about = 'A drill takes a region away under load for some minutes, and keeps evidence.';
  return html`<p class="standing">${now}${at}</p>
<div class="row drill-switches">${end ?? starts}<p>${about}</p></div>${past(sight.drills, names)}`;
}

function start(label: string, of: string, id: string, fields: Readonly<Record<string, string>>): Html {
  return switchButton({ action: '/_local/page/drills', label, of, id, fields, tone: 'danger' });
}

function past(all: readonly DrillView[], names: readonly string[]): Html {
  if (all.length === 0) return html`<p class="absent">No region has been drilled in this run.</p>`;
  const rows = all.slice(0, drillsShown).map((view) => {
    const [tone, word] = verdicts[view.state];
    const reasons = view.reasons?.map((reason) => html`<small class="name">${reason}</small>`);
    const evidence =
      view.evidence === undefined ? 'none yet' : html`<a id="evidence-${slug(view.id)}" href="${view.evidence}">evidence</a>`;
    return [
      regionName(view.region, names),
      html`<span>${mark(word, tone)}${reasons}</span>`,
      view.recoverySeconds === undefined ? 'not measured' : `${view.recoverySeconds} s of ${view.budgetSeconds} s`,
      view.lost === undefined ? 'not known' : `${view.lost} lost, ${view.duplicates} twice`,
      evidence,
    ];
  });
  const heads = ['Region', 'Verdict', 'Callers elsewhere after', 'Payments', 'Evidence'];
  return table(
    'Drills, newest first',
    heads.map((head) => ({ head })),
    rows,
  );
}
