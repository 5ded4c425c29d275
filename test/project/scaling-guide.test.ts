import { readTracked } from './tracked-files';
import { CostRequest, estimate, storedBytes, waitedMs, writeUnits } from '../../src/commands/cost/domain';
import { CostMode, usualUsage } from '../../src/commands/cost/usage.domain';
import { grouped } from '../../src/kernel/grouped';

const guide = readTracked('docs/scaling.md');
const request: CostRequest = {
  tps: 1_000,
  regions: ['us-east-1', 'eu-central-1'],
  mode: 'strong',
  captureShare: 1,
  replayShare: 0.02,
  accountDay: 1_000,
  consumers: 1,
  consumerRegions: 2,
  canaries: 2,
  canaryMinutes: 5,
  drills: 4,
  drillKind: 'drain',
  isProvisioned: false,
};

/** Seconds of functions for a payment with its capture and its share of a replay. */
const busySeconds = (mode: CostMode): number => (waitedMs({ ...request, mode }, usualUsage) + 2.02 * usualUsage.functionTime) / 1000;
const strong = busySeconds('strong');
const home = busySeconds('home-region');
/** For a payment, in each of two regions: one event of its own to the peer's rule and to a consumer, one of the peer's to a consumer. */
const invocations = 3;
/** In one region alone: both events of each payment to the peer's rule and to the consumer. */
const invocationsAlone = 4;

test.each([
  ["throttling of the API's stage", [1_000 / 1.01, 1_000 / 2.02]],
  ['EventBridge invocations, eu-central-1', [4_500 / invocations, 4_500 / invocationsAlone]],
  ['EventBridge invocations, us-east-1', [18_750 / invocations, 18_750 / invocationsAlone]],
  ['Lambda concurrency, `STRONG`', [2_000 / strong, 1_000 / strong]],
  ['Lambda concurrency, `HOME_REGION`', [2_000 / home, 1_000 / home]],
  ['DynamoDB, one table', [40_000 / writeUnits(request, usualUsage), 40_000 / writeUnits(request, usualUsage)]],
  ['API Gateway', [10_000 / 1.01, 10_000 / 2.02]],
])('the rates of %s', (what, rates) => {
  const row = guide.split('\n').find((line) => line.startsWith(`| ${what} |`))!;
  expect(
    row
      .split('|')
      .slice(3, 5)
      .map((cell) => cell.trim()),
  ).toEqual(rates.map((rate) => grouped(Math.floor(rate + 1e-9))));
});

test('what a payment stores, and what a month of them costs', () => {
  const bytes = storedBytes(request, usualUsage);
  expect(guide).toContain(`a captured payment stores ${grouped(bytes)} bytes`);
  const { perMillion, totalPerMillion } = estimate(request, usualUsage);
  expect(readTracked('docs/decide.md')).toContain(`about $${totalPerMillion.toFixed(0)} for a million payments`);
  expect(guide).toContain(`$${perMillion["DynamoDB: storage of one month's payments"].toFixed(2)} for a million payments and month`);
  const busy = estimate({ ...request, tps: 10_000 }, usualUsage).perMillion['CloudWatch: logs'];
  expect(guide).toContain(`$${busy.toFixed(2)} to $${perMillion['CloudWatch: logs'].toFixed(2)} for a million payments`);
});

describe('how large a ledger may be whose homes are moved', () => {
  const performance = readTracked('docs/performance.md');
  const itemsOfGb = Number(/the whole ledger \(([\d,]+) items a GB\)/.exec(performance)![1].replace(/,/g, ''));
  /** A payment's own item and its capture's. */
  const payments = (gb: number): number => (gb * itemsOfGb) / 2;
  const millions = (gb: number): string => `${(payments(gb) / 1e6).toFixed(1)} million`;
  const hours = (gb: number): string => `${(payments(gb) / 1_000 / 3600).toFixed(1)} hours at 1,000 a second`;
  const rowOf = (document: string, beginning: string): string => {
    const row = document.split('\n').find((line) => line.startsWith(`| ${beginning} |`));
    if (row === undefined) throw new Error(`there is no row '${beginning}'`);
    return row;
  };

  test.each([
    ['planned moves of a unit', "a planned move: its unit's items, compared"],
    ['planned moves, other units', "the same, of other units' items: read, not compared"],
  ])('%s: by the measured row of what is done to them', (what, measured) => {
    const [minutes, gb] = rowOf(performance, measured)
      .split('|')
      .slice(2, 4)
      .map((cell) => Number(cell.replace(' GB', '').trim()));
    const row = rowOf(guide, what);
    expect(row).toContain(`${minutes} minutes a GB`);
    expect(row).toContain(`${gb.toFixed(1)} GB in`);
    expect(row).toContain(`${gb.toFixed(1)} GB are ${millions(gb)} captured payments, ${hours(gb)}`);
  });

  test('the bound to plan with is below the measured one, and the same in each guide', () => {
    const [, minutes, compared] = /([\d.]+) \| ([\d.]+) GB \|$/
      .exec(rowOf(performance, "a planned move: its unit's items, compared"))!
      .map(Number);
    // On a busy machine the same takes twice as long.
    expect(2.5).toBeLessThan(compared / 2);
    expect(rowOf(guide, 'planned moves of a unit')).toContain(`Plan with 5 minutes a GB, and so with 2.5 GB a unit | ${compared} GB are`);
    expect(rowOf(guide, 'planned moves of a unit')).toContain(`2.5 GB are ${millions(2.5)}`);
    const regions = readTracked('docs/regions.md');
    expect(regions).toContain(
      `2.5 GB are some ${millions(2.5)} captured payments; on a core of a shared machine up to ${compared} GB pass, ${millions(compared)}`,
    );
    expect(readTracked('docs/decide.md')).toContain('plan with 2.5 GB a unit');
    // In the same words, so that no reader wonders which of two bounds holds.
    for (const file of ['regions', 'home-region', 'performance', 'runbook']) {
      expect(readTracked(`docs/${file}.md`).replace(/\s+/g, ' ')).toContain(
        `A planned move compares a GB of its unit in ${minutes.toFixed(1)} minutes, measured on a core of a shared machine. ` +
          "It has 14 of its function's 15 minutes for that. Plan with 5 minutes a GB, and so with 2.5 GB a unit",
      );
    }
    expect(readTracked('docs/canary.md')).toContain(`compares them in ${(0.9 * minutes).toFixed(1)} minutes on a core of a shared machine`);
    expect(readTracked('docs/home-region.md')).toContain(
      `A GB is some ${grouped(Math.floor(payments(1) / 1_000) * 1_000)} captured payments`,
    );
  });

  test('what else reads the whole ledger takes the measured time in each guide', () => {
    const minutesOf = (what: string): string => rowOf(performance, what).split('|')[2].trim();
    const round = minutesOf("a round of the cutover's reconciliation, both regions");
    expect(readTracked('docs/cutover.md')).toContain(`A round takes ${round} minutes of the function's processor`);
    expect(rowOf(guide, 'reconciliation of the whole ledger')).toContain(`${round} minutes a GB`);
    expect(readTracked('docs/runbook.md')).toContain(
      `An account of 1,000,000 captured payments takes ${minutesOf('reconciling one account, of 1,000,000 captured payments')}\nminutes`,
    );
  });
});
