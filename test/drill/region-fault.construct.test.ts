import { Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Key } from 'aws-cdk-lib/aws-kms';
import { drillIn } from './machine';
import {
  ActiveActivePaymentsApi,
  ActiveActivePaymentsApiProps,
  CrossRegionEventMesh,
  LedgerReplica,
  PaymentsAuthorization,
  RegionDrill,
  RegionDrillKind,
  RegionDrillProps,
  RegionFault,
  RegionFaultProps,
} from '../../src/index';
import { homeRegions, newApp, newStack, regions, statementsByRole } from '../cdk/stacks';

const apiProps = (stack: Stack, of = regions): ActiveActivePaymentsApiProps => ({
  ledger: LedgerReplica.of(stack, 'acme-pay', of),
  authorization: PaymentsAuthorization.jwt({ issuer: 'https://login.example.com', audience: ['payments'], tenantClaim: 'tenant' }),
});
const apiIn = (stack: Stack): ActiveActivePaymentsApi => new ActiveActivePaymentsApi(stack, 'Api', apiProps(stack));

function faultIn(stack: Stack, props: Partial<RegionFaultProps> = {}): RegionFault {
  const mesh = new CrossRegionEventMesh(stack, 'Mesh', { systemName: 'acme-pay', regions: regions.replicas });
  return new RegionFault(stack, 'Fault', { mesh, ...props, api: props.api ?? apiIn(stack) });
}

const stack = newStack('us-east-1');
faultIn(stack);
const template = Template.fromStack(stack);
const answering = ['Accounts', 'Authorizer', 'Health', 'Payments', 'Transactions'].map((name) =>
  Object.keys(template.findResources('AWS::Lambda::Function')).find((id) => id.startsWith(`ApiFunctions${name}`))!,
);

test('what answers callers and checkers carries the extension, and nothing else does', () => {
  const functions = template.findResources('AWS::Lambda::Function', { Properties: { Layers: Match.anyValue() } });
  expect(Object.keys(functions).sort()).toEqual([...answering].sort());
  for (const { Properties } of Object.values(functions)) {
    expect(Properties).toMatchObject({
      Architectures: ['arm64'],
      Layers: [{ Ref: expect.stringContaining('ExtensionLayer') as string }],
      Environment: {
        Variables: {
          AWS_LAMBDA_EXEC_WRAPPER: '/opt/aws-fis/bootstrap',
          AWS_FIS_SLOW_POLL_INTERVAL_SECONDS: '20',
          AWS_FIS_POLL_MAX_WAIT_MILLISECONDS: '1000',
        },
      },
    });
    expect(JSON.stringify(Properties)).toContain('"/FisConfigs/"');
  }
  template.hasParameter('*', {
    Type: 'AWS::SSM::Parameter::Value<String>',
    Default: '/aws/service/fis/lambda-extension/AWS-FIS-extension-arm64/1.x.x',
  });
});

test('the experiment names each function once, fails each of its calls, and is ended by the silence of the other region', () => {
  const [{ Properties: made }] = Object.values(template.findResources('AWS::FIS::ExperimentTemplate'));
  expect(made).toMatchObject({
    Actions: {
      'fail-1': {
        ActionId: 'aws:lambda:invocation-error',
        Parameters: { duration: 'PT10M', invocationPercentage: '100', preventExecution: 'true' },
        Targets: { Functions: 'functions-1' },
      },
    },
    ExperimentOptions: { AccountTargeting: 'single-account', EmptyTargetResolutionMode: 'fail' },
    Tags: { 'payments-drill-system': 'acme-pay', 'payments-drill-region': 'us-east-1' },
  });
  const named = Object.values(made.Targets as Record<string, { ResourceArns: { 'Fn::GetAtt': [string] }[]; SelectionMode: string }>);
  expect(named.every(({ SelectionMode, ResourceArns }) => SelectionMode === 'ALL' && ResourceArns.length <= 5)).toBe(true);
  expect(named.flatMap(({ ResourceArns }) => ResourceArns.map(({ 'Fn::GetAtt': [id] }) => id)).sort()).toEqual([...answering].sort());
  const [stop] = Object.keys(template.findResources('AWS::CloudWatch::Alarm')).filter((id) => id.startsWith('FaultStop'));
  expect(made.StopConditions).toEqual([{ Source: 'aws:cloudwatch:alarm', Value: { 'Fn::GetAtt': [stop, 'Arn'] } }]);
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    AlarmDescription: Match.stringLikeRegexp('^acme-pay in us-east-1: no event of us-west-2 arrives, so no experiment'),
    TreatMissingData: 'breaching',
    EvaluationPeriods: 3,
  });
});

