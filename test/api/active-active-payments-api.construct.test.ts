import { Stack } from 'aws-cdk-lib';
import { Annotations, Capture, Match, Template } from 'aws-cdk-lib/assertions';
import { RequestAuthorizer } from 'aws-cdk-lib/aws-apigateway';
import { AccountRootPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { apiRoutes, gatewayProblems } from '../../src/api/contract';
import {
  ActiveActivePaymentsApi,
  ActiveActivePaymentsApiProps,
  CognitoTokenUse,
  DecisionOnUnknown,
  LedgerReplica,
  PaymentsAuthorization,
  PaymentsScope,
  PaymentsScopes,
} from '../../src/index';
import { account, newApp, newStack, plain, regions, statementsByRole } from '../cdk/stacks';

const jwt = { issuer: 'https://login.example.com', audience: ['payments'], tenantClaim: 'tenant' };

function apiOf(
  props: Partial<ActiveActivePaymentsApiProps> = {},
  stack = newStack(),
): { api: ActiveActivePaymentsApi; template: Template } {
  const api = new ActiveActivePaymentsApi(stack, 'Api', {
    ledger: LedgerReplica.of(stack, 'acme-pay', regions),
    authorization: PaymentsAuthorization.jwt(jwt),
    ...props,
  });
  return { api, template: Template.fromStack(stack) };
}

const { template } = apiOf();

/** What nobody knows who has not the stack's ID. */
const ofStack = { 'Fn::Select': [2, { 'Fn::Split': ['/', { Ref: 'AWS::StackId' }] }] };
const probePart = JSON.stringify(ofStack);
const names = { operate: 'payments/operate', pay: 'payments/pay', read: 'payments/read' };

/** Methods by path, with their authorization. */
function methods(from: Template): Record<string, string> {
  const resources = from.findResources('AWS::ApiGateway::Resource');
  const pathOf = (reference: { Ref?: string }): string => {
    const found = reference.Ref === undefined ? undefined : resources[reference.Ref];
    const part = found?.Properties.PathPart;
    return found ? `${pathOf(found.Properties.ParentId)}/${typeof part === 'string' ? part : JSON.stringify(part)}` : '';
  };
  return Object.fromEntries(
    Object.values(from.findResources('AWS::ApiGateway::Method')).map(({ Properties }) => [
      `${Properties.HttpMethod} ${pathOf(Properties.ResourceId) || '/'}`,
      Properties.AuthorizationType,
    ]),
  );
}

function environmentOf(from: Template, name: string): Record<string, unknown> {
  const functions = from.findResources('AWS::Lambda::Function', { Properties: { Description: `acme-pay: ${name}` } });
  return Object.values(functions)[0].Properties.Environment.Variables;
}

describe('routes', () => {
  test('every path takes ANY behind the authorizer, unknown ones too; only GET /health is open, and its path for Route 53', () => {
    const expected: Record<string, string> = {
      'GET /health': 'NONE',
      [`GET /health/${probePart}`]: 'NONE',
      'ANY /': 'CUSTOM',
      'ANY /{proxy+}': 'CUSTOM',
    };
    for (const { path } of apiRoutes) expected[`ANY ${path}`] = 'CUSTOM';
    expect(methods(template)).toEqual(expected);
  });

  test('integrations wait longer than the function and shorter than the gateway', () => {
    for (const { Properties } of Object.values(template.findResources('AWS::ApiGateway::Method'))) {
      expect(Properties.Integration.TimeoutInMillis).toBe(18_000);
    }
  });
});

describe('the stage', () => {
  test('is traced, throttled and logged as JSON without secrets', () => {
    const format = new Capture();
    template.hasResourceProperties('AWS::ApiGateway::Stage', {
      StageName: 'live',
      TracingEnabled: true,
      MethodSettings: [
        Match.objectLike({ ResourcePath: '/*', ThrottlingRateLimit: 1000, ThrottlingBurstLimit: 500, DataTraceEnabled: false }),
        Match.objectLike({
          ResourcePath: '/~1health',
          HttpMethod: 'GET',
          ThrottlingRateLimit: 20,
          DataTraceEnabled: false,
          MetricsEnabled: true,
        }),
        Match.objectLike({
          ResourcePath: { 'Fn::Join': ['', ['/~1health~1', ofStack]] },
          HttpMethod: 'GET',
          ThrottlingRateLimit: 100,
          DataTraceEnabled: false,
          MetricsEnabled: false,
        }),
      ],
      AccessLogSetting: { Format: format },
    });
    const line = JSON.parse(format.asString()) as Record<string, string>;
    expect(line.traceId).toBe('$context.xrayTraceId');
    expect(format.asString()).not.toMatch(/header|body|claims|principal|token/i);
  });

  test('needs no log, nor a right to write one, when told so', () => {
    const { template: silent } = apiOf({ accessLog: false });
    silent.resourceCountIs('AWS::ApiGateway::Account', 0);
    silent.hasResourceProperties('AWS::ApiGateway::Stage', { AccessLogSetting: Match.absent() });
    apiOf({ accountLogRole: false }).template.resourceCountIs('AWS::ApiGateway::Account', 0);
  });

  test("bounds each client address to half of what all share, and never counts Route 53's checkers", () => {
    const rule = (limit: number) => ({
      Rules: [
        Match.objectLike({
          Statement: {
            RateBasedStatement: Match.objectLike({
              Limit: limit,
              ScopeDownStatement: {
                NotStatement: {
                  Statement: {
                    ByteMatchStatement: Match.objectLike({
                      PositionalConstraint: 'ENDS_WITH',
                      SearchString: { 'Fn::Join': ['', ['/health/', ofStack]] },
                    }),
                  },
                },
              },
            }),
          },
        }),
      ],
    });
    template.hasResourceProperties('AWS::WAFv2::WebACL', rule(30_000));
    template.resourceCountIs('AWS::WAFv2::WebACLAssociation', 1);
    apiOf({ throttling: { rateLimit: 10, burstLimit: 10 } }).template.hasResourceProperties('AWS::WAFv2::WebACL', rule(300));
    apiOf({ clientRate: { enabled: false } }).template.resourceCountIs('AWS::WAFv2::WebACLAssociation', 0);
  });

  test("answers the probe by a key of the team's own, and by the last one while the health check moves", () => {
    const [first, second] = ['a'.repeat(32), 'b'.repeat(32)];
    const probes = (from: Template) => Object.keys(methods(from)).filter((name) => name.startsWith('GET /health/'));
    const keyed = apiOf({ probePath: { key: first } });
    expect([keyed.api.probePath, probes(keyed.template)]).toEqual([`/health/${first}`, [`GET /health/${first}`]]);
    const moving = apiOf({ probePath: { key: second, previousKey: first } });
    expect([moving.api.probePath, probes(moving.template).sort()]).toEqual([
      `/health/${second}`,
      [`GET /health/${first}`, `GET /health/${second}`],
    ]);
    expect(probes(apiOf({ probePath: { key: first, previousKey: 'default' } }).template).sort()).toEqual([
      `GET /health/${first}`,
      `GET /health/${probePart}`,
    ]);
    for (const wrong of [{ key: 'short' }, { key: `${first}/x` }, { previousKey: 'default' }, { key: first, previousKey: first }]) {
      expect(() => apiOf({ probePath: wrong })).toThrow(/'probePath\.(key|previousKey)' is/);
      expect(() => apiOf({ probePath: wrong })).not.toThrow(first);
    }
  });

  test('a change of the key is a deployment of the API, and the health check waits for it', () => {
    const ids = (probePath: object) => Object.keys(apiOf({ probePath }).template.findResources('AWS::ApiGateway::Deployment'));
    expect(ids({ key: 'a'.repeat(32) })).not.toEqual(ids({ key: 'b'.repeat(32) }));
  });

  test('is regional and can stand behind a firewall', () => {
    template.hasResourceProperties('AWS::ApiGateway::RestApi', { EndpointConfiguration: { Types: ['REGIONAL'] } });
    const webAclArn = `arn:aws:wafv2:us-east-1:${account}:regional/webacl/payments/1`;
    apiOf({ webAclArn }).template.hasResourceProperties('AWS::WAFv2::WebACLAssociation', { WebACLArn: webAclArn });
  });
});

test("what the gateway answers by itself has the form of the API's errors", () => {
  const responses = Object.values(template.findResources('AWS::ApiGateway::GatewayResponse')).map(({ Properties }) => Properties);
  expect(responses.map(({ ResponseType }) => ResponseType).sort()).toEqual(gatewayProblems.map(({ type }) => type).sort());
  for (const { StatusCode, ResponseParameters, ResponseTemplates } of responses) {
    const body = JSON.parse(ResponseTemplates['application/json']) as Record<string, unknown>;
    expect(Object.keys(body)).toEqual(['type', 'title', 'status', 'detail', 'instance', 'code']);
    expect(String(body.status)).toBe(StatusCode);
    expect(ResponseParameters).toMatchObject({
      'gatewayresponse.header.Content-Type': "'application/problem+json'",
      'gatewayresponse.header.Cache-Control': "'no-store'",
      'gatewayresponse.header.X-Served-By-Region': "'us-east-1'",
      'gatewayresponse.header.X-Amzn-Trace-Id': 'method.request.header.X-Amzn-Trace-Id',
    });
    expect(ResponseParameters['gatewayresponse.header.Retry-After']).toBe(['429', '503'].includes(StatusCode) ? "'1'" : undefined);
  }
});

describe('functions', () => {
  test('run on the newest Node, traced, each with a log of its own', () => {
    const functions = Object.values(template.findResources('AWS::Lambda::Function')).map(({ Properties }) => Properties);
    expect(functions.map(({ Description }) => Description).sort()).toEqual(
      ['accounts', 'authorizer', 'health', 'payments', "proves the ledger's tables to a deployment", 'transactions'].map(
        (name) => `acme-pay: ${name}`,
      ),
    );
    for (const properties of functions) {
      expect(properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        TracingConfig: { Mode: 'Active' },
        LoggingConfig: { LogFormat: 'JSON' },
      });
      if (properties.Description.endsWith('to a deployment')) continue;
      expect(properties.MemorySize).toBe(1024);
      expect(properties.Timeout).toBeLessThan(29);
    }
    template.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 90 });
  });

  test('each may do what its calls need, and nothing else', () => {
    const table = `arn:<AWS::Partition>:dynamodb:us-east-1:${account}:table/acme-pay-ledger`;
    const actions = Object.fromEntries(
      Object.entries(plain(statementsByRole(template))).map(([role, statements]) => [
        role.replace('ApiFunctions', ''),
        (statements as { Action: string | string[]; Resource: string }[]).map(
          ({ Action, Resource }) => `${[Action].flat().join(' ')} on ${Resource.replace(table, 'table').replace(/^arn:.*:key/, 'key')}`,
        ),
      ]),
    );
    const writeKey =
      'kms:Decrypt kms:DescribeKey kms:Encrypt kms:ReEncryptFrom kms:ReEncryptTo kms:GenerateDataKey ' +
      'kms:GenerateDataKeyWithoutPlaintext on key/*';
    const readKey = 'kms:Decrypt kms:DescribeKey on key/*';
    expect(actions).toEqual({
      Authorizer: [],
      Payments: ['dynamodb:GetItem dynamodb:BatchGetItem dynamodb:PutItem dynamodb:UpdateItem on table', writeKey],
      Accounts: ['dynamodb:GetItem dynamodb:PutItem on table', writeKey],
      Transactions: ['dynamodb:GetItem dynamodb:BatchGetItem on table', 'dynamodb:Query on table/index/byAccount', readKey],
      Health: ['dynamodb:GetItem on table', readKey],
      // Asks at each deployment whether the table is the one that the functions were made for.
      LedgerProofacmepayAsk: ['dynamodb:DescribeTable on table'],
    });
  });

  test("no role has a managed policy but the account's log role", () => {
    for (const [id, { Properties }] of Object.entries(template.findResources('AWS::IAM::Role'))) {
      expect([id.includes('CloudWatchRole'), Properties.ManagedPolicyArns === undefined]).toEqual([
        id.includes('CloudWatchRole'),
        !id.includes('CloudWatchRole'),
      ]);
    }
  });

  test('know the ledger by name', () => {
    for (const name of ['payments', 'accounts', 'transactions', 'health']) {
      expect(environmentOf(template, name)).toMatchObject({
        PAYMENTS_SYSTEM_NAME: 'acme-pay',
        LEDGER_TABLE_NAME: 'acme-pay-ledger',
        LEDGER_CONSISTENCY_MODE: 'STRONG',
        API_CALLER_SOURCE: JSON.stringify({ kind: 'context', key: 'tenant', scopeKey: 'scope', names }),
      });
    }
  });

  test('the payments function can be kept warm and bounded', () => {
    const { template: warm } = apiOf({ functions: { provisionedConcurrency: 5, reservedConcurrency: 50, memorySize: 2048 } });
    warm.hasResourceProperties('AWS::Lambda::Alias', {
      Name: 'live',
      ProvisionedConcurrencyConfig: { ProvisionedConcurrentExecutions: 5 },
    });
    warm.hasResourceProperties('AWS::Lambda::Function', {
      Description: 'acme-pay: payments',
      ReservedConcurrentExecutions: 50,
      MemorySize: 2048,
    });
    warm.resourceCountIs('AWS::Lambda::Alias', 1);
  });

  test('what is kept warm is published anew by each deployment, which may have found another mode of the table', () => {
    const pinned = process.env.SOURCE_DATE_EPOCH;
    const versionAt = (seconds: string): string[] => {
      process.env.SOURCE_DATE_EPOCH = seconds;
      return Object.keys(apiOf({ functions: { provisionedConcurrency: 5 } }).template.findResources('AWS::Lambda::Version'));
    };
    try {
      const [first] = versionAt('1700000000');
      expect(versionAt('1700000000')).toEqual([first]);
      expect(versionAt('1700000060')).not.toEqual([first]);
    } finally {
      process.env.SOURCE_DATE_EPOCH = pinned;
    }
  });

  test("a decision of the team's own is called by the payments function alone", () => {
    const stack = newStack();
    const decide = new Function(stack, 'Decide', {
      runtime: Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: Code.fromInline('exports.handler = async () => ({})'),
    });
    const { template: decided } = apiOf({ decision: { function: decide, onUnknown: DecisionOnUnknown.DECLINE } }, stack);
    expect(environmentOf(decided, 'payments')).toMatchObject({
      DECISION_FUNCTION_ARN: expect.anything(),
      DECISION_TIMEOUT_MS: '2000',
      DECISION_ON_UNKNOWN: 'DECLINE',
    });
    expect(environmentOf(decided, 'accounts')).not.toHaveProperty('DECISION_FUNCTION_ARN');
    const roles = Object.entries(statementsByRole(decided)).filter(([, statements]) =>
      JSON.stringify(statements).includes('lambda:InvokeFunction'),
    );
    expect(roles.map(([role]) => role)).toEqual(['ApiFunctionsPayments']);
  });
});

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

