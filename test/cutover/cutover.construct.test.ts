import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Function } from 'aws-cdk-lib/aws-lambda';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { cutoverIn, definitionOf, watched } from './machine';
import { PhasedCutoverStateMachineProps } from '../../src/cutover/constructs/phased-cutover-props';
import { CutoverPhase, OnBreach } from '../../src/cutover/constructs/phases';
import { WeightedRecords } from '../../src/cutover/constructs/weighted-records';
import { PaymentRegions } from '../../src/ledger/constructs/payment-regions';
import { newApp, newStack, plain, regions, statementsByRole } from '../cdk/stacks';

const aslValidator = jest.requireActual<(definition: object) => { readonly isValid: boolean; readonly errors: unknown[] }>('asl-validator');
const stack = newStack('eu-central-1');
const cutover = cutoverIn(stack, {
  checks: {
    deadLetterQueues: [{ region: 'us-east-1', queueName: 'dlq', alarmNames: ['dlq-alarm'] }],
    ownCheck: Function.fromFunctionName(stack, 'Own', 'own-check'),
  },
  endSourceRole: true,
});
const template = Template.fromStack(stack);
const definition = definitionOf(stack);
const states = Object.entries<any>(definition.States);

describe('the definition', () => {
  test('is valid', () => {
    expect(aslValidator(definition)).toMatchObject({ isValid: true, errors: [] });
    const bare = newStack('eu-central-1');
    cutoverIn(bare, { phases: [{ targetPercent: 100, approval: false }] }, false);
    expect(aslValidator(definitionOf(bare))).toMatchObject({ isValid: true });
  });

  test('has five phases with approval, and a standard machine of a known name', () => {
    const { phases } = definition.States.Plan.Parameters.plan;
    expect(phases.map((phase: any) => [phase.target, phase.gate, phase.soakSeconds])).toEqual(
      [10, 25, 50, 90, 100].map((share) => [share, true, 1800]),
    );
    template.hasResourceProperties('AWS::StepFunctions::StateMachine', {
      StateMachineName: 'acme-pay-cutover',
      StateMachineType: 'STANDARD',
      TracingConfiguration: { Enabled: true },
    });
  });

  test.each(states.filter(([, state]) => state.Type === 'Task'))('%s has a time limit and says where faults lead', (_name, state) => {
    expect(state.TimeoutSeconds).toBeGreaterThan(0);
    expect(state.Catch).toEqual([expect.objectContaining({ ErrorEquals: ['States.ALL'] })]);
    if (!JSON.stringify(state.Resource).includes('waitForTaskToken')) {
      expect(state.Retry).toEqual([expect.objectContaining({ MaxAttempts: 6, ErrorEquals: ['States.ALL'] })]);
    }
  });

  test('every state can be reached, every end is known', () => {
    const reached = new Set<string>();
    const visit = (name: string): void => {
      if (reached.has(name)) return;
      reached.add(name);
      const state = definition.States[name];
      for (const next of [state, ...(state.Choices ?? []), ...(state.Catch ?? [])].map((one: any) => one.Next).concat(state.Default)) {
        if (next) visit(next);
      }
    };
    visit(definition.StartAt);
    expect([...reached].sort()).toEqual(states.map(([name]) => name).sort());
    expect(
      states
        .filter(([, state]) => state.Type === 'Succeed' || state.Type === 'Fail')
        .map(([name]) => name)
        .sort(),
    ).toEqual(['Failed', 'Paused', 'Rolled back', 'Succeeded']);
  });
});

