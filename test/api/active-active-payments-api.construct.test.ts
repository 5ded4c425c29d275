import { Stack } from 'aws-cdk-lib';
import { Capture, Match, Template } from 'aws-cdk-lib/assertions';
import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { apiOf, environmentOf, methods, names } from './api-stack';
import { apiRoutes, gatewayProblems } from '../../src/api/contract';
import { ActiveActivePaymentsApiProps, DecisionOnUnknown, LedgerReplica, PaymentsAuthorization } from '../../src/index';
import { drainCommand, restoreCommand } from '../../src/ledger/drain-command.contract';
import { account, newApp, newStack, plain, regions, statementsByRole } from '../cdk/stacks';

const { template } = apiOf();

/** What nobody knows who has not the stack's ID. */
const ofStack = { 'Fn::Select': [2, { 'Fn::Split': ['/', { Ref: 'AWS::StackId' }] }] };
const probePart = JSON.stringify(ofStack);

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
  const asked = { region: 'us-east-1', through: 'us-west-2', tableName: 'acme-pay-ledger' };
  // What they do is tried in drain-command.engine.test.ts.
  for (const command of [drainCommand(asked), restoreCommand(asked)]) expect(outputs).toContain(command);
  expect(outputs).toContain('10 s interval x 1 + 6 s for a dead endpoint + 5 s TTL + 5 s margin = 26 s (target 30 s)');
});
