import { paid } from './paid';
import { changeableBounds, sets, World } from './world';
import { keyId } from '../../src/kernel/fingerprint';
import { EpochStore } from '../../src/ledger/homes/epoch-store.service';
import { CallContext, KeyedOutcome, MoveCommand } from '../../src/ledger/model';
import { EntryToLeave, Item, LedgerPorts, LedgerStore } from '../../src/ledger/ports';
import { Attempt } from '../../src/ledger/protocol/attempt.service';
import { keyItemPk } from '../../src/ledger/protocol/domain';
import { PaymentsLedger } from '../../src/ledger/protocol/service';
import { trim } from '../../src/ledger/protocol/trim.service';

/** Holds that leave their account in HOME_REGION: when the other region says that it has them, or when they are old. */

const bounds = changeableBounds();
const account = 'a#acme#acc';
const settings = { region: 'us-east-1', copiesFollow: true } as const;
let world: World;
let asked: EntryToLeave[][];
let answer: (entries: readonly EntryToLeave[]) => readonly string[] | undefined;
let paymentId: string;

const context = (): CallContext => world.context('acme', 1_000_000);
const id = (key: string): string => keyId('acme', key);
const ports = (store: LedgerStore = world.memory): LedgerPorts => ({
  ...world.ports(),
  store: new EpochStore(store, 1),
  arrived: (_, accountId, entries) => {
    expect(accountId).toBe('acc');
    asked.push([...entries]);
    const named = answer(entries);
    return Promise.resolve({ ids: new Set(named ?? entries.map((entry) => entry.id)), fromAll: named !== undefined });
  },
});
const ledger = (store?: LedgerStore): PaymentsLedger => new PaymentsLedger(ports(store), settings);
const pay = (key: string): Promise<KeyedOutcome> =>
  ledger().authorise(context(), { idempotencyKey: key, accountId: 'acc', amount: 100, currency: 'EUR' });
const act = (key: string, type: MoveCommand['type'], amount?: number, by = ledger()): Promise<KeyedOutcome> =>
  by.move(context(), { idempotencyKey: key, paymentId, type, ...(amount === undefined ? {} : { amount }) });
const itemOf = (key: string): Item => world.stored(`${keyItemPk(id(key))}@1`);
const entries = (): Readonly<Record<string, string>> => world.stored(`${account}@1`).entries as Readonly<Record<string, string>>;
const balances = (): unknown[] => ['available', 'held', 'settled'].map((name) => world.stored(`${account}@1`)[name]);
const shown = async (): Promise<unknown> => {
  const found = await ledger().getPayment(context(), paymentId);
  return found.kind === 'found' ? [found.payment.status, found.payment.captured] : found.kind;
};
const lookAfter = async (afterMs = bounds.trimAfterCrowdedMs + 1): Promise<void> => {
  world.nowMs += afterMs;
  await trim(new Attempt(ports(), settings, context()), account);
};
/** One look completes what is behind the entries, a later one removes them. */
const leave = async (): Promise<void> => {
  for (const _ of [1, 2]) await lookAfter();
};
const all = (some: readonly EntryToLeave[]): readonly string[] => some.map((entry) => entry.id);
const none = (): readonly string[] => [];

