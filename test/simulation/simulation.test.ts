import { story, tellOurs, tellUsual } from './baseline/story';
import { mistakes } from './mistakes/catalogue';
import { plant } from './mistakes/plant';
import { describeFailure } from './report';
import { Mode, modes, runSeed } from './run';
import { shrink } from './shrink';

/** The seeds of every `npm test`; `npm run simulate` runs any others. */
const tables = [['STRONG', 'alone', 30, 200], ['HOME', 'alone', 12, 100], ['STRONG', 'with events', 8, 60], ['HOME', 'with events', 5, 60]] as const;

describe.each(modes)('in %s mode', (mode: Mode) => {
  it.each(tables)('on %s tables, the ledger %s, %i seeds end without a violation', async (table, what, seeds, payments) => {
    for (let seed = 1; seed <= seeds; seed += 1) {
      const options = { seed, mode, table, payments, events: what === 'with events' };
      const result = await runSeed(options);
      if (result.violations.length > 0) throw new Error(await describeFailure((await shrink(options, result)).options));
    }
  }, 300_000);
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
  expect(usual.sentTwice).toBeGreaterThan(payments * story.slowShare / 2);
  expect([usual.doubleDebits > 0, ours.doubleDebits]).toEqual([true, 0]);
}, 60_000);
