import { eventOf, HttpApi, Sent } from './http-api';
import { httpFunction } from '../../../src/api/http/function';
import { untraced } from '../../../src/kernel/trace';
import type { KeyedOutcome, Ledger } from '../../../src/ledger/model';

const order = { accountId: 'a', amount: 5, currency: 'EUR' };
const keyed: Sent = { json: order, key: 'k' };

/** An API whose ledger always comes to this. */
function apiWith(outcome: unknown): HttpApi {
  const answer = (): Promise<any> => Promise.resolve(outcome);
  return new HttpApi({
    openAccount: answer,
    getAccount: answer,
    authorise: answer,
    move: answer,
    getPayment: answer,
    listTransactions: answer,
  } as Ledger);
}

const calls: readonly [string, string, Sent][] = [
  ['PUT', '/api/v1/accounts/a', { json: { currency: 'EUR', balance: 1 } }],
  ['GET', '/api/v1/accounts/a', {}],
  ['POST', '/api/v1/payments', keyed],
  ['POST', '/api/v1/payments/pay_0000000000000000000000/capture', { key: 'k' }],
  ['GET', '/api/v1/payments/pay_0000000000000000000000', {}],
  ['GET', '/api/v1/transactions', { query: { accountId: 'a' } }],
];

describe.each(calls)('%s %s', (method, path, sent) => {
  test.each([
    [{ kind: 'unsure', code: 'outcome_unknown', retryAfterSeconds: 2 }, 503, '2'],
    [{ kind: 'unsure', code: 'region_fenced', retryAfterSeconds: 0 }, 503, '1'],
    [{ kind: 'unsure', code: 'home_unreachable', retryAfterSeconds: 1.2 }, 503, '2'],
    [{ kind: 'busy', code: 'account_busy', retryAfterSeconds: 1 }, 429, '1'],
    [{ kind: 'busy', code: 'throttled', retryAfterSeconds: 5 }, 429, '5'],
  ])('tells to come back when the ledger is %j', async (outcome, status, retryAfter) => {
    const answer = await apiWith(outcome).send(method, path, sent);
    expect([answer.status, answer.json.code, answer.headers['Retry-After']]).toEqual([status, outcome.code, retryAfter]);
  });

  test.each(['unsure', 'busy'])('tells the log, and not the caller, what the ledger met when it is %s', async (kind) => {
    const api = apiWith({
      kind,
      code: kind === 'busy' ? 'throttled' : 'outcome_unknown',
      retryAfterSeconds: 1,
      cause: 'unknown: TimeoutError at arn:aws:dynamodb',
    });
    const answer = await api.send(method, path, sent);
    expect(answer.text).not.toMatch(/arn:|Timeout/);
    expect(api.records[0].thrown).toBe('unknown: TimeoutError at arn:aws:dynamodb');
  });

  test('answers 503 for what nobody foresaw, and tells the log but not the caller', async () => {
    const fault = Object.assign(new Error('table acme-ledger in arn:aws:dynamodb:us-east-1 is gone'), {
      name: 'ResourceNotFoundException',
    });
    const api = apiWith(Promise.reject(fault));
    const answer = await api.send(method, path, sent);
    expect([answer.status, answer.json.code, answer.headers['Retry-After']]).toEqual([503, 'outcome_unknown', '1']);
    expect(answer.text).not.toMatch(/acme-ledger|arn:|stack|Resource/);
    expect(api.records).toEqual([expect.objectContaining({ status: 503, code: 'outcome_unknown', thrown: fault })]);
  });

  test('is refused to a caller without a tenant', async () => {
    const answer = await apiWith({ kind: 'keyReused' }).send(method, path, { ...sent, tenant: null });
    expect([answer.status, answer.json.code]).toEqual([403, 'forbidden']);
  });
});

