import { Duration } from 'aws-cdk-lib';
import { cutoverIn, definitionOf } from './machine';
import { source, target } from './settings';
import { Surroundings, withPlan } from './whole-run';
import { shapeOf, sharesSeen } from './world';
import { weightsOf } from '../../src/cutover/audit/domain';
import { longestHistory } from '../../src/cutover/constructs/plan';
import { AuditRecord } from '../../src/cutover/model';
import { AuditReader } from '../../src/cutover/report/service';
import { cutoverStatus } from '../../src/cutover/report/status.service';
import { newStack } from '../cdk/stacks';

const stack = newStack(target);
cutoverIn(stack);
const definition = definitionOf(stack);

const recordsOf = (world: Surroundings, what: string): AuditRecord[] =>
  [...world.parameters.values()].map((text) => JSON.parse(text) as AuditRecord).filter(({ entry }) => entry.what === what);
const fresh = (): Promise<Surroundings> => new Surroundings().withRecords();
/** Breaks something for the first tries of a step, and mends it then. */
const whileBroken = (world: Surroundings, step: string, tries: number, set: (broken: boolean) => void): void => {
  let seen = 0;
  world.before = (now) => {
    if (now === step) set((seen += 1) <= tries);
  };
};
/** Does something once, when a step of a phase begins. */
const once = (world: Surroundings, step: string, phase: number, act: () => void): void => {
  let done = false;
  world.before = (now, last) => {
    if (done || now !== step || (last?.phase ?? 0) !== phase) return;
    done = true;
    act();
  };
};

async function isWhole(world: Surroundings): Promise<void> {
  expect((await world.log().verify()).problems).toEqual([]);
  expect((await world.log().current()).run).toBeUndefined();
}

test('a whole cutover: five approvals, five shifts, the authority, the window; the report names everyone', async () => {
  const world = await fresh();
  world.answer = (about) => ({ decision: 'APPROVED', reason: 'DECIDED', by: [about.startsWith('phase 1') ? 'bob' : 'carol'] });
  const result = await world.run(definition, 'run-1', { reason: 'leaving us-east-1' });
  expect(result).toMatchObject({
    status: 'SUCCEEDED',
    output: { state: 'SUCCEEDED', weights: { source: 0, target: 100 }, audit: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } },
  });
  expect(sharesSeen(world)).toEqual([0, 10, 25, 50, 90, 100]);
  expect(world.homes).toEqual([target, target]);
  expect(world.asked).toHaveLength(5);
  expect(world.asked[0]).toMatchObject({ startedBy: 'alice', subject: 'acme-pay: 10 % to eu-central-1?', report: { passed: true } });
  expect(recordsOf(world, 'soaked')).toHaveLength(5);
  // Whoever approved a phase stands on its intent and on its result.
  expect([recordsOf(world, 'intent'), recordsOf(world, 'changed')].map((records) => records.slice(1).map(({ by }) => by))).toEqual(
    [1, 2].map(() => [['bob'], ...Array.from({ length: 4 }, () => ['carol'])]),
  );
  expect(recordsOf(world, 'reconciled').map(({ entry }) => entry)).toEqual([expect.objectContaining({ final: true, unexplained: 0 })]);
  await isWhole(world);
  const { text, unbroken } = await new AuditReader(world.audit(), world.signer, world.clock).report({ systemName: 'acme-pay' });
  expect(unbroken).toBe(true);
  for (const part of [
    '| bob | APPROVED | phase 1: 10 %',
    '| carol | APPROVED | phase 5: 100 %',
    'leaving us-east-1',
    'attested documents-backfilled: alice, by count',
    'Unbroken',
  ]) {
    expect(text).toContain(part);
  }
  expect(result.events).toBeLessThanOrEqual(longestHistory(definition.States.Plan.Parameters.plan, 16));
});

