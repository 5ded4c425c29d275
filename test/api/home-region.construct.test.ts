import { Duration } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import {
  ActiveActivePaymentsApi,
  ActiveActivePaymentsApiProps,
  HomeTakeover,
  LedgerReplica,
  PaymentRegions,
  PaymentsAuthorization,
  RecoveryBudget,
} from '../../src/index';
import { account, homeRegions, newStack, plain, regions as strongRegions, statementsByRole } from '../cdk/stacks';

const arn = (service: string, region: string, resource: string): string =>
  `arn:<AWS::Partition>:${service}:${region}:${account}:${resource}`;

function apiOf(
  regions = homeRegions,
  props: Partial<ActiveActivePaymentsApiProps> = {},
  stack = newStack('eu-central-1'),
): { api: ActiveActivePaymentsApi; template: Template } {
  const api = new ActiveActivePaymentsApi(stack, 'Api', {
    ledger: LedgerReplica.of(stack, 'acme-pay', regions),
    authorization: PaymentsAuthorization.iam(),
    ...props,
  });
  return { api, template: Template.fromStack(stack) };
}

const { template } = apiOf();
const functionOf = (says: string): Record<string, any> =>
  Object.values(template.findResources('AWS::Lambda::Function', { Properties: { Description: `acme-pay: ${says}` } }))[0].Properties;

describe('the functions', () => {
  test('know how homes are run, and where to ask: not first in the other region that takes payments', () => {
    for (const name of ['payments', 'accounts', 'transactions', 'health', 'home status', 'home operator', 'home move']) {
      const { LEDGER_CONSISTENCY_MODE, LEDGER_HOME } = functionOf(name).Environment.Variables;
      expect(LEDGER_CONSISTENCY_MODE).toBe('HOME_REGION');
      expect(JSON.parse(LEDGER_HOME)).toEqual({
        regions: ['us-east-1', 'eu-central-1'],
        units: 1,
        leaseMs: 10_000,
        requestMs: 6_000,
        clockMarginMs: 1_000,
        refreshMs: 1_000,
        forwardMs: 3_000,
        moveRequestMs: 1_500,
        moveRefreshMs: 250,
        movePauseMs: 4_500,
        takeover: 'AUTOMATIC',
        authorityTable: 'acme-pay-authority',
        authorityRegions: ['us-east-2', 'us-east-1'],
        cutoverRegions: ['us-east-1', 'eu-central-1'],
      });
    }
  });

  test('end within the time that a takeover waits for them', () => {
    for (const name of ['payments', 'accounts', 'transactions']) {
      expect(functionOf(name)).toMatchObject({ Timeout: 6, Environment: { Variables: { API_REQUEST_DEADLINE_MS: '5000' } } });
    }
  });

  test("are found by name: those that take forwarded calls, and the operator's", () => {
    expect(functionOf('payments').FunctionName).toBe('acme-pay-payments');
    for (const name of ['home-status', 'home-operator', 'home-move']) {
      expect(functionOf(name.replace('-', ' '))).toMatchObject({ FunctionName: `acme-pay-${name}`, Timeout: 900 });
    }
    expect(functionOf('accounts').FunctionName).toBe('acme-pay-accounts');
    for (const name of ['transactions', 'health']) expect(functionOf(name)).not.toHaveProperty('FunctionName');
  });

  test('may do what their calls need, and nothing else', () => {
    const roles = plain(statementsByRole(template)) as Record<
      string,
      { Action: string | string[]; Resource: string | string[]; Condition?: object }[]
    >;
    const actions = Object.fromEntries(
      Object.entries(roles).map(([role, statements]) => [
        role.replace(/^Api(Functions)?/, ''),
        statements
          .filter(({ Action }) => ![Action].flat().some((action) => action.startsWith('kms:')))
          .map(
            ({ Action, Resource }) =>
              `${[Action].flat().join(' ')} on ${[Resource]
                .flat()
                .map((each) => each.replace(/^arn:<AWS::Partition>:\w+:/, '').replace(`:${account}`, ''))
                .join(' ')}`,
          ),
      ]),
    );
    const authority = 'us-east-1:table/acme-pay-authority us-east-2:table/acme-pay-authority';
    const hold = `dynamodb:GetItem dynamodb:PutItem dynamodb:UpdateItem on ${authority}`;
    // Each sends to its own like: who opens accounts here cannot take payments there, and who reads sends nothing.
    const forward = (to: string): string => `lambda:InvokeFunction on us-east-1:function:acme-pay-${to}`;
    const ledger = 'eu-central-1:table/acme-pay-ledger';
    const read = [`dynamodb:GetItem dynamodb:BatchGetItem on ${ledger}`, `dynamodb:Query on ${ledger}/index/byAccount`];
    const compare = ['us-east-1', 'eu-central-1'].flatMap((region) => [
      `dynamodb:Scan on ${region}:table/acme-pay-ledger`,
      `dynamodb:GetItem dynamodb:BatchGetItem on ${region}:table/acme-pay-ledger`,
    ]);
    expect(actions).toEqual({
      Payments: [`dynamodb:GetItem dynamodb:BatchGetItem dynamodb:PutItem dynamodb:UpdateItem on ${ledger}`, hold, forward('payments')],
      Accounts: [
        `dynamodb:GetItem dynamodb:BatchGetItem dynamodb:PutItem on ${ledger}`,
        `dynamodb:UpdateItem on ${ledger}`,
        hold,
        forward('accounts'),
      ],
      Transactions: [...read, `dynamodb:GetItem on ${authority}`],
      Health: [`dynamodb:GetItem on ${ledger}`, `dynamodb:GetItem dynamodb:BatchGetItem dynamodb:UpdateItem on ${authority}`],
      HeartbeatWrite: [`dynamodb:PutItem on ${ledger}`],
      LedgerProofacmepayAsk: [`dynamodb:DescribeTable on ${ledger}`],
      // Who looks cannot move, and nobody but an operator and a cutover's run can.
      HomeOperatorStatus: [`dynamodb:GetItem on ${authority}`, ...read],
      HomeOperator: [hold, ...compare],
      HomeOperatorMove: [
        hold,
        ...compare,
        'states:DescribeExecution states:DescribeStateMachineForExecution states:GetExecutionHistory on ' +
          'us-east-1:execution:acme-pay-cutover:* eu-central-1:execution:acme-pay-cutover:*',
      ],
    });
    // It opens accounts, and changes none: only the journal of a planned move.
    const changing = roles.ApiFunctionsAccounts.find(
      ({ Action, Resource }) => Action === 'dynamodb:UpdateItem' && JSON.stringify(Resource).includes('-ledger'),
    )!;
    expect(changing.Condition).toEqual({ 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['j#*'] } });
    for (const { Resource, Condition } of Object.values(roles).flat()) {
      if (JSON.stringify(Resource).includes('-authority')) {
        expect(Condition).toEqual({ 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['u#*'] } });
      }
    }
    const scanKeys = roles.ApiHomeOperator.filter(({ Action }) => [Action].flat().includes('kms:Decrypt')).map(({ Resource }) => Resource);
    expect(new Set(scanKeys)).toEqual(new Set([arn('kms', 'us-east-1', 'key/*'), arn('kms', 'eu-central-1', 'key/*')]));
  });
});

