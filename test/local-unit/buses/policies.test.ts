import { BusPolicies } from '../../../local/buses/bus-policies';
import { EventCalls } from '../../../local/buses/event-calls';
import { isConditional, settled } from '../../../local/iam/policies';
import { allowedByResource, deniedByResource, type ResourceStatement } from '../../../local/iam/resource-policy';

const role = 'arn:aws:iam::111122223333:role/put-east';
const bus = 'arn:aws:events:us-west-2:111122223333:event-bus/pay';
const base: ResourceStatement = {
  Effect: 'Allow',
  Principal: { AWS: 'arn:aws:iam::111122223333:root' },
  Action: 'events:PutEvents',
  Resource: bus,
};
const allowed = (statements: readonly ResourceStatement[], context: Record<string, string> = {}) =>
  allowedByResource(statements, {
    principal: { role },
    action: 'events:PutEvents',
    resource: bus,
    context: { 'aws:principalarn': role, ...context },
  });

test.each<[string, ResourceStatement[], boolean]>([
  ['no policy', [], false],
  ['the account', [base], true],
  ['the account by its number', [{ ...base, Principal: { AWS: ['111122223333'] } }], true],
  ['everybody', [{ ...base, Principal: '*' }], true],
  ['the role', [{ ...base, Principal: { AWS: role } }], true],
  ['another role', [{ ...base, Principal: { AWS: `${role}2` } }], false],
  ['another account', [{ ...base, Principal: { AWS: 'arn:aws:iam::999999999999:root' } }], false],
  ['a service', [{ ...base, Principal: { Service: 'events.amazonaws.com' } }], false],
  ['another action', [{ ...base, Action: 'events:PutRule' }], false],
  ['actions by wildcard, in any case', [{ ...base, Action: 'Events:put*' }], true],
  ['another bus', [{ ...base, Resource: `${bus}2` }], false],
  ['no resource: the one that it is on', [{ ...base, Resource: undefined }], true],
  ['the role by condition', [{ ...base, Condition: { ArnEquals: { 'aws:PrincipalArn': role } } }], true],
  ['another role by condition', [{ ...base, Condition: { ArnEquals: { 'aws:PrincipalArn': `${role}2` } } }], false],
  [
    'one of several',
    [{ ...base, Condition: { ArnLike: { 'aws:PrincipalArn': ['arn:aws:iam::*:role/x', 'arn:aws:iam::*:role/put-*'] } } }],
    true,
  ],
  ['a condition key that is not there', [{ ...base, Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } } }], false],
  ['one that is not there, negated', [{ ...base, Condition: { StringNotEquals: { 'aws:PrincipalOrgID': 'o-1' } } }], true],
  ['one that may be absent', [{ ...base, Condition: { StringEqualsIfExists: { 'aws:PrincipalOrgID': 'o-1' } } }], true],
  ['Null', [{ ...base, Condition: { Null: { 'aws:PrincipalOrgID': 'true' } } }], true],
  [
    'all of the values of a key that is not there',
    [{ ...base, Condition: { 'ForAllValues:StringEquals': { 'events:source': 'a' } } }],
    true,
  ],
  [
    'any of the values of a key that is not there',
    [{ ...base, Condition: { 'ForAnyValue:StringEquals': { 'events:source': 'a' } } }],
    false,
  ],
  [
    'any value but, of a key that is not there',
    [{ ...base, Condition: { 'ForAnyValue:StringNotEquals': { 'events:source': 'a' } } }],
    false,
  ],
  ['an operator that is not known', [{ ...base, Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } }], false],
  ['a denial', [base, { ...base, Effect: 'Deny' }], false],
  ['a denial of others', [base, { ...base, Effect: 'Deny', NotPrincipal: { AWS: role }, Principal: undefined }], true],
  [
    'a denial that is not understood',
    [base, { ...base, Effect: 'Deny', Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } }],
    false,
  ],
  ['all but', [{ ...base, Action: undefined, NotAction: 'events:PutRule' }], true],
])('%s', (_name, statements, expected) => {
  expect(allowed(statements)).toBe(expected);
});

