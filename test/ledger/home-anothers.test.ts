import { home, TwoRegions } from './two-regions';
import { keyId } from '../../src/kernel/fingerprint';
import { carry, reclaim } from '../../src/ledger/homes/carry.domain';
import { Item } from '../../src/ledger/ports';
import { moveOf, paymentOf } from '../../src/ledger/protocol/domain';

/** One key for two requests, and a lost home between them: what an account shows is one request's, and no other one takes it. */

const id = (key: string): string => keyId('acme', key);
let items: ReadonlyMap<string, Item>;
const itemOf = (key: string): Item => ({ ...items.get(`k#${id(key)}@1`)!, pk: `k#${id(key)}` });
const withEntries = (entries: Readonly<Record<string, string>>): Item => ({
  ...items.get('a#acme#acc@1')!,
  pk: 'a#acme#acc',
  carriedFrom: 1,
  line: { 1: 2e12 },
  entries,
});

beforeEach(async () => {
  const world = new TwoRegions();
  await world.in(home).openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
  await world.pay(home, 'P', 10);
  await world.move(home, 'c', 'CAPTURE', `pay_${id('P')}`);
  await world.move(home, 'r', 'REFUND', `pay_${id('P')}`, 5);
  items = world.replicas.get(home)!.items;
});

test('a refund whose key has captured its payment is another request', () => {
  const account = withEntries({ [id('P')]: `C${id('r')}10/10` });
  expect(reclaim(itemOf('r'), account, new Map())).toBeUndefined();
});

test('a capture of a payment that was made again with another amount is another request', () => {
  expect(reclaim(itemOf('c'), withEntries({ [id('P')]: 'H20' }), new Map())).toBeUndefined();
  expect(reclaim(itemOf('c'), withEntries({ [id('P')]: 'H10' }), new Map())).toBeDefined();
});

test('a refund that was made again with another amount counts as the account has moved it', () => {
  const account = withEntries({ [id('r')]: `R${id('P')}7` });
  const payment = paymentOf(carry({ item: itemOf('P'), epoch: 1 }, account, new Map())!);
  expect([payment.refunded, payment.moves[id('r')].amount]).toEqual([7, 7]);
});

test('a capture that was made again with another amount counts as the account has taken it', () => {
  const account = withEntries({ [id('P')]: `C${id('c')}7/10` });
  const payment = paymentOf(carry({ item: itemOf('P'), epoch: 1 }, account, new Map())!);
  expect([payment.captured, payment.moves[id('c')].amount, moveOf(itemOf('c')).amount]).toEqual([7, 7, 10]);
});

test.each([
  ['its own item did not arrive complete', (item: Item) => carry({ item, epoch: 1 }, refusedOn(), new Map())],
  ['its own item did not arrive', (item: Item) => reclaim(item, refusedOn(), new Map())],
])('a refund stays refused, as its account says, where %s', (_, later) => {
  const { outcome, moved: _moved, answer, appliedAt, ...claim } = itemOf('r');
  expect(moveOf(later(claim as Item)!).outcome).toMatchObject({ status: 'REFUSED', code: 'not_captured' });
});

/** The payment was captured after that. */
const refusedOn = (): Item => withEntries({ [id('P')]: `C${id('c')}10/10`, [id('r')]: 'X' });
