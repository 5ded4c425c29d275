import { cutoverIn, definitionOf } from './machine';
import { definition, recordsOf, fresh, whileBroken, once, isWhole } from './run-under-test';
import { source, target } from './settings';
import { Surroundings, withPlan } from './whole-run';
import { shapeOf, sharesSeen, startDraft } from './world';
import { gateLimits } from '../../src/approvals/contract';
import { weightsOf } from '../../src/cutover/audit/domain';
import { newStack } from '../cdk/stacks';

describe('a region is lost', () => {
  // The control plane of Route 53 is in us-east-1: it goes with the source.
  test.each([0, 1, 2, 3, 4])(
    "the source, with Route 53's control plane, in phase %i: says so, ends paused, moves nothing",
    async (phase) => {
      for (const step of ['prechecks', 'shift', 'soak']) {
        const world = await fresh();
        once(world, step, phase, () => {
          world.lostRegions.add(source);
          world.unreachable = true;
        });
        const result = await world.run(definition, 'run-1');
        expect([step, result.output.state]).toEqual([step, 'PAUSED']);
        expect(result.output.why).toMatch(/control plane unreachable|alarms cannot be read: us-east-1 does not answer/);
        expect(world.homes).toEqual([source, source]);
        await isWhole(world);
      }
    },
  );

  test.each(['prechecks', 'shift', 'soak', 'authority'])(
    'the target, at %s: paused, and a rollback brings everything back',
    async (step) => {
      const world = await fresh();
      once(world, step, step === 'authority' ? 0 : 2, () => {
        world.lostRegions.add(target);
        world.healthy = 0;
      });
      if (step === 'authority') {
        world.before = (now) => {
          if (now === 'authority') world.lostRegions.add(target);
        };
      }
      expect(await world.run(definition, 'run-1')).toMatchObject({ output: { state: 'PAUSED' } });
      expect(await world.run(definition, 'run-2', { action: 'rollback' })).toMatchObject({
        output: { state: 'ROLLED_BACK', weights: { source: 100 } },
      });
      expect(world.homes).toEqual([source, source]);
      await isWhole(world);
    },
  );

  test('the source, while the regions are compared: looked at again; paused when the window is over and it is still away', async () => {
    const world = await fresh();
    whileBroken(world, 'reconcile', 2, (broken) => {
      world.lostRegions[broken ? 'add' : 'delete'](source);
    });
    expect(await world.run(definition, 'run-1')).toMatchObject({ output: { state: 'SUCCEEDED' } });
    expect(recordsOf(world, 'reconciled').map(({ entry }) => entry)).toContainEqual(
      expect.objectContaining({ summary: 'the regions cannot be compared: us-east-1 cannot be read: us-east-1 does not answer' }),
    );
    const away = await fresh();
    away.before = (step) => {
      if (step === 'reconcile') away.lostRegions.add(source);
    };
    expect(await away.run(definition, 'run-1')).toMatchObject({
      output: { state: 'PAUSED', why: expect.stringContaining('cannot be compared: us-east-1 cannot be read'), weights: { target: 100 } },
    });
    expect(away.homes).toEqual([target, target]);
    await isWhole(away);
  });

  test('the control plane comes back in time: the run goes on by itself', async () => {
    const world = await fresh();
    whileBroken(world, 'shift', 5, (broken) => {
      world.unreachable = broken;
    });
    expect(await world.run(definition, 'run-1')).toMatchObject({ output: { state: 'SUCCEEDED' } });
    expect(recordsOf(world, 'unreachable').length).toBeGreaterThan(0);
  });

  test('with END chosen it ends at once', async () => {
    const ending = withPlan(definition, (plan) => ({ controlPlane: { ...plan.controlPlane, onLoss: 'END' } }));
    const world = await fresh();
    world.unreachable = true;
    const result = await world.run(ending, 'run-1');
    expect(result).toMatchObject({ output: { state: 'PAUSED', why: expect.stringContaining('health checks alone move the traffic') } });
    expect(result.visited).not.toContain('Prechecks: wait');
    expect(recordsOf(world, 'intent')).toHaveLength(1);
  });
});

