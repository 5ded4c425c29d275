import { killedAtEveryWrite, Process } from './every-write';
import { weightsOf } from '../../src/cutover/audit/domain';
import { AuditLog } from '../../src/cutover/audit/service';
import { HomeRequest } from '../../src/cutover/checks/authority-move.service';
import { cutoverLimits } from '../../src/cutover/contract';
import { AuditRecord } from '../../src/cutover/model';
import { CutoverPorts } from '../../src/cutover/steps/service';
import { withTargetShare } from '../../src/cutover/weights/domain';
import { ShiftOutcome } from '../../src/cutover/weights/model';
import { WeightChange } from '../../src/cutover/weights/service';
import { newStack } from '../cdk/stacks';
import { cutoverIn, definitionOf } from '../cutover/machine';
import { source, target } from '../cutover/settings';
import { Surroundings, withPlan } from '../cutover/whole-run';
import { Disturb, World } from '../cutover/world';

const stack = newStack(target);
cutoverIn(stack);
/** Two phases, and a window that is over at once. */
const definition = withPlan(definitionOf(stack), (plan) => ({ phases: plan.phases.slice(3), window: { ...plan.window, seconds: 1 } }));
const share = (world: World): number => weightsOf(world.stamped!.shape).target;
const told = (world: World, what: string): AuditRecord['entry'][] =>
  [...world.parameters.values()].map((text) => (JSON.parse(text) as AuditRecord).entry).filter((entry) => entry.what === what);

async function isWhole(world: Surroundings): Promise<void> {
  expect((await world.log().verify()).problems).toEqual([]);
  expect((await world.log().current()).run).toBeUndefined();
}

/** What an operator answers in place of doing it; undefined: it does it. */
type Instead = (request: HomeRequest, asked: number) => 'throws' | 'refused' | 'aborted' | 'unsure' | 'afterwards' | undefined;

/** A world in which moves of homes go wrong; each request is counted. */
class Moves extends Surroundings {
  public instead: Instead = () => undefined;
  public requests = 0;

  public override ports(disturb?: Disturb): CutoverPorts {
    const ports = super.ports(disturb);
    return {
      ...ports,
      operate: async (region, request, timeoutMs) => {
        if (request.action !== 'relocate') return ports.operate(region, request, timeoutMs);
        switch (this.instead(request, (this.requests += 1))) {
          case 'throws':
            throw new Error('the connection was closed');
          case 'refused':
            return { kind: 'refused', detail: 'as told' };
          case 'unsure':
            return { kind: 'unsure', detail: 'as told' };
          case 'aborted':
            return { kind: 'aborted', difference: { missing: 1, older: 0, compared: 2, sample: ['k#1'] } };
          case 'afterwards': {
            await ports.operate(region, request, timeoutMs);
            throw new Error('the answer was lost');
          }
          default:
            return ports.operate(region, request, timeoutMs);
        }
      },
    };
  }
}

/** All traffic and both homes in the target. */
async function moved(): Promise<Moves> {
  const world = new Moves();
  await world.withRecords();
  expect(await world.run(definition, 'run-1')).toMatchObject({ output: { state: 'SUCCEEDED' } });
  expect([world.homes, share(world)]).toEqual([[target, target], 100]);
  world.requests = 0;
  return world;
}
const rollback = (world: Surroundings): ReturnType<Surroundings['run']> =>
  world.run(definition, 'run-2', { action: 'rollback', reason: 'regret' });

describe('moving the authority back', () => {
  const ways = ['throws', 'refused', 'aborted', 'unsure', 'afterwards'] as const;
  const faults = ways.flatMap((way) => [1, 2].map((nth) => [way, nth] as const));

  test.each(faults)('%s at its move %i, once: it is rolled back only when all is back', async (way, nth) => {
    const world = await moved();
    world.instead = (_request, asked) => (asked === nth ? way : undefined);
    expect(await rollback(world)).toMatchObject({ output: { state: 'ROLLED_BACK' } });
    expect([world.homes, share(world)]).toEqual([[source, source], 0]);
    await isWhole(world);
  });

  test.each([0, 1].flatMap((unit) => ways.slice(0, 4).map((way) => [way, unit] as const)))(
    '%s for unit %i, always: no run says that it is rolled back',
    async (way, unit) => {
      const world = await moved();
      world.instead = (request) => ('unit' in request && request.unit === unit ? way : undefined);
      const result = await rollback(world);
      expect(result).toMatchObject({ output: { state: 'PAUSED', why: expect.stringMatching(/as told|closed|not moved/) } });
      expect(world.homes[unit]).toBe(target);
      expect(told(world, 'ended').at(-1)).toMatchObject({ run: 'run-2', state: 'PAUSED' });
      expect(world.requests).toBeGreaterThanOrEqual(cutoverLimits.authorityTries);
      world.instead = () => undefined;
      expect(await world.run(definition, 'run-3', { action: 'rollback' })).toMatchObject({ output: { state: 'ROLLED_BACK' } });
      expect(world.homes).toEqual([source, source]);
    },
  );
});

