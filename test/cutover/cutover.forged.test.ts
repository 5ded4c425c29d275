import { fakeStepFunctions } from './fake-step-functions';
import { cutoverIn, definitionOf } from './machine';
import { stateMachineArn, target } from './settings';
import { Surroundings, withPlan } from './whole-run';
import { resultOf } from '../../src/approvals/domain';
import { ApprovalRequest, ApprovalTaskInput } from '../../src/approvals/model';
import { AuditLog } from '../../src/cutover/audit/service';
import { executionsIn } from '../../src/cutover/machine/caller.aws';
import { StepName } from '../../src/cutover/machine/contract';
import { recordedDecision } from '../../src/cutover/machine/recorded-decision.domain';
import { newStack } from '../cdk/stacks';

const stack = newStack(target);
cutoverIn(stack, { endSourceRole: true });
const definition = definitionOf(stack);
const selfMade = withPlan(definition, () => ({ phases: [{ target: 100, soakSeconds: 1, gate: false, alarms: [] }] })).States.Plan.Parameters
  .plan;
const changing: readonly StepName[] = [
  'begin',
  'prechecks',
  'recheck',
  'decided',
  'shift',
  'soak',
  'rollback',
  'authority',
  'authorityBack',
  'reconcile',
  'adopt',
  'revert',
  'retire',
  'end',
];
const approval = { approvalId: 'approval-1', decision: 'APPROVED', reason: 'DECIDED', by: ['bob'], at: '', comments: [] };

/** Everything that a call could change. */
const everything = (world: Surroundings): unknown =>
  structuredClone([[...world.parameters], world.stamped, world.homes, world.relocations, world.seen.length]);

/** Calls the function by hand and sees that nothing came of it. */
async function refuses(world: Surroundings, call: object, why: RegExp): Promise<void> {
  const before = everything(world);
  const outcome = await world.call(call);
  expect(outcome).toMatchObject({ outcome: 'refusedCall', state: 'FAILED', why: expect.stringMatching(why) });
  expect(everything(world)).toEqual(before);
}

const fresh = (): Promise<Surroundings> => new Surroundings().withRecords();

test.each(changing)("%s, asked for by hand for an execution that nobody started, with a plan and names of one's own", async (step) => {
  const world = await fresh();
  await refuses(
    world,
    {
      step,
      run: 'run-0',
      plan: selfMade,
      request: { startedBy: 'alice' },
      last: { phase: 0, by: ['bob'] },
      decision: approval,
      end: 'SUCCEEDED',
    },
    /^there is no execution "run-0"/,
  );
  await refuses(world, { step, plan: selfMade }, /'run' is not the ARN of an execution/);
});

test('whatever is asked for by hand while a run waits for people, or watches', async () => {
  const world = await fresh();
  let tried = 0;
  const byHand = async (): Promise<void> => {
    tried += 1;
    for (const step of changing) {
      await refuses(
        world,
        {
          step,
          run: 'run-1',
          plan: selfMade,
          request: { startedBy: 'mallory' },
          last: { phase: 4, by: ['bob'] },
          decision: approval,
          end: 'SUCCEEDED',
        },
        /is not making this call/,
      );
    }
  };
  world.atGate.push(byHand);
  // The machine asks something else at this very moment.
  world.before = async (now) => {
    if (now === 'soak' && tried < 3) await byHand();
  };
  expect(await world.run(definition, 'run-1')).toMatchObject({ output: { state: 'SUCCEEDED' } });
  expect(tried).toBe(3);
});

