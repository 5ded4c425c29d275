import { AskedStep, because, DrillHandler } from './request.service';
import { isDrainedBy } from '../../ledger/drain-mark.domain';
import { ownerOf } from '../domain';
import { StepsOf } from '../machine/contract';
import { RegionFaults, RegionSwitch } from '../ports';

/** What takes the region away and puts it back. */
export interface RegionServices {
  readonly switches: RegionSwitch;
  readonly faults?: RegionFaults;
}

/** Another region of the system that is out of service, or drilled by now; undefined where none is. */
async function drainedBeside(
  switches: Pick<RegionSwitch, 'read'>,
  { plan, nowMs }: Pick<AskedStep, 'plan' | 'nowMs'>,
): Promise<string | undefined> {
  const others = plan.regions.filter((region) => region !== plan.drilled);
  const marks = await Promise.all(others.map((region) => switches.read(region)));
  return others.find((_, at) => marks[at] !== undefined && isDrainedBy(marks[at], nowMs));
}

const takeAway: DrillHandler<RegionServices, 'takeAway'> = async ({ switches, faults }, asked) => {
  const { plan, facts, run, nowMs } = asked;
  const failed = (reason: string) => ({ outcome: 'failed', facts: because(facts, [reason]) }) as const;
  const before = await drainedBeside(switches, asked);
  if (before !== undefined) return failed(`${before} is drained too: ${plan.drilled} was not taken away`);
  let takenMs = nowMs;
  if (facts.kind === 'fault') {
    const problem = faults ? await faults.begin(run) : 'no fault experiment is deployed';
    if (problem !== undefined) return failed(problem);
  } else {
    // With an end: the region comes back by itself where the drill's own region, and the watchdog in it, are lost.
    const mark = await switches.set(plan.drilled, { owner: ownerOf(run), at: nowMs, until: nowMs + plan.longestSeconds * 1000 });
    if (!mark) return failed(`another person has drained ${plan.drilled}: it was left as it is`);
    takenMs = mark.at;
  }
  // Of two drills that begin at once each has set its own by now, so at least one of them sees the other's. The machine puts it back.
  const since = await drainedBeside(switches, asked);
  if (since !== undefined) return failed(`${since} was drained at the same time: ${plan.drilled} is put back`);
  return { outcome: 'taken', facts: { ...facts, takenMs: facts.takenMs ?? takenMs } };
};

/** Also after a step that failed: it may have been done. What another person has switched meanwhile stays. */
const restore: DrillHandler<RegionServices, 'restore'> = async ({ switches, faults }, { plan, facts, run, nowMs }) => {
  await faults?.end();
  await switches.clear(plan.drilled, ownerOf(run));
  return { outcome: 'restored', facts: { ...facts, restoredMs: facts.restoredMs ?? nowMs } };
};

/** One handler for each step that changes the region. */
export const regionSteps: { readonly [Step in StepsOf<'region'>]: DrillHandler<RegionServices, Step> } = { takeAway, restore };
