import { paid } from './paid';
import { Waits, waitsOfCalls } from './waits-of-calls';
import { World } from './world';
import { EpochStore } from '../../src/ledger/homes/epoch-store.service';
import { KeyedOutcome, MoveCommand } from '../../src/ledger/model';
import { Change, Item, LedgerStore } from '../../src/ledger/ports';
import { PaymentsLedger } from '../../src/ledger/protocol/service';

/**
 * Counts how often a call waits: for another region, by strongly consistent requests one after the other, and for any answer. What is sent
 * at once counts once.
 */
class Ocean {
  public crossings = 0;
  public rounds = 0;
  private waiting: (() => void)[] = [];
  private crosses = false;

  public store(store: LedgerStore): LedgerStore {
    return {
      create: (item: Item) => this.wait(true, () => store.create(item)),
      change: (change: Change) => this.wait(true, () => store.change(change)),
      read: (pk, strong) => this.wait(strong, () => store.read(pk, strong)),
      readMany: (pks) => this.wait(true, () => store.readMany(pks)),
      list: (account, limit, from) => this.wait(false, () => store.list(account, limit, from)),
    };
  }

  private wait<T>(crosses: boolean, request: () => Promise<T>): Promise<T> {
    return new Promise((resolve) => {
      this.crosses ||= crosses;
      if (this.waiting.length === 0) setImmediate(() => this.arrive());
      this.waiting.push(() => resolve(request()));
    });
  }

  private arrive(): void {
    const { waiting, crosses } = this;
    [this.waiting, this.crosses] = [[], false];
    this.rounds += 1;
    if (crosses) this.crossings += 1;
    waiting.forEach((answer) => answer());
  }
}

describe.each(['strong', 'home'] as const)('in %s', (mode) => {
  const world = new World();
  const ocean = new Ocean();
  const store = mode === 'strong' ? ocean.store(world.memory) : new EpochStore(ocean.store(world.memory), 1);
  const ledger = new PaymentsLedger({ ...world.ports(), store }, { region: 'us-east-1', copiesFollow: mode === 'home' });
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

  /** What must be there before, and the call whose waits count. */
  const calls: Readonly<Record<keyof typeof waitsOfCalls, () => Promise<() => Promise<unknown>>>> = {
    'an authorization': async () => () => pay(key()),
    'an authorization that is declined': async () => () => pay(key(), 1_000_000),
    'a first replay': async () => {
      const again = key();
      await pay(again);
      return () => pay(again);
    },
    'a replay': async () => {
      const again = key();
      await pay(again);
      await pay(again);
      return () => pay(again);
    },
    'a capture': async () => {
      const id = await payment();
      return () => move(key(), 'CAPTURE', id);
    },
    'a void': async () => {
      const id = await payment();
      return () => move(key(), 'VOID', id);
    },
    'a refund': async () => {
      const id = await moved('CAPTURE');
      return () => move(key(), 'REFUND', id);
    },
    'a GET of an account': async () => () => ledger.getAccount(world.context(), 'acc'),
    'a GET of a payment without a stored outcome': async () => get(await payment()),
    'a GET of a captured payment': async () => get(await moved('CAPTURE')),
    'a GET of a payment that is refunded in part': async () => {
      const id = await moved('CAPTURE');
      await move(key(), 'REFUND', id, 40);
      return get(id);
    },
    'a GET of a voided payment': async () => get(await moved('VOID')),
    'a GET of a payment whose decline is stored': async () => {
      const declined = key();
      for (const time of [1, 2]) expect([time, paid(await pay(declined, 1_000_000)).status]).toEqual([time, 'DECLINED']);
      return get(paid(await pay(declined, 1_000_000)).paymentId);
    },
    'a page of transactions': async () => {
      // The newest lines, in front of the declines before them.
      world.nowMs += 1;
      for (let n = 0; n < 3; n += 1) await payment();
      return () => ledger.listTransactions(world.context(), { accountId: 'acc', limit: 3 });
    },
  };

  test.each(Object.entries(waitsOfCalls))('%s waits as often as it must', async (what, waits: Waits) => {
    const call = await calls[what as keyof typeof waitsOfCalls]();
    [ocean.crossings, ocean.rounds] = [0, 0];
    await call();
    expect(ocean.rounds).toBe(waits[mode]);
    if (mode === 'strong') expect(ocean.crossings).toBe(waits.crossings);
  });
});
