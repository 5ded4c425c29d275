import { isRootKey, localCredentials } from '../../../local/engine/credentials';
import { applicationId } from '../../../local/iam';
import { PolicyDocument, isConditional, settled } from '../../../local/iam/policies';

const statement = (Effect: 'Allow' | 'Deny', Condition?: Record<string, Record<string, string | string[]>>) => ({
  Effect,
  Action: 'dynamodb:GetItem',
  Resource: '*',
  ...(Condition ? { Condition } : {}),
});
const document = (...Statement: ReturnType<typeof statement>[]): PolicyDocument => ({ Statement });
const keys = (...values: string[]) => ({ 'dynamodb:leadingkeys': values });

describe('conditions on the request', () => {
  it.each<[string, string[], string[] | undefined, boolean]>([
    ['ForAllValues:StringEquals', ['a', 'b'], ['a'], true],
    ['ForAllValues:StringEquals', ['a'], ['a', 'c'], false],
    ['ForAllValues:StringEquals', ['a'], undefined, true],
    ['ForAnyValue:StringEquals', ['a'], ['c', 'a'], true],
    ['ForAnyValue:StringEquals', ['a'], undefined, false],
    ['StringEquals', ['a'], undefined, false],
    ['StringEqualsIfExists', ['a'], undefined, true],
    ['ForAllValues:StringLike', ['drain#*'], ['drain#x'], true],
    ['ForAllValues:StringLike', ['drain#?'], ['drain#xy'], false],
    ['ForAllValues:StringNotEquals', ['a'], ['a'], false],
    ['ForAllValues:NumericEquals', ['1'], ['1'], false],
  ])('%s %j against %j', (operator, expected, actual, met) => {
    const documents = [document(statement('Allow', { [operator]: { 'dynamodb:LeadingKeys': expected } }))];
    expect(isConditional(documents)).toBe(true);
    expect(settled(documents, actual ? keys(...actual) : {})).toEqual(met ? [document(statement('Allow'))] : []);
  });

  it('keep a deny whose operator is not known, and none is left out', () => {
    const region = { StringEquals: { 'aws:RequestedRegion': 'us-east-1' } };
    const documents = [
      document(statement('Deny', { 'ForAllValues:NumericEquals': { 'dynamodb:LeadingKeys': 'true' }, ...region })),
      document(statement('Allow', region)),
    ];
    const here = { ...keys('a'), 'aws:requestedregion': ['us-east-1'] };
    expect(settled(documents, here)).toEqual([document(statement('Deny')), document(statement('Allow'))]);
    expect(settled(documents, { ...here, 'aws:requestedregion': ['us-west-2'] })).toEqual([]);
    expect(settled(documents, keys('a'))).toEqual([]);
    expect([documents, [document(statement('Allow'))]].map(isConditional)).toEqual([true, false]);
  });
});

test("a role that may change one name's records may change no other, and none without saying which", () => {
  const documents = [
    document(
      statement('Allow', {
        'ForAllValues:StringEquals': {
          'route53:ChangeResourceRecordSetsNormalizedRecordNames': ['pay.example.com'],
          'route53:ChangeResourceRecordSetsActions': ['CREATE', 'DELETE'],
        },
        Null: { 'route53:ChangeResourceRecordSetsNormalizedRecordNames': 'false' },
      }),
    ),
  ];
  const asked = (names: string[], actions: string[]) =>
    settled(documents, {
      'route53:changeresourcerecordsetsnormalizedrecordnames': names,
      'route53:changeresourcerecordsetsactions': actions,
    }).length;
  expect(asked(['pay.example.com'], ['CREATE', 'DELETE'])).toBe(1);
  expect(asked(['pay.example.com', 'www.example.com'], ['CREATE'])).toBe(0);
  expect(asked(['pay.example.com'], ['UPSERT'])).toBe(0);
  expect(settled(documents, {})).toEqual([]);
});

test('a deny of overwriting holds for a put that overwrites, and for no other', () => {
  const documents = [document(statement('Allow'), statement('Deny', { StringEquals: { 'ssm:Overwrite': 'true' } }))];
  expect(settled(documents, { 'ssm:overwrite': ['true'] })).toEqual([document(statement('Allow'), statement('Deny'))]);
  expect(settled(documents, { 'ssm:overwrite': ['false'] })).toEqual([document(statement('Allow'))]);
});

describe('a caller', () => {
  it('is told by its application ID', () => {
    expect(applicationId('aws-sdk-js/3.1162.0 ua/2.1 os/linux lang/js md/nodejs#24 app/fn-0123 m/E')).toBe('fn-0123');
    expect(applicationId('aws-sdk-js/3.1162.0 webapp/x')).toBeUndefined();
  });

  it("is the account's root by the key of this run alone", () => {
    expect([localCredentials.accessKeyId, 'test', '000000000000', 'ASIA0000000000000000', ''].map(isRootKey)).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});