describe('the functions may', () => {
  const roles = plain(statementsByRole(template));
  const ofSteps = roles[Object.keys(roles).find((name) => name.startsWith('CutoverSteps'))!] as any[];
  const ofKeeper = roles[Object.keys(roles).find((name) => name.startsWith('CutoverRecordsKeeper'))!] as any[];
  const statement = (all: any[], action: string, effect = 'Allow'): any =>
    all.find((one) => [one.Action].flat().includes(action) && one.Effect === effect);

  test("change this name's records alone, and only by replacing what they name", () => {
    for (const all of [ofSteps, ofKeeper]) {
      expect(statement(all, 'route53:ChangeResourceRecordSets')).toMatchObject({
        Resource: 'arn:<AWS::Partition>:route53:::hostedzone/Z1',
        Condition: {
          'ForAllValues:StringEquals': {
            'route53:ChangeResourceRecordSetsNormalizedRecordNames': ['pay.example.com'],
            'route53:ChangeResourceRecordSetsActions': ['CREATE', 'DELETE'],
          },
          Null: { 'route53:ChangeResourceRecordSetsNormalizedRecordNames': 'false' },
        },
      });
    }
  });

  test('add to the audit, and neither overwrite nor delete in it', () => {
    for (const all of [ofSteps, ofKeeper]) {
      const audit = 'arn:<AWS::Partition>:ssm:eu-central-1:111122223333:parameter/acme-pay/cutover/audit/*';
      expect(statement(all, 'ssm:PutParameter')).toMatchObject({ Resource: audit });
      expect(statement(all, 'ssm:PutParameter', 'Deny')).toMatchObject({
        Resource: audit,
        Condition: { StringEquals: { 'ssm:Overwrite': 'true' } },
      });
      expect(statement(all, 'ssm:DeleteParameter', 'Deny')).toMatchObject({
        Resource: audit,
        Action: ['ssm:DeleteParameter', 'ssm:DeleteParameters'],
      });
    }
  });

  test('have the key sign, which no identity policy of the account can let anybody else do', () => {
    const [
      [
        keyId,
        {
          Properties: {
            KeyPolicy: { Statement: statements },
            ...properties
          },
          DeletionPolicy: deletion,
        },
      ],
    ] = Object.entries<any>(template.findResources('AWS::KMS::Key'));
    expect([properties, deletion]).toMatchObject([{ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }, 'Retain']);
    const ofKey = (action: RegExp): any[] => statements.filter((one: any) => [one.Action].flat().some((name: string) => action.test(name)));
    const signing = ofKey(/^kms:(Sign|GenerateMac|\*|Create(Grant|\*))$/);
    for (const one of signing) expect([one.Effect, one.Action, one.Condition]).toEqual(['Allow', 'kms:Sign', undefined]);
    expect(signing.map(({ Principal: { AWS: role } }) => role['Fn::GetAtt'][0].replace(/[0-9A-F]{8}$/, '')).sort()).toEqual([
      'CutoverRecordsKeeperRole',
      'CutoverStepsRole',
    ]);
    // Whoever the account lets may verify, and administer.
    expect(ofKey(/^kms:(GetPublicKey|PutKeyPolicy)$/).map(({ Principal }) => plain(Principal))).toEqual(
      [1, 2].map(() => ({ AWS: 'arn:<AWS::Partition>:iam::111122223333:root' })),
    );
    for (const all of [ofSteps, ofKeeper]) {
      expect(statement(all, 'kms:GetPublicKey').Resource).toEqual({ 'Fn::GetAtt': [keyId, 'Arn'] });
      expect(all.flatMap(({ Action }) => [Action].flat()).filter((action) => /^kms:(\*|Sign|.*Mac|Create.*|Put.*)$/.test(action))).toEqual(
        [],
      );
    }
    template.hasResourceProperties('AWS::KMS::Alias', { AliasName: 'alias/acme-pay-cutover-audit' });
  });

  test('do nothing else to any table, and read what has no resource only where AWS knows none', () => {
    const actions = ofSteps.flatMap((one) => [one.Action].flat() as string[]);
    expect(actions.filter((action) => action.startsWith('dynamodb:'))).toEqual(
      expect.arrayContaining(['dynamodb:Scan', 'dynamodb:BatchGetItem']),
    );
    expect(actions.filter((action) => /dynamodb:(Put|Update|Delete|BatchWrite)|\*$/.test(action))).toEqual([]);
    expect(ofSteps.filter((one) => one.Resource === '*').flatMap((one) => one.Action)).toEqual([
      'cloudwatch:GetMetricData',
      'lambda:GetAccountSettings',
      'cloudwatch:DescribeAlarms',
    ]);
    expect(statement(ofSteps, 'sqs:GetQueueAttributes').Resource).toBe('arn:<AWS::Partition>:sqs:us-east-1:111122223333:dlq');
    // What it asks of homes and nothing else: no takeover, in no region.
    const asked = [...new Set(JSON.stringify(statement(ofSteps, 'lambda:InvokeFunction').Resource).match(/acme-pay-home-[a-z]+/g))];
    expect(asked).toEqual(['acme-pay-home-status', 'acme-pay-home-move']);
  });
});