test("another person's name, another plan or another end beside what the machine asks makes it another call", async () => {
  const world = await fresh();
  let tried = 0;
  world.before = async (step) => {
    const { given } = world.executions.get('run-1')!;
    if (step === 'begin') await refuses(world, { ...(given as object), request: { startedBy: 'mallory' } }, /not making this call/);
    if (step === 'shift') await refuses(world, { ...(given as object), last: { phase: 4, by: ['bob'] } }, /not making this call/);
    if (step === 'shift') await refuses(world, { ...(given as object), plan: selfMade }, /not making this call/);
    if (step === 'decided') {
      await refuses(world, { ...(given as object), decision: { ...approval, by: ['mallory'] } }, /not making this call/);
    }
    if (step === 'end') await refuses(world, { ...(given as object), end: 'ROLLED_BACK' }, /not making this call/);
    tried += 1;
  };
  expect(await world.run(definition, 'run-1')).toMatchObject({ output: { state: 'SUCCEEDED' } });
  expect(tried).toBeGreaterThan(20);
  const started = [...world.parameters.values()]
    .map((text) => JSON.parse(text) as { by: string[]; entry: { what: string } })
    .filter(({ entry }) => entry.what === 'started');
  expect(started.map(({ by }) => by)).toEqual([['alice']]);
});

test('an execution of another machine, and one that is over', async () => {
  const world = await fresh();
  const given = { step: 'begin', run: 'run-1', last: {} };
  const sight = {
    status: 'RUNNING',
    stateMachineArn: 'arn:aws:states:eu-central-1:111122223333:stateMachine:mallory',
    input: '{"startedBy":"alice"}',
    definition: JSON.stringify(definition),
    given,
  };
  world.executions.set('run-1', sight);
  await refuses(world, given, /is an execution of .*:mallory$/);
  for (const status of ['SUCCEEDED', 'ABORTED', 'FAILED', 'PENDING_REDRIVE']) {
    world.executions.set('run-1', { ...sight, stateMachineArn: sight.stateMachineArn.replace('mallory', 'acme-pay-cutover'), status });
    await refuses(world, given, new RegExp(`is ${status}$`));
  }
});

test('Step Functions may lag behind: an execution that begins is waited for', async () => {
  const world = await fresh();
  const ports = world.ports();
  let looks = 0;
  const describe = ports.executions.describe.bind(ports.executions);
  world.ports = () => ({
    ...ports,
    executions: { ...ports.executions, describe: async (run) => ((looks += 1) < 4 ? undefined : describe(run)) },
  });
  expect(await world.run(definition, 'run-1')).toMatchObject({ output: { state: 'SUCCEEDED' } });
});

