import fc from 'fast-check';
import { Crash, crashAt, shapeOf, startDraft, World, sharesSeen } from './world';
import { weightsOf } from '../../src/cutover/audit/domain';
import { AuditRecord } from '../../src/cutover/model';
import { driftOf, withTargetShare } from '../../src/cutover/weights/domain';
import { ShiftOutcome } from '../../src/cutover/weights/model';
import { WeightOrder } from '../../src/cutover/weights/service';
import { turns } from '../turns';
import { timePasses } from '../waits';

const entriesOf = (world: World): AuditRecord[] => [...world.parameters.values()].map((text) => JSON.parse(text) as AuditRecord);
const countOf = (world: World, what: string): number => entriesOf(world).filter(({ entry }) => entry.what === what).length;
const shiftTo = (world: World, share: number, order: Partial<WeightOrder> = {}): WeightOrder =>
  world.order({ key: `run-1/phase-${share}`, phase: 1, to: (is) => withTargetShare(is!, share), ...order });

async function chainHolds(world: World): Promise<void> {
  expect((await world.log().verify()).problems).toEqual([]);
}

test('records the intent, makes the change, waits for the name servers, records the result', async () => {
  const world = await new World().prepare();
  const began = world.nowMs;
  expect(await world.change().carryOut(shiftTo(world, 10))).toMatchObject({ outcome: 'changed' });
  expect(world.nowMs - began).toBeGreaterThanOrEqual(5_000);
  expect(weightsOf(world.stamped!.shape)).toEqual({ source: 90, target: 10 });
  expect(
    entriesOf(world)
      .slice(-2)
      .map(({ entry }) => entry),
  ).toMatchObject([
    { what: 'intent', kind: 'shift', from: shapeOf(100, 0), to: shapeOf(90, 10) },
    { what: 'changed', weights: { source: 90, target: 10 } },
  ]);
  await chainHolds(world);
});

test('asked again, it is the same change', async () => {
  const world = await new World().prepare();
  await world.change().carryOut(shiftTo(world, 10));
  const { size } = world.parameters;
  expect(await world.change().carryOut(shiftTo(world, 10))).toMatchObject({ outcome: 'changed' });
  expect([world.parameters.size, sharesSeen(world)]).toEqual([size, [0, 10]]);
});

test("a slow name server: pending, then changed with the change's ID", async () => {
  const world = await new World().prepare();
  world.syncMs = 30_000;
  const pending = await world.change().carryOut(shiftTo(world, 10, { deadlineMs: world.nowMs + 5_000 }));
  expect(pending).toEqual({ outcome: 'pending', changeId: 'C2' });
  expect(await world.change().carryOut(shiftTo(world, 10, { changeId: 'C2', deadlineMs: world.nowMs + 60_000 }))).toMatchObject({
    outcome: 'changed',
  });
  expect(sharesSeen(world)).toEqual([0, 10]);
});

test('a change that nobody remembers is made once more of itself', async () => {
  const world = await new World().prepare();
  world.syncMs = 30_000;
  await world.change().carryOut(shiftTo(world, 10, { deadlineMs: world.nowMs }));
  expect(await world.change().carryOut(shiftTo(world, 10, { changeId: 'forgotten', deadlineMs: world.nowMs + 90_000 }))).toMatchObject({
    outcome: 'changed',
  });
  expect(sharesSeen(world)).toEqual([0, 10, 10]);
});

describe('killed at any point', () => {
  test.each(['before', 'after'] as const)('%s the effect of any call: made once, recorded once', async (when) => {
    const turn = turns('calls to be killed at', 100);
    for (let nth = 1; ; nth += 1) {
      turn();
      const world = await new World().prepare();
      let crashed = false;
      try {
        await world.change(crashAt(nth, when)).carryOut(shiftTo(world, 10));
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
        crashed = true;
      }
      expect(await world.change().carryOut(shiftTo(world, 10, { deadlineMs: world.nowMs + 60_000 }))).toMatchObject({ outcome: 'changed' });
      expect(weightsOf(world.stamped!.shape).target).toBe(10);
      expect([countOf(world, 'intent'), countOf(world, 'changed')]).toEqual([2, 2]);
      await chainHolds(world);
      if (!crashed) {
        expect(nth).toBeGreaterThan(8);
        return;
      }
    }
  });

  test.each(['before', 'after'] as const)('%s any call, and rolled back: ends where it began', async (when) => {
    const turn = turns('calls to be killed at', 100);
    for (let nth = 1, crashed = true; crashed; nth += 1) {
      turn();
      const world = await new World().prepare();
      crashed = await world
        .change(crashAt(nth, when))
        .carryOut(shiftTo(world, 10))
        .then(
          () => false,
          () => true,
        );
      const back = await world
        .change()
        .carryOut(
          world.order({ key: 'run-1/rollback', kind: 'rollback', to: (is) => withTargetShare(is!, 0), deadlineMs: world.nowMs + 60_000 }),
        );
      expect(back.outcome).toBe('changed');
      expect(weightsOf(world.stamped!.shape)).toEqual({ source: 100, target: 0 });
      expect((await world.log().current()).open).toEqual([]);
      await chainHolds(world);
    }
  });
});

