import * as fc from 'fast-check';
import { HttpApi, Sent } from './http-api';
import { openApiDocument } from '../../../src/api/http/openapi';

let api: HttpApi;
let before: string;

beforeEach(async () => {
  api = new HttpApi();
  await api.send('PUT', '/api/v1/accounts/a', { json: { currency: 'EUR', balance: 10_000 } });
  before = api.snapshot();
});

const order = { accountId: 'a', amount: 5, currency: 'EUR' };
const text = JSON.stringify(order);
const payments = '/api/v1/payments';
const bytes = (...parts: (string | number[])[]): Uint8Array => Buffer.concat(parts.map((part) => Buffer.from(part as string)));

type Case = readonly [what: string, sent: Sent, status: number, code: string];

const orderWith = (change: object): Sent => ({ json: { ...order, ...change } });
const orderText = (amount: string): Sent => ({ body: `{"accountId":"a","currency":"EUR","amount":${amount}}` });

const badOrders: readonly Case[] = [
  ['no body', {}, 400, 'invalid_request'],
  ['no JSON', { body: '{"amount":' }, 400, 'invalid_json'],
  ['a trailing comma', { body: '{"amount":5,}' }, 400, 'invalid_json'],
  ['NaN', orderText('NaN'), 400, 'invalid_json'],
  ['an array', { body: '[]' }, 400, 'invalid_request'],
  ['null', { body: 'null' }, 400, 'invalid_request'],
  ['a string', { body: '"x"' }, 400, 'invalid_request'],
  ['a byte order mark', { body: bytes([0xef, 0xbb, 0xbf], text) }, 400, 'invalid_json'],
  ['broken UTF-8', { body: bytes('{"accountId":"', [0xc3, 0x28], '"}') }, 400, 'invalid_json'],
  ['broken UTF-8 mended by the gateway', { body: '{"accountId":"\uFFFD("}' }, 400, 'invalid_json'],
  ['a name twice, deep inside', { body: '{"accountId":"a","amount":5,"currency":"EUR","x":[{"y":1,"y":1}]}' }, 400, 'invalid_json'],
  ['an unknown field', orderWith({ colour: 'red' }), 400, 'unknown_field'],
  ['a field of another spelling', orderWith({ Amount: 5 }), 400, 'unknown_field'],
  ['__proto__', { body: '{"accountId":"a","amount":5,"currency":"EUR","__proto__":{"reference":"x"}}' }, 400, 'unknown_field'],
  ['an amount twice', { body: '{"accountId":"a","currency":"EUR","amount":1,"amount":1000}' }, 400, 'invalid_json'],
  ['the same amount twice', { body: '{"accountId":"a","currency":"EUR","amount":5,"amount":5}' }, 400, 'invalid_json'],
  ['an amount twice in two spellings', { body: '{"accountId":"a","currency":"EUR","amount":5,"\\u0061mount":5}' }, 400, 'invalid_json'],
  [
    'too many levels',
    { body: `{"accountId":"a","currency":"EUR","amount":${'['.repeat(20_000)}${']'.repeat(20_000)}}` },
    400,
    'invalid_json',
  ],
  ['a fraction that rounds', orderText('0.1000000000000000055'), 400, 'invalid_amount'],
  ['constructor', orderWith({ constructor: 1 }), 400, 'unknown_field'],
  ['no account', { json: { amount: 5, currency: 'EUR' } }, 400, 'invalid_account_id'],
  ['an account that is a number', orderWith({ accountId: 7 }), 400, 'invalid_account_id'],
  ['an account with a hash', orderWith({ accountId: 'a#b' }), 400, 'invalid_account_id'],
  ['too long an account', orderWith({ accountId: 'a'.repeat(129) }), 400, 'invalid_account_id'],
  ['a line break after the account', orderWith({ accountId: 'a\n' }), 400, 'invalid_account_id'],
  ['no amount', { json: { accountId: 'a', currency: 'EUR' } }, 400, 'invalid_amount'],
  ['nought', orderWith({ amount: 0 }), 400, 'invalid_amount'],
  ['minus nought', orderText('-0'), 400, 'invalid_amount'],
  ['less than nought', orderWith({ amount: -5 }), 400, 'invalid_amount'],
  ['a fraction', orderWith({ amount: 12.5 }), 400, 'invalid_amount'],
  ['an amount as text', orderWith({ amount: '5' }), 400, 'invalid_amount'],
  ['no value as amount', orderWith({ amount: null }), 400, 'invalid_amount'],
  ['more than the safe range', orderText('9007199254740992'), 400, 'invalid_amount'],
  ['digits that a double loses', orderText('9007199254740993'), 400, 'invalid_amount'],
  ['a fraction that a double loses', orderText('5.00000000000000000001'), 400, 'invalid_amount'],
  ['a small exponent', orderText('5e-400'), 400, 'invalid_amount'],
  ['a huge exponent', orderText('1e400'), 400, 'invalid_amount'],
  ['true as amount', orderWith({ amount: true }), 400, 'invalid_amount'],
  ['no currency', { json: { accountId: 'a', amount: 5 } }, 400, 'invalid_currency'],
  ['an unknown currency', orderWith({ currency: 'XQQ' }), 400, 'invalid_currency'],
  ['a currency in small letters', orderWith({ currency: 'eur' }), 400, 'invalid_currency'],
  ['a currency that is a property of all objects', orderWith({ currency: 'toString' }), 400, 'invalid_currency'],
  ["another currency than the account's", orderWith({ currency: 'USD' }), 400, 'currency_mismatch'],
  ['an empty reference', orderWith({ reference: '' }), 400, 'invalid_request'],
  ['too long a reference', orderWith({ reference: 'x'.repeat(257) }), 400, 'invalid_request'],
  ['no value as reference', orderWith({ reference: null }), 400, 'invalid_request'],
  ['a control character', orderWith({ reference: 'a\u0000b' }), 400, 'invalid_request'],
  ['half a character', { body: '{"accountId":"a","amount":5,"currency":"EUR","reference":"\\ud83d"}' }, 400, 'invalid_request'],
  ['an unknown account', orderWith({ accountId: 'b' }), 404, 'unknown_account'],
  ['a body one byte too large', { body: text + ' '.repeat(65_537 - text.length) }, 413, 'body_too_large'],
  ['a body too large in bytes alone', { body: `${text}${'\u00e9'.repeat(33_000)}` }, 413, 'body_too_large'],
  ['no type', { body: text, headers: { 'Content-Type': [] } }, 415, 'unsupported_media_type'],
  ['a form', { body: text, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }, 415, 'unsupported_media_type'],
  ['another character set', { body: text, headers: { 'Content-Type': 'application/json; charset=latin1' } }, 415, 'unsupported_media_type'],
  ['a content coding', { body: text, headers: { 'Content-Encoding': 'gzip' } }, 415, 'unsupported_media_type'],
  [
    'a parameter that is none of ours',
    { body: text, headers: { 'Content-Type': 'application/json; charset=utf-8; version=1' } },
    415,
    'unsupported_media_type',
  ],
  [
    'a type without end',
    { body: text, headers: { 'Content-Type': `application/json${' '.repeat(60_000)};x` } },
    415,
    'unsupported_media_type',
  ],
  ['a number of 64 KB of zeros', orderText(`1${'0'.repeat(60_000)}.${'0'.repeat(5_000)}1`), 400, 'invalid_amount'],
  ['two types', { body: text, headers: { 'Content-Type': ['application/json', 'text/plain'] } }, 415, 'unsupported_media_type'],
  ['an empty key', { json: order, headers: { 'Idempotency-Key': '' } }, 400, 'missing_idempotency_key'],
  ['a key with a space', { json: order, headers: { 'Idempotency-Key': 'a b' } }, 400, 'invalid_idempotency_key'],
  ['a key that is not ASCII', { json: order, headers: { 'Idempotency-Key': 'schl\u00fcssel' } }, 400, 'invalid_idempotency_key'],
  ['too long a key', { json: order, headers: { 'Idempotency-Key': 'k'.repeat(256) } }, 400, 'invalid_idempotency_key'],
  ['two keys', { json: order, headers: { 'Idempotency-Key': ['k', 'l'] } }, 400, 'invalid_idempotency_key'],
];

