import { HttpApi } from './http-api';
import { turns } from '../../turns';

let api: HttpApi;

beforeEach(async () => {
  api = new HttpApi();
  await api.send('PUT', '/api/v1/accounts/merchant-1', { json: { currency: 'EUR', balance: 10_000 } });
});

const order = { accountId: 'merchant-1', amount: 1250, currency: 'EUR', reference: 'order-1' };

async function authorised(amount = 1250, key?: string): Promise<string> {
  const answer = await api.post('/api/v1/payments', { ...order, amount }, key);
  return answer.json.paymentId as string;
}

describe('accounts', () => {
  test('opening one is 201 with its place, and again 200', async () => {
    const first = await api.send('PUT', '/api/v1/accounts/a%40b', { json: { currency: 'JPY', balance: 0 } });
    expect(first.status).toBe(201);
    expect(first.headers.Location).toBe('/api/v1/accounts/a%40b');
    expect(first.json).toEqual({ accountId: 'a@b', currency: 'JPY', available: 0, held: 0, settled: 0, version: 1 });
    const second = await api.send('PUT', '/api/v1/accounts/a@b', { json: { balance: 0.0, currency: 'JPY' } });
    expect([second.status, second.headers.Location]).toEqual([200, undefined]);
  });

  test('opening it with other content is 409 without Retry-After, however it has moved', async () => {
    await authorised();
    const same = await api.send('PUT', '/api/v1/accounts/merchant-1', { json: { currency: 'EUR', balance: 10_000 } });
    expect(same.status).toBe(200);
    const other = await api.send('PUT', '/api/v1/accounts/merchant-1', { json: { currency: 'EUR', balance: 8_750 } });
    expect([other.status, other.json.code, other.headers['Retry-After']]).toEqual([409, 'account_differs', undefined]);
  });

  test('the balances add up to the funds', async () => {
    await api.post(`/api/v1/payments/${await authorised(1000)}/capture`, { amount: 400 });
    await authorised(500);
    const { json } = await api.send('GET', '/api/v1/accounts/merchant-1');
    expect(json).toMatchObject({ available: 9_100, held: 500, settled: 400 });
  });

  test('an unknown one is 404, also one of another tenant', async () => {
    expect((await api.send('GET', '/api/v1/accounts/nobody')).json.code).toBe('unknown_account');
    expect((await api.send('GET', '/api/v1/accounts/merchant-1', { tenant: 'other' })).status).toBe(404);
  });
});

describe('authorization', () => {
  test('is 201 with the payment and its place', async () => {
    const answer = await api.post('/api/v1/payments', order);
    expect(answer.status).toBe(201);
    expect(answer.headers).toMatchObject({
      'Content-Type': 'application/json',
      Location: `/api/v1/payments/${answer.json.paymentId}`,
      'X-Amzn-Trace-Id': 'Root=1-5f2330a4-6a0de1cd0e17c0508d386a64',
      'X-Served-By-Region': 'us-east-1',
      'Cache-Control': 'no-store',
    });
    expect(answer.headers).not.toHaveProperty('Idempotency-Replayed');
    expect(answer.json).toEqual({
      ...order,
      paymentId: expect.stringMatching(/^pay_[\w-]{22}$/),
      status: 'AUTHORISED',
      captured: 0,
      refunded: 0,
      region: 'us-east-1',
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      operations: [],
    });
  });

  test('is DECLINED, and stored as such, without the funds', async () => {
    const first = await api.post('/api/v1/payments', { ...order, amount: 10_001 }, 'k');
    expect(first.json).toMatchObject({ status: 'DECLINED', declineReason: 'insufficient_funds' });
    const again = await api.post('/api/v1/payments', { ...order, amount: 10_001 }, 'k');
    expect([again.status, again.text, again.headers['Idempotency-Replayed']]).toEqual([201, first.text, 'true']);
  });

  test('repeated gives the first answer byte for byte, even when the payment has moved on', async () => {
    const first = await api.post('/api/v1/payments', order, 'k');
    await api.post(`/api/v1/payments/${first.json.paymentId}/capture`, {});
    const again = await api.post('/api/v1/payments', order, 'k');
    expect([again.status, again.text, again.headers.Location]).toEqual([first.status, first.text, first.headers.Location]);
    expect(again.headers['Idempotency-Replayed']).toBe('true');
  });

  test.each([
    ['another order and white space', '{ "currency":"EUR",\n"reference":"order-1", "amount":1250,"accountId":"merchant-1" }'],
    ['a fraction of nought', '{"accountId":"merchant-1","amount":1250.0,"currency":"EUR","reference":"order-1"}'],
    ['an exponent', '{"accountId":"merchant-1","amount":1.25e3,"currency":"EUR","reference":"order-1"}'],
    ['escapes', '{"accountId":"merchant\\u002d1","amount":125000E-2,"currency":"EUR","reference":"order-1"}'],
  ])('takes %s for the same payload', async (_, body) => {
    const first = await api.post('/api/v1/payments', order, 'k');
    const again = await api.send('POST', '/api/v1/payments', { body, key: 'k' });
    expect([again.status, again.text]).toEqual([201, first.text]);
    expect(again.headers['Idempotency-Replayed']).toBe('true');
  });

  test('with a used key for another payload or another call is 422', async () => {
    const paymentId = await authorised(1250, 'k');
    const { reference: _, ...withoutReference } = order;
    for (const other of [{ ...order, amount: 1251 }, { ...order, reference: 'order-2' }, withoutReference]) {
      expect((await api.post('/api/v1/payments', other, 'k')).json).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
    }
    expect((await api.post(`/api/v1/payments/${paymentId}/capture`, {}, 'k')).status).toBe(422);
  });

  test('keys of two tenants have nothing to do with each other', async () => {
    await authorised(1250, 'k');
    await api.send('PUT', '/api/v1/accounts/merchant-1', { json: { currency: 'EUR', balance: 5_000 }, tenant: 'other' });
    const other = await api.send('POST', '/api/v1/payments', { json: { ...order, amount: 7 }, key: 'k', tenant: 'other' });
    expect(other.status).toBe(201);
  });

  test('for an unknown account is 404, in another currency 400; nothing is stored, the key can be used again', async () => {
    const before = api.snapshot();
    expect((await api.post('/api/v1/payments', { ...order, accountId: 'nobody' }, 'k')).json.code).toBe('unknown_account');
    expect((await api.post('/api/v1/payments', { ...order, currency: 'USD' }, 'k')).json.code).toBe('currency_mismatch');
    expect(api.snapshot()).toBe(before);
    expect((await api.post('/api/v1/payments', order, 'k')).status).toBe(201);
  });
});

