import { drilled, DrillRun, other, OutsideLoad } from './drill-run';
import type { DrillView } from '../../local/drill/calls';
import { sharesOf } from '../../src/drill/domain';
import type { DrillEvidence } from '../../src/drill/report/page.domain';
import { leftAt } from '../../src/scenario/drain.domain';
import { until } from '../waits';

jest.setTimeout(900_000);

let drills: DrillRun;

beforeAll(async () => {
  drills = await DrillRun.open();
});

afterAll(async () => drills?.run.stop());

/** The pack's data, as the run's bucket has it. */
async function evidenceOf(view: DrillView): Promise<{ readonly page: string; readonly data: DrillEvidence }> {
  const { status, text: page } = await drills.client.once({ path: view.evidence! });
  expect(status).toBe(200);
  const { status: found, body } = await drills.client.once({ path: `${view.evidence}?format=json` });
  expect(found).toBe(200);
  return { page, data: body as DrillEvidence };
}

/** Percent of a region in one part of a drill. */
const near = (percent: number | undefined, expected: number | undefined): boolean => Math.abs((percent ?? 0) - (expected ?? 0)) <= 20;

test('a drill under load is passed, and its evidence says what the load saw from outside', async () => {
  const load = new OutsideLoad(drills);
  await load.start();
  await until('payments of each caller', () => load.calls.length >= 2 * load.callers);
  const id = await drills.start();
  const view = await drills.ended(id);
  await load.stop();
  expect(view).toMatchObject({ id, region: drilled, kind: 'drain', state: 'PASSED', lost: 0, duplicates: 0, reasons: [] });
  const { page, data } = await evidenceOf(view);
  const { facts } = data;
  expect(page).toContain('PASSED');

  // Recovery: others resolve the name at other moments, so the answers may differ by what a resolver keeps.
  const without = load.calls.filter(({ endedMs }) => endedMs <= facts.restoredMs!);
  const seen = leftAt(without, drilled, load.callers, facts.takenMs!, facts.restoredMs!)!;
  const seenSeconds = (seen - facts.takenMs!) / 1000;
  expect(view.recoverySeconds).toBeGreaterThan(0);
  expect(Math.abs(view.recoverySeconds! - seenSeconds)).toBeLessThan(facts.ttlSeconds! + 3);
  expect(Math.max(view.recoverySeconds!, seenSeconds)).toBeLessThanOrEqual(view.budgetSeconds);

  const split = {
    before: sharesOf(load.calls, facts.startedMs, facts.takenMs!),
    during: sharesOf(load.calls, seen, facts.restoredMs!),
    after: sharesOf(load.calls, facts.backMs! + 5_000, Infinity),
  };
  expect([view.split!.during, split.during]).toEqual([{ [other]: 100 }, { [other]: 100 }]);
  for (const part of ['before', 'after'] as const) {
    expect([part, view.split![part], split[part], near(view.split![part][drilled], split[part][drilled])]).toEqual([
      part,
      view.split![part],
      split[part],
      true,
    ]);
  }

  // Lost and twice: by the ledger's lines in both regions.
  expect(load.failures).toEqual([]);
  expect(load.paid.length).toBeGreaterThan(50);
  for (const region of [drilled, other]) {
    const debits = await load.debits(region);
    const lost = load.paid.filter((own) => !debits.some(({ paymentId, amount }) => paymentId === own.paymentId && amount === own.amount));
    expect([region, lost.length, debits.length - load.paid.length]).toEqual([region, view.lost, view.duplicates]);
  }
  // Events of the load and of the prober, which says how many payments it made.
  expect(facts.metrics!.eventsSent).toBeGreaterThanOrEqual(facts.audit!.paid);
  expect(facts.metrics!.eventsMissing).toBe(0);
});

test("where resolvers keep the name's answer too long it is failed, and says why", async () => {
  await drills.calm();
  await drills.keepAnswers(50);
  try {
    const view = await drills.ended(await drills.start());
    expect(view).toMatchObject({ state: 'FAILED', lost: 0, duplicates: 0 });
    expect(view.recoverySeconds).toBeGreaterThan(view.budgetSeconds);
    expect(view.reasons).toEqual([
      `callers were away after ${view.recoverySeconds} s, budget ${view.budgetSeconds} s: resolvers keep the public name's answer for 50 s`,
    ]);
    expect((await evidenceOf(view)).page).toContain(`resolvers keep the public name&#39;s answer for 50 s`);
    expect(drills.told().at(-1)).toBe(`acme-pay: drill of ${drilled} FAILED`);
    await drills.inService(true);
  } finally {
    await drills.keepAnswers(5);
  }
});

test.each<[string, (id: string, arn: string) => Promise<unknown>]>([
  ['ended by a person', (id) => drills.client.once({ method: 'DELETE', path: `/_local/drills/${id}` })],
  ['killed', (_, arn) => drills.run.cutover!.stop(arn, 'a test')],
])('a drill that is %s leaves the region in service, and that is told', async (_what, end) => {
  await drills.calm();
  const before = drills.told().length;
  const id = await drills.start();
  const arn = await drills.at(id, 'Watch callers leave');
  await drills.inService(false);
  await end(id, arn);
  await drills.inService(true);
  expect(await drills.ended(id)).toMatchObject({ state: 'ABORTED' });
  const wanted = [
    `acme-pay: ${drilled} is drilled`,
    `acme-pay: ${drilled} was put back by the watchdog`,
    `acme-pay: drill of ${drilled} ABORTED`,
  ];
  await until('the three messages', () => drills.told().length >= before + wanted.length, { withinMs: 20_000 });
  expect(drills.told().slice(before)).toEqual(wanted);
  const view = await drills.view(id);
  expect(view.evidence).toBeDefined();
  expect((await evidenceOf(view)).page).toContain('the execution ended ABORTED');
});
