import { because, DrillHandler } from './request.service';
import { DrillPlan } from '../contract';
import { ownerOf } from '../domain';
import { StepsOf } from '../machine/contract';
import { RegionFaults, RegionSwitch } from '../ports';

/** What takes the region away and puts it back. */
export interface RegionServices {
  readonly switches: RegionSwitch;
  readonly faults?: RegionFaults;
}

/** Another region of the system that is out of service, or drilled by now; undefined where none is. */
async function drainedBeside(switches: Pick<RegionSwitch, 'read'>, plan: DrillPlan): Promise<string | undefined> {
  const others = plan.regions.filter((region) => region !== plan.drilled);
  const marks = await Promise.all(others.map((region) => switches.read(region)));
  return others.find((_, at) => marks[at] !== undefined);
}

const takeAway: DrillHandler<RegionServices, 'takeAway'> = async ({ switches, faults }, { plan, facts, run, nowMs }) => {
  const failed = (reason: string) => ({ outcome: 'failed', facts: because(facts, [reason]) }) as const;
  const before = await drainedBeside(switches, plan);
  if (before !== undefined) return failed(`${before} is drained too: ${plan.drilled} was not taken away`);
  if (facts.kind === 'fault') {
    const problem = faults ? await faults.begin(run) : 'no fault experiment is deployed';
    if (problem !== undefined) return failed(problem);
  } else if (!(await switches.set(plan.drilled, { owner: ownerOf(run), at: nowMs }))) {
    return failed(`another person has drained ${plan.drilled}: it was left as it is`);
  }
  // Of two drills that begin at once each has set its own by now, so at least one of them sees the other's. The machine puts it back.
  const since = await drainedBeside(switches, plan);
  if (since !== undefined) return failed(`${since} was drained at the same time: ${plan.drilled} is put back`);
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
