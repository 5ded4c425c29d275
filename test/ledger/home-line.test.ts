import { home, TwoRegions } from './two-regions';
import { keyId } from '../../src/kernel/fingerprint';
import { carry } from '../../src/ledger/homes/carry.domain';
import { EpochStore } from '../../src/ledger/homes/epoch-store.service';
import { lineOf, wasIn } from '../../src/ledger/homes/line.domain';
import { toStored } from '../../src/ledger/items.aws';
import { Item } from '../../src/ledger/ports';
import { MemoryStore } from '../../tools/memory/memory-store';

/** The epochs that an account comes from: an item of another one is a bare claim, wherever it is read. */

const accountKey = 'a#acme#acc';
const account = (more: Readonly<Record<string, Item[string]>>): Item => ({
  pk: accountKey,
  kind: 'ACCOUNT',
  entries: {},
  trimmedThrough: 100,
  version: 9,
  ...more,
});

async function paid(key: string): Promise<Item> {
  const world = new TwoRegions();
  await world.in(home).openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
  await world.pay(home, key, 10);
  await world.pay(home, key, 10);
  const pk = `k#${keyId('acme', key)}`;
  return { ...world.replicas.get(home)!.items.get(`${pk}@1`)!, pk };
}

test('are read as the release before kept them, which left out those that told nothing new', () => {
  expect(lineOf(account({ carriedFrom: 3, carriedThrough: { 1: 100 } }))).toEqual([3, 2, 1]);
});

test('are read where the release before carried an account over that had a line', () => {
  const later = account({ carriedFrom: 3, line: { 1: 50 }, carriedThrough: { 2: 70 } });
  expect([1, 2, 3, 4].map((epoch) => wasIn(later, epoch))).toEqual([true, true, true, false]);
});

test('keep the release before from an account that it would take for one without a past', () => {
  expect(toStored(account({ line: { 1: 50 } }))).toHaveProperty('fence', { NULL: true });
  expect(toStored(account({}))).not.toHaveProperty('fence');
});

test('serve each of many items, however far down the others had to be looked for', async () => {
  const store = new MemoryStore();
  const one = await paid('one');
  store.items.set(`${accountKey}@6`, account({ pk: `${accountKey}@6`, carriedFrom: 4, line: { 1: 100, 4: 100 }, trimmedThrough: 2e12 }));
  const keys = Array.from({ length: 60 }, (_, n) => `k#${keyId('acme', `x${n}`)}`);
  const put = (pk: string, epoch: number, more: Readonly<Record<string, Item[string]>>): void => {
    const { outcome: _, ...claim } = one;
    store.items.set(`${pk}@${epoch}`, { ...(claim as Item), ...more, pk: `${pk}@${epoch}` });
  };
  const declined = { outcome: 'DECLINED', reason: 'insufficient_funds' };
  for (const pk of keys.slice(1)) {
    for (const [epoch, more] of [
      [4, declined],
      [5, {}],
    ] as const) {
      put(pk, epoch, more);
    }
  }
  put(keys[0], 2, {});
  const read = await new EpochStore(store, 6).readMany(keys);
  expect(read).toHaveLength(60);
  expect(read.filter(({ outcome }) => outcome === 'DECLINED')).toHaveLength(59);
});

test.each([
  ['a refund', `R${'p'.repeat(22)}10`],
  ['a refusal', 'X'],
  ['a hold of another amount', 'H20'],
])('leave a payment to %s that an epoch without it has put under its key', async (_, code) => {
  const payment = await paid('one');
  const later = account({ line: { 1: 2e12, 2: 2e12 }, carriedFrom: 2, entries: { [payment.pk.slice(2)]: code } });
  expect(carry({ item: payment, epoch: 1 }, later, new Map())).toBeUndefined();
});
