import fc from 'fast-check';
import { AuthorityTable, home, other, settings } from './authority-table';
import { AuthorityRecord } from '../../src/ledger/homes/authority.domain';

let table: AuthorityTable;
beforeEach(async () => {
  table = new AuthorityTable();
  await table.work(home, 0);
});

test('an idle home keeps its lease, and is not taken over for one call that found nobody', async () => {
  for (let second = 0; second < 60; second += 1) {
    table.nowMs += 1_000;
    await table.keep(home);
  }
  expect((table.record(0)!.leaseUntil as number) - table.nowMs).toBeGreaterThan(3_000);
  expect(await table.takeOver(other, 0)).toMatchObject({ kind: 'wait' });
});

test('it renews a few times a minute, not with every look', async () => {
  table.store.writes = 0;
  for (let second = 0; second < 60; second += 1) {
    table.nowMs += 1_000;
    await table.keep(home);
  }
  expect(table.store.writes).toBeLessThanOrEqual(10);
});

test('a home that another region waits for has to show by its work that it works', async () => {
  expect(await table.takeOver(other, 0)).toEqual({ kind: 'wait', ms: 17_000 });
  const until = table.record(0)!.leaseUntil;
  for (let second = 0; second < 17; second += 1) {
    table.nowMs += 1_000;
    await table.keep(home);
  }
  expect(table.record(0)!.leaseUntil).toBe(until);
  table.nowMs += 1;
  expect(await table.takeOver(other, 0)).toMatchObject({ kind: 'taken', record: { home: other, epoch: 2 } });
});

test('work renews such a lease at once, and idleness may again', async () => {
  await table.takeOver(other, 0);
  table.nowMs += 1_000;
  await table.work(home, 0);
  const worked = table.record(0)!;
  expect([worked.leaseUntil, worked.contested]).toEqual([table.nowMs + 10_000, undefined]);
  table.nowMs += 9_000;
  await table.keep(home);
  expect(table.record(0)!.leaseUntil).toBe(table.nowMs + 10_000);
});

test('a unit that nobody has used stays without a record', async () => {
  await table.keep(other);
  expect(table.record(1)).toBeUndefined();
});

test('a takeover between the look and the renewal refuses it', async () => {
  table.nowMs += 17_001;
  table.before = async () => {
    table.before = () => Promise.resolve();
    expect(await table.takeOver(other, 0)).toMatchObject({ kind: 'taken' });
  };
  await table.keep(home);
  expect(table.record(0)).toMatchObject({ home: other, epoch: 2, leaseUntil: table.nowMs + 10_000 });
});

test('so does a wait that begins in between', async () => {
  table.nowMs += 9_000;
  const { leaseUntil } = table.record(0)!;
  table.before = async () => {
    table.before = () => Promise.resolve();
    expect(await table.takeOver(other, 0)).toMatchObject({ kind: 'wait' });
  };
  await table.keep(home);
  expect(table.record(0)).toMatchObject({ leaseUntil, contested: true });
});

test('whatever happens, only what the region holds and nobody disputes is renewed, and nothing else of a record changes', async () => {
  const region = fc.constantFrom(home, other);
  const unit = fc.constantFrom(0, 1);
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(500, 3_000, 9_000, 17_001) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('keep' as const), region }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom(...acts), region, unit }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const world = new AuthorityTable();
      for (const one of steps) {
        if (one.do === 'wait') {
          world.nowMs += one.ms;
        } else if (one.do === 'keep') {
          const before = [0, 1].map((each) => world.record(each));
          await world.keep(one.region);
          before.forEach((was, each) => {
            const is = world.record(each);
            if (is?.leaseUntil === was?.leaseUntil) return expect(is).toEqual(was);
            expect(was).toMatchObject({ home: one.region, state: 'OPEN' });
            expect(was!.contested).toBeUndefined();
            const version = (was!.version as number) + 1;
            expect(is).toEqual({
              ...was,
              leaseUntil: world.nowMs + settings.leaseMs,
              version,
              writtenBy: one.region,
              writtenAt: world.nowMs,
            });
          });
        } else {
          await act(world, one.do, one.region, one.unit);
        }
      }
    }),
    { numRuns: 200 },
  );
});

describe('an operator that dies while it waits to take over', () => {
  const longest = settings.leaseMs + settings.requestMs + 4 * settings.clockMarginMs;

  test('leaves a home that goes on, once nobody can still be about to take over', async () => {
    const world = new AuthorityTable();
    await world.work(home, 0);
    await world.in(other).beginDrain(world.attempt(other), 0, other);
    world.nowMs += settings.refreshMs;
    expect(await world.work(home, 0)).toMatchObject({ kind: 'draining' });
    world.nowMs += longest;
    expect(await world.work(home, 0)).toMatchObject({ kind: 'home', epoch: 1 });
    expect(world.record(0)).toMatchObject({ state: 'OPEN', home });
  });

  test('and whose request arrives after it was called off', async () => {
    const world = new AuthorityTable();
    await world.work(home, 0);
    let late = (): Promise<unknown> => Promise.resolve();
    const watched = world.watched(async (change) => {
      late = () => world.store.change(change);
    });
    await world.in(other).beginDrain(world.attempt(other, watched), 0, other);
    await world.in(other).abortDrain(world.attempt(other), 0);
    world.nowMs += longest;
    await late();
    expect(world.record(0)).toMatchObject({ state: 'DRAINING' });
    expect(await world.work(home, 0)).toMatchObject({ kind: 'home', epoch: 1 });
    expect(world.record(0)).toMatchObject({ state: 'OPEN' });
  });

  test('a takeover that is not late is not disturbed', async () => {
    const world = new AuthorityTable();
    await world.work(home, 0);
    await world.in(other).beginDrain(world.attempt(other), 0, other);
    for (let waited = 0; ; waited += 1) {
      await world.work(home, 0);
      const result = await world.takeOver(other, 0);
      if (result.kind === 'taken') break;
      expect([result.kind, waited < 3]).toEqual(['wait', true]);
      if (result.kind === 'wait') world.nowMs += result.ms + 1;
    }
    expect(world.record(0)).toMatchObject({ home: other, epoch: 2, state: 'OPEN' });
  });
});

const acts = ['work', 'takeOver', 'drain', 'abort', 'begin', 'turn', 'stop', 'complete'] as const;

async function act(world: AuthorityTable, what: (typeof acts)[number], region: string, unit: number): Promise<void> {
  const authority = world.in(region);
  const attempt = world.attempt(region);
  const mine = world.moves.get(`${region} ${unit}`);
  const keep = (record: AuthorityRecord | undefined): void => {
    if (record?.move) world.moves.set(`${region} ${unit}`, record);
  };
  switch (what) {
    case 'work':
      return void (await world.work(region, unit));
    case 'takeOver':
      return void (await world.takeOver(region, unit));
    case 'drain':
      return void (await authority.beginDrain(attempt, unit, region));
    case 'abort':
      return void (await authority.abortDrain(attempt, unit));
    case 'begin':
      return keep(
        await authority.beginMove(attempt, unit, { to: region, by: `${(world.movers += 1)}`, until: world.nowMs + 9_000, hurry: false }),
      );
    case 'turn':
      return mine && keep(await authority.turnPage(attempt, unit, mine, true));
    case 'stop':
      return mine && keep(await authority.drain(attempt, unit, mine, world.nowMs + 4_500));
    case 'complete':
      return mine && keep(await authority.completeDrain(attempt, unit, mine));
  }
}
