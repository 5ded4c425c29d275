import { all, CutoverRun, half, source, target, watch } from './cutover-run';
import type { CutoverView } from '../../local/cutover/model';
import { timePasses } from '../waits';

jest.setTimeout(1_800_000);

let cutover: CutoverRun;
const none = { [source]: 0, [target]: 100 };

beforeAll(async () => {
  cutover = await CutoverRun.open();
});

afterAll(async () => cutover?.close());

afterEach(async () => cutover.tidy());

async function reach(step: string, approvals: number): Promise<CutoverView> {
  await cutover.start();
  for (let given = 0; given < approvals; given += 1) await cutover.decide('approve');
  const view = await cutover.at(new RegExp(`^${step}`));
  expect([view.state, view.step]).toEqual(['RUNNING', expect.stringMatching(new RegExp(`^${step}`))]);
  return view;
}

/** What the runbook offers after every loss. */
async function allBack(): Promise<void> {
  expect(await cutover.rollBack()).toMatchObject({ state: 'ROLLED_BACK', weights: all });
  expect(await cutover.unbroken()).toBe(true);
  await cutover.homeBack();
}

// Route 53's control plane is in us-east-1, the source: it goes with it.
describe('the source is lost: no weight moves, callers are led to the target, the run ends paused and says why', () => {
  test.each<[string, number, RegExp, readonly object[]]>([
    ['Prechecks', 0, /control plane unreachable/, [all]],
    ['Approval', 0, /control plane unreachable/, [all]],
    ['Shift weights', 1, /control plane unreachable|alarms cannot be read/, [all, half]],
    ['Soak', 1, /alarms cannot be read|control plane unreachable/, [half]],
    ['Move authority', 2, /regions cannot be compared: us-east-1 cannot be read|unit 0/, [none]],
    ['Reconcile', 2, /regions cannot be compared: us-east-1 cannot be read/, [none]],
  ])('in %s', async (step, approvals, why, weights) => {
    await reach(step, approvals);
    await cutover.region(source, 'stop');
    expect(await cutover.pay(`source-${Date.now()}`)).toBe(201);
    if ((await cutover.approvers.view()).openApproval) await cutover.decide('approve');
    const end = await cutover.ended();
    expect([end.state, end.why]).toEqual(['PAUSED', expect.stringMatching(why)]);
    expect(weights).toContainEqual(end.weights);
    await cutover.region(source, 'start');
    await allBack();
  });
});

// The state machine stands in the target, and stands still with it.
describe('the target is lost: callers are led to the source, nothing moves meanwhile, and the run goes on when it is back', () => {
  test('in Soak, with an alarm: rolled back', async () => {
    await reach('Soak', 1);
    await cutover.region(target, 'stop');
    expect(await cutover.pay(`watched-${Date.now()}`)).toBe(201);
    cutover.run.cutover!.forceAlarm(target, watch, 'ALARM');
    await cutover.region(target, 'start');
    expect(await cutover.ended()).toMatchObject({
      state: 'ROLLED_BACK',
      why: expect.stringContaining(`raised: ${target}/${watch}`),
      weights: all,
    });
    cutover.run.cutover!.forceAlarm(target, watch, undefined);
    await allBack();
  });

  test.each<[string, number]>([
    ['Prechecks', 0],
    ['Approval', 0],
    ['Shift weights', 1],
    ['Soak', 1],
    ['Move authority', 2],
    ['Reconcile', 2],
  ])('in %s', async (step, approvals) => {
    await reach(step, approvals);
    await cutover.region(target, 'stop');
    await timePasses(5_000, 'a change that had reached Route 53 before the loss is made');
    const { weights } = await cutover.approvers.view();
    expect(await cutover.pay(`target-${Date.now()}`)).toBe(201);
    expect(await cutover.approvers.view()).toMatchObject({ state: 'RUNNING', weights });
    // What the watched alarm makes of the outage is another test's.
    cutover.run.cutover!.forceAlarm(target, watch, 'OK');
    await cutover.region(target, 'start');
    const now = await cutover.approvers.until(
      'the run goes on to a question, or has ended',
      ({ state, openApproval }) => state !== 'RUNNING' || openApproval !== undefined,
      240_000,
    );
    // Whoever is asked may go on; else the run has said what it found.
    if (now.state === 'RUNNING') {
      expect(now.openApproval).toBeDefined();
    } else if (now.state === 'PAUSED') {
      expect(now.why).toMatch(
        /event-probe|replication-lag|target-healthy|dead-letter|cannot be compared|for a human|no decision was made in time|unit 0|alarms cannot be read/,
      );
    } else {
      expect(now.state).toBe('SUCCEEDED');
    }
    await allBack();
  });
});