beforeEach(async () => {
  world = new World();
  [asked, answer] = [[], all];
  Object.assign(bounds, { crowdedFrom: 0, askFrom: 1 });
  await ledger().openAccount(context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
  ({ paymentId } = paid(await pay('p')));
});

test('a hold leaves at once when the other region has it as it stands here, and not before', async () => {
  answer = none;
  await lookAfter();
  // What the look has completed is on its way still.
  expect([Object.keys(entries()), itemOf('p').outcome, asked]).toEqual([[id('p')], 'AUTHORISED', []]);
  const entry = { id: id('p'), code: 'H100', behind: [[id('p'), itemOf('p').version]] };
  await lookAfter();
  expect([Object.keys(entries()), asked]).toEqual([[id('p')], [[entry]]]);
  answer = all;
  await lookAfter();
  expect([asked[1], entries(), ...balances()]).toEqual([[entry], {}, 900, 100, 0]);
  expect(world.stored(`${account}@1`).trimmedThrough).toBe(itemOf('p').at);
});

test('what has left is captured by its own item and taken to the account, and goes when both are there', async () => {
  await leave();
  expect(entries()).toEqual({});
  expect(paid(await act('c', 'CAPTURE', 60))).toMatchObject({ status: 'CAPTURED', captured: 60 });
  expect([entries(), ...balances()]).toEqual([{ [id('p')]: `K${id('c')}60/100` }, 940, 0, 60]);
  await leave();
  const { dueAt } = itemOf('p');
  expect([entries(), itemOf('c').outcome, itemOf('c').appliedAt, await shown()]).toEqual([{}, 'DONE', dueAt, ['CAPTURED', 60]]);
  expect(asked.at(-1)!.map(({ behind }) => behind.map(([key]) => key))).toEqual([[id('p'), id('c')]]);
  expect(world.stored(`${account}@1`).trimmedThrough).toBe(dueAt);
  expect(paid(await act('r', 'REFUND', 20)).refunded).toBe(20);
});

test('a closure that the account has not taken is shown to no reader, and a replay takes it there once', async () => {
  await leave();
  const dies = Object.assign(Object.create(world.memory) as World['memory'], {
    change: (change: Parameters<LedgerStore['change']>[0]) =>
      sets('entries', id('p'))(change) ? Promise.reject(new Error('the function ended')) : world.memory.change(change),
  });
  await expect(act('c', 'CAPTURE', 60, ledger(dies))).rejects.toThrow('the function ended');
  expect([itemOf('p').closedBy, await shown(), ...balances()]).toEqual([id('c'), ['AUTHORISED', 0], 900, 100, 0]);
  for (const _ of [1, 2]) expect(await act('c', 'CAPTURE', 60)).toMatchObject({ replayed: true, payment: { captured: 60 } });
  expect(balances()).toEqual([940, 0, 60]);
  await leave();
  expect([entries(), paid(await act('c', 'CAPTURE', 60)).captured, ...balances()]).toEqual([{}, 60, 940, 0, 60]);
});

test('a claim that comes behind the watermark gets a new date, and expires no more', async () => {
  const store = Object.assign(Object.create(world.memory) as World['memory'], {
    change: async (change: Parameters<LedgerStore['change']>[0]) => {
      if (sets('entries', id('q'))(change) && itemOf('q').entryAt === undefined) {
        await world.memory.change({ pk: `${account}@1`, require: [], set: [[['trimmedThrough'], world.nowMs + 500]] });
      }
      return world.memory.change(change);
    },
  });
  const command = { idempotencyKey: 'q', accountId: 'acc', amount: 100, currency: 'EUR' };
  expect(paid(await ledger(store).authorise(context(), command))).toMatchObject({ status: 'AUTHORISED' });
  expect([itemOf('q').entryAt, ...balances()]).toEqual([(itemOf('q').at as number) + 500 + bounds.inFrontMs, 800, 200, 0]);
});

test('a look that another one came before gives its removal up, and a later look makes it', async () => {
  answer = (some) => {
    // The other look has removed something newer meanwhile.
    world.memory.items.set(`${account}@1`, { ...world.stored(`${account}@1`), trimmedThrough: world.nowMs });
    answer = all;
    return all(some);
  };
  await leave();
  expect([Object.keys(entries()).length, asked.length]).toEqual([1, 1]);
  await lookAfter();
  expect(entries()).toEqual({});
});

describe('an entry stays', () => {
  test('until its items are old, where the other region does not answer', async () => {
    answer = () => undefined;
    await lookAfter();
    await lookAfter(bounds.trimAfterReplicatedMs - 1_000);
    expect(Object.keys(entries())).toHaveLength(1);
    await lookAfter(1_001);
    expect(entries()).toEqual({});
  });

  test('however old it is, where the other region answers that it has not arrived; unless the account is half full', async () => {
    answer = none;
    for (const _ of [1, 2, 3]) await lookAfter(bounds.trimAfterReplicatedMs + 1);
    expect(Object.keys(entries())).toHaveLength(1);
    bounds.entriesPerAccount = 1;
    await lookAfter();
    expect(entries()).toEqual({});
  });

  test('for a minute on an account with few', async () => {
    bounds.crowdedFrom = 12;
    await lookAfter(bounds.trimAfterMs - 1_000);
    expect([Object.keys(entries()).length, asked]).toEqual([1, []]);
    for (const _ of [1, 2]) await lookAfter(1_001);
    expect(entries()).toEqual({});
  });

  test('until so many may go that they are worth a question', async () => {
    bounds.askFrom = 3;
    await pay('q');
    await leave();
    expect([Object.keys(entries()).length, asked]).toEqual([2, []]);
    await pay('r');
    await leave();
    expect([Object.keys(entries()).length, asked.map((some) => some.length)]).toEqual([0, [3]]);
  });

  test('no longer for that, where the account is half full', async () => {
    Object.assign(bounds, { askFrom: 3, entriesPerAccount: 3 });
    await pay('q');
    await leave();
    expect([entries(), asked.length]).toEqual([{}, 1]);
  });

  test('however old, where there are few', async () => {
    bounds.askFrom = 2;
    for (const _ of [1, 2, 3]) await lookAfter(bounds.trimAfterReplicatedMs + 1);
    expect([Object.keys(entries()).length, asked]).toEqual([1, []]);
  });
});
