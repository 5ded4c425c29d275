import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import path from 'path';
import { App, Validations } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { configOf as systemConfigOf, partsOf } from '../../examples/active-active/config';
import { defineSystem } from '../../examples/active-active/stacks';
import { configOf, Pace, paceOf, regionsOf } from '../../examples/migration/config';
import { defineMigration } from '../../examples/migration/stacks';
import { alarmActionsIn, needless, topicsBeside, undelivered } from '../cdk/alarm-topics';
import { stubContext } from '../cdk/stacks';

const aslValidator = jest.requireActual<(definition: object) => { readonly isValid: boolean; readonly errors: unknown[] }>('asl-validator');
const example = path.join(__dirname, '..', '..', 'examples', 'migration');
const { context } = JSON.parse(readFileSync(path.join(example, 'cdk.json'), 'utf8')) as { context: Record<string, unknown> };
const temporary: string[] = [];
afterAll(() => temporary.forEach((folder) => rmSync(folder, { recursive: true })));

interface Finding {
  readonly ruleName: string;
  readonly violatingConstructs: { readonly constructPath: string }[];
}

interface Synthesised {
  readonly templates: Readonly<Record<string, any>>;
  readonly findings: readonly Finding[];
}

function synth(define: (app: App) => void): Synthesised {
  const outdir = mkdtempSync(path.join(tmpdir(), 'migration-'));
  temporary.push(outdir);
  const app = new App({ outdir, context: { ...context, ...stubContext() } });
  define(app);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const log = jest.spyOn(console, 'error').mockImplementation(() => undefined);
  try {
    app.synth();
  } catch {
    /* cdk-nag's findings are judged below */
  } finally {
    log.mockRestore();
  }
  const report = JSON.parse(readFileSync(path.join(outdir, 'validation-report.json'), 'utf8')) as {
    pluginReports: { pluginName: string; violations: Finding[] }[];
  };
  return {
    templates: Object.fromEntries(
      readdirSync(outdir)
        .filter((file) => file.endsWith('.template.json'))
        .map((file) => [
          file.replace('.template.json', ''),
          JSON.parse(readFileSync(path.join(outdir, file), 'utf8').replace(/[0-9a-f]{64}/g, '<hash>')) as object,
        ]),
    ),
    findings: report.pluginReports
      .filter(({ pluginName }) => pluginName.startsWith('AwsSolutions'))
      .flatMap(({ violations }) => violations),
  };
}

const strong = synth((app) => defineMigration(app, configOf('REHEARSAL', 'STRONG')));
const paces: Readonly<Record<Pace, Synthesised>> = {
  FULL: synth((app) => defineMigration(app, configOf('FULL'))),
  REHEARSAL: synth((app) => defineMigration(app, configOf('REHEARSAL'))),
};
// The findings set it.
process.exitCode = undefined;
const name = 'acme-pay-cutover';

/** The cutover's definition, tokens as texts. */
function definitionIn(template: any): Record<string, any> {
  const [machine] = Object.values(Template.fromJSON(template as Record<string, unknown>).findResources('AWS::StepFunctions::StateMachine'));
  const { DefinitionString: text } = machine.Properties as { DefinitionString: { 'Fn::Join': [string, unknown[]] } };
  const functionArn = (logicalId: string): string => `arn:aws:lambda:eu-central-1:111122223333:function:${logicalId}`;
  const known = (part: { 'Fn::GetAtt'?: [string, string] }): string => (part['Fn::GetAtt'] ? functionArn(part['Fn::GetAtt'][0]) : 'aws');
  return JSON.parse(text['Fn::Join'][1].map((part) => (typeof part === 'string' ? part : known(part as object))).join('')) as Record<
    string,
    any
  >;
}

test('the system as it was, and one stack that moves it', () => {
  expect(Object.keys(paces.FULL.templates).sort()).toEqual([
    'acme-pay-alarms-eu-central-1',
    'acme-pay-alarms-us-east-1',
    'acme-pay-authority',
    name,
    'acme-pay-documents-eu-central-1',
    'acme-pay-documents-us-east-1',
    'acme-pay-edge',
    'acme-pay-eu-central-1',
    'acme-pay-key-eu-central-1',
    'acme-pay-key-us-east-1',
    'acme-pay-ledger',
    'acme-pay-mesh-eu-central-1',
    'acme-pay-mesh-us-east-1',
    'acme-pay-us-east-1',
  ]);
});

