import { toAttributes } from '../../src/ledger/items.aws';
import type { Item } from '../../src/ledger/ports';
import { accountPk, bounds } from '../../src/ledger/protocol/domain';
import { countEntries } from '../../tools/bench/growth/entries';
import { VirtualTime } from '../../tools/bench/growth/ledgers';
import { countDeclines, countPages } from '../../tools/bench/growth/listing';
import { MeteredStore, sizeOfItem } from '../../tools/bench/growth/metered-store';
import { countOpenHolds, openHoldsTimes } from '../../tools/bench/growth/open-holds';
import { OtherRegion, replicationMs } from '../../tools/bench/growth/other-region';
import { ratiosOf } from '../../tools/bench/growth/processor-time';
import { growthTables } from '../../tools/bench/growth/report';
import { steady } from '../../tools/bench/growth/traffic';
import { itemSize } from '../../tools/bench/subjects/counting';
import { tenant } from '../../tools/bench/subjects/subjects';
import { MemoryStore } from '../../tools/memory/memory-store';
import { storeContract } from '../contract/store-contract';

let metered: MeteredStore;
let fresh = 0;
const shipped = { ...bounds };
beforeEach(() => {
  metered = new MeteredStore();
});
afterEach(() => void Object.assign(bounds, shipped));

describe('the metered store', () => {
  storeContract(
    () => metered,
    () => `${(fresh += 1)}`,
  );
});

describe('sizes', () => {
  it('are those that DynamoDB publishes: three bytes for a map, and one for each of its members', () => {
    expect(itemSize({ pk: { S: 'a' } })).toBe(3);
    expect(itemSize({ pk: { S: 'a' }, entries: { M: {} } })).toBe(3 + 7 + 3);
    expect(itemSize({ pk: { S: 'a' }, entries: { M: { one: { S: 'H1' }, two: { S: 'D' } } } })).toBe(3 + 7 + 3 + (1 + 3 + 2) + (1 + 3 + 1));
    expect(itemSize({ list: { L: [{ N: '1234' }, { BOOL: true }] } })).toBe(4 + 3 + (1 + 3) + (1 + 1));
  });

  it('stay the same whether an item is looked at whole or change by change', async () => {
    const same = (pk: string): void => {
      const item = metered.peek(pk)!;
      // A copy has no size that is known already.
      expect(sizeOfItem(item)).toBe(sizeOfItem(structuredClone(item)));
      expect(sizeOfItem(item)).toBe(itemSize(toAttributes(item as unknown as Parameters<typeof toAttributes>[0])));
    };
    await metered.create({ pk: 'a', available: 12345, flag: true, entries: { one: 'H1' }, moves: {} } as unknown as Item);
    sizeOfItem(metered.peek('a'));
    await metered.change({
      pk: 'a',
      require: [],
      set: [
        [['entries', 'two'], 'H22'],
        [['entries', 'one'], 'C1/1'],
        [['moves', 'm'], { amount: 5, type: 'REFUND' }],
      ],
    });
    same('a');
    await metered.change({
      pk: 'a',
      require: [],
      set: [[['entries', 'four'], 'H4']],
      remove: [['entries', 'one'], ['entries', 'three'], ['flag']],
    });
    same('a');
  });
});

describe('units', () => {
  const large = { pk: 'a', kind: 'ACCOUNT', filling: 'x'.repeat(5_000) } as Item;

  it('of a write are one per started KB of what was there or is there, also when it is refused', async () => {
    await metered.create(large);
    expect(metered.usage).toMatchObject({ requests: 1, writeUnits: 5, indexUnits: 0 });
    await metered.change({ pk: 'a', require: [], set: [[['filling'], 'x']] });
    await metered.change({ pk: 'a', require: [{ test: 'equals', path: ['filling'], value: 'y' }] });
    await metered.create({ pk: 'b', acct: 'a', seq: '1' });
    expect(metered.usage).toMatchObject({ requests: 4, writeUnits: 5 + 5 + 1 + 1, indexUnits: 1 });
    expect(metered.accounts).toEqual({ writes: 3, units: 11 });
  });

  it('of a read are one per started 4 KB, half of that read eventually, and one for what is not there', async () => {
    await metered.create(large);
    await metered.read('a', true);
    await metered.read('a', false);
    await metered.readMany(['a', 'none']);
    expect(metered.usage).toMatchObject({ requests: 4, readUnits: 2 + 1 + 3 });
  });

  it('of a page of the index are of all its entries together', async () => {
    for (let n = 0; n < 100; n += 1) await metered.create({ pk: `k#${n}`, acct: 'a', seq: String(n).padStart(30, '0') });
    const { readUnits } = metered.usage;
    expect(await metered.list('a', 100)).toHaveLength(100);
    // 100 entries of 45 to 46 bytes.
    expect(metered.usage.readUnits - readUnits).toBe(1);
  });
});

