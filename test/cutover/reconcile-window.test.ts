import fc from 'fast-check';
import { accountOfKey, BucketDigest, bucketOf, compareItems, differingBuckets, ReplicaItem } from '../../src/cutover/reconcile-window.domain';
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
