import { because, DrillHandler } from './request.service';
import { ownerOf } from '../domain';
import { StepsOf } from '../machine/contract';
import { RegionFaults, RegionSwitch } from '../ports';

/** What takes the region away and puts it back. */
export interface RegionServices {
  readonly switches: RegionSwitch;
  readonly faults?: RegionFaults;
}

const takeAway: DrillHandler<RegionServices, 'takeAway'> = async ({ switches, faults }, { plan, facts, run, nowMs }) => {
  if (facts.kind === 'fault') {
    const problem = faults ? await faults.begin(run) : 'no fault experiment is deployed';
    if (problem !== undefined) return { outcome: 'failed', facts: because(facts, [problem]) };
  } else if (!(await switches.set(plan.drilled, { owner: ownerOf(run), at: nowMs }))) {
    return { outcome: 'failed', facts: because(facts, [`another person has drained ${plan.drilled}: it was left as it is`]) };
  }
  return { outcome: 'taken', facts: { ...facts, takenMs: facts.takenMs ?? nowMs } };
};

/** Also after a step that failed: it may have been done. What another person has switched meanwhile stays. */
const restore: DrillHandler<RegionServices, 'restore'> = async ({ switches, faults }, { plan, facts, run, nowMs }) => {
  await faults?.end();
  await switches.clear(plan.drilled, ownerOf(run));
  return { outcome: 'restored', facts: { ...facts, restoredMs: facts.restoredMs ?? nowMs } };
};

/** One handler for each step that changes the region. */
export const regionSteps: { readonly [Step in StepsOf<'region'>]: DrillHandler<RegionServices, Step> } = { takeAway, restore };
