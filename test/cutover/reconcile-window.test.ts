import fc from 'fast-check';
import { World } from './world';
import { WindowOutcome, WindowProgress } from '../../src/cutover/checks/model';
import { AccountName, ReplicaPage } from '../../src/cutover/checks/reconcile-round.service';
import {
  accountOfKey,
  BucketDigest,
  bucketOf,
  compareItems,
  differingBuckets,
  ReplicaItem,
} from '../../src/cutover/checks/reconcile-window.domain';
import { ReconcileWindow } from '../../src/cutover/checks/reconcile-window.service';
import { CutoverPlan } from '../../src/cutover/contract';
import { sha256 } from '../../src/kernel/digest';

const hour = 3_600_000;
const since = 100 * hour;
const item = fc
  .record({ id: fc.integer({ min: 0, max: 30 }), version: fc.integer({ min: 1, max: 3 }), hours: fc.integer({ min: 1, max: 5 }) })
  .map(({ id, version, hours }): ReplicaItem => ({
    pk: `k#${id}`,
    version,
    writtenAt: hours * hour + version,
    digest: sha256(`${id} ${version}`),
  }));
const replica = fc.uniqueArray(item, { selector: ({ pk }) => pk, maxLength: 30 });
const bucketsOf = (items: readonly ReplicaItem[]): ReturnType<BucketDigest['buckets']> => {
  const digest = new BucketDigest(since);
  items.forEach((one) => digest.add(one));
  return digest.buckets();
};
const byKey = (items: readonly ReplicaItem[]): Map<string, ReplicaItem> => new Map(items.map((one) => [one.pk, one]));

test('by buckets and then by items finds exactly what a comparison of everything finds', () => {
  fc.assert(
    fc.property(replica, replica, (source, target) => {
      const differing = differingBuckets(bucketsOf(source), bucketsOf(target));
      const inThem = (items: readonly ReplicaItem[]): Map<string, ReplicaItem> =>
        byKey(items.filter((one) => differing.has(bucketOf(one, since))));
      const found = compareItems(inThem(source), inThem(target), 100 * hour, 1)
        .map(({ pk, kind }) => `${pk} ${kind}`)
        .sort();
      expect(found).toEqual(
        compareItems(byKey(source), byKey(target), 100 * hour, 1)
          .map(({ pk, kind }) => `${pk} ${kind}`)
          .sort(),
      );
    }),
  );
});

test('the order of a scan does not matter', () => {
  fc.assert(
    fc.property(replica, (items) => {
      expect(differingBuckets(bucketsOf(items), bucketsOf([...items].reverse())).size).toBe(0);
    }),
  );
});

test('says how two items differ, and which may still be on their way', () => {
  const one = (version: number, digest = 'a', writtenAt = 0): Map<string, ReplicaItem> =>
    new Map([['k', { pk: 'k', version, digest, writtenAt }]]);
  const none = new Map<string, ReplicaItem>();
  const kinds = [
    [one(2), one(1)],
    [one(1), one(2)],
    [one(1), none],
    [none, one(1)],
    [one(1, 'a'), one(1, 'b')],
  ].map(([source, target]) => compareItems(source, target, 10_000, 1_000)[0].kind);
  expect(kinds).toEqual(['older in target', 'older in source', 'missing in target', 'missing in source', 'same version, other content']);
  expect(compareItems(one(1, 'a', 9_500), none, 10_000, 1_000)[0].inFlight).toBe(true);
  expect(compareItems(one(1), one(1), 10_000, 1_000)).toEqual([]);
});

test('knows an account by its key, of any epoch', () => {
  expect(accountOfKey('a#acme%23x#acc-1@12')).toEqual({ tenant: 'acme#x', accountId: 'acc-1' });
  expect(accountOfKey('a#acme#acc-1')).toEqual({ tenant: 'acme', accountId: 'acc-1' });
  expect(accountOfKey('k#abc@1')).toBeUndefined();
});