test('units grow with the entries that an account holds, and requests do not', async () => {
  const counts = await countEntries([
    { kind: 'holds', entries: 0 },
    { kind: 'holds', entries: 1_000 },
    { kind: 'captures', entries: 1_000 },
  ]);
  for (const mode of ['STRONG', 'HOME_REGION', 'HOME_REGION, moved once']) {
    const [none, holds, captures] = counts.filter((one) => one.mode === mode).map(({ calls }) => calls);
    for (const call of ['authorise', 'capture', 'decline', 'firstReplay', 'replay'] as const) {
      expect(holds[call].requests).toBe(none[call].requests);
    }
    expect([none, holds, captures].map(({ authorise }) => authorise.writeUnits)).toEqual([2, 29, 56]);
    expect(holds.replay).toEqual(none.replay);
    expect(holds.capture.readUnits).toBeGreaterThan(none.capture.readUnits);
  }
});

test('a page of a listing costs the same at any depth, and hardly more than its lines', async () => {
  const [first, tenth] = await countPages([20], [1, 10]);
  expect(tenth).toEqual({ ...first, page: 10 });
  expect(first.lines).toBe(20);
  expect(first.readUnits).toBeLessThanOrEqual(23);
});

test('declines in front of the lines cost pages, and no page costs more for them', async () => {
  const [few, many] = await countDeclines([800, 1_600]);
  expect(many.requestsAtMost).toBe(few.requestsAtMost);
  expect(many.readUnitsAtMost).toBeLessThanOrEqual(310);
  expect(many.pages).toBeGreaterThan(few.pages);
  expect(many.pages).toBeLessThanOrEqual(2 * few.pages);
});

test.each([
  ['STRONG', 10],
  ['HOME_REGION', 10],
] as const)('what waits for its capture costs nothing in %s, and fills no account', async (mode, most) => {
  const traffic = { mode, paymentsADay: 100_000, captureAfterMs: 2 * 60_000 } as const;
  (bounds as { entriesPerAccount: number }).entriesPerAccount = 120;
  const figures = await steady(traffic);
  expect(figures.busy).toBe(0);
  expect(figures.entries).toBeLessThan(bounds.entriesPerAccount);
  expect(figures.payment.writeUnits + figures.payment.indexUnits).toBeLessThanOrEqual(most);
  // An authorization and a capture, and now and then somebody who looks after the account.
  const writes = figures.unitsASecond / figures.unitsOfAWrite / (100_000 / 86_400);
  expect(writes).toBeGreaterThan(2);
  expect(writes).toBeLessThan(2.5);
});

test('thousands of open holds leave some entries on their account, and cost each write of it a unit more at most', async () => {
  const figures = await countOpenHolds([0, 3_000]);
  expect(figures.map(({ mode, holds }) => [mode, holds])).toEqual([
    ['STRONG', 0],
    ['STRONG', 3_000],
    ['HOME_REGION', 0],
    ['HOME_REGION', 3_000],
  ]);
  for (const { entries, authorise, capture } of figures) {
    expect(entries).toBeLessThan(100);
    // On a new account 2, and 4.
    expect(authorise.writeUnits).toBeLessThanOrEqual(3);
    expect(capture.writeUnits).toBeLessThanOrEqual(5);
  }
});

test('their times are compared with those of a new account', async () => {
  const times = await openHoldsTimes(new MemoryStore(), [0, 50], { rounds: 2, batches: 1, repeats: 2 });
  expect(times.map(({ holds, authorise, outbox }) => [holds, holds === 0 ? [authorise, outbox] : authorise > 0 && outbox > 0])).toEqual([
    [0, [1, 1]],
    [50, true],
    [0, [1, 1]],
    [50, true],
  ]);
});

test.each([300, 100_000])('a home asks its other region for a dozen entries together, at %d payments a day', async (paymentsADay) => {
  const { questions, payment } = await steady({ mode: 'HOME_REGION', paymentsADay, captureAfterMs: 0 });
  expect(questions).toBeGreaterThan(0);
  // An entry for each payment.
  expect(questions).toBeLessThan(1.2 / bounds.askFrom);
  expect(payment.writeUnits + payment.indexUnits).toBeLessThanOrEqual(10);
});

