import { drilled, DrillRun, other } from './drill-run';
import type { DrillEvidence } from '../../src/drill/report/page.domain';

jest.setTimeout(900_000);

let drills: DrillRun;

beforeAll(async () => {
  drills = await DrillRun.open('fault');
});

afterAll(async () => drills?.run.stop());

test('an experiment takes the region away: Route 53 notices by itself, and nothing is lost', async () => {
  const view = await drills.ended(await drills.start());
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
  await drills.inService(true);
});

test('an action that is skipped fails the drill, leaves the region in service, and is told', async () => {
  await drills.calm();
  drills.run.cutover!.skipFaults(true);
  const view = await drills.ended(await drills.start());
  const reason = "the action 'fail-1' (aws:lambda:invocation-error) was skipped: Action was skipped.";
  expect(view).toMatchObject({ kind: 'fault', state: 'FAILED', reasons: [reason] });
  await drills.inService(true);
  const mail = drills.run.cutover!.mail().at(-1)!;
  expect(mail.subject).toBe(`acme-pay: drill of ${drilled} FAILED`);
  expect(mail.body).toContain(`Reason: ${reason}`);
});
