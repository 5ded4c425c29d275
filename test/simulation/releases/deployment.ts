import { releaseBefore } from './release';
import { Chance } from '../../../tools/memory/chance';
import { Workload } from '../workload';
import { WorldOptions } from '../world';

/** One region after the other, while payments are made. */
export function planDeployment(seed: number, regions: readonly string[], { busy }: Workload): NonNullable<WorldOptions['rolling']> {
  const chance = new Chance(seed, 'deployment');
  const [first, second] = chance.happens(0.5) ? regions : [...regions].reverse();
  const at = ([from, to]: readonly [number, number]): number => chance.between(from, to);
  return { before: releaseBefore(), deployedAt: { [first]: at(busy[0]), [second]: at(busy[1]) } };
}