describe('two workers at once', () => {
  const disturbedBy = (scheduler: fc.Scheduler) => async (port: string) => {
    await scheduler.schedule(Promise.resolve(), port);
    return { after: () => undefined };
  };

  test('with the same order: one intent, one result, one place each', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const world = await new World().prepare();
        const workers = [1, 2].map(() =>
          world.change(disturbedBy(scheduler)).carryOut(shiftTo(world, 10, { deadlineMs: world.nowMs + 600_000 })),
        );
        await scheduler.waitFor(Promise.all(workers));
        expect((await Promise.all(workers)).map(({ outcome }) => outcome)).toContain('changed');
        expect([countOf(world, 'intent'), countOf(world, 'changed')]).toEqual([2, 2]);
        expect(weightsOf(world.stamped!.shape).target).toBe(10);
        await chainHolds(world);
      }),
      { numRuns: 150 },
    );
  });

  test("a rollback during a shift wins, whatever the shift's worker still does", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const world = await new World().prepare();
        const shift = world.change(disturbedBy(scheduler)).carryOut(shiftTo(world, 10, { deadlineMs: world.nowMs + 600_000 }));
        const back = world
          .change(disturbedBy(scheduler))
          .carryOut(
            world.order({
              key: 'run-1/rollback',
              kind: 'rollback',
              to: (is) => withTargetShare(is!, 0),
              deadlineMs: world.nowMs + 600_000,
            }),
          );
        await scheduler.waitFor(Promise.all([shift, back]));
        const outcomes: ShiftOutcome[] = [await shift, await back];
        const intents = entriesOf(world)
          .filter(({ entry }) => entry.what === 'intent')
          .map(({ key }) => key);
        // Whose intent came last decides; the shift begins anew only when it began after the rollback.
        const last = intents[intents.length - 1];
        const winner = outcomes[last === 'run-1/rollback' ? 1 : 0];
        if (winner.outcome === 'changed') expect(weightsOf(world.stamped!.shape).target).toBe(last === 'run-1/rollback' ? 0 : 10);
        else expect(winner.outcome).toBe('superseded');
        await chainHolds(world);
      }),
      { numRuns: 300 },
    );
  });

  test('a worker that fell asleep before its change cannot make it after a rollback', async () => {
    const world = await new World().prepare();
    let wake = (): void => undefined;
    const asleep = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const sleepy = world
      .change(async (port) => {
        if (port === 'records.replace') await asleep;
        return { after: () => undefined };
      })
      .carryOut(shiftTo(world, 10));
    await timePasses(5, 'the change is to be under way');
    await world.change().carryOut(world.order({ key: 'run-1/rollback', kind: 'rollback', to: (is) => withTargetShare(is!, 0) }));
    wake();
    expect(await sleepy).toMatchObject({ outcome: 'superseded' });
    expect(sharesSeen(world)).toEqual([0, 0]);
  });
});

describe('a change by hand', () => {
  test('is reported and stops the next phase', async () => {
    const world = await new World().prepare();
    world.stamped = { ...world.stamped!, shape: shapeOf(50, 50) };
    expect(await world.change().carryOut(shiftTo(world, 10))).toMatchObject({
      outcome: 'drift',
      recorded: expect.stringContaining('source 100'),
      real: expect.stringContaining('source 50'),
    });
    expect(weightsOf(world.stamped!.shape).target).toBe(50);
    expect([countOf(world, 'intent'), countOf(world, 'drift')]).toEqual([1, 1]);
    await world.change().carryOut(shiftTo(world, 10));
    expect(countOf(world, 'drift')).toBe(1);
  });

  test.each([
    ['TTL', shapeOf(100, 0, 300)],
    ['target', { ...shapeOf(100, 0), target: { value: 'elsewhere', weight: 0 } }],
  ])('of the %s too', async (_what, shape) => {
    const world = await new World().prepare();
    world.stamped = { ...world.stamped!, shape };
    expect((await world.change().carryOut(shiftTo(world, 10))).outcome).toBe('drift');
  });

  test('that took a record away too', async () => {
    const world = await new World().prepare();
    world.foreign = 'only source 100';
    expect(await world.change().carryOut(shiftTo(world, 10))).toMatchObject({ outcome: 'drift', real: 'only source 100' });
  });

  test('goes on once adopted', async () => {
    const world = await new World().prepare();
    world.stamped = { ...world.stamped!, shape: shapeOf(70, 30) };
    const { digest } = driftOf(await world.log().current(), world.foundRecords());
    expect(await world.change().adopt('run-1', ['bob'], 'another drift')).toMatchObject({
      outcome: 'refused',
      detail: expect.stringContaining('since people were asked'),
    });
    // Asked once more by a worker whose answer was lost, it is done.
    for (const _try of [1, 2]) expect((await world.change().adopt('run-1', ['bob'], digest)).outcome).toBe('changed');
    expect((await world.change().carryOut(shiftTo(world, 50))).outcome).toBe('changed');
    expect(entriesOf(world).find(({ entry }) => entry.what === 'adopted')).toMatchObject({ by: ['bob'] });
  });

  test('goes on once reverted, also when a record is gone', async () => {
    for (const spoil of [
      (world: World) => {
        world.stamped = { ...world.stamped!, shape: shapeOf(1, 1) };
      },
      (world: World) => {
        world.foreign = 'one of two';
      },
    ]) {
      const world = await new World().prepare();
      spoil(world);
      const revert = world.order({ key: 'run-1/revert', kind: 'revert', force: true, to: (_is, state) => state.recorded!.shape });
      expect((await world.change().carryOut(revert)).outcome).toBe('changed');
      expect(world.stamped!.shape).toEqual(shapeOf(100, 0));
      expect((await world.change().carryOut(shiftTo(world, 10))).outcome).toBe('changed');
    }
  });
});

