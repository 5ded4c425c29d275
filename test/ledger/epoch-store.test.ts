import { paid } from './paid';
import { EpochStore } from '../../src/ledger/homes/epoch-store.service';
import { CallContext, Payment } from '../../src/ledger/model';
import { Change, LedgerStore } from '../../src/ledger/ports';
import { PaymentsLedger } from '../../src/ledger/protocol/service';
import { MemoryStore } from '../../tools/memory/memory-store';
import { turns } from '../turns';

let nowMs = 1_800_000_000_000;
let nonces = 0;
const context = (): CallContext => ({ tenant: 'acme', traceId: '1-0-0', deadlineMs: nowMs + 4_000 });
const ledgerOn = (store: LedgerStore, region: string): PaymentsLedger =>
  new PaymentsLedger(
    { store, nowMs: () => (nowMs += 10), random: () => 0.5, nonce: () => `n${(nonces += 1)}`, sleep: () => Promise.resolve() },
    { region, copiesFollow: true },
  );

it("shows a payment as it is when a refund comes in while an earlier epoch's item is judged by its account", async () => {
  const replica = new MemoryStore();
  const before = ledgerOn(new EpochStore(replica, 1), 'us-east-1');
  await before.openAccount(context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
  const { paymentId } = paid(await before.authorise(context(), { idempotencyKey: 'k', accountId: 'acc', amount: 100, currency: 'EUR' }));
  await before.move(context(), { idempotencyKey: 'c', type: 'CAPTURE', paymentId });
  let refunded: Payment | undefined;
  const refundFirst = async (pks: readonly string[]): Promise<void> => {
    if (refunded || !pks.some((pk) => pk.startsWith('a#'))) return;
    refunded = paid(
      await ledgerOn(new EpochStore(replica, 2), 'us-west-2').move(context(), {
        idempotencyKey: 'r',
        type: 'REFUND',
        paymentId,
        amount: 40,
      }),
    );
  };
  const watched: LedgerStore = {
    create: (item) => replica.create(item),
    change: (change) => replica.change(change),
    read: (pk) => replica.read(pk),
    readMany: (pks) => refundFirst(pks).then(() => replica.readMany(pks)),
    list: (account, limit, from) => replica.list(account, limit, from),
  };
  const found = await ledgerOn(new EpochStore(watched, 2), 'us-west-2').getPayment(context(), paymentId);
  expect(refunded).toMatchObject({ status: 'PARTIALLY_REFUNDED' });
  expect(found).toEqual({ kind: 'found', payment: refunded });
});

it.each(['CAPTURE', 'REFUND'] as const)("tells a %s's own time and region where it died before its payment showed it", async (type) => {
  const replica = new MemoryStore();
  const dying: LedgerStore = Object.assign(Object.create(replica) as MemoryStore, {
    change: (change: Change) => {
      const shows = (change.set ?? []).some(([[name]]) => name === 'moves');
      return shows ? Promise.reject(new Error('died')) : MemoryStore.prototype.change.call(replica, change);
    },
  });
  const before = ledgerOn(new EpochStore(replica, 1), 'us-east-1');
  await before.openAccount(context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
  const { paymentId } = paid(await before.authorise(context(), { idempotencyKey: 'k', accountId: 'acc', amount: 100, currency: 'EUR' }));
  if (type === 'REFUND') await before.move(context(), { idempotencyKey: 'first', type: 'CAPTURE', paymentId });
  nowMs += 60_000;
  const move = { idempotencyKey: 'move', type, paymentId };
  const askedAt = nowMs;
  await expect(ledgerOn(new EpochStore(dying, 1), 'eu-west-1').move(context(), move)).rejects.toThrow('died');
  const after = ledgerOn(new EpochStore(replica, 2), 'us-west-2');
  const seen = await after.getPayment(context(), paymentId);
  const shown = seen.kind === 'found' ? seen.payment.operations : [];
  expect(shown.at(-1)).toMatchObject({ type, region: 'eu-west-1' });
  expect(shown.at(-1)!.at - askedAt).toBeLessThan(1_000);
  expect(paid(await after.move(context(), move)).operations).toEqual(shown);
});

test('a page of payments that earlier epochs left takes a few requests, not some for each', async () => {
  const replica = new MemoryStore();
  let requests = 0;
  const counted: LedgerStore = Object.assign(Object.create(replica) as MemoryStore, {
    read: (pk: string) => {
      requests += 1;
      return replica.read(pk);
    },
    readMany: (pks: readonly string[]) => {
      if (pks.length > 100) throw new Error(`${pks.length} keys at once`);
      requests += 1;
      return MemoryStore.prototype.readMany.call(replica, pks);
    },
  });
  const ledger = (epoch: number): PaymentsLedger => ledgerOn(new EpochStore(counted, epoch), 'us-east-1');
  await ledger(1).openAccount(context(), { accountId: 'acc', currency: 'EUR', balance: 1_000_000 });
  const pay = async (epoch: number, key: string): Promise<Payment> =>
    paid(await ledger(epoch).authorise(context(), { idempotencyKey: key, accountId: 'acc', amount: 1, currency: 'EUR' }));
  for (let n = 0; n < 90; n += 1) await pay(1, `k${n}`);
  await pay(2, 'second');
  await pay(4, 'fourth');
  requests = 0;
  const listed = await ledger(4).listTransactions(context(), { accountId: 'acc', limit: 100 });
  expect(listed).toMatchObject({ kind: 'found', items: { length: 92 } });
  expect(requests).toBeLessThan(20);
});

it('lists past an item that every epoch has, however few are asked for at a time', async () => {
  const replica = new MemoryStore();
  const ledger = (epoch: number): PaymentsLedger => ledgerOn(new EpochStore(replica, epoch), 'us-east-1');
  await ledger(1).openAccount(context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
  const ids: string[] = [];
  for (const key of ['a', 'b', 'c']) {
    ids.unshift(
      paid(await ledger(1).authorise(context(), { idempotencyKey: key, accountId: 'acc', amount: 1, currency: 'EUR' })).paymentId,
    );
  }
  for (let epoch = 2; epoch <= 9; epoch += 1) {
    // Each repetition brings the payment, as it is there, into this epoch.
    for (const key of ['a', 'b', 'c']) {
      await ledger(epoch).authorise(context(), { idempotencyKey: key, accountId: 'acc', amount: 1, currency: 'EUR' });
    }
  }
  for (const limit of [1, 2, 3]) {
    expect((await new EpochStore(replica, 9).list('a#acme#acc', limit)).map(({ pk }) => pk)).toEqual(
      ids.slice(0, limit).map((id) => `k#${id.slice('pay_'.length)}`),
    );
  }
  const shown: string[] = [];
  let cursor: string | undefined;
  const turn = turns('pages of transactions', 50);
  do {
    turn();
    const page = await ledger(9).listTransactions(context(), { accountId: 'acc', limit: 1, ...(cursor ? { cursor } : {}) });
    if (page.kind !== 'found') throw new Error(page.kind);
    shown.push(...page.items.map(({ paymentId }) => paymentId));
    cursor = page.nextCursor;
  } while (cursor);
  expect(shown).toEqual(ids);
});
