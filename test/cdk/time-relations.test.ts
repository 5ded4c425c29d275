import { readFileSync } from 'fs';
import path from 'path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Role } from 'aws-cdk-lib/aws-iam';
import { CfnFunction, Function, IFunction } from 'aws-cdk-lib/aws-lambda';
import { Chain, DefinitionBody, IStateMachine, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { everyInterface, functionOf, Override } from './every-interface';
import { account, homeRegions, newApp, regions } from './stacks';
import { apiLimits } from '../../src/api/contract';
import { timeRelations } from '../../src/cdk/checks/time-relations';
import {
  ActiveActivePaymentsApi,
  ApprovalGate,
  ConsumerHandling,
  CrossRegionEventMesh,
  IdempotentConsumer,
  LedgerReplica,
  PaymentsAuthorization,
  PhasedCutoverStateMachine,
  PublicNameRecords,
  StuckApprovalAlarm,
  WeightedRecords,
} from '../../src/index';
import { homeLimits } from '../../src/ledger/contract';

const stackOf = (region: string | undefined = 'us-east-1'): Stack => new Stack(newApp(), 'Own', { env: { account, region } });

function consume(make: (stack: Stack) => IFunction, handling = ConsumerHandling.WRAPPED, stack = stackOf()): Stack {
  const mesh = new CrossRegionEventMesh(stack, 'Mesh', { systemName: 'acme', regions: regions.replicas });
  new IdempotentConsumer(stack, 'Consumer', { mesh, consumerName: 'mailer', handler: make(stack), handling });
  return stack;
}

/** Without a timeout of its own it has Lambda's. */
const withLambdasDefault = (stack: Stack): Function => {
  const made = functionOf(stack);
  (made as { timeout?: Duration }).timeout = undefined;
  (made.node.defaultChild as CfnFunction).timeout = undefined;
  return made;
};
const lasting =
  (seconds: number) =>
  (stack: Stack): Function =>
    functionOf(stack, 'Handler', Duration.seconds(seconds));

describe('a wrapped handler', () => {
  test.each<[string, (stack: Stack) => IFunction, string]>([
    [
      "with Lambda's default never begins an event",
      withLambdasDefault,
      ", 20 s, against the timeout of the function that reads the queue (Lambda's default: 3 seconds), 3 s",
    ],
    [
      'that ends before its lease',
      lasting(19),
      "20 s, against the timeout of the function that reads the queue (Lambda's default: 3 seconds), 19 s",
    ],
    ['that outlives the visibility', lasting(300), "300 s, against the queue's visibility: two times two leases and 5 seconds, 90 s"],
    ['as an alias of one that ends too early', (stack) => lasting(3)(stack).addAlias('live'), ', 3 s'],
    ['as a version of one that ends too early', (stack) => lasting(3)(stack).currentVersion, ', 3 s'],
  ])('%s is refused', (_what, make, message) => {
    expect(() => consume(make)).toThrow(message);
    expect(() => consume(make)).toThrow(
      /^\[Own\/Consumer\] 'handler' is .*; fix: give the function a timeout from 20 to 90 seconds, best 45, or change handlerTimeout$/,
    );
  });

  test.each([20, 45, 90])('of %i seconds is taken', (seconds) => expect(() => consume(lasting(seconds))).not.toThrow());

  test('behind an alias has what it needs in its environment', () => {
    Template.fromStack(consume((stack) => lasting(45)(stack).addAlias('live'))).hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ CONSUMER_NAME: 'mailer' }) },
    });
  });

  test('that is imported is told what it needs', () => {
    const stack = consume((of) =>
      Function.fromFunctionAttributes(of, 'Imported', {
        functionArn: `arn:aws:lambda:us-east-1:${account}:function:mailer`,
        role: Role.fromRoleArn(of, 'Role', `arn:aws:iam::${account}:role/mailer`),
      }),
    );
    Annotations.fromStack(stack).hasWarning(
      '/Own/Consumer',
      Match.stringLikeRegexp(
        'the timeout of the wrapped handler Own/Imported is not known here: it must be from 20 to 90 seconds, best 45',
      ),
    );
  });
});

test.each<[string, (stack: Stack) => IFunction]>([
  ['as it is', lasting(16)],
  ['as an alias', (stack) => lasting(16)(stack).addAlias('live')],
])('a called handler that outlasts handlerTimeout is refused, %s', (_how, make) => {
  expect(() => consume(make, ConsumerHandling.INVOKE)).toThrow(
    "'handlerTimeout' is the called handler's own timeout, 16 s, against `handlerTimeout`, 15 s",
  );
  expect(() => consume(lasting(15), ConsumerHandling.INVOKE)).not.toThrow();
});