test('how things stand is told by a function that can only read the audit', () => {
  const roles = plain(statementsByRole(template)) as Record<string, any[]>;
  const actions = roles[Object.keys(roles).find((name) => name.startsWith('CutoverStatus'))!].flatMap(
    (one) => [one.Action].flat() as string[],
  );
  expect(actions.filter((action) => !/^(logs|xray):/.test(action))).toEqual(['ssm:GetParameters', 'kms:GetPublicKey']);
  template.hasResourceProperties('AWS::Lambda::Function', { FunctionName: 'acme-pay-cutover-status' });
});

test("the steps are called by the state machine's role alone, are told no plan, and look up who calls", () => {
  const roles = plain(statementsByRole(template)) as Record<string, any[]>;
  const callers = Object.entries(roles).filter(([, all]) =>
    all.some((one) => [one.Action].flat().includes('lambda:InvokeFunction') && JSON.stringify(one.Resource).includes('CutoverSteps')),
  );
  expect(callers.map(([name]) => name.replace(/Role.*/, ''))).toEqual(['CutoverMachine']);
  const permissions = Object.values(template.findResources('AWS::Lambda::Permission')).map(({ Properties }) =>
    JSON.stringify(Properties.FunctionName),
  );
  expect(permissions.filter((name) => name.includes('CutoverSteps') || name.includes('CutoverRecordsKeeper'))).toEqual([]);
  const tasks = states.filter(([, state]) => String(state.Resource).includes('CutoverSteps'));
  expect(tasks.length).toBeGreaterThan(15);
  for (const [, state] of tasks) {
    expect(Object.keys(state.Parameters as object)).toEqual(expect.not.arrayContaining(['plan', 'request', 'plan.$', 'request.$']));
  }
  const looks = Object.entries(roles)
    .find(([name]) => name.startsWith('CutoverSteps'))![1]
    .find((one) => [one.Action].flat().includes('states:DescribeExecution'));
  expect(looks).toMatchObject({
    Action: ['states:DescribeExecution', 'states:DescribeStateMachineForExecution', 'states:GetExecutionHistory'],
    Resource: 'arn:<AWS::Partition>:states:eu-central-1:111122223333:execution:acme-pay-cutover:*',
  });
});

test("the worker reads approvals in the gate's table by their ID, and nothing else of it", () => {
  const roles = plain(statementsByRole(template)) as Record<string, any[]>;
  const ofTable = Object.entries(roles)
    .find(([name]) => name.startsWith('CutoverSteps'))![1]
    .filter((one) => JSON.stringify(one.Resource).includes('GateApprovals'));
  expect(ofTable).toMatchObject([{ Action: 'dynamodb:GetItem', Effect: 'Allow' }]);
  const bare = newStack('eu-central-1');
  cutoverIn(bare, { phases: [{ targetPercent: 100, approval: false }] }, false);
  expect(JSON.stringify(plain(statementsByRole(Template.fromStack(bare))))).not.toContain('GateApprovals');
});

test('the records are a resource of our own, kept when they leave the stack', () => {
  template.hasResourceProperties('Custom::WeightedRecords', {
    publicName: 'pay.example.com',
    source: 'us-east-1',
    target: 'eu-central-1',
    ttlSeconds: '10',
    initialTarget: '0',
    onDelete: 'RETAIN',
  });
  template.resourceCountIs('AWS::Route53::RecordSet', 0);
  const other = newStack('eu-central-1');
  cutoverIn(other, { removalPolicy: RemovalPolicy.DESTROY, replaceExisting: true });
  Template.fromStack(other).hasResourceProperties('Custom::WeightedRecords', { onDelete: 'DELETE', replaceExisting: 'true' });
});

test('go before the machine does, whose runs they ask after', () => {
  const [records] = Object.values(template.findResources('Custom::WeightedRecords'));
  const [machine] = Object.keys(
    template.findResources('AWS::StepFunctions::StateMachine', { Properties: { StateMachineName: 'acme-pay-cutover' } }),
  );
  expect(records.DependsOn).toContain(machine);
  const ofKeeper = Object.entries(plain(statementsByRole(template)) as Record<string, any[]>).find(([name]) =>
    name.startsWith('CutoverRecordsKeeper'),
  )![1];
  expect(ofKeeper.filter((one) => JSON.stringify(one.Action).includes('states:'))).toMatchObject([
    { Action: 'states:DescribeExecution', Resource: 'arn:<AWS::Partition>:states:eu-central-1:111122223333:execution:acme-pay-cutover:*' },
  ]);
});

