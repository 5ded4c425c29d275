import { CfnParameter, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { UserPool } from 'aws-cdk-lib/aws-cognito';
import { everyInterface, regionFor } from './every-interface';
import { account, newApp } from './stacks';
import { AccountHomes, ApprovalGate, ApproverIdentity, LedgerKey, PaymentRegions } from '../../src/index';
import { exportedProps } from '../project/exported-props';

/** A token of each kind of prop. A list of resources has no token. */
const tokens: Readonly<Record<string, (parameter: (type: string) => CfnParameter) => unknown>> = {
  number: (parameter) => parameter('Number').valueAsNumber,
  duration: (parameter) => Duration.seconds(parameter('Number').valueAsNumber),
  text: (parameter) => parameter('String').valueAsString,
  list: (parameter) => parameter('CommaDelimitedList').valueAsList,
  'text in a list': (parameter) => [parameter('String').valueAsString],
};

const valued = exportedProps()
  .filter(({ kind }) => ['number', 'duration', 'text'].includes(kind))
  .flatMap(({ of, name, kind, isList }) =>
    (isList ? ['list', 'text in a list'] : [kind]).map((token) => ({ prop: `${of}.${name}`, of, name, token })),
  );

/** What came of a token in a prop: our refusal, or where it stands in the template. */
function outcome(of: string, name: string, token: string): string {
  const stack = new Stack(newApp(), 'Own', { env: { account, region: regionFor(of) } });
  try {
    everyInterface[of](stack, { [name]: tokens[token]((type) => new CfnParameter(stack, 'Given', { type })) });
    const { Parameters, ...template } = Template.fromStack(stack).toJSON() as Record<string, unknown>;
    return (
      `${JSON.stringify(template).includes('{"Ref":"Given"}') ? 'in the template' : 'lost'}, ` +
      `${Object.keys(Parameters as object).filter((id) => id === 'Given').length}`
    );
  } catch (error) {
    return (error as Error).message;
  }
}

test('every exported interface with values is made here', () => {
  expect(valued.length).toBeGreaterThan(140);
  expect([...new Set(valued.map(({ of }) => of))].filter((of) => !everyInterface[of])).toEqual([]);
});

test.each(valued)('$prop with a token ($token) is refused with our words, or is in the template', ({ of, name, token }) => {
  const came = outcome(of, name, token);
  if (came === 'in the template, 1') return;
  expect(came).toMatch(/\[Own[^\]]*\] '[\w.]+' is [^;]+; allowed: .*; fix: /);
  // Numbers, durations and lists are always needed now, and the message says so.
  if (['number', 'duration', 'list'].includes(token)) {
    expect(came).toMatch(new RegExp(`'([\\w]+\\.)*${name}[\\w.]*' is a token \\((number|duration|list)\\), unknown at synthesis`));
  }
  // No token's own text or number gets into a message.
  expect(came).not.toMatch(/Token\[|TOKEN|e\+\d{3}/);
});

test.each<[string, () => PaymentRegions]>([
  [
    'units of homes',
    () =>
      PaymentRegions.homeRegion({
        replicas: ['us-east-1', 'us-west-2'],
        homes: AccountHomes.byTenant(new CfnParameter(new Stack(), 'Given', { type: 'Number' }).valueAsNumber),
      }),
  ],
  [
    'the home of all',
    () => PaymentRegions.homeRegion({ replicas: ['us-east-1', 'us-west-2'], homes: AccountHomes.oneRegion(new Stack().region) }),
  ],
  ['a replica', () => PaymentRegions.homeRegion({ replicas: ['us-east-1', new Stack().region] })],
])('%s as a token is refused where it is used', (_what, regions) => {
  const stack = new Stack(newApp(), 'Own', { env: { account, region: 'us-east-1' } });
  expect(() => new LedgerKey(stack, 'Key', { systemName: 'acme', regions: regions() })).toThrow(
    /^\[Own\/Key\] 'regions(\.homes|\.replicas)?' is a token/,
  );
});

test("the region of a user pool of the same app is that of the pool's ID, not the token's text", () => {
  const stack = new Stack(newApp(), 'Own', { env: { account, region: 'us-east-1' } });
  const identity = ApproverIdentity.cognito({
    userPoolId: new UserPool(stack, 'Pool').userPoolId,
    clientId: 'gate',
    domain: 'login.example.com',
  });
  new ApprovalGate(stack, 'Gate', { gateName: 'acme-gate', identity, approvers: ['ada@example.com'] });
  expect(JSON.stringify(Template.fromStack(stack).findResources('AWS::Lambda::Function'))).toContain(
    'https://cognito-idp.",{"Fn::Select":[0,{"Fn::Split":["_"',
  );
});
