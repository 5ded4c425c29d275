import { cutoverIn, definitionOf } from './machine';
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
    const ports = { alarms: async () => [{ region: source, name: 'errors', state: 'INSUFFICIENT_DATA' as const }] };
    expect(await new Soak(world.log(), ports, world.clock).look('run-1', plan, 0, 0)).toMatchObject({ outcome });
  });
});
