import type { RegionName } from '../../kernel/region';
import { meshEventSource, probeType } from '../contract';
import type { MeshEvent, ProbeData } from '../model';
import { entryOf, envelopeProblem } from '../publishing/envelope.domain';
import { EntryOutcome, publish, PublishPorts } from '../publishing/publish.service';

/** What a region has heard of a peer by its probes, in epoch milliseconds. */
export interface ProbeNews {
  /** When the newest probe arrived, by this region's clock; absent: none ever did. */
  readonly arrivedAt?: number;
  /** When that one was sent, by the peer's clock. */
  readonly sentAt?: number;
  /** When a probe arrived after a silence, or for the first time, by this region's clock. */
  readonly resumedAt?: number;
}

/** Where it is remembered. */
export interface ProbeStore {
  newsOf(peer: RegionName): Promise<ProbeNews>;
  /** Remembers an arrival; one that comes later than `silentAfterMs` after the last one ends a silence. */
  arrived(peer: RegionName, at: { readonly arrivedAt: number; readonly sentAt: number }, silentAfterMs: number): Promise<void>;
}

/** Puts a probe on the own region's bus, from where it takes the way of every event. */
export async function sendProbe(ports: PublishPorts, systemName: string, region: RegionName, deadlineMs: number): Promise<EntryOutcome> {
  const sentAt = ports.nowMs();
  const probe: MeshEvent<ProbeData> = {
    id: `probe_${region}_${sentAt}`,
    type: probeType,
    schemaVersion: 1,
    origin: region,
    occurredAt: new Date(sentAt).toISOString(),
    data: { from: region, sentAt },
  };
  const [outcome] = await publish(ports, [entryOf(probe, meshEventSource(systemName))], deadlineMs);
  return outcome;
}

/** A probe that arrived: who sent it, and how long it was on its way. */
export interface ProbeArrival {
  readonly peer: RegionName;
  readonly latencyMs: number;
}

/** Remembers a probe's arrival. Throws for what is no probe: the bus's rule lets nothing else through. */
export async function receiveProbe(store: ProbeStore, detail: unknown, nowMs: number, silentAfterMs: number): Promise<ProbeArrival> {
  const problem = envelopeProblem(detail);
  if (problem !== undefined) throw new Error(`no probe: ${problem}`);
  const { origin: peer, data } = detail as MeshEvent<Partial<ProbeData> | null>;
  const sentAt = data?.sentAt;
  if (typeof sentAt !== 'number' || !Number.isFinite(sentAt)) {
    throw new Error(`no probe: 'data.sentAt' is ${JSON.stringify(sentAt)}; allowed: epoch milliseconds`);
  }
  await store.arrived(peer, { arrivedAt: nowMs, sentAt }, silentAfterMs);
  // Two clocks: what arrives before it was sent was on its way for no time that could be measured.
  return { peer, latencyMs: Math.max(0, nowMs - sentAt) };
}
