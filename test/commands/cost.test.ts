import { writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { CostRequest, estimate, leversOf, monthSeconds, services } from '../../src/commands/cost/domain';
import { costOf, prices, pricesAsOf } from '../../src/commands/cost/prices.domain';
import { answerCost, CostOptions, costQuestion, costText, dollarsText } from '../../src/commands/cost/service';
import { accountLoad, Usage, usualUsage } from '../../src/commands/cost/usage.domain';
import { readTracked } from '../project/tracked-files';

/** Two regions with the same prices; each payment is captured, none repeated. A month has 2,628,000 seconds. */
const two: CostRequest = {
  tps: 1_000,
  regions: ['us-east-1', 'us-west-2'],
  mode: 'strong',
  captureShare: 1,
  replayShare: 0,
  accountDay: 1_000,
  consumers: 1,
  consumerRegions: 2,
  canaries: 0,
  canaryMinutes: 5,
  drills: 0,
  drillKind: 'drain',
  isProvisioned: false,
};
/** One region, authorizations alone, no consumer: 262.8 million payments a month. */
const one: CostRequest = {
  ...two,
  tps: 100,
  regions: ['us-east-1'],
  mode: 'home-region',
  captureShare: 0,
  consumers: 0,
  consumerRegions: 1,
};
const costs = (request: CostRequest) => estimate(request, usualUsage).costs;

describe('by hand', () => {
  test('a month', () => expect(monthSeconds).toBe(730 * 3600));

  test('one write a payment in one region at 5,000 a second is 24 times 340 dollars; three in two regions are 145 times that', () => {
    const { replicatedWrite } = prices['us-east-1'];
    // 5,000 x 2,628,000 s = 13,140 million units, at 0.625 a million.
    expect(costOf(replicatedWrite, 5_000 * 2_628_000)).toBeCloseTo(8_212.5, 6);
    expect(8_212.5 / 340).toBeCloseTo(24.15, 2);
    // x 3 units x 2 regions.
    expect(2 * costOf(replicatedWrite, 3 * 5_000 * 2_628_000)).toBeCloseTo(49_275, 6);
    expect(49_275 / 340).toBeCloseTo(144.93, 2);
  });

  test('replicated writes', () => {
    // 2,628 million payments x 8.3 units x 2 regions x 0.625 a million.
    expect(costs(two)['DynamoDB: replicated writes']).toBeCloseTo(27_265.5, 4);
    // 262.8 million x (3 + (8.1 - 8) / 2 = 3.05) units x 0.625 a million.
    expect(costs(one)['DynamoDB: replicated writes']).toBeCloseTo(500.9625, 4);
    // Each payment in Frankfurt's copy too: 21,812.4 million units x (0.625 + 0.7625).
    expect(costs({ ...two, regions: ['us-east-1', 'eu-central-1'] })['DynamoDB: replicated writes']).toBeCloseTo(30_264.705, 3);
    // Two in a hundred repeated: 2,628 million x 0.02 x 2 units x 2 regions x 0.625 more.
    expect(costs({ ...two, replayShare: 0.02 })['DynamoDB: replicated writes']).toBeCloseTo(27_265.5 + 131.4, 4);
    // 100,000 payments a day on one account in HOME_REGION: 8.3 units, and 3 of a replay.
    const home = { ...two, mode: 'home-region', accountDay: 100_000 } as const;
    expect(costs(home)['DynamoDB: replicated writes']).toBeCloseTo(27_265.5, 3);
    expect(costs({ ...home, replayShare: 0.02 })['DynamoDB: replicated writes']).toBeCloseTo(27_265.5 + 197.1, 3);
  });

  test('provisioned writes', () => {
    // 1,000 x 8.3 units a second in each region / 0.7 x 730 hours x 0.00065 x 2 regions.
    expect(costs({ ...two, isProvisioned: true })['DynamoDB: replicated writes']).toBeCloseTo(11_252.4286, 4);
  });

  test('reads, inboxes and storage', () => {
    // 2,628 million x (3.1 of the calls + 2 events x 1) x 0.125 a million.
    expect(costs(two)['DynamoDB: reads']).toBeCloseTo(1_675.35, 4);
    // 5,256 million events x 3 units x 2 regions x 0.625 a million.
    expect(costs(two)['DynamoDB: inboxes of consumers']).toBeCloseTo(19_710, 4);
    // 262.8 million x (569 + 2 x 100 + 96 bytes) = 211.7101 GB, x (0.25 + 0.2).
    expect(costs(one)["DynamoDB: storage of one month's payments"]).toBeCloseTo(95.2695, 3);
  });

  test('API Gateway, by tiers', () => {
    // Each region: 2,628 million calls + 16 checkers x 262,800 = 2,632.2048 million:
    // 333 x 3.5 + 667 x 2.8 + 1,632.2048 x 2.38 = 1,165.5 + 1,867.6 + 3,884.6474.
    expect(costs(two)['API Gateway']).toBeCloseTo(2 * 6_917.7474, 3);
  });

  test('events and queues', () => {
    // Each region: 2,628 million own events x (1 + 1 to the other region) = 5,256 dollars;
    // archived: 5,256 million x 666 bytes = 3,260.0909 GB x 0.123.
    expect(costs(two).EventBridge).toBeCloseTo(2 * (5_256 + 400.9912), 2);
    // 5,256 million x (1 + 2 / 10) requests x 0.4 a million x 2 regions.
    expect(costs(two).SQS).toBeCloseTo(5_045.76, 4);
    expect(costs(one).SQS).toBe(0);
  });

  test('Lambda', () => {
    // 262.8 + 2.628 of the authorizer + 4.2048 of checkers + 26.28 of the outbox = 295.9128 million invocations x 0.2 a million = 59.1826.
    // 525.6 million requests x 5 ms + 265.428 million x 2.41 ms + 4.2048 million x 7.41 ms, of 1 GB; 26.28 million x 10 ms of 0.5 GB:
    // 3,430,239.048 GB-seconds x 0.0000133334 = 45.7367.
    expect(costs(one).Lambda).toBeCloseTo(59.1826 + 45.7367, 3);
  });

  test('Lambda in STRONG waits for an answer 7 times, and for another region 4 times, with a payment and its capture', () => {
    // Each answer 5 ms, each crossing 56 ms more; in one region: 1,314 million x (7 x 5 + 4 x 56) ms = 340,326,000 seconds.
    const waited = (usage: Partial<Usage>): number => {
      const { Lambda } = estimate({ ...two, replayShare: 0 }, { ...usualUsage, ...usage }).costs;
      return Lambda - estimate({ ...two, replayShare: 0 }, { ...usualUsage, ...usage, localWait: 0, strongWait: 0 }).costs.Lambda;
    };
    const crossing = waited({ localWait: 0 });
    // 4 x 56 ms x 1,314 million x 0.0000133334 of 1 GB, two regions.
    expect(crossing).toBeCloseTo(2 * 4 * 0.056 * 1_314e6 * 0.0000133334, 0);
  });

  test('logs, traces, what stands there and what goes to the other region', () => {
    // 262.8 million x 707 + 295.9128 million x 650 bytes = 352.1730 GB, and 267.0048 million x 363 = 90.2663 GB, x 0.5;
    // stored: 442.4393 GB x 0.15 x 3 months x 0.03.
    expect(costs(one)['CloudWatch: logs']).toBeCloseTo(176.0865 + 45.1332 + 5.9729, 3);
    // 262.8 million x 0.05 x 5 a million.
    expect(costs(one)['X-Ray']).toBeCloseTo(65.7, 4);
    // 1 key, 18 functions x 8,760 requests x 0.03 / 10,000.
    expect(costs(one).KMS).toBeCloseTo(1.47304, 5);
    // 0.5 and two options of 1.
    expect(costs(one)['Route 53: health checks']).toBe(2.5);
    // (25 + 12 x 5) x 0.3 + 28 x 0.1.
    expect(costs(one)['CloudWatch: metrics and alarms']).toBeCloseTo(28.3, 6);
    expect(costs(one)['data transfer between regions']).toBe(0);
    // Each way: 1,314 million x 8.3 x 1,024 bytes + 2,628 million x 666 bytes = 12,031.0... GB x 0.02.
    expect(costs(two)['data transfer between regions']).toBeCloseTo((2 * 0.02 * (1_314e6 * 8.3 * 1_024 + 2_628e6 * 666)) / 2 ** 30, 6);
  });

  test('canaries', () => {
    // Each region: 2 x 12 runs an hour x 730 = 17,520 runs x 0.0012 = 21.024; x 0.2 a million = 0.0035;
    // x 5 s of 1 GB x 0.0000166667 = 1.46; 2 x 3 alarms x 0.1 = 0.6.
    expect(costs({ ...two, canaries: 2 }).canaries).toBeCloseTo(2 * (21.024 + 0.0035 + 1.46 + 0.6), 3);
    // A third of the runs, and the same alarms.
    expect(costs({ ...two, canaries: 2, canaryMinutes: 15 }).canaries).toBeCloseTo(2 * (7.008 + 0.0012 + 0.4867 + 0.6), 3);
    expect(costs(two).canaries).toBe(0);
  });

  test('drills by a drain, four of each region a year', () => {
    // Each region, a third of a drill a month: 121 / 3 transitions x 0.025 a thousand = 0.0010.
    // 44 / 3 + 60 x 730 looks of the watchdog = 43,814.7 invocations x 0.2 a million = 0.0088;
    // (107.6 s of the prober + 43 s of the steps) / 3 + 43,800 x 0.2 s = 8,810.2 s of 0.5 GB x 0.0000133334 = 0.0587.
    // 3 metrics x 0.3 and 5 of alarms x 0.1 = 1.4.
    expect(costs({ ...two, drills: 4 })['region drills']).toBeCloseTo(2 * (0.001 + 0.0088 + 0.0587 + 1.4), 3);
    expect(costs(two)['region drills']).toBe(0);
    // No other region is there to drill it from.
    expect(costs({ ...one, drills: 4 })['region drills']).toBe(0);
  });

  test('a fault is 3 minutes of one action more for each drill, and an alarm', () => {
    const drained = costs({ ...two, drills: 12 })['region drills'];
    // Each region, once a month: 3 minutes x 0.1, and 0.1.
    expect(costs({ ...two, drills: 12, drillKind: 'fault' })['region drills'] - drained).toBeCloseTo(2 * (0.3 + 0.1), 6);
  });

  test('the sum, and per million payments', () => {
    const { total, totalPerMillion, costs: all } = estimate(two, usualUsage);
    expect(Object.keys(all)).toEqual([...services]);
    expect(total).toBeCloseTo(
      Object.values(all).reduce((sum, each) => sum + each, 0),
      6,
    );
    expect(totalPerMillion).toBeCloseTo(total / 2_628, 6);
  });
});

test('tiers are used up one after the other', () => {
  const tiers = [
    { upTo: 10, dollars: 3 },
    { upTo: 30, dollars: 2 },
    { upTo: Infinity, dollars: 1 },
  ];
  const price = { unit: 'unit', tiers, source: 'here', isConfirmed: true };
  expect([0, 5, 10, 20, 30, 31].map((units) => costOf(price, units))).toEqual([0, 15, 30, 50, 70, 71]);
});

test('each lever saves what the estimate with it is less', () => {
  const full = { ...two, mode: 'home-region', accountDay: 100_000 } as const;
  const all = leversOf(full, usualUsage);
  const spread = all.find(({ what }) => what.includes('more accounts'))!;
  expect(spread.saves).toBeCloseTo(estimate(full, usualUsage).total - estimate({ ...full, accountDay: 1_000 }, usualUsage).total, 6);
  expect(all.map(({ saves }) => saves)).toEqual([...all.map(({ saves }) => saves)].sort((a, b) => b - a));
  expect(leversOf(two, usualUsage).map(({ what }) => what)).not.toContainEqual(expect.stringContaining('more accounts'));
});

test('prices are dated, and each names its source', () => {
  expect(pricesAsOf).toMatch(/^20\d\d-\d\d-\d\d$/);
  for (const [region, all] of Object.entries(prices)) {
    for (const [name, { tiers, unit, source }] of Object.entries(all)) {
      expect([region, name, tiers[tiers.length - 1].upTo]).toEqual([region, name, Infinity]);
      expect(`${unit}: ${source}`).toMatch(/\w.*: \w/);
    }
  }
});

const given: CostOptions = {
  tps: '1000',
  regions: 'us-east-1,eu-central-1',
  mode: 'strong',
  captureShare: '1',
  replayShare: '0.02',
  accountDay: '1000',
  consumers: '1',
  canaries: '2',
  canaryInterval: '5',
  drills: '4',
  drillKind: 'drain',
};

test.each<[Partial<CostOptions>, string]>([
  [{ regions: 'us-east-1,eu-west-9' }, '--regions us-east-1,eu-west-9: eu-west-9 has no prices here'],
  [{ regions: 'us-east-1,us-east-1' }, 'is given twice'],
  [{ regions: '' }, 'there are us-east-1, us-west-2, eu-central-1'],
  [{ regions: 'constructor' }, 'constructor has no prices here'],
  [{ mode: 'fast' }, '--mode fast: give strong or home-region'],
  [{ tps: '1000,x' }, '--tps x: give a number from 0.001 to 1000000'],
  [{ tps: '' }, '--tps : give a number'],
  [{ captureShare: '1.5' }, '--capture-share 1.5: give a number from 0 to 1'],
  [{ replayShare: '-1' }, '--replay-share -1'],
  [{ accountDay: '5' }, '--account-day 5: give 1000, 10000, 100000, 1000000'],
  [{ consumers: '1.5' }, '--consumers 1.5: give a whole number from 0 to 100'],
  [{ canaries: '-1' }, '--canaries -1: give a whole number from 0 to 100'],
  [{ canaryInterval: '0' }, '--canary-interval 0: give a number from 1 to 60'],
  [{ drills: 'x' }, '--drills x: give a number from 0 to 365'],
  [{ drillKind: 'flood' }, '--drill-kind flood: give drain or fault'],
  [{ drillKind: 'fault', mode: 'home-region' }, '--drill-kind fault: RegionFault takes a ledger in STRONG alone'],
  [{ writeWait: 'long' }, '--write-wait long'],
])('%j is refused: %s', (wrong, complaint) => {
  expect(costQuestion({ ...given, ...wrong })).toEqual(expect.stringContaining(complaint));
});

const answered = (options: Partial<CostOptions>) => {
  const question = costQuestion({ ...given, ...options });
  if (typeof question === 'string') throw new Error(question);
  return answerCost(question);
};

test('the answer names the prices that are not confirmed, of those that were used, and what is assumed', () => {
  const { unconfirmed, assumed } = answered({ writeWait: '20' });
  expect(unconfirmed).toContainEqual(expect.objectContaining({ region: 'eu-central-1', unit: 'replicated write unit', dollars: 7.625e-7 }));
  expect(unconfirmed.map(({ unit }) => unit)).not.toContain('write capacity unit an hour');
  expect(unconfirmed.map(({ unit }) => unit)).toContain('run of a canary');
  expect(answered({ canaries: '0' }).unconfirmed.map(({ unit }) => unit)).not.toContain('run of a canary');
  expect(assumed).toContainEqual(expect.objectContaining({ value: 20, unit: expect.stringContaining('--write-wait') }));
  expect(costText(answered({}))).toContain('- eu-central-1, replicated write unit: 0.7625 a million (');
});

test.each([
  [0, '0.00'],
  [99.994, '99.99'],
  [1234.5, '1,235'],
  [1234567, '1,234,567'],
])('%d is shown as %s', (amount, text) => expect(dollarsText(amount)).toBe(text));

test.each([
  ['strong', 'STRONG'],
  ['home-region', 'HOME_REGION'],
] as const)('what a payment takes in %s is what `npm run bench` has counted', (mode, name) => {
  const counted = [...readTracked('docs/performance.md').matchAll(/^\| (\S+) \| ([\d,]+) \| at once \| (.*) \|$/gm)]
    .filter(([, of]) => of === name)
    .map(([, , payments, rest]) => [payments.replace(/,/g, ''), rest.split(' | ').map(Number)] as const);
  const figures = counted.map(([payments, cells]) => [payments, { writes: cells[3], reads: cells[4] }] as const);
  expect(Object.fromEntries(figures)).toEqual(accountLoad[mode]);
});

describe('docs/cost.md', () => {
  const document = readTracked('docs/cost.md');
  const blocks = [...document.matchAll(/<!-- npx cdk-multi-region-payments cost ([^\n]*) -->\n([^]*?)\n<!-- end -->/g)];

  /** What the command prints with these arguments. */
  const printed = (args: string): string => {
    const words = [...args.matchAll(/--([a-z-]+) (\S+)/g)].map(([, name, value]) => [
      name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]);
    return costText(answered(Object.fromEntries(words) as Partial<CostOptions>));
  };

  // UPDATE_COST=1 writes them.
  test('has figures as the command prints them', () => {
    expect(blocks.length).toBeGreaterThanOrEqual(2);
    if (process.env.UPDATE_COST === '1') {
      const block = (args: string): string => `<!-- npx cdk-multi-region-payments cost ${args} -->\n${printed(args)}\n<!-- end -->`;
      const renewed = blocks.reduce((all, [old, args]) => all.replace(old, () => block(args)), document);
      writeFileSync(path.join(__dirname, '../../docs/cost.md'), renewed);
      return;
    }
    for (const [, args, text] of blocks) expect(text).toBe(printed(args));
  });

  test('shows the sum against the published estimate', () => {
    for (const figure of ['8,212.50', '49,275', '24', '145']) expect(document).toContain(figure);
  });
});
