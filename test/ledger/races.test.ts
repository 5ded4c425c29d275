import { paid } from './paid';
import { changeableBounds, sets, World } from './world';
import { keyId } from '../../src/kernel/fingerprint';
import { JournaledStore, journalKeys, notedOn } from '../../src/ledger/homes/move-journal.service';
import { KeyedOutcome, MoveCommand } from '../../src/ledger/model';
import { Change, Decision, Item } from '../../src/ledger/ports';
import { bounds, keyItemPk, moveOf, paymentOf } from '../../src/ledger/protocol/domain';
import { closePayment, completePayment, refuse } from '../../src/ledger/protocol/finish.service';
import { PaymentsLedger } from '../../src/ledger/protocol/service';
import { trim } from '../../src/ledger/protocol/trim.service';
import { MemoryStore } from '../../tools/memory/memory-store';

/**
 * Two attempts at the same item: each condition of the ledger's writes has a race here, staged between the look and the write, that needs
 * it.
 */

const changeable = changeableBounds();

const account = 'a#acme#acc';
let world: World;
let ledger: PaymentsLedger;

beforeEach(async () => {
  world = new World();
  ledger = world.ledger('us-east-1');
  await ledger.openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
});

const pay = (key: string, amount = 100, by = ledger): Promise<KeyedOutcome> =>
  by.authorise(world.context(), { idempotencyKey: key, accountId: 'acc', amount, currency: 'EUR' });
const act = (key: string, type: MoveCommand['type'], paymentId: string, amount?: number, by = ledger): Promise<KeyedOutcome> =>
  by.move(world.context(), { idempotencyKey: key, paymentId, type, ...(amount === undefined ? {} : { amount }) });

const stored = (pk: string): Item => world.stored(pk);
const itemOf = (key: string): Item => stored(keyItemPk(keyId('acme', key)));
const entries = (): Readonly<Record<string, string>> => stored(account).entries as Readonly<Record<string, string>>;
const balances = (): unknown[] => [stored(account).available, stored(account).held, stored(account).settled];

const after: World['after'] = (...given) => world.after(...given);
const slow: World['slow'] = (...given) => world.slow(...given);
const attempt: World['attempt'] = (...given) => world.attempt(...given);
const entryOf = (key: string): string[] => ['entries', keyId('acme', key)];

describe('two attempts of one payment', () => {
  test('hold its amount once', async () => {
    const late = slow(sets(...entryOf('k')), () => pay('k'));
    expect(paid(await pay('k', 100, late)).status).toBe('AUTHORISED');
    expect(balances()).toEqual([900, 100, 0]);
  });

  test("come to the first one's hold, though the second one found too little money", async () => {
    const hold = paid(await pay('rich', 950)).paymentId;
    const late = slow(
      ({ set = [] }) => set.some(([, value]) => value === 'D'),
      async () => {
        await act('v', 'VOID', hold);
        expect(paid(await pay('k')).status).toBe('AUTHORISED');
      },
    );
    expect(paid(await pay('k', 100, late)).status).toBe('AUTHORISED');
    expect([entries()[keyId('acme', 'k')], ...balances()]).toEqual(['H100', 900, 100, 0]);
  });

  test('decide nothing that another one has completed and the account has forgotten', async () => {
    await pay('k');
    await attempt().ports.store.change({
      pk: account,
      require: [],
      set: [[['trimmedThrough'], world.nowMs]],
      remove: [['entries', keyId('acme', 'k')]],
    });
    const ports = after(sets('outcome'), () => completePayment(attempt(), keyId('acme', 'k'), { status: 'AUTHORISED' }));
    // Where copies follow later, what is behind the watermark expires.
    const late = new PaymentsLedger(ports, { region: 'us-west-2', copiesFollow: true });
    expect(paid(await pay('k', 100, late)).status).toBe('AUTHORISED');
    expect(itemOf('k')).toMatchObject({ outcome: 'AUTHORISED' });
  });
});

