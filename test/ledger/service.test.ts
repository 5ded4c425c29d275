import { paid } from './paid';
import { World } from './world';
import { AuthoriseCommand, KeyedOutcome, MoveCommand } from '../../src/ledger/model';
import { Decision, FaultKind, StoreFault } from '../../src/ledger/ports';
import { PaymentsLedger } from '../../src/ledger/protocol/service';
import { turns } from '../turns';

const tenant = 'acme';
let world: World;
let ledger: PaymentsLedger;

beforeEach(async () => {
  world = new World();
  ledger = world.ledger('us-east-1');
  await ledger.openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
});

const pay = (key: string, more: Partial<AuthoriseCommand> = {}, by = ledger): Promise<KeyedOutcome> =>
  by.authorise(world.context(tenant), { idempotencyKey: key, accountId: 'acc', amount: 100, currency: 'EUR', ...more });
const act = (key: string, type: MoveCommand['type'], paymentId: string, amount?: number): Promise<KeyedOutcome> =>
  ledger.move(world.context(tenant), { idempotencyKey: key, paymentId, type, ...(amount === undefined ? {} : { amount }) });
const balances = async (): Promise<number[]> => {
  const outcome = await ledger.getAccount(world.context(), 'acc');
  if (outcome.kind !== 'found') throw new Error(outcome.kind);
  const { available, held, settled } = outcome.account;
  return [available, held, settled];
};

describe('accounts', () => {
  it('are opened once; the same content again is no conflict, other content is', async () => {
    const open = (balance: number) => ledger.openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance });
    await pay('k1');
    expect(await open(1_000)).toMatchObject({ kind: 'opened', created: false, account: { available: 900, held: 100 } });
    expect(await open(999)).toEqual({ kind: 'differs' });
  });

  it("are a tenant's own", async () => {
    expect(await ledger.getAccount(world.context('other'), 'acc')).toMatchObject({ kind: 'rejected', code: 'unknown_account' });
  });

  it('do not meet when tenant and account ID run together', async () => {
    await ledger.openAccount(world.context('a#b'), { accountId: 'c', currency: 'EUR', balance: 1 });
    expect(await ledger.getAccount(world.context('a'), 'b#c')).toMatchObject({ kind: 'rejected' });
  });
});

