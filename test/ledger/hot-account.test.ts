import { Loaded, openLoad } from './open-load';
import { paid } from './paid';
import { sets, World } from './world';
import { Change, WriteResult } from '../../src/ledger/ports';
import { PaymentsLedger } from '../../src/ledger/protocol/service';

/** An account that many use at once: entries are removed while others come and change. One call after the other shows nothing of this. */

const account = 'a#acme#acc';
const outcomesOf = (outcomes: Readonly<Record<string, number>>): string[] => Object.keys(outcomes).sort();

test('twenty payments a second, captured in a second and a half, leave the entries of some seconds', async () => {
  const { outcomes, mostEntries } = await openLoad({
    regions: { east: { paymentsPerSecond: 10 }, west: { paymentsPerSecond: 10 } },
    forMs: 30_000,
    captureAfterMs: 1_500,
    oneWayMs: [15, 40],
    seed: 1,
  });
  expect(outcomesOf(outcomes)).toEqual(['capture CAPTURED', 'pay AUTHORISED']);
  expect(mostEntries).toBeLessThan(150);
});

test.each([
  [80, 'at once', 100],
  [60, 'after a second', 1_000],
])('%i a second, captured %s, stay within what the item of an account takes, across an ocean', async (rate, _, captureAfterMs) => {
  const { outcomes, throttled } = await openLoad({
    regions: { east: { paymentsPerSecond: rate / 2 }, west: { paymentsPerSecond: rate / 2 } },
    forMs: 20_000,
    captureAfterMs,
    oneWayMs: [30, 60],
    seed: 1,
  });
  expect([throttled, outcomesOf(outcomes)]).toEqual([0, ['capture CAPTURED', 'pay AUTHORISED']]);
});

test('a flood of declines is answered, and fills no account', async () => {
  const { outcomes, mostEntries, units } = await openLoad({
    regions: { east: { paymentsPerSecond: 45 }, west: { paymentsPerSecond: 45 } },
    forMs: 30_000,
    captureAfterMs: 1_000,
    oneWayMs: [15, 40],
    seed: 1,
    funds: 0,
  });
  expect(outcomes).toEqual({ 'pay DECLINED': 2_700 });
  expect(mostEntries).toBeLessThan(400);
  expect(units / 2_700).toBeLessThan(15);
});

test('what an account cannot take is refused before anything is decided, and the rest is paid and captured', async () => {
  const { outcomes, throttled } = await openLoad({
    regions: { east: { paymentsPerSecond: 100 }, west: { paymentsPerSecond: 100 } },
    forMs: 5_000,
    captureAfterMs: 100,
    oneWayMs: [30, 60],
    seed: 1,
  });
  expect(throttled).toBeGreaterThan(0);
  expect(Object.keys(outcomes).filter((outcome) => !/^(?:pay|capture) (?:AUTHORISED|CAPTURED|busy|unsure)$/.test(outcome))).toEqual([]);
});

describe('in HOME_REGION, with a copy that is up to a second and a half late', () => {
  const inHome = (paymentsPerSecond: number, captureAfterMs: number, answers = true, funds?: number): Promise<Loaded> =>
    openLoad({
      regions: { east: { paymentsPerSecond } },
      forMs: 20_000,
      captureAfterMs,
      oneWayMs: [30, 60],
      seed: 1,
      home: { lagMs: [300, 1_500], answers },
      ...(funds === undefined ? {} : { funds }),
    });

  test('twenty payments a second leave the entries of some seconds', async () => {
    const { outcomes, mostEntries, questions } = await inHome(20, 1_500);
    expect(outcomes).toEqual({ 'pay AUTHORISED': 400, 'capture CAPTURED': 400 });
    expect(mostEntries).toBeLessThan(150);
    // Of 800 calls one in five looks.
    expect(questions).toBeLessThan(200);
  });

  test.each([
    ['at once', 100],
    ['after a second', 1_000],
  ])('sixty a second, captured %s, stay within what the item of an account takes', async (_, captureAfterMs) => {
    const { outcomes, throttled } = await inHome(60, captureAfterMs);
    expect([throttled, outcomesOf(outcomes)]).toEqual([0, ['capture CAPTURED', 'pay AUTHORISED']]);
  });

  test('a flood of declines is answered, and fills no account', async () => {
    const { outcomes, mostEntries } = await inHome(40, 1_000, true, 0);
    expect(outcomes).toEqual({ 'pay DECLINED': 800 });
    expect(mostEntries).toBeLessThan(400);
  });

  test('all entries stay while the other region is silent, which is asked again when ten seconds have passed', async () => {
    const { outcomes, mostEntries, questions } = await inHome(20, 1_500, false);
    expect(outcomes).toEqual({ 'pay AUTHORISED': 400, 'capture CAPTURED': 400 });
    expect([mostEntries, questions]).toEqual([400, 2]);
  });
});

test('a claim that is dated again stands, although the next look of the other region comes before its entry', async () => {
  const world = new World();
  await world.ledger('us-east-1').openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
  const raisesMs = [2_000, 2_900];
  let datings = 0;
  const change = async (asked: Change): Promise<WriteResult> => {
    if (sets('entryAt')(asked)) datings += 1;
    const aheadMs = asked.pk === account ? raisesMs.shift() : undefined;
    if (aheadMs !== undefined) {
      await world.memory.change({ pk: account, require: [], set: [[['trimmedThrough'], world.nowMs + aheadMs]] });
    }
    return world.memory.change(asked);
  };
  const store = Object.assign(Object.create(world.memory) as typeof world.memory, { change });
  const behind = new PaymentsLedger({ ...world.ports(), store }, { region: 'us-west-2' });
  const outcome = await behind.authorise(world.context(), { idempotencyKey: 'p', accountId: 'acc', amount: 1, currency: 'EUR' });
  expect([paid(outcome).status, datings, raisesMs]).toEqual(['AUTHORISED', 1, []]);
});

test('an account whose watermark a wrong clock has pushed ahead loses its entries all the same', async () => {
  const world = new World();
  const ledger = world.ledger('us-east-1');
  await ledger.openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000_000 });
  await world.memory.change({ pk: account, require: [], set: [[['trimmedThrough'], world.nowMs + 3_600_000]] });
  world.random = () => 0; // every call looks after the account
  for (let number = 0; number < 40; number += 1) {
    world.nowMs += 70_000;
    await ledger.authorise(world.context(), { idempotencyKey: `p${number}`, accountId: 'acc', amount: 1, currency: 'EUR' });
  }
  expect(Object.keys(world.stored(account).entries as object).length).toBeLessThan(5);
});
