import { paid } from './paid';
import { World } from './world';
import { ListOutcome } from '../../src/ledger/model';
import { LedgerStore } from '../../src/ledger/ports';
import { PaymentsLedger } from '../../src/ledger/protocol/service';

type Found = Extract<ListOutcome, { kind: 'found' }>;

let world: World;
let ledger: PaymentsLedger;
/** What the store was asked for: requests, and items that were read one by one or many at a time. */
let spent: { requests: number; items: number };

beforeEach(async () => {
  world = new World();
  spent = { requests: 0, items: 0 };
  const { memory } = world;
  const counted: LedgerStore = {
    create: (item) => memory.create(item),
    change: (change) => memory.change(change),
    read: (pk) => {
      Object.assign(spent, { requests: spent.requests + 1, items: spent.items + 1 });
      return memory.read(pk);
    },
    readMany: (pks) => {
      Object.assign(spent, { requests: spent.requests + 1, items: spent.items + pks.length });
      return memory.readMany(pks);
    },
    list: (account, limit, from) => {
      spent.requests += 1;
      return memory.list(account, limit, from);
    },
  };
  ledger = new PaymentsLedger({ ...world.ports(), store: counted }, { region: 'us-east-1' });
  await ledger.openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000_000 });
});

const pay = async (key: string, amount = 100): Promise<string> => {
  world.nowMs += 10;
  return paid(await ledger.authorise(world.context(), { idempotencyKey: key, accountId: 'acc', amount, currency: 'EUR' })).paymentId;
};
const list = async (limit: number, cursor?: string): Promise<Found> => {
  Object.assign(spent, { requests: 0, items: 0 });
  const outcome = await ledger.listTransactions(world.context(), { accountId: 'acc', limit, ...(cursor ? { cursor } : {}) });
  if (outcome.kind !== 'found') throw new Error(JSON.stringify(outcome));
  return outcome;
};

it('reads as many items as it shows lines, and the account', async () => {
  for (let n = 0; n < 250; n += 1) await pay(`p${n}`);
  const first = await list(100);
  expect([first.items.length, spent]).toEqual([100, { requests: 3, items: 101 }]);
  const second = await list(100, first.nextCursor);
  expect([second.items.length, spent]).toEqual([100, { requests: 3, items: 101 }]);
  const last = await list(100, second.nextCursor);
  expect([last.items.length, last.nextCursor]).toEqual([50, undefined]);
  expect(new Set([...first.items, ...second.items, ...last.items].map(({ paymentId }) => paymentId)).size).toBe(250);
});

describe.each([1, 20, 100])('in pages of %i', (limit) => {
  it('goes past any number of declines in bounded steps, each with a cursor', async () => {
    const oldest = await pay('oldest');
    for (let n = 0; n < 1_500; n += 1) await pay(`d${n}`, 2_000_000);
    const pages: Found[] = [];
    let cursor: string | undefined;
    do {
      const page = await list(limit, cursor);
      pages.push(page);
      cursor = page.nextCursor;
      expect(spent.requests).toBeLessThanOrEqual(19);
      expect(spent.items).toBeLessThanOrEqual(302);
    } while (cursor && pages.length < 50);
    expect(cursor).toBeUndefined();
    expect(pages.length).toBeLessThanOrEqual(9);
    expect(pages[0].items).toEqual([]);
    expect(pages.flatMap(({ items }) => items).map(({ paymentId }) => paymentId)).toEqual([oldest]);
  });

  it('fills a page that a few declines are in, without reading much more', async () => {
    for (let n = 0; n < 250; n += 1) await pay(`p${n}`, n % 10 === 0 ? 2_000_000 : 100);
    const page = await list(limit);
    expect(page.items).toHaveLength(limit);
    expect(spent.items).toBeLessThanOrEqual(1 + Math.ceil(limit * 1.25) + 2);
  });
});

it('shows a payment that is decided while the page is read, when a move of it is on the page', async () => {
  await pay('before');
  const { memory } = world;
  const { readMany } = memory;
  const paymentId = await pay('p');
  // The account as the page begins with it does not know the payment; its item is read before its capture, the capture's item after it.
  const account = structuredClone(memory.items.get('a#acme#acc')!);
  const { entries } = account;
  delete (entries as Record<string, string>)[paymentId.slice('pay_'.length)];
  const stale = memory.items.get(`k#${paymentId.slice('pay_'.length)}`)!;
  world.nowMs += 10;
  expect(paid(await ledger.move(world.context(), { idempotencyKey: 'c', paymentId, type: 'CAPTURE' })).status).toBe('CAPTURED');
  const { read } = memory;
  let first = true;
  memory.read = async (pk) => {
    const found = await read.call(memory, pk);
    if (pk !== account.pk || !first) return found;
    first = false;
    return account;
  };
  memory.readMany = async (pks) =>
    (await readMany.call(memory, pks)).map((item) => (item.pk === stale.pk && pks.length > 1 ? stale : item));
  expect((await list(10)).items.map(({ type }) => type)).toEqual(['CAPTURE', 'AUTHORISATION', 'AUTHORISATION']);
});