test.each(badOrders)('a payment with %s stores nothing, and its key can be used again', async (_, sent, status, code) => {
  const answer = await api.send('POST', payments, { key: 'k', ...sent });
  expect([answer.status, answer.json.code]).toEqual([status, code]);
  expect(answer.headers['Content-Type']).toBe('application/problem+json');
  expect(answer.json).toMatchObject({ status, instance: payments, type: `urn:problem-type:payments:${code}` });
  expect(answer.headers).not.toHaveProperty('Retry-After');
  expect(api.snapshot()).toBe(before);
  expect((await api.send('POST', payments, { json: order, key: 'k' })).status).toBe(201);
});

test('a member that is sent twice is named, and no value is', async () => {
  const { json } = await api.send('POST', payments, {
    key: 'k',
    body: '{"accountId":"a","currency":"EUR","amount":41111111,"amount":42222222}',
  });
  expect(json.detail).toBe('The body was refused. It has the member "amount" twice in one object: send each member once.');
});

test('a payment without a key is refused', async () => {
  expect((await api.send('POST', payments, { json: order })).json).toMatchObject({ status: 400, code: 'missing_idempotency_key' });
  expect(api.snapshot()).toBe(before);
});

test.each<[string, Sent]>([
  ['a body of exactly 64 KB', { body: text + ' '.repeat(65_536 - text.length) }],
  ['bytes from the gateway', { body: bytes(text) }],
  ['a type with a parameter', { body: text, headers: { 'Content-Type': 'Application/JSON ; charset="UTF-8"' } }],
  ['a type of its own, in JSON', { body: text, headers: { 'Content-Type': 'application/vnd.acme+json;' } }],
  ['an amount with 64 KB of zeros', orderText(`5.${'0'.repeat(65_000)}`)],
  ['a header in small letters', { body: text, headers: { 'Content-Type': [], 'content-type': 'application/json' } }],
  ['the longest key', { json: order, headers: { 'Idempotency-Key': '~'.repeat(255) } }],
  ['the longest reference', orderWith({ reference: 'x'.repeat(256) })],
  ['a reference that reads like fields', orderWith({ reference: '"amount":5,"amount":6,{"a":"a"' })],
  ["a reference that is another field's name", orderWith({ reference: 'amount' })],
  ['a reference in any script', orderWith({ reference: 'заказ № 7 🦊' })],
])('takes %s', async (_, sent) => {
  expect((await api.send('POST', payments, { key: 'k', ...sent })).status).toBe(201);
});