test('what a stack is told: how long it takes, and how to see who is home', () => {
  const outputs = Object.values(template.findOutputs('*')).map(({ Value }) => Value);
  expect(outputs).toContain(
    '10 s interval x 1 + 6 s for a dead endpoint + 5 s TTL + 5 s margin = 26 s, ' +
      'meanwhile 10 s lease + 6 s request + 1 s clock margin = 17 s until a takeover; the longer one + 3 s to find the home silent ' +
      '= 29 s (target 30 s)',
  );
  expect(outputs).toContainEqual(
    expect.stringMatching(/^aws lambda invoke --region eu-central-1 --function-name acme-pay-home-status .*"action":"status"/),
  );
});

describe('the recovery budget', () => {
  const budget = (regions: Partial<Parameters<typeof PaymentRegions.homeRegion>[0]>) =>
    new RecoveryBudget(newStack(), {}, PaymentRegions.homeRegion({ replicas: ['us-east-1', 'eu-central-1'], ...regions }));

  test('fails when the lease is too long for the target', () => {
    expect(() => budget({ lease: Duration.seconds(30) })).toThrow(
      "'recovery' is 10 s interval x 1 + 6 s for a dead endpoint + 5 s TTL + 5 s margin = 26 s, meanwhile 30 s lease + 6 s request " +
        '+ 1 s clock margin = 37 s',
    );
    expect(budget({ lease: Duration.seconds(20) }).sum.toSeconds()).toBe(30);
  });

  test("says that an operator's time is not in it", () => {
    const operated = budget({ takeover: HomeTakeover.OPERATOR });
    expect(operated.sum.toSeconds()).toBe(26);
    expect(operated.describe()).toContain(
      '= 26 s, and the time until an operator takes over, at least 10 s lease + 6 s request + 1 s clock margin (target 30 s)',
    );
  });
});

test('alarms tell of homes', () => {
  const ids = Object.keys(template.findResources('AWS::CloudWatch::Alarm')).map((id) => id.replace(/^ApiAlarms|[0-9A-F]{8}$/g, ''));
  expect(ids).toEqual(expect.arrayContaining(['HomeUnreachable', 'HomeTakeovers']));
  template.hasResourceProperties('AWS::CloudWatch::Alarm', { MetricName: 'HomeTakeovers', Threshold: 1, DatapointsToAlarm: 1 });
});

test('a decision that takes longer than a home is given fails', () => {
  const stack = newStack('eu-central-1');
  const decide = new Function(stack, 'Decide', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = async () => ({})'),
  });
  expect(() => apiOf(homeRegions, { decision: { function: decide, timeout: Duration.seconds(3) } }, stack)).toThrow(
    "'decision.timeout' is 3000 ms; allowed: 100 ms to 2 s",
  );
});

test("some of the payments function's concurrency is left for calls of other regions: they do not reach what is provisioned", () => {
  const functions = (provisionedConcurrency: number) => ({ functions: { provisionedConcurrency, reservedConcurrency: 50 } });
  expect(() => apiOf(homeRegions, functions(50))).toThrow(
    "'functions.provisionedConcurrency' is 50 with reservedConcurrency 50; allowed: less than reservedConcurrency in mode HOME_REGION",
  );
  expect(() => apiOf(homeRegions, functions(40))).not.toThrow();
  expect(() => apiOf(strongRegions, functions(50), newStack('us-east-1'))).not.toThrow();
});
