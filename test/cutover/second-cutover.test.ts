import { cutoverIn, definitionOf } from './machine';
import { addresses, source, target } from './settings';
import { Surroundings, withPlan } from './whole-run';
import { weightsOf } from '../../src/cutover/audit/domain';
import { RecordsResult, WeightedRecordsKeeper } from '../../src/cutover/weights/weighted-records.service';
import { newStack } from '../cdk/stacks';

const stack = newStack(target);
cutoverIn(stack);
const there = withPlan(definitionOf(stack), (plan) => ({ phases: plan.phases.slice(3), window: { ...plan.window, seconds: 1 } }));
const back = withPlan(there, () => ({ source: target, target: source }));
const deploy = (world: Surroundings, requestId: string, from: string, to: string): Promise<RecordsResult> =>
  new WeightedRecordsKeeper({
    log: world.log(),
    records: world.records(),
    clock: world.clock,
    isRunning: async () => true,
    addressOf: async (region) => addresses[region],
  }).carryOut(
    {
      type: 'Update',
      requestId,
      stack: 'cutover',
      wish: { source: from, target: to, ttlSeconds: 10, initialTarget: 0, replaceExisting: false, onDelete: 'RETAIN' },
    },
    world.nowMs + 120_000,
  );

test('a second cutover, back again: in phases, and its rollback knows only its own moves', async () => {
  const world = new Surroundings();
  expect(await deploy(world, 'r1', source, target)).toEqual({ kind: 'done' });
  world.nowMs += 25 * 3_600_000;
  expect(await world.run(there, 'run-1')).toMatchObject({ output: { state: 'SUCCEEDED' } });
  expect(await world.run(back, 'run-2')).toMatchObject({
    status: 'FAILED',
    cause: expect.stringContaining('deploy the stack with the cutover'),
  });
  expect(await deploy(world, 'r2', target, source)).toEqual({ kind: 'done' });
  expect(await world.run(there, 'run-3')).toMatchObject({
    status: 'FAILED',
    cause: expect.stringContaining(`those of ${target} and ${source}`),
  });

  const { length } = world.seen;
  expect(await world.run(back, 'run-4')).toMatchObject({ output: { state: 'SUCCEEDED' } });
  expect(world.seen.slice(length).map((shape) => [shape.target.value, weightsOf(shape).target])).toEqual([
    ['us.execute-api.us-east-1.amazonaws.com', 90],
    ['us.execute-api.us-east-1.amazonaws.com', 100],
  ]);
  expect(world.homes).toEqual([source, source]);
  expect(await world.run(back, 'run-5', { action: 'rollback' })).toMatchObject({ output: { state: 'ROLLED_BACK' } });
  expect(world.homes).toEqual([target, target]);
  expect(world.seen.at(-1)).toMatchObject({
    source: { value: 'eu.execute-api.eu-central-1.amazonaws.com', weight: 100 },
    target: { weight: 0 },
  });
});

test('a rollback before the second one has begun moves nothing', async () => {
  const world = new Surroundings();
  await deploy(world, 'r1', source, target);
  world.nowMs += 25 * 3_600_000;
  await world.run(there, 'run-1');
  await deploy(world, 'r2', target, source);
  expect(await world.run(back, 'run-2', { action: 'rollback' })).toMatchObject({ output: { state: 'ROLLED_BACK' } });
  expect([world.homes, world.seen.at(-1)]).toMatchObject([
    [target, target],
    { source: { value: 'eu.execute-api.eu-central-1.amazonaws.com', weight: 100 } },
  ]);
});