describe('an entry', () => {
  test("of a claim that is behind the account's watermark is none, however late its request came: it gets a new date", async () => {
    const late = slow(sets(...entryOf('k')), () =>
      world.memory.change({ pk: account, require: [], set: [[['trimmedThrough'], world.nowMs]] }),
    );
    expect(paid(await pay('k', 100, late)).status).toBe('AUTHORISED');
    expect(balances()).toEqual([900, 100, 0]);
    expect(itemOf('k').entryAt).toBeGreaterThan(itemOf('k').at as number);
  });

  test('finds no room that another one took in between', async () => {
    Object.assign(changeable, { entriesPerAccount: 1 });
    const late = slow(sets(...entryOf('k')), () => pay('other'));
    expect(await pay('k', 100, late)).toMatchObject({ kind: 'busy', code: 'account_busy' });
    expect(balances()).toEqual([900, 100, 0]);
  });

  test('of funds that another one took in between is a decline', async () => {
    const late = slow(sets(...entryOf('k')), () => pay('other', 950));
    expect(paid(await pay('k', 100, late))).toMatchObject({ declineReason: 'insufficient_funds' });
    expect(balances()).toEqual([50, 950, 0]);
  });

  test('of a decline finds no room either', async () => {
    Object.assign(changeable, { entriesPerAccount: 1 });
    const late = slow(
      ({ set = [] }) => set.some(([, value]) => value === 'D'),
      () => pay('other'),
    );
    expect(await pay('k', 5_000, late)).toMatchObject({ kind: 'busy', code: 'account_busy' });
    expect(Object.values(entries())).toEqual([expect.stringMatching(/^P100/)]);
  });
});

test('two trimmings at once: the second one does not set the watermark back', async () => {
  for (const key of ['early', 'late']) {
    world.nowMs += 1_000;
    const { paymentId } = paid(await pay(key));
    await act(`v-${key}`, 'VOID', paymentId);
  }
  const [early, late] = ['early', 'late'].map((key) => itemOf(key).at as number);
  expect(early).toBeLessThan(late);
  world.nowMs = early + bounds.trimAfterMs + 1;
  const ports = after(sets('trimmedThrough'), async () => {
    world.nowMs += 10_000;
    await trim(attempt(), account);
    expect(stored(account).trimmedThrough).toBe(late);
  });
  await trim(attempt(ports), account);
  expect(stored(account).trimmedThrough).toBe(late);
});

describe("a payment's own item", () => {
  test('is completed as a payment, whatever else may have its key', async () => {
    const { paymentId } = paid(await pay('p'));
    await act('c', 'CAPTURE', paymentId);
    world.memory.items.set(itemOf('c').pk, { ...itemOf('c'), outcome: undefined } as unknown as Item);
    const before = itemOf('c');
    await expect(completePayment(attempt(), keyId('acme', 'c'), { status: 'AUTHORISED' })).rejects.toThrow('neither be completed');
    expect(itemOf('c')).toEqual(before);
  });

  test('is closed once: the second one writes nothing, and sees what has come since', async () => {
    const { paymentId } = paid(await pay('p'));
    const open = paymentOf(itemOf('p'));
    await act('c', 'CAPTURE', paymentId);
    await act('r', 'REFUND', paymentId, 30);
    const before = itemOf('p');
    const closure = paymentOf(before).closure!;
    const closed = await closePayment(attempt(), open, { at: world.nowMs, region: 'us-west-2' }, closure);
    expect(closed).toEqual(paymentOf(before));
    expect(itemOf('p')).toEqual(before);
  });

  test('is closed as a payment', async () => {
    const { paymentId } = paid(await pay('p'));
    await act('x', 'REFUND', paymentId);
    const before = itemOf('x');
    const other = { ...paymentOf(itemOf('p')), id: keyId('acme', 'x') };
    const closed = closePayment(attempt(), other, { at: 1, region: 'us-west-2' }, { by: 'm', type: 'VOID', captured: 0 });
    // Refused, and then read as what it is not: the write itself was no error of the store.
    await expect(closed).rejects.toThrow("attribute 'amount' must be a whole number");
    expect(itemOf('x')).toEqual(before);
  });
});

describe("a move's own item", () => {
  test('keeps its first decision', async () => {
    const { paymentId } = paid(await pay('p'));
    const captured = paid(await act('c', 'CAPTURE', paymentId));
    const before = itemOf('c');
    const claim = moveOf({ ...before, outcome: undefined } as unknown as Item);
    expect(await refuse(attempt(), claim, 'not_captured', 'too late')).toMatchObject({
      status: 'DONE',
      payment: { paymentId, captured: captured.captured },
    });
    expect(itemOf('c')).toEqual(before);
  });

  test('is decided as a move', async () => {
    const { paymentId } = paid(await pay('p'));
    await act('c', 'CAPTURE', paymentId);
    await pay('q');
    const before = itemOf('q');
    const claim = { ...moveOf(itemOf('c')), id: keyId('acme', 'q') };
    await expect(refuse(attempt(), claim, 'not_captured', 'none')).rejects.toThrow();
    expect(itemOf('q')).toEqual(before);
  });
});

