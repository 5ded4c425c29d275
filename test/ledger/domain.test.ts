import * as fc from 'fast-check';
import { Move } from '../../src/ledger/model';
import { accountPk, idOfPaymentId, paymentAfter, paymentIdOf, PaymentItem, seqOf } from '../../src/ledger/protocol/domain';
import { decisionOfEntry, decodeEntry, encodeEntry, Entry } from '../../src/ledger/protocol/entries.domain';

const id = fc.stringMatching(/^[A-Za-z0-9_-]{22}$/);
const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc.record({ kind: fc.constant('hold' as const), amount: fc.maxSafeNat() }),
  fc.stringMatching(/^[a-z][a-z0-9_]{0,31}$/).map((reason) => ({ kind: 'declined', reason }) as const),
  fc
    .record({ by: id, type: fc.constant('CAPTURE' as const), captured: fc.maxSafeNat() })
    .chain((closure) => fc.maxSafeNat().map((amount) => ({ kind: 'closed', amount, closure }) as const)),
  fc.tuple(id, fc.maxSafeNat()).map(([by, amount]) => ({ kind: 'closed', amount, closure: { by, type: 'VOID', captured: 0 } }) as const),
  fc.record({ amount: fc.maxSafeNat(), payment: id }).map(({ amount, payment }) => ({ kind: 'refund', amount, payment }) as const),
  fc.constant({ kind: 'refundRefused' } as const),
);

describe('account entries', () => {
  it('are read back as they were written, and stay small', () => {
    fc.assert(
      fc.property(entry, (value) => {
        const code = encodeEntry(value);
        expect(decodeEntry(code)).toEqual(value);
        // 5,000 of them with their keys in an item of 400 KB; with any amount that the API takes they are much shorter.
        expect(code.length).toBeLessThanOrEqual(1 + 22 + 16 + 1 + 16);
      }),
    );
  });

  it('of another version are not guessed at', () => {
    expect(() => decodeEntry('Z1')).toThrow("account entry 'Z1' has an unknown form");
  });

  it('of a refund say nothing about a payment', () => {
    expect(() => decisionOfEntry({ kind: 'refund', amount: 1, payment: 'A'.repeat(22) })).toThrow('belongs to a refund');
  });
});

describe('identities', () => {
  it('of payments are read back, others are not', () => {
    fc.assert(fc.property(id, (value) => expect(idOfPaymentId(paymentIdOf(value))).toBe(value)));
    for (const other of ['', 'pay_', 'pay_short', `pay_${'x'.repeat(23)}`, `pay_${'#'.repeat(22)}`]) {
      expect(idOfPaymentId(other)).toBeUndefined();
    }
  });

  it('of accounts never meet', () => {
    const part = fc.string({ minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(part, part, part, (tenant, other, account) => {
        fc.pre(tenant !== other);
        expect(accountPk(tenant, account)).not.toBe(accountPk(other, account));
      }),
    );
  });

  it('sort by time', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), id, id, (one, other, a, b) => {
        fc.pre(one < other);
        expect(seqOf(one, a) < seqOf(other, b)).toBe(true);
      }),
    );
  });
});

describe('a payment after its moves', () => {
  const claim: PaymentItem = {
    id: 'A'.repeat(22),
    tenant: 't',
    accountId: 'acc',
    amount: 100,
    currency: 'EUR',
    fingerprint: '',
    at: 1,
    region: 'us-east-1',
    nonce: '',
    attemptAt: 1,
    captured: 0,
    refunded: 0,
    moves: {},
  };
  const at = (type: Move['type'], amount: number): Move => ({ type, amount, at: 2, region: 'us-west-2' });
  it.each([
    [[], 'AUTHORISED', 0, 0],
    [[at('VOID', 100)], 'VOIDED', 0, 0],
    [[at('CAPTURE', 60)], 'CAPTURED', 60, 0],
    [[at('CAPTURE', 60), at('REFUND', 20)], 'PARTIALLY_REFUNDED', 60, 20],
    [[at('CAPTURE', 60), at('REFUND', 20), at('REFUND', 40)], 'REFUNDED', 60, 60],
  ] as [Move[], string, number, number][])('%j is %s', (moves, status, captured, refunded) => {
    expect(paymentAfter(claim, { status: 'AUTHORISED' }, moves)).toMatchObject({ status, captured, refunded, operations: moves });
  });

  it('says why it was declined', () => {
    expect(paymentAfter(claim, { status: 'DECLINED', reason: 'velocity' }, [])).toMatchObject({
      status: 'DECLINED',
      declineReason: 'velocity',
    });
  });
});
