import { ProbeNews, ProbeStore, receiveProbe } from '../../src/events/probes/service';
import { Telemetry } from '../../src/runtime/telemetry';

const probe = {
  id: 'probe_eu-central-1_1',
  type: 'mesh.probe',
  schemaVersion: 1,
  origin: 'eu-central-1',
  occurredAt: '2026-11-22T03:00:00.000Z',
};

describe('a probe that arrives', () => {
  const arrivals: [string, object, number][] = [];
  const store: ProbeStore = {
    newsOf: async (): Promise<ProbeNews> => ({}),
    arrived: async (peer, at, silentAfterMs) => {
      arrivals.push([peer, at, silentAfterMs]);
    },
  };

  test('is remembered and measured', async () => {
    expect(await receiveProbe(store, { ...probe, data: { from: 'eu-central-1', sentAt: 1_000 } }, 1_250, 180_000)).toEqual({
      peer: 'eu-central-1',
      latencyMs: 250,
    });
    expect(arrivals).toEqual([['eu-central-1', { arrivedAt: 1_250, sentAt: 1_000 }, 180_000]]);
  });

  test('was on its way for no time when the clocks say that it arrived before it was sent', async () => {
    expect(await receiveProbe(store, { ...probe, data: { from: 'eu-central-1', sentAt: 2_000 } }, 1_250, 180_000)).toMatchObject({
      latencyMs: 0,
    });
  });

  test.each<[string, unknown, string]>([
    ['without an envelope', { data: {} }, "no probe: 'id' is undefined"],
    ['without a time', { ...probe, data: { from: 'eu-central-1' } }, "no probe: 'data.sentAt' is undefined; allowed: epoch milliseconds"],
    ['with nothing in it', { ...probe, data: null }, "no probe: 'data.sentAt' is undefined"],
  ])('%s is none', async (_what, detail, message) => {
    await expect(receiveProbe(store, detail, 1, 1)).rejects.toThrow(message);
  });
});

test('a measured time is a metric of its peer, and leaves the next line alone', () => {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const telemetry = new Telemetry({ systemName: 'shop', region: 'us-east-1', service: 'mesh-probes', write });
  telemetry.measure('ProbeLatency', 250, { name: 'Peer', value: 'eu-central-1' }, 'probe');
  telemetry.count('EventsPublished', 2);
  telemetry.record('publish', {});
  expect(lines[0]).toMatchObject({
    ProbeLatency: 250,
    Peer: 'eu-central-1',
    System: 'shop',
    Region: 'us-east-1',
    _aws: { CloudWatchMetrics: [{ Namespace: 'MultiRegionPayments', Metrics: [{ Name: 'ProbeLatency', Unit: 'Milliseconds' }] }] },
  });
  interface Embedded {
    readonly CloudWatchMetrics: { readonly Dimensions: string[][] }[];
  }
  const dimensions = (line: Record<string, unknown>): string[] => [...(line._aws as Embedded).CloudWatchMetrics[0].Dimensions[0]].sort();
  expect(lines.map(dimensions)).toEqual([
    ['Peer', 'Region', 'System'],
    ['Region', 'System'],
  ]);
  expect(lines[1]).toMatchObject({ EventsPublished: 2 });
  expect(lines[1]).not.toHaveProperty('ProbeLatency');
});
