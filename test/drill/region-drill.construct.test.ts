import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Schedule } from 'aws-cdk-lib/aws-events';
import { definitionOf, drillIn } from './machine';
import { expectedAlarms } from '../../src/drill/contract';
import { drillOutcomes } from '../../src/drill/machine/contract';
import { ApprovalGate, ApproverIdentity, RegionDrillProps } from '../../src/index';
import { newApp, newStack, statementsByRole } from '../cdk/stacks';

function templateOf(props: Partial<RegionDrillProps> = {}): Template {
  const stack = newStack('us-west-2');
  drillIn(stack, props);
  return Template.fromStack(stack);
}

const template = templateOf();

interface RoleStatement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | string[];
  readonly Resource: unknown;
}

/** What a function of the drill may do, by the part of its role's name. */
function rightsOf(name: string): [string, unknown][] {
  const [, statements] = Object.entries(statementsByRole(template)).find(([role]) => role.startsWith(`DrillFunctions${name}`))!;
  return (statements as RoleStatement[]).flatMap(({ Effect, Action, Resource }) =>
    (Effect === 'Deny' ? [] : [Action]).flat().map((action): [string, unknown] => [action, Resource]),
  );
}
const actionsOf = (name: string): string[] => rightsOf(name).map(([action]) => action);

test('only the function that switches, and the watchdog, change a region; only the prober knows the secret; only two tell people', () => {
  expect(actionsOf('Region').filter((action) => action.startsWith('dynamodb:'))).toEqual([
    'dynamodb:PutItem',
    'dynamodb:DeleteItem',
    'dynamodb:GetItem',
  ]);
  expect(actionsOf('Watchdog').filter((action) => action.startsWith('dynamodb:'))).toEqual(['dynamodb:GetItem', 'dynamodb:DeleteItem']);
  expect(actionsOf('Look').filter((action) => action.startsWith('dynamodb:'))).toEqual(['dynamodb:GetItem']);
  for (const name of ['Report', 'Prober']) expect(actionsOf(name).filter((action) => action.startsWith('dynamodb:'))).toEqual([]);
  const functions = ['Look', 'Region', 'Report', 'Prober', 'Watchdog'];
  expect(functions.filter((name) => actionsOf(name).some((action) => action.startsWith('secretsmanager:')))).toEqual(['Prober']);
  expect(functions.filter((name) => actionsOf(name).includes('sns:Publish'))).toEqual(['Report', 'Watchdog']);
  expect(functions.filter((name) => actionsOf(name).some((action) => action.startsWith('s3:Delete')))).toEqual([]);
});

test('the switch is the drilled region alone; that of the other is read', () => {
  const [, statements] = Object.entries(statementsByRole(template)).find(([role]) => role.startsWith('DrillFunctionsRegion'))!;
  const switches = (statements as { Action: string | string[] }[]).flatMap((one) =>
    ['us-east-1', 'us-west-2'].filter((name) => JSON.stringify(one).includes(`drain#${name}`)).map((name) => [name, one.Action]),
  );
  expect(switches).toEqual([
    ['us-east-1', ['dynamodb:PutItem', 'dynamodb:DeleteItem']],
    ['us-west-2', 'dynamodb:GetItem'],
  ]);
});

test('evidence is versioned, locked for seven years, closed, and stays', () => {
  template.hasResource('AWS::S3::Bucket', {
    DeletionPolicy: 'Retain',
    Properties: Match.objectLike({
      VersioningConfiguration: { Status: 'Enabled' },
      ObjectLockEnabled: true,
      ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: { Days: 2557, Mode: 'GOVERNANCE' } } },
      PublicAccessBlockConfiguration: Match.objectLike({ BlockPublicPolicy: true }),
    }),
  });
  const strict = templateOf({ compliance: true, evidenceLock: Duration.days(30) });
  strict.hasResourceProperties('AWS::S3::Bucket', {
    ObjectLockConfiguration: { Rule: { DefaultRetention: { Days: 30, Mode: 'COMPLIANCE' } } },
  });
});

