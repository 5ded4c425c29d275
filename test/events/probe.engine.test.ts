import { probeStore } from '../../src/events/probes/aws';
import { ProbeStore } from '../../src/events/probes/service';
import { Engine, startEngine } from '../../tools/engine';

/** The ledger's table stands for the mesh's: both have the partition key `pk`. */
describe('what a region has heard of a peer', () => {
  let engine: Engine;
  let store: ProbeStore;
  const silentAfterMs = 1_000;
  const arrived = (peer: string, arrivedAt: number, sentAt = arrivedAt - 10): Promise<void> =>
    store.arrived(peer, { arrivedAt, sentAt }, silentAfterMs);

  beforeAll(async () => {
    engine = await startEngine();
    store = probeStore(engine.client, engine.tableName);
  });
  afterAll(() => engine.close());

  test('is nothing before the first probe, which counts as the end of a silence', async () => {
    expect(await store.newsOf('eu-central-1')).toEqual({});
    await arrived('eu-central-1', 10_000);
    expect(await store.newsOf('eu-central-1')).toEqual({ arrivedAt: 10_000, sentAt: 9_990, resumedAt: 10_000 });
    expect(await store.newsOf('us-west-2')).toEqual({});
  });

  test('is the newest probe; one that follows in time ends no silence', async () => {
    await arrived('peer-a', 10_000);
    await arrived('peer-a', 11_000);
    expect(await store.newsOf('peer-a')).toEqual({ arrivedAt: 11_000, sentAt: 10_990, resumedAt: 10_000 });
  });

  test('names the end of a silence', async () => {
    await arrived('peer-b', 10_000);
    await arrived('peer-b', 11_001);
    await arrived('peer-b', 11_500);
    expect(await store.newsOf('peer-b')).toEqual({ arrivedAt: 11_500, sentAt: 11_490, resumedAt: 11_001 });
  });

  test('is not set back by an arrival that is told late', async () => {
    await arrived('peer-c', 10_000);
    await arrived('peer-c', 9_900);
    await arrived('peer-c', 5_000);
    expect(await store.newsOf('peer-c')).toEqual({ arrivedAt: 10_000, sentAt: 9_990, resumedAt: 10_000 });
  });

  test('names the end of a silence once, however many probes arrive at once', async () => {
    await arrived('peer-d', 10_000);
    await Promise.all([20_000, 20_001, 20_002, 20_003].map((at) => arrived('peer-d', at)));
    const news = await store.newsOf('peer-d');
    expect(news.resumedAt).toBeGreaterThanOrEqual(20_000);
    expect(news.resumedAt).toBeLessThanOrEqual(news.arrivedAt!);
  });
});
