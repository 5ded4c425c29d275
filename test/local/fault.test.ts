import { drilled, DrillRun } from './drill-run';

jest.setTimeout(900_000);

let drills: DrillRun;

beforeAll(async () => {
  drills = await DrillRun.open('fault');
});

afterAll(async () => drills?.run.stop());

test('an action that is skipped fails the drill, leaves the region in service, and is told', async () => {
  drills.run.cutover!.skipFaults(true);
  const view = await drills.ended(await drills.start());
  const reason = "the action 'fail-1' (aws:lambda:invocation-error) was skipped: Action was skipped.";
  expect(view).toMatchObject({ kind: 'fault', state: 'FAILED', reasons: [reason] });
  await drills.inService(true);
  const mail = drills.run.cutover!.mail().at(-1)!;
  expect(mail.subject).toBe(`acme-pay: drill of ${drilled} FAILED`);
  expect(mail.body).toContain(`Reason: ${reason}`);
});
