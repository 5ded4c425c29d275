import { paid } from './paid';
import { home, other, TwoRegions } from './two-regions';
import { Authority } from '../../src/ledger/homes/authority.service';
import { JournaledStore, journalKeys, notedOn } from '../../src/ledger/homes/move-journal.service';
import { KeyedOutcome } from '../../src/ledger/model';
import { relocate, RelocationPorts, RelocationResult } from '../../src/ledger/operator/relocate.service';
import { Attempt } from '../../src/ledger/protocol/attempt.service';
import { MemoryStore } from '../../tools/memory/memory-store';

let world: TwoRegions;
let ports: RelocationPorts;
beforeEach(async () => {
  world = new TwoRegions();
  await world.in(home).openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000_000 });
  ports = {
    async *scan(from) {
      for (const { pk, version } of [...world.replicas.get(from)!.items.values()]) {
        if (!pk.startsWith('j#')) yield { pk, version: version as number };
      }
    },
    items: (from, pks) => world.replicas.get(from)!.readMany(pks),
  };
});

const record = () => world.authority.items.get('u#0')!;
const move = (region: string): Promise<RelocationResult> =>
  relocate(world.authorityAttempt(region), new Authority(region, world.settings), world.settings, ports, 0);

/** Somebody pays, a second apart at most, and all replicates at once; what was heard of it. */
function traffic(
  only: (pk: string) => boolean = () => true,
): { readonly during: string; readonly key: string; readonly outcome: KeyedOutcome }[] {
  const heard: { during: string; key: string; outcome: KeyedOutcome }[] = [];
  let count = 0;
  world.onSleep = () => {
    const during = record().state as string;
    const key = `during-${(count += 1)}`;
    void world.pay(home, key, 1).then((outcome) => {
      heard.push({ during, key, outcome });
      world.replicate(home, other, only);
    });
  };
  return heard;
}

it('opens the next epoch where everything is', async () => {
  const { paymentId } = paid(await world.pay(home, 'k'));
  world.onSleep = () => world.replicate(home, other);
  expect(await move(other)).toMatchObject({ kind: 'moved', record: { home: other, epoch: 2, state: 'OPEN' } });
  world.nowMs += 1_500;
  expect(paid(await world.move(home, 'c', 'CAPTURE', paymentId)).operations[0]).toMatchObject({ type: 'CAPTURE', region: other });
  expect(await world.balances(other)).toEqual({ available: 999_900, held: 0, settled: 100, homeRegion: other });
});

it('the home works until it stops, then nobody does, and it is short', async () => {
  const heard = traffic();
  const result = await move(other);
  expect(result).toMatchObject({ kind: 'moved' });
  expect((result as { pausedMs: number }).pausedMs).toBeLessThan(2_500);
  const [open, draining] = ['OPEN', 'DRAINING'].map((state) =>
    heard.filter(({ during }) => during === state).map(({ outcome }) => outcome),
  );
  expect(open.length).toBeGreaterThan(2);
  expect(new Set(open.map(({ kind }) => kind))).toEqual(new Set(['answered']));
  expect(draining.length).toBeGreaterThan(0);
  world.nowMs += 1_500;
  for (const { key, outcome } of heard) {
    if (outcome.kind === 'answered') expect(await world.pay(other, key, 1)).toEqual({ ...outcome, replayed: true });
  }
});

it('an account that is written all the time, and whose copy is always a little behind, holds nothing up', async () => {
  world.onSleep = () => {
    world.replicate(home, other);
    if (record().state === 'OPEN') void world.pay(home, `busy-${world.nowMs}`, 1);
  };
  expect(await move(other)).toMatchObject({ kind: 'moved' });
});

it('what is read while the home stands still does not grow with the table', async () => {
  const read = async (payments: number): Promise<number> => {
    world = new TwoRegions();
    await world.in(home).openAccount(world.context(), { accountId: 'acc', currency: 'EUR', balance: 1_000_000 });
    for (let n = 0; n < payments; n += 1) await world.pay(home, `before-${n}`, 1);
    world.replicate(home, other);
    traffic();
    let keys = 0;
    const { items, scan } = ports;
    ports = {
      items: (from, pks) => {
        if (record().state === 'DRAINING') keys += pks.length;
        return items(from, pks);
      },
      scan: (from) => {
        if (record().state === 'DRAINING') throw new Error('a scan in the pause');
        return scan(from);
      },
    };
    expect(await move(other)).toMatchObject({ kind: 'moved' });
    ports = { items, scan };
    return keys;
  };
  expect(await read(1_000)).toBe(await read(10));
});

