import { setTimeout as sleep } from 'node:timers/promises';
import { all, CutoverRun, half, source, target, watch } from './cutover-run';
import { until } from '../waits';

jest.setTimeout(1_800_000);

let cutover: CutoverRun;
const steps = 'acme-pay-cutover-steps';

beforeAll(async () => {
  cutover = await CutoverRun.open();
});

afterAll(async () => cutover?.close());

/** To half of the traffic, and watching it. */
async function toSoak(): Promise<void> {
  await cutover.start();
  await cutover.decide('approve');
  await cutover.at(/^Soak/);
}

afterEach(async () => cutover.tidy());

test('an approval that nobody gives expires: paused, and nothing has moved', async () => {
  await cutover.start();
  const { approvalId } = await cutover.approvers.asked();
  const end = await cutover.ended();
  expect(end).toMatchObject({ state: 'PAUSED', why: expect.stringContaining('no decision was made in time'), weights: all });
  expect((await cutover.approvers.decide('grace@example.com', approvalId, 'approve')).status).toBe(409);
});

test('an alarm while it is watched rolls back', async () => {
  await toSoak();
  expect(cutover.run.cutover!.forceAlarm(target, watch, 'ALARM')).toBe(true);
  expect(await cutover.ended()).toMatchObject({
    state: 'ROLLED_BACK',
    why: expect.stringContaining(`raised: ${target}/${watch}`),
    weights: all,
  });
});

test('workers killed in mid-shift are replaced, and the weights change once', async () => {
  const before = (await cutover.audit()).length;
  await cutover.start();
  await cutover.decide('approve');
  await cutover.at(/^Shift weights/);
  let killed = 0;
  for (let tried = 0; tried < 20 && killed < 2; tried += 1) {
    if (cutover.run.killFunction(target, steps)) killed += 1;
    await sleep(300);
  }
  expect(killed).toBeGreaterThan(0);
  await cutover.at(/^Soak/);
  const changes = async (): Promise<unknown[]> =>
    (await cutover.audit()).slice(before).filter(({ entry }) => entry.what === 'changed' && entry.kind === 'shift');
  await until('the change in the audit, which is read now and then', async () => (await changes()).length > 0);
  expect(await changes()).toHaveLength(1);
  expect((await cutover.approvers.view()).weights).toEqual(half);
  expect((await cutover.rollBack()).weights).toEqual(all);
  expect(await cutover.unbroken()).toBe(true);
});

test('weights changed by hand stop the next phase until they are reverted by a decision', async () => {
  await toSoak();
  const { route53 } = cutover.run.cutover!;
  const zone = '/2013-04-01/hostedzone/Z0123456789EXAMPLE00/rrset';
  const { body } = await route53('GET', `${zone}?name=pay.example.com.&maxitems=100`);
  const sets = body.match(/<ResourceRecordSet>.*?<\/ResourceRecordSet>/gs)!;
  const change = (action: string, set: string): string => `<Change><Action>${action}</Action>${set}</Change>`;
  const other = (set: string): string => set.replace(/<Weight>\d+<\/Weight>/, '<Weight>7</Weight>');
  const request =
    `<ChangeResourceRecordSetsRequest ` +
    `xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ChangeBatch><Changes>${sets.map((set) => change('DELETE', set) + change('CREATE', other(set))).join('')}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>`;
  expect((await route53('POST', zone, request)).status).toBe(200);
  expect(await cutover.ended()).toMatchObject({
    state: 'PAUSED',
    // The next look of the soak sees it; where the soak was over already, the checks before the next phase do.
    why: expect.stringMatching(/records are not as recorded|weights-as-recorded/),
    weights: { [source]: 7, [target]: 7 },
  });
  await cutover.start({ action: 'revert' });
  await cutover.decide('approve');
  expect(await cutover.ended()).toMatchObject({ state: 'SUCCEEDED', weights: half });
  expect((await cutover.rollBack()).weights).toEqual(all);
});
