import { AskedStep, because, DrillHandler } from './request.service';
import { causeOf } from '../../kernel/cause';
import { allOf } from '../../kernel/each-of';
import { isDrainedBy } from '../../ledger/drain-mark.domain';
import { ownerOf } from '../domain';
import { endFaultsOf } from '../fault/watch.service';
import { StepsOf } from '../machine/contract';
import { DrillFacts } from '../model';
import { RegionFaults, RegionSwitch } from '../ports';

/** What takes the region away and puts it back. */
export interface RegionServices {
  readonly switches: RegionSwitch;
  readonly faults?: Pick<RegionFaults, 'begin' | 'running' | 'runningBeside' | 'stop'>;
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

/**
 * Why a region that is away by now must come back at once: another one was taken away at the same time, or does not say so. A step that
 * threw here would be tried for minutes, while nothing looks after the region.
 */
async function takenBeside({ switches, faults }: RegionServices, asked: AskedStep): Promise<string | undefined> {
  try {
    const beside = (await drainedBeside(switches, asked)) ?? (await faults?.runningBeside(asked.run));
    return beside === undefined ? undefined : `${beside} was taken away at the same time`;
  } catch (error) {
    return `the other region could not be looked at (${causeOf(error)})`;
  }
}

/** Takes the region away, by the switch or by an experiment; a text says why that was not done. */
async function away(
  { switches, faults }: RegionServices,
  { plan, facts, run, nowMs }: AskedStep,
): Promise<(Pick<DrillFacts, 'fault'> & { readonly takenMs: number }) | string> {
  if (facts.kind === 'fault') {
    // Whether it does what it should is seen by the steps that look.
    const fault = faults ? await faults.begin(run) : 'no fault experiment is deployed';
    // A step that is done once more finds the experiment that it has begun.
    return typeof fault === 'string' ? fault : { fault, takenMs: Math.min(nowMs, fault.startedMs ?? nowMs) };
  }
  // With an end: the region comes back by itself where the drill's own region, and the watchdog in it, are lost.
  const mark = await switches.set(plan.drilled, { owner: ownerOf(run), at: nowMs, until: nowMs + plan.longestSeconds * 1000 });
  return mark ? { takenMs: mark.at } : `another person has drained ${plan.drilled}: it was left as it is`;
}

const takeAway: DrillHandler<RegionServices, 'takeAway'> = async (services, asked) => {
  const { plan, facts } = asked;
  const failed = (reason: string, more: Partial<DrillFacts> = {}) =>
    ({ outcome: 'failed', facts: because({ ...facts, ...more }, [reason]) }) as const;
  const before = await drainedBeside(services.switches, asked);
  if (before !== undefined) return failed(`${before} is drained too: ${plan.drilled} was not taken away`);
  const faulted = await services.faults?.runningBeside(asked.run);
  if (faulted !== undefined) return failed(`an experiment takes ${faulted} away: this drill leaves ${plan.drilled} as it is`);
  const taken = await away(services, asked);
  if (typeof taken === 'string') return failed(taken);
  const { takenMs, ...more } = taken;
  // Of two drills that begin at once each has set its own by now, so at least one of them sees the other's. The machine puts it back.
  const since = await takenBeside(services, asked);
  if (since !== undefined) return failed(`${since}: ${plan.drilled} is put back`, more);
  return { outcome: 'taken', facts: { ...facts, ...more, takenMs: facts.takenMs ?? takenMs } };
};

/** Also after a step that failed: it may have been done. What another person has switched meanwhile stays. */
const restore: DrillHandler<RegionServices, 'restore'> = async ({ switches, faults }, { plan, facts, run, nowMs }) => {
  // Neither waits for the other: one may be in trouble, and a drill that drained may have an experiment deployed too.
  await allOf([...(faults ? [endFaultsOf(faults, run, facts.fault)] : []), switches.clear(plan.drilled, ownerOf(run))]);
  return { outcome: 'restored', facts: { ...facts, restoredMs: facts.restoredMs ?? nowMs } };
};

/** One handler for each step that changes the region. */
export const regionSteps: { readonly [Step in StepsOf<'region'>]: DrillHandler<RegionServices, Step> } = { takeAway, restore };
