import type { Definition, State } from '../../../local/stepfunctions/definition';
import { Execution, type TaskToken } from '../../../local/stepfunctions/execution';
import { StateFault, type Json } from '../../../local/stepfunctions/paths';
import { timers } from '../../../local/stepfunctions/timers';
import { timePasses, until } from '../../waits';

const work = 'arn:aws:lambda:eu-central-1:000000000000:function:work';
const ask = 'arn:aws:states:::lambda:invoke.waitForTaskToken';
const asking = {
  Type: 'Task',
  Resource: ask,
  Parameters: { FunctionName: 'ask', Payload: { 'token.$': '$$.Task.Token', 'run.$': '$$.Execution.Id' } },
  End: true,
};

interface World {
  readonly execution: Execution;
  readonly asked: { readonly name: string; readonly payload: Json }[];
  readonly tokens: TaskToken[];
  readonly done: Promise<void>;
  runs: boolean;
}

type Answer = (name: string, payload: Json) => Json | Promise<Json>;

/** Runs a machine against a function of the test's own. Time is real; a region that is stopped holds it. */
function start(states: Record<string, State>, answer: Answer = () => ({}), input: Json = {}, more: Partial<Definition> = {}): World {
  const waiting: (() => void)[] = [];
  type Open = { -readonly [member in keyof World]: World[member] } & { held: boolean };
  const world = { asked: [] as World['asked'], tokens: [] as TaskToken[], held: false } as unknown as Open;
  Object.defineProperty(world, 'runs', {
    get: () => !world.held,
    set: (runs: boolean) => {
      world.held = !runs;
      if (runs) waiting.splice(0).forEach((go) => go());
    },
  });
  world.execution = new Execution({
    arn: 'arn:aws:states:eu-central-1:000000000000:execution:m:one',
    name: 'one',
    input,
    ended: () => undefined,
    opened: (token) => world.tokens.push(token),
    machine: { arn: 'arn:m', name: 'm', roleArn: 'arn:role', definition: { StartAt: Object.keys(states)[0], States: states, ...more } },
    ports: {
      now: Date.now,
      random: () => 0,
      timers,
      regionBackAt: () => 0,
      regionRuns: () =>
        world.held
          ? new Promise<void>((go) => {
              waiting.push(go);
            })
          : Promise.resolve(),
      invoke: async (name, payload) => {
        world.asked.push({ name, payload });
        return answer(name, payload);
      },
    },
  });
  world.done = world.execution.run();
  return world;
}

const types = (world: World): string[] => world.execution.history.events(true).map(({ type }) => type);

test('data goes from state to state as the paths say', async () => {
  const world = start(
    {
      Plan: { Type: 'Pass', Parameters: { plan: { steps: 2 }, 'request.$': '$', last: {} }, Next: 'Work' },
      Work: {
        Type: 'Task',
        Resource: work,
        Parameters: { step: 'one', 'plan.$': '$.plan', 'name.$': "States.Format('{} of {}', $.request.who, $$.State.Name)" },
        ResultPath: '$.last',
        Next: 'Outcome',
      },
      Outcome: { Type: 'Choice', Choices: [{ Variable: '$.last.outcome', StringEquals: 'done', Next: 'Wait' }], Default: 'Lost' },
      Wait: { Type: 'Wait', SecondsPath: '$.last.waitSeconds', Next: 'End' },
      Lost: { Type: 'Fail', Error: 'Lost' },
      End: { Type: 'Succeed', OutputPath: '$.last' },
    },
    () => ({ outcome: 'done', waitSeconds: 0 }),
    { who: 'alice' },
  );
  await world.done;
  expect(world.asked).toEqual([{ name: work, payload: { step: 'one', plan: { steps: 2 }, name: 'alice of Work' } }]);
  expect(world.execution).toMatchObject({ status: 'SUCCEEDED', output: { outcome: 'done', waitSeconds: 0 } });
  expect(types(world)).toEqual([
    'ExecutionStarted',
    'PassStateEntered',
    'PassStateExited',
    'TaskStateEntered',
    'LambdaFunctionScheduled',
    'LambdaFunctionStarted',
    'LambdaFunctionSucceeded',
    'TaskStateExited',
    'ChoiceStateEntered',
    'ChoiceStateExited',
    'WaitStateEntered',
    'WaitStateExited',
    'SucceedStateEntered',
    'SucceedStateExited',
    'ExecutionSucceeded',
  ]);
  expect(world.execution.history.events(true).every(({ id, previousEventId }) => previousEventId === id - 1)).toBe(true);
});

test('a fault is retried as often as it may be, then caught by its name', async () => {
  const world = start(
    {
      Work: {
        Type: 'Task',
        Resource: work,
        ResultPath: '$.last',
        Next: 'Unreached',
        Retry: [
          { ErrorEquals: ['Busy'], IntervalSeconds: 0, MaxAttempts: 2 },
          { ErrorEquals: ['States.ALL'], MaxAttempts: 0 },
        ],
        Catch: [
          { ErrorEquals: ['Other'], Next: 'Unreached' },
          { ErrorEquals: ['States.ALL'], ResultPath: '$.fault', Next: 'Caught' },
        ],
      },
      Caught: { Type: 'Fail', ErrorPath: '$.fault.Error', CausePath: '$.fault.Cause' },
      Unreached: { Type: 'Succeed' },
    },
    () => {
      throw new StateFault('Busy', 'too much');
    },
  );
  await world.done;
  expect(world.asked).toHaveLength(3);
  expect(world.execution).toMatchObject({ status: 'FAILED', error: 'Busy', cause: 'too much' });
});

