import { readTenantSource, TenantSource, writeTenantSource } from '../../../src/api/contract';
import { tenantOf } from '../../../src/api/http/tenant';

const session = { accountId: '111122223333', userArn: 'arn:aws:sts::111122223333:assumed-role/shop/i-0abc' };
const user = { accountId: '111122223333', userArn: 'arn:aws:iam::111122223333:user/ops/ann' };
const principals = (tenants: Record<string, string>): TenantSource => ({ kind: 'iamPrincipals', tenants });

test.each<[string, TenantSource, object, string | undefined]>([
  ['the context key', { kind: 'context', key: 'tenant' }, { authorizer: { tenant: 'acme' } }, 'acme'],
  ['a key of the team\'s', { kind: 'context', key: 'org' }, { authorizer: { tenant: 'acme', org: 'shop' } }, 'shop'],
  ['no authorizer', { kind: 'context', key: 'tenant' }, {}, undefined],
  ['a property of all objects', { kind: 'context', key: 'constructor' }, { authorizer: {} }, undefined],
  ['a tenant that is no text', { kind: 'context', key: 'tenant' }, { authorizer: { tenant: 7 } }, undefined],
  ['the account', { kind: 'iamAccount' }, { identity: session }, '111122223333'],
  ['no signature', { kind: 'iamAccount' }, { identity: { accountId: null, userArn: null } }, undefined],
  ['a role by its session', principals({ 'arn:aws:iam::111122223333:role/shops/shop': 'acme' }), { identity: session }, 'acme'],
  ['a role of another account', principals({ 'arn:aws:iam::999999999999:role/shop': 'acme' }), { identity: session }, undefined],
  ['a user of a role\'s name', principals({ 'arn:aws:iam::111122223333:user/shop': 'acme' }), { identity: session }, undefined],
  ['a user with a path', principals({ 'arn:aws:iam::111122223333:user/ann': 'acme' }), { identity: user }, 'acme'],
  ['an account for all its principals', principals({ 111122223333: 'all' }), { identity: user }, 'all'],
  ['a principal before its account', principals({ '111122223333': 'all', 'arn:aws:iam::111122223333:role/shop': 'acme' }), { identity: session }, 'acme'],
  ['the root of an account that is not listed', principals({ 999999999999: 'x' }), { identity: { accountId: '1', userArn: 'arn:aws:iam::1:root' } }, undefined],
])('by %s', (_, source, context, tenant) => {
  expect(tenantOf(readTenantSource(writeTenantSource(source)), context)).toBe(tenant);
});

test('a source that no construct wrote is refused', () => {
  expect(() => readTenantSource('{"kind":"header"}')).toThrow('none of context, iamAccount, iamPrincipals');
});