describe("without Route 53's control plane", () => {
  test('says so and records nothing', async () => {
    const world = await new World().prepare();
    const { size } = world.parameters;
    world.unreachable = true;
    expect(await world.change().carryOut(shiftTo(world, 10))).toMatchObject({
      outcome: 'unreachable',
      detail: expect.stringContaining('control plane unreachable'),
    });
    expect(world.parameters.size).toBe(size);
    world.unreachable = false;
    expect((await world.change().carryOut(shiftTo(world, 10))).outcome).toBe('changed');
  });

  test('lost between intent and change: the same order goes on later', async () => {
    const world = await new World().prepare();
    const lost = world.change(async (port) => {
      if (port === 'records.replace') world.unreachable = true;
      return { after: () => undefined };
    });
    expect((await lost.carryOut(shiftTo(world, 10))).outcome).toBe('unreachable');
    expect((await world.log().current()).open).toHaveLength(1);
    world.unreachable = false;
    expect((await world.change().carryOut(shiftTo(world, 10))).outcome).toBe('changed');
    expect(countOf(world, 'intent')).toBe(2);
  });
});

test('a run that has ended moves nothing more', async () => {
  const world = await new World().prepare();
  await world
    .log()
    .append(() => ({ key: 'run-1/ended', by: ['x'], entry: { what: 'ended', run: 'run-1', state: 'PAUSED', why: 'alarm' } }));
  expect((await world.change().carryOut(shiftTo(world, 10))).outcome).toBe('superseded');
  await world.log().append(() => startDraft('run-2'));
  expect((await world.change().carryOut(shiftTo(world, 10))).outcome).toBe('superseded');
  expect((await world.change().carryOut(shiftTo(world, 10, { run: 'run-2', key: 'run-2/phase' }))).outcome).toBe('changed');
});

describe('a deployment', () => {
  const deploy = (world: World): WeightOrder =>
    world.order({ key: 'deploy-2', run: 'deploy', kind: 'deploy', to: (is) => ({ ...is!, ttlSeconds: 30 }) });

  test('in mid-cutover leaves the weights alone', async () => {
    const world = await new World().prepare();
    await world.change().carryOut(shiftTo(world, 10));
    await world.change().carryOut(deploy(world));
    expect(world.stamped!.shape).toEqual(shapeOf(90, 10, 30));
    expect((await world.change().carryOut(shiftTo(world, 50))).outcome).toBe('changed');
    expect(world.stamped!.shape).toEqual(shapeOf(50, 50, 30));
  });

  test('overtakes no shift that is being carried out', async () => {
    const world = await new World().prepare();
    world.syncMs = 30_000;
    await world.change().carryOut(shiftTo(world, 10, { deadlineMs: world.nowMs }));
    expect(await world.change().carryOut(deploy(world))).toMatchObject({
      outcome: 'superseded',
      detail: expect.stringContaining('deploy again'),
    });
  });

  test("and a shift at once: both are done, or the deployment says why not; the weights are the shift's", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const world = await new World().prepare();
        const turn = async (port: string): Promise<{ after: () => void }> => {
          await scheduler.schedule(Promise.resolve(), port);
          return { after: () => undefined };
        };
        const both = Promise.all([
          world.change(turn).carryOut(shiftTo(world, 10, { deadlineMs: world.nowMs + 600_000 })),
          world.change(turn).carryOut({ ...deploy(world), deadlineMs: world.nowMs + 600_000 }),
        ]);
        await scheduler.waitFor(both);
        const [shift, deployment] = await both;
        expect(['changed', 'superseded']).toContain(deployment.outcome);
        if (shift.outcome === 'changed') expect(weightsOf(world.stamped!.shape).target).toBe(10);
        await chainHolds(world);
      }),
      { numRuns: 1000 },
    );
  });
});
