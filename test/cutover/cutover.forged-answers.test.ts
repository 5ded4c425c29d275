import { fakeStepFunctions } from './fake-step-functions';
import { definition } from './forged-calls';
import { fresh } from './run-under-test';
import { Surroundings } from './whole-run';
import { resultOf } from '../../src/approvals/domain';
import { ApprovalRequest, ApprovalTaskInput } from '../../src/approvals/model';
import { executionsIn } from '../../src/cutover/machine/caller.aws';
import { recordedDecision } from '../../src/cutover/machine/recorded-decision.domain';

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
