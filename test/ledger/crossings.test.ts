import { paid } from './paid';
import { World } from './world';
import { KeyedOutcome, MoveCommand } from '../../src/ledger/model';
import { Change, Item, LedgerStore } from '../../src/ledger/ports';
import { PaymentsLedger } from '../../src/ledger/protocol/service';

/** Counts how often a call waits for another region: strongly consistent requests one after the other. What is sent at once counts once. */
class Ocean {
  public crossings = 0;
  private waiting: (() => void)[] = [];

  public store(store: LedgerStore): LedgerStore {
    return {
      create: (item: Item) => this.cross(() => store.create(item)),
      change: (change: Change) => this.cross(() => store.change(change)),
      read: (pk, strong) => (strong ? this.cross(() => store.read(pk, strong)) : store.read(pk, strong)),
      readMany: (pks) => this.cross(() => store.readMany(pks)),
      list: (account, limit, from) => store.list(account, limit, from),
    };
  }

  private cross<T>(request: () => Promise<T>): Promise<T> {
    return new Promise((resolve) => {
      if (this.waiting.length === 0) setImmediate(() => this.arrive());
      this.waiting.push(() => resolve(request()));
    });
  }

  private arrive(): void {
    const { waiting } = this;
    this.waiting = [];
    this.crossings += 1;
    waiting.forEach((answer) => answer());
  }
}

const world = new World();
const ocean = new Ocean();
const ledger = new PaymentsLedger({ ...world.ports(), store: ocean.store(world.memory) }, { region: 'us-east-1' });
const pay = (key: string, amount = 100): Promise<KeyedOutcome> =>
  ledger.authorise(world.context(), { idempotencyKey: key, accountId: 'acc', amount, currency: 'EUR' });
const move = (key: string, type: MoveCommand['type'], paymentId: string, amount?: number): Promise<KeyedOutcome> =>
  ledger.move(world.context(), { idempotencyKey: key, paymentId, type, ...(amount === undefined ? {} : { amount }) });
let keys = 0;
const key = (): string => `k${(keys += 1)}`;
const payment = async (): Promise<string> => paid(await pay(key())).paymentId;
const moved = async (type: MoveCommand['type']): Promise<string> => {
  const id = await payment();
  await move(key(), type, id);
  return id;
};
const get = (id: string) => () => ledger.getPayment(world.context(), id);

beforeAll(async () => {
  await ledger.openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 10_000 });
  await payment();
});

/** What must be there before, and the call whose crossings count. */
const calls: Readonly<Record<string, readonly [number, () => Promise<() => Promise<unknown>>]>> = {
  'an authorization': [1, async () => () => pay(key())],
  'an authorization that is declined': [2, async () => () => pay(key(), 1_000_000)],
  'a first replay': [
    2,
    async () => {
      const again = key();
      await pay(again);
      return () => pay(again);
    },
  ],
  'a replay': [
    0,
    async () => {
      const again = key();
      await pay(again);
      await pay(again);
      return () => pay(again);
    },
  ],
  'a capture': [
    3,
    async () => {
      const id = await payment();
      return () => move(key(), 'CAPTURE', id);
    },
  ],
  'a void': [
    3,
    async () => {
      const id = await payment();
      return () => move(key(), 'VOID', id);
    },
  ],
  'a refund': [
    4,
    async () => {
      const id = await moved('CAPTURE');
      return () => move(key(), 'REFUND', id);
    },
  ],
  'a GET of an account': [1, async () => () => ledger.getAccount(world.context(), 'acc')],
  'a GET of a payment without a stored outcome': [1, async () => get(await payment())],
  'a GET of a captured payment': [1, async () => get(await moved('CAPTURE'))],
  'a GET of a payment that is refunded in part': [
    1,
    async () => {
      const id = await moved('CAPTURE');
      await move(key(), 'REFUND', id, 40);
      return get(id);
    },
  ],
  'a GET of a voided payment': [0, async () => get(await moved('VOID'))],
  'a GET of a payment whose decline is stored': [
    0,
    async () => {
      const declined = key();
      for (const time of [1, 2]) expect([time, paid(await pay(declined, 1_000_000)).status]).toEqual([time, 'DECLINED']);
      return get(paid(await pay(declined, 1_000_000)).paymentId);
    },
  ],
  'a page of transactions': [
    2,
    async () => {
      // The newest lines, in front of the declines before them.
      world.nowMs += 1;
      for (let n = 0; n < 3; n += 1) await payment();
      return () => ledger.listTransactions(world.context(), { accountId: 'acc', limit: 3 });
    },
  ],
};

test.each(Object.entries(calls))('%s waits for another region as often as it must', async (_what, [crossings, prepare]) => {
  const call = await prepare();
  ocean.crossings = 0;
  await call();
  expect(ocean.crossings).toBe(crossings);
});