describe('after the authority has moved', () => {
  test('a rollback moves it back: only what the cutover moved', async () => {
    const world = await fresh();
    world.homes = [source, target];
    await world.run(definition, 'run-1');
    expect(world.homes).toEqual([target, target]);
    expect(await world.run(definition, 'run-2', { action: 'rollback', reason: 'regret' })).toMatchObject({
      output: { state: 'ROLLED_BACK' },
    });
    expect(world.homes).toEqual([source, target]);
    expect(sharesSeen(world).at(-1)).toBe(0);
  });

  test('a move whose answer was lost is known all the same, and moved back', async () => {
    const world = await fresh();
    world.loseAnswers = 1;
    expect(await world.run(definition, 'run-1')).toMatchObject({ output: { state: 'SUCCEEDED' } });
    expect(world.homes).toEqual([target, target]);
    expect(await world.run(definition, 'run-2', { action: 'rollback' })).toMatchObject({ output: { state: 'ROLLED_BACK' } });
    expect(world.homes).toEqual([source, source]);
  });

  test('a move that an overtaken worker still makes is called off, so that nothing moves after the rollback', async () => {
    const world = await fresh();
    world.loseAnswers = 1;
    await world.run(definition, 'run-1');
    world.homes = [source, source];
    world.leftMoving.add(0);
    expect(await world.run(definition, 'run-2', { action: 'rollback' })).toMatchObject({ output: { state: 'ROLLED_BACK' } });
    expect([...world.leftMoving]).toEqual([]);
  });

  test("a person's takeover is not called off: only moves are a cutover's", async () => {
    const world = await fresh();
    await world.run(definition, 'run-1');
    world.homes = [source, source];
    world.stopped.add(1);
    expect(await world.run(definition, 'run-2', { action: 'rollback' })).toMatchObject({ output: { state: 'ROLLED_BACK' } });
    expect([...world.stopped]).toEqual([1]);
  });

  test('a worker that learns who is home only after the rollback has ended moves nothing', async () => {
    const world = await fresh();
    world.before = (step) => {
      if (step !== 'authority') return;
      world.operated = async () => {
        world.operated = async () => undefined;
        expect(await world.run(definition, 'run-2', { action: 'rollback' })).toMatchObject({ output: { state: 'ROLLED_BACK' } });
      };
    };
    expect(await world.run(definition, 'run-1')).toMatchObject({ output: { state: 'PAUSED', why: expect.stringContaining('overtaken') } });
    expect([world.homes, world.relocations, sharesSeen(world).at(-1)]).toEqual([[source, source], [], 0]);
  });

  test('differences that stay are for people', async () => {
    const world = await fresh();
    world.replicas.get(source)!.push({ pk: 'k#1@2', version: 3, writtenAt: world.nowMs - 3_600_000, digest: 'ab'.repeat(32) });
    expect(await world.run(definition, 'run-1')).toMatchObject({
      output: { state: 'PAUSED', why: expect.stringContaining('1 for a human') },
    });
    expect(recordsOf(world, 'reconciled').map(({ entry }) => entry)).toEqual([
      expect.objectContaining({ final: false, unexplained: 1 }),
      expect.objectContaining({ final: true, unexplained: 1 }),
    ]);
  });

  test("people may end the source's role; nothing brings it back by deployment", async () => {
    const other = newStack(target);
    cutoverIn(other, { endSourceRole: true });
    const world = await fresh();
    expect(await world.run(definitionOf(other), 'run-1')).toMatchObject({ output: { state: 'SUCCEEDED' } });
    expect(world.stamped!.shape.source).toBeUndefined();
    expect(await world.run(definitionOf(other), 'run-2')).toMatchObject({
      status: 'FAILED',
      cause: expect.stringContaining('role has ended'),
    });
    const { length } = world.seen;
    expect(await world.run(definitionOf(other), 'run-3', { action: 'rollback' })).toMatchObject({
      output: { state: 'PAUSED', why: expect.stringContaining('role has ended') },
    });
    expect([world.seen.length, world.homes]).toEqual([length, [target, target]]);
    const kept = await fresh();
    kept.answer = (about) => ({ decision: about.startsWith('end of the role') ? 'REJECTED' : 'APPROVED', reason: 'DECIDED', by: ['bob'] });
    expect(await kept.run(definitionOf(other), 'run-1')).toMatchObject({ output: { state: 'SUCCEEDED' } });
    expect(kept.stamped!.shape.source).toBeDefined();
  });
});