describe('moves', () => {
  test.each([
    ['no body at all', { body: undefined }],
    ['an empty body', { body: '' }],
    ['an empty object', { body: '{}' }],
  ])('capture with %s takes all', async (_, sent) => {
    const paymentId = await authorised();
    const answer = await api.send('POST', `/api/v1/payments/${paymentId}/capture`, { ...sent, key: 'c' });
    expect(answer.json).toMatchObject({
      status: 'CAPTURED',
      captured: 1250,
      operations: [{ type: 'CAPTURE', amount: 1250, region: 'us-east-1' }],
    });
    const again = await api.send('POST', `/api/v1/payments/${paymentId}/capture`, { body: '{ }', key: 'c' });
    expect([again.status, again.text, again.headers['Idempotency-Replayed'], again.headers.Location]).toEqual([
      200,
      answer.text,
      'true',
      undefined,
    ]);
  });

  test('void, and refunds until nothing is left', async () => {
    expect((await api.post(`/api/v1/payments/${await authorised()}/void`, {})).json.status).toBe('VOIDED');
    const paymentId = await authorised();
    await api.post(`/api/v1/payments/${paymentId}/capture`, {});
    expect((await api.post(`/api/v1/payments/${paymentId}/refund`, { amount: 250 })).json).toMatchObject({
      status: 'PARTIALLY_REFUNDED',
      refunded: 250,
    });
    expect((await api.post(`/api/v1/payments/${paymentId}/refund`, {})).json).toMatchObject({ status: 'REFUNDED', refunded: 1250 });
    expect((await api.send('GET', `/api/v1/payments/${paymentId}`)).json.operations).toHaveLength(3);
  });

  test('a refusal is 409 without Retry-After, and stored', async () => {
    const paymentId = await authorised();
    const refused = await api.post(`/api/v1/payments/${paymentId}/refund`, { amount: 1 }, 'r');
    expect([refused.status, refused.json.code, refused.headers['Retry-After']]).toEqual([409, 'not_captured', undefined]);
    await api.post(`/api/v1/payments/${paymentId}/capture`, {});
    const again = await api.post(`/api/v1/payments/${paymentId}/refund`, { amount: 1 }, 'r');
    expect([again.status, again.text, again.headers['Idempotency-Replayed']]).toEqual([409, refused.text, 'true']);
  });

  test.each([
    ['capture', { amount: 1251 }, 'amount_exceeds_authorised'],
    ['refund', {}, 'not_captured'],
  ])('%s %j of an authorised payment is refused as %s', async (move, body, code) => {
    const answer = await api.post(`/api/v1/payments/${await authorised()}/${move}`, body);
    expect(answer.json).toMatchObject({ status: 409, code, type: `urn:problem-type:payments:${code}` });
  });

  test("a payment that is not there is 404, whatever its ID looks like, and another tenant's too", async () => {
    const paymentId = await authorised();
    for (const id of ['pay_0000000000000000000000', 'nonsense', 'pay_%00', paymentId.toUpperCase()]) {
      expect((await api.send('GET', `/api/v1/payments/${id}`)).json).toMatchObject({ status: 404, code: 'unknown_payment' });
      expect((await api.post(`/api/v1/payments/${id}/capture`, {})).status).toBe(404);
    }
    expect((await api.send('GET', `/api/v1/payments/${paymentId}`, { tenant: 'other' })).status).toBe(404);
  });
});

describe('transactions', () => {
  test('are listed newest first, in pages, without declines', async () => {
    const paymentId = await authorised();
    await api.post('/api/v1/payments', { ...order, amount: 999_999 });
    await api.post(`/api/v1/payments/${paymentId}/capture`, { amount: 1000 });
    const all = await api.send('GET', '/api/v1/transactions', { query: { accountId: 'merchant-1' } });
    expect(all.json.items.map((line: any) => [line.type, line.amount]).sort()).toEqual([
      ['AUTHORISATION', 1250],
      ['CAPTURE', 1000],
      ['RELEASE', 250],
    ]);
    const seen: unknown[] = [];
    let cursor: string | undefined;
    const turn = turns('pages of transactions', 50);
    do {
      turn();
      const query = { accountId: 'merchant-1', limit: '1', ...(cursor ? { cursor } : {}) };
      const page: Awaited<ReturnType<HttpApi['send']>> = await api.send('GET', '/api/v1/transactions', { query });
      seen.push(...page.json.items);
      cursor = page.json.nextCursor;
    } while (cursor);
    expect(seen).toEqual(all.json.items);
  });
});