test.each<[KeyedOutcome, number, string, string | undefined]>([
  [{ kind: 'keyReused' }, 422, 'idempotency_key_reused', undefined],
  [{ kind: 'inFlight', retryAfterSeconds: 3 }, 409, 'request_in_flight', '3'],
  [{ kind: 'refused', replayed: false, code: 'expired', detail: 'too late' }, 409, 'expired', undefined],
  [{ kind: 'rejected', code: 'unknown_account', detail: 'none' }, 404, 'unknown_account', undefined],
])('a keyed call that comes to %j', async (outcome, status, code, retryAfter) => {
  const answer = await apiWith(outcome).send('POST', '/api/v1/payments', keyed);
  expect([answer.status, answer.json.code, answer.headers['Retry-After']]).toEqual([status, code, retryAfter]);
});

test('a problem names the trace of its request, a stored refusal that of the first one with its key', async () => {
  let trace = '1-00000001-000000000000000000000001';
  const api = new HttpApi(undefined, { beginTrace: () => untraced({ traceId: trace, sampled: false }) });
  await api.send('PUT', '/api/v1/accounts/a', { json: { currency: 'EUR', balance: 10 } });
  const {
    json: { paymentId },
  } = await api.send('POST', '/api/v1/payments', keyed);
  const refund = () => api.send('POST', `/api/v1/payments/${paymentId}/refund`, { key: 'r' });
  const first = await refund();
  expect([first.json.code, first.json.traceId, first.headers['X-Amzn-Trace-Id']]).toEqual(['not_captured', trace, `Root=${trace}`]);
  trace = '1-00000002-000000000000000000000002';
  const again = await refund();
  expect([again.text, again.headers['X-Amzn-Trace-Id']]).toEqual([first.text, `Root=${trace}`]);
  expect((await api.send('GET', '/api/v1/nowhere')).json).toMatchObject({ code: 'unknown_route', traceId: trace });
});

test('a request ends its part of the trace with its status', async () => {
  const told: unknown[] = [];
  const span = {
    ...untraced({ traceId: '1-00000001-000000000000000000000001', parentId: '53995c3f42cd8ad8', sampled: true }),
    annotate: (...what: unknown[]) => told.push(what),
    end: (how: unknown) => told.push(how),
  };
  const api = new HttpApi(undefined, { beginTrace: () => span });
  await api.send('PUT', '/api/v1/accounts/a', { json: { currency: 'EUR', balance: 10 } });
  const {
    json: { paymentId },
  } = await api.send('POST', '/api/v1/payments', keyed);
  await api.send('POST', '/api/v1/payments', keyed);
  expect(told).toEqual([
    { status: 201 },
    ['paymentId', paymentId],
    { status: 201 },
    ['paymentId', paymentId],
    ['replayed', true],
    { status: 201 },
  ]);
  expect([...api.store.items.values()].find((item) => item.kind === 'PAYMENT')).toMatchObject({ traceParent: '53995c3f42cd8ad8' });
});

test('callers without a tenant learn nothing of routes and methods', async () => {
  for (const [method, path] of [
    ['GET', '/nowhere'],
    ['DELETE', '/api/v1/payments'],
  ]) {
    expect((await apiWith({}).send(method, path, { tenant: null })).status).toBe(403);
  }
  expect((await apiWith({}).send('GET', '/health', { tenant: null })).status).toBe(200);
});

test.each(['', 'a#b', 'a b', 'x'.repeat(129), '\u00e9'])('a tenant like %j is none', async (tenant) => {
  expect((await apiWith({}).send('GET', '/api/v1/accounts/a', { tenant })).status).toBe(403);
});

