import { cutoverIn, definitionOf } from './machine';
import { definition, fresh, isWhole, recordsOf } from './run-under-test';
import { source, target } from './settings';
import { Surroundings, withPlan } from './whole-run';
import { AuditEntry } from '../../src/cutover/model';
import { newStack } from '../cdk/stacks';

const stack = newStack(target);
cutoverIn(stack, { endSourceRole: true });
const retiring = definitionOf(stack);

/** Leads an outcome of a state elsewhere, as a definition of before did. */
function leadingTo(given: any, state: string, outcome: string, next: string): any {
  const copy = structuredClone(given);
  const choice = copy.States[`${state}: outcome`].Choices.find((one: { StringEquals: string }) => one.StringEquals === outcome);
  expect(Object.keys(copy.States)).toContain(next);
  choice.Next = next;
  return copy;
}

const approved = { decision: 'APPROVED', reason: 'DECIDED', by: ['bob'] } as const;

describe('the checks after the phases', () => {
  const names = (world: Surroundings, before: string): string[] =>
    recordsOf(world, 'prechecks').flatMap(({ entry }) =>
      entry.what === 'prechecks' && entry.before === before ? entry.checks.map((text) => text.split(': ')[0]) : [],
    );
  const queued = withPlan(retiring, ({ prechecks }) => ({
    prechecks: { ...prechecks, probeMs: 5_000, queues: [source, target].map((region) => ({ region, name: 'dlq', alarms: ['dlq'] })) },
  }));

  const ofTarget = [
    'ok dead-letter-queue eu-central-1/dlq',
    'ok dead-letter-alarm eu-central-1/dlq',
    'ok weights-as-recorded',
    'ok watched-alarms',
    'ok target-healthy eu-central-1',
  ];

  test("leave out the source's alarms, queues and quotas: a source that is sick is left", async () => {
    const world = await fresh();
    world.before = (step) => {
      if (step === 'authorityCheck') world.alarmsIn.set(source, 'ALARM');
      if (step === 'retireCheck') world.lostRegions.add(source);
    };
    expect(await world.run(queued, 'run-1')).toMatchObject({ output: { state: 'SUCCEEDED' } });
    expect(world.stamped!.shape.source).toBeUndefined();
    expect([names(world, 'authority'), names(world, 'retire')]).toEqual([
      [
        'ok replication-lag us-east-1->eu-central-1',
        'ok event-probe us-east-1->eu-central-1',
        'ok event-probe eu-central-1->us-east-1',
        'ok lambda-concurrency',
        'ok api-throttle-rate',
        'ok api-throttle-burst',
        ...ofTarget,
      ],
      ['ok replication-lag us-east-1->eu-central-1', ...ofTarget, 'ok homes-in-target eu-central-1'],
    ]);
    await isWhole(world);
  });

  test("go on where all watched alarms are the source's", async () => {
    const world = await fresh();
    const bare = withPlan(retiring, ({ phases }) => ({
      phases: phases.map((phase) => ({ ...phase, alarms: phase.alarms.filter(({ region }) => region === source) })),
    }));
    expect(await world.run(bare, 'run-1')).toMatchObject({ output: { state: 'SUCCEEDED' } });
  });

  test.each([
    [
      'authorityCheck',
      'Authority prechecks: wait',
      (world: Surroundings, away: boolean) => (world.lag = away ? [1, 1, 1, 1] : [1, 1, 1, 1, 1]),
    ],
    ['retireCheck', 'Residency recheck: wait', (world: Surroundings, away: boolean) => world.lostRegions[away ? 'add' : 'delete'](target)],
  ] as const)('are made again while they lack an answer: %s', async (step, wait, set) => {
    for (const tries of [4, 5]) {
      const world = await fresh();
      let seen = 0;
      world.before = (now) => {
        set(world, now === step && (seen += 1) <= tries);
      };
      const began = world.nowMs;
      const result = await world.run(retiring, 'run-1');
      expect(result.output.state).toBe(tries === 4 ? 'SUCCEEDED' : 'PAUSED');
      expect(result.visited.filter((name) => name === wait)).toHaveLength(4);
      expect(world.nowMs - began).toBeGreaterThan(240_000);
      await isWhole(world);
    }
  });

  test('are not made again where one of them says no', async () => {
    const world = await fresh();
    world.before = (step) => {
      if (step !== 'authorityCheck') return;
      world.lag = [1, 1, 1, 1];
      world.healthy = 0;
    };
    const result = await world.run(retiring, 'run-1');
    expect(result.output).toMatchObject({ state: 'PAUSED', why: expect.stringContaining('target-healthy') });
    expect(result.visited).not.toContain('Authority prechecks: wait');
  });
});

