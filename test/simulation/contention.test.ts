import { contend, Served } from './contention';

/** What each region got in these seeds together. */
async function served(east: number, west: number, seeds: readonly number[]): Promise<{ readonly east: Served; readonly west: Served }> {
  const sum = { east: { answered: 0, unsure: 0, conflicts: 0 }, west: { answered: 0, unsure: 0, conflicts: 0 } };
  for (const seed of seeds) {
    const regions = await contend({ clients: { east, west }, forMs: 16_000, oneWayMs: [15, 35], thinkMs: 0, seed });
    for (const region of ['east', 'west'] as const) {
      for (const what of ['answered', 'unsure', 'conflicts'] as const) sum[region][what] += regions[region][what];
    }
  }
  return sum;
}

// One account, and every overlap of two regions' writes a conflict: more than AWS says, so that who loses is seen.
it('serves two regions alike that send alike', async () => {
  const { east, west } = await served(8, 8, [1, 2]);
  expect(east.conflicts + west.conflicts).toBeGreaterThan(1_000);
  expect(Math.min(east.answered, west.answered) / Math.max(east.answered, west.answered)).toBeGreaterThan(0.8);
  expect([east.unsure, west.unsure]).toEqual([0, 0]);
}, 60_000);

it('serves a region with two clients beside one with fourteen before their deadlines', async () => {
  // Some twenty calls a seed would leave it to chance.
  const { west } = await served(14, 2, [1, 2, 3, 4, 5, 6, 7, 8]);
  expect(west.unsure / (west.answered + west.unsure)).toBeLessThan(0.1);
}, 60_000);
