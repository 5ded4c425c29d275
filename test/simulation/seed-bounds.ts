import { Subject } from './subject';
import { Chance } from '../../tools/memory/chance';

/** HOME: in some seeds entries are trimmed within minutes, and outages are shorter. */
export const outagesAreShort = (seed: number): boolean => new Chance(seed, 'outages').happens(0.3);

/** Bounds as they are shipped, and put back. */
export function asItIs({ bounds }: Subject): () => void {
  const before = { ...bounds };
  return () => Object.assign(bounds, before);
}

/**
 * Half of the seeds run with small bounds, so that trimming and full accounts come up within a few payments.
 * @param mayFill whether an account may be so small that it is full
 */
export function setBounds({ bounds: shipped }: Subject, seed: number, mayFill: boolean, home: boolean): () => void {
  const bounds = shipped as unknown as Record<string, number>;
  const before = { ...bounds };
  const chance = new Chance(seed, 'bounds');
  if (chance.happens(0.7)) bounds.trimEvery = bounds.trimEveryPayment = bounds.trimEveryMove = chance.pick([1, 3]);
  if (chance.happens(0.3)) bounds.movesPerPayment = 3;
  // Where there are several copies, what is trimmed must have replicated: all outages of a plan together are shorter than this.
  if (home) bounds.trimAfterReplicatedMs = outagesAreShort(seed) ? 100_000 : bounds.trimAfterReplicatedMs;
  bounds.trimAfterMs = chance.pick([0, 0, 500, 5_000, 60_000, 60_000]);
  if (chance.happens(0.15) && mayFill) bounds.entriesPerAccount = 12;
  // In HOME_REGION other regions are then asked what they have.
  if (chance.happens(home ? 0.6 : 0.3)) Object.assign(bounds, { crowdedFrom: 3, trimAfterCrowdedMs: 300 });
  // A plan's accounts seldom hold as many entries as other regions are asked for together.
  if (home) bounds.askFrom = new Chance(seed, 'questions').pick([1, 1, 2, bounds.askFrom]);
  return () => Object.assign(bounds, before);
}

/** What comes late gets a new date; but the release before knows only its expiry. */
export function expiresAfterMs(bounds: Subject['bounds'], rolling = false): number {
  return rolling ? Math.min(bounds.trimAfterMs, bounds.trimAfterCrowdedMs) : Infinity;
}
