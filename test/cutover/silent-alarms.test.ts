import { cutoverIn, definitionOf } from './machine';
import { isWhole, once, recordsOf } from './run-under-test';
import { source, target } from './settings';
import { Surroundings, withPlan } from './whole-run';
import { Soak } from '../../src/cutover/checks/soak.service';
import { newStack } from '../cdk/stacks';

const stack = newStack(target);
cutoverIn(stack);
const definition = definitionOf(stack);
const fresh = (): Promise<Surroundings> => new Surroundings().withRecords();

describe('an alarm without data', () => {
  test('is neither raised nor quiet: the soak waits for it, and pauses when it says nothing by its end', async () => {
    const world = await fresh();
    world.before = (step) => {
      if (step === 'soak') world.alarm = 'INSUFFICIENT_DATA';
    };
    const { output } = await world.run(definition, 'run-1');
    expect(output).toMatchObject({ state: 'PAUSED', weights: { target: 10 }, why: expect.stringContaining('alarms without data after') });
    expect(output.why).toContain('eu-central-1/errors, us-east-1/errors');
    expect([...world.parameters.values()].filter((text) => text.includes('"what":"soaked"'))).toEqual([]);
    expect((await world.log().verify()).problems).toEqual([]);
  });

  test('goes on once it has judged', async () => {
    const world = await fresh();
    let looks = 0;
    world.before = (step) => {
      if (step !== 'soak') return;
      looks += 1;
      world.alarm = looks > 1 ? 'OK' : 'INSUFFICIENT_DATA';
    };
    expect(await world.run(definition, 'run-1')).toMatchObject({ output: { state: 'SUCCEEDED' } });
  });

  test('is named before a phase, and stops nobody there: the target may have had no traffic yet', async () => {
    const world = await fresh();
    world.before = (step) => {
      world.alarm = step === 'soak' ? 'OK' : 'INSUFFICIENT_DATA';
    };
    expect(await world.run(definition, 'run-1')).toMatchObject({ output: { state: 'SUCCEEDED' } });
    expect(JSON.stringify(world.asked[0].report)).toContain(
      '2 alarms, none raised; without data yet: eu-central-1/errors, us-east-1/errors',
    );
  });

  test.each([
    [90, 'soaking'],
    [100, 'soaked'],
  ] as const)('of the source, at %d percent to the target: %s', async (share, outcome) => {
    const world = await fresh();
    const { plan } = withPlan(definition, () => ({
      phases: [{ target: share, soakSeconds: 0, gate: false, alarms: [{ region: source, name: 'errors' }] }],
    })).States.Plan.Parameters;
    const ports = {
      ...world.ports().checks,
      alarms: async () => [{ region: source, name: 'errors', state: 'INSUFFICIENT_DATA' as const }],
    };
    const soak = new Soak(world.log(), world.records(), ports, world.clock);
    expect(await soak.look({ run: 'run-1', plan, phase: 0, last: {} })).toMatchObject({ outcome });
  });
});

/** The seconds of each recorded soak. */
const soakedSeconds = (world: Surroundings): number[] =>
  recordsOf(world, 'soaked').map(({ entry }) => (entry.what === 'soaked' ? entry.seconds : -1));