test('nobody hides evidence behind a delete marker, and no function of the drill removes any, or what keeps it', () => {
  const [evidence] = Object.keys(template.findResources('AWS::S3::Bucket'));
  const objects = { 'Fn::Join': ['', [{ 'Fn::GetAtt': [evidence, 'Arn'] }, '/*']] };
  template.hasResourceProperties('AWS::S3::BucketPolicy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        { Sid: 'NoDeleteMarkers', Effect: 'Deny', Principal: { AWS: '*' }, Action: 's3:DeleteObject', Resource: objects },
      ]),
    },
  });
  // Deployments change the policy and the lock, and whoever may unlock a version may delete it: the owner is not locked out.
  const [policy] = Object.values(template.findResources('AWS::S3::BucketPolicy'));
  const refused = (policy.Properties.PolicyDocument.Statement as RoleStatement[])
    .filter(({ Effect, Action }) => Effect === 'Deny' && Action !== 's3:*')
    .flatMap(({ Action }) => Action);
  expect(refused).toEqual(['s3:DeleteObject']);
  for (const [role, statements] of Object.entries(statementsByRole(template)).filter(([name]) => name.startsWith('DrillFunctions'))) {
    const denied = (statements as RoleStatement[]).filter(({ Effect }) => Effect === 'Deny');
    expect([role, denied]).toEqual([
      role,
      [
        expect.objectContaining({
          Action: expect.arrayContaining([
            's3:DeleteObject',
            's3:DeleteObjectVersion',
            's3:BypassGovernanceRetention',
            's3:PutObjectRetention',
            's3:PutBucketVersioning',
            's3:PutBucketObjectLockConfiguration',
            's3:PutLifecycleConfiguration',
            's3:PutBucketPolicy',
          ]),
          Resource: [{ 'Fn::GetAtt': [evidence, 'Arn'] }, objects],
        }),
      ],
    ]);
  }
});

test('a function looks its caller up in the drill alone', () => {
  const looking = (name: string): [string, unknown][] => rightsOf(name).filter(([action]) => /^states:(Describe|GetExec)/.test(action));
  for (const name of ['Look', 'Region', 'Report']) {
    expect(looking(name)).toEqual([
      ['states:DescribeExecution', expect.anything()],
      ['states:GetExecutionHistory', expect.anything()],
    ]);
  }
  for (const name of ['Prober', 'Watchdog']) expect(looking(name)).toEqual([['states:DescribeExecution', expect.anything()]]);
  for (const [, resource] of ['Look', 'Region', 'Report', 'Prober', 'Watchdog'].flatMap(looking)) {
    expect(JSON.stringify(resource)).toMatch(/:states:us-west-2:111122223333:execution:acme-pay-drill-us-east-1:\*"/);
  }
});

test('the watchdog stands beside the machine: it looks each minute, and when an execution was ended from outside', () => {
  const [watchdog] = Object.keys(
    template.findResources('AWS::Lambda::Function', { Properties: { FunctionName: 'acme-pay-drill-us-east-1-watchdog' } }),
  );
  const target = { Arn: { 'Fn::GetAtt': [watchdog, 'Arn'] } };
  template.hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'rate(1 minute)', Targets: [Match.objectLike(target)] });
  template.hasResourceProperties('AWS::Events::Rule', {
    EventPattern: Match.objectLike({ detail: Match.objectLike({ status: ['ABORTED', 'FAILED', 'TIMED_OUT'] }) }),
    Targets: [Match.objectLike(target)],
  });
});

test('what puts the region back has concurrency of its own, unless the account has none to give', () => {
  const reserved = (from: Template): string[] =>
    Object.entries(from.findResources('AWS::Lambda::Function', { Properties: { ReservedConcurrentExecutions: 2 } })).map(([id]) => id);
  expect(reserved(template)).toEqual([expect.stringMatching(/^DrillFunctionsRegion/), expect.stringMatching(/^DrillFunctionsWatchdog/)]);
  expect(reserved(templateOf({ reserveConcurrency: false }))).toEqual([]);
});

test('drills begin four times a year, by another schedule, or by hand alone', () => {
  const schedules = (from: Template): string[] =>
    Object.values(from.findResources('AWS::Events::Rule')).flatMap(
      ({ Properties: { ScheduleExpression: when } }) => (when as string) ?? [],
    );
  expect(schedules(template)).toContain('cron(0 9 ? 1/3 3#1 *)');
  expect(schedules(templateOf({ schedule: Schedule.rate(Duration.days(30)) }))).toContain('rate(30 days)');
  expect(schedules(templateOf({ scheduled: false }))).toEqual(['rate(1 minute)']);
});

