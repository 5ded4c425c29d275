import fc from 'fast-check';
import { World } from './world';
import { CutoverPlan } from '../../src/cutover/cutover.contract';
import { accountOfKey, BucketDigest, bucketOf, compareItems, differingBuckets, ReplicaItem } from '../../src/cutover/reconcile-window.domain';
import { ReconcileWindow, WindowOutcome } from '../../src/cutover/reconcile-window.service';
import { sha256 } from '../../src/kernel/digest';

const hour = 3_600_000;
const item = fc.record({ id: fc.integer({ min: 0, max: 30 }), version: fc.integer({ min: 1, max: 3 }), hours: fc.integer({ min: 1, max: 5 }) })
  .map(({ id, version, hours }): ReplicaItem => ({ pk: `k#${id}`, version, writtenAt: hours * hour + version, digest: sha256(`${id} ${version}`) }));
const replica = fc.uniqueArray(item, { selector: ({ pk }) => pk, maxLength: 30 });
const bucketsOf = (items: readonly ReplicaItem[]): ReturnType<BucketDigest['buckets']> => {
  const digest = new BucketDigest();
  items.forEach((one) => digest.add(one));
  return digest.buckets();
};
const byKey = (items: readonly ReplicaItem[]): Map<string, ReplicaItem> => new Map(items.map((one) => [one.pk, one]));

test('by buckets and then by items finds exactly what a comparison of everything finds', () => {
  fc.assert(fc.property(replica, replica, (source, target) => {
    const differing = differingBuckets(bucketsOf(source), bucketsOf(target));
    const inThem = (items: readonly ReplicaItem[]): Map<string, ReplicaItem> => byKey(items.filter((one) => differing.has(bucketOf(one))));
    const found = compareItems(inThem(source), inThem(target), 100 * hour, 1).map(({ pk, kind }) => `${pk} ${kind}`).sort();
    expect(found).toEqual(compareItems(byKey(source), byKey(target), 100 * hour, 1).map(({ pk, kind }) => `${pk} ${kind}`).sort());
  }));
});

test('the order of a scan does not matter', () => {
  fc.assert(fc.property(replica, (items) => {
    expect(differingBuckets(bucketsOf(items), bucketsOf([...items].reverse())).size).toBe(0);
  }));
});

test('says how two items differ, and which may still be on their way', () => {
  const one = (version: number, digest = 'a', writtenAt = 0): Map<string, ReplicaItem> => new Map([['k', { pk: 'k', version, digest, writtenAt }]]);
  const none = new Map<string, ReplicaItem>();
  const kinds = [[one(2), one(1)], [one(1), one(2)], [one(1), none], [none, one(1)], [one(1, 'a'), one(1, 'b')]].map(([source, target]) => compareItems(source, target, 10_000, 1_000)[0].kind);
  expect(kinds).toEqual(['older in target', 'older in source', 'missing in target', 'missing in source', 'same version, other content']);
  expect(compareItems(one(1, 'a', 9_500), none, 10_000, 1_000)[0].inFlight).toBe(true);
  expect(compareItems(one(1), one(1), 10_000, 1_000)).toEqual([]);
});

test('knows an account by its key, of any epoch', () => {
  expect(accountOfKey('a#acme%23x#acc-1@12')).toEqual({ tenant: 'acme#x', accountId: 'acc-1' });
  expect(accountOfKey('a#acme#acc-1')).toEqual({ tenant: 'acme', accountId: 'acc-1' });
  expect(accountOfKey('k#abc@1')).toBeUndefined();
});

describe('while items are written', () => {
  const at = (time: string): number => Date.parse(`2026-11-22T${time}Z`);
  const one = (pk: string, version: number, time: string): ReplicaItem => ({ pk, version, writtenAt: at(time), digest: sha256(`${pk} ${version}`) });
  const plan = { mode: 'STRONG', source: 'us-east-1', target: 'eu-central-1', window: { seconds: 0, intervalSeconds: 900, settleSeconds: 300 } } as CutoverPlan;

  /** A round from 14:59 on, with what each region gives in the first reading and, at 15:00, in the second. */
  function round(source: readonly ReplicaItem[][], target: readonly ReplicaItem[][]): Promise<WindowOutcome> {
    const world = new World();
    world.nowMs = at('14:59:00');
    const readings = new Map([[plan.source, [...source]], [plan.target, [...target]]]);
    async function* scan(region: string): AsyncIterable<ReplicaItem> {
      yield* readings.get(region)!.shift()!;
      world.nowMs = at('15:00:30');
    }
    return new ReconcileWindow(world.log(), { scan }, () => Promise.reject(new Error('no account is asked for')), world.clock).round('run-1', plan, undefined, at('15:10:00'));
  }
  /** Makes 13:00 and 14:00 differ in the first reading, and is there in both regions in the second. */
  const late = { before: one('k#late', 1, '13:30:00'), after: one('k#late', 2, '14:58:50') };

  test('one that is written between the readings of the regions, across the full hour, is on its way', async () => {
    const [before, after] = [one('k#busy', 1, '13:00:00'), one('k#busy', 2, '15:00:40')];
    for (const outcome of [
      await round([[before, late.before], [before, late.after]], [[before, late.after], [after, late.after]]),
      await round([[before, late.after], [after, late.after]], [[before, late.before], [before, late.after]]),
    ]) expect(outcome).toMatchObject({ outcome: 'reconciled', round: { differing: 1, inFlight: 1, unexplained: [] } });
  });

  test('one that is missing since long ago is not', async () => {
    const gone = one('k#gone', 1, '13:00:00');
    expect(await round([[gone, late.before], [gone, late.after]], [[late.after], [late.after]])).toMatchObject({ outcome: 'unexplained', round: { unexplained: ['k#gone: missing in target'] } });
  });
});
