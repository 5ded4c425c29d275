import { contend, Served } from './contention';

const seeds = [1, 2];

/** What each region got in all seeds together. */
async function served(east: number, west: number): Promise<{ readonly east: Served; readonly west: Served }> {
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
  const { east, west } = await served(8, 8);
  expect(east.conflicts + west.conflicts).toBeGreaterThan(1_000);
  expect(Math.min(east.answered, west.answered) / Math.max(east.answered, west.answered)).toBeGreaterThan(0.8);
  expect([east.unsure, west.unsure]).toEqual([0, 0]);
}, 60_000);

it('serves a region with two clients beside one with fourteen before their deadlines', async () => {
  const { west } = await served(14, 2);
  expect(west.unsure / (west.answered + west.unsure)).toBeLessThan(0.1);
}, 60_000);