test('two drills of a system do not begin at the same time', () => {
  const both = (schedule?: Schedule): void => {
    const app = newApp();
    const stackIn = (region: string): Stack => new Stack(app, region, { env: { account: '111122223333', region } });
    drillIn(stackIn('us-west-2'), { schedule });
    drillIn(stackIn('us-east-1'), { region: 'us-west-2', schedule });
    app.synth();
  };
  expect(() => both(Schedule.expression('cron(0 9 ? 1/3 3#1 *)'))).toThrow(
    /'schedule' is 'cron\(0 9 \? 1\/3 3#1 \*\)' twice \(also .*Drill\)/,
  );
  expect(() => both(Schedule.rate(Duration.days(90)))).not.toThrow();
  expect(() => both()).not.toThrow();
});

test('people start drills through the gate, by a function that says who they are', () => {
  const stack = newStack('us-west-2');
  const gate = new ApprovalGate(stack, 'Gate', {
    gateName: 'acme-gate',
    approvers: ['bob@example.com'],
    identity: ApproverIdentity.oidc({ issuer: 'https://login.example.com', clientId: 'approvals' }),
  });
  const drill = drillIn(stack, { gate, starters: ['ada@example.com'] });
  expect(stack.resolve(drill.startUrl)).toBeDefined();
  const starts = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function')).filter(({ Properties }) =>
    JSON.stringify(Properties).includes('ada@example.com'),
  );
  expect(starts).toHaveLength(1);
});

test('the machine knows each outcome of each step, and a fault of each leads on', () => {
  const stack = newStack('us-west-2');
  drillIn(stack);
  const states = Object.values(definitionOf(stack).States);
  const tasks = states.filter(({ Type }) => Type === 'Task');
  expect(tasks).toHaveLength(Object.keys(drillOutcomes).length);
  for (const task of tasks) {
    expect(task.Catch).toHaveLength(1);
    const { step } = task.Parameters as { step: keyof typeof drillOutcomes };
    const choice = definitionOf(stack).States[task.Next as string];
    expect(choice.Choices.map(({ StringEquals: outcome }: { StringEquals: string }) => outcome)).toEqual(Object.keys(drillOutcomes[step]));
  }
});

test('alarms that an outage explains have an entry in the runbook', () => {
  const headings = readFileSync(path.join(__dirname, '../../docs/runbook.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('## '))
    .map((line) => line.slice(3).toLowerCase().replaceAll(' ', '-'));
  for (const entry of Object.values(expectedAlarms).flat()) expect(headings).toContain(entry);
});

test('three alarms, each with its entry in the runbook; a watchdog that is silent raises the first', () => {
  const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm')).filter(({ Properties: { AlarmDescription: says } }) =>
    /region drill/.test(says as string),
  );
  expect(alarms.map(({ Properties: { TreatMissingData: missing, Threshold: threshold } }) => [missing, threshold])).toEqual([
    ['breaching', 100],
    ['notBreaching', 1],
    ['notBreaching', 1],
  ]);
});

test.each<[string, Partial<RegionDrillProps>, RegExp]>([
  ['its own region', { region: 'us-west-2' }, /'region' is us-west-2, the region of this stack/],
  ['a region of no replica', { region: 'eu-west-1' }, /'region' is eu-west-1; allowed: us-east-1/],
  ['the name of another zone', { zoneName: 'example.org' }, /'zoneName' is 'example.org' for the public name 'pay.example.com'/],
  [
    'a token endpoint without TLS',
    { prober: { tokenUrl: 'http://login', clientSecret: {} as never } },
    /'prober.tokenUrl' is 'http:\/\/login'/,
  ],
  ['a budget of an hour', { budget: Duration.hours(1) }, /'budget' is 3600 seconds; allowed: 5 to 180 seconds/],
  ['no time before', { before: Duration.seconds(1) }, /'before' is 1 seconds/],
  ['a watchdog before its time', { longest: Duration.minutes(3) }, /'longest' is 180 seconds; allowed: 210 seconds or more/],
  ['a watchdog after the prober', { longest: Duration.minutes(15) }, /'longest' is 900 seconds; allowed: 570 seconds at most/],
  ['an interval of part of a day', { interval: Duration.hours(30) }, /'interval' is/],
  ['starters without a gate', { starters: ['ada@example.com'] }, /'gate' is missing, with starters/],
])('%s is refused', (_, props, error) => {
  expect(() => drillIn(newStack('us-west-2'), props)).toThrow(error);
});
