import { story, tellOurs, tellUsual } from './baseline/story';
import { loadBundle } from './bundle';
import { mistakes } from './mistakes/catalogue';
import { plant } from './mistakes/plant';
import { describeFailure } from './report';
import { Mode, modes, runSeed } from './run';
import type * as Run from './run';
import { shrink } from './shrink';

/** The seeds of every `npm test`; `npm run simulate` runs any others. */
const runs = [
  { what: 'strong tables', table: 'STRONG', seeds: 30, payments: 200 },
  { what: 'strong tables and their events', table: 'STRONG', seeds: 8, payments: 60, events: true },
  { what: 'strong tables, deployed one region after the other', table: 'STRONG', seeds: 8, payments: 100, rolling: true },
  { what: 'homes', table: 'HOME', seeds: 12, payments: 100 },
  { what: 'homes behind a public name, and their events', table: 'HOME', seeds: 5, payments: 60, events: true, dns: true },
] as const;

describe.each(modes)('in %s mode', (mode: Mode) => {
  it.each(runs)(
    '$seeds seeds with $what end without a violation',
    async ({ what: _, seeds, ...run }) => {
      // Bundled, a run is a third faster than as single files.
      const bundled = await loadBundle<typeof Run>('run.ts');
      for (let seed = 1; seed <= seeds; seed += 1) {
        const options = { ...run, seed, mode };
        const result = await bundled.runSeed(options);
        if (result.violations.length > 0) throw new Error(await describeFailure((await shrink(options, result)).options));
      }
    },
    300_000,
  );
});

it('replays a seed exactly', async () => {
  const replay = async (seed: number): Promise<string> => {
    const lines: string[] = [];
    await runSeed({ seed, mode: 'SAFETY', payments: 40, events: true, trace: (line) => lines.push(line) });
    return lines.join('\n');
  };
  expect(await replay(7)).toBe(await replay(7));
  expect(await replay(7)).not.toBe(await replay(8));
});

it('makes a failure small enough to read', async () => {
  const subject = await plant(mistakes.find(({ name }) => name === 'a refund applied twice')!);
  const options = { seed: 1, mode: 'SAFETY', subject } as const;
  const shrunk = await shrink(options, await runSeed(options));
  expect(shrunk.options.only!.size).toBeLessThanOrEqual(3);
  expect(await describeFailure(shrunk.options)).toContain('again: npm run simulate -- --seed 1');
}, 120_000);

it('the usual pattern debits twice where this ledger does not', async () => {
  const payments = 4_000;
  const usual = await tellUsual(payments);
  const ours = await tellOurs(payments);
  expect(usual.sentTwice).toBeGreaterThan((payments * story.slowShare) / 2);
  expect([usual.doubleDebits > 0, ours.doubleDebits]).toEqual([true, 0]);
}, 60_000);