describe('runs beside each other', () => {
  test('a second one is refused and disturbs nothing; a rollback overtakes', async () => {
    const world = await fresh();
    let second: any;
    let back: any;
    once(world, 'soak', 1, () => {
      second = world.run(definition, 'run-2');
    });
    expect(await world.run(definition, 'run-1')).toMatchObject({ output: { state: 'SUCCEEDED' } });
    expect(await second).toMatchObject({ status: 'FAILED', cause: expect.stringContaining('run-1 is under way') });

    const other = await fresh();
    once(other, 'soak', 2, () => {
      back = other.run(definition, 'run-9', { action: 'rollback' });
    });
    const first = await other.run(definition, 'run-1');
    expect(await back).toMatchObject({ output: { state: 'ROLLED_BACK' } });
    expect(first).toMatchObject({ output: { state: 'PAUSED', why: expect.stringContaining('overtaken by the rollback run-9') } });
    expect(weightsOf(other.stamped!.shape).target).toBe(0);
    await isWhole(other);
  });

  test('one of which cannot be told whether it runs is not ended by the next, but by a rollback', async () => {
    const world = await fresh();
    await world.log().append(() => startDraft('run-0'));
    const ports = world.ports.bind(world);
    world.ports = (disturb) => ({ ...ports(disturb), isRunning: () => Promise.reject(new Error('AccessDeniedException')) });
    expect(await world.run(definition, 'run-1')).toMatchObject({ status: 'FAILED' });
    expect((await world.log().current()).run?.id).toBe('run-0');
    expect(await world.run(definition, 'run-2', { action: 'rollback' })).toMatchObject({ output: { state: 'ROLLED_BACK' } });
    expect(recordsOf(world, 'ended')[0].entry).toMatchObject({ run: 'run-0', why: 'overtaken by the rollback run-2' });
  });

  test('one whose execution died is closed by the next', async () => {
    const world = await fresh();
    await world
      .log()
      .append(() => ({
        key: 'dead/started',
        by: ['x'],
        entry: { what: 'started', run: 'dead', action: 'cutover', reason: '', plan: '', phases: [], attested: {} },
      }));
    expect(await world.run(definition, 'run-1')).toMatchObject({ output: { state: 'SUCCEEDED' } });
    expect(recordsOf(world, 'ended')[0].entry).toMatchObject({ run: 'dead', why: 'its execution ended without recording its end' });
  });

  test.each([
    [{ startedBy: '' }, "'startedBy' must say"],
    [{ action: 'jump' }, "'action' is"],
    [{ attested: { x: 1 } }, "'attested' must be"],
  ])('input %j is refused', async (input, why) => {
    const world = await fresh();
    expect(await world.run(definition, 'run-1', input)).toMatchObject({
      status: 'FAILED',
      error: 'FAILED',
      cause: expect.stringContaining(why),
    });
  });
});