test('the stack that moves it is as it was', () => {
  expect(paces.FULL.templates[name]).toMatchSnapshot();
});

test("the regions differ from the active-active example's by what a cutover needs alone", () => {
  const { parts, ...config } = systemConfigOf('HOME_REGION');
  // No region is drilled while the system moves.
  const { templates } = synth((app) => defineSystem(app, { ...config, parts: { ...parts, drill: undefined } }));
  const count = (template: any): Record<string, number> => {
    const types = Object.values(template.Resources as Record<string, { Type: string }>).map(({ Type }) => Type);
    return Object.fromEntries([...new Set(types)].map((type) => [type, types.filter((one) => one === type).length]));
  };
  for (const region of ['us-east-1', 'eu-central-1']) {
    const [plain, moved] = [templates, paces.FULL.templates].map((all) => count(all[`acme-pay-${region}`]));
    const differing = [...new Set([...Object.keys(plain), ...Object.keys(moved)])].filter((type) => plain[type] !== moved[type]).sort();
    expect(differing).toEqual([
      'AWS::CloudWatch::Alarm',
      'AWS::CloudWatch::CompositeAlarm',
      'AWS::Route53::RecordSet',
      'AWS::SSM::Parameter',
    ]);
    expect([moved['AWS::Route53::RecordSet'], moved['AWS::SSM::Parameter'], moved['AWS::CloudWatch::CompositeAlarm']]).toEqual([
      undefined,
      1,
      1,
    ]);
  }
  for (const stack of [
    'acme-pay-key-us-east-1',
    'acme-pay-mesh-us-east-1',
    'acme-pay-ledger',
    'acme-pay-authority',
    'acme-pay-documents-us-east-1',
  ]) {
    expect(paces.FULL.templates[stack]).toEqual(templates[stack]);
  }
});

test('no stack imports anything of another', () => {
  expect(JSON.stringify(paces.FULL.templates)).not.toMatch(/Fn::ImportValue|"Export"|Custom::CrossRegionExport/);
});

test('what alarms send arrives', () => {
  for (const [stack, template] of Object.entries(paces.FULL.templates)) {
    expect([...undelivered(template as object, topicsBeside(stack, paces.FULL.templates)), ...needless(template as object)]).toEqual([]);
  }
  const topics = alarmActionsIn(paces.FULL.templates[name] as object).map(({ topic }) => topic.replace(/[0-9A-F]{8}$/, ''));
  expect([...new Set(topics)].sort()).toEqual(['GateTopic', 'OnCall']);
});

