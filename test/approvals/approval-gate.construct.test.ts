import { App, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import {
  Chain,
  Choice,
  Condition,
  DefinitionBody,
  JsonPath,
  LogLevel,
  Map as MapState,
  Pass,
  StateMachine,
  StateMachineType,
  Succeed,
} from 'aws-cdk-lib/aws-stepfunctions';
import { ApprovalGate } from '../../src/approvals/constructs/approval-gate';
import { ApproverIdentity } from '../../src/approvals/constructs/approver-identity';
import { ApprovalGateProps, ApprovalOutcome } from '../../src/approvals/constructs/gate-options';
import { ApprovalTaskProps } from '../../src/approvals/constructs/gate-task';
import { readIdentity, readRules } from '../../src/approvals/contract';
import { newApp, newStack } from '../cdk/stacks';

/** It comes without types. */
const aslValidator = jest.requireActual<(definition: object) => { readonly isValid: boolean; readonly errors: unknown[] }>('asl-validator');

const identity = ApproverIdentity.oidc({ issuer: 'https://login.example.com', clientId: 'gate' });

function gateIn(stack: Stack, change: Partial<ApprovalGateProps> = {}): ApprovalGate {
  return new ApprovalGate(stack, 'Gate', { gateName: 'acme-gate', identity, approverGroups: ['approvers'], ...change });
}

type Resources = Record<string, { Type: string; Properties: Record<string, any>; DeletionPolicy?: string }>;

function resourcesOf(change: Partial<ApprovalGateProps> = {}, stack = newStack('eu-central-1')): Resources {
  gateIn(stack, change);
  return Template.fromStack(stack).toJSON().Resources as Resources;
}

const ofType = (resources: Resources, type: string): Resources[string][] =>
  Object.values(resources).filter((resource) => resource.Type === type);

function functionOf(resources: Resources, description: string): Record<string, any> {
  return ofType(resources, 'AWS::Lambda::Function').find(({ Properties }) => Properties.Description === `acme-gate: ${description}`)!
    .Properties;
}

/** What the function's role may do: action to resources. */
function rightsOf(resources: Resources, description: string): Record<string, unknown> {
  const role = functionOf(resources, description).Role['Fn::GetAtt'][0] as string;
  const statements = ofType(resources, 'AWS::IAM::Policy')
    .filter(({ Properties }) => Properties.Roles.some((each: { Ref: string }) => each.Ref === role))
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement as { Action: string | string[]; Resource: unknown }[]);
  return Object.fromEntries(statements.flatMap(({ Action, Resource }) => [Action].flat().map((action) => [action, Resource])));
}

describe('the functions may do what they must, and no more', () => {
  const resources = resourcesOf();
  const own = (description: string): string[] =>
    Object.keys(rightsOf(resources, description))
      .filter((action) => !/^(logs|xray):/.test(action))
      .sort();

  test('none can update or delete what is in the table', () => {
    expect(own('request')).toEqual(['dynamodb:GetItem', 'dynamodb:PutItem', 'sns:Publish']);
    expect(own('decide')).toEqual([
      'dynamodb:GetItem',
      'dynamodb:PutItem',
      'secretsmanager:DescribeSecret',
      'secretsmanager:GetSecretValue',
      'states:SendTaskSuccess',
    ]);
    expect(own('verify')).toEqual(['dynamodb:GetItem']);
    expect(own('sweep')).toEqual([
      'dynamodb:GetItem',
      'dynamodb:PutItem',
      'dynamodb:Query',
      'sns:Publish',
      'states:SendTaskHeartbeat',
      'states:SendTaskSuccess',
    ]);
  });

  test("only Step Functions' own two actions are for every resource: they know none", () => {
    for (const description of ['request', 'decide', 'sweep', 'verify']) {
      const wide = Object.entries(rightsOf(resources, description))
        .filter(([action, resource]) => resource === '*' && !action.startsWith('xray:'))
        .map(([action]) => action);
      expect(wide.every((action) => action.startsWith('states:SendTask'))).toBe(true);
    }
  });
});