describe('with one item that does not arrive', () => {
  const abortedFor = async (sample: string): Promise<void> => {
    const result = await move(other);
    expect(result).toMatchObject({ kind: 'aborted', difference: { sample: [sample] } });
    world.nowMs += 1_500;
    world.onSleep = () => undefined;
    expect(paid(await world.pay(home, 'after')).region).toBe(home);
    expect(record().move).toBeUndefined();
  };

  it('waits while the home works, trusts no other item for it, and gives up without a pause', async () => {
    const missing = `k#${paid(await world.pay(home, 'before')).paymentId.slice('pay_'.length)}@1`;
    const heard = traffic((pk) => pk !== missing);
    await abortedFor(missing);
    expect(heard.filter(({ during }) => during === 'DRAINING')).toEqual([]);
  });

  it('that was written in the hurry: ends the hurry after a minute, without a pause, though the mover has time', async () => {
    let hurriedAt = 0;
    const untils = new Set<number>();
    world.onSleep = () => {
      const notice = record().move as { hurry: boolean; until: number } | undefined;
      if (notice?.hurry) {
        hurriedAt ||= world.nowMs;
        untils.add(notice.until);
      }
      expect(record().state).toBe('OPEN');
      world.replicate(home, other, (pk) => !notice?.hurry || !pk.startsWith('a#'));
      void world.pay(home, `during-${world.nowMs}`, 1);
    };
    const attempt = world.authorityAttempt(other);
    const patient = new Attempt(attempt.ports, attempt.settings, { ...attempt.context, deadlineMs: world.nowMs + 600_000 });
    const result = await relocate(patient, new Authority(other, world.settings), world.settings, ports, 0);
    expect(result).toMatchObject({ kind: 'aborted', difference: { sample: ['a#acme#acc@1'] } });
    expect(hurriedAt).toBeGreaterThan(0);
    expect(world.nowMs - hurriedAt).toBeLessThan(60_000);
    // A mover that dies leaves no more than that.
    expect(untils.size).toBe(1);
    for (const until of untils) expect(until - hurriedAt).toBeLessThanOrEqual(60_000);
  });

  it('that was written last: gives up after the longest pause, and the old home writes again', async () => {
    const states: string[] = [];
    let stoppedAt = 0;
    world.onSleep = () => {
      const state = record().state as string;
      states.push(state);
      if (state === 'DRAINING') {
        stoppedAt ||= world.nowMs;
        // All but the account, which the last payment changed.
        return world.replicate(home, other, (pk) => !pk.startsWith('a#'));
      }
      world.replicate(home, other);
      return void world.pay(home, `before-${states.length}`, 1);
    };
    await abortedFor('a#acme#acc@1');
    expect(states).toContain('DRAINING');
    expect(world.nowMs - stoppedAt).toBeLessThan(world.settings.movePauseMs + 2_000);
  });
});