describe("before the source's role ends", () => {
  test.each<[string, (world: Surroundings) => void]>([
    [
      'target-healthy eu-central-1',
      (world) => {
        world.healthy = 0;
      },
    ],
    [
      'watched-alarms',
      (world) => {
        world.alarm = 'ALARM';
      },
    ],
    [
      'homes-in-target eu-central-1',
      (world) => {
        world.homes = [target, source];
      },
    ],
    ['homes-in-target eu-central-1', (world) => world.lostRegions.add(target)],
  ])('%s is looked at again after people have approved: the source stays, and a rollback is possible', async (name, spoil) => {
    const world = await fresh();
    world.answer = (about) => {
      if (about.startsWith('end of the role')) spoil(world);
      return approved;
    };
    expect(await world.run(retiring, 'run-1')).toMatchObject({ output: { state: 'PAUSED', why: expect.stringContaining(name) } });
    expect(world.stamped!.shape.source).toBeDefined();
    expect(recordsOf(world, 'prechecks').at(-1)!.entry).toMatchObject({ before: 'retire', passed: false });
    await isWhole(world);
    world.lostRegions.clear();
    expect(await world.run(retiring, 'run-2', { action: 'rollback' })).toMatchObject({ output: { state: 'ROLLED_BACK' } });
  });

  test('the control plane is waited for, and the checks stand between approval and change', async () => {
    const world = await fresh();
    let away = 3;
    world.before = (step) => {
      if (step === 'retireCheck') world.unreachable = (away -= 1) > 0;
    };
    const result = await world.run(retiring, 'run-1');
    expect(result.output.state).toBe('SUCCEEDED');
    expect(world.stamped!.shape.source).toBeUndefined();
    expect(result.visited.filter((name) => name === 'Residency recheck: wait')).toHaveLength(2);
    expect(result.visited.slice(result.visited.indexOf('Residency decided')).filter((name) => !/: |Residency recheck/.test(name))).toEqual([
      'Residency decided',
      'Retire source',
      'Record success',
      'How it ended',
      'Succeeded',
    ]);
  });

  test('an execution of a definition without these checks ends paused', async () => {
    const world = await fresh();
    const result = await world.run(leadingTo(retiring, 'Residency decided', 'approved', 'Retire source'), 'run-1');
    expect(result).toMatchObject({
      output: { state: 'PAUSED', why: expect.stringContaining('no passed check before this step is recorded since its approval') },
    });
    expect(world.stamped!.shape.source).toBeDefined();
    await isWhole(world);
  });
});