test.each<[string, unknown, string]>([
  ['a negative balance', { currency: 'EUR', balance: -1 }, 'invalid_amount'],
  ['a fraction', { currency: 'EUR', balance: 0.5 }, 'invalid_amount'],
  ['no balance', { currency: 'EUR' }, 'invalid_amount'],
  ['no currency', { balance: 1 }, 'invalid_currency'],
  ['a tenant', { currency: 'EUR', balance: 1, tenant: 'other' }, 'unknown_field'],
])('an account with %s is not opened', async (_, json, code) => {
  expect((await api.send('PUT', '/api/v1/accounts/b', { json })).json).toMatchObject({ status: 400, code });
  expect(api.snapshot()).toBe(before);
});

test.each<[string, unknown, number, string]>([
  ['capture', { amount: 0 }, 400, 'invalid_amount'],
  ['capture', { amount: 1, reason: 'x' }, 400, 'unknown_field'],
  ['capture', [], 400, 'invalid_request'],
  ['refund', { amount: 1.5 }, 400, 'invalid_amount'],
  ['void', { amount: 1 }, 400, 'unknown_field'],
  ['void', null, 400, 'invalid_request'],
])('%s with %j is refused without a trace', async (move, json, status, code) => {
  const { json: payment } = await api.post(payments, order);
  before = api.snapshot();
  expect((await api.post(`${payments}/${payment.paymentId}/${move}`, json)).json).toMatchObject({ status, code });
  expect((await api.send('POST', `${payments}/${payment.paymentId}/${move}`, {})).json.code).toBe('missing_idempotency_key');
  expect(api.snapshot()).toBe(before);
});