describe('an alarm on stuck approvals', () => {
  const wait = (timeout: object): object => ({
    Type: 'Task',
    Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
    End: true,
    ...timeout,
  });
  const machine = (stack: Stack, state: object, top: object = {}, stateMachineType = StateMachineType.STANDARD): IStateMachine =>
    new StateMachine(stack, 'Machine', {
      stateMachineType,
      definitionBody: DefinitionBody.fromString(JSON.stringify({ StartAt: 'Ask', States: { Ask: state }, ...top })),
    });
  function watched(state: object, top: object = {}, states?: string[]): { readonly problems: string[]; readonly warnings: number } {
    const stack = stackOf();
    const alarm = new StuckApprovalAlarm(stack, 'Stuck', { stateMachine: machine(stack, state, top), states });
    return { problems: alarm.node.validate(), warnings: alarm.node.metadata.filter(({ type }) => type === 'aws:cdk:warning').length };
  }

  test.each<[string, object, object, string[], number]>([
    ['a task without a timeout is warned of', {}, {}, [], 1],
    ['a timeout by path is one', { TimeoutSecondsPath: '$.seconds' }, {}, [], 0],
    ['a timeout by JSONata is one', { TimeoutSeconds: '{% $seconds %}' }, {}, [], 0],
    ["the machine's own timeout is one", {}, { TimeoutSeconds: 86_400 }, [], 0],
    ['a machine that ends before the alarm is refused', { TimeoutSeconds: 86_400 }, { TimeoutSeconds: 3_600 }, ["'threshold' is"], 0],
    ['a task that ends before the alarm is refused', { TimeoutSeconds: 3_600 }, {}, ["'threshold' is"], 0],
  ])('%s', (_what, timeout, top, problems, warnings) => {
    expect(watched(wait(timeout), top)).toEqual({ problems: problems.map((text) => expect.stringContaining(text)), warnings });
  });

  test('a state that waits for no token is not watched', () => {
    expect(watched(wait({ TimeoutSeconds: 86_400 }), {}, ['Ask', 'Other']).problems).toEqual([
      expect.stringContaining("'states' is 'Other'; allowed: names of tasks that wait for a token"),
    ]);
  });

  test('an express state machine is refused: it waits for no token', () => {
    const stack = stackOf();
    expect(() => new StuckApprovalAlarm(stack, 'Stuck', { stateMachine: machine(stack, wait({}), {}, StateMachineType.EXPRESS) })).toThrow(
      "[Own/Stuck] 'stateMachine' is of type EXPRESS; allowed: a state machine of type STANDARD",
    );
  });
});

describe('the cutover takes no name and no region that others refuse', () => {
  const hostedZone = { hostedZoneId: 'Z', zoneName: 'example.com', hostedZoneArn: 'arn:aws:route53:::hostedzone/Z' } as never;
  const records = { systemName: 'acme', source: 'us-east-1', target: 'us-west-2', publicName: 'pay.example.com', hostedZone };

  test.each<[string, object, string]>([
    ['a system name', { systemName: 'aws-Pay' }, "'systemName' is 'aws-Pay'"],
    ['a region', { source: 'useast1' }, "'source' is 'useast1'"],
  ])('%s of records', (_what, props, message) => {
    expect(() => new WeightedRecords(stackOf(), 'Records', { ...records, ...props })).toThrow(`[Own/Records] ${message}`);
  });

  test.each<[string, string | undefined, object, string]>([
    ['a system name', 'us-west-2', { systemName: 'aws-Pay' }, "'systemName' is 'aws-Pay'"],
    ['no region of the stack', undefined, {}, "'env.region of the stack' is not set"],
  ])('%s', (_what, region, props, message) => {
    const stack = new Stack(newApp(), 'Own', { env: { account, region } });
    const alarms = [{ region: 'us-east-1', alarmName: 'watch' }];
    expect(
      () =>
        new PhasedCutoverStateMachine(stack, 'Cutover', {
          ...records,
          regions,
          alarms,
          phases: [{ targetPercent: 100, approval: false }],
          ...props,
        }),
    ).toThrow(`[Own/Cutover] ${message}`);
  });
});

