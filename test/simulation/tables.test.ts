import { Scheduler } from './scheduler';
import { EventualTable } from './tables/eventual-table';
import { StrongTable } from './tables/strong-table';
import { Answer, Request, Table, TableFault } from './tables/table';
import { Item, LedgerStore } from '../../src/ledger/ports';
import { storeContract } from '../contract/store-contract';

/** A table in one region, without a network around it. */
function storeOf(table: Table, region: string): LedgerStore {
  const perform = async <T extends Answer>(request: Request): Promise<T> => table.perform(request, region, Number.MAX_SAFE_INTEGER) as T;
  return {
    create: (item) => perform({ kind: 'create', item }),
    change: (change) => perform({ kind: 'change', change }),
    read: (pk, strong) => perform({ kind: 'read', pk, strong }),
    readMany: (pks) => perform({ kind: 'readMany', pks }),
    list: (account, limit, from) => perform({ kind: 'list', account, limit, ...(from === undefined ? {} : { from }) }),
  };
}

const calm = { nowMs: () => 1_000, chance: () => 0, hasQuorum: () => true, staleByMs: () => 0, catchingUp: () => false };
const item = (name: string): Item => ({ pk: 'a', name });
let last = 0;
const fresh = (): string => `p${(last += 1)}`;

describe('the simulated strong table', () => {
  const table = new StrongTable(calm);
  storeContract(() => storeOf(table, 'east'), fresh);

  it("refuses a write that overlaps another region's, and only then", () => {
    let now = 1_000;
    const overlapping = new StrongTable({ ...calm, nowMs: () => now });
    overlapping.perform({ kind: 'create', item: item('first') }, 'east', 990);
    now = 1_010;
    const rename = { kind: 'change', change: { pk: 'a', require: [], set: [[['name'], 'second']] } } as const;
    expect(() => overlapping.perform(rename, 'west', 995)).toThrow(TableFault);
    expect(overlapping.perform(rename, 'east', 995)).toEqual({ kind: 'written' });
    // East has written since, and west did before: it is the one in between that counts.
    expect(() => overlapping.perform(rename, 'west', 995)).toThrow(TableFault);
    expect(overlapping.perform(rename, 'west', 1_020)).toEqual({ kind: 'written' });
  });

  it('refuses it for any write in between, not for the latest alone', () => {
    let now = 1_000;
    const overlapping = new StrongTable({ ...calm, nowMs: () => now });
    overlapping.perform({ kind: 'create', item: item('first') }, 'east', 990);
    const rename = { kind: 'change', change: { pk: 'a', require: [], set: [[['name'], 'second']] } } as const;
    now = 1_010;
    expect(overlapping.perform(rename, 'east', 1_005)).toEqual({ kind: 'written' });
    now = 1_020;
    expect(overlapping.perform(rename, 'west', 1_015)).toEqual({ kind: 'written' });
    // Its own region wrote last; before that another one did, after this was sent.
    expect(() => overlapping.perform(rename, 'west', 1_008)).toThrow(TableFault);
  });

  it('serves nothing strong without a quorum or while catching up, and what it has to eventual reads', () => {
    for (const broken of [{ hasQuorum: (region: string) => region !== 'west' }, { catchingUp: (region: string) => region === 'west' }]) {
      let now = 1_000;
      const halved = new StrongTable({ ...calm, ...broken, nowMs: () => now, staleByMs: () => 500, chance: () => 0.999 });
      halved.perform({ kind: 'create', item: item('first') }, 'east', now);
      const read = (strong: boolean): Answer => halved.perform({ kind: 'read', pk: 'a', strong }, 'west', now);
      expect(() => read(true)).toThrow(TableFault);
      expect(() => halved.perform({ kind: 'create', item: item('other') }, 'west', now)).toThrow(TableFault);
      expect(read(false)).toBeUndefined();
      now = 2_000;
      expect(read(false)).toEqual(item('first'));
    }
  });
});

describe('the simulated eventual table', () => {
  const build = (clocks: Record<string, number> = {}): { table: EventualTable; deliver: (() => void)[] } => {
    const deliver: (() => void)[] = [];
    return {
      table: new EventualTable(['east', 'west'], {
        clockMs: (region) => clocks[region] ?? 1_000,
        carry: (_, __, arrive) => deliver.push(arrive),
      }),
      deliver,
    };
  };
  const { table } = build();
  storeContract(() => storeOf(table, 'east'), fresh);

  it('lets both regions create one item, and keeps the later one everywhere, without a trace of the other', () => {
    const { table: split, deliver } = build({ east: 1_000, west: 900 });
    expect(split.perform({ kind: 'create', item: item('east') }, 'east')).toEqual({ kind: 'written' });
    expect(split.perform({ kind: 'create', item: item('west') }, 'west')).toEqual({ kind: 'written' });
    for (const arrive of deliver.reverse()) arrive();
    expect(['east', 'west'].map((region) => split.peek(region, 'a'))).toEqual([item('east'), item('east')]);
    expect(split.overwritten).toBeGreaterThan(0);
  });

  it('delivers items in any order, but takes none back', () => {
    const { table: split, deliver } = build();
    split.perform({ kind: 'create', item: item('one') }, 'east');
    split.perform({ kind: 'change', change: { pk: 'a', require: [], set: [[['name'], 'two']] } }, 'east');
    deliver[1]();
    deliver[0]();
    expect(split.peek('west', 'a')).toEqual(item('two'));
  });
});

describe('the scheduler', () => {
  it('runs what waited for an event before the next one, however deep', async () => {
    const scheduler = new Scheduler();
    const seen: string[] = [];
    const deep = async (depth: number, promise: Promise<void>): Promise<void> => (depth === 0 ? promise : deep(depth - 1, promise));
    scheduler.at(5, () => seen.push('later'));
    scheduler.at(1, () => {
      scheduler.woke();
      void deep(50, Promise.resolve()).then(() => seen.push('continued'));
    });
    await scheduler.run();
    expect([seen, scheduler.nowMs]).toEqual([['continued', 'later'], 5]);
  });
});
