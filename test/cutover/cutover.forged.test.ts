import { definition, selfMade, changing, approval, refuses } from './forged-calls';
import { fresh } from './run-under-test';
import { stateMachineArn } from './settings';
import { Surroundings } from './whole-run';
import { AuditLog } from '../../src/cutover/audit/service';

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
