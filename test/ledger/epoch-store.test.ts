import { EpochStore } from '../../src/ledger/epoch-store.service';
import { CallContext, KeyedOutcome, Payment } from '../../src/ledger/model';
import { LedgerStore } from '../../src/ledger/ports';
import { PaymentsLedger } from '../../src/ledger/service';
import { MemoryStore } from '../contract/memory-store';

let nowMs = 1_800_000_000_000;
let nonces = 0;
const context = (): CallContext => ({ tenant: 'acme', traceId: '1-0-0', deadlineMs: nowMs + 4_000 });
const ledgerOn = (store: LedgerStore, region: string): PaymentsLedger => new PaymentsLedger({
  store, nowMs: () => nowMs += 10, random: () => 0.5, nonce: () => `n${nonces += 1}`, sleep: () => Promise.resolve(),
}, { region });
const paid = (outcome: KeyedOutcome): Payment => {
  if (outcome.kind !== 'answered') throw new Error(JSON.stringify(outcome));
  return outcome.payment;
};

it('shows a payment as it is when a refund comes in while an earlier epoch\'s item is judged by its account', async () => {
  const replica = new MemoryStore();
  const before = ledgerOn(new EpochStore(replica, 1), 'us-east-1');
  await before.openAccount(context(), { accountId: 'acc', currency: 'EUR', balance: 1_000 });
  const { paymentId } = paid(await before.authorise(context(), { idempotencyKey: 'k', accountId: 'acc', amount: 100, currency: 'EUR' }));
  await before.move(context(), { idempotencyKey: 'c', type: 'CAPTURE', paymentId });
  let refunded: Payment | undefined;
  const refundFirst = async (pks: readonly string[]): Promise<void> => {
    if (refunded || !pks.some((pk) => pk.startsWith('a#'))) return;
    refunded = paid(await ledgerOn(new EpochStore(replica, 2), 'us-west-2').move(context(), { idempotencyKey: 'r', type: 'REFUND', paymentId, amount: 40 }));
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