test.each<[string, Record<string, string | string[]>, string]>([
  ['no account', {}, 'invalid_account_id'],
  ['a malformed account', { accountId: 'a b' }, 'invalid_account_id'],
  ['two accounts', { accountId: ['a', 'b'] }, 'invalid_account_id'],
  ['limit 0', { accountId: 'a', limit: '0' }, 'invalid_limit'],
  ['limit 101', { accountId: 'a', limit: '101' }, 'invalid_limit'],
  ['limit -1', { accountId: 'a', limit: '-1' }, 'invalid_limit'],
  ['limit 1.5', { accountId: 'a', limit: '1.5' }, 'invalid_limit'],
  ['an empty limit', { accountId: 'a', limit: '' }, 'invalid_limit'],
  ['two limits', { accountId: 'a', limit: ['1', '2'] }, 'invalid_limit'],
  ['an empty cursor', { accountId: 'a', cursor: '' }, 'invalid_cursor'],
  ['a made-up cursor', { accountId: 'a', cursor: 'abc' }, 'invalid_cursor'],
  ['a cursor of other characters', { accountId: 'a', cursor: '<script>' }, 'invalid_cursor'],
  ['an unknown parameter', { accountId: 'a', from: 'x' }, 'unknown_field'],
])('a list with %s is refused', async (_, query, code) => {
  expect((await api.send('GET', '/api/v1/transactions', { query })).json).toMatchObject({ status: 400, code });
});

test.each<[string, string, number, string]>([
  ['GET', '/', 404, 'unknown_route'],
  ['GET', '/api/v1', 404, 'unknown_route'],
  ['GET', '/api/v2/payments/x', 404, 'unknown_route'],
  ['POST', '/api/v1/payments/', 404, 'unknown_route'],
  ['GET', '/api/v1/accounts/', 404, 'unknown_route'],
  ['GET', '/api/v1/accounts/a/b', 404, 'unknown_route'],
  ['GET', '/api/v1/accounts/a%2Fb', 400, 'invalid_account_id'],
  ['GET', '/api/v1/accounts/%zz', 400, 'invalid_path'],
  ['GET', '/api/v1/accounts/%ff', 400, 'invalid_path'],
  ['PUT', '/api/v1/accounts/a%20b', 400, 'invalid_account_id'],
  ['POST', '/api/v1/payments/x/settle', 404, 'unknown_route'],
])('%s %s is %d %s', async (method, path, status, code) => {
  expect((await api.send(method, path)).json).toMatchObject({ status, code });
});

test.each<[string, string, string]>([
  ['GET', '/api/v1/payments', 'POST'],
  ['DELETE', '/api/v1/accounts/a', 'GET, PUT'],
  ['HEAD', '/api/v1/accounts/a', 'GET, PUT'],
  ['POST', '/api/v1/payments/x', 'GET'],
  ['GET', '/api/v1/payments/x/capture', 'POST'],
  ['OPTIONS', '/api/v1/transactions', 'GET'],
  ['POST', '/health', 'GET'],
])('%s %s is 405 and says what is allowed', async (method, path, allow) => {
  const answer = await api.send(method, path);
  expect([answer.status, answer.json.code, answer.headers.Allow]).toEqual([405, 'method_not_allowed', allow]);
});