describe('the state machine', () => {
  test.each<Pace>(['FULL', 'REHEARSAL'])('%s is valid ASL', (pace) => {
    expect(aslValidator(definitionIn(paces[pace].templates[name]))).toMatchObject({ isValid: true, errors: [] });
  });

  test('every call of a function is tried again after each fault of the Lambda service that AWS lists, throttling included', () => {
    const faults = [
      'ClientExecutionTimeoutException',
      'ServiceException',
      'AWSLambdaException',
      'SdkClientException',
      'TooManyRequestsException',
    ].map((fault) => `Lambda.${fault}`);
    const tasks = Object.entries(definitionIn(paces.FULL.templates[name]).States as Record<string, any>).filter(
      ([, { Type }]) => Type === 'Task',
    );
    expect(tasks.length).toBeGreaterThan(10);
    const missing = tasks.flatMap(([state, { Retry = [] }]) => {
      const retriers = (Retry as { ErrorEquals: string[]; MaxAttempts?: number }[]).filter(({ MaxAttempts }) => MaxAttempts !== 0);
      const retried = retriers.flatMap(({ ErrorEquals }) => ErrorEquals);
      return faults.filter((fault) => !retried.includes('States.ALL') && !retried.includes(fault)).map((fault) => `${state}: ${fault}`);
    });
    expect(missing).toEqual([]);
  });

  test('a rehearsal leaves no state out: it differs in times alone', () => {
    const [full, rehearsal] = (['FULL', 'REHEARSAL'] as const).map((pace) => definitionIn(paces[pace].templates[name]));
    expect(Object.keys(rehearsal.States)).toEqual(Object.keys(full.States));
    const bare = (definition: any): unknown =>
      JSON.parse(JSON.stringify(definition, (key, value: unknown) => (/seconds|^lagM(inute)?s$/i.test(key) ? 'a time' : value)));
    expect(bare(rehearsal)).toEqual(bare(full));
    const { plan } = full.States.Plan.Parameters as { plan: any };
    expect(plan).toMatchObject({
      source: 'us-east-1',
      target: 'eu-central-1',
      mode: 'HOME_REGION',
      window: { seconds: 72 * 3600, intervalSeconds: 900 },
      prechecks: {
        attestations: [],
        documentsSeconds: 86_400,
        ttlLeadSeconds: 86_400,
        lagMinutes: 5,
        lagMs: 500,
        lagMaxMs: 10_000,
        probeMs: 10_000,
      },
    });
    expect(plan.phases).toMatchObject([10, 25, 50, 90, 100].map((share) => ({ target: share, soakSeconds: 1800, gate: true })));
  });

  test('without documents a person attests that there is nothing to copy', () => {
    const { templates } = synth((app) => defineMigration(app, configOf('FULL', 'HOME_REGION', undefined, partsOf('none'))));
    const { prechecks } = definitionIn(templates[name]).States.Plan.Parameters.plan as { prechecks: object };
    expect(prechecks).toMatchObject({ attestations: ['documents-backfilled'] });
    expect(prechecks).not.toHaveProperty('documentsSeconds');
  });

  test('every alarm and queue that the plan names is one that a region makes', () => {
    const { plan } = definitionIn(paces.FULL.templates[name]).States.Plan.Parameters as { plan: any };
    const resources = (region: string): readonly any[] =>
      Object.entries(paces.FULL.templates)
        .filter(([stack]) => stack.endsWith(region))
        .flatMap(([, { Resources }]) => Object.values(Resources as Record<string, unknown>));
    const named = (region: string, type: string, property: string): unknown[] =>
      resources(region)
        .filter(({ Type }) => Type === type)
        .map(({ Properties }) => Properties[property]);
    for (const { region, name: alarm } of plan.phases[0].alarms) {
      expect(named(region, 'AWS::CloudWatch::CompositeAlarm', 'AlarmName')).toContain(alarm);
    }
    for (const { region, name: queue, alarms } of plan.prechecks.queues) {
      expect(named(region, 'AWS::SQS::Queue', 'QueueName')).toContain(queue);
      expect(named(region, 'AWS::CloudWatch::Alarm', 'AlarmName')).toEqual(expect.arrayContaining(alarms));
    }
    expect(plan.prechecks.queues).toHaveLength(2);
  });
});

const kmsKeys = (region: string): string => `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:kms:${region}:<AWS::AccountId>:key/*]`;
const executions = '{"Fn::Select":[6,{"Fn::Split":[":",{"Ref":"CutoverMachine72401F92"}]}]}';
const ofOwn = (resource: string): string => `AwsSolutions-IAM5[Resource::arn:aws:${resource}]`;
const reasons: Readonly<Record<string, string>> = {
  'AwsSolutions-IAM5[Resource::*]': "X-Ray, Step Functions' answers to tokens, and CloudWatch know no particular resource",
  [kmsKeys('us-east-1')]: 'the ledger key alone, by alias and through DynamoDB: the reconciliation reads both replicas',
  [kmsKeys('eu-central-1')]: 'the same in the other region',
  'AwsSolutions-APIG2': 'the functions validate what they are sent',
  'AwsSolutions-APIG4': 'the page is for whoever has its link; a decision and a start are judged by the functions',
  'AwsSolutions-APIG6': 'the access log has a line for each call; execution logs would hold what approvers send',
  'AwsSolutions-COG4': 'approvers bring ID tokens of any OpenID Connect issuer',
  'AwsSolutions-SMG4': 'it signs sessions of half an hour; rotating it ends them',
  'AwsSolutions-SF1': 'log events of every state would hold task tokens',
  [ofOwn('route53:::change/*')]: 'the ID of a change is known when it is made',
  [ofOwn('ssm:eu-central-1:<AWS::AccountId>:parameter/acme-pay/cutover/audit/*')]: 'one parameter a record',
  [ofOwn('states:eu-central-1:<AWS::AccountId>:execution:acme-pay-cutover:*')]: 'the executions of the machine',
  [ofOwn(`states:eu-central-1:<AWS::AccountId>:execution:${executions}:*`)]: 'the executions of the machine that is watched',
  'AwsSolutions-IAM5[Resource::<CutoverStepsFunction2E0C0305.Arn>:*]': 'the function with its versions, as a grant to invoke names it',
  'AwsSolutions-IAM5[Resource::<GateRequestFunction771BEF80.Arn>:*]': 'the same',
  'AwsSolutions-IAM5[Resource::<GateVerifyFunctionB264E225.Arn>:*]': 'the same',
};

