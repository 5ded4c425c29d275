import { east, west } from './fake-run';
import type { Dns } from '../../../local/ground/model';
import { RecoveryClock } from '../../../local/page/recovery';
import { FakeRegion } from '../dns/fakes';

/** Time, DNS and answers in the test's hands. */
class World {
  public now = 1_000_000;
  public healthy = new Set([east, west]);
  public cached: string | undefined = east;
  public answers: string | undefined;
  public asked = 0;
  public publicName: string | undefined = 'pay.example.com';
  public readonly regions = [new FakeRegion(east, ''), new FakeRegion(west, '')];
  public readonly clock: RecoveryClock;

  constructor() {
    jest.useFakeTimers();
    const world = this;
    this.clock = new RecoveryClock({
      regions: this.regions,
      now: () => this.now,
      everyMs: 100,
      ask: async () => {
        this.asked += 1;
        return this.answers;
      },
      dns: {
        get publicName() {
          return world.publicName;
        },
        regionHealthy: (name) => this.healthy.has(name),
        resolve: ({ location, resolver }): ReturnType<Dns['resolve']> => {
          const fresh = [location, east, west].find((name) => this.healthy.has(name));
          const region = resolver?.includes('back') ? fresh : (this.cached ?? fresh);
          return region === undefined ? { kind: 'nowhere', reason: 'none' } : { kind: 'found', host: '', target: '', region };
        },
      },
    });
  }

  async pass(ms: number): Promise<void> {
    for (let step = 0; step < ms; step += 100) {
      this.now += 100;
      await jest.advanceTimersByTimeAsync(100);
    }
  }
}

describe('the recovery clock', () => {
  let world: World;

  beforeEach(() => {
    world = new World();
  });

  afterEach(() => {
    world.clock.close();
    jest.useRealTimers();
  });

  test("counts from the stop, through the health check and the resolver's cache, to the first answer of another region", async () => {
    const stoppedAt = world.now;
    await world.regions[0].stop();
    await world.pass(1_000);
    expect(world.clock.outages()).toEqual([{ region: east, stoppedAt, unaffected: false }]);
    world.healthy.delete(east);
    await world.pass(2_000);
    expect(world.clock.outages()[0]).toEqual({ region: east, stoppedAt, unaffected: false, unhealthyAt: stoppedAt + 1_100 });
    expect(world.asked).toBe(0);
    world.cached = west;
    await world.pass(500);
    expect(world.clock.outages()[0]).toMatchObject({ redirectedAt: stoppedAt + 3_100 });
    expect(world.clock.outages()[0].answeredAt).toBeUndefined();
    world.answers = west;
    await world.pass(500);
    expect(world.clock.outages()[0]).toMatchObject({ answeredAt: stoppedAt + 3_600, answeredBy: west });
    const { asked } = world;
    await world.pass(1_000);
    expect(world.asked).toBe(asked);
  });

  test('takes what real callers get as well, of the region that was lost and once DNS leads elsewhere', async () => {
    const passage = {
      method: 'POST',
      path: '/api/v1/payments',
      region: west,
      location: east,
      traceId: '1-a',
      answer: { status: 201, rawHeaders: [], body: Buffer.alloc(0) },
    };
    await world.regions[0].stop();
    await world.pass(500);
    world.clock.saw(passage);
    expect(world.clock.outages()[0].answeredAt).toBeUndefined();
    world.cached = west;
    await world.pass(500);
    const others = [
      { location: west },
      { location: undefined },
      { region: east },
      { answer: undefined },
      { answer: { ...passage.answer, status: 503 } },
    ];
    for (const other of others) world.clock.saw({ ...passage, ...other });
    expect(world.clock.outages()[0].answeredAt).toBeUndefined();
    world.clock.saw(passage);
    expect(world.clock.outages()[0]).toMatchObject({ answeredAt: world.now, answeredBy: west });
    world.now += 1_000;
    world.clock.saw(passage);
    expect(world.clock.outages()[0]).toMatchObject({ answeredAt: world.now - 1_000 });
  });

  test('does not take an answer of the lost region itself', async () => {
    await world.regions[0].stop();
    world.cached = west;
    world.answers = east;
    await world.pass(500);
    expect(world.clock.outages()[0].answeredAt).toBeUndefined();
  });

  test('waits while no region is left, until the region itself is back', async () => {
    await world.regions[0].stop();
    world.healthy.clear();
    world.cached = undefined;
    await world.pass(1_000);
    expect(world.clock.outages()[0]).toMatchObject({ unhealthyAt: expect.any(Number) });
    expect(world.clock.outages()[0].redirectedAt).toBeUndefined();
    await world.regions[0].start();
    await world.pass(500);
    expect(world.clock.outages()[0].backAt).toBeUndefined();
    world.healthy.add(east);
    await world.pass(500);
    expect(world.clock.outages()[0]).toMatchObject({ startedAt: expect.any(Number), backAt: expect.any(Number) });
    expect(world.clock.outages()[0].answeredAt).toBeUndefined();
  });

  test('has nothing to count where callers were led elsewhere before, or no name leads anywhere', async () => {
    world.cached = west;
    await world.regions[0].stop();
    await world.pass(500);
    expect(world.clock.outages()).toMatchObject([{ unaffected: true }]);
    expect(world.asked).toBe(0);
    world.publicName = undefined;
    await world.regions[1].stop();
    expect(world.clock.outages()).toHaveLength(1);
  });

  test('takes a stop of what is stopped for the same one, keeps the last five, and ends', async () => {
    for (let count = 0; count < 7; count += 1) {
      await world.regions[0].stop();
      await world.regions[0].stop();
      await world.regions[0].start();
    }
    expect(world.clock.outages()).toHaveLength(5);
    world.clock.close();
    await world.regions[0].stop();
    await world.pass(500);
    expect(world.clock.outages()).toHaveLength(5);
    expect(jest.getTimerCount()).toBe(0);
  });
});
