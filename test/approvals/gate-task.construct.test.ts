import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
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
import { aslValidator, gateIn, Resources, ofType } from './gate-stack';
import { ApprovalGate } from '../../src/approvals/constructs/approval-gate';
import { ApprovalGateProps } from '../../src/approvals/constructs/gate-options';
import { ApprovalTaskProps } from '../../src/approvals/constructs/gate-task';
import { newApp, newStack } from '../cdk/stacks';

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