test('an audit of before is taken over by what the deployment says, and by no event', () => {
  const end = `12:${'a'.repeat(64)}`;
  const other = newStack('eu-central-1');
  cutoverIn(other, { formerAuditEnd: end });
  const made = Template.fromStack(other);
  made.hasResourceProperties('Custom::WeightedRecords', { formerAuditEnd: end });
  made.hasResourceProperties('AWS::Lambda::Function', {
    Description: Match.stringLikeRegexp('keeps the weighted records'),
    Environment: { Variables: Match.objectLike({ CUTOVER_FORMER_AUDIT_END: end }) },
  });
  made.hasResourceProperties('AWS::Lambda::Function', {
    FunctionName: 'acme-pay-cutover-steps',
    Environment: { Variables: Match.objectLike({ CUTOVER_FORMER_AUDIT_END: Match.absent() }) },
  });
  expect(() => cutoverIn(newStack('eu-central-1'), { formerAuditEnd: '12' })).toThrow("'formerAuditEnd' is '12'; allowed: RECORD:SHA256");
});

test('alarms tell of runs that need people, of differences and of refused calls', () => {
  expect(cutover.alarms).toHaveLength(4);
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    MetricName: 'CutoverRefusedCalls',
    AlarmDescription: Match.stringLikeRegexp('#refused-calls-of-the-cutover'),
  });
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    MetricName: 'CutoverNeedsAttention',
    Dimensions: [
      { Name: 'Region', Value: 'eu-central-1' },
      { Name: 'System', Value: 'acme-pay' },
    ],
  });
});

test('a run that ends without a word is told too: no step of it can say so', () => {
  const machine = { StateMachineArn: { Ref: Object.keys(template.findResources('AWS::StepFunctions::StateMachine'))[0] } };
  const [broken] = Object.values(template.findResources('AWS::CloudWatch::Alarm', { Properties: { Metrics: Match.anyValue() } }));
  expect(broken.Properties).toMatchObject({
    Threshold: 1,
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    TreatMissingData: 'notBreaching',
    AlarmDescription: expect.stringContaining('#a-cutover-run-needs-people') as unknown,
  });
  const counted = (broken.Properties.Metrics as any[]).flatMap(({ MetricStat }) => (MetricStat ? [MetricStat] : []));
  expect(counted.map(({ Metric: { Namespace, MetricName, Dimensions }, Stat }) => [Namespace, MetricName, Dimensions, Stat])).toEqual(
    ['ExecutionsFailed', 'ExecutionsTimedOut', 'ExecutionsAborted'].map((name) => [
      'AWS/States',
      name,
      [{ Name: 'StateMachineArn', Value: machine.StateMachineArn }],
      'Sum',
    ]),
  );
});

test('whoever is to be told is told by every alarm', () => {
  const told = newStack('eu-central-1');
  cutoverIn(told, { alarmActions: [{ bind: () => ({ alarmActionArn: 'arn:aws:sns:eu-central-1:111122223333:on-call' }) }] });
  const alarms = Object.values(
    Template.fromStack(told).findResources('AWS::CloudWatch::Alarm', {
      Properties: { AlarmDescription: Match.stringLikeRegexp('^acme-pay:') },
    }),
  );
  expect(alarms.map(({ Properties }) => Properties.AlarmActions)).toEqual(
    Array.from({ length: 4 }, () => ['arn:aws:sns:eu-central-1:111122223333:on-call']),
  );
});

test('defaults are as documented', () => {
  const bare = newStack('eu-central-1');
  expect(cutoverIn(bare, { recordTtl: undefined })._plan).toMatchObject({
    onBreach: 'ROLL_BACK',
    soakPollSeconds: 60,
    controlPlane: { onLoss: 'WAIT', waitSeconds: 7200, pollSeconds: 300 },
    window: { seconds: 259_200, intervalSeconds: 900, settleSeconds: 300 },
    prechecks: {
      lagMs: 500,
      lagMaxMs: 10_000,
      lagMinutes: 5,
      ttlSeconds: 5,
      ttlLeadSeconds: 86_400,
      queues: [],
      attestations: ['documents-backfilled'],
    },
  });
});