test('a rollback whose workers are killed at any call of any port: the same end', async () => {
  const calm = await moved();
  await rollback(calm);
  expect(calm.calls).toBeGreaterThan(25);
  for (const when of ['before', 'after'] as const) {
    for (let at = 1; at <= calm.calls; at += 1) {
      const world = await moved();
      const result = await world.run(definition, 'run-2', { action: 'rollback', reason: 'regret' }, { at, when });
      expect([at, when, result.output?.state, world.homes, share(world)]).toEqual([at, when, 'ROLLED_BACK', [source, source], 0]);
      await isWhole(world);
    }
  }
}, 120_000);

describe('an alarm that is deleted', () => {
  const looksIn = async (): Promise<number> => {
    const world = await new Moves().withRecords();
    let looks = 0;
    world.before = (step) => {
      if (step === 'soak') looks += 1;
    };
    await world.run(definition, 'run-1');
    return looks;
  };

  test('before any look of a soak, the very last one of the last phase too: nothing goes on', async () => {
    const looks = await looksIn();
    expect(looks).toBeGreaterThan(2);
    for (let at = 1; at <= looks; at += 1) {
      const world = await new Moves().withRecords();
      let seen = 0;
      let before = -1;
      world.before = (step) => {
        if (step !== 'soak' || (seen += 1) !== at) return;
        world.alarm = 'MISSING';
        before = share(world);
      };
      const result = await world.run(definition, 'run-1');
      expect([at, result.output.state, result.output.why]).toEqual([
        at,
        'PAUSED',
        expect.stringContaining('alarms cannot be read: no alarm'),
      ]);
      // Neither another phase nor the authority.
      expect([share(world), world.homes]).toEqual([before, [source, source]]);
      await isWhole(world);
    }
  });

  test('and there again before it counts as blind: watched on, and every phase was watched to its end', async () => {
    const world = await new Moves().withRecords();
    let gone = 0;
    world.before = (step) => {
      if (step === 'soak') world.alarm = (gone += 1) <= 2 ? 'MISSING' : 'OK';
    };
    expect(await world.run(definition, 'run-1')).toMatchObject({ output: { state: 'SUCCEEDED' } });
    expect(told(world, 'soaked')).toHaveLength(2);
  });

  test('before the checks: nothing is asked of people, and nothing moves', async () => {
    const world = await new Moves().withRecords();
    world.alarm = 'MISSING';
    expect(await world.run(definition, 'run-1')).toMatchObject({ output: { state: 'PAUSED' } });
    expect([world.asked, share(world)]).toEqual([[], 0]);
  });
});

test('a change of weights, killed at any write of intent, records or result: made once, recorded once, whoever asks again', async () => {
  /** A worker as it reaches Parameter Store and Route 53. */
  const worker = (world: World, process: Process): WeightChange => {
    const [audit, records] = [world.audit(), world.records()];
    const log = new AuditLog({ ...audit, put: (seq, text) => process.write('put', () => audit.put(seq, text)) }, world.signer, world.clock);
    return new WeightChange(
      log,
      { ...records, replace: (was, becomes) => process.write('replace', () => records.replace(was, becomes)) },
      world.clock,
    );
  };
  const shift = (world: World, process = new Process()): Promise<ShiftOutcome> =>
    worker(world, process).carryOut(
      world.order({ key: 'run-1/phase-10', phase: 1, to: (is) => withTargetShare(is!, 10), deadlineMs: world.nowMs + 60_000 }),
    );
  expect(
    await killedAtEveryWrite({
      world: () => new World().prepare(),
      run: shift,
      after: async (world) => {
        expect(await shift(world)).toMatchObject({ outcome: 'changed' });
        expect(share(world)).toBe(10);
        expect([told(world, 'intent').length, told(world, 'changed').length]).toEqual([2, 2]);
        expect((await world.log().current()).open).toEqual([]);
        expect((await world.log().verify()).problems).toEqual([]);
      },
    }),
  ).toBe(3);
});
