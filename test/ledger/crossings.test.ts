import { paid } from './paid';
import { Waits, waitsOfCalls } from './waits-of-calls';
import { World } from './world';
import { EpochStore } from '../../src/ledger/homes/epoch-store.service';
import { KeyedOutcome, MoveCommand } from '../../src/ledger/model';
import { Change, Item, LedgerStore } from '../../src/ledger/ports';
import { Attempt } from '../../src/ledger/protocol/attempt.service';
import { bounds } from '../../src/ledger/protocol/domain';
import { PaymentsLedger } from '../../src/ledger/protocol/service';
import { trim } from '../../src/ledger/protocol/trim.service';

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

const account = 'a#acme#acc';

/** A ledger behind an ocean, and what is done with it. */
function beside(mode: 'strong' | 'home') {
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
  return { world, ocean, ledger, pay, move, key, payment, moved, get };
}

describe.each(['strong', 'home'] as const)('in %s', (mode) => {
  const { world, ocean, ledger, pay, move, key, payment, moved, get } = beside(mode);

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

describe.each(['strong', 'home'] as const)('of a hold that has left its account, in %s', (mode) => {
  const { world, ocean, ledger, move, key, payment, get } = beside(mode);
  const lookAfter = async (): Promise<void> => {
    // In HOME_REGION the first look completes what is behind an entry, whose time begins then.
    for (const _ of [1, 2]) {
      world.nowMs += bounds.trimAfterReplicatedMs + 1;
      const { ports, context } = world.attempt();
      const home = { ...ports, store: new EpochStore(world.memory, 1) };
      await trim(mode === 'strong' ? world.attempt() : new Attempt(home, { region: 'us-west-2', copiesFollow: true }, context), account);
    }
    const { entries } = world.stored(mode === 'strong' ? account : `${account}@1`);
    expect(entries).toEqual({});
  };
  const left = async (): Promise<string> => {
    const id = await payment();
    await lookAfter();
    return id;
  };
  const captured = async (): Promise<string> => {
    const id = await left();
    await move(key(), 'CAPTURE', id);
    return id;
  };

  beforeAll(() => ledger.openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 10_000 }));

  const calls: Readonly<
    Record<string, readonly [waits: Readonly<Record<'strong' | 'home', number>>, prepare: () => Promise<() => Promise<unknown>>]>
  > = {
    'a capture': [
      { strong: 3, home: 5 },
      async () => {
        const id = await left();
        return () => move(key(), 'CAPTURE', id);
      },
    ],
    'a void': [
      { strong: 3, home: 5 },
      async () => {
        const id = await left();
        return () => move(key(), 'VOID', id);
      },
    ],
    'a refund of what was captured so': [
      { strong: 4, home: 8 },
      async () => {
        const id = await captured();
        return () => move(key(), 'REFUND', id);
      },
    ],
    'a replay of such a capture': [
      { strong: 1, home: 2 },
      async () => {
        const [id, again] = [await left(), key()];
        for (const _ of [1, 2]) await move(again, 'CAPTURE', id);
        return () => move(again, 'CAPTURE', id);
      },
    ],
    'a GET of the payment': [{ strong: 1, home: 1 }, async () => get(await left())],
    'a GET of the payment when it was captured': [{ strong: 1, home: 2 }, async () => get(await captured())],
    'a GET of the payment when its capture has left the account too': [
      { strong: 1, home: 3 },
      async () => {
        const id = await captured();
        await lookAfter();
        return get(id);
      },
    ],
  };

  test.each(Object.entries(calls))('%s waits as often as it must', async (_, [waits, prepare]) => {
    const call = await prepare();
    [ocean.crossings, ocean.rounds] = [0, 0];
    await call();
    expect(mode === 'strong' ? ocean.crossings : ocean.rounds).toBe(waits[mode]);
  });
});
