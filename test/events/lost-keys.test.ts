import { LostRegion, lost, survivor } from './lost-region';
import { recordsOf } from './outbox-world';
import { keyId } from '../../src/kernel/fingerprint';
import { holdLostReason } from '../../src/ledger/contract';
import { Item } from '../../src/ledger/ports';

/** One key for two accounts, and a lost home between them: a record that stands for several writes has what the account began with. */

let region: LostRegion;
let arrives: () => void;

beforeEach(async () => {
  region = await LostRegion.with('a');
  await region.ledger.openAccount(region.world.context(), { accountId: 'b', currency: 'EUR', balance: 100 });
  arrives = region.loses('k-a');
  await region.authorise(region.ledgerOf(survivor, 2), 'k-a', 20, 'b');
});

/** What a record tells that has an account as an epoch has it after one more payment. */
async function toldOf(epoch: number, key: string, change: (item: Item) => Item = (item) => item): Promise<readonly unknown[]> {
  await region.authorise(region.ledgerOf(survivor, epoch), key, 5);
  const account = change(region.world.store.items.get(`a#acme#a@${epoch}`)!);
  expect(Object.keys(account.entries as object)).toContain(keyId('acme', 'k-a'));
  await region.world.outbox(survivor, region.bus.sink).publish(recordsOf([{ new: account }]), region.world.nowMs + 1_000);
  return region.bus.events.map(({ type, id, data }) => [type, id, data.accountId, data.amount, data.region]);
}

const event = (key: string, amount: number, where: string): unknown => [
  'payment.authorised',
  `evt_${keyId('acme', key)}`,
  'a',
  amount,
  where,
];

test('what an account began with is not told from the claim of another account', async () => {
  expect(await toldOf(2, 'k-next')).toEqual([event('k-next', 5, survivor)]);
});

test("what has no claim in the epoch of the write is told from the account's own, of whichever epoch", async () => {
  arrives();
  expect(await toldOf(3, 'k-next')).toEqual([event('k-a', 10, lost), event('k-next', 5, survivor)]);
});

test('a hold that was given back is no decline', async () => {
  region.loses('k-a', 2);
  arrives();
  const givenBack = (item: Item): Item => ({
    ...item,
    entries: { ...(item.entries as object), [keyId('acme', 'k-a')]: `D${holdLostReason}` },
  });
  expect(await toldOf(2, 'k-next', givenBack)).toEqual([event('k-next', 5, survivor)]);
});
