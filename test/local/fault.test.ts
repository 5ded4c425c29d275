import { drilled, DrillRun, other, OutsideLoad } from './drill-run';
import type { DrillEvidence } from '../../src/drill/report/page.domain';
import { faultStatuses } from '../../src/scenario/caller.service';
import { until } from '../waits';

jest.setTimeout(900_000);

let drills: DrillRun;

beforeAll(async () => {
  drills = await DrillRun.open('fault');
});

afterAll(async () => drills?.run.stop());

test('an experiment takes the region away under load: each caller is answered in the end, and nothing is lost', async () => {
  const load = new OutsideLoad(drills, faultStatuses);
  await load.start();
  await drills.heard();
  await until('payments of each caller', () => load.calls.length >= 2 * load.callers);
  const view = await drills.ended(await drills.start('fault'));
  await load.stop();
  expect(view).toMatchObject({ region: drilled, kind: 'fault', state: 'PASSED', lost: 0, duplicates: 0, reasons: [] });
  expect(view.recoverySeconds).toBeGreaterThan(0);
  expect(view.split!.during).toEqual({ [other]: 100 });
  const { body } = await drills.client.once({ path: `${view.evidence}?format=json` });
  const { facts } = body as unknown as DrillEvidence;
  expect(facts.fault).toMatchObject({
    status: 'stopped',
    named: 5,
    resolved: 5,
    actions: [{ name: 'fail-1', actionId: 'aws:lambda:invocation-error', status: 'stopped' }],
  });
  expect(facts.takenMs).toBeGreaterThan(facts.fault!.startedMs!);
  expect(facts.audit!.failed).toEqual([]);

  // Callers near the region met the fault, and asked again: none of them is lost.
  const met = load.calls.filter(({ answered, beganMs }) => !answered && beganMs >= facts.fault!.startedMs! && beganMs < facts.restoredMs!);
  expect(new Set(met.map(({ caller }) => caller % 2))).toEqual(new Set([0]));
  expect(load.failures).toEqual([]);
  for (const region of [drilled, other]) {
    const debits = await load.debits(region);
    const lost = load.paid.filter((own) => !debits.some(({ paymentId, amount }) => paymentId === own.paymentId && amount === own.amount));
    expect([region, lost.length, debits.length - load.paid.length]).toEqual([region, 0, 0]);
  }
  await drills.inService(true);
});

test('an action that is skipped fails the drill, leaves the region in service, and is told', async () => {
  await drills.calm();
  drills.run.cutover!.skipFaults(true);
  const view = await drills.ended(await drills.start('fault'));
  const reason = "the action 'fail-1' (aws:lambda:invocation-error) was skipped: Action was skipped.";
  expect(view).toMatchObject({ kind: 'fault', state: 'FAILED', reasons: [reason] });
  await drills.inService(true);
  // The example's topic tells of alarms too.
  const mail = drills.run.cutover!.mail().filter(({ subject }) => subject === `acme-pay: drill of ${drilled} FAILED`);
  expect(mail.map(({ body }) => body)).toEqual([expect.stringContaining(`Reason: ${reason}`)]);
});