test('FIS may do what the action needs, and only for experiments of this account and region', () => {
  const { Fault: statements } = statementsByRole(template);
  const rights = (statements as { Action: string | string[]; Resource: unknown }[]).map(({ Action, Resource }) => [
    [Action].flat().join(' '),
    Array.isArray(Resource) ? Resource.length : JSON.stringify(Resource).includes('FisConfigs') ? 'the folder' : Resource,
  ]);
  expect(rights).toEqual([
    ['s3:PutObject s3:DeleteObject', 'the folder'],
    ['lambda:GetFunction', 5],
    ['tag:GetResources', '*'],
  ]);
  const [, role] = Object.entries(template.findResources('AWS::IAM::Role')).find(([id]) => id.startsWith('FaultRole'))!;
  const { AssumeRolePolicyDocument: trust } = role.Properties as Record<string, object>;
  expect(trust).toMatchObject({
    Statement: [
      {
        Principal: { Service: 'fis.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': '111122223333' }, ArnLike: { 'aws:SourceArn': expect.anything() as object } },
      },
    ],
  });
});

test('a function reads the folder, and of the bucket nothing else', () => {
  const { ApiFunctionsHealth: statements } = statementsByRole(template);
  const ofBucket = (statements as { Action: string | string[]; Condition?: object }[]).filter(({ Action }) =>
    String(Action).startsWith('s3:'),
  );
  expect(ofBucket.map(({ Action, Condition }) => [Action, Condition])).toEqual([
    ['s3:GetObject', undefined],
    ['s3:ListBucket', { StringLike: { 's3:prefix': ['FisConfigs/*'] } }],
  ]);
});

test('the role of FIS alone writes into the bucket, and whoever may delete can end a fault', () => {
  const [{ Properties }] = Object.entries(template.findResources('AWS::S3::BucketPolicy')).flatMap(([id, one]) =>
    id.startsWith('FaultBucket') ? [one as { Properties: { PolicyDocument: { Statement: object[] } } }] : [],
  );
  const [role] = Object.keys(template.findResources('AWS::IAM::Role')).filter((id) => id.startsWith('FaultRole'));
  expect(Properties.PolicyDocument.Statement).toContainEqual({
    Sid: 'FaultsOfExperimentsAlone',
    Effect: 'Deny',
    Principal: { AWS: '*' },
    Action: 's3:PutObject',
    Resource: expect.anything() as object,
    Condition: { ArnNotEquals: { 'aws:PrincipalArn': { 'Fn::GetAtt': [role, 'Arn'] } } },
  });
});

test("FIS may read variables that a customer's key encrypts", () => {
  const own = newStack('us-east-1');
  const environmentKey = Key.fromKeyArn(own, 'Key', 'arn:aws:kms:us-east-1:111122223333:key/own');
  const api = new ActiveActivePaymentsApi(own, 'Api', { ...apiProps(own), functions: { environmentKey } });
  faultIn(own, { api });
  const { Fault: statements } = statementsByRole(Template.fromStack(own));
  expect(statements).toContainEqual(expect.objectContaining({ Action: 'kms:Decrypt', Resource: environmentKey.keyArn }));
});

test('a layer and alarms of ones own', () => {
  const own = newStack('us-east-1');
  const arn = 'arn:aws:lambda:us-east-1:222233334444:layer:own:1';
  const alarm = Alarm.fromAlarmArn(own, 'Own', 'arn:aws:cloudwatch:us-east-1:111122223333:alarm:own');
  faultIn(own, { extensionLayerArn: arn, mesh: undefined, stopAlarms: [alarm], longest: Duration.minutes(8) });
  const made = Template.fromStack(own);
  made.hasResourceProperties('AWS::Lambda::Function', { Layers: [arn] });
  made.hasResourceProperties('AWS::FIS::ExperimentTemplate', {
    StopConditions: [{ Source: 'aws:cloudwatch:alarm', Value: alarm.alarmArn }],
    Actions: { 'fail-1': Match.objectLike({ Parameters: Match.objectLike({ duration: 'PT8M' }) }) },
  });
  expect(Object.keys(made.findParameters('*')).filter((name) => name.includes('Extension'))).toEqual([]);
});

