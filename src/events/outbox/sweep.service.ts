import { Decided, isLeft } from './domain';
import { decideAll, Outbox, StreamRecord } from './service';

/**
 * The survivor's sweep. What a peer has decided arrives here by replication, and is kept back for a while as a hint. When the hint is
 * due, the peer either lives, and publishes by itself whatever it has not published yet; or it is lost, and its events are published
 * here, with its name as origin. Both happening does no harm: an event's ID is the same, whoever publishes it. So it is with this
 * region's own events where they go by a peer's bus, as with a global endpoint: that peer can be lost with them.
 */

/** What a peer decided, until it is known who publishes it. */
export interface SweepHint {
  readonly origin: string;
  /** When it was seen here, in epoch milliseconds of this region's clock. */
  readonly seenAt: number;
  readonly decided: readonly Decided[];
}

/** What this region has heard of a peer by its probes, in epoch milliseconds of this region's clock. */
export interface PeerNews {
  /** When the newest probe arrived; absent: none ever did. */
  readonly arrivedAt?: number;
  /** When a probe arrived after a silence. */
  readonly resumedAt?: number;
}

export interface SweepPorts {
  /** Puts hints where they wait. */
  readonly keep: (hints: readonly SweepHint[]) => Promise<void>;
  readonly newsOf: (peer: string) => Promise<PeerNews>;
  readonly nowMs: () => number;
}

export interface SweepSettings {
  readonly region: string;
  /** Without a probe for so long, a peer counts as lost. */
  readonly silentAfterMs: number;
  /** With a probe no older than this, it counts as alive. In between nobody can tell, and the hint waits on. */
  readonly aliveWithinMs: number;
  /**
   * Region whose bus takes this region's own events: lost with it, they are published here like its own. Absent: they go to this region's
   * bus.
   */
  readonly takenBy?: string;
}

/** - `dropped`: the peer publishes it.
 * - `published`: it was lost, or was so at some time since, and we did.
 * - `open`: not to be told yet, or not to be done; the hint has to come again. */
export type Swept =
  | { readonly kind: 'dropped' }
  | { readonly kind: 'published'; readonly events: number }
  | { readonly kind: 'open'; readonly reason: string };

/** A hint is a message of a queue: a few dozen kilobytes. */
const decidedPerHint = 200;

export class Sweep {
  constructor(
    private readonly ports: SweepPorts,
    private readonly settings: SweepSettings,
    private readonly outbox: Outbox,
  ) {}

  /** Keeps what peers have decided, and what goes by a peer; returns the first record that could not be read. */
  public async note(
    records: readonly StreamRecord[],
  ): Promise<{ readonly kept: number; readonly failed?: { readonly id: string; readonly reason: string } }> {
    const seenAt = this.ports.nowMs();
    const { decided: read, failed } = decideAll(records, (writer) => this.peerOf(writer) !== undefined);
    const decided = read.filter(({ one }) => !isLeft(one, seenAt) && !this.outbox.isSynthetic(one));
    const byOrigin = new Map<string, Decided[]>();
    for (const { writer, one } of decided) byOrigin.set(writer, [...(byOrigin.get(writer) ?? []), one]);
    const hints = [...byOrigin].flatMap(([origin, all]) => slices(all).map((part): SweepHint => ({ origin, seenAt, decided: part })));
    if (hints.length > 0) await this.ports.keep(hints);
    return { kept: decided.length, ...(failed ? { failed } : {}) };
  }

  /** Decides about a hint that is due. */
  public async sweep(hint: SweepHint, deadlineMs: number): Promise<Swept> {
    const peer = this.peerOf(hint.origin)!;
    const { arrivedAt = Number.NEGATIVE_INFINITY, resumedAt = Number.NEGATIVE_INFINITY } = await this.ports.newsOf(peer);
    const silentMs = this.ports.nowMs() - arrivedAt;
    // A peer that was away since may be lost again before it has caught up: then nobody would publish it any more.
    if (silentMs <= this.settings.silentAfterMs && resumedAt <= hint.seenAt) {
      return silentMs <= this.settings.aliveWithinMs
        ? { kind: 'dropped' }
        : { kind: 'open', reason: `${peer} was last heard of ${silentMs} ms ago` };
    }
    const { published, failed } = await this.outbox.publishDecided(hint.decided, hint.origin, deadlineMs, true);
    if (failed?.waiting && published > 0) {
      // A claim may never arrive: what others have decided does not wait for it.
      await this.ports.keep([{ ...hint, decided: failed.waiting }]);
      return { kind: 'published', events: published };
    }
    return failed === undefined ? { kind: 'published', events: published } : { kind: 'open', reason: failed.reason };
  }

  /** On whom it depends that the events of a region arrive here; undefined: on this region alone. */
  private peerOf(writer: string): string | undefined {
    return writer === this.settings.region ? this.settings.takenBy : writer;
  }
}

function slices(all: readonly Decided[]): readonly (readonly Decided[])[] {
  return Array.from({ length: Math.ceil(all.length / decidedPerHint) }, (_, n) => all.slice(n * decidedPerHint, (n + 1) * decidedPerHint));
}