describe('weights changed by hand in mid-run', () => {
  const worldWithDrift = async (): Promise<Surroundings> => {
    const world = await fresh();
    once(world, 'soak', 1, () => {
      world.stamped = { ...world.stamped!, shape: shapeOf(60, 40, 10) };
    });
    expect(await world.run(definition, 'run-1')).toMatchObject({
      output: { state: 'PAUSED', why: expect.stringMatching(/^records are not as recorded: found source 60 .*Adopt or revert/) },
    });
    expect(weightsOf(world.stamped!.shape).target).toBe(40);
    return world;
  };

  test('in the last soak: no authority moves, and the run is no success', async () => {
    const world = await fresh();
    once(world, 'soak', 4, () => {
      world.stamped = { ...world.stamped!, shape: shapeOf(100, 0, 10) };
    });
    expect(await world.run(definition, 'run-1')).toMatchObject({
      output: { state: 'PAUSED', why: expect.stringContaining('records are not as recorded: found source 100') },
    });
    expect([world.homes, recordsOf(world, 'soaked').length]).toEqual([[source, source], 4]);
    expect(recordsOf(world, 'drift').map(({ entry }) => entry)).toEqual([
      expect.objectContaining({ run: 'run-1', found: world.stamped, real: expect.stringContaining('target 0') }),
    ]);
    await isWhole(world);
  });

  test('while the regions are compared: seen at the end, before a success is told', async () => {
    const world = await fresh();
    once(world, 'reconcile', 0, () => {
      world.foreign = 'CNAME elsewhere.example.com';
    });
    expect(await world.run(definition, 'run-1')).toMatchObject({
      status: 'SUCCEEDED',
      output: {
        state: 'PAUSED',
        why: expect.stringMatching(/^records are not as recorded: found CNAME elsewhere.*start the cutover again$/),
      },
    });
    await isWhole(world);
  });

  test('a control plane that is away at the end is waited for; if it stays away, nobody says that all is well', async () => {
    const world = await fresh();
    world.before = (step) => {
      world.unreachable = step === 'end';
    };
    expect(await world.run(definition, 'run-1')).toMatchObject({
      output: { state: 'PAUSED', why: expect.stringContaining('all is done, but whether the records are as recorded is not known') },
    });
    const back = await fresh();
    const { sleep } = back.clock;
    back.before = (step) => {
      back.unreachable = step === 'end';
      if (step !== 'end') return;
      back.clock.sleep = async (ms) => {
        back.unreachable = false;
        await sleep(ms);
      };
    };
    expect(await back.run(definition, 'run-1')).toMatchObject({ output: { state: 'SUCCEEDED' } });
  });

  test('a soak goes on without a control plane, without which nobody can change a record', async () => {
    const world = await fresh();
    world.before = (step) => {
      world.unreachable = step === 'soak';
    };
    expect(await world.run(definition, 'run-1')).toMatchObject({ output: { state: 'SUCCEEDED' } });
  });

  /** Has Route 53 refuse to tell of the records in a step, so many times. */
  const denying = (world: Surroundings, step: string, times: number): void => {
    const ports = world.ports.bind(world);
    let left = 0;
    world.ports = (disturb) => {
      const all = ports(disturb);
      const read: typeof all.records.read = async () => {
        if ((left -= 1) >= 0) throw new Error('AccessDenied');
        return all.records.read();
      };
      return { ...all, records: { ...all.records, read } };
    };
    world.before = (now) => {
      left = now === step ? times : 0;
    };
  };

  test.each([
    [3, { state: 'SUCCEEDED' }],
    [
      99,
      { state: 'PAUSED', why: 'all is done, but whether the records are as recorded is not known: AccessDenied. Start the cutover again' },
    ],
  ])('records that are refused %i times at the end of a run that did everything: %j', async (times, output) => {
    const world = await fresh();
    denying(world, 'end', times);
    expect(await world.run(definition, 'run-1')).toMatchObject({ output });
    await isWhole(world);
  });

  test('a soak does not go on where the records cannot be read for another reason', async () => {
    const world = await fresh();
    denying(world, 'soak', 99);
    expect(await world.run(definition, 'run-1')).toMatchObject({
      output: { state: 'PAUSED', why: 'the records cannot be read: AccessDenied', weights: { target: 10 } },
    });
  });

  test('a question about many records of others is short enough for the gate; the report has them all', async () => {
    const world = await fresh();
    world.foreign = 'CNAME acme-pay-us-east-1 Region us-east-1 TTL 60 elsewhere.example.com; '.repeat(90);
    expect(await world.run(definition, 'run-1', { action: 'revert' })).toMatchObject({ output: { state: 'SUCCEEDED' } });
    const [asked] = world.asked;
    expect(asked.question.length).toBeLessThanOrEqual(gateLimits.questionLength);
    expect(asked.question).toMatch(/characters: the report has all of them\)\. Recorded: source 100 .*Approving will put back/);
    expect(asked.report.found).toHaveLength(6_480);
  });

  test('adopted by people, the next run goes on from there', async () => {
    const world = await worldWithDrift();
    expect(await world.run(definition, 'run-2', { action: 'adopt' })).toMatchObject({ output: { state: 'SUCCEEDED' } });
    expect(recordsOf(world, 'adopted')[0].by).toEqual(['bob']);
    expect(await world.run(definition, 'run-3')).toMatchObject({ output: { state: 'SUCCEEDED' } });
    expect(sharesSeen(world)).toEqual([0, 10, 25, 50, 90, 100]);
  });

  test.each(['adopt', 'revert'])(
    '%s: what was changed once more since people were shown it is neither; asked again, it is',
    async (action) => {
      const world = await worldWithDrift();
      const shown = world.stamped!;
      world.before = (step) => {
        if (step === action) {
          world.stamped = { ...shown, shape: { ...shown.shape, source: { value: 'us.execute-api.us-east-1.amazonaws.com', weight: 60 } } };
        }
      };
      expect(await world.run(definition, 'run-2', { action })).toMatchObject({
        output: { state: 'PAUSED', why: expect.stringContaining('since people were asked') },
      });
      expect(weightsOf(world.stamped!.shape).target).toBe(40);
      expect(await world.run(definition, 'run-3', { action })).toMatchObject({ output: { state: 'SUCCEEDED' } });
      // A health check that was taken away can be seen.
      expect(world.asked.at(-1).question).toContain(
        'source 60 (us.execute-api.us-east-1.amazonaws.com, no health check), target 40 (eu.execute-api.eu-central-1.amazonaws.com, ' +
          'health check hc-eu)',
      );
    },
  );

  test('reverted by people, or left when they reject', async () => {
    const world = await worldWithDrift();
    world.answer = () => ({ decision: 'REJECTED', reason: 'DECIDED', by: ['carol'] });
    expect(await world.run(definition, 'run-2', { action: 'revert' })).toMatchObject({ output: { state: 'PAUSED' } });
    expect(weightsOf(world.stamped!.shape).target).toBe(40);
    world.answer = () => ({ decision: 'APPROVED', reason: 'DECIDED', by: ['bob'] });
    expect(await world.run(definition, 'run-3', { action: 'revert' })).toMatchObject({ output: { state: 'SUCCEEDED' } });
    expect(weightsOf(world.stamped!.shape).target).toBe(25);
  });
});
