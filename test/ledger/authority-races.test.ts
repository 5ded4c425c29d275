import { AuthorityTable, home, other } from './authority-table';
import { MoveNotice } from '../../src/ledger/homes/authority.domain';
import { Change, Item, StoreFault } from '../../src/ledger/ports';

/** Two that change one record of authority at once: each of the conditions that it is changed under has a race here that needs it. */

const lease = 10_000;
/** After so long a home that does nothing may be taken over. */
const overdue = 17_001;
let table: AuthorityTable;
beforeEach(async () => {
  table = new AuthorityTable();
  await table.work(home, 0);
});

/** An attempt of a region whose next change is made only after something else has happened. */
function after(region: string, meanwhile: () => Promise<unknown> | void) {
  let done = false;
  return table.attempt(
    region,
    table.watched(async () => {
      if (done) return;
      done = true;
      await meanwhile();
    }),
  );
}

const tamper = (more: object): void => {
  table.store.items.set('u#0', { ...table.record(0)!, ...more } as Item);
};
const notice = (by: string, more: Partial<MoveNotice> = {}): MoveNotice => ({
  to: other,
  by,
  until: table.nowMs + 9_000,
  hurry: false,
  ...more,
});
const begin = (by: string) => table.in(other).beginMove(table.attempt(other), 0, notice(by));

describe('a takeover', () => {
  test('is refused by a renewal that came between its look and its write', async () => {
    table.nowMs += overdue;
    const attempt = after(other, () => table.work(home, 0));
    expect(await table.in(other).takeOver(attempt, 0)).toEqual({ kind: 'changed' });
    expect(table.record(0)).toMatchObject({ home, epoch: 1, leaseUntil: table.nowMs + lease });
  });

  test('of the same epoch happens once', async () => {
    table.nowMs += overdue;
    const before = table.record(0)!;
    // The other one's clock is wrong, so that its lease ends when the first one's did.
    const attempt = after(other, async () => tamper({ home: 'us-west-2', epoch: 2, leaseUntil: before.leaseUntil }));
    expect(await table.in(other).takeOver(attempt, 0)).toEqual({ kind: 'changed' });
    expect(table.record(0)).toMatchObject({ home: 'us-west-2', epoch: 2 });
  });
});

describe('a change of home whose answer was lost', () => {
  /** The first change is made, and its answer comes to nothing. */
  const lossy = (meanwhile: () => Promise<unknown>) => {
    let lost = false;
    return Object.assign(Object.create(table.store) as typeof table.store, {
      change: async (change: Change) => {
        const result = await table.store.change(change);
        if (lost || result.kind !== 'written') return result;
        lost = true;
        await meanwhile();
        throw new StoreFault('unknown', 'no answer');
      },
    });
  };
  const work = async (): Promise<void> => {
    // With the lease half over, the new home's next request renews it.
    table.nowMs += 3_000;
    await table.work(other, 0);
  };

  test('is known by who made it when the lease was renewed before it was repeated', async () => {
    table.nowMs += overdue;
    expect(await table.in(other).takeOver(table.attempt(other, lossy(work)), 0)).toMatchObject({ kind: 'taken', record: { epoch: 2 } });
    expect(table.record(0)).toMatchObject({ home: other, epoch: 2, leaseUntil: table.nowMs + lease });
  });

  test('so is the last step of a move', async () => {
    const mine = (await begin('mover'))!;
    const stopped = (await table.in(other).drain(table.attempt(other), 0, mine, table.nowMs + 4_500))!;
    const attempt = table.attempt(other, lossy(work));
    expect(await table.in(other).completeDrain(attempt, 0, stopped)).toMatchObject({ home: other, epoch: 2 });
  });

  test("is not told from another one's: a move that was overtaken by a takeover of its own region was not made", async () => {
    const mine = (await begin('mover'))!;
    const stopped = (await table.in(other).drain(table.attempt(other), 0, mine, table.nowMs + 4_500))!;
    const attempt = after(other, async () => {
      table.nowMs += overdue;
      expect(await table.takeOver(other, 0)).toMatchObject({ kind: 'taken' });
    });
    expect(await table.in(other).completeDrain(attempt, 0, stopped)).toBeUndefined();
  });
});