describe('a mover that dies', () => {
  const announced = async (): Promise<Authority> => {
    const authority = new Authority(other, world.settings);
    const { by, until } = { by: 'dead', until: world.nowMs + 60_000 };
    expect(await authority.beginMove(world.authorityAttempt(other), 0, { to: other, by, until, hurry: false })).toMatchObject({ page: 1 });
    return authority;
  };

  it('before the stop leaves a home that works, and forgets it', async () => {
    await announced();
    world.nowMs += 1_500;
    expect(paid(await world.pay(home, 'k')).region).toBe(home);
    expect([...world.replicas.get(home)!.items.keys()].some((pk) => pk.startsWith('j#'))).toBe(true);
    world.nowMs += 63_000;
    expect(paid(await world.pay(home, 'k2')).region).toBe(home);
    expect(record().move).toBeUndefined();
  });

  it('in the pause leaves a home that works again when the pause is over', async () => {
    const authority = await announced();
    const attempt = world.authorityAttempt(other);
    const mine = await authority.turnPage(attempt, 0, await authority.read(attempt, 0), true);
    const stopped = await authority.drain(attempt, 0, mine!, world.nowMs + world.settings.movePauseMs);
    world.nowMs += 1_000;
    expect(await world.pay(home, 'k')).toMatchObject({ kind: 'unsure', code: 'region_fenced' });
    world.nowMs += 6_000;
    expect(paid(await world.pay(home, 'k')).region).toBe(home);
    expect(await authority.completeDrain(world.authorityAttempt(other), 0, stopped!)).toBeUndefined();
  });

  it('is followed by another one, and can do nothing any more', async () => {
    const dead = await announced();
    const mine = await dead.read(world.authorityAttempt(other), 0);
    world.onSleep = () => world.replicate(home, other);
    const later = move(other);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await dead.turnPage(world.authorityAttempt(other), 0, mine, true)).toBeUndefined();
    expect(await dead.drain(world.authorityAttempt(other), 0, mine, world.nowMs)).toBeUndefined();
    expect(await later).toMatchObject({ kind: 'moved' });
  });
});

it('an answer that is late for the home to give is not given, whatever was written', async () => {
  const announcer = new Authority(other, world.settings);
  await announcer.beginMove(world.authorityAttempt(other), 0, { to: other, by: 'm', until: world.nowMs + 60_000, hurry: true });
  world.nowMs += 1_500;
  const replica = world.replicas.get(home)!;
  const change = replica.change.bind(replica);
  replica.change = async (wanted) => {
    const result = await change(wanted);
    if (wanted.pk.startsWith('a#')) world.nowMs += 1_900;
    return result;
  };
  expect(await world.pay(home, 'slow')).toMatchObject({ kind: 'unsure', code: 'outcome_unknown' });
});

describe('the journal', () => {
  const page = { unit: 0, epoch: 1, page: 7 };
  const noted = async (store: MemoryStore, of = page) => notedOn(of, await store.readMany(journalKeys(of)));

  it('has what is written before it is, and what is read strongly before anybody hears of it', async () => {
    const store = new MemoryStore();
    await store.create({ pk: 'k#there@1' });
    const seen: (readonly string[] | undefined)[] = [];
    const journaled = new JournaledStore(
      Object.assign(Object.create(store) as MemoryStore, {
        create: async (item: { pk: string }) => {
          if (!item.pk.startsWith('j#')) seen.push(await noted(store));
          return store.create(item);
        },
      }),
      page,
    );
    await journaled.create({ pk: 'k#new@1' });
    expect(seen).toEqual([['k#new@1']]);
    await journaled.change({ pk: 'a#x@1', require: [] });
    await journaled.read('k#eventually', false);
    await journaled.readMany(['k#there@1', 'k#nowhere@1']);
    expect(new Set(await noted(store))).toEqual(new Set(['k#new@1', 'a#x@1', 'k#there@1']));
  });

  it('says when more was written than it holds', async () => {
    const store = new MemoryStore();
    const journaled = new JournaledStore(store, page);
    await journaled.change({ pk: 'k#0', require: [] });
    const [slot] = [...store.items.values()];
    store.items.set(slot.pk, { ...slot, keys: Object.fromEntries(Array.from({ length: 999 }, (_, n) => [`k#earlier${n}`, 1])) });
    expect(await noted(store)).toHaveLength(999);
    await new JournaledStore(store, page).change({ pk: 'k#0', require: [] });
    expect(await noted(store)).toHaveLength(1_000);
    await new JournaledStore(store, page).change({ pk: 'k#0', require: [] });
    expect(await noted(store)).toBeUndefined();
    const next = { ...page, page: 9 };
    await new JournaledStore(store, next).change({ pk: 'k#0', require: [] });
    expect(await noted(store, next)).toEqual(['k#0']);
  });

  it('refuses whoever is still at a page that was over two pages ago', async () => {
    const store = new MemoryStore();
    await new JournaledStore(store, { ...page, page: 9 }).create({ pk: 'k#1' });
    await expect(new JournaledStore(store, page).create({ pk: 'k#1' })).rejects.toThrow('page 7 of the journal of a move is over');
  });
});