test('the record of decisions is encrypted, can be restored, and stays', () => {
  const [table] = ofType(resourcesOf(), 'AWS::DynamoDB::Table');
  expect(table).toMatchObject({
    DeletionPolicy: 'Retain',
    Properties: {
      DeletionProtectionEnabled: true,
      SSESpecification: { SSEEnabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      BillingMode: 'PAY_PER_REQUEST',
    },
  });
  expect(ofType(resourcesOf({ removalPolicy: RemovalPolicy.DESTROY }), 'AWS::DynamoDB::Table')[0]).toMatchObject({
    DeletionPolicy: 'Delete',
    Properties: { DeletionProtectionEnabled: false },
  });
});

test('the functions know the rules, and where the page is', () => {
  const { Environment } = functionOf(
    resourcesOf({ approvers: ['ann'], requiredApprovals: 2, expiry: Duration.hours(2), expiryOutcome: ApprovalOutcome.APPROVED }),
    'decide',
  );
  expect(readRules(Environment.Variables.GATE_RULES)).toEqual({
    people: ['ann'],
    groups: ['approvers'],
    excludeStarter: true,
    required: 2,
    expirySeconds: 7200,
    expiryDecision: 'APPROVED',
    reminderSeconds: 14_400,
    escalationSeconds: 3_600,
    heartbeatSeconds: 360,
  });
  expect(readIdentity(Environment.Variables.GATE_IDENTITY)).toMatchObject({
    kind: 'oidc',
    audience: ['gate'],
    scopes: ['openid', 'email', 'profile'],
    identityClaim: 'sub',
    groupsClaim: 'groups',
  });
  expect(JSON.stringify(Environment.Variables.GATE_BASE_URL)).toMatch(/https:\/\/.+GatePageApi.+\.execute-api\.eu-central-1\..+\/live/);
  // No function holds what only another needs.
  expect(Environment.Variables.GATE_TOPIC_ARN).toBeUndefined();
  expect(functionOf(resourcesOf(), 'request').Environment.Variables.GATE_SESSION_SECRET_ARN).toBeUndefined();
});

test('defaults are the documented ones', () => {
  const rules = readRules(functionOf(resourcesOf(), 'request').Environment.Variables.GATE_RULES);
  expect(rules).toMatchObject({
    excludeStarter: true,
    required: 1,
    expirySeconds: 86_400,
    expiryDecision: 'REJECTED',
    reminderSeconds: 14_400,
    escalationSeconds: 43_200,
    heartbeatSeconds: 360,
  });
  for (const { Properties } of ofType(resourcesOf(), 'AWS::Logs::LogGroup')) expect(Properties.RetentionInDays).toBe(365);
});

test("anyone may look; deciding asks for a signature with IAM, and is the function's matter otherwise", () => {
  const methods = (change: Partial<ApprovalGateProps>): string[] =>
    ofType(resourcesOf(change), 'AWS::ApiGateway::Method')
      .map(({ Properties }) => `${Properties.HttpMethod} ${Properties.AuthorizationType}`)
      .sort();
  expect(methods({})).toEqual(['GET NONE', 'GET NONE', 'GET NONE', 'POST NONE']);
  expect(
    methods({ identity: ApproverIdentity.iam(), approverGroups: [], approvers: ['arn:aws:iam::111122223333:role/Approvers'] }),
  ).toEqual(['GET NONE', 'POST AWS_IAM']);
});

test('with IAM there is no session to sign, and approvers can be let call the decision', () => {
  const stack = newStack('eu-central-1');
  const gate = gateIn(stack, {
    identity: ApproverIdentity.iam(),
    approverGroups: [],
    approvers: ['arn:aws:iam::111122223333:role/Approvers'],
  });
  gate.grantDecide(new Role(stack, 'Approver', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') }));
  const resources = Template.fromStack(stack).toJSON().Resources as Resources;
  expect(ofType(resources, 'AWS::SecretsManager::Secret')).toEqual([]);
  expect(JSON.stringify(ofType(resources, 'AWS::IAM::Policy'))).toMatch(/execute-api:Invoke.*POST\/approvals\/\*/);
});

describe('a flood of strangers keeps nobody from deciding or rolling back', () => {
  const buckets = (change: Partial<ApprovalGateProps> = {}): Record<string, unknown> => {
    const stack = newStack('eu-central-1');
    const gate = gateIn(stack, change);
    gate.addStart('release', { stateMachineName: 'acme-release', starters: change.approvers ?? ['ann'] });
    gate.addStart('rollback', { stateMachineName: 'acme-rollback', starters: change.approvers ?? ['ann'] });
    const resources = Template.fromStack(stack).toJSON().Resources as Resources;
    const settings = ofType(resources, 'AWS::ApiGateway::Stage')[0].Properties.MethodSettings as Record<
      string,
      string | number | boolean
    >[];
    const found = Object.fromEntries(
      settings.map(({ HttpMethod, ResourcePath, ThrottlingRateLimit, ThrottlingBurstLimit, MetricsEnabled }) => [
        `${HttpMethod} ${String(ResourcePath).replace(/~1/g, '/')}`,
        [ThrottlingRateLimit, ThrottlingBurstLimit, MetricsEnabled],
      ]),
    );
    // No route shares a bucket with another.
    expect(Object.keys(found)).toHaveLength(ofType(resources, 'AWS::ApiGateway::Method').length + 1);
    return found;
  };

  test('each route has a bucket of its own', () => {
    expect(buckets()).toEqual({
      '* /*': [20, 40, true],
      'GET //approvals/{id}': [20, 40, true],
      'GET //approvals/{id}/sign-in': [20, 40, true],
      'GET //sign-in/callback': [20, 40, true],
      'POST //approvals/{id}': [10, 20, true],
      'POST //starts/release': [10, 20, true],
      'POST //starts/rollback': [10, 20, true],
    });
    const approvers = ['arn:aws:iam::111122223333:role/Approvers'];
    expect(Object.keys(buckets({ identity: ApproverIdentity.iam(), approverGroups: [], approvers }))).toContain('POST //approvals/{id}');
  });

  test('each client address is bounded, unless the team says otherwise', () => {
    const rules = (change: Partial<ApprovalGateProps>): Resources[string]['Properties'][] =>
      ofType(resourcesOf(change), 'AWS::WAFv2::WebACL').map(({ Properties }) => Properties);
    expect(rules({})).toMatchObject([{ Rules: [{ Statement: { RateBasedStatement: { Limit: 300, AggregateKeyType: 'IP' } } }] }]);
    expect(rules({ clientRate: { enabled: false } })).toEqual([]);
    const webAclArn = 'arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/ours/1';
    expect(rules({ webAclArn })).toEqual([]);
    expect(ofType(resourcesOf({ webAclArn }), 'AWS::WAFv2::WebACLAssociation')).toMatchObject([{ Properties: { WebACLArn: webAclArn } }]);
  });
});

test('the access log has neither path nor query: they hold IDs and codes', () => {
  const format = ofType(resourcesOf(), 'AWS::ApiGateway::Stage')[0].Properties.AccessLogSetting.Format as string;
  expect(format).toContain('$context.resourcePath');
  expect(format).not.toMatch(/\$context\.path|querystring/);
  expect(ofType(resourcesOf({ accessLog: false }), 'AWS::ApiGateway::Stage')[0].Properties.AccessLogSetting).toBeUndefined();
});

test("keys, topics and addresses of the team's own are used", () => {
  const stack = newStack('eu-central-1');
  const [topic, escalationTopic] = [new Topic(stack, 'T'), new Topic(stack, 'E')];
  const resources = resourcesOf(
    {
      topic,
      escalationTopic,
      encryptionKey: new Key(stack, 'Key'),
      emails: ['ann@example.com', 'ben@example.com'],
      publicUrl: 'https://approve.example.com',
      identity: ApproverIdentity.cognito({
        userPoolId: 'eu-central-1_abc',
        clientId: 'gate',
        domain: 'acme.auth.eu-central-1.amazoncognito.com',
        clientSecret: new Secret(stack, 'Client'),
      }),
    },
    stack,
  );
  expect(ofType(resources, 'AWS::SNS::Topic')).toHaveLength(2);
  expect(ofType(resources, 'AWS::SNS::Subscription').map(({ Properties }) => Properties.Endpoint)).toEqual([
    'ann@example.com',
    'ben@example.com',
  ]);
  const variables = functionOf(resources, 'decide').Environment.Variables;
  expect(variables.GATE_BASE_URL).toBe('https://approve.example.com');
  expect(variables.GATE_CLIENT_SECRET_ARN).toBeDefined();
  expect(readIdentity(variables.GATE_IDENTITY)).toMatchObject({
    issuer: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_abc',
    groupsClaim: 'cognito:groups',
    tokenEndpoint: 'https://acme.auth.eu-central-1.amazoncognito.com/oauth2/token',
  });
  expect(ofType(resources, 'AWS::DynamoDB::Table')[0].Properties.SSESpecification).toMatchObject({ SSEType: 'KMS' });
});

test('alarms rise when the gate is silent or in trouble', () => {
  const alarms = ofType(resourcesOf(), 'AWS::CloudWatch::Alarm').map(
    ({ Properties: { MetricName, TreatMissingData, ComparisonOperator, AlarmDescription } }) => [
      MetricName,
      TreatMissingData,
      ComparisonOperator,
      (AlarmDescription as string).split('#')[1],
    ],
  );
  expect(alarms).toEqual([
    ['ApprovalSweeps', 'breaching', 'LessThanThreshold', 'approval-gate-silent'],
    ['ApprovalFaults', 'notBreaching', 'GreaterThanOrEqualToThreshold', 'approval-faults'],
    ['ForgedApprovals', 'notBreaching', 'GreaterThanOrEqualToThreshold', 'an-answer-that-is-not-the-gates'],
  ]);
});

describe('in a state machine', () => {
  const asking = {
    subject: 'Deploy',
    question: 'Deploy it?',
    startedByPath: '$.startedBy',
    reportPath: '$.checks',
    details: { build: JsonPath.stringAt('$.build') },
  };

  function definitionOf(
    change: Partial<ApprovalTaskProps> = {},
    gate: Partial<ApprovalGateProps> = {},
    nested = false,
  ): Record<string, any> {
    const stack = newStack('eu-central-1');
    const task = gateIn(stack, gate).task(stack, 'Approve', { ...asking, ...change });
    const chosen = new Choice(stack, 'Approved?')
      .when(Condition.stringEquals('$.approval.decision', 'APPROVED'), new Pass(stack, 'Do it'))
      .otherwise(new Succeed(stack, 'Leave it'));
    const chain = nested ? new MapState(stack, 'Each', { itemsPath: '$.each' }).itemProcessor(task) : task.next(chosen);
    new StateMachine(stack, 'Machine', { definitionBody: DefinitionBody.fromChainable(chain) });
    const [machine] = ofType(Template.fromStack(stack).toJSON().Resources as Resources, 'AWS::StepFunctions::StateMachine');
    const [, parts] = machine.Properties.DefinitionString['Fn::Join'] as [string, unknown[]];
    return JSON.parse(
      parts
        .map((part) =>
          typeof part === 'string' ? part : 'Ref' in (part as object) ? 'aws' : 'arn:aws:lambda:eu-central-1:111122223333:function:f',
        )
        .join(''),
    ) as Record<string, any>;
  }

  test('the step waits with a token, in bounded time, and goes on with a result whatever happens', () => {
    const { States } = definitionOf();
    expect(States.Approve).toMatchObject({
      Type: 'Task',
      TimeoutSeconds: 86_400 + 900,
      HeartbeatSeconds: 1_800,
      ResultPath: '$.approval.answer',
      Next: 'Approve: verify',
      Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.approval', Next: 'Approve: unanswered' }],
    });
    expect(States.Approve.Resource).toMatch(/:states:::lambda:invoke\.waitForTaskToken$/);
    expect(States['Approve: question']).toEqual({
      Type: 'Pass',
      ResultPath: '$.approval',
      Next: 'Approve',
      Parameters: {
        question: {
          'execution.$': '$$.Execution.Id',
          'asked.$': '$$.State.EnteredTime',
          'startedBy.$': '$.startedBy',
          subject: 'Deploy',
          question: 'Deploy it?',
          details: { 'build.$': '$.build' },
        },
      },
    });
    const { 'token.$': token, 'state.$': state, ...asked } = States.Approve.Parameters.Payload as Record<string, unknown>;
    expect([token, state, asked['report.$'], asked['startedBy.$']]).toEqual([
      '$$.Task.Token',
      '$$.State.Name',
      '$.checks',
      '$.approval.question.startedBy',
    ]);
    // The same question, with what came back: what it came to is what the gate has recorded of it.
    expect(States['Approve: verify']).toMatchObject({
      Type: 'Task',
      ResultPath: '$.approval',
      Next: 'Approved?',
      Parameters: { ...asked, 'answer.$': '$.approval.answer' },
      Retry: [{ ErrorEquals: ['States.ALL'], MaxAttempts: 6 }],
      Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.approval', Next: 'Approve: unanswered' }],
    });
    expect(States['Approve: unanswered']).toMatchObject({
      Type: 'Pass',
      ResultPath: '$.approval',
      Next: 'Approved?',
      Parameters: { decision: 'REJECTED', reason: 'UNANSWERED', by: [] },
    });
  });

  test("a task's own time and number of people", () => {
    const { States } = definitionOf({ expiry: Duration.minutes(1), requiredApprovals: 2, resultPath: '$.gates.first' });
    expect(States.Approve).toMatchObject({ TimeoutSeconds: 960, HeartbeatSeconds: 959, ResultPath: '$.gates.first.answer' });
    expect(States['Approve: question'].Parameters.question).toMatchObject({ expirySeconds: 60, required: 2 });
    expect(States['Approve: verify']).toMatchObject({
      ResultPath: '$.gates.first',
      Parameters: { 'required.$': '$.gates.first.question.required' },
    });
  });

  test.each([false, true])('the definition is valid Amazon States Language (in a Map: %s)', (nested) => {
    expect(aslValidator(definitionOf({}, {}, nested))).toMatchObject({ isValid: true, errors: [] });
  });

  test('the validator would say so if it were not', () => {
    const broken = definitionOf();
    broken.States.Approve.Next = 'Nowhere';
    expect(aslValidator(broken).isValid).toBe(false);
  });

  test.each<[string, Partial<ApprovalTaskProps>]>([
    ["'startedByPath' is missing; allowed: the path of the name of the person who started the execution", { startedByPath: undefined }],
    ["'subject' is empty", { subject: ' ' }],
    ["'subject' is 101 characters", { subject: 'x'.repeat(101) }],
    ["'resultPath' is '$'", { resultPath: '$' }],
    ["'reportPath' is 'checks'", { reportPath: 'checks' }],
    ["'expiry' is 10 s; allowed: 30 seconds to 364 days", { expiry: Duration.seconds(10) }],
    ["'requiredApprovals' is 0", { requiredApprovals: 0 }],
  ])('fails at synth: %s', (message, change) => {
    expect(() => definitionOf(change)).toThrow(`[Stack/Approve] ${message}`);
  });

  test('a report that stands where the result will', () => {
    expect(() => definitionOf({ resultPath: '$.checks' })).toThrow("'reportPath' is '$.checks'; allowed: a place outside $.checks");
  });

  test('who started it need not be known where they may approve', () => {
    expect(definitionOf({ startedByPath: undefined }, { excludeStarter: false }).States.Approve.Parameters.Payload).not.toHaveProperty(
      'startedBy.$',
    );
  });

  test('a log with execution data would hold the tokens: a warning says so', () => {
    const messages = (includeExecutionData: boolean): string => {
      const app = newApp();
      const stack = newStack('eu-central-1', app);
      const task = gateIn(stack).task(stack, 'Approve', asking);
      new StateMachine(stack, 'Machine', {
        definitionBody: DefinitionBody.fromChainable(task),
        logs: { destination: new LogGroup(stack, 'Log'), level: LogLevel.ALL, includeExecutionData },
      });
      return app
        .synth()
        .getStackByName('Stack')
        .messages.map(({ entry }) => String(entry.data))
        .filter((text) => text.includes('Gate'))
        .join();
    };
    expect(messages(true)).toContain('includeExecutionData');
    expect(messages(false)).toBe('');
  });
});

describe('fails at synth', () => {
  const iam = ApproverIdentity.iam();
  const role = 'arn:aws:iam::111122223333:role/Approvers';
  test.each<[string, Partial<ApprovalGateProps>]>([
    ["'gateName' is 'Gate'", { gateName: 'Gate' }],
    ["'identity' is missing; allowed: ApproverIdentity.oidc, cognito or iam", { identity: undefined }],
    [
      "'identity.issuer' is 'http://login.example.com'; allowed: an https URL",
      { identity: ApproverIdentity.oidc({ issuer: 'http://login.example.com', clientId: 'gate' }) },
    ],
    [
      "'identity.scopes'",
      { identity: ApproverIdentity.oidc({ issuer: 'https://login.example.com', clientId: 'gate', scopes: ['email'] }) },
    ],
    ["'identity.audience'", { identity: ApproverIdentity.oidc({ issuer: 'https://login.example.com', clientId: 'gate', audience: [] }) }],
    ["'identity.clientId' is empty", { identity: ApproverIdentity.oidc({ issuer: 'https://login.example.com', clientId: '' }) }],
    [
      "'identity.jwks' is 2001 bytes",
      { identity: ApproverIdentity.oidc({ issuer: 'https://login.example.com', clientId: 'gate', jwks: 'x'.repeat(2001) }) },
    ],
    ["'approvers' is []; allowed: at least one name", { approverGroups: [] }],
    ['\'approverGroups\' is ["approvers"]; allowed: no groups with IAM', { identity: iam }],
    ["'approvers' is 'ann'; allowed: ARNs of IAM roles or users", { identity: iam, approverGroups: [], approvers: ['ann'] }],
    ["'requiredApprovals' is 2 of 1 approvers", { approverGroups: [], approvers: ['ann'], requiredApprovals: 2 }],
    ["'requiredApprovals' is 2 of 1 approvers", { identity: iam, approverGroups: [], approvers: [role], requiredApprovals: 2 }],
    ["'requiredApprovals' is 21", { requiredApprovals: 21 }],
    ["'expiry' is 34560000 s", { expiry: Duration.days(400) }],
    ["'clientRate.callsPerMinute' is 5; allowed: a whole number from 10", { clientRate: { callsPerMinute: 5 } }],
    ["'webAclArn' is 'arn:aws:wafv2:us-east-1:1:regional/webacl/x/1'", { webAclArn: 'arn:aws:wafv2:us-east-1:1:regional/webacl/x/1' }],
    ["'reminderEvery' is 30 s", { reminderEvery: Duration.seconds(30) }],
    ["'escalateAfter' is 86400 s; allowed: less than expiry", { escalateAfter: Duration.days(1) }],
    ["'heartbeatTimeout' is 60 s", { heartbeatTimeout: Duration.minutes(1) }],
    ["'publicUrl' is 'https://approve.example.com/'", { publicUrl: 'https://approve.example.com/' }],
    ["'approvers' is 1", { approvers: Array.from({ length: 60 }, (_, at) => `person-${at}@example.com`) }],
  ])('%s', (message, change) => {
    expect(() => gateIn(newStack('eu-central-1'), change)).toThrow(`[Stack/Gate] ${message}`);
  });
});

describe('an express state machine, which waits for no token', () => {
  const machineIn = (stack: Stack, gate: ApprovalGate, stateMachineType: StateMachineType): StateMachine =>
    new StateMachine(stack, 'Asking', {
      stateMachineType,
      definitionBody: DefinitionBody.fromChainable(
        Chain.start(gate.task(stack, 'Ask', { subject: 'Move', question: 'Go?', startedByPath: '$.by' })),
      ),
    });
  const synth = (stack: Stack): void => void (stack.node.root as App).synth();

  test("is refused with its path where it asks a gate, in the gate's stack and in another", () => {
    const own = newStack('eu-central-1');
    machineIn(own, gateIn(own), StateMachineType.EXPRESS);
    expect(() => synth(own)).toThrow(
      "[Stack/Asking/Resource] 'stateMachineType' is EXPRESS, with a task of Stack/Gate; allowed: STANDARD: ",
    );
    const gates = newStack('eu-central-1');
    const other = new Stack(gates.node.root, 'Other', { env: { account: gates.account, region: 'eu-central-1' } });
    machineIn(other, gateIn(gates), StateMachineType.EXPRESS);
    expect(() => synth(gates)).toThrow("[Other/Asking/Resource] 'stateMachineType' is EXPRESS, with a task of Stack/Gate");
  });

  test('may be there otherwise, and a standard one may ask', () => {
    const stack = newStack('eu-central-1');
    machineIn(stack, gateIn(stack), StateMachineType.STANDARD);
    new StateMachine(stack, 'Fast', {
      stateMachineType: StateMachineType.EXPRESS,
      definitionBody: DefinitionBody.fromChainable(new Pass(stack, 'Nothing')),
    });
    expect(() => synth(stack)).not.toThrow();
  });
});