describe('captures, voids and refunds of one payment', () => {
  let paymentId: string;
  beforeEach(async () => {
    ({ paymentId } = paid(await pay('p')));
  });

  test('of a capture and a void at once the first one counts', async () => {
    const late = slow(sets(...entryOf('p')), () => act('c', 'CAPTURE', paymentId));
    expect(await act('v', 'VOID', paymentId, undefined, late)).toMatchObject({ kind: 'refused', code: 'already_captured' });
    expect(balances()).toEqual([900, 0, 100]);
  });

  test('a refund that finds no capture is no refusal when one comes in between', async () => {
    const late = slow(sets(...entryOf('r')), () => act('c', 'CAPTURE', paymentId));
    expect(paid(await act('r', 'REFUND', paymentId, 40, late))).toMatchObject({ status: 'PARTIALLY_REFUNDED', refunded: 40 });
    expect(balances()).toEqual([940, 0, 60]);
  });

  test('its refusal finds no room that another entry took in between', async () => {
    Object.assign(changeable, { entriesPerAccount: 2 });
    const late = slow(sets(...entryOf('r')), () => pay('other'));
    expect(await act('r', 'REFUND', paymentId, 40, late)).toMatchObject({ kind: 'busy', code: 'account_busy' });
    expect(Object.keys(entries())).toHaveLength(2);
  });

  describe('when it is captured', () => {
    beforeEach(async () => {
      await act('c', 'CAPTURE', paymentId);
    });

    test('two attempts of one refund move its money once', async () => {
      const late = slow(sets(...entryOf('r')), () => act('r', 'REFUND', paymentId, 40));
      expect(paid(await act('r', 'REFUND', paymentId, 40, late)).refunded).toBe(40);
      expect([itemOf('p').refunded, ...balances()]).toEqual([40, 940, 0, 60]);
    });

    test('and count it once on the payment', async () => {
      const late = slow(sets('moves', keyId('acme', 'r')), () => act('r', 'REFUND', paymentId, 40));
      expect(paid(await act('r', 'REFUND', paymentId, 40, late)).refunded).toBe(40);
      expect([itemOf('p').refunded, ...balances()]).toEqual([40, 940, 0, 60]);
    });

    test("and do not take the payment's turn again when it is done", async () => {
      const late = slow(sets('pending'), () => act('r', 'REFUND', paymentId, 40));
      expect(paid(await act('r', 'REFUND', paymentId, 40, late)).refunded).toBe(40);
      expect(itemOf('p').pending).toBeUndefined();
      expect(paid(await act('r2', 'REFUND', paymentId, 60)).status).toBe('REFUNDED');
    });

    test('of two refunds at once each gets what the other one has left', async () => {
      const late = slow(sets('pending'), () => act('r2', 'REFUND', paymentId, 70));
      expect(await act('r', 'REFUND', paymentId, 70, late)).toMatchObject({ kind: 'refused', code: 'amount_exceeds_captured' });
      expect([itemOf('p').refunded, ...balances()]).toEqual([70, 970, 0, 30]);
    });

    test('also when the other one has moved the money, and died', async () => {
      const dies = slow(sets('moves', keyId('acme', 'r2')), () => {
        throw new Error('the function ended');
      });
      const late = slow(sets('pending'), () => expect(act('r2', 'REFUND', paymentId, 70, dies)).rejects.toThrow('the function ended'));
      expect(await act('r', 'REFUND', paymentId, 70, late)).toMatchObject({ kind: 'refused', code: 'amount_exceeds_captured' });
      expect([itemOf('p').refunded, ...balances()]).toEqual([70, 970, 0, 30]);
    });

    test('a refund behind the watermark gets a new date, unless it was completed meanwhile', async () => {
      await world.memory.change({ pk: account, require: [], set: [[['trimmedThrough'], world.nowMs]] });
      const late = slow(sets('entryAt'), () => act('r', 'REFUND', paymentId, 40));
      expect(paid(await act('r', 'REFUND', paymentId, 40, late)).refunded).toBe(40);
      expect([itemOf('p').refunded, ...balances()]).toEqual([40, 940, 0, 60]);
      expect(itemOf('r').entryAt).toBeGreaterThan(itemOf('r').at as number);
    });
  });
});