describe("even in an execution's own name, nothing moves that the chain does not ask for", () => {
  /** A run that has begun and passed its first checks, and then a call that Step Functions would vouch for. */
  async function vouched(call: Record<string, unknown>, input: object = {}): Promise<[Surroundings, object]> {
    const world = await fresh();
    const asked = { run: 'run-1', last: { phase: 0, by: ['bob'] }, ...call };
    const vouch = (given: object): void => {
      world.executions.set('run-1', {
        status: 'RUNNING',
        stateMachineArn,
        definition: JSON.stringify(definition),
        given,
        input: JSON.stringify({ startedBy: 'alice', attested: { 'documents-backfilled': 'x' }, ...input }),
      });
    };
    for (const first of [
      { step: 'begin', run: 'run-1', last: {} },
      ...(input && 'action' in input ? [] : [{ step: 'prechecks', run: 'run-1', last: { phase: 0 } }]),
    ]) {
      vouch(first);
      expect((await world.call(first)).outcome).toMatch(/^(cutover|rollback|adopt|revert|ask)$/);
    }
    vouch(asked);
    return [world, asked];
  }

  test.each<[string, Record<string, unknown>, RegExp, object]>([
    ['a phase that nobody approved', { step: 'shift' }, /no approval of 'phase 1: 10 % to eu-central-1' is recorded/, {}],
    ['the last phase first', { step: 'shift', last: { phase: 4 } }, /phase 5 is not the next one/, {}],
    ['a phase that there is not', { step: 'shift', last: { phase: 99 } }, /phase 100 is not the next one/, {}],
    ['a rollback that nobody asked for', { step: 'rollback' }, /no rejection, no alarm/, {}],
    ['the authority back', { step: 'authorityBack' }, /not rolled back/, {}],
    ['the authority before the phases are over', { step: 'authority' }, /phases are not over/, {}],
    ['the end of the source', { step: 'retire' }, /no approval of 'end of the role of us-east-1'/, {}],
    ['an adoption', { step: 'adopt' }, /the run is a cutover/, {}],
    ['an adoption that nobody approved', { step: 'adopt' }, /no approval of 'adopt/, { action: 'adopt' }],
    ['a revert that nobody approved', { step: 'revert' }, /no approval of 'revert/, { action: 'revert' }],
    ['a shift in a rollback', { step: 'shift' }, /the run is a rollback/, { action: 'rollback' }],
    ['checks of another phase', { step: 'prechecks', last: { phase: 2 } }, /phase 3 is not the next one/, {}],
  ])('%s', async (_what, call, why, input) => {
    const [world, asked] = await vouched(call, input);
    await refuses(world, asked, why);
  });
});

test('executions that are refused at their beginning leave nothing in the audit', async () => {
  const world = await fresh();
  const before = [...world.parameters];
  for (const input of [{ action: 'jump' }, { startedBy: '' }, { attested: { x: 1 } }]) {
    expect(await world.run(definition, `run-${JSON.stringify(input)}`, input)).toMatchObject({ status: 'FAILED', error: 'FAILED' });
  }
  expect([...world.parameters]).toEqual(before);
});

describe('whoever may delete parameters', () => {
  test.each<[string, (world: Surroundings) => Promise<unknown>, RegExp]>([
    [
      'the newest record',
      async (world) => world.parameters.delete(world.parameters.size),
      /is missing, though it was seen before: the end of the audit was cut off/,
    ],
    [
      'all of the run',
      async (world) => {
        while (world.parameters.size > 2) world.parameters.delete(world.parameters.size);
      },
      /the end of the audit was cut off/,
    ],
    ['everything', async (world) => world.parameters.clear(), /the end of the audit was cut off/],
    [
      'the newest record, which grows anew',
      async (world) => {
        world.parameters.delete(world.parameters.size);
        await world
          .log()
          .append(() => ({ key: 'other', by: ['mallory'], entry: { what: 'unreachable', run: 'run-1', step: 'x', detail: 'y' } }));
      },
      /is not the one that was seen before/,
    ],
  ])('cannot take away %s in the middle of a run', async (_what, act, why) => {
    const world = await fresh();
    const size = world.seen.length;
    let left: unknown;
    world.before = async (step) => {
      if (step !== 'shift' || left) return;
      await act(world);
      left = [...world.parameters];
    };
    expect(await world.run(definition, 'run-1')).toMatchObject({ status: 'FAILED', cause: expect.stringMatching(why) });
    // Not even the end is written into the place of what is gone.
    expect([world.seen.length, [...world.parameters]]).toEqual([size, left]);
  });

  test('a worker that has read the newest record sees that it is gone, or is another one', async () => {
    const world = await fresh();
    const [gone, other] = [world.log(), world.log()];
    for (const log of [gone, other]) await log.current();
    const seq = world.parameters.size;
    world.parameters.delete(seq);
    await expect(gone.current()).rejects.toThrow(/is missing, though it was read before/);
    await world
      .log()
      .append(() => ({ key: 'other', by: ['mallory'], entry: { what: 'unreachable', run: 'run-1', step: 'x', detail: 'y' } }));
    expect(world.parameters.size).toBe(seq);
    await expect(other.current()).rejects.toThrow(/was changed after it was read/);
  });

  test('is no matter of a read that lags behind', async () => {
    const world = await fresh();
    const last = world.parameters.size;
    const anchor = (await world.log().verify()).anchor;
    const port = world.audit();
    let lagging = 4;
    const log = new AuditLog(
      {
        ...port,
        read: async (seqs) => {
          const found = new Map(await port.read(seqs));
          if (found.has(last) && lagging-- > 0) found.delete(last);
          return found;
        },
      },
      world.signer,
      world.clock,
    );
    await log.require(anchor);
    lagging = 3;
    expect((await log.current()).seq).toBe(last);
  });
});

test('what a task was given is read from the newest events of the history', async () => {
  const event = (type: string, details?: object): object => ({ type, timestamp: 1, id: 1, ...details });
  const scheduled = (payload: object): object =>
    event('LambdaFunctionScheduled', { lambdaFunctionScheduledEventDetails: { resource: 'f', input: JSON.stringify(payload) } });
  let events: object[] = [];
  const server = await fakeStepFunctions(({ action }) => (action === 'GetExecutionHistory' ? { events } : 'ExecutionDoesNotExist'));
  const environment = { ...process.env };
  Object.assign(process.env, { AWS_ENDPOINT_URL: server.endpoint, AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' });
  try {
    const { given, describe: look } = executionsIn('eu-central-1');
    for (const [all, payload] of [
      [[event('LambdaFunctionStarted'), scheduled({ step: 'next' }), event('TaskStateEntered')], { step: 'next' }],
      [[scheduled({ step: 'next' })], { step: 'next' }],
      [[event('LambdaFunctionSucceeded'), event('LambdaFunctionStarted'), scheduled({ step: 'next' })], undefined],
      [[event('LambdaFunctionTimedOut'), event('LambdaFunctionStarted'), scheduled({ step: 'next' })], undefined],
      [[event('WaitStateEntered'), event('TaskStateExited')], undefined],
      [
        [
          event('TaskSubmitted'),
          event('TaskStarted'),
          event('TaskScheduled', {
            taskScheduledEventDetails: { resource: 'invoke.waitForTaskToken', parameters: '{"Payload":{"token":"secret"}}' },
          }),
        ],
        undefined,
      ],
      [[], undefined],
    ] as const) {
      events = [...all];
      expect(await given('x')).toEqual(payload);
    }
    expect(server.calls[0].input).toEqual({ executionArn: 'x', reverseOrder: true, maxResults: 4, includeExecutionData: true });
    expect(await look('x')).toBeUndefined();
  } finally {
    process.env = environment;
    await server.close();
  }
});

describe('a task token from the history, answered by another caller than the gate', () => {
  const forged = { decision: 'APPROVED', reason: 'DECIDED', by: ['bob'], at: '2026-11-22T10:00:00.000Z', comments: [] };
  const rejected = { decision: 'REJECTED', reason: 'DECIDED', by: ['carol'] } as const;

  test.each<[string, (world: Surroundings, request: ApprovalRequest) => unknown, string]>([
    [
      'while nobody has decided',
      (world, { id, outcome, ...request }) => {
        world.approvals.set(id, { ...request, id, status: 'OPEN', answers: [] });
        return { ...forged, approvalId: id };
      },
      'PAUSED',
    ],
    [
      'with an approval that the gate does not know',
      (world, { id }) => {
        world.approvals.delete(id);
        return { ...forged, approvalId: id };
      },
      'PAUSED',
    ],
    ['with no approval at all', () => ({ ...forged, approvalId: undefined }), 'PAUSED'],
    ['with words only', () => 'APPROVED', 'PAUSED'],
    [
      'with an approval of another execution',
      (world, request) => {
        const other = world.gateRequest({ ...world.asked[0], execution: 'run-9' } as ApprovalTaskInput, 'approval-other00000000', {
          decision: 'APPROVED',
          reason: 'DECIDED',
          by: ['bob'],
        });
        world.approvals.set(other.id, other);
        world.approvals.set(request.id, { ...request, status: 'OPEN', outcome: undefined });
        return resultOf(other);
      },
      'PAUSED',
    ],
    [
      "with an approval that people gave to a harmless question, asked by hand in this execution's name",
      (world) => {
        const other = world.gateRequest(
          { ...world.asked[0], question: 'Is the coffee ready?' } as ApprovalTaskInput,
          'approval-other00000000',
          { decision: 'APPROVED', reason: 'DECIDED', by: ['bob'] },
        );
        world.approvals.set(other.id, other);
        return resultOf(other);
      },
      'PAUSED',
    ],
    [
      "with an approval that was asked in another starter's name",
      (world) => {
        const other = world.gateRequest({ ...world.asked[0], startedBy: 'nobody' } as ApprovalTaskInput, 'approval-other00000000', {
          decision: 'APPROVED',
          reason: 'DECIDED',
          by: ['alice'],
        });
        world.approvals.set(other.id, other);
        return resultOf(other);
      },
      'PAUSED',
    ],
    [
      'with an approval of the same question, asked before',
      (world) => {
        const other = world.gateRequest({ ...world.asked[0], asked: 'yesterday' } as ApprovalTaskInput, 'approval-other00000000', {
          decision: 'APPROVED',
          reason: 'DECIDED',
          by: ['bob'],
        });
        world.approvals.set(other.id, other);
        return resultOf(other);
      },
      'PAUSED',
    ],
    ['after people have rejected', (_world, { id }) => ({ ...forged, approvalId: id }), 'ROLLED_BACK'],
  ])('%s: nothing is moved, and it is told', async (_how, forge, state) => {
    const world = await fresh();
    world.answer = () => rejected;
    world.forge = (request) => forge(world, request);
    expect(await world.run(definition, 'run-1')).toMatchObject({ output: { state, weights: { source: 100, target: 0 } } });
    expect(world.seen.map(({ target: { weight } }) => weight).filter((weight) => weight > 0)).toEqual([]);
    expect(world.forgeries).toHaveLength(1);
  });

  test('an approval of an earlier phase does not serve for the next one', async () => {
    const world = await fresh();
    const earlier: unknown[] = [];
    world.forge = (request) => {
      earlier.push(resultOf(request));
      return earlier[0];
    };
    expect(await world.run(definition, 'run-1')).toMatchObject({
      output: { state: 'PAUSED', why: expect.stringContaining('answered by another caller than the gate'), weights: { target: 10 } },
    });
    expect(world.forgeries).toHaveLength(1);
  });

  test("the gate's own answer is none of that", async () => {
    const world = await fresh();
    expect(await world.run(definition, 'run-1')).toMatchObject({ output: { state: 'SUCCEEDED' } });
    expect(world.forgeries).toEqual([]);
  });
});

describe('a decision that even the machine vouches for', () => {
  const asked = { run: 'run-1', about: 'phase 1: 10 % to eu-central-1', digest: 'd1' };
  const world = new Surroundings();
  const input = (change: object): ApprovalTaskInput => ({
    token: 't',
    execution: 'run-1',
    asked: 'now',
    state: 'Approval',
    subject: 's',
    question: 'q',
    details: { about: asked.about, digest: asked.digest },
    ...change,
  });
  const found = (change: object = {}): ApprovalRequest =>
    world.gateRequest(input(change), 'approval-1', { decision: 'APPROVED', reason: 'DECIDED', by: ['bob'] });

  test.each<[string, ApprovalRequest | undefined, RegExp]>([
    ['unknown to the gate', undefined, /has no approval/],
    ['of another execution', found({ execution: 'run-2' }), /was asked for by run-2/],
    ['about something else', found({ details: { about: 'phase 2', digest: 'd1' } }), /is about 'phase 2'/],
    ['on another report', found({ details: { about: asked.about, digest: 'd2' } }), /on another report/],
    ['still open', { ...found(), status: 'OPEN' }, /is OPEN/],
  ])('counts for nothing when it is %s', (_what, request, why) => {
    expect(recordedDecision(asked, 'approval-1', request)).toMatch(why);
  });

  test('counts as the gate has it', () => {
    expect(recordedDecision(asked, 'approval-1', found())).toMatchObject({ decision: 'APPROVED', by: ['bob'] });
  });
});