test('the ledger gets the tenant, the trace and a deadline, and the command as parsed', async () => {
  const authorise = jest.fn().mockResolvedValue({ kind: 'keyReused' });
  const api = new HttpApi({ authorise });
  await api.send('POST', '/api/v1/payments', { body: '{"currency":"EUR","amount":5.0,"accountId":"a"}', key: 'k', tenant: 'shop' });
  const [context, command] = authorise.mock.calls[0] as [Record<string, unknown>, unknown];
  expect(context).toMatchObject({ tenant: 'shop', traceId: '1-5f2330a4-6a0de1cd0e17c0508d386a64' });
  expect(context.deadlineMs).toBe(api.ports.nowMs() + 10_000);
  expect(command).toEqual({ idempotencyKey: 'k', ...order });
});

test('the deadline leaves time to answer before the function is ended', async () => {
  const authorise = jest.fn().mockResolvedValue({ kind: 'keyReused' });
  const { ports } = new HttpApi();
  const run = httpFunction({ 'POST /api/v1/payments': ({ context }) => authorise(context) as never }, ports);
  await run(eventOf('POST', '/api/v1/payments', keyed), { getRemainingTimeInMillis: () => 3_000 });
  expect(authorise).toHaveBeenCalledWith(expect.objectContaining({ deadlineMs: ports.nowMs() + 2_200 }));
});

test('a ledger that never comes back is answered for at the deadline', async () => {
  const api = new HttpApi({ authorise: () => new Promise(() => undefined) }, { requestDeadlineMs: 50 });
  const answer = await api.send('POST', '/api/v1/payments', keyed);
  expect([answer.status, answer.json.code, answer.headers['Retry-After']]).toEqual([503, 'outcome_unknown', '1']);
});

test('the record has what the log needs, and neither key nor body', async () => {
  const api = new HttpApi();
  await api.send('PUT', '/api/v1/accounts/secret-account', { json: { currency: 'EUR', balance: 10 } });
  const { json } = await api.send('POST', '/api/v1/payments', {
    json: { ...order, accountId: 'secret-account', reference: 'card 4111' },
    key: 'secret-key',
  });
  await api.send('POST', '/api/v1/payments', {
    json: { ...order, accountId: 'secret-account', reference: 'card 4111' },
    key: 'secret-key',
  });
  await api.post(`/api/v1/payments/${json.paymentId}/refund`, {});
  await api.send('FOO\u00e9', '/api/v1/secret');
  expect(api.records.map(({ method, route, status, code, became, paymentId }) => [method, route, status, code, became, paymentId])).toEqual(
    [
      ['PUT', '/api/v1/accounts/{accountId}', 201, undefined, undefined, undefined],
      ['POST', '/api/v1/payments', 201, undefined, 'authorised', json.paymentId],
      ['POST', '/api/v1/payments', 201, undefined, 'replayed', json.paymentId],
      ['POST', '/api/v1/payments/{paymentId}/refund', 409, 'not_captured', undefined, json.paymentId],
      ['OTHER', 'unknown', 404, 'unknown_route', undefined, undefined],
    ],
  );
  expect(JSON.stringify(api.records)).not.toMatch(/secret|4111/);
});

test('what the ledger meets on the way is counted in the record', async () => {
  const api = new HttpApi({
    authorise: (context) => {
      context.observe?.('writeConflict');
      context.observe?.('writeConflict');
      context.observe?.('takeover');
      return Promise.resolve({ kind: 'keyReused' });
    },
  });
  await api.send('POST', '/api/v1/payments', keyed);
  expect(api.records[0].events).toEqual({ writeConflict: 2, takeover: 1 });
});

test("a request in two callers' traces is in neither", async () => {
  const seen: (string | undefined)[] = [];
  const api = new HttpApi(undefined, {
    beginTrace: (header) => {
      seen.push(header('traceparent'));
      return untraced({ traceId: '1-5759e988-bd862e3fe1be46a994272793', sampled: false });
    },
  });
  const one = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  for (const traceparent of [[one], [one, one.replace('4bf', '4bd')], []]) {
    await api.send('GET', '/api/v1/payments/pay_x', { headers: { traceparent } });
  }
  expect(seen).toEqual([one, undefined, undefined]);
});
