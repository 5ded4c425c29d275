import { HttpApi, Sent } from './http-api';
import { ApiScope, apiScopes, defaultScopeNames } from '../../../src/api/caller.contract';
import { apiRoutes } from '../../../src/api/contract';

let api: HttpApi;
let paymentId: string;
let before: string;

beforeEach(async () => {
  api = new HttpApi();
  await api.send('PUT', '/api/v1/accounts/a', { json: { currency: 'EUR', balance: 10_000 } });
  ({
    json: { paymentId },
  } = await api.post('/api/v1/payments', { accountId: 'a', amount: 5, currency: 'EUR' }));
  before = api.snapshot();
});

/** A call of each route that would do something. */
const sent: Readonly<Record<string, Sent & { query?: Record<string, string> }>> = {
  'PUT /api/v1/accounts/{accountId}': { json: { currency: 'EUR', balance: 1_000_000 } },
  'GET /api/v1/accounts/{accountId}': {},
  'POST /api/v1/payments': { json: { accountId: 'a', amount: 7, currency: 'EUR' }, key: 'k' },
  'GET /api/v1/payments/{paymentId}': {},
  'POST /api/v1/payments/{paymentId}/capture': { json: {}, key: 'k' },
  'POST /api/v1/payments/{paymentId}/void': { json: {}, key: 'k' },
  'POST /api/v1/payments/{paymentId}/refund': { json: {}, key: 'k' },
  'GET /api/v1/transactions': { query: { accountId: 'a' } },
};

const scoped = apiRoutes
  .filter((route) => route.scope !== undefined)
  .map((route) => [`${route.method} ${route.path}`, route.scope!] as const);
const call = (name: string, scopes: readonly string[] | null) => {
  const [method, template] = name.split(' ');
  const path = template.replace('{accountId}', method === 'PUT' ? 'b' : 'a').replace('{paymentId}', paymentId);
  return api.send(method, path, { ...sent[name], scopes });
};
const others = (scope: ApiScope) => apiScopes.filter((other) => other !== scope).map((other) => defaultScopeNames[other]);

test('every call but that of the health needs a scope, and opening a funded account is not paying', () => {
  expect(Object.fromEntries(scoped)).toEqual({
    'PUT /api/v1/accounts/{accountId}': 'operate',
    'GET /api/v1/accounts/{accountId}': 'read',
    'POST /api/v1/payments': 'pay',
    'GET /api/v1/payments/{paymentId}': 'read',
    'POST /api/v1/payments/{paymentId}/capture': 'pay',
    'POST /api/v1/payments/{paymentId}/void': 'pay',
    'POST /api/v1/payments/{paymentId}/refund': 'pay',
    'GET /api/v1/transactions': 'read',
  });
  expect(apiRoutes.filter((route) => route.scope === undefined).map(({ path }) => path)).toEqual(['/health']);
  expect(Object.keys(sent).sort()).toEqual(scoped.map(([name]) => name).sort());
});

test.each(scoped)('%s without the scope %s is forbidden, and changes nothing', async (name, scope) => {
  for (const scopes of [null, [], others(scope), [scope], [`${defaultScopeNames[scope]}x`]]) {
    const answer = await call(name, scopes);
    expect(answer).toMatchObject({ status: 403, json: { code: 'forbidden_scope', status: 403 } });
    expect(api.snapshot()).toBe(before);
  }
  expect((await call(name, others(scope))).json.detail).toContain(`'${defaultScopeNames[scope]}'`);
  expect(await call(name, [defaultScopeNames[scope]])).not.toMatchObject({ status: 403 });
});

test('whoever has no scope is not told which paths there are', async () => {
  expect(await api.send('GET', '/api/v1/nothing', { scopes: [] })).toMatchObject({ status: 403, json: { code: 'forbidden_scope' } });
  expect(await api.send('DELETE', '/api/v1/payments', { scopes: null })).toMatchObject({ status: 403, json: { code: 'forbidden_scope' } });
  expect(await api.send('GET', '/api/v1/nothing', { scopes: ['payments/read'] })).toMatchObject({ status: 404 });
});

test('the health of a region is for everyone', async () => {
  expect(await api.send('GET', '/health', { tenant: null, scopes: null })).toMatchObject({ status: 200 });
});
