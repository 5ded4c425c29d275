import { endedFaultProblem, faultProblem, isOver, struckAt, withoutEffect } from './domain';
import { ExperimentRecord } from './model';
import { allOf } from '../../kernel/each-of';
import { silence, Sight } from '../domain';
import { DrillFacts } from '../model';
import { RegionFaults } from '../ports';

/** What became of an experiment while its drill watches. */
export type FaultWatch =
  | { readonly kind: 'struck' | 'awaited'; readonly facts: DrillFacts }
  | { readonly kind: 'failed'; readonly facts: DrillFacts; readonly reason: string };

/** Looks at a drill's experiment: from the first call that failed on, the region counts as taken away. */
export async function watchFault(faults: Pick<RegionFaults, 'look'> | undefined, sight: Sight): Promise<FaultWatch> {
  const { facts } = sight;
  if (!faults || !facts.fault) return { kind: 'failed', facts, reason: 'there is no fault experiment' };
  const fault = await faults.look(facts.fault.id);
  const known: DrillFacts = { ...facts, fault };
  // An action that was skipped would let the drill pass without a fault.
  const problem = faultProblem(fault);
  if (problem !== undefined) return { kind: 'failed', facts: known, reason: problem };
  if (facts.struck) return { kind: 'struck', facts: known };
  const takenMs = struckAt(sight);
  if (takenMs !== undefined) return { kind: 'struck', facts: { ...known, struck: true, takenMs } };
  const late = silence(sight) ?? withoutEffect(sight);
  return late === undefined ? { kind: 'awaited', facts: known } : { kind: 'failed', facts: known, reason: late };
}

/** The experiment after its drill has ended it: whether it is over, and what else is wrong with it. */
export async function endedFault(
  faults: Pick<RegionFaults, 'look'> | undefined,
  { fault }: Pick<DrillFacts, 'fault'>,
): Promise<{ readonly fault?: ExperimentRecord; readonly isEnded: boolean; readonly reasons: readonly string[] }> {
  if (!faults || !fault) return { fault, isEnded: true, reasons: [] };
  const record = await faults.look(fault.id);
  const problem = endedFaultProblem(record);
  return { fault: record, isEnded: isOver(record), reasons: problem === undefined ? [] : [problem] };
}

/** Ends a run's experiment, also one that was started by a step whose answer did not come. */
export async function endFaultsOf(faults: Pick<RegionFaults, 'running' | 'stop'>, run: string, own?: ExperimentRecord): Promise<void> {
  const others = async (): Promise<void> => {
    const more = (await faults.running()).filter((record) => record.run === run && record.id !== own?.id);
    await allOf(more.map(({ id }) => faults.stop(id)));
  };
  // The one that is known does not wait for a list, which may be behind.
  await allOf([...(own ? [faults.stop(own.id)] : []), others()]);
}

/** Ends every experiment of a run that is over, or that lasts too long, and tells of each; those that a person has started stay. */
export async function endForgottenFaults(
  faults: Pick<RegionFaults, 'running' | 'stop'>,
  isForgotten: (run: string, record: ExperimentRecord) => Promise<boolean>,
  tell: (run: string, record: ExperimentRecord) => Promise<void>,
): Promise<number> {
  let ended = 0;
  const end = async (record: ExperimentRecord): Promise<void> => {
    const { run, status, id } = record;
    if (run === undefined || status === 'stopping' || !(await isForgotten(run, record))) return;
    await faults.stop(id);
    ended += 1;
    await tell(run, record);
  };
  await allOf((await faults.running()).map(end));
  return ended;
}