test('States.ALL takes no fault of the machine itself', async () => {
  const world = start({
    Work: {
      Type: 'Task',
      Resource: work,
      Parameters: { 'x.$': '$.none' },
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }],
      End: true,
    },
    Caught: { Type: 'Succeed' },
  });
  await world.done;
  // A path that leads nowhere is no fault of that kind.
  expect(world.execution.status).toBe('SUCCEEDED');
  const large = start(
    {
      Work: { Type: 'Task', Resource: work, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }], End: true },
      Caught: { Type: 'Succeed' },
    },
    () => 'x'.repeat(300_000),
  );
  await large.done;
  expect(large.execution).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
});

describe('a task that waits for its token', () => {
  test('goes on with what answers it, once', async () => {
    const world = start({ Ask: { ...asking, ResultPath: '$.approval' } }, () => null, { a: 1 });
    await until('the task', () => world.tokens.length > 0 && types(world).includes('TaskSubmitted'));
    const [token] = world.tokens;
    expect(world.asked[0].payload).toEqual({ token: token.token, run: world.execution.settings.arn });
    expect(world.execution).toMatchObject({ state: 'Ask', waitsForToken: true });
    token.settle({ output: { decision: 'APPROVED' } });
    token.settle({ output: { decision: 'REJECTED' } });
    await world.done;
    expect(world.execution).toMatchObject({
      status: 'SUCCEEDED',
      waitsForToken: false,
      output: { a: 1, approval: { decision: 'APPROVED' } },
    });
    expect(token.open).toBe(false);
    expect(types(world)).toEqual(expect.arrayContaining(['TaskScheduled', 'TaskStarted', 'TaskSubmitted', 'TaskSucceeded']));
    const [submitted] = world.execution.history.events(false).filter(({ type }) => type === 'TaskSubmitted');
    expect(submitted.taskSubmittedEventDetails).toEqual({ resourceType: 'lambda', resource: 'invoke.waitForTaskToken' });
  });

  test('may be answered before the call that asks returns', async () => {
    const world: World = start({ Ask: asking }, () => {
      world.tokens[0].settle({ output: 'quick' });
    });
    await world.done;
    expect(world.execution).toMatchObject({ status: 'SUCCEEDED', output: 'quick' });
  });

  test('fails when nobody could be asked', async () => {
    const world = start(
      {
        Ask: { ...asking, Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.fault', Next: 'Unanswered' }] },
        Unanswered: { Type: 'Succeed' },
      },
      () => {
        throw new StateFault('Lambda.Unknown', 'broken');
      },
    );
    await world.done;
    expect(world.execution.output).toEqual({ fault: { Error: 'Lambda.Unknown', Cause: 'broken' } });
    expect(world.tokens[0].open).toBe(false);
  });

  test.each([
    ['HeartbeatSeconds', 'States.HeartbeatTimeout'],
    ['TimeoutSeconds', 'States.Timeout'],
  ])('ends after %s', async (member, error) => {
    const world = start({ Ask: { ...asking, [member]: 1 } });
    const began = Date.now();
    await world.done;
    expect(world.execution).toMatchObject({ status: 'FAILED', error });
    expect(Date.now() - began).toBeGreaterThanOrEqual(900);
    expect(types(world)).toContain('TaskTimedOut');
  });

  test('lives as long as heartbeats come', async () => {
    const world = start({ Ask: { ...asking, HeartbeatSeconds: 1 } });
    await until('the task', () => world.tokens.length > 0);
    for (let beats = 0; beats < 5; beats += 1) {
      await new Promise((resolve) => {
        setTimeout(resolve, 300);
      });
      world.tokens[0].lastBeat = Date.now();
    }
    expect(world.execution.status).toBe('RUNNING');
    world.execution.abort('E', 'enough');
    await world.done;
    expect(world.execution).toMatchObject({ status: 'ABORTED', cause: 'enough' });
    expect(world.tokens[0].open).toBe(false);
  });
});

test('an execution stands still while its region is stopped, and goes on when it is back', async () => {
  const world: World = start(
    { Work: { Type: 'Task', Resource: work, Next: 'More' }, More: { Type: 'Task', Resource: work, End: true } },
    () => {
      if (world.asked.length === 1) world.runs = false;
      return {};
    },
  );
  await timePasses(50, 'no call may follow');
  expect(world.asked).toHaveLength(1);
  expect(world.execution.status).toBe('RUNNING');
  world.runs = true;
  await world.done;
  expect(world.asked).toHaveLength(2);
  expect(world.execution.status).toBe('SUCCEEDED');
});

test("a machine's own time ends it wherever it is", async () => {
  const world = start({ Wait: { Type: 'Wait', Seconds: 60, End: true } }, undefined, {}, { TimeoutSeconds: 1 });
  await world.done;
  expect(world.execution).toMatchObject({ status: 'TIMED_OUT', error: 'States.Timeout' });
});