describe('an authorization', () => {
  it('holds the amount in two writes at once, and one read of its key in the region', async () => {
    await pay('warm');
    const { writes, reads } = world.memory;
    const payment = paid(await pay('k1', { reference: 'order 7' }));
    expect(payment).toMatchObject({
      status: 'AUTHORISED',
      amount: 100,
      captured: 0,
      refunded: 0,
      reference: 'order 7',
      region: 'us-east-1',
      operations: [],
    });
    expect([world.memory.writes - writes, world.memory.reads - reads]).toEqual([2, 1]);
    expect(await balances()).toEqual([800, 200, 0]);
  });

  it('is declined when the balance does not suffice, and stays declined when it would', async () => {
    const declined = paid(await pay('big', { amount: 1_001 }));
    expect(declined).toMatchObject({ status: 'DECLINED', declineReason: 'insufficient_funds' });
    const hold = paid(await pay('k1', { amount: 900 }));
    expect(paid(await pay('k2', { amount: 200 })).status).toBe('DECLINED');
    await act('v', 'VOID', hold.paymentId);
    expect(await pay('k2', { amount: 200 })).toMatchObject({ kind: 'answered', replayed: true, payment: { status: 'DECLINED' } });
    expect(await balances()).toEqual([1_000, 0, 0]);
  });

  it('is replayed with the first answer in any region, even when the payment has moved on', async () => {
    const first = paid(await pay('k1'));
    await act('c', 'CAPTURE', first.paymentId);
    const elsewhere = world.ledger('us-west-2');
    expect(await pay('k1', {}, elsewhere)).toEqual({ kind: 'answered', replayed: true, payment: first });
    const { writes } = world.memory;
    await pay('k1', {}, elsewhere);
    expect(world.memory.writes).toBe(writes);
    expect(await balances()).toEqual([900, 0, 100]);
  });

  it('refuses the key for another payload or another call', async () => {
    const { paymentId } = paid(await pay('k1'));
    expect(await pay('k1', { amount: 101 })).toEqual({ kind: 'keyReused' });
    expect(await pay('k1', { reference: 'x' })).toEqual({ kind: 'keyReused' });
    expect(await act('k1', 'CAPTURE', paymentId)).toEqual({ kind: 'keyReused' });
    await act('c', 'CAPTURE', paymentId, 40);
    expect(await act('c', 'CAPTURE', paymentId, 41)).toEqual({ kind: 'keyReused' });
    expect(await act('c', 'VOID', paymentId)).toEqual({ kind: 'keyReused' });
    expect(await pay('c')).toEqual({ kind: 'keyReused' });
  });

  it('scopes keys to the tenant', async () => {
    await ledger.openAccount(world.context('other'), { accountId: 'acc', currency: 'EUR', balance: 500 });
    const mine = paid(await pay('k1'));
    const theirs = await ledger.authorise(world.context('other'), { idempotencyKey: 'k1', accountId: 'acc', amount: 7, currency: 'EUR' });
    expect(paid(theirs).paymentId).not.toBe(mine.paymentId);
    expect(await ledger.getPayment(world.context('other'), mine.paymentId)).toMatchObject({ kind: 'rejected', code: 'unknown_payment' });
  });

  it('stores nothing for what it rejects, so that the key can be used again', async () => {
    const { writes } = world.memory;
    expect(await pay('k1', { accountId: 'none' })).toMatchObject({ kind: 'rejected', code: 'unknown_account' });
    expect(await pay('k1', { currency: 'USD' })).toMatchObject({ kind: 'rejected', code: 'currency_mismatch' });
    expect(world.memory.writes).toBe(writes);
    expect(paid(await pay('k1')).status).toBe('AUTHORISED');
  });
});

describe('moves', () => {
  let paymentId: string;
  beforeEach(async () => {
    ({ paymentId } = paid(await pay('p')));
  });

  it('capture in part, and give the rest back', async () => {
    const captured = paid(await act('c', 'CAPTURE', paymentId, 60));
    expect(captured).toMatchObject({ status: 'CAPTURED', captured: 60, operations: [{ type: 'CAPTURE', amount: 60 }] });
    expect(await balances()).toEqual([940, 0, 60]);
    expect(await act('c2', 'CAPTURE', paymentId, 40)).toMatchObject({ kind: 'refused', replayed: false, code: 'already_captured' });
    expect(await act('v', 'VOID', paymentId)).toMatchObject({ kind: 'refused', code: 'already_captured' });
  });

  it('refund as often as the captured amount allows, and all that is left without an amount', async () => {
    await act('c', 'CAPTURE', paymentId);
    const first = paid(await act('r1', 'REFUND', paymentId, 30));
    expect(first).toMatchObject({ status: 'PARTIALLY_REFUNDED', refunded: 30 });
    expect(await act('r2', 'REFUND', paymentId, 71)).toMatchObject({ kind: 'refused', code: 'amount_exceeds_captured' });
    expect(paid(await act('r3', 'REFUND', paymentId))).toMatchObject({ status: 'REFUNDED', refunded: 100 });
    expect(await act('r4', 'REFUND', paymentId)).toMatchObject({ kind: 'refused', code: 'amount_exceeds_captured' });
    expect(await act('r1', 'REFUND', paymentId, 30)).toEqual({ kind: 'answered', replayed: true, payment: first });
    expect(await balances()).toEqual([1_000, 0, 0]);
  });

  it('void, and are refused afterwards', async () => {
    expect(paid(await act('v', 'VOID', paymentId))).toMatchObject({ status: 'VOIDED', operations: [{ type: 'VOID', amount: 100 }] });
    for (const type of ['CAPTURE', 'VOID', 'REFUND'] as const) {
      expect(await act(`x${type}`, type, paymentId)).toMatchObject({ kind: 'refused', code: 'already_voided' });
    }
    expect(await balances()).toEqual([1_000, 0, 0]);
  });

  it('keep a refusal as the answer of its key, even when the move would now be possible', async () => {
    const refused = await act('r', 'REFUND', paymentId, 10);
    expect(refused).toMatchObject({ kind: 'refused', replayed: false, code: 'not_captured' });
    await act('c', 'CAPTURE', paymentId);
    expect(await act('r', 'REFUND', paymentId, 10)).toEqual({ ...refused, replayed: true });
    expect(await balances()).toEqual([900, 0, 100]);
  });

  it('refuse more than was authorised, and anything on a declined payment', async () => {
    expect(await act('c', 'CAPTURE', paymentId, 101)).toMatchObject({ kind: 'refused', code: 'amount_exceeds_authorised' });
    const declined = paid(await pay('big', { amount: 5_000 }));
    for (const type of ['CAPTURE', 'VOID', 'REFUND'] as const) {
      expect(await act(`d${type}`, type, declined.paymentId)).toMatchObject({ kind: 'refused', code: 'payment_declined' });
    }
  });

  it('know no payment of another form, of nobody, or a move as one', async () => {
    for (const id of ['pay_x', 'nonsense']) {
      expect(await act('u', 'CAPTURE', id)).toMatchObject({ kind: 'rejected', code: 'invalid_request' });
    }
    expect(await act('u', 'CAPTURE', `pay_${'A'.repeat(22)}`)).toMatchObject({ kind: 'rejected', code: 'unknown_payment' });
  });
});

