import { Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import {
  DefinitionBody,
  IChainable,
  IntegrationPattern,
  IStateMachine,
  JsonPath,
  Map as MapState,
  Parallel,
  Pass,
  StateMachine,
  TaskInput,
  Timeout,
} from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { ApprovalGate } from '../../src/approvals/constructs/approval-gate';
import { ApproverIdentity } from '../../src/approvals/constructs/approver-identity';
import { StuckApprovalAlarm, StuckApprovalAlarmProps } from '../../src/approvals/stuck/stuck-approval-alarm';
import { alarmActionsIn, undelivered } from '../cdk/alarm-topics';
import { newStack } from '../cdk/stacks';

/** A team's own step that waits for a token, without the gate. */
function waits(stack: Stack, id: string, timeout?: Duration): LambdaInvoke {
  return new LambdaInvoke(stack, id, {
    lambdaFunction: new LambdaFunction(stack, `${id}Function`, {
      runtime: Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: Code.fromInline('exports.handler = async () => {}'),
    }),
    integrationPattern: IntegrationPattern.WAIT_FOR_TASK_TOKEN,
    payload: TaskInput.fromObject({ token: JsonPath.taskToken }),
    taskTimeout: timeout && Timeout.duration(timeout),
  });
}

function machine(stack: Stack, definition: IChainable): StateMachine {
  return new StateMachine(stack, 'Machine', { definitionBody: DefinitionBody.fromChainable(definition) });
}

const gateOf = (stack: Stack, encryptionKey?: Key): ApprovalGate =>
  new ApprovalGate(stack, 'Gate', {
    gateName: 'acme-gate',
    identity: ApproverIdentity.oidc({ issuer: 'https://login.example.com', clientId: 'gate' }),
    approverGroups: ['approvers'],
    encryptionKey,
  });

const patient = (stack: Stack): IStateMachine => machine(stack, waits(stack, 'Approve', Duration.days(2)));

function templateOf(
  change: Partial<StuckApprovalAlarmProps> = {},
  stack = newStack('eu-central-1'),
  stateMachine = patient(stack),
): Template {
  new StuckApprovalAlarm(stack, 'Stuck', { stateMachine, ...change });
  return Template.fromStack(stack);
}

const alarmsOf = (template: Template): Record<string, any>[] =>
  Object.values(template.findResources('AWS::CloudWatch::Alarm')).map(({ Properties }) => Properties as Record<string, any>);

test('alarms on the oldest age, and on the silence of the one who measures it', () => {
  const template = templateOf();
  expect(
    alarmsOf(template).map(({ MetricName, Threshold, Statistic, Period, EvaluationPeriods, TreatMissingData, ComparisonOperator }) => [
      MetricName,
      ComparisonOperator,
      Threshold,
      Statistic,
      Period,
      EvaluationPeriods,
      TreatMissingData,
    ]),
  ).toEqual([
    ['OldestApprovalAgeSeconds', 'GreaterThanOrEqualToThreshold', 4 * 3600, 'Maximum', 300, 1, 'ignore'],
    ['OldestApprovalAgeSeconds', 'GreaterThanOrEqualToThreshold', 8 * 3600, 'Maximum', 300, 1, 'ignore'],
    ['ApprovalSamples', 'LessThanThreshold', 1, 'Sum', 300, 3, 'breaching'],
  ]);
  expect(JSON.stringify(alarmsOf(template))).not.toContain('ExecutionTime');
  for (const { AlarmDescription } of alarmsOf(template)) {
    expect(JSON.stringify(AlarmDescription)).toMatch(/runbook\.md#(stuck-approval|approval-sampler-silent)/);
  }
});

test("measures on a schedule, and may read this one state machine's executions and nothing else", () => {
  const template = templateOf({ interval: Duration.minutes(10), states: ['Approve'] });
  template.hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'rate(10 minutes)' });
  template.hasResourceProperties('AWS::Lambda::Function', {
    Timeout: 595,
    Environment: { Variables: { STUCK_STATES: '["Approve"]', STUCK_STATE_MACHINE_ARN: Match.anyValue(), STUCK_NAME: Match.anyValue() } },
  });
  const statements = Object.values(template.findResources('AWS::IAM::Policy')).flatMap(
    ({ Properties }) => Properties.PolicyDocument.Statement as { Action: string; Resource: unknown }[],
  );
  const states = statements.filter(({ Action }) => String(Action).startsWith('states:'));
  expect(states.map(({ Action }) => Action)).toEqual(['states:ListExecutions', 'states:GetExecutionHistory']);
  expect(JSON.stringify(states[0].Resource)).toContain('Machine');
  expect(JSON.stringify(states[1].Resource)).toMatch(/:execution:.*Machine.*:\*/);
});

test('tells one topic at first, and another when it lasts or when nobody measures', () => {
  const stack = newStack('eu-central-1');
  const [reminderTopic, escalationTopic] = [new Topic(stack, 'Remind'), new Topic(stack, 'Escalate')];
  const told = alarmsOf(templateOf({ reminderTopic, escalationTopic, runbookUrl: 'https://wiki.example.com/stuck' }, stack));
  expect(told.map(({ AlarmActions, OKActions }) => [AlarmActions[0].Ref.replace(/[0-9A-F]{8}$/, ''), OKActions])).toEqual([
    ['Remind', undefined],
    ['Escalate', undefined],
    ['Escalate', undefined],
  ]);
  for (const { AlarmDescription } of told) expect(JSON.stringify(AlarmDescription)).toContain('https://wiki.example.com/stuck');
});