test.each<[string, Partial<RegionFaultProps>, RegExp]>([
  ['nothing that stops it', { mesh: undefined }, /'stopAlarms' is missing, and so is mesh; allowed: the event mesh of this region/],
  ['a time of half a minute', { longest: Duration.seconds(30) }, /'longest' is 0\.5 minutes; allowed: 3 to 15 whole minutes/],
])('%s is refused', (_, props, error) => {
  expect(() => faultIn(newStack('us-east-1'), props)).toThrow(error);
});

test('an alarm of the API that fails is refused: it would end every experiment', () => {
  const own = newStack('us-east-1');
  const api = apiIn(own);
  expect(() => faultIn(own, { api, stopAlarms: [api.alarms[0]] })).toThrow(
    /'stopAlarms' is Stack\/Api\/Alarms\/\w+, an alarm of the API that the experiment makes fail; allowed: alarms on what an experiment/,
  );
});

test.each<[string, number, RegionDrillKind | 'both', boolean]>([
  ['an experiment that is shorter than its drill', 6, RegionDrillKind.FAULT, false],
  ['one that lasts as long', 7, RegionDrillKind.FAULT, true],
  ['a shorter one beside a drill that drains', 6, RegionDrillKind.DRAIN, true],
  ['a shorter one beside a drill that may drain or fail', 6, 'both', false],
])('%s, of %i minutes, is refused at synthesis or not', (_, minutes, kind, isAllowed) => {
  const app = newApp();
  const stackIn = (region: string): Stack => new Stack(app, region, { env: { account: '111122223333', region } });
  drillIn(stackIn('us-west-2'), { ...(kind === 'both' ? { faults: true } : { kind }), longest: Duration.minutes(7) });
  faultIn(stackIn('us-east-1'), { longest: Duration.minutes(minutes) });
  const synth = (): unknown => app.synth();
  if (isAllowed) return void synth();
  expect(synth).toThrow(
    /'longest' is 420 seconds, while an experiment of us-east-1\/Fault lasts for 360 seconds at most; allowed: 360 seconds at most/,
  );
});

test.each<[string, boolean]>([
  ['before', true],
  ['after', false],
])("another tool's wrapper of a function is refused: a function has one (set %s the faults)", (_when, isBefore) => {
  const app = newApp();
  const own = new Stack(app, 'Stack', { env: { account: '111122223333', region: 'us-east-1' } });
  const api = apiIn(own);
  const wrap = (): unknown => api._answering[1].addEnvironment('AWS_LAMBDA_EXEC_WRAPPER', '/opt/tool');
  const refused = /'api' is an API whose function Stack\/Api\/Functions\/Payments\/Function has AWS_LAMBDA_EXEC_WRAPPER '\/opt\/tool'/;
  if (isBefore) {
    wrap();
    expect(() => faultIn(own, { api })).toThrow(refused);
  } else {
    faultIn(own, { api });
    wrap();
    expect(() => app.synth()).toThrow(refused);
  }
});

test('an API with provisioned concurrency is refused: an experiment by the functions may pass by their published versions', () => {
  const own = newStack('us-east-1');
  const api = new ActiveActivePaymentsApi(own, 'Api', { ...apiProps(own), functions: { provisionedConcurrency: 1 } });
  expect(() => faultIn(own, { api })).toThrow(/^\[Stack\/Fault\] 'api' is an API with functions\.provisionedConcurrency: callers reach/);
});

test('a ledger in HOME_REGION is refused: its home answers, and fails', () => {
  const own = newStack('us-east-1');
  const api = new ActiveActivePaymentsApi(own, 'Api', apiProps(own, homeRegions));
  expect(() => faultIn(own, { api })).toThrow(/'api' is the API of a ledger in HOME_REGION; allowed: the API of a ledger in STRONG/);
});