describe('what cannot be meant fails at synth', () => {
  test('no authorization', () => {
    expect(() => apiOf({ authorization: undefined as unknown as PaymentsAuthorization })).toThrow(
      "[Stack/Api] 'authorization' is missing; allowed: PaymentsAuthorization.jwt, cognito, iam or custom",
    );
  });

  test("another region's replica", () => {
    const app = newApp();
    const ledger = LedgerReplica.of(newStack('us-west-2', app), 'acme-pay', regions);
    const stack = new Stack(app, 'East', { env: { account, region: 'us-east-1' } });
    expect(() => apiOf({ ledger }, stack)).toThrow("[East/Api] 'ledger' is the replica in us-west-2, for a stack in us-east-1");
  });

  test.each<[string, Partial<ActiveActivePaymentsApiProps>]>([
    ["'throttling' is rateLimit 0, burstLimit 5", { throttling: { rateLimit: 0, burstLimit: 5 } }],
    [
      "'webAclArn' is 'arn:aws:wafv2:us-east-1:1:global/webacl/x/1'; allowed: the ARN of a regional web ACL in us-east-1",
      { webAclArn: 'arn:aws:wafv2:us-east-1:1:global/webacl/x/1' },
    ],
    ["'functions.memorySize' is 128", { functions: { memorySize: 128 } }],
    ["'functions.reservedConcurrency' is 0", { functions: { reservedConcurrency: 0 } }],
    [
      "'functions.provisionedConcurrency' is 9 with reservedConcurrency 5",
      { functions: { provisionedConcurrency: 9, reservedConcurrency: 5 } },
    ],
  ])('%s', (message, props) => {
    expect(() => apiOf(props)).toThrow(message);
  });

  test('a bundle that is not there', () => {
    const stack = newStack();
    stack.node.setContext('cdk-multi-region-payments:assets', '/nowhere');
    expect(() => apiOf({}, stack)).toThrow(
      "[Stack/Api/Functions/Authorizer] 'handler bundle assets/api/functions/authorizer/index.js' is missing",
    );
  });
});

test('the outputs hold the drain and restore commands and the recovery time', () => {
  const outputs = Object.values(template.findOutputs('*')).map(({ Value }) => Value);
  expect(outputs).toContain(
    'aws dynamodb put-item --item \'{"pk":{"S":"drain#us-east-1"}}\' --table-name acme-pay-ledger --region us-west-2',
  );
  expect(outputs).toContain(
    'aws dynamodb delete-item --key \'{"pk":{"S":"drain#us-east-1"}}\' --table-name acme-pay-ledger --region us-west-2',
  );
  expect(outputs).toContain('10 s interval x 1 + 6 s for a dead endpoint + 5 s TTL + 5 s margin = 26 s (target 30 s)');
});