test("cdk-nag finds nothing in the cutover's stack that has no reason, and no reason is left over", () => {
  const inStack = ({ violatingConstructs }: Finding): string[] =>
    violatingConstructs.map(({ constructPath }) => constructPath).filter((at) => at.startsWith(`${name}/`));
  const here = paces.FULL.findings
    .map((finding) => ({ ruleName: finding.ruleName, at: inStack(finding) }))
    .filter(({ at }) => at.length > 0);
  expect(here.filter(({ ruleName }) => !(ruleName in reasons)).map(({ ruleName, at }) => `${ruleName} at ${at}`)).toEqual([]);
  expect(Object.keys(reasons).filter((rule) => !here.some(({ ruleName }) => ruleName === rule))).toEqual([]);
});

describe('in mode STRONG', () => {
  test('there is no table of homes, and the ledger is strongly consistent in both regions', () => {
    expect(Object.keys(strong.templates)).not.toContain('acme-pay-authority');
    Template.fromJSON(strong.templates['acme-pay-ledger'] as Record<string, unknown>).hasResourceProperties('AWS::DynamoDB::GlobalTable', {
      MultiRegionConsistency: 'STRONG',
      GlobalTableWitnesses: [{ Region: 'us-east-2' }],
    });
  });

  test('the state machine has no step that moves authority, and says so; everything else is as in mode HOME_REGION', () => {
    const [there, here] = [definitionIn(paces.REHEARSAL.templates[name]), definitionIn(strong.templates[name])];
    const missing = Object.keys(there.States).filter((state) => !(state in here.States));
    expect(
      missing.filter((state) => !/^(Move authority( back)?|Authority (prechecks|approval|decided|recheck))(: \w+)?$/.test(state)),
    ).toEqual([]);
    expect(missing).toEqual(expect.arrayContaining(['Move authority', 'Move authority back']));
    expect(Object.keys(here.States).filter((state) => !(state in there.States))).toEqual([]);
    expect(here.Comment).toMatch(/Mode STRONG: .*"Move authority", "Move authority back" and the check replication-lag fall away/);
    expect(there.Comment).not.toContain('fall away');
    expect(aslValidator(here)).toMatchObject({ isValid: true, errors: [] });
  });

  test('after the last phase the regions are compared, and a rollback ends with the weights', () => {
    const { States } = definitionIn(strong.templates[name]);
    const after = (state: string, outcome: string): unknown =>
      (States[`${state}: outcome`].Choices as any[]).find(({ StringEquals }) => StringEquals === outcome)?.Next;
    expect([after('Next phase', 'complete'), after('Roll back', 'changed')]).toEqual(['Reconcile', 'Record rollback']);
  });

  test('other regions are asked for by context', () => {
    expect(regionsOf('STRONG')).toMatchObject({ replicas: ['us-east-1', 'eu-central-1'], witness: 'us-east-2' });
    expect(regionsOf('STRONG', 'eu-west-1,eu-north-1', 'eu-west-2')).toMatchObject({
      replicas: ['eu-west-1', 'eu-north-1'],
      witness: 'eu-west-2',
    });
    expect(configOf('FULL', 'HOME_REGION', regionsOf('HOME_REGION', 'eu-west-1,ap-south-1'))).toMatchObject({
      source: 'eu-west-1',
      target: 'ap-south-1',
    });
  });
});

test('the pace is asked for by context', () => {
  expect([paceOf(undefined), paceOf('REHEARSAL')]).toEqual(['FULL', 'REHEARSAL']);
  expect(() => paceOf('fast')).toThrow("context 'pace' is 'fast': give FULL or REHEARSAL, or leave it out for FULL");
});
