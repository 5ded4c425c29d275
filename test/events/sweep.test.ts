import { Bus, OutboxWorld, recordsOf } from './outbox-world';
import { ItemChange } from '../../src/events/outbox/domain';
import { PeerNews, Sweep, SweepHint, SweepPorts } from '../../src/events/outbox/sweep.service';
import { keyId } from '../../src/kernel/fingerprint';

const here = 'us-west-2';
const peer = 'us-east-1';
const settings = { region: here, silentAfterMs: 180_000, aliveWithinMs: 90_000 };
const delayMs = 300_000;

/** A survivor and a peer that pays on one ledger. */
class Regions {
  public readonly world = new OutboxWorld();
  public readonly bus = new Bus();
  public readonly hints: SweepHint[] = [];
  public news: PeerNews = {};
  public readonly sweep: Sweep;

  constructor(more: Partial<SweepPorts> = {}, own: { readonly takenBy?: string; readonly syntheticTenants?: ReadonlySet<string> } = {}) {
    this.sweep = new Sweep(
      {
        keep: (hints) => {
          this.hints.push(...(JSON.parse(JSON.stringify(hints)) as SweepHint[]));
          return Promise.resolve();
        },
        newsOf: () => Promise.resolve(this.news),
        nowMs: () => this.world.nowMs,
        ...more,
      },
      { ...settings, takenBy: own.takenBy },
      this.world.outbox(here, this.bus.sink, undefined, undefined, { syntheticTenants: own.syntheticTenants }),
    );
  }

  /** A region, the peer by default, opens an account and takes one payment, which it captures. */
  public async pay(region = peer): Promise<void> {
    const ledger = this.world.ledger(region);
    await ledger.openAccount(this.world.context(), { accountId: 'acc', currency: 'EUR', balance: 100 });
    await ledger.authorise(this.world.context(), { idempotencyKey: 'k1', accountId: 'acc', amount: 10, currency: 'EUR' });
    await ledger.move(this.world.context(), { idempotencyKey: 'k2', paymentId: `pay_${keyId('acme', 'k1')}`, type: 'CAPTURE' });
  }

  public note(stream: readonly ItemChange[] = this.world.store.stream): ReturnType<Sweep['note']> {
    return this.sweep.note(recordsOf(stream));
  }

  public due(): ReturnType<Sweep['sweep']> {
    return this.sweep.sweep(this.hints[0], this.world.nowMs + 1_000);
  }
}

let regions: Regions;
beforeEach(async () => {
  regions = new Regions();
  await regions.pay();
  await regions.note();
  regions.world.nowMs += delayMs;
});

const events = (bus: Bus): unknown[] => bus.events.map(({ type, origin, data }) => [type, origin, data.amount]);

test('what a lost peer accepted is published here, with the peer as origin: so nobody forwards it', async () => {
  regions.news = { arrivedAt: regions.world.nowMs - 180_001 };
  expect(await regions.due()).toEqual({ kind: 'published', events: 2 });
  expect(events(regions.bus)).toEqual([
    ['payment.authorised', peer, 10],
    ['payment.captured', peer, 10],
  ]);
});

test('so it is when nothing was ever heard of the peer', async () => {
  expect(await regions.due()).toMatchObject({ kind: 'published' });
});

test('a peer that lives publishes by itself', async () => {
  regions.news = { arrivedAt: regions.world.nowMs - 60_000 };
  expect(await regions.due()).toEqual({ kind: 'dropped' });
  expect(regions.bus.events).toEqual([]);
});

test('while nobody can tell, the hint waits on', async () => {
  regions.news = { arrivedAt: regions.world.nowMs - 120_000 };
  expect(await regions.due()).toMatchObject({ kind: 'open' });
  expect(regions.bus.events).toEqual([]);
});

test('a peer that was away since may be lost again before it has caught up: then both publish', async () => {
  regions.news = { arrivedAt: regions.world.nowMs - 1_000, resumedAt: regions.world.nowMs - 50_000 };
  expect(await regions.due()).toMatchObject({ kind: 'published' });
});