describe('while items are written', () => {
  const at = (time: string): number => Date.parse(`2026-11-22T${time}Z`);
  const one = (pk: string, version: number, time: string): ReplicaItem => ({
    pk,
    version,
    writtenAt: at(time),
    digest: sha256(`${pk} ${version}`),
  });
  const plan = {
    mode: 'STRONG',
    source: 'us-east-1',
    target: 'eu-central-1',
    window: { seconds: 0, intervalSeconds: 900, settleSeconds: 300 },
  } as CutoverPlan;

  /** A round from 14:59 on, with what each region gives while it is read, at 15:00, and when it is read again. */
  function round(source: readonly ReplicaItem[][], target: readonly ReplicaItem[][]): Promise<WindowOutcome> {
    const world = new World();
    world.nowMs = at('14:59:00');
    const readings = new Map([
      [plan.source, [...source]],
      [plan.target, [...target]],
    ]);
    const latest = new Map([
      [plan.source, source[1]],
      [plan.target, target[1]],
    ]);
    async function* scan(region: string): AsyncIterable<ReplicaPage<ReplicaItem>> {
      yield { items: readings.get(region)!.shift()! };
      world.nowMs = at('15:00:30');
    }
    const items = async (region: string, pks: readonly string[]): Promise<readonly ReplicaItem[]> =>
      latest.get(region)!.filter(({ pk }) => pks.includes(pk));
    const accounts = (): never => {
      throw new Error('no account is asked for');
    };
    return new ReconcileWindow(
      world.log(),
      { scan, items, accounts },
      () => Promise.reject(new Error('no account is asked for')),
      world.clock,
    ).round('run-1', plan, undefined, at('15:10:00'));
  }
  /** Makes 13:00 and 14:00 differ in the first reading, and is there in both regions in the second. */
  const late = { before: one('k#late', 1, '13:30:00'), after: one('k#late', 2, '14:58:50') };

  test('one that is written between the readings of the regions, across the full hour, is on its way', async () => {
    const [before, after] = [one('k#busy', 1, '13:00:00'), one('k#busy', 2, '15:00:40')];
    for (const outcome of [
      await round(
        [
          [before, late.before],
          [before, late.after],
        ],
        [
          [before, late.after],
          [after, late.after],
        ],
      ),
      await round(
        [
          [before, late.after],
          [after, late.after],
        ],
        [
          [before, late.before],
          [before, late.after],
        ],
      ),
    ]) {
      expect(outcome).toMatchObject({ outcome: 'reconciled', round: { differing: 1, inFlight: 1, unexplained: [] } });
    }
  });

  test('one that is missing since long ago is not', async () => {
    const gone = one('k#gone', 1, '13:00:00');
    expect(
      await round(
        [
          [gone, late.before],
          [gone, late.after],
        ],
        [[late.after], [late.after]],
      ),
    ).toMatchObject({ outcome: 'unexplained', round: { unexplained: ['k#gone: missing in target'] } });
  });
});