test('the instance is a URI reference, whatever path was asked for', async () => {
  const { json } = await api.send('GET', '/no"such<path>\u00e9\ud800');
  expect(json.instance).toBe('/no%22such%3Cpath%3E%C3%A9%EF%BF%BD');
});

describe('anything', () => {
  const junkBody = fc.oneof(
    fc.json(),
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.uint8Array({ maxLength: 200 }),
    fc.record({ accountId: fc.anything(), amount: fc.anything(), currency: fc.anything(), balance: fc.anything() }).map((value) => {
      try {
        return JSON.stringify(value) ?? '';
      } catch {
        return '';
      }
    }),
  );
  const junkPath = fc.oneof(
    fc.constantFrom('/api/v1/payments', '/api/v1/accounts/zz', '/api/v1/payments/pay_x/capture', '/api/v1/transactions', '/health'),
    fc.string({ unit: 'binary', maxLength: 60 }).map((path) => `/${path}`),
    fc.webPath().map((path) => `/api/v1${path}`),
  );

  test('that is not a valid request gets a documented 4xx, and stores nothing', async () => {
    const methods = fc.oneof(fc.constantFrom('GET', 'PUT', 'POST', 'DELETE'), fc.string({ maxLength: 8 }));
    const headers = fc.dictionary(
      fc.constantFrom('Content-Type', 'Idempotency-Key', 'content-encoding', 'X-Amzn-Trace-Id'),
      fc.string({ maxLength: 20 }),
    );
    const query = fc.dictionary(fc.constantFrom('accountId', 'limit', 'cursor', 'x'), fc.string({ maxLength: 20 }));
    await fc.assert(
      fc.asyncProperty(methods, junkPath, junkBody, headers, query, async (method, path, body, sentHeaders, sentQuery) => {
        const answer = await api.send(method, path, { body, headers: sentHeaders, query: sentQuery });
        const isHealth = method === 'GET' && path === '/health';
        if (!isHealth) expect(Math.floor(answer.status / 100)).toBe(4);
        expect(api.snapshot()).toBe(before);
      }),
      { numRuns: 400 },
    );
  });

  test('spells one payload in many ways, and it stays the same payload', async () => {
    const space = fc.constantFrom('', ' ', '\n', '\t ');
    const spelling = fc.record({
      order: fc.shuffledSubarray(['accountId', 'amount', 'currency', 'reference'], { minLength: 4 }),
      amount: fc.constantFrom('1200', '1200.0', '1.2e3', '12E+2', '120000e-2', '1200.00'),
      reference: fc.constantFrom('"caf\u00e9"', '"caf\\u00e9"', '"\\u0063af\u00e9"'),
      before: space,
      after: space,
    });
    const first = await api.send('POST', payments, {
      body: '{"accountId":"a","amount":1200,"currency":"EUR","reference":"caf\u00e9"}',
      key: 'k',
    });
    await fc.assert(
      fc.asyncProperty(spelling, async ({ order: names, amount, reference, before: gap, after }) => {
        const values: Record<string, string> = { accountId: '"a"', amount, currency: '"EUR"', reference };
        const body = `{${names.map((name) => `${gap}"${name}"${after}:${values[name]}`).join(',')}${after}}`;
        const answer = await api.send('POST', payments, { body, key: 'k' });
        expect([answer.status, answer.text]).toEqual([201, first.text]);
      }),
      { numRuns: 100 },
    );
  });
});

test('quotes belong to a key, as the reference says', async () => {
  const answers = [
    await api.send('POST', payments, { json: order, key: 'k' }),
    await api.send('POST', payments, { json: order, key: '"k"' }),
    await api.send('POST', payments, { json: order, key: '"k"' }),
  ];
  expect(answers.map(({ status, headers }) => [status, headers['Idempotency-Replayed']])).toEqual([
    [201, undefined],
    [201, undefined],
    [201, 'true'],
  ]);
  expect(new Set(answers.map(({ json }) => json.paymentId)).size).toBe(2);
  expect(JSON.stringify(openApiDocument())).toContain('quotes belong to it');
});