describe('a soak counts only time in which a run watched', () => {
  const pausing = withPlan(definition, () => ({ onBreach: 'PAUSE' }));
  pausing.States['Soak: outcome'].Choices = pausing.States['Soak: outcome'].Choices.map((choice: any) =>
    choice.StringEquals === 'breach' ? { ...choice, Next: 'Record pause' } : choice,
  );

  test.each([
    [
      'an alarm',
      120_000,
      (world: Surroundings) => {
        world.alarm = 'ALARM';
      },
    ],
    ['a region that cannot be read', 120_000, (world: Surroundings) => void world.lostRegions.add(source)],
    ['a region that cannot be read', 7_200_000, (world: Surroundings) => void world.lostRegions.add(source)],
  ])('after %s and %i ms more the next run watches the phase from its own start', async (_, pauseMs, spoil) => {
    const world = await fresh();
    once(world, 'soak', 1, () => spoil(world));
    expect(await world.run(pausing, 'run-1')).toMatchObject({ output: { state: 'PAUSED', weights: { target: 25 } } });
    world.alarm = 'OK';
    world.lostRegions.clear();
    world.nowMs += pauseMs;
    let looks = 0;
    world.before = (step, last) => {
      if (step === 'soak' && last?.phase === 1) looks += 1;
    };
    expect(await world.run(pausing, 'run-2')).toMatchObject({ output: { state: 'SUCCEEDED' } });
    // One a minute for half an hour, and none of the seconds between the runs.
    expect(looks).toBe(31);
    expect(soakedSeconds(world)).toEqual([1_800, 1_800, 1_800, 1_800, 1_800]);
    await isWhole(world);
  });

  test('from the last alarm on, whatever the run is', async () => {
    const world = await fresh();
    await world.prepare('run-1', [90, 10]);
    const { plan } = withPlan(definition, () => ({})).States.Plan.Parameters;
    const look = (): Promise<any> =>
      new Soak(world.log(), world.records(), world.ports().checks, world.clock).look({ run: 'run-1', plan, phase: 0, last: {} });
    world.nowMs += 200_000;
    world.alarm = 'ALARM';
    expect(await look()).toMatchObject({ outcome: 'breach' });
    world.alarm = 'OK';
    world.nowMs += 60_000;
    expect(await look()).toMatchObject({ outcome: 'soaking', watch: { sinceMs: world.nowMs - 60_000 } });
  });

  test('and begins again when the machine stood still for hours, its first look too', async () => {
    const world = await fresh();
    const seen = new Map<number, number>();
    world.before = (step, last) => {
      if (step !== 'soak') return;
      const look = (seen.get(last.phase) ?? 0) + 1;
      seen.set(last.phase, look);
      if ((last.phase === 1 && look === 11) || (last.phase === 2 && look === 1)) world.nowMs += 2 * 3_600_000;
    };
    expect(await world.run(definition, 'run-1')).toMatchObject({ output: { state: 'SUCCEEDED' } });
    expect([...seen.values()]).toEqual([31, 41, 31, 31, 31]);
    expect(soakedSeconds(world)).toEqual([1_800, 1_800, 1_800, 1_800, 1_800]);
  });

  test('but not for two looks that could see nothing', async () => {
    const world = await fresh();
    let looks = 0;
    world.before = (step, last) => {
      if (step !== 'soak' || last.phase !== 1) return;
      looks += 1;
      world.lostRegions[looks === 10 || looks === 11 ? 'add' : 'delete'](source);
    };
    expect(await world.run(definition, 'run-1')).toMatchObject({ output: { state: 'SUCCEEDED' } });
    expect(looks).toBe(31);
  });
});

describe('an alarm whose answer is lost, and that is quiet when the look is repeated', () => {
  test.each<[string, (world: Surroundings) => unknown, object]>([
    ['rolls back at the end of the soak', () => undefined, { state: 'ROLLED_BACK', weights: { target: 0 } }],
    [
      'pauses where it was not to roll back',
      (world) => (world.sourceHealth = () => [0, 0, 0]),
      { state: 'PAUSED', weights: { target: 25 } },
    ],
  ])('%s, and no soak is repeated', async (_, spoil, ended) => {
    const world = await fresh();
    let looks = 0;
    world.before = async (step, last) => {
      if (step !== 'soak' || last.phase !== 1) return;
      looks += 1;
      if (looks !== 10) return;
      world.alarmsIn.set(target, 'ALARM');
      spoil(world);
      const { plan } = withPlan(definition, () => ({})).States.Plan.Parameters;
      // The worker that is gone: it has recorded the alarm, and its answer arrives nowhere.
      await new Soak(world.log(), world.records(), world.ports().checks, world.clock).look({ run: 'run-1', plan, phase: 1, last });
      world.alarmsIn.clear();
    };
    const { output } = await world.run(definition, 'run-1');
    expect(output).toMatchObject({ ...ended, why: 'raised: eu-central-1/errors' });
    expect(looks).toBe(31);
    await isWhole(world);
  });
});