describe("the team's decision", () => {
  const settings = { region: 'us-west-2', decision: { timeoutMs: 3_000, onUnknown: 'RETRY' } } as const;
  const forgotten = 6_000;
  let asked: number;
  beforeEach(() => {
    asked = 0;
  });
  const answering = (answer: () => Promise<Decision>) => () => {
    asked += 1;
    return answer();
  };
  const never = answering(() => new Promise(() => undefined));
  const unknown = answering(() => Promise.resolve({ kind: 'unknown' }));
  const soon = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));
  /** Asks, and is never heard of again. */
  const abandon = async (): Promise<void> => {
    void pay('k', 100, world.ledger('us-east-1', never));
    await soon();
  };

  test('is asked for by one of those that take over at once', async () => {
    await abandon();
    world.nowMs += forgotten;
    const late = new PaymentsLedger(after(sets('nonce'), abandon, unknown), settings);
    expect(await pay('k', 100, late)).toMatchObject({ kind: 'inFlight' });
    expect(asked).toBe(2);
  });

  test('is not asked for again when the payment was completed in between', async () => {
    let decide: (decision: Decision) => void = () => undefined;
    const first = pay(
      'k',
      100,
      world.ledger(
        'us-east-1',
        answering(
          () =>
            new Promise((resolve) => {
              decide = resolve;
            }),
        ),
      ),
    );
    await soon();
    world.nowMs += forgotten;
    const late = new PaymentsLedger(
      after(
        sets('nonce'),
        async () => {
          decide({ kind: 'approve' });
          expect(paid(await first).status).toBe('AUTHORISED');
          await pay('k', 100, world.ledger('us-east-1', never));
          expect(itemOf('k').outcome).toBe('AUTHORISED');
        },
        unknown,
      ),
      settings,
    );
    expect(await pay('k', 100, late)).toMatchObject({ replayed: true, payment: { status: 'AUTHORISED' } });
    expect(asked).toBe(1);
  });

  test('that is unknown gives way to nobody but its own retry: another attempt that has begun meanwhile is waited for', async () => {
    const unsure = world.ledger(
      'us-west-2',
      answering(async () => {
        world.nowMs += forgotten;
        await abandon();
        return { kind: 'unknown' };
      }),
    );
    expect(await pay('k', 100, unsure)).toMatchObject({ kind: 'unsure' });
    expect(itemOf('k').attemptAt).toBe(world.nowMs);
  });

  test('that is unknown writes nothing to a payment that was completed meanwhile', async () => {
    let before: Item | undefined;
    const unsure = world.ledger(
      'us-west-2',
      answering(async () => {
        await completePayment(attempt(), keyId('acme', 'k'), { status: 'DECLINED', reason: 'velocity' });
        before = itemOf('k');
        return { kind: 'unknown' };
      }),
    );
    expect(await pay('k', 100, unsure)).toMatchObject({ kind: 'unsure' });
    expect(itemOf('k')).toEqual(before);
  });
});

describe('the journal of a move', () => {
  const page = { unit: 0, epoch: 1, page: 7 };
  const note = (key: string, of = page, store: MemoryStore = world.memory) => new JournaledStore(store, of).read(key, true);
  const noted = async (of = page) => notedOn(of, await world.memory.readMany(journalKeys(of)));
  const late = (which: (change: Change) => boolean, meanwhile: () => Promise<unknown> | void) =>
    after(which, meanwhile).store as MemoryStore;
  // One item of the journal for both.
  const [one, two] = ['k#a@1', 'k#b9@1'];
  beforeEach(() => {
    for (const pk of [one, two]) world.memory.items.set(pk, { pk });
  });

  test('is begun by one of two that come to a new page at once, and has what both noted', async () => {
    await note(one, { ...page, page: 5 });
    await note(
      one,
      page,
      late(
        ({ remove = [] }) => remove.some(([name]) => name === 'full'),
        () => note(two),
      ),
    );
    expect(new Set(await noted())).toEqual(new Set([one, two]));
  });

  test('of a page that is over is not said to be full', async () => {
    await note(one);
    const [slot] = [...world.memory.items.values()].filter(({ keys }) => keys);
    world.memory.items.set(slot.pk, { ...slot, keys: Object.fromEntries(Array.from({ length: 1_000 }, (_, n) => [`k#${n}`, 1])) });
    const next = { ...page, page: 9 };
    await expect(
      note(
        two,
        page,
        late(sets('full'), () => note(one, next)),
      ),
    ).rejects.toThrow('page 7 of the journal of a move is over');
    expect(await noted(next)).toEqual([one]);
  });
});
