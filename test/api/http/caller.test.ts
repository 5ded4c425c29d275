import { apiScopes, CallerSource, defaultScopeNames, readCallerSource, writeCallerSource } from '../../../src/api/caller.contract';
import { callerOf, scopeNameOf } from '../../../src/api/http/caller';

const session = { accountId: '111122223333', userArn: 'arn:aws:sts::111122223333:assumed-role/shop/i-0abc' };
const user = { accountId: '111122223333', userArn: 'arn:aws:iam::111122223333:user/ops/ann' };
const principals = (tenants: Record<string, string>): CallerSource => ({
  kind: 'iamPrincipals',
  callers: Object.fromEntries(Object.entries(tenants).map(([principal, tenant]) => [principal, { tenant, scopes: ['read'] }])),
});
const known = (source: CallerSource): CallerSource => readCallerSource(writeCallerSource(source));

test.each<[string, CallerSource, object, string | undefined]>([
  ['the context key', { kind: 'context', key: 'tenant' }, { authorizer: { tenant: 'acme' } }, 'acme'],
  ["a key of the team's", { kind: 'context', key: 'org' }, { authorizer: { tenant: 'acme', org: 'shop' } }, 'shop'],
  ['no authorizer', { kind: 'context', key: 'tenant' }, {}, undefined],
  ['a property of all objects', { kind: 'context', key: 'constructor' }, { authorizer: {} }, undefined],
  ['a tenant that is no text', { kind: 'context', key: 'tenant' }, { authorizer: { tenant: 7 } }, undefined],
  ['the account', { kind: 'iamAccount' }, { identity: session }, '111122223333'],
  ['no signature', { kind: 'iamAccount' }, { identity: { accountId: null, userArn: null } }, undefined],
  ['a role by its session', principals({ 'arn:aws:iam::111122223333:role/shops/shop': 'acme' }), { identity: session }, 'acme'],
  ['a role of another account', principals({ 'arn:aws:iam::999999999999:role/shop': 'acme' }), { identity: session }, undefined],
  ["a user of a role's name", principals({ 'arn:aws:iam::111122223333:user/shop': 'acme' }), { identity: session }, undefined],
  ['a user with a path', principals({ 'arn:aws:iam::111122223333:user/ann': 'acme' }), { identity: user }, 'acme'],
  ['an account for all its principals', principals({ 111122223333: 'all' }), { identity: user }, 'all'],
  [
    'a principal before its account',
    principals({ '111122223333': 'all', 'arn:aws:iam::111122223333:role/shop': 'acme' }),
    { identity: session },
    'acme',
  ],
  [
    'the root of an account that is not listed',
    principals({ 999999999999: 'x' }),
    { identity: { accountId: '1', userArn: 'arn:aws:iam::1:root' } },
    undefined,
  ],
])('by %s', (_, source, context, tenant) => {
  expect(callerOf(known(source), context)?.tenant).toBe(tenant);
});

describe('scopes', () => {
  const source: CallerSource = { kind: 'context', key: 'tenant', scopeKey: 'scope', names: defaultScopeNames };
  const of = (scope: unknown) =>
    callerOf(known(source), { authorizer: { tenant: 'acme', ...(scope === undefined ? {} : { scope }) } })?.scopes;

  test.each<[unknown, readonly string[]]>([
    [undefined, []],
    ['', []],
    ['payments/pay', ['pay']],
    ['payments/read payments/operate openid', ['operate', 'read']],
    ['payments/payx xpayments/pay PAYMENTS/PAY', []],
    ['payments/pay,payments/read', []],
    [7, []],
    [['payments/pay'], []],
    [true, []],
  ])('%j in the context is %j', (scope, expected) => expect(of(scope)).toEqual(expected));

  test('are all where the team asks for none, and where IAM was asked about the call', () => {
    expect(callerOf({ kind: 'context', key: 'tenant' }, { authorizer: { tenant: 'acme' } })?.scopes).toEqual(apiScopes);
    expect(callerOf({ kind: 'iamAccount' }, { identity: session })?.scopes).toEqual(apiScopes);
  });

  test("of a principal are its entry's", () => {
    expect(callerOf(principals({ 111122223333: 'all' }), { identity: user })).toEqual({ tenant: 'all', scopes: ['read'] });
  });

  test('are called as in the credentials', () => {
    expect([scopeNameOf(source, 'pay'), scopeNameOf({ kind: 'iamAccount' }, 'pay')]).toEqual(['payments/pay', 'pay']);
  });
});

test.each(['{"kind":"header"}', '{"kind":"iamPrincipals"}', '{"kind":"context","key":"tenant","names":{"pay":"pay"}}'])(
  'a source that no construct wrote is refused: %s',
  (text) => {
    expect(() => readCallerSource(text)).toThrow('not one of context, iamAccount, iamPrincipals');
  },
);
