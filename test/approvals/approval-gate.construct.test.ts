import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { gateIn, Resources, resourcesOf, ofType, functionOf, rightsOf } from './gate-stack';
import { ApproverIdentity } from '../../src/approvals/constructs/approver-identity';
import { ApprovalGateProps, ApprovalOutcome } from '../../src/approvals/constructs/gate-options';
import { readIdentity, readRules } from '../../src/approvals/contract';
import { newStack } from '../cdk/stacks';

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