test('a home whose other region is silent keeps its entries: with more payments that wait than room some are answered busy', async () => {
  const traffic = { mode: 'HOME_REGION', paymentsADay: 50_000, captureAfterMs: 2 * 60_000, otherRegion: 'silent' } as const;
  const roomy = await steady(traffic);
  expect(roomy.busy).toBe(0);
  expect(roomy.entries).toBeGreaterThan(500);
  (bounds as { entriesPerAccount: number }).entriesPerAccount = 60;
  const full = await steady(traffic);
  expect(full.entries).toBe(60);
  expect(full.busy).toBeGreaterThan(0);
  expect(full.busy).toBeLessThan(full.calls);
});

test('a copy has what was written a second ago, and nothing later', async () => {
  const time = new VirtualTime(() => 0.5);
  const other = new OtherRegion(time, 'answers');
  const home = new MeteredStore((item) => other.replicate(item));
  const account = `${accountPk(tenant, 'a')}@1`;
  await home.create({ pk: account, entries: { one: 'H1', two: 'D' } } as unknown as Item);
  await home.create({ pk: 'k#one@1', version: 1 });
  time.goTo(time.nowMs + 500);
  await home.create({ pk: 'k#two@1', version: 1 });
  const asked = ['one', 'two'].map((id) => ({ id, code: id === 'one' ? 'H1' : 'D', behind: [[id, 1] as const] }));
  const arrived = async (afterMs: number): Promise<readonly string[]> => {
    time.goTo(time.nowMs + afterMs);
    return [...(await other.arrived(1)(time.context(), 'a', asked)).ids];
  };
  expect([await arrived(0), await arrived(replicationMs - 500), await arrived(500)]).toEqual([[], ['one'], ['one', 'two']]);
  expect([other.questions, other.usage.readUnits > 0, home.usage.readUnits]).toEqual([3, true, 0]);
});

test('the tables show every figure that was taken', async () => {
  const counts = await countEntries([{ kind: 'holds', entries: 0 }]);
  const empty = { authorise: 2, capture: 2, decline: 2, firstReplay: 2, replay: 2 };
  const ratio = ratiosOf([[empty, { authorise: 3, capture: 4, decline: 5, firstReplay: 6, replay: 7 }]], 1);
  expect(ratio).toEqual({ authorise: 1.5, capture: 2, decline: 2.5, firstReplay: 3, replay: 3.5 });
  const tables = growthTables({
    entries: counts,
    ratios: [{ mode: 'STRONG', kind: 'holds', entries: 1_000, ratios: ratio }],
    openHolds: [
      {
        mode: 'STRONG',
        holds: 100_000,
        entries: 33,
        bytes: 2_048,
        authorise: { requests: 3, writeUnits: 3, indexUnits: 1, readUnits: 0.5 },
        capture: { requests: 5, writeUnits: 4, indexUnits: 1, readUnits: 1 },
      },
    ],
    openHoldsTimes: [{ mode: 'STRONG', holds: 100_000, authorise: 1.04, outbox: 0.98 }],
    traffic: [
      {
        mode: 'STRONG',
        paymentsADay: 100_000,
        captureAfterMs: 0,
        unitsOfAWrite: 6.44,
        unitsASecond: 14.9,
        entries: 1_234,
        questions: 0,
        busy: 5,
        calls: 1_000,
        payment: { requests: 8, writeUnits: 15, indexUnits: 2, readUnits: 5 },
      },
    ],
    pages: [{ limit: 20, page: 10, lines: 20, requests: 3, writeUnits: 0, indexUnits: 0, readUnits: 21.5 }],
    declines: [{ declines: 20_000, pages: 67, requestsAtMost: 9, readUnitsAtMost: 308.5, requests: 603, readUnits: 20_608 }],
    wholeTable: { itemsPerGb: 1_500_000, move: 240, scan: 60, round: 480, account: 1 },
  });
  const rows = tables.flatMap(({ head, rows: all }) =>
    all.map((row) => {
      expect(row).toHaveLength(head.length);
      return row.join(' | ');
    }),
  );
  expect(rows).toContain('STRONG | 1,000 holds | 1.5 x | 2.0 x | 2.5 x | 3.0 x | 3.5 x');
  expect(rows).toContain('STRONG | 100,000 | 33 | 2.0 | 4 | 5 | 1.04 x | 0.98 x');
  expect(rows).toContain('STRONG | 100,000 | at once | 1,234 | 6.4 | 14.9 | 17.0 | 5.0 | - | 0.5 %');
  expect(rows).toContain('20,000 | 67 | 9 | 309 | 603 | 20,608');
  expect(rows).toContain("a planned move: its unit's items, compared | 4.0 | 3.5 GB");
});