test('a service, by the rule that it works for', () => {
  const statement: ResourceStatement = {
    Effect: 'Allow',
    Principal: { Service: 'events.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: 'q',
    Condition: { ArnLike: { 'aws:SourceArn': 'arn:aws:events:us-east-1:111122223333:rule/pay-events/*' } },
  };
  const by = (sourceArn: string) =>
    allowedByResource([statement], {
      principal: { service: 'events.amazonaws.com' },
      action: 'sqs:SendMessage',
      resource: 'q',
      context: { 'aws:sourcearn': sourceArn },
    });
  expect([
    by('arn:aws:events:us-east-1:111122223333:rule/pay-events/to-west'),
    by('arn:aws:events:us-west-2:111122223333:rule/pay-events/to-west'),
    by('arn:aws:events:us-east-1:111122223333:rule/other'),
  ]).toEqual([true, false, false]);
});

test('policies of buses, from templates and by the API', () => {
  const policies = new BusPolicies('111122223333');
  const resource = (type: string, properties: object) => ({ stack: 's', region: 'r', logicalId: 'L', type, properties });
  policies.load([
    resource('AWS::Events::EventBusPolicy', { EventBusName: 'pay', StatementId: 'one', Statement: base }),
    resource('AWS::Events::EventBusPolicy', {
      EventBusName: 'pay',
      StatementId: 'two',
      Principal: '999999999999',
      Action: 'events:PutEvents',
    }),
    resource('AWS::Events::EventBus', { Name: 'other', Policy: { Statement: base } }),
  ]);
  expect([
    policies.statements('r', 'pay').length,
    policies.statements('r', 'other').length,
    policies.statements('q', 'pay').length,
  ]).toEqual([2, 1, 0]);
  expect(policies.removePermission('r', { EventBusName: 'pay', StatementId: 'one' })).toBe(true);
  expect(policies.removePermission('r', { EventBusName: 'pay', StatementId: 'one' })).toBe(false);
  expect(JSON.parse(policies.document('r', 'pay')!).Statement).toEqual([
    {
      Sid: 'two',
      Effect: 'Allow',
      Principal: { AWS: 'arn:aws:iam::999999999999:root' },
      Action: 'events:PutEvents',
      Resource: 'arn:aws:events:r:111122223333:event-bus/pay',
    },
  ]);
  policies.putPermission('r', { EventBusName: 'pay', Policy: JSON.stringify({ Statement: [{ Sid: 'three', ...base }] }) });
  expect(policies.statements('r', 'pay')).toHaveLength(1);
  policies.removePermission('r', { EventBusName: 'pay', RemoveAllPermissions: true });
  expect(policies.document('r', 'pay')).toBeUndefined();
});

describe('events that a function puts', () => {
  const ledger = 'arn:aws:iam::111122223333:role/pay-outbox-use1';
  const busPolicies = new BusPolicies('111122223333');
  busPolicies.load([
    {
      stack: 's',
      region: 'us-west-2',
      logicalId: 'L',
      type: 'AWS::Events::EventBusPolicy',
      properties: {
        EventBusName: 'pay',
        StatementId: 'Reserved',
        Statement: {
          ...base,
          Effect: 'Deny',
          Principal: '*',
          Condition: { 'ForAnyValue:StringEquals': { 'events:source': ['pay.ledger'] }, ArnNotEquals: { 'aws:PrincipalArn': [ledger] } },
        },
      },
    },
  ]);
  const calls = new EventCalls({ accountId: '111122223333', busPolicies, activeRegion: () => undefined });
  const put = (...entries: object[]) => {
    const routing = calls.route({ region: 'us-west-2', operation: 'PutEvents', body: Buffer.from(JSON.stringify({ Entries: entries })) });
    if (routing?.kind !== 'put') throw new Error('not judged');
    return routing;
  };
  const entry = (Source: string, DetailType = 't') => ({ EventBusName: 'pay', Source, DetailType, Detail: '{}' });

  test("are judged entry by entry: one of the ledger's among others does not slip through", () => {
    const { puts } = put(entry('acme.shop'), entry('acme.shop'), entry('pay.ledger'));
    expect(puts.map((one) => calls.denies('us-west-2', one, role))).toEqual([false, true]);
    expect(puts.map((one) => calls.denies('us-west-2', one, ledger))).toEqual([false, false]);
    expect(puts.map((one) => calls.denies('us-west-2', one, 'arn:aws:iam::111122223333:root'))).toEqual([false, true]);
  });

  test("are judged by their source and type where a role's own policy asks for them", () => {
    const documents = [
      {
        Statement: [
          {
            Effect: 'Allow' as const,
            Action: 'events:PutEvents',
            Resource: bus,
            Condition: {
              'ForAllValues:StringEquals': { 'events:source': ['acme.shop'], 'events:detail-type': ['order.shipped'] },
              Null: { 'events:source': 'false', 'events:detail-type': 'false' },
            },
          },
        ],
      },
    ];
    expect(isConditional(documents)).toBe(true);
    const allows = (...entries: object[]) => put(...entries).puts.map(({ context }) => settled(documents, context).length > 0);
    expect(
      allows(entry('acme.shop', 'order.shipped'), entry('acme.shop', 'order.lost'), entry('pay.ledger', 'order.shipped'), {
        EventBusName: 'pay',
        Detail: '{}',
      }),
    ).toEqual([true, false, false, false]);
  });

  test('of a service without a role are denied what is reserved', () => {
    const request = {
      principal: { service: 'events.amazonaws.com' },
      action: 'events:PutEvents',
      resource: bus,
      context: { 'events:source': 'pay.ledger' },
    };
    expect(deniedByResource(busPolicies.statements('us-west-2', 'pay'), request)).toBe(true);
  });
});
