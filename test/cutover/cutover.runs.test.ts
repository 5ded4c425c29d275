import { Duration } from 'aws-cdk-lib';
import { cutoverIn, definitionOf } from './machine';
import { definition, recordsOf, fresh, once, isWhole } from './run-under-test';
import { source, target } from './settings';
import { Surroundings, withPlan } from './whole-run';
import { shapeOf, sharesSeen } from './world';
import { longestHistory } from '../../src/cutover/constructs/plan';
import { AuditReader } from '../../src/cutover/report/service';
import { cutoverStatus } from '../../src/cutover/report/status.service';
import { newStack } from '../cdk/stacks';

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