test('a rejection sends everything back', async () => {
  const world = await fresh();
  world.answer = (about) => ({ decision: about.startsWith('phase 3') ? 'REJECTED' : 'APPROVED', reason: 'DECIDED', by: ['carol'] });
  expect(await world.run(definition, 'run-1')).toMatchObject({
    status: 'SUCCEEDED',
    output: { state: 'ROLLED_BACK', why: expect.stringContaining('rejected by carol') },
  });
  expect(sharesSeen(world)).toEqual([0, 10, 25, 0]);
  expect(world.homes).toEqual([source, source]);
  await isWhole(world);
});

test.each(['EXPIRED', 'UNANSWERED'] as const)(
  '%s approves nothing, even where the gate says so: paused, and the next run goes on',
  async (reason) => {
    const world = await fresh();
    world.answer = (about) =>
      about.startsWith('phase 2') ? { decision: 'APPROVED', reason, by: [] } : { decision: 'APPROVED', reason: 'DECIDED', by: ['bob'] };
    expect(await world.run(definition, 'run-1')).toMatchObject({
      output: { state: 'PAUSED', why: expect.stringContaining('no decision was made in time'), weights: { target: 10 } },
    });
    await isWhole(world);
    world.answer = () => ({ decision: 'APPROVED', reason: 'DECIDED', by: ['bob'] });
    expect(await world.run(definition, 'run-2')).toMatchObject({ output: { state: 'SUCCEEDED' } });
    expect(sharesSeen(world)).toEqual([0, 10, 25, 50, 90, 100]);
  },
);

test('an alarm during a soak rolls back, or pauses when that is chosen', async () => {
  const world = await fresh();
  once(world, 'soak', 2, () => {
    world.alarm = 'ALARM';
  });
  expect(await world.run(definition, 'run-1')).toMatchObject({
    output: { state: 'ROLLED_BACK', why: expect.stringContaining('raised: eu-central-1/errors') },
  });
  expect(sharesSeen(world)).toEqual([0, 10, 25, 50, 0]);
  await isWhole(world);

  const other = newStack(target);
  cutoverIn(other, { onBreach: 'PAUSE' as never });
  const paused = await fresh();
  once(paused, 'soak', 1, () => {
    paused.alarm = 'ALARM';
  });
  expect(await paused.run(definitionOf(other), 'run-1')).toMatchObject({ output: { state: 'PAUSED', weights: { target: 25 } } });
  // The phase was not watched long enough: the next run watches it again before it goes on.
  paused.alarm = 'OK';
  const again = await paused.run(definitionOf(other), 'run-2');
  expect(again.visited.filter((name) => !name.endsWith('outcome')).slice(0, 4)).toEqual(['Plan', 'Begin', 'Next phase', 'Soak']);
  expect(again.output.state).toBe('SUCCEEDED');
});

test.each<[string, (world: Surroundings) => void]>([
  [
    'replication-lag',
    (world) => {
      world.lag = [100, 600, 80, 70, 60];
    },
  ],
  [
    'replication-lag',
    (world) => {
      world.lag = [100, 90, 80, 70];
    },
  ],
  [
    'target-healthy',
    (world) => {
      world.healthy = 3;
    },
  ],
  [
    'lambda-concurrency',
    (world) => {
      world.targetConcurrency = 500;
    },
  ],
  [
    'watched-alarms',
    (world) => {
      world.alarm = 'MISSING';
    },
  ],
  [
    'weights-as-recorded',
    (world) => {
      world.stamped = { ...world.stamped!, shape: shapeOf(95, 5, 10) };
    },
  ],
  [
    'ttl-lowered',
    (world) => {
      world.nowMs -= 2 * 3_600_000;
    },
  ],
])('a check that fails (%s) pauses before anything is asked or moved', async (name, spoil) => {
  const world = await fresh();
  spoil(world);
  expect(await world.run(definition, 'run-1')).toMatchObject({ output: { state: 'PAUSED', why: expect.stringContaining(name) } });
  expect([sharesSeen(world), world.asked]).toEqual([[0], []]);
  await isWhole(world);
});