describe('a drill of kind FAULT', () => {
  const drillStack = newStack('us-west-2');
  drillIn(drillStack, { kind: RegionDrillKind.FAULT });
  const drill = Template.fromStack(drillStack);
  interface Statement {
    readonly Action: string | string[];
    readonly Resource: unknown;
    readonly Condition?: object;
  }
  const rightsOf = (name: string): Statement[] => {
    const [, statements] = Object.entries(statementsByRole(drill)).find(([role]) => role.startsWith(`DrillFunctions${name}`))!;
    return (statements as Statement[]).filter(({ Action }) => /^(fis|iam):/.test([Action].flat()[0]));
  };
  const own = { 'payments-drill-system': 'acme-pay', 'payments-drill-region': 'us-east-1' };
  const tagged = (by: string): object => ({
    StringEquals: Object.fromEntries(Object.entries(own).map(([key, value]) => [`aws:${by}/${key}`, value])),
  });

  test('its functions may look, start and end what is tagged as this drill, each its part', () => {
    const actions = (name: string): string[] => rightsOf(name).flatMap(({ Action }) => [Action].flat());
    expect(actions('Look')).toEqual([
      'fis:ListExperimentTemplates',
      'fis:GetExperimentTemplate',
      'fis:GetSafetyLever',
      'fis:GetExperiment',
      'fis:ListExperimentResolvedTargets',
    ]);
    const reading = rightsOf('Look').find(({ Action }) => Action === 'fis:GetExperimentTemplate')!;
    expect(reading.Condition).toEqual(tagged('ResourceTag'));
    expect(new Set(actions('Region'))).toEqual(
      new Set([
        'fis:ListExperimentTemplates',
        'fis:StartExperiment',
        'fis:TagResource',
        'iam:CreateServiceLinkedRole',
        'fis:ListExperiments',
        'fis:GetExperiment',
        'fis:StopExperiment',
      ]),
    );
    expect(actions('Watchdog')).toEqual(['fis:ListExperiments', 'fis:GetExperiment', 'fis:StopExperiment']);
    for (const name of ['Report', 'Prober']) expect(actions(name)).toEqual([]);
    const changing = ['Region', 'Watchdog'].flatMap(rightsOf).filter(({ Action }) => /Start|Stop|Tag/.test(JSON.stringify(Action)));
    expect(changing.map(({ Condition }) => Condition)).toEqual([
      tagged('ResourceTag'),
      { ...tagged('RequestTag'), 'ForAllValues:StringEquals': { 'aws:TagKeys': [...Object.keys(own), 'payments-drill-run'] } },
      tagged('ResourceTag'),
      tagged('ResourceTag'),
    ]);
    expect(JSON.stringify(changing.map(({ Resource }) => Resource))).not.toContain('us-west-2');
  });

  test('one of kind DRAIN with faults has the same rights, and drains by itself', () => {
    const both = newStack('us-west-2');
    drillIn(both, { faults: true });
    const [alone, ofFault] = [Template.fromStack(both), drill].map((one) => statementsByRole(one));
    expect(alone).toEqual(ofFault);
    Template.fromStack(both).hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: { DRILL_PLAN: Match.stringLikeRegexp('"returnSeconds":180,"faults":true,"longestSeconds":420') } },
    });
  });

  test('faults are refused beside a kind that has them, and for a ledger in HOME_REGION', () => {
    expect(() => drillIn(newStack('us-west-2'), { kind: RegionDrillKind.FAULT, faults: false })).toThrow(
      /'faults' is false, with kind FAULT; allowed: true with kind FAULT; fix: leave it out, or give kind DRAIN/,
    );
    const refused = (props: Partial<RegionDrillProps>) => (): RegionDrill => {
      const home = newStack('eu-central-1');
      return drillIn(home, { ...props, api: new ActiveActivePaymentsApi(home, 'Api', apiProps(home, homeRegions)) });
    };
    expect(refused({ faults: true })).toThrow(/'faults' is true, for a ledger in HOME_REGION; allowed: drills by a drain there/);
    expect(refused({ kind: RegionDrillKind.FAULT })).toThrow(/'kind' is FAULT, for a ledger in HOME_REGION; allowed: drills by a drain/);
  });

  test('a drill that drains has none of it', () => {
    const drain = newStack('us-west-2');
    drillIn(drain);
    expect(JSON.stringify(Template.fromStack(drain).toJSON())).not.toContain('fis:');
  });

  test('its watchdog waits until the fault takes effect, too', () => {
    expect(() => drillIn(newStack('us-west-2'), { kind: RegionDrillKind.FAULT, longest: Duration.minutes(4) })).toThrow(
      /'longest' is 240 seconds; allowed: 300 seconds or more: twice the budget, the time without the region, and 210 s/,
    );
  });
});
