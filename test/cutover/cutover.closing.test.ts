import { cutoverIn, definitionOf } from './machine';
import { fresh, isWhole, recordsOf } from './run-under-test';
import { source, target } from './settings';
import { Surroundings } from './whole-run';
import { newStack } from '../cdk/stacks';

const stack = newStack(target);
cutoverIn(stack, { endSourceRole: true });
const retiring = definitionOf(stack);

/** Leads an outcome of a state elsewhere, as a definition of before did. */
function leadingTo(definition: any, state: string, outcome: string, next: string): any {
  const copy = structuredClone(definition);
  const choice = copy.States[`${state}: outcome`].Choices.find((one: { StringEquals: string }) => one.StringEquals === outcome);
  expect(Object.keys(copy.States)).toContain(next);
  choice.Next = next;
  return copy;
}

const approved = { decision: 'APPROVED', reason: 'DECIDED', by: ['bob'] } as const;

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
    expect(result).toMatchObject({ output: { state: 'PAUSED', why: expect.stringContaining('no passed check since the approval') } });
    expect(world.stamped!.shape.source).toBeDefined();
    await isWhole(world);
  });
});