type RelationName = keyof typeof timeRelations;
const isFixed = (name: RelationName): boolean => 'isFixed' in timeRelations[name];
const names = Object.keys(timeRelations) as RelationName[];
const problemsOf = (stack: Stack): string => {
  try {
    (stack.node.root as App).synth();
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};
const withProps =
  (of: string, override: Override) =>
  (stack: Stack): unknown =>
    everyInterface[of](stack, override);
const askingFor =
  (expiry: Duration, timeout?: Duration) =>
  (stack: Stack): unknown =>
    new StateMachine(stack, 'Asking', {
      timeout,
      definitionBody: DefinitionBody.fromChainable(
        Chain.start(
          (everyInterface.ApprovalGateProps(stack, {}) as ApprovalGate).task(stack, 'Ask', {
            subject: 'Move',
            question: 'Go?',
            startedByPath: '$.by',
            expiry,
          }),
        ),
      ),
    });
const publishing =
  (timeout?: Duration) =>
  (stack: Stack): unknown =>
    new CrossRegionEventMesh(stack, 'Mesh', { systemName: 'acme', regions: regions.replicas }).publisherEnvironment(
      timeout ? functionOf(stack, 'Shop', timeout) : withLambdasDefault(stack),
      { source: 'acme.shop' },
    );
const watching =
  (seconds: number) =>
  (stack: Stack): unknown =>
    new StuckApprovalAlarm(stack, 'Stuck', {
      stateMachine: new StateMachine(stack, 'Machine', {
        definitionBody: DefinitionBody.fromString(
          JSON.stringify({
            StartAt: 'Ask',
            States: {
              Ask: { Type: 'Task', Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken', TimeoutSeconds: seconds, End: true },
            },
          }),
        ),
      }),
    });

const weighted =
  (seconds: number) =>
  (stack: Stack): unknown => {
    // The region may be made later than what makes its records, and in another stack.
    everyInterface.WeightedRecordsProps(new Stack(stack.node.root, 'Cutover', { env: { account, region: 'us-west-2' } }), {
      recordTtl: Duration.seconds(seconds),
    });
    return everyInterface.PaymentsDomainProps(stack, { records: PublicNameRecords.CUTOVER });
  };

type Fixed = 'requestInFunction' | 'functionInGateway' | 'sweepInPeriod' | 'batchInVisibility';
type Broken = readonly [right: (stack: Stack) => unknown, wrong: (stack: Stack) => unknown, prop: string];

/**
 * For each relation that a team can break: the longest time that is taken, and one that is too long, with the prop that the message names.
 */
const broken: Readonly<Record<Exclude<RelationName, Fixed>, Broken>> = {
  leaseInFunction: [(stack) => consume(lasting(20), undefined, stack), (stack) => consume(lasting(19), undefined, stack), 'handler'],
  functionInVisibility: [(stack) => consume(lasting(90), undefined, stack), (stack) => consume(lasting(91), undefined, stack), 'handler'],
  functionInHandler: [
    (stack) => consume(lasting(15), ConsumerHandling.INVOKE, stack),
    (stack) => consume(lasting(16), ConsumerHandling.INVOKE, stack),
    'handlerTimeout',
  ],
  alarmInTask: [watching(86_400), watching(3_600), 'threshold'],
  approvalInMachine: [askingFor(Duration.hours(1), Duration.minutes(75)), askingFor(Duration.hours(1), Duration.minutes(74)), 'timeout'],
  escalationInExpiry: [
    withProps('ApprovalGateProps', { expiry: Duration.minutes(10), escalateAfter: Duration.seconds(599) }),
    withProps('ApprovalGateProps', { expiry: Duration.minutes(10), escalateAfter: Duration.minutes(10) }),
    'escalateAfter',
  ],
  sweepsInHeartbeat: [
    withProps('ApprovalGateProps', { heartbeatTimeout: Duration.minutes(5) }),
    withProps('ApprovalGateProps', { heartbeatTimeout: Duration.seconds(299) }),
    'heartbeatTimeout',
  ],
  publisherInFunction: [publishing(Duration.seconds(10)), publishing(), 'timeout'],
  lettersInInbox: [
    withProps('IdempotentConsumerProps', { remember: Duration.days(15) }),
    withProps('IdempotentConsumerProps', { remember: Duration.days(14) }),
    'remember',
  ],
  recordsInStream: [
    withProps('LedgerOutboxProps', { maxRecordAge: Duration.hours(20) }),
    withProps('LedgerOutboxProps', { maxRecordAge: Duration.minutes(1_201) }),
    'maxRecordAge',
  ],
  requestInLease: [
    withProps('HomeRegionsProps', { lease: Duration.seconds(7) }),
    withProps('HomeRegionsProps', { lease: Duration.millis(6_900) }),
    'regions.lease',
  ],
  recoveryInTarget: [
    withProps('RecoveryBudgetProps', { target: Duration.seconds(26) }),
    withProps('RecoveryBudgetProps', { target: Duration.seconds(25) }),
    'recovery',
  ],
  weightedInRecovery: [weighted(5), weighted(6), 'recordTtl'],
  decisionInRequest: [
    withProps('PaymentDecisionProps', { timeout: Duration.seconds(5) }),
    withProps('PaymentDecisionProps', { timeout: Duration.millis(5_001) }),
    'decision.timeout',
  ],
};

test.each(names.filter((name) => !isFixed(name)))(
  'synthesis holds the relation %s: the longest is taken, and what is longer is refused',
  (name) => {
    const [right, wrong, prop] = broken[name as keyof typeof broken];
    const attempt = (make: (stack: Stack) => unknown): string => {
      const stack = stackOf();
      try {
        make(stack);
      } catch (error) {
        return (error as Error).message;
      }
      return problemsOf(stack);
    };
    expect(attempt(right)).toBe('');
    expect(attempt(wrong)).toMatch(new RegExp(`'${prop}' is `));
  },
);

describe('our own times', () => {
  const templateOf = (of: string, props: Override = {}): Template => {
    const stack = stackOf();
    everyInterface[of](stack, props);
    return Template.fromStack(stack);
  };
  const timeoutsBy = (template: Template, description: RegExp): number[] =>
    Object.values(template.findResources('AWS::Lambda::Function'))
      .filter(({ Properties }) => description.test((Properties.Description as string) ?? ''))
      .map(({ Properties }) => Properties.Timeout as number);
  const homeApi = (): Template => {
    const stack = stackOf();
    new ActiveActivePaymentsApi(stack, 'Api', {
      ledger: LedgerReplica.of(stack, 'acme', homeRegions),
      authorization: PaymentsAuthorization.iam(),
    });
    return Template.fromStack(stack);
  };
  const takesCalls = /^acme: (payments|accounts|transactions)$/;

  /** The two sides of each in seconds, wherever they stand in a template. */
  const measured: Readonly<Record<Fixed, () => readonly (readonly [shorter: number, longer: number])[]>> = {
    requestInFunction: () => [
      ...timeoutsBy(templateOf('ActiveActivePaymentsApiProps'), takesCalls).map(
        (timeout) => [apiLimits.requestDeadlineMs / 1_000, timeout] as const,
      ),
      ...timeoutsBy(homeApi(), takesCalls).map((timeout) => [homeLimits.requestDeadlineMs / 1_000, timeout] as const),
    ],
    functionInGateway: () =>
      [templateOf('ActiveActivePaymentsApiProps'), homeApi(), templateOf('ApprovalGateProps')].flatMap((template) => {
        const longest = Math.max(...timeoutsBy(template, /^(acme: (payments|accounts|transactions|health)|acme-gate: decide)$/));
        const integrations = Object.values(template.findResources('AWS::ApiGateway::Method')).flatMap(
          ({ Properties }) => (Properties.Integration?.TimeoutInMillis as number | undefined) ?? [],
        );
        return integrations.flatMap(
          (ms) =>
            [
              [longest, ms / 1_000],
              [ms / 1_000, 29],
            ] as const,
        );
      }),
    sweepInPeriod: () =>
      timeoutsBy(templateOf('ApprovalGateProps'), /: sweep$/).map((timeout) => {
        templateOf('ApprovalGateProps').hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'rate(1 minute)' });
        return [timeout, 60] as const;
      }),
    batchInVisibility: () => {
      const template = templateOf('LedgerOutboxProps');
      const [hints] = Object.values(
        template.findResources('AWS::SQS::Queue', { Properties: { RedrivePolicy: { maxReceiveCount: 30 } } }),
      ).map(({ Properties }) => Properties.VisibilityTimeout as number);
      const windows = Object.values(template.findResources('AWS::Lambda::EventSourceMapping')).map(
        ({ Properties }) => (Properties.MaximumBatchingWindowInSeconds as number | undefined) ?? 0,
      );
      return timeoutsBy(template, /: sweep$/).map((timeout) => [timeout + Math.max(...windows), hints] as const);
    },
  };

  test.each(names.filter(isFixed))('%s holds in the templates', (name) => {
    const sides = measured[name as keyof typeof measured]();
    expect(sides.length).toBeGreaterThan(0);
    for (const [shorter, longer] of sides) {
      expect(shorter).toBeGreaterThan(0);
      expect(shorter).toBeLessThanOrEqual(longer);
    }
  });
});

test('the table in the documents is the one that synthesis goes by', () => {
  const rows = names
    .map((name) => ({ ...timeRelations[name], by: isFixed(name) ? ', our own times' : '' }))
    .map(({ of, by, shorter, longer, otherwise }) => `| \`${of}\`${by} | ${shorter} | ${longer} | ${otherwise} |`);
  const table = ['| checked by | this is at most as long | as this | otherwise |', '|---|---|---|---|', ...rows].join('\n');
  expect(readFileSync(path.join(__dirname, '..', '..', 'docs', 'reliability.md'), 'utf8')).toContain(table);
});