describe('fails at synth', () => {
  const phases = (...shares: number[]): CutoverPhase[] => shares.map((targetPercent) => ({ targetPercent }));

  test.each<[string, Partial<PhasedCutoverStateMachineProps>]>([
    ["'phases' is 10/50; allowed: whole percentages", { phases: phases(10, 50) }],
    ["'phases' is 50/50/100", { phases: phases(50, 50, 100) }],
    ["'phases' is 0/100", { phases: phases(0, 100) }],
    ["'phases' is empty", { phases: [] }],
    ["'phases' is a soak of 5 s at 100 % with a TTL of 10 s", { phases: [{ targetPercent: 100, soak: Duration.seconds(5) }] }],
    ["'alarms' is none at 10 %", { alarms: [] }],
    [
      "'alarms' is x in eu-west-1; allowed: alarms in us-east-1 or eu-central-1",
      { alarms: [...watched, { region: 'eu-west-1', alarmName: 'x' }] },
    ],
    [
      "'alarms' is in us-east-1 alone at 10 %; allowed: at least one alarm in eu-central-1 in each phase with OnBreach.ROLL_BACK",
      { alarms: watched.filter(({ region }) => region === 'us-east-1') },
    ],
    [
      "'alarms' is in us-east-1 alone at 50 %",
      { alarms: [watched[1]], phases: [{ targetPercent: 10, alarms: [watched[0]] }, ...phases(50, 100)] },
    ],
    ["'source' is 'eu-west-1'; allowed: one of the system's regions", { source: 'eu-west-1' }],
    ["'env.region of the stack' is eu-central-1, the source", { source: 'eu-central-1', target: 'us-east-1' }],
    ["'publicName' is 'pay.example.org'", { publicName: 'pay.example.org' }],
    [
      "'checks.deadLetterQueues' is q without alarmNames",
      { checks: { deadLetterQueues: [{ region: 'us-east-1', queueName: 'q', alarmNames: [] }] } },
    ],
    ["'checks.replicationLagMinutes' is 0", { checks: { replicationLagMinutes: 0 } }],
    ["'reconciliation, phases' is a run of up to", { reconciliation: { every: Duration.seconds(30) } }],
  ])('%s', (message, props) => {
    expect(() => cutoverIn(newStack('eu-central-1'), props)).toThrow(message);
  });

  test('but not where alarms of the source alone are to pause, as they do', () => {
    expect(() => cutoverIn(newStack('eu-central-1'), { alarms: [watched[1]], onBreach: OnBreach.PAUSE })).not.toThrow();
  });

  test('phases that ask nobody, and an end that asks nobody', () => {
    expect(() => cutoverIn(newStack('eu-central-1'), {}, false)).toThrow(
      "'gate' is missing, though 10 %, 25 %, 50 %, 90 %, 100 % need approval",
    );
    expect(() =>
      cutoverIn(newStack('eu-central-1'), { endSourceRole: true, phases: [{ targetPercent: 100, approval: false }] }, false),
    ).toThrow("'endSourceRole' is true without gate");
  });

  test.each<[string, object]>([
    ["'target' is 'us-east-1', the source", { target: 'us-east-1' }],
    ["'recordTtl' is 7200 s", { recordTtl: Duration.hours(2) }],
    ["'initialTargetPercent' is 101", { initialTargetPercent: 101 }],
  ])('%s', (message, props) => {
    const other = newStack('eu-central-1');
    expect(
      () =>
        new WeightedRecords(other, 'Records', {
          systemName: 'acme-pay',
          source: 'us-east-1',
          target: 'eu-central-1',
          publicName: 'pay.example.com',
          hostedZone: HostedZone.fromHostedZoneAttributes(other, 'Zone', { hostedZoneId: 'Z1', zoneName: 'example.com' }),
          ...props,
        }),
    ).toThrow(message);
  });
});

test('in a third region, and in mode STRONG, which has no homes to move', () => {
  const third = newStack('eu-west-1', newApp());
  // Homes are moved for a machine of this name where the regions know it, and for no other.
  expect(() => cutoverIn(newStack('eu-west-1', newApp()))).toThrow(/env\.region of the stack.*is eu-west-1.*cutoverRegion: 'eu-west-1'/);
  cutoverIn(third, { regions: PaymentRegions.homeRegion({ replicas: ['us-east-1', 'eu-central-1'], cutoverRegion: 'eu-west-1' }) });
  expect(definitionOf(third).States.Plan.Parameters.plan.target).toBe('eu-central-1');
  const strong = newStack('us-west-2');
  cutoverIn(strong, { regions, target: 'us-west-2', alarms: [{ region: 'us-west-2', alarmName: 'errors' }] });
  const text = JSON.stringify(plain(statementsByRole(Template.fromStack(strong))));
  expect(definitionOf(strong).States.Plan.Parameters.plan.mode).toBe('STRONG');
  expect(text).not.toContain('acme-pay-home-');
});
