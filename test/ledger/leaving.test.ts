import { paid } from './paid';
import { sets, World } from './world';
import { keyId } from '../../src/kernel/fingerprint';
import { CallContext, KeyedOutcome, MoveCommand } from '../../src/ledger/model';
import { Change, Item } from '../../src/ledger/ports';
import { decideClosure, takeToAccount } from '../../src/ledger/protocol/closing.service';
import { redate } from '../../src/ledger/protocol/dates.service';
import { bounds, keyItemPk, moveOf, paymentOf } from '../../src/ledger/protocol/domain';
import { PaymentsLedger } from '../../src/ledger/protocol/service';
import { trim } from '../../src/ledger/protocol/trim.service';
import { releaseBefore } from '../simulation/releases/release';

/**
 * Holds that have left their account: what is decided on the payment's own item then, and taken to the account once. What others do
 * between a look and the write that follows.
 */

const account = 'a#acme#acc';
let world: World;
let ledger: PaymentsLedger;
let paymentId: string;

/** With time for what happens meanwhile. */
const context = (): CallContext => world.context('acme', 1_000_000);
const id = (key: string): string => keyId('acme', key);
const pay = (key: string, amount = 100): Promise<KeyedOutcome> =>
  ledger.authorise(context(), { idempotencyKey: key, accountId: 'acc', amount, currency: 'EUR' });
const act = (key: string, type: MoveCommand['type'], amount?: number, by = ledger): Promise<KeyedOutcome> =>
  by.move(context(), { idempotencyKey: key, paymentId, type, ...(amount === undefined ? {} : { amount }) });
const itemOf = (key: string): Item => world.stored(keyItemPk(id(key)));
const entries = (): Readonly<Record<string, string>> => world.stored(account).entries as Readonly<Record<string, string>>;
const balances = (): unknown[] => ['available', 'held', 'settled'].map((name) => world.stored(account)[name]);
const shown = async (): Promise<unknown> => {
  const found = await ledger.getPayment(context(), paymentId);
  return found.kind === 'found' ? [found.payment.status, found.payment.captured, found.payment.refunded] : found.kind;
};
const lookAfter = async (): Promise<void> => {
  world.nowMs += bounds.trimAfterMs + 1;
  await trim(world.attempt(), account);
};
const slow: World['slow'] = (...given) => world.slow(...given);
/** A move whose process ends before its first change of this kind. */
const dies = (which: Parameters<World['slow']>[0]): PaymentsLedger =>
  slow(which, () => {
    throw new Error('the function ended');
  });
const givesTurnBack = ({ remove = [] }: Change): boolean => remove.some(([name]) => name === 'pending');
const ended = (call: Promise<unknown>): Promise<void> => expect(call).rejects.toThrow('the function ended');