test('a peer that came back before the write counts as any other', async () => {
  regions.news = { arrivedAt: regions.world.nowMs - 1_000, resumedAt: regions.hints[0].seenAt - 1 };
  expect(await regions.due()).toEqual({ kind: 'dropped' });
});

test('both publish the same events, told apart by nothing: consumers have them once', async () => {
  await regions.due();
  const own = new Bus();
  await regions.world.outbox(peer, own.sink).publish(recordsOf(regions.world.store.stream), regions.world.nowMs + 1_000);
  expect(own.events).toEqual(regions.bus.events);
});

test('a hint says what was decided, and nothing of whom and what for', () => {
  expect(regions.hints).toHaveLength(1);
  expect(JSON.stringify(regions.hints)).not.toMatch(/reference|fingerprint|available/);
});

test('what this region wrote itself is no hint', async () => {
  const own = new Regions();
  await own.pay(here);
  expect(await own.note()).toEqual({ kept: 0 });
});

describe('with a global endpoint, whose primary takes the events of the other region too', () => {
  let own: Regions;
  beforeEach(async () => {
    own = new Regions({}, { takenBy: peer });
    await own.pay(here);
    // The capture's record keeps the authorization too, should its hold have been another's: its claim will tell.
    expect(await own.note()).toEqual({ kept: 3 });
    own.world.nowMs += delayMs;
  });

  test('those are published here when the primary was lost with them, under their own origin', async () => {
    own.news = { arrivedAt: own.world.nowMs - 180_001 };
    expect(await own.due()).toEqual({ kind: 'published', events: 2 });
    expect(events(own.bus)).toEqual([
      ['payment.authorised', here, 10],
      ['payment.captured', here, 10],
    ]);
  });

  test('a primary that lives replicates them', async () => {
    own.news = { arrivedAt: own.world.nowMs - 60_000 };
    expect(await own.due()).toEqual({ kind: 'dropped' });
  });
});

test('claims that have not replicated are waited for, and nothing overtakes their events', async () => {
  const claim = regions.world.store.items.get(`k#${keyId('acme', 'k1')}`)!;
  regions.world.store.items.delete(claim.pk);
  expect(await regions.due()).toEqual({ kind: 'open', reason: `the claims of ${keyId('acme', 'k1')} are not in this region` });
  expect(regions.bus.events).toEqual([]);
  regions.world.store.items.set(claim.pk, claim);
  expect(await regions.due()).toEqual({ kind: 'published', events: 2 });
});

test('many decisions are kept in hints of a bounded size', async () => {
  const many = new Regions();
  await many.pay();
  const [account] = many.world.store.stream.filter(({ new: now }) => now!.kind === 'ACCOUNT').slice(-1);
  const entries = Object.fromEntries(Array.from({ length: 450 }, (_, n) => [String(n).padStart(22, 'x'), 'H1']));
  await many.note([{ new: { ...account.new!, entries } }]);
  expect(many.hints.map(({ decided }) => decided.length)).toEqual([200, 200, 50]);
});

test('a record of another version fails by itself, with everything behind it', async () => {
  const [first] = regions.world.store.stream;
  const odd = { new: { ...first.new!, entries: { x: 'Z?' } } };
  expect(await regions.note([first, odd, first])).toEqual({
    kept: 0,
    failed: { id: '1', reason: expect.stringContaining("'Z?' has an unknown form") },
  });
});

test('a queue that takes nothing is told to the stream, so that its records come again', async () => {
  const deaf = new Regions({ keep: () => Promise.reject(new Error('no')) });
  await deaf.pay();
  await expect(deaf.note()).rejects.toThrow('no');
});

test('what a synthetic tenant did is kept by no hint, and published by nobody', async () => {
  const quiet = new Regions({}, { syntheticTenants: new Set(['acme']) });
  await quiet.pay();
  expect(await quiet.note()).toEqual({ kept: 0 });
  expect(quiet.hints).toEqual([]);
});