describe('who begins to wait for a home', () => {
  test('does not do so with the one that came after it', async () => {
    const attempt = after(other, async () => {
      table.nowMs += overdue;
      expect(await table.takeOver(other, 0)).toMatchObject({ kind: 'taken' });
    });
    expect(await table.in(other).takeOver(attempt, 0)).toMatchObject({ kind: 'wait' });
    expect(table.record(0)).toMatchObject({ home: other, epoch: 2 });
    expect(table.record(0)!.contested).toBeUndefined();
  });

  test('writes nothing when another one has begun to', async () => {
    const { version } = table.record(0)!;
    await table.in(other).takeOver(
      after(other, () => table.takeOver(other, 0)),
      0,
    );
    expect(table.record(0)).toMatchObject({ contested: true, version: (version as number) + 1 });
  });
});

describe('a renewal', () => {
  const keep = (meanwhile: () => Promise<unknown> | void) => table.in(home).keepHeld(after(home, meanwhile));
  beforeEach(() => {
    table.nowMs += lease;
  });

  test('is refused by a home that stops in between: nobody goes on under a lease that was made after it', async () => {
    const { leaseUntil } = table.record(0)!;
    await keep(() => table.in(other).beginDrain(table.attempt(other), 0, other));
    expect(table.record(0)).toMatchObject({ state: 'DRAINING', leaseUntil });
  });

  test('so is that of a home at work', async () => {
    const { leaseUntil } = table.record(0)!;
    const attempt = after(home, () => table.in(other).beginDrain(table.attempt(other), 0, other));
    expect(await table.in(home).standing(attempt, 0)).toMatchObject({ kind: 'draining' });
    expect(table.record(0)).toMatchObject({ state: 'DRAINING', leaseUntil });
  });

  test('never makes a lease shorter', async () => {
    await keep(async () => {
      table.nowMs += 2_000;
      await table.work(home, 0);
    });
    expect(table.record(0)!.leaseUntil).toBe(table.nowMs + lease);
  });

  test('is of one epoch: that of an earlier one, with a clock ahead, is refused though the home is the same again', async () => {
    const now = table.nowMs;
    table.nowMs = now + 60_000;
    await keep(async () => {
      table.nowMs = now + overdue;
      expect(await table.takeOver(other, 0)).toMatchObject({ kind: 'taken' });
      table.nowMs += overdue;
      expect(await table.takeOver(home, 0)).toMatchObject({ kind: 'taken', record: { epoch: 3 } });
    });
    expect(table.record(0)).toMatchObject({ home, epoch: 3, leaseUntil: table.nowMs + lease });
  });

  test('is of one home, even where somebody changed the record by hand', async () => {
    const { leaseUntil } = table.record(0)!;
    await keep(() => tamper({ home: other }));
    expect(table.record(0)).toMatchObject({ home: other, leaseUntil });
  });

  test('does not take away that another region waits', async () => {
    await keep(() => tamper({ contested: true }));
    expect(table.record(0)).toMatchObject({ contested: true, leaseUntil: table.nowMs });
  });

  test('tells of a move that was announced in between: what is written from here on is noted', async () => {
    const attempt = after(home, () => begin('mover'));
    expect(await table.in(home).standing(attempt, 0)).toMatchObject({ kind: 'home', page: 1 });
  });
});

describe('a step of a move', () => {
  test('is not announced for an epoch that has ended', async () => {
    table.nowMs += overdue;
    const attempt = after(other, () => table.takeOver(other, 0));
    expect(await table.in(other).beginMove(attempt, 0, notice('mover'))).toBeUndefined();
    expect(table.record(0)).toMatchObject({ home: other, epoch: 2, state: 'OPEN' });
    expect(table.record(0)!.move).toBeUndefined();
  });

  test('is not announced to a home that is being stopped for a takeover', async () => {
    const attempt = after(other, () => table.in(other).beginDrain(table.attempt(other), 0, other));
    expect(await table.in(other).beginMove(attempt, 0, notice('mover'))).toBeUndefined();
    expect(table.record(0)).toMatchObject({ state: 'DRAINING' });
  });

  test('that stops the home knows the page that the home writes', async () => {
    const first = (await begin('mover'))!;
    expect(await table.in(other).turnPage(table.attempt(other), 0, first, true)).toMatchObject({ page: 2 });
    expect(await table.in(other).drain(table.attempt(other), 0, first, table.nowMs + 4_500)).toBeUndefined();
    expect(table.record(0)).toMatchObject({ state: 'OPEN', page: 2 });
  });

  test('is not taken in a move that was called off', async () => {
    const mine = (await begin('mover'))!;
    await table.in(home).abortDrain(table.attempt(home), 0);
    expect(await table.in(other).turnPage(table.attempt(other), 0, mine, true)).toBeUndefined();
    expect(table.record(0)).toMatchObject({ state: 'OPEN', page: 1 });
    expect(table.record(0)!.move).toBeUndefined();
  });
});