beforeEach(async () => {
  world = new World();
  ledger = world.ledger('us-east-1');
  await ledger.openAccount(context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
  ({ paymentId } = paid(await pay('p')));
  await lookAfter();
  expect([entries(), itemOf('p').outcome, ...balances()]).toEqual([{}, 'AUTHORISED', 900, 100, 0]);
});

test('a hold that has left is captured, the account takes it, and its entry goes when its own item tells that', async () => {
  expect(paid(await act('c', 'CAPTURE', 60))).toMatchObject({ status: 'CAPTURED', captured: 60 });
  expect(entries()).toEqual({ [id('p')]: `K${id('c')}60/100` });
  expect([itemOf('c').outcome, ...balances(), await shown()]).toEqual([undefined, 940, 0, 60, ['CAPTURED', 60, 0]]);
  await lookAfter();
  expect([entries(), itemOf('c').outcome, await shown()]).toEqual([{}, 'DONE', ['CAPTURED', 60, 0]]);
  expect(world.stored(account).trimmedThrough).toBe(itemOf('p').dueAt);
  expect(paid(await act('r', 'REFUND', 20)).refunded).toBe(20);
  expect(balances()).toEqual([960, 0, 40]);
});

test('one that is voided gives everything back', async () => {
  expect(paid(await act('v', 'VOID')).status).toBe('VOIDED');
  expect([entries()[id('p')], ...balances()]).toEqual([`W${id('v')}100`, 1_000, 0, 0]);
  expect(await act('v', 'VOID')).toMatchObject({ replayed: true, payment: { status: 'VOIDED' } });
  expect(itemOf('v').outcome).toBe('DONE');
});

test('of a capture and a void at once the first one counts, and who is refused finds it on the account', async () => {
  const late = slow(sets('closedBy'), () => ended(act('c', 'CAPTURE', 60, dies(sets('entries', id('p'))))));
  expect(await act('v', 'VOID', undefined, late)).toMatchObject({ kind: 'refused', code: 'already_captured' });
  expect([entries()[id('p')], ...balances()]).toEqual([`K${id('c')}60/100`, 940, 0, 60]);
});

test('nothing is decided on a payment that is not known to be authorised', async () => {
  world.memory.items.set(keyItemPk(id('p')), { ...itemOf('p'), outcome: 'DECLINED', reason: 'expired' });
  await act('c', 'CAPTURE', 60);
  const claim = { ...moveOf(itemOf('c')), outcome: undefined };
  const payment = { ...paymentOf(itemOf('p')), released: true as const };
  await expect(decideClosure(world.attempt(), claim, payment)).rejects.toThrow('neither a hold nor a closure');
  expect(itemOf('p').closedBy).toBeUndefined();
});

test('a closure that nobody has taken to the account is shown to nobody, in payments and in lines', async () => {
  await ended(act('c', 'CAPTURE', 60, dies(sets('entries', id('p')))));
  expect(itemOf('p')).toMatchObject({ closedBy: id('c'), captured: 60 });
  const types = async (): Promise<unknown> => {
    const listed = await ledger.listTransactions(context(), { accountId: 'acc', limit: 10 });
    return listed.kind === 'found' ? listed.items.map(({ type }) => type).sort() : listed.kind;
  };
  expect([await shown(), await types(), ...balances()]).toEqual([['AUTHORISED', 0, 0], ['AUTHORISATION'], 900, 100, 0]);
  expect(await act('c', 'CAPTURE', 60)).toMatchObject({ replayed: true, payment: { captured: 60 } });
  expect([await shown(), await types(), ...balances()]).toEqual([['CAPTURED', 60, 0], ['AUTHORISATION', 'CAPTURE', 'RELEASE'], 940, 0, 60]);
});

test('two attempts of one closure take it to the account once', async () => {
  const late = slow(sets('entries', id('p')), () => act('c', 'CAPTURE', 60));
  expect(paid(await act('c', 'CAPTURE', 60, late)).captured).toBe(60);
  expect(balances()).toEqual([940, 0, 60]);
});

test('also when it has come to the account and gone in between', async () => {
  const late = slow(sets('entries', id('p')), async () => {
    await act('c', 'CAPTURE', 60);
    await lookAfter();
    expect(entries()).toEqual({});
  });
  expect(paid(await act('c', 'CAPTURE', 60, late)).captured).toBe(60);
  expect([entries(), ...balances()]).toEqual([{}, 940, 0, 60]);
});

test('behind the watermark a closure gets a new date, and only one', async () => {
  await ended(act('c', 'CAPTURE', 60, dies(sets('entries', id('p')))));
  const first = itemOf('p').dueAt;
  const pass = (): Promise<unknown> =>
    world.memory.change({ pk: account, require: [], set: [[['trimmedThrough'], (world.nowMs += 1_000)]] });
  await pass();
  const ahead = 500_000;
  const late = slow(sets('dueAt'), async () => {
    world.nowMs -= ahead;
    const under = ({ require }: Change): boolean =>
      require.some((condition) => condition.test === 'below' && condition.value > (first as number));
    await ended(act('c', 'CAPTURE', 60, dies(under)));
    expect(itemOf('p').dueAt).toBeGreaterThan(first as number);
    await act('c', 'CAPTURE', 60);
    expect(entries()[id('p')]).toMatch(/^K/);
    world.nowMs += 2_000;
    await lookAfter();
    expect(entries()).toEqual({});
    world.nowMs += ahead;
  });
  world.nowMs += ahead;
  // It has seen the watermark and an open item, and gives another date now: refused, as it came to the account under the first new one.
  expect(paid(await act('c', 'CAPTURE', 60, late)).captured).toBe(60);
  expect([entries(), ...balances()]).toEqual([{}, 940, 0, 60]);
});

test("an orphan in the place of a closure's entry gives way", async () => {
  await world.memory.change({
    pk: account,
    require: [],
    set: [[['entries', id('p')], 'P70/gone']],
    add: [
      [['available'], -70],
      [['held'], 70],
    ],
  });
  expect(await shown()).toEqual(['AUTHORISED', 0, 0]);
  expect(paid(await act('c', 'CAPTURE', 60)).captured).toBe(60);
  expect([entries()[id('p')], ...balances()]).toEqual([`K${id('c')}60/100`, 940, 0, 60]);
});

test('a closure that the account refuses for no reason is a defect', async () => {
  const closed = { ...paymentOf(itemOf('p')), closure: { by: id('c'), type: 'VOID', captured: 0 }, dueAt: world.nowMs } as const;
  await world.memory.change({ pk: account, require: [], set: [[['entries', id('p')], 'H100']] });
  await expect(takeToAccount(world.attempt(), closed)).rejects.toThrow('was refused');
});

describe('a refund of what is not captured', () => {
  test('is refused, once and for ever', async () => {
    expect(await act('r', 'REFUND', 20)).toMatchObject({ kind: 'refused', code: 'not_captured' });
    expect([itemOf('p').pending, entries()]).toEqual([undefined, { [id('r')]: 'X' }]);
    await act('c', 'CAPTURE');
    expect(await act('r', 'REFUND', 20)).toMatchObject({ kind: 'refused', code: 'not_captured', replayed: true });
  });

  test('is no refusal when a capture comes in between', async () => {
    const late = slow(sets('pending'), () => act('c', 'CAPTURE', 60));
    expect(paid(await act('r', 'REFUND', 20, late)).refunded).toBe(20);
    expect(balances()).toEqual([960, 0, 40]);
  });

  test('stays refused for another attempt, which comes to it when the payment is captured', async () => {
    const late = slow(sets('pending'), async () => {
      expect(await act('r', 'REFUND', 20)).toMatchObject({ code: 'not_captured' });
      await act('c', 'CAPTURE');
    });
    expect(await act('r', 'REFUND', 20, late)).toMatchObject({ kind: 'refused', code: 'not_captured' });
    expect([itemOf('p').pending, ...balances()]).toEqual([undefined, 900, 0, 100]);
  });

  test('also when what stood on the account for it has gone', async () => {
    await act('x', 'REFUND', 1);
    const late = slow(sets('pending'), async () => {
      expect(await act('r', 'REFUND', 20)).toMatchObject({ code: 'not_captured' });
      await act('c', 'CAPTURE');
      await lookAfter();
      expect(entries()).toEqual({});
    });
    expect(await act('r', 'REFUND', 20, late)).toMatchObject({ kind: 'refused', code: 'not_captured' });
    expect([itemOf('p').pending, ...balances()]).toEqual([undefined, 900, 0, 100]);
  });

  test('waits for the turn of another refund', async () => {
    const late = slow(sets('pending'), async () => {
      await ended(act('r', 'REFUND', 20, dies(sets('entries', id('r')))));
      expect(itemOf('p').pending).toMatchObject({ id: id('r'), refused: true });
    });
    expect(await act('s', 'REFUND', 20, late)).toMatchObject({ kind: 'refused', code: 'not_captured' });
    expect([itemOf('r').outcome, itemOf('s').outcome, itemOf('p').pending]).toEqual(['REFUSED', 'REFUSED', undefined]);
  });

  test("gives back its own turn, and no other one's", async () => {
    const late = slow(givesTurnBack, async () => {
      expect(await act('r', 'REFUND', 20)).toMatchObject({ code: 'not_captured' });
      await ended(act('s', 'REFUND', 20, dies(sets('entries', id('s')))));
    });
    expect(await act('r', 'REFUND', 20, late)).toMatchObject({ kind: 'refused', code: 'not_captured' });
    expect(itemOf('p').pending).toMatchObject({ id: id('s') });
  });

  test('gives its turn back by a replay, if its first attempt died before that', async () => {
    const withoutTurn = dies(givesTurnBack);
    await ended(act('r', 'REFUND', 20, withoutTurn));
    expect(itemOf('p').pending).toMatchObject({ id: id('r') });
    expect(await act('r', 'REFUND', 20)).toMatchObject({ kind: 'refused', code: 'not_captured' });
    expect(itemOf('p').pending).toBeUndefined();
  });

  test('finds no room on a full account', async () => {
    const full = bounds as { entriesPerAccount: number };
    const { entriesPerAccount } = full;
    full.entriesPerAccount = 0;
    expect(await act('r', 'REFUND', 20)).toMatchObject({ kind: 'busy', code: 'account_busy' });
    full.entriesPerAccount = entriesPerAccount;
    expect(await act('r', 'REFUND', 20)).toMatchObject({ kind: 'refused', code: 'not_captured' });
  });
});

test('a refund is shown by its own item, where the release before has trimmed its entry before its payment shows it', async () => {
  await act('c', 'CAPTURE', 100);
  await lookAfter();
  await ended(act('r', 'REFUND', 40, dies(sets('moves', id('r')))));
  expect([itemOf('r').outcome, itemOf('p').refunded, entries()[id('r')]]).toEqual(['DONE', 0, `R${id('p')}40`]);
  world.nowMs += bounds.trimAfterMs + 1;
  const { Attempt, trim: trimAsBefore } = releaseBefore();
  await trimAsBefore(new Attempt(world.ports(), { region: 'us-west-2' }, context()), account);
  expect([entries(), await shown()]).toEqual([{}, ['PARTIALLY_REFUNDED', 100, 40]]);
});

describe('a new date', () => {
  const dated = async (claim: { readonly id: string; readonly at: number; readonly entryAt?: number }): Promise<unknown> =>
    redate(world.attempt(), 'PAYMENT', claim, world.stored(account));

  test('is given to what is not decided, by one of two', async () => {
    await ended(
      (async () => {
        await dies(sets('entries', id('q'))).authorise(context(), { idempotencyKey: 'q', accountId: 'acc', amount: 1, currency: 'EUR' });
      })(),
    );
    const { at } = itemOf('q') as unknown as { at: number };
    const first = await dated({ id: id('q'), at });
    expect(first).toBeGreaterThan(at - 1);
    world.nowMs += 1_000;
    expect(await dated({ id: id('q'), at })).toMatchObject({ entryAt: first });
    expect(await dated({ id: id('q'), at, entryAt: first as number })).toBe(world.nowMs);
  });

  test('follows a watermark far ahead at its heel, so that real time comes up with it', async () => {
    await ended(dies(sets('entries', id('q'))).authorise(context(), { idempotencyKey: 'q', accountId: 'acc', amount: 1, currency: 'EUR' }));
    const through = world.nowMs + 60_000;
    await world.memory.change({ pk: account, require: [], set: [[['trimmedThrough'], through]] });
    expect(await dated({ id: id('q'), at: itemOf('q').at as number })).toBe(through + 1);
  });

  test('is given to nothing that is decided', async () => {
    expect(await dated({ id: id('p'), at: 0 })).toMatchObject({ outcome: 'AUTHORISED' });
    expect(itemOf('p').entryAt).toBeUndefined();
  });

  test('is what the watermark passes when the entry goes', async () => {
    const late = slow(sets('entries', id('q')), () =>
      world.memory.change({ pk: account, require: [], set: [[['trimmedThrough'], world.nowMs + 500]] }),
    );
    await late.authorise(context(), { idempotencyKey: 'q', accountId: 'acc', amount: 1, currency: 'EUR' });
    expect(itemOf('q').entryAt).toBe((itemOf('q').at as number) + 500 + bounds.inFrontMs);
    world.nowMs += 2 * bounds.inFrontMs;
    await lookAfter();
    expect([entries(), world.stored(account).trimmedThrough]).toEqual([{}, itemOf('q').entryAt]);
  });

  describe('is none that the release before would still expire', () => {
    // It has read that the claim is behind the watermark, and is about to say so; until then this release gives the new date.
    const older = (meanwhile: () => Promise<unknown>): PaymentsLedger => {
      const { PaymentsLedger: Before } = releaseBefore();
      return new Before(world.after(sets('outcome'), meanwhile), { region: 'us-west-2' });
    };
    const pass = (): Promise<unknown> => world.memory.change({ pk: account, require: [], set: [[['trimmedThrough'], world.nowMs + 500]] });

    test('as a payment', async () => {
      const payBy = (by: PaymentsLedger): Promise<KeyedOutcome> =>
        by.authorise(context(), { idempotencyKey: 'q', accountId: 'acc', amount: 50, currency: 'EUR' });
      await ended(payBy(dies(sets('entries', id('q')))));
      await pass();
      await expect(payBy(older(() => ended(payBy(dies(sets('outcome'))))))).rejects.toThrow('can neither be completed nor is it complete');
      expect([itemOf('q').kind, itemOf('q').outcome, entries()[id('q')], ...balances()]).toEqual([
        'DATED_PAYMENT',
        undefined,
        'H50',
        850,
        150,
        0,
      ]);
      expect(paid(await payBy(ledger))).toMatchObject({ status: 'AUTHORISED' });
    });

    test('as a refund', async () => {
      await act('c', 'CAPTURE', 100);
      await lookAfter();
      await ended(act('r', 'REFUND', 40, dies(sets('entries', id('r')))));
      await pass();
      // It moves the money under the new date, and ends before its own item says so.
      const dates = (): Promise<void> => ended(act('r', 'REFUND', 40, dies(sets('outcome'))));
      await expect(act('r', 'REFUND', 40, older(dates))).rejects.toThrow(/neither be completed|'moved' must be/);
      expect([itemOf('r').kind, itemOf('r').outcome]).toEqual(['DATED_MOVE', undefined]);
      expect([paid(await act('r', 'REFUND', 40)).refunded, ...balances()]).toEqual([40, 940, 0, 60]);
    });
  });
});

/** A second ledger that waits, at each of these changes in turn, until something else has happened. */
function staged(...stages: readonly (readonly [(change: Change) => boolean, () => Promise<unknown>])[]): PaymentsLedger {
  const left = [...stages];
  const { memory } = world;
  const store = Object.assign(Object.create(memory) as typeof memory, {
    change: async (change: Change) => {
      if (left[0]?.[0](change)) await left.shift()![1]();
      return memory.change(change);
    },
  });
  return new PaymentsLedger({ ...world.ports(), store }, { region: 'us-west-2' });
}

test('a refund that was refused as not captured moves nothing later, when another attempt of it has the new date', async () => {
  ({ paymentId } = paid(await pay('q')));
  let resume = (): void => undefined;
  const captured = new Promise<void>((resolve) => {
    resume = resolve;
  });
  let late: Promise<KeyedOutcome> | undefined;
  const entry = sets('entries', id('r'));
  const first = staged(
    [entry, () => world.memory.change({ pk: account, require: [], set: [[['trimmedThrough'], world.nowMs + 500]] })],
    [
      entry,
      async () => {
        // Another attempt reads the new date and comes late. Meanwhile the hold leaves.
        await new Promise<void>((reads) => {
          late = act('r', 'REFUND', 40, staged([entry, () => (reads(), captured)]));
        });
        await lookAfter();
        expect([entries()[id('q')], itemOf('r').entryAt]).toEqual([undefined, expect.any(Number)]);
      },
    ],
  );
  expect(await act('r', 'REFUND', 40, first)).toMatchObject({ kind: 'refused', code: 'not_captured' });
  expect(paid(await act('c', 'CAPTURE', 100)).captured).toBe(100);
  resume();
  expect(await late).toMatchObject({ kind: 'refused', code: 'not_captured' });
  expect([...balances(), await shown()]).toEqual([800, 100, 100, ['CAPTURED', 100, 0]]);
});

test('a refund that another attempt has completed is answered when its payment shows it', async () => {
  expect(paid(await act('c', 'CAPTURE', 100)).captured).toBe(100);
  let resume = (): void => undefined;
  const answered = new Promise<void>((resolve) => {
    resume = resolve;
  });
  let late: Promise<KeyedOutcome> | undefined;
  const first = staged(
    [sets('entries', id('r')), () => world.memory.change({ pk: account, require: [], set: [[['trimmedThrough'], world.nowMs + 500]] })],
    [
      sets('entryAt'),
      async () => {
        // Another attempt moves the money and completes the refund. Its process halts before the payment shows it.
        await new Promise<void>((halts) => {
          late = act('r', 'REFUND', 40, staged([sets('moves', id('r')), () => (halts(), answered)]));
        });
        expect([itemOf('r').outcome, itemOf('p').refunded]).toEqual(['DONE', 0]);
      },
    ],
  );
  expect(paid(await act('r', 'REFUND', 40, first)).refunded).toBe(40);
  expect([itemOf('p').refunded, itemOf('p').pending]).toEqual([40, undefined]);
  resume();
  expect(paid(await late!).refunded).toBe(40);
  expect(balances()).toEqual([940, 0, 60]);
});