describe('an alarm rolls back to a source that can take it, and to no other', () => {
  const inSoak = async (spoil: (world: Surroundings) => void): Promise<[Surroundings, any]> => {
    const world = await fresh();
    once(world, 'soak', 3, () => spoil(world));
    return [world, (await world.run(definition, 'run-1')).output];
  };

  test('raised in the source alone: paused, and the target keeps its share until people decide', async () => {
    const [world, output] = await inSoak(({ alarmsIn }) => alarmsIn.set(source, 'ALARM'));
    expect(output).toMatchObject({ state: 'PAUSED', weights: { source: 10, target: 90 } });
    expect(output.why).toMatch(/^raised: us-east-1\/errors\. Not rolled back: only alarms of us-east-1 are raised.* People decide/);
    expect(recordsOf(world, 'breach').map(({ entry }) => entry)).toEqual([
      { what: 'breach', run: 'run-1', phase: 3, alarms: ['us-east-1/errors'], then: 'PAUSE' },
    ]);
    expect(await world.run(definition, 'run-2', { action: 'rollback' })).toMatchObject({ output: { state: 'ROLLED_BACK' } });
    await isWhole(world);
  });

  test.each<[string, () => readonly number[]]>([
    ['the health check of us-east-1 says: unhealthy in 2 of the last 3 minutes', () => [0, 0, 1]],
    ['the health check of us-east-1 says: not enough data yet', () => []],
    [
      'the health of us-east-1 cannot be read: no answer',
      () => {
        throw new Error('no answer');
      },
    ],
  ])('raised in the target, but %s: paused', async (why, health) => {
    const [world, output] = await inSoak((one) => {
      one.alarmsIn.set(target, 'ALARM');
      one.sourceHealth = health;
    });
    expect(output).toMatchObject({ state: 'PAUSED', weights: { target: 90 }, why: expect.stringContaining(why) });
    await isWhole(world);
  });

  test.each([
    ['late', () => []],
    [
      'refused',
      () => {
        throw new Error('throttled');
      },
    ],
  ])('raised in the target, and the health of the source is %s for two looks: rolled back', async (_, missing) => {
    const [world, output] = await inSoak((one) => {
      one.alarmsIn.set(target, 'ALARM');
      let looks = 0;
      one.sourceHealth = () => ((looks += 1) <= 2 ? missing() : [1, 1, 1]);
    });
    expect(output).toMatchObject({ state: 'ROLLED_BACK', weights: { target: 0 }, why: 'raised: eu-central-1/errors' });
    await isWhole(world);
  });

  test('an alarm that is quiet again before the health of the source is known: the soak begins again', async () => {
    const world = await fresh();
    let looks = 0;
    world.sourceHealth = () => [];
    world.before = (step, last) => {
      if (step === 'soak' && last.phase === 1) looks += 1;
      world.alarmsIn.set(target, looks === 10 ? 'ALARM' : 'OK');
    };
    expect(await world.run(definition, 'run-1')).toMatchObject({ output: { state: 'SUCCEEDED' } });
    expect(looks).toBe(40);
  });

  test.each<[string, (world: Surroundings) => void]>([
    ['none of the source is raised', () => undefined],
    ["the source's alarm was deleted", ({ alarmsIn }) => void alarmsIn.set(source, 'MISSING')],
    ["the source's alarms cannot be read", ({ lostRegions }) => void lostRegions.add(source)],
  ])('raised in the target, where %s: rolled back', async (_, spoil) => {
    const [world, output] = await inSoak((one) => {
      one.alarmsIn.set(target, 'ALARM');
      spoil(one);
    });
    expect(output).toMatchObject({ state: 'ROLLED_BACK', weights: { target: 0 }, why: 'raised: eu-central-1/errors' });
    await isWhole(world);
  });

  test('without a health check the source counts as healthy, as for Route 53', async () => {
    const world = await fresh();
    await world
      .change()
      .carryOut({
        ...world.order({ key: 'bare', kind: 'deploy', run: 'deploy', to: (is) => ({ ...is!, source: { value: 'us', weight: 100 } }) }),
        deadlineMs: world.nowMs + 60_000,
      });
    world.sourceHealth = () => [0, 0, 0];
    once(world, 'soak', 1, () => world.alarmsIn.set(target, 'ALARM'));
    expect(await world.run(definition, 'run-1')).toMatchObject({ output: { state: 'ROLLED_BACK' } });
  });

  test('before a phase, what one region says is reported although the other does not answer', async () => {
    const world = await fresh();
    world.before = (step) => {
      if (step !== 'prechecks') return;
      world.alarmsIn.set(target, 'ALARM');
      world.lostRegions.add(source);
    };
    const { output } = await world.run(definition, 'run-1');
    expect(output.why).toContain('watched-alarms: eu-central-1/errors ALARM');
    expect(output.why).toContain('watched-alarms us-east-1: could not be read: us-east-1 does not answer');
  });
});