describe('listing', () => {
  it('shows the lines newest first, in pages that neither lose nor repeat one', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) {
      world.nowMs += 10;
      ids.push(paid(await pay(`p${n}`)).paymentId);
    }
    await pay('big', { amount: 5_000 });
    world.nowMs += 10;
    await act('c', 'CAPTURE', ids[0], 60);
    world.nowMs += 10;
    await act('v', 'VOID', ids[1]);
    world.nowMs += 10;
    await act('r', 'REFUND', ids[0], 10);
    const list = async (limit: number, cursor?: string) => {
      const outcome = await ledger.listTransactions(world.context(), { accountId: 'acc', limit, ...(cursor ? { cursor } : {}) });
      if (outcome.kind !== 'found') throw new Error(JSON.stringify(outcome));
      return outcome;
    };
    const all = await list(100);
    expect(all.items.map(({ type, amount }) => `${type} ${amount}`)).toEqual([
      'REFUND 10',
      'VOID 100',
      'RELEASE 40',
      'CAPTURE 60',
      ...Array<string>(5).fill('AUTHORISATION 100'),
    ]);
    expect(all.nextCursor).toBeUndefined();
    for (const limit of [1, 2, 3, 4, 9]) {
      const paged = [];
      let cursor: string | undefined;
      const turn = turns('pages of transactions', 50);
      do {
        turn();
        const page = await list(limit, cursor);
        expect(page.items.length).toBeLessThanOrEqual(limit);
        paged.push(...page.items);
        cursor = page.nextCursor;
      } while (cursor);
      expect(paged).toEqual(all.items);
    }
  });

  it('refuses a cursor that is none', async () => {
    for (const cursor of ['x', 'AAAA', Buffer.from('000000000000001#short#0').toString('base64url')]) {
      expect(await ledger.listTransactions(world.context(), { accountId: 'acc', limit: 5, cursor })).toMatchObject({
        kind: 'rejected',
        code: 'invalid_cursor',
      });
    }
  });
});