test('after the source was taken over nothing is written there: its lag is no question any more, and the run goes on', async () => {
  const world = await fresh();
  world.homes = [target, target];
  world.lag = [];
  expect(await world.run(definition, 'run-1')).toMatchObject({ output: { state: 'SUCCEEDED', weights: { target: 100 } } });
  expect(world.asked[0].report.checks).toContainEqual(
    expect.objectContaining({ name: `replication-lag ${source}->${target}`, passed: true, value: `every account is at home in ${target}` }),
  );
  const half = await fresh();
  half.homes = [target, source];
  half.lag = [];
  expect(await half.run(definition, 'run-1')).toMatchObject({
    output: { state: 'PAUSED', why: expect.stringContaining('not enough data yet: 0 of 5 minutes') },
  });
});

test('what is not attested is not moved', async () => {
  const world = await fresh();
  expect(await world.run(definition, 'run-1', { attested: {} })).toMatchObject({
    output: { state: 'PAUSED', why: expect.stringContaining('attested documents-backfilled') },
  });
});

test('a check that fails after people have approved stops the shift', async () => {
  const world = await fresh();
  once(world, 'recheck', 0, () => {
    world.lag = [];
  });
  expect(await world.run(definition, 'run-1')).toMatchObject({ output: { state: 'PAUSED' } });
  expect(sharesSeen(world)).toEqual([0]);
});

test('workers killed at any call of any step: the same end', async () => {
  const short = withPlan(definition, (plan) => ({ phases: plan.phases.slice(3), window: { ...plan.window, seconds: 1 } }));
  const calm = await fresh();
  await calm.run(short, 'run-1');
  const wanted = sharesSeen(calm);
  let killed = 0;
  for (const [when, first] of [
    ['before', 1],
    ['after', 3],
  ] as const) {
    // Every fourth call: the weights' own test takes each one.
    for (let at: number = first; at <= calm.calls; at += 4) {
      const world = await fresh();
      const result = await world.run(short, 'run-1', {}, { at, when });
      killed += 1;
      expect([at, when, result.output.state]).toEqual([at, when, 'SUCCEEDED']);
      expect(new Set(sharesSeen(world))).toEqual(new Set(wanted));
      expect([recordsOf(world, 'intent').length, recordsOf(world, 'changed').length]).toEqual([3, 3]);
      expect(world.homes).toEqual([target, target]);
      await isWhole(world);
    }
  }
  expect(killed).toBeGreaterThan(60);
});

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
      output: { state: 'PAUSED', why: expect.stringContaining('weights-as-recorded') },
    });
    expect(weightsOf(world.stamped!.shape).target).toBe(40);
    return world;
  };

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

test('nothing is built on a broken audit', async () => {
  const world = await fresh();
  once(world, 'soak', 1, () => {
    world.parameters.set(3, world.parameters.get(3)!.replace('alice', 'mallo'));
  });
  expect(await world.run(definition, 'run-1')).toMatchObject({ status: 'FAILED', cause: expect.stringMatching(/record \d+ of the audit/) });
  expect(sharesSeen(world).at(-1)).toBeLessThanOrEqual(25);
});

test('tells at any time how things stand', async () => {
  const world = await fresh();
  const status = (): Promise<any> => cutoverStatus(world.log(), { source, target, phases: [10, 25, 50, 90, 100] });
  expect(await status()).toMatchObject({ state: 'NOT_STARTED', phase: 0, weights: { [source]: 100, [target]: 0 } });
  let during: any;
  once(world, 'soak', 1, () => {
    during = status();
  });
  await world.run(definition, 'run-1');
  expect(await during).toMatchObject({ state: 'RUNNING', run: 'run-1', targetPercent: 25, phase: 2 });
  expect(await status()).toMatchObject({
    state: 'SUCCEEDED',
    phase: 5,
    history: expect.arrayContaining([expect.objectContaining({ by: 'bob', what: expect.stringContaining('APPROVED phase 5') })]),
  });
});

test('without a gate, phases begin by themselves', async () => {
  const other = newStack(target);
  cutoverIn(other, { phases: [50, 100].map((targetPercent) => ({ targetPercent, approval: false, soak: Duration.minutes(1) })) }, false);
  const world = await fresh();
  expect(await world.run(definitionOf(other), 'run-1')).toMatchObject({ output: { state: 'SUCCEEDED' } });
  expect(world.asked).toEqual([]);
});