describe('before the authority moves', () => {
  /** A run that is paused behind its last soak, because the target's homes could not be asked. */
  const paused = async (): Promise<Surroundings> => {
    const world = await fresh();
    world.before = (step) => {
      if (step === 'authority') world.lostRegions.add(target);
    };
    expect(await world.run(definition, 'run-1')).toMatchObject({ output: { state: 'PAUSED', weights: { target: 100 } } });
    world.before = () => undefined;
    world.lostRegions.clear();
    world.nowMs += 30 * 86_400_000;
    world.asked.length = 0;
    return world;
  };

  test.each<[string, (world: Surroundings) => void]>([
    [
      'watched-alarms',
      (world) => {
        world.alarm = 'ALARM';
      },
    ],
    [
      'target-healthy',
      (world) => {
        world.healthy = 0;
      },
    ],
    [
      'replication-lag',
      (world) => {
        world.lag = [9e5, 9e5, 9e5, 9e5, 9e5];
      },
    ],
    ['replication-lag', (world) => world.lostRegions.add(target)],
  ])('%s is looked at: right behind the last soak, in a run of weeks later, and after people have answered', async (name, spoil) => {
    const stopped = { output: { state: 'PAUSED', why: expect.stringContaining(name) } };
    const once = await fresh();
    once.before = (step) => {
      if (step === 'authorityCheck') spoil(once);
    };
    expect(await once.run(definition, 'run-1')).toMatchObject(stopped);
    const later = await paused();
    spoil(later);
    expect(await later.run(definition, 'run-2')).toMatchObject(stopped);
    expect(later.asked).toEqual([]);
    const answered = await paused();
    answered.atGate.push(async () => spoil(answered));
    expect(await answered.run(definition, 'run-2')).toMatchObject(stopped);
    for (const world of [once, later, answered]) expect([world.homes, world.relocations]).toEqual([[source, source], []]);
  });

  test('people are asked for the last phase of a run, or by the run that goes on', async () => {
    const world = await fresh();
    expect(await world.run(definition, 'run-1')).toMatchObject({ output: { state: 'SUCCEEDED' } });
    expect(world.asked.map(({ question }) => /authority over all accounts moves to eu-central-1/.test(question as string))).toEqual([
      false,
      false,
      false,
      false,
      true,
    ]);
    const later = await paused();
    expect(await later.run(definition, 'run-2')).toMatchObject({ output: { state: 'SUCCEEDED' } });
    expect(later.asked).toMatchObject([{ subject: 'acme-pay: move the authority to eu-central-1?', report: { passed: true } }]);
    expect(later.homes).toEqual([target, target]);
    expect(recordsOf(later, 'prechecks').at(-1)!.entry).toMatchObject({ before: 'authority', passed: true });
    await isWhole(later);
    // Nothing is left to be moved: nothing is asked.
    later.asked.length = 0;
    expect(await later.run(definition, 'run-3')).toMatchObject({ output: { state: 'SUCCEEDED' } });
    expect(later.asked).toEqual([]);
  });

  test('where nothing is left to be moved, one answer of the homes is enough', async () => {
    const world = await paused();
    world.homes = [target, target];
    let asked = 0;
    world.before = (step) => {
      asked = step === 'authorityCheck' ? 0 : 2;
    };
    world.operated = async () => {
      if ((asked += 1) === 2) throw new Error('no answer');
    };
    expect(await world.run(definition, 'run-2')).toMatchObject({ output: { state: 'SUCCEEDED' } });
  });

  test.each([
    [{ decision: 'REJECTED', reason: 'DECIDED', by: ['carol'] }, 'ROLLED_BACK', 0],
    [{ decision: 'APPROVED', reason: 'EXPIRED', by: [] }, 'PAUSED', 100],
  ] as const)('%j moves nothing', async (said, state, share) => {
    const world = await paused();
    world.answer = () => said;
    expect(await world.run(definition, 'run-2')).toMatchObject({ output: { state, weights: { target: share } } });
    expect(world.relocations).toEqual([]);
  });

  test('an execution of a definition without these checks, or without the question, ends paused', async () => {
    const world = await fresh();
    expect(await world.run(leadingTo(definition, 'Next phase', 'complete', 'Move authority'), 'run-1')).toMatchObject({
      output: { state: 'PAUSED', why: expect.stringContaining('no passed check before this step is recorded') },
    });
    expect(await world.run(leadingTo(definition, 'Authority prechecks', 'ask', 'Move authority'), 'run-2')).toMatchObject({
      output: { state: 'PAUSED', why: expect.stringContaining("no approval of 'move of the authority to eu-central-1' is recorded") },
    });
    expect(world.relocations).toEqual([]);
  });
});

describe('a move of the authority whose answer was lost', () => {
  const recorded = (world: Surroundings): string[] =>
    recordsOf(world, 'authority').map(({ entry }) => {
      const { run, unit, to, done, pausedMs = 'unknown' } = entry as Extract<AuditEntry, { what: 'authority' }>;
      return `${run} ${unit} ${to} ${done ? `done ${pausedMs}` : 'intent'}`;
    });

  test('is recorded as done once its unit is seen where it was to be, forth and back', async () => {
    const world = await fresh();
    world.loseAnswers = 1;
    expect(await world.run(definition, 'run-1')).toMatchObject({ output: { state: 'SUCCEEDED' } });
    const forth = [`run-1 0 ${target} intent`, `run-1 0 ${target} done unknown`, `run-1 1 ${target} intent`, `run-1 1 ${target} done 900`];
    expect(recorded(world)).toEqual(forth);
    world.loseAnswers = 2;
    expect(await world.run(definition, 'run-2', { action: 'rollback' })).toMatchObject({ output: { state: 'ROLLED_BACK' } });
    expect(recorded(world).slice(4)).toEqual([
      `run-2 0 ${source} intent`,
      `run-2 0 ${source} done unknown`,
      `run-2 1 ${source} intent`,
      `run-2 1 ${source} done unknown`,
    ]);
    expect((await world.log().current()).moved).toEqual([]);
    await isWhole(world);
  });

  test('is recorded by the next run when it was the last one of a run that was stopped', async () => {
    const world = await fresh();
    world.operated = async (request) => {
      if (request.action !== 'relocate' || request.unit !== 1) return;
      world.lostRegions.add(target);
      throw new Error('the connection was closed');
    };
    expect(await world.run(definition, 'run-1')).toMatchObject({ output: { state: 'PAUSED' } });
    expect(recorded(world).at(-1)).toBe(`run-1 1 ${target} intent`);
    world.lostRegions.clear();
    expect(await world.run(definition, 'run-2')).toMatchObject({ output: { state: 'SUCCEEDED' } });
    expect(recorded(world).slice(2)).toEqual([`run-1 1 ${target} intent`, `run-1 1 ${target} done unknown`]);
    expect(recordsOf(world, 'authority').at(-1)!.by).toEqual(['run-2']);
  });
});