describe("the team's own decision", () => {
  const withDecision = async (answers: Decision[]): Promise<{ by: PaymentsLedger; asked: string[] }> => {
    const asked: string[] = [];
    const by = world.ledger('us-east-1', ({ paymentId }) => {
      asked.push(paymentId);
      return Promise.resolve(answers.shift() ?? { kind: 'unknown' });
    });
    return Promise.resolve({ by, asked });
  };

  it('declines for its own reason, once', async () => {
    const { by, asked } = await withDecision([{ kind: 'decline', reason: 'velocity' }, { kind: 'approve' }]);
    expect(paid(await pay('k', {}, by))).toMatchObject({ status: 'DECLINED', declineReason: 'velocity' });
    expect(await pay('k', {}, by)).toMatchObject({ replayed: true, payment: { declineReason: 'velocity' } });
    expect(asked).toHaveLength(1);
  });

  it('leaves the balance the last word', async () => {
    const { by } = await withDecision([{ kind: 'approve' }]);
    expect(paid(await pay('k', { amount: 2_000 }, by)).declineReason).toBe('insufficient_funds');
  });

  it('when unknown, answers nothing, and asks again with the same payment ID', async () => {
    const { by, asked } = await withDecision([{ kind: 'unknown' }, { kind: 'approve' }]);
    expect(await pay('k', {}, by)).toMatchObject({ kind: 'unsure', code: 'outcome_unknown' });
    expect(await balances()).toEqual([1_000, 0, 0]);
    expect(await pay('k', {}, by)).toMatchObject({ kind: 'answered', payment: { status: 'AUTHORISED' } });
    expect(new Set(asked).size).toBe(1);
  });

  it('makes a duplicate wait while the first attempt runs, and lets one take over when its time is up', async () => {
    let release: (decision: Decision) => void = () => undefined;
    const stuck = world.ledger(
      'us-east-1',
      () =>
        new Promise((resolve) => {
          release = resolve;
        }),
    );
    const { by, asked } = await withDecision([{ kind: 'approve' }]);
    const first = stuck.authorise(world.context(tenant), { idempotencyKey: 'k', accountId: 'acc', amount: 100, currency: 'EUR' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(await pay('k', {}, by)).toMatchObject({ kind: 'inFlight' });
    world.nowMs += 6_000;
    expect(await pay('k', {}, by)).toMatchObject({ kind: 'answered', replayed: true, payment: { status: 'AUTHORISED' } });
    release({ kind: 'decline', reason: 'too_late' });
    expect(paid(await first).status).toBe('AUTHORISED');
    expect(asked).toHaveLength(1);
    expect(await balances()).toEqual([900, 100, 0]);
  });
});

describe('when the store does not answer', () => {
  const faulty = (fault: FaultKind): PaymentsLedger => {
    const fail = (): Promise<never> => Promise.reject(new StoreFault(fault, 'TimeoutError: no answer'));
    return new PaymentsLedger(
      { ...world.ports(), store: { create: fail, change: fail, read: fail, readMany: fail, list: fail } },
      { region: 'us-east-1' },
    );
  };
  it.each([
    ['unknown', { kind: 'unsure', code: 'outcome_unknown', retryAfterSeconds: 1, cause: 'unknown: TimeoutError: no answer' }],
    ['conflict', { kind: 'unsure', code: 'outcome_unknown', retryAfterSeconds: 1, cause: 'conflict: TimeoutError: no answer' }],
    ['throttled', { kind: 'busy', code: 'throttled', retryAfterSeconds: 2, cause: 'throttled: TimeoutError: no answer' }],
  ] as [FaultKind, KeyedOutcome][])(
    'a fault of kind %s is retried until the deadline, and never told as a decline',
    async (fault, outcome) => {
      const started = world.nowMs;
      expect(await pay('k', {}, faulty(fault))).toEqual(outcome);
      expect(world.nowMs - started).toBeGreaterThan(8_000);
      expect(world.nowMs - started).toBeLessThan(10_000);
    },
  );
});
