import { LostRegion, paymentIdOfKey, survivor } from './lost-region';
import { recordsOf } from './outbox-world';
import type { StreamRecord } from '../../src/events/outbox/service';
import { keyId } from '../../src/kernel/fingerprint';

const missing = (key: string): string => `the claims of ${keyId('acme', key)} are not in this region`;

async function bothRegionsPaid(): Promise<LostRegion> {
  const region = await LostRegion.with('a', 'b', 'c');
  await region.authorise(region.ledgerOf(survivor, 2), 'k-own', 10, 'c');
  return region;
}

const republish = (region: LostRegion, records: readonly StreamRecord[] = recordsOf(region.world.store.stream)) =>
  region.world.outbox(survivor, region.bus.sink).republish(records, region.world.nowMs + 10_000);

const authorised = (...keys: string[]): unknown => keys.map((key) => ['payment.authorised', paymentIdOfKey(key)]);

/** The stream forgets a range after a day: what waits for a claim must not keep the others in it. */
test('a redrive publishes all but what waits for a claim of a lost region: of that region, and of its own', async () => {
  const region = await bothRegionsPaid();
  const arrives = region.loses('k-a');
  expect(await republish(region)).toEqual({ published: 3, failed: missing('k-a') });
  expect(region.told).toEqual(authorised('k-b', 'k-c', 'k-own'));
  arrives();
  expect(await republish(region)).toEqual({ published: 4 });
  expect(region.bus.byId.size).toBe(4);
});

test('a redrive goes on after a record that cannot be read, and says all that has failed', async () => {
  const region = await bothRegionsPaid();
  region.loses('k-a');
  const [first, ...others] = recordsOf(region.world.store.stream);
  const odd: StreamRecord = {
    ...first,
    id: 'odd',
    change: () => {
      throw new Error('of another version');
    },
  };
  expect(await republish(region, [first, odd, ...others])).toEqual({
    published: 3,
    failed: `${missing('k-a')}; record odd: of another version`,
  });
});

test('a redrive goes on where the claims of one region cannot be read', async () => {
  const region = await bothRegionsPaid();
  const { store } = region.world;
  const odd = store.items.get(`k#${keyId('acme', 'k-b')}@1`)!;
  store.items.set(odd.pk, { ...odd, at: Number.NaN });
  expect(await republish(region)).toEqual({ published: 1, failed: 'RangeError: Invalid time value' });
  expect(region.told).toEqual(authorised('k-own'));
});
