import { CutoverRun, katherine, source, target } from './cutover-run';

jest.setTimeout(1_800_000);

let cutover: CutoverRun;

beforeAll(async () => {
  cutover = await CutoverRun.open();
});

afterAll(async () => cutover?.close());

test('a check that fails ends the run paused, before anybody is asked, and nothing has moved', async () => {
  await cutover.start({ attested: {} });
  const end = await cutover.ended();
  expect(end).toMatchObject({
    state: 'PAUSED',
    why: expect.stringContaining('attested documents-backfilled: not attested'),
    weights: { [source]: 100, [target]: 0 },
    home: source,
  });
  expect(end.checks).toMatchObject({
    passed: false,
    checks: expect.arrayContaining([
      expect.objectContaining({ name: 'attested documents-backfilled', passed: false, value: 'not attested' }),
    ]),
  });
  expect((await cutover.approvers.mail()).filter(({ links }) => links.length > 0)).toEqual([]);
});

test('a rejection in a later phase sends everything back to the source, and the record says whose it was', async () => {
  await cutover.start();
  await cutover.decide('approve');
  const before = await cutover.approvers.until('half of it has moved', ({ weights }) => weights[target] === 50);
  expect(before.weights).toEqual({ [source]: 50, [target]: 50 });
  await cutover.decide('reject', katherine);
  const end = await cutover.ended();
  expect(end).toMatchObject({
    state: 'ROLLED_BACK',
    why: expect.stringContaining(`rejected by ${katherine}`),
    weights: { [source]: 100, [target]: 0 },
    home: source,
  });
  const decisions = (await cutover.audit()).flatMap(({ entry, by }) => (entry.what === 'decision' ? [[entry.decision, by.join()]] : []));
  expect(decisions.at(-1)).toEqual(['REJECTED', katherine]);
  expect(await cutover.unbroken()).toBe(true);
});
