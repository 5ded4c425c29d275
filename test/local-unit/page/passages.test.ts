import { east, west } from './fake-run';
import { Passages, type Passage } from '../../../local/page/passages';

const traceId = '1-6b025bde-2d8fb14c5247483aea9a6913';
const body = {
  paymentId: 'pay_1',
  status: 'AUTHORISED',
  amount: 1250,
  currency: 'USD',
  region: east,
  accountId: 'alice',
  reference: '4111 1111 1111 1111',
};

function passage(change: Partial<Passage> = {}, answer: { status?: number; replayed?: boolean; body?: unknown } = {}): Passage {
  return {
    method: 'POST',
    path: '/api/v1/payments',
    region: east,
    traceId,
    answer: {
      status: answer.status ?? 201,
      rawHeaders: answer.replayed ? ['content-type', 'application/json', 'idempotency-replayed', 'true'] : [],
      body: Buffer.from(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? body)),
    },
    ...change,
  };
}

describe('what passed', () => {
  test('is kept as far as the page shows it: not who paid, nor what the client wrote', () => {
    const passages = new Passages(() => 5_000);
    passages.saw(passage());
    expect(passages.payments()).toEqual([
      { paymentId: 'pay_1', status: 'AUTHORISED', amount: 1250, currency: 'USD', region: east, at: 5_000, traceId, replays: 0 },
    ]);
  });

  test('counts replays, and lets moves change the status', () => {
    const passages = new Passages(() => 5_000);
    passages.saw(passage());
    passages.saw(
      passage({ path: '/api/v1/payments/pay_1/capture', traceId: 'other' }, { status: 200, body: { ...body, status: 'CAPTURED' } }),
    );
    passages.saw(passage({ traceId: 'third', region: west }, { replayed: true }));
    expect(passages.payments()).toMatchObject([{ status: 'CAPTURED', traceId, replays: 1 }]);
    expect(passages.payment(traceId)?.paymentId).toBe('pay_1');
    expect(passages.payment('third')).toBeUndefined();
  });

  test("does not tell a move's or a replay's trace as the payment's", () => {
    const passages = new Passages(() => 5_000);
    passages.saw(passage({}, { replayed: true }));
    expect(passages.payments()[0].traceId).toBeUndefined();
  });

  test.each([
    ['refusals', passage({}, { status: 422 })],
    ['other bodies', passage({}, { body: 'nonsense' })],
    ['lists', passage({}, { body: [] })],
    ['no answer', passage({ answer: undefined })],
    ['reads', passage({ method: 'GET' })],
    ['accounts', passage({ path: '/api/v1/accounts/alice' })],
    ['other paths', passage({ path: '/api/v1/payments/pay_1/capture/more' })],
    ['huge bodies', passage({}, { body: { ...body, more: 'x'.repeat(20_000) } })],
    ['odd types', passage({}, { body: { ...body, amount: '1' } })],
    ['null', passage({}, { body: 'null' })],
  ])('keeps no payment of %s', (_, seen) => {
    const passages = new Passages();
    passages.saw(seen);
    expect(passages.payments()).toEqual([]);
  });

  test('is counted by second and region, failures apart, and forgotten', () => {
    let now = 100_000;
    const passages = new Passages(() => now);
    passages.saw(passage());
    passages.saw(passage({ region: west }, { status: 404 }));
    passages.saw(passage({ answer: undefined }));
    passages.saw(passage({}, { status: 503 }));
    passages.saw(passage({}, { status: 429 }));
    passages.saw(passage({ path: '/health' }));
    expect(passages.seconds()).toEqual([{ at: 100, answered: { [east]: 1, [west]: 1 }, failed: 3 }]);
    now += 100_000;
    passages.saw(passage());
    expect(passages.seconds()).toHaveLength(1);
    for (let index = 0; index < 500; index += 1) passages.saw(passage({}, { body: { ...body, paymentId: `pay_${index}` } }));
    expect(passages.payments()).toHaveLength(200);
    expect(passages.payments()[0].paymentId).toBe('pay_499');
  });
});
