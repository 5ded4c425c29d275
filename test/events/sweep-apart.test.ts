import { LostRegion, paymentIdOfKey } from './lost-region';
import { keyId } from '../../src/kernel/fingerprint';

/** A lost region's last batch has replicated, but for one claim: no order holds between items. */
test('what a lost region had decided is told, though a claim of another payment has not arrived; that one is told later', async () => {
  const region = await LostRegion.with('a', 'b');
  const arrives = region.loses('k-a');
  await region.note();
  expect(await region.due()).toEqual({ kind: 'published', events: 1 });
  expect(region.told).toEqual([['payment.authorised', paymentIdOfKey('k-b')]]);
  expect(region.hints.map(({ decided }) => decided.map(({ payment }) => payment))).toEqual([[keyId('acme', 'k-a')]]);
  const [hint] = region.hints;
  expect(await region.due()).toMatchObject({ kind: 'open' });
  expect(region.hints).toEqual([]);
  arrives();
  expect(await region.sweep.sweep(hint, region.world.nowMs + 1_000)).toEqual({ kind: 'published', events: 1 });
  expect(region.told.map(([, subject]) => subject)).toEqual(['k-b', 'k-a'].map(paymentIdOfKey));
});

test('what comes before a claim that has not arrived is told, of the same payment too', async () => {
  const region = await LostRegion.with('a');
  await region.move(region.ledger, 'c-a', 'CAPTURE', 10);
  region.loses('c-a');
  await region.note();
  expect(await region.due()).toEqual({ kind: 'published', events: 1 });
  expect(region.told).toEqual([['payment.authorised', paymentIdOfKey('k-a')]]);
  expect(region.hints.map(({ decided }) => decided.map(({ type }) => type))).toEqual([['payment.captured']]);
});