describe('its topics take what CloudWatch sends', () => {
  test.each<[string, (stack: Stack) => Partial<StuckApprovalAlarmProps>]>([
    [
      'with a policy of their own',
      (stack) => ({
        reminderTopic: new Topic(stack, 'Remind', { enforceSSL: true }),
        escalationTopic: new Topic(stack, 'Escalate', { enforceSSL: true }),
      }),
    ],
    [
      'encrypted with one key',
      (stack) => {
        const masterKey = new Key(stack, 'Key');
        return {
          reminderTopic: new Topic(stack, 'Remind', { masterKey }),
          escalationTopic: new Topic(stack, 'Escalate', { masterKey, enforceSSL: true }),
        };
      },
    ],
    ["a gate's", (stack) => ({ reminderTopic: gateOf(stack).topic })],
    ["a gate's with a key", (stack) => ({ reminderTopic: gateOf(stack, new Key(stack, 'Key')).topic })],
  ])('%s', (_whose, topics) => {
    const stack = newStack('eu-central-1');
    const template = templateOf(topics(stack), stack);
    expect(alarmActionsIn(template)).toHaveLength(3);
    expect(undelivered(template)).toEqual([]);
  });

  test('and nobody is admitted twice', () => {
    const stack = newStack('eu-central-1');
    const template = templateOf({ reminderTopic: new Topic(stack, 'Remind') }, stack);
    template.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: { Statement: [Match.objectLike({ Principal: { Service: 'cloudwatch.amazonaws.com' } })] },
    });
  });

  test("one of nobody's app is told as it is: its policy is not ours", () => {
    const stack = newStack('eu-central-1');
    const topicArn = 'arn:aws:sns:eu-central-1:111122223333:theirs';
    const template = templateOf({ reminderTopic: Topic.fromTopicArn(stack, 'Theirs', topicArn) }, stack);
    template.resourceCountIs('AWS::SNS::TopicPolicy', 0);
    expect(alarmsOf(template)[0].AlarmActions).toEqual([topicArn]);
  });
});

test("watches a state machine of another stack or of nobody's app", () => {
  const stack = newStack('eu-central-1');
  const imported = StateMachine.fromStateMachineArn(stack, 'Theirs', 'arn:aws:states:eu-central-1:111122223333:stateMachine:theirs');
  const template = templateOf({ threshold: Duration.days(300) }, stack, imported);
  expect(alarmsOf(template)[0].Dimensions).toEqual([
    { Name: 'Region', Value: 'eu-central-1' },
    { Name: 'System', Value: 'theirs' },
  ]);
});

describe('fails at synth', () => {
  const hour = Duration.hours(1);
  test.each<[string, string, (stack: Stack) => IChainable]>([
    ['a task', 'Approve', (stack) => waits(stack, 'Approve', hour)],
    [
      'a branch of a Parallel state',
      'B',
      (stack) => new Parallel(stack, 'Both').branch(waits(stack, 'A', Duration.days(9)), waits(stack, 'B', hour)),
    ],
    [
      'an iteration of a Map',
      'Inner',
      (stack) => new MapState(stack, 'Each', { itemsPath: '$.each' }).itemProcessor(waits(stack, 'Inner', hour)),
    ],
  ])('beyond the timeout of %s: the alarm could never rise', (_place, state, define) => {
    const stack = newStack('eu-central-1');
    expect(() => templateOf({}, stack, machine(stack, define(stack)))).toThrow(
      new RegExp(
        `'threshold' is .*, 14700 s, against .*, 3600 s; allowed: .*the alarm could never rise; fix: lower it, or raise the timeout ` +
          `of '${state}'`,
      ),
    );
  });

  test('when only the escalation could never rise', () => {
    const stack = newStack('eu-central-1');
    expect(() =>
      templateOf({ threshold: Duration.minutes(20) }, stack, machine(stack, waits(stack, 'Approve', Duration.minutes(30)))),
    ).toThrow(/'escalationThreshold' is .*, 2700 s, against .*, 1800 s/);
    const other = newStack('eu-central-1');
    expect(alarmsOf(templateOf({ threshold: Duration.minutes(20) }, other, machine(other, waits(other, 'Approve', hour))))).toHaveLength(3);
  });

  test('without a task that waits for a token', () => {
    const stack = newStack('eu-central-1');
    expect(() => templateOf({}, stack, machine(stack, new Pass(stack, 'Nothing')))).toThrow(
      "'stateMachine' is one whose definition has no task that waits for a token",
    );
    const other = newStack('eu-central-1');
    expect(() => templateOf({ states: ['Another'] }, other)).toThrow('has no task that waits for a token');
  });

  test.each<[string, Partial<StuckApprovalAlarmProps>]>([
    ["'interval' is 30 s", { interval: Duration.seconds(30) }],
    ["'interval' is 90 s", { interval: Duration.seconds(90) }],
    ["'interval' is 7200 s", { interval: Duration.hours(2) }],
    ["'threshold' is 0 s", { threshold: Duration.seconds(0) }],
    ["'escalationThreshold' is 14400 s; allowed: more than threshold, 14400 s", { escalationThreshold: Duration.hours(4) }],
  ])('%s', (message, change) => {
    expect(() => templateOf(change)).toThrow(`[Stack/Stuck] ${message}`);
  });
});

test('a token task without a timeout is a warning', () => {
  const stack = newStack('eu-central-1');
  templateOf({}, stack, machine(stack, waits(stack, 'Approve')));
  Annotations.fromStack(stack).hasWarning(
    '/Stack/Stuck',
    Match.stringLikeRegexp("'Approve' waits for its token without a timeout, up to a year"),
  );
});