describe('a round that does not fit into the time of its function', () => {
  const start = Date.parse('2026-11-22T12:00:00Z');
  const partMs = 900_000;
  const pageMs = 60_000;
  const one = (n: number, version = 1, pk = `k#${n}`): ReplicaItem => ({
    pk,
    version,
    writtenAt: start - (n % 400) * 10 * hour - hour,
    digest: sha256(`${pk} ${version}`),
  });
  const planned = {
    mode: 'STRONG',
    source: 'us-east-1',
    target: 'eu-central-1',
    window: { seconds: 0, intervalSeconds: 900, settleSeconds: 300 },
  } as CutoverPlan;
  const home = { ...planned, mode: 'HOME_REGION' } as CutoverPlan;

  let world: World;
  let replicas: Map<string, ReplicaItem[]>;
  /** What checking an account takes, and what comes of it. */
  let check: (accountId: string) => { readonly ms: number; readonly addsUp?: boolean };
  let checked: string[];

  beforeEach(() => {
    world = new World();
    world.nowMs = start;
    const items = Array.from({ length: 200 }, (_, n) => one(n));
    replicas = new Map([
      [planned.source, [...items]],
      [planned.target, [...items]],
    ]);
    check = () => ({ ms: 1_000 });
    checked = [];
  });

  /** Pages of five items, each of which takes a minute. */
  async function* pages<T>(all: readonly T[], from: string | undefined): AsyncIterable<ReplicaPage<T>> {
    for (let at = Number(from ?? 0); ; at += 5) {
      world.nowMs += pageMs;
      const last = at + 5 >= all.length;
      yield { items: all.slice(at, at + 5), ...(last ? {} : { next: String(at + 5) }) };
      if (last) return;
    }
  }

  /** One call of the step, with state that has been through the state machine's JSON. */
  async function part(plan: CutoverPlan, progress?: WindowProgress): Promise<WindowOutcome> {
    const deadlineMs = world.nowMs + partMs;
    const window = new ReconcileWindow(
      world.log(),
      {
        scan: (region, from) => pages(replicas.get(region)!, from),
        items: async (region, pks) => replicas.get(region)!.filter(({ pk }) => pks.includes(pk)),
        accounts: (region, from) =>
          pages(
            replicas.get(region)!.flatMap(({ pk }): readonly AccountName[] => (accountOfKey(pk) ? [accountOfKey(pk)!] : [])),
            from,
          ),
      },
      async (_, request, timeoutMs) => {
        const { accountId } = request as { accountId: string };
        const { ms, addsUp = true } = check(accountId);
        world.nowMs += Math.min(ms, timeoutMs);
        if (ms > timeoutMs) return { kind: 'unsure', detail: 'the store did not complete the request before the deadline' };
        checked.push(accountId);
        const kept = { available: 1, held: 0, settled: 0 };
        return {
          kind: 'reconciled',
          home: 'us-east-1',
          epoch: 1,
          addsUp,
          account: { accountId, kept, recomputed: { ...kept, held: addsUp ? 0 : 1 }, payments: 0, lateWrites: [], unanswered: [] },
        };
      },
      world.clock,
    );
    const outcome = await window.round('run-1', plan, progress && (JSON.parse(JSON.stringify(progress)) as WindowProgress), deadlineMs);
    // A page more than the deadline, not minutes: the rest of the function's time is for the answer.
    expect(world.nowMs).toBeLessThanOrEqual(deadlineMs + 2 * pageMs);
    return outcome;
  }

  /** All parts until a verdict. */
  async function whole(plan: CutoverPlan, before?: WindowProgress): Promise<{ readonly outcome: WindowOutcome; readonly parts: number }> {
    let progress = before;
    for (let parts = 1; parts < 40; parts += 1) {
      const outcome = await part(plan, progress);
      if (outcome.outcome !== 'reconciling') return { outcome, parts };
      // The state machine's data has room for 256 KB.
      expect(JSON.stringify(outcome.progress).length).toBeLessThan(60_000);
      ({ progress } = outcome);
    }
    throw new Error('there was no verdict');
  }

  test('goes on where it was cut, and has one verdict on all of it', async () => {
    const { outcome, parts } = await whole(planned);
    expect(parts).toBeGreaterThan(3);
    expect(outcome).toMatchObject({
      outcome: 'reconciled',
      round: { items: { source: 200, target: 200 }, differing: 0 },
      progress: { rounds: 1 },
    });
  });

  test('finds what differs in any of its parts, from either side', async () => {
    replicas.set(planned.target, [
      ...replicas
        .get(planned.target)!
        .filter(({ pk }) => pk !== 'k#3')
        .map((kept) => (kept.pk === 'k#120' ? one(120, 2) : kept)),
      one(7, 1, 'k#only'),
    ]);
    const { outcome } = await whole(planned);
    expect(outcome).toMatchObject({ outcome: 'unexplained' });
    expect([...(outcome as { round: { unexplained: readonly string[] } }).round.unexplained].sort()).toEqual([
      'k#120: older in source',
      'k#3: missing in target',
      'k#only: missing in source',
    ]);
  });

  test('goes on after a region could not be read, without beginning again', async () => {
    const first = await part(planned);
    const kept = replicas;
    replicas = new Map();
    const away = await part({ ...planned, window: { ...planned.window, seconds: 86_400 } }, first.progress);
    // Not at once: a region that is away stays so for a while, and each look is part of the execution's history.
    expect((away as { waitSeconds: number }).waitSeconds).toBeGreaterThan(600);
    expect(away).toMatchObject({
      outcome: 'reconciling',
      progress: { underWay: { read: { source: { items: first.progress.underWay!.read.source.items } } } },
    });
    replicas = kept;
    const back = await part(planned, away.progress);
    expect(back.progress.underWay!.read.source.items).toBeGreaterThan(first.progress.underWay!.read.source.items);
  });

  describe('over the accounts', () => {
    beforeEach(() => {
      const accounts = Array.from({ length: 12 }, (_, n) => one(n, 1, `a#acme#acc-${n}@1`));
      replicas = new Map([
        [home.source, accounts],
        [home.target, accounts],
      ]);
    });

    test('says nothing of an account that its deadline has cut, and checks it first in the next round', async () => {
      check = () => ({ ms: 200_000 });
      const first = await whole(home);
      expect(first.outcome).toMatchObject({ outcome: 'reconciled', round: { escalated: [], unchecked: [] } });
      const before = [...checked];
      expect(before.length).toBeGreaterThan(0);
      expect(before.length).toBeLessThan(12);
      await part(home, { ...first.outcome.progress, startedMs: start });
      expect(checked[before.length]).toBe(`acc-${before.length}`);
    });

    test('names one that no round has the time for, and goes on behind it', async () => {
      check = (accountId) => ({ ms: accountId === 'acc-0' ? 10 * partMs : 1_000 });
      const first = await whole(home);
      expect(first.outcome).toMatchObject({
        outcome: 'reconciled',
        round: { escalated: [], unchecked: ['acme/acc-0'] },
        detail: expect.stringContaining('not checked: acme/acc-0'),
      });
      await whole(home, first.outcome.progress);
      expect(checked).toContain('acc-11');
    });

    test('still escalates one that does not add up', async () => {
      check = (accountId) => ({ ms: 1_000, addsUp: accountId !== 'acc-5' });
      expect((await whole(home)).outcome).toMatchObject({
        outcome: 'unexplained',
        round: { escalated: [expect.stringContaining('acme/acc-5: balances do not add up')] },
      });
    });
  });
});
