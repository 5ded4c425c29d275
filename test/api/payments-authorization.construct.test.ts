import { Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { RequestAuthorizer } from 'aws-cdk-lib/aws-apigateway';
import { AccountRootPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { apiOf, environmentOf, jwt, methods, names } from './api-stack';
import {
  ActiveActivePaymentsApi,
  CognitoTokenUse,
  LedgerReplica,
  PaymentsAuthorization,
  PaymentsScope,
  PaymentsScopes,
} from '../../src/index';
import { newStack, plain, regions, statementsByRole } from '../cdk/stacks';

const { template } = apiOf();

describe('authorization', () => {
  test('JWT: verified by our function, which reads its settings', () => {
    template.hasResourceProperties('AWS::ApiGateway::Authorizer', {
      Type: 'TOKEN',
      IdentitySource: 'method.request.header.Authorization',
      AuthorizerResultTtlInSeconds: 60,
    });
    expect(environmentOf(template, 'authorizer')).toEqual({
      PAYMENTS_SYSTEM_NAME: 'acme-pay',
      AUTHORIZER_ISSUER: jwt.issuer,
      AUTHORIZER_AUDIENCE: '["payments"]',
      AUTHORIZER_TENANT_CLAIM: 'tenant',
      AUTHORIZER_SCOPES: '["payments/operate","payments/pay","payments/read"]',
    });
  });

  test('JWT with everything', () => {
    const { template: full } = apiOf({
      authorization: PaymentsAuthorization.jwt({
        ...jwt,
        jwks: '{"keys":[]}',
        jwksUri: 'https://login.example.com/keys',
        algorithms: ['ES256'],
        scopes: PaymentsScopes.named({ pay: 'pay' }),
        scopeClaim: 'permissions',
      }),
    });
    expect(environmentOf(full, 'authorizer')).toMatchObject({
      AUTHORIZER_JWKS: '{"keys":[]}',
      AUTHORIZER_JWKS_URI: 'https://login.example.com/keys',
      AUTHORIZER_ALGORITHMS: '["ES256"]',
      AUTHORIZER_SCOPES: '["payments/operate","pay","payments/read"]',
      AUTHORIZER_SCOPE_CLAIM: 'permissions',
    });
    expect(environmentOf(full, 'payments').API_CALLER_SOURCE).toBe(
      JSON.stringify({ kind: 'context', key: 'tenant', scopeKey: 'scope', names: { ...names, pay: 'pay' } }),
    );
  });

  test('scopes are asked for unless the team says that it wants none', () => {
    const { template: open } = apiOf({ authorization: PaymentsAuthorization.jwt({ ...jwt, scopes: PaymentsScopes.unchecked() }) });
    expect(environmentOf(open, 'payments').API_CALLER_SOURCE).toBe('{"kind":"context","key":"tenant"}');
    expect(environmentOf(open, 'authorizer')).not.toHaveProperty('AUTHORIZER_SCOPES');
  });

  const pool = { userPoolId: 'us-east-1_AbC', clientIds: ['app'] };

  test('Cognito: the same function, with the pool; the tenant is in every access token', () => {
    const stack = newStack();
    const { template: cognito } = apiOf({ authorization: PaymentsAuthorization.cognito(pool) }, stack);
    expect(environmentOf(cognito, 'authorizer')).toEqual({
      PAYMENTS_SYSTEM_NAME: 'acme-pay',
      AUTHORIZER_USER_POOL_ID: 'us-east-1_AbC',
      AUTHORIZER_AUDIENCE: '["app"]',
      AUTHORIZER_TENANT_CLAIM: 'client_id',
      AUTHORIZER_TOKEN_USE: 'access',
      AUTHORIZER_SCOPES: '["payments/operate","payments/pay","payments/read"]',
    });
    Annotations.fromStack(stack).hasNoWarning('*', Match.stringLikeRegexp('the tenant is'));
    const { template: other } = apiOf({
      authorization: PaymentsAuthorization.cognito({ ...pool, scopes: PaymentsScopes.ofResourceServer('shop') }),
    });
    expect(environmentOf(other, 'authorizer').AUTHORIZER_SCOPES).toBe('["shop/operate","shop/pay","shop/read"]');
  });

  test('Cognito: an attribute of the user is no tenant without more', () => {
    const warned = (props: object): Stack => {
      const stack = newStack();
      apiOf({ authorization: PaymentsAuthorization.cognito({ ...pool, tenantClaim: 'custom:tenant', ...props }) }, stack);
      return stack;
    };
    Annotations.fromStack(warned({})).hasWarning(
      '*',
      Match.stringLikeRegexp('every call is refused, unless a pre token generation trigger of version V2_0 or V3_0'),
    );
    const id = warned({ tokenUse: CognitoTokenUse.ID, scopeClaim: 'cognito:groups' });
    Annotations.fromStack(id).hasWarning('*', Match.stringLikeRegexp('may write this attribute chooses the tenant.*WriteAttributes'));
    Annotations.fromStack(warned({ tenantClaim: 'tenant' })).hasNoWarning('*', Match.stringLikeRegexp('the tenant is'));
  });

  const invoke = (statements: { Action: string; Resource: string | string[] }[]) =>
    statements.filter(({ Action }) => Action === 'execute-api:Invoke');

  test('IAM: no function, the tenant from the principal', () => {
    const { template: iam } = apiOf({ authorization: PaymentsAuthorization.iam() });
    expect(new Set(Object.values(methods(iam)))).toEqual(new Set(['AWS_IAM', 'NONE']));
    iam.resourceCountIs('AWS::ApiGateway::Authorizer', 0);
    expect(environmentOf(iam, 'payments').API_CALLER_SOURCE).toBe('{"kind":"iamAccount"}');
    iam.hasResourceProperties('AWS::ApiGateway::RestApi', { Policy: Match.absent() });
    iam.hasResourceProperties('AWS::ApiGateway::GatewayResponse', {
      ResponseType: 'ACCESS_DENIED',
      ResponseTemplates: { 'application/json': Match.stringLikeRegexp('"code":"forbidden_scope"') },
    });
    template.hasResourceProperties('AWS::ApiGateway::GatewayResponse', {
      ResponseType: 'ACCESS_DENIED',
      ResponseTemplates: { 'application/json': Match.stringLikeRegexp('"code":"forbidden"') },
    });
  });

  test('IAM: callers of other accounts are let in to the calls of their scopes', () => {
    const callers = {
      '111122223333': { tenant: 'acme', scopes: [PaymentsScope.READ] },
      'arn:aws:iam::444455556666:role/till': { tenant: 'acme', scopes: [PaymentsScope.PAY, PaymentsScope.READ] },
    };
    const { template: mapped } = apiOf({ authorization: PaymentsAuthorization.iam({ callers }) });
    expect(environmentOf(mapped, 'payments').API_CALLER_SOURCE).toBe(JSON.stringify({ kind: 'iamPrincipals', callers }));
    const [
      {
        Properties: { Policy: policy },
      },
    ] = Object.values(mapped.findResources('AWS::ApiGateway::RestApi'));
    const statement = (AWS: unknown, calls: string[]) => ({
      Action: 'execute-api:Invoke',
      Effect: 'Allow',
      Principal: { AWS },
      Resource: calls.map((call) => `execute-api:/*/${call}`),
    });
    const [owner, till] = ['arn:<AWS::Partition>:iam::111122223333:root', 'arn:aws:iam::444455556666:role/till'];
    expect(plain(policy.Statement)).toEqual([
      statement([owner, till], ['GET/api/v1/accounts/*', 'GET/api/v1/payments/*', 'GET/api/v1/transactions']),
      statement(till, [
        'POST/api/v1/payments',
        'POST/api/v1/payments/*/capture',
        'POST/api/v1/payments/*/void',
        'POST/api/v1/payments/*/refund',
      ]),
      statement('*', ['GET/health', 'GET/health/*']),
    ]);
  });

  test('IAM: principals are granted the calls of a scope, and no others', () => {
    const stack = newStack();
    const api = new ActiveActivePaymentsApi(stack, 'Api', {
      ledger: LedgerReplica.of(stack, 'acme-pay', regions),
      authorization: PaymentsAuthorization.iam(),
    });
    const [till, desk, back] = ['Till', 'Desk', 'Back'].map((id) => new Role(stack, id, { assumedBy: new AccountRootPrincipal() }));
    api.grantPay(till);
    api.grantRead(desk);
    api.grantOperate(back);
    const roles = plain(statementsByRole(Template.fromStack(stack))) as Record<string, { Action: string; Resource: string | string[] }[]>;
    const callsOf = (role: string) =>
      invoke(Object.entries(roles).find(([name]) => name.startsWith(role))![1])
        .flatMap(({ Resource }) => Resource)
        .map((arn) => arn.split('/').slice(2).join('/'));
    expect(callsOf('Till')).toEqual([
      'POST/api/v1/payments',
      'POST/api/v1/payments/*/capture',
      'POST/api/v1/payments/*/void',
      'POST/api/v1/payments/*/refund',
    ]);
    expect(callsOf('Desk')).toEqual(['GET/api/v1/accounts/*', 'GET/api/v1/payments/*', 'GET/api/v1/transactions']);
    expect(callsOf('Back')).toEqual(['PUT/api/v1/accounts/*']);
    expect(() => apiOf().api.grantPay(till)).toThrow(/'authorization' is callers with tokens; allowed: PaymentsAuthorization.iam/);
  });

  test("the team's own authorizer, and the key of its context", () => {
    const stack = newStack();
    const handler = new Function(stack, 'Own', {
      runtime: Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: Code.fromInline('exports.handler = async () => ({})'),
    });
    const authorizer = new RequestAuthorizer(stack, 'OwnAuthorizer', { handler, identitySources: ['method.request.header.Authorization'] });
    const { template: own } = apiOf(
      { authorization: PaymentsAuthorization.custom({ authorizer, tenantContextKey: 'merchant', scopeContextKey: 'may' }) },
      stack,
    );
    own.resourceCountIs('AWS::ApiGateway::Authorizer', 1);
    expect(environmentOf(own, 'payments').API_CALLER_SOURCE).toBe(
      JSON.stringify({ kind: 'context', key: 'merchant', scopeKey: 'may', names }),
    );
  });

  test.each<[string, PaymentsAuthorization]>([
    [
      "'authorization.issuer' is 'http://login.example.com'; allowed: an https URL",
      PaymentsAuthorization.jwt({ ...jwt, issuer: 'http://login.example.com' }),
    ],
    ["'authorization.jwksUri' is 'keys.json'", PaymentsAuthorization.jwt({ ...jwt, jwksUri: 'keys.json' })],
    ["'authorization.audience' is []; allowed: at least one name", PaymentsAuthorization.jwt({ ...jwt, audience: [] })],
    ["'authorization.tenantClaim' is empty", PaymentsAuthorization.jwt({ ...jwt, tenantClaim: '' })],
    ["'authorization.jwks' is not a key set", PaymentsAuthorization.jwt({ ...jwt, jwks: '[]' })],
    ["'authorization.jwks' is 3000 bytes", PaymentsAuthorization.jwt({ ...jwt, jwks: 'x'.repeat(3000) })],
    ['\'authorization.algorithms\' is ["HS256"]; allowed: RS256', PaymentsAuthorization.jwt({ ...jwt, algorithms: ['HS256'] })],
    [
      "'authorization.clientIds' is []",
      PaymentsAuthorization.cognito({ userPoolId: 'us-east-1_AbC', clientIds: [], tenantClaim: 'tenant' }),
    ],
    [
      "'authorization.callers' is everyone: {",
      PaymentsAuthorization.iam({ callers: { everyone: { tenant: 'acme', scopes: [PaymentsScope.PAY] } } }),
    ],
    [
      '\'authorization.callers\' is 111122223333: {"tenant":"a#b"',
      PaymentsAuthorization.iam({ callers: { 111122223333: { tenant: 'a#b', scopes: [PaymentsScope.PAY] } } }),
    ],
    [
      '\'authorization.callers\' is 111122223333: {"tenant":"acme","scopes":[]}',
      PaymentsAuthorization.iam({ callers: { 111122223333: { tenant: 'acme', scopes: [] } } }),
    ],
    ["'authorization.callers' is empty", PaymentsAuthorization.iam({ callers: {} })],
    ["'authorization.scopes' is {", PaymentsAuthorization.jwt({ ...jwt, scopes: PaymentsScopes.named({ pay: 'all', read: 'all' }) })],
    ["'authorization.scopes' is {", PaymentsAuthorization.jwt({ ...jwt, scopes: PaymentsScopes.named({ pay: 'may pay' }) })],
    [
      "'authorization.tenantClaim' is missing, for ID tokens",
      PaymentsAuthorization.cognito({ ...{ userPoolId: 'us-east-1_AbC', clientIds: ['app'] }, tokenUse: CognitoTokenUse.ID }),
    ],
    [
      "'authorization.scopeClaim' is missing, for ID tokens",
      PaymentsAuthorization.cognito({
        userPoolId: 'us-east-1_AbC',
        clientIds: ['app'],
        tenantClaim: 'custom:t',
        tokenUse: CognitoTokenUse.ID,
      }),
    ],
  ])('%s', (message, authorization) => {
    expect(() => apiOf({ authorization })).toThrow(`[Stack/Api] ${message}`);
  });
});
