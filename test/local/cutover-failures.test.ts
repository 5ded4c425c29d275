import { CutoverRun, katherine, source, target } from './cutover-run';
import type { ListedVersion } from './document-run';
import { runCommand } from '../commands/run-command';

jest.setTimeout(1_800_000);

let cutover: CutoverRun;

beforeAll(async () => {
  cutover = await CutoverRun.open();
});

afterAll(async () => cutover?.close());

/** Starts a run without a word of what was copied: it ends before people are asked, and nothing has moved. */
async function refused(why: string): Promise<void> {
  await cutover.start({ attested: {} });
  const end = await cutover.ended();
  expect(end).toMatchObject({
    state: 'PAUSED',
    why: expect.stringContaining(`documents-backfilled: ${why}`),
    weights: { [source]: 100, [target]: 0 },
    home: source,
  });
  expect(end.checks).toMatchObject({
    passed: false,
    checks: expect.arrayContaining([
      expect.objectContaining({ name: 'documents-backfilled', passed: false, value: expect.stringContaining(why) }),
    ]),
  });
  expect((await cutover.approvers.mail()).filter(({ links }) => links.length > 0)).toEqual([]);
}

const names = (versions: readonly ListedVersion[]): string[] =>
  versions
    .map(({ key, versionId, deleteMarker }) => `${key} ${versionId} ${deleteMarker === true}`)
    .filter((name) => !name.startsWith('.'));

test('documents that existed before, their versions and deletions are in the copy after the backfill, through a partition', async () => {
  const { documents } = cutover;
  await documents.beforeRules(async () => {
    await documents.put('old/corrected', 'one');
    await documents.put('old/corrected', 'two');
    await documents.put('old/withdrawn', 'three');
    await documents.remove(source, 'old/withdrawn');
  });
  expect(names(await documents.list(target))).toEqual([]);
  // A check that fails ends the run before people are asked.
  await refused('never compared');
  cutover.run.links.set(source, target, { partitioned: true });
  let looks = 0;
  const state = await documents.backfill(() => {
    looks += 1;
    if (looks === 15) cutover.run.links.set(source, target, { partitioned: false });
  });
  // On a slow machine the look behind the last one finds it done.
  expect(looks).toBeGreaterThanOrEqual(15);
  expect(state).toMatchObject({ state: 'DONE', copied: 4, failed: 0, report: { equal: true, differences: [] } });
  expect(names(await documents.list(source))).toHaveLength(4);
  expect(names(await documents.list(target))).toEqual(names(await documents.list(source)));
});

test('a version removed from the copy by hand is in the report: the cutover does not start, nor with an old report', async () => {
  const { documents } = cutover;
  const lost = (await documents.list(source)).find(({ key, deleteMarker }) => key === 'old/withdrawn' && !deleteMarker)!;
  await documents.remove(target, lost.key, lost.versionId);
  expect(await documents.backfill()).toMatchObject({
    report: { equal: false, differences: [{ key: lost.key, versionId: lost.versionId, why: 'the copy has not got this version' }] },
  });
  await refused('4 versions, 1 differences');
  // S3 does not copy again what was removed for good.
  await documents.remove(source, lost.key, lost.versionId);
  expect(await documents.backfill()).toMatchObject({ report: { equal: true } });
  await documents.changeRecord((record) => ({ ...record, at: new Date(Date.now() - 2 * 3_600_000).toISOString() }));
  await refused('3 versions, 0 differences');
  await documents.changeRecord((record) => ({ ...record, at: new Date().toISOString() }));
});

test('a rejection in a later phase sends everything back to the source, and the record says whose it was', async () => {
  // Without a word of a person: the comparison of the documents says enough.
  await cutover.start({ attested: {} });
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
  const endpoint = `${cutover.run.url}/_local/aws/{region}`;
  const report = await runCommand(['audit-report', '--system', 'acme-pay', '--region', target, '--endpoint-url', endpoint]);
  expect(report.output).toContain('Unbroken:');
  expect(report.output).toContain(katherine);
  expect(report.code).toBe(0);
});
