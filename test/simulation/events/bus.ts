import { MeshAround } from './invocation';
import { MeshEvent, PutEntry } from '../../../src/events/model';
import { PutResult } from '../../../src/events/publishing/publish.service';

export interface BusTargets {
  /** Another region's bus, for what began here. */
  readonly peers: readonly Bus[];
  /** Queues and functions of this region; `body` as EventBridge delivers it. */
  readonly local: (entry: PutEntry, body: string) => void;
}

const deliveredTwice = 0.02;
const refused = 0.05;

/** A region's event bus with its forwarding rules and its archive: at least once, in no order, over links that break. */
export class Bus {
  public targets: BusTargets = { peers: [], local: () => undefined };
  private readonly archive: PutEntry[] = [];

  constructor(
    private readonly around: MeshAround,
    public readonly region: string,
  ) {}

  /** PutEvents: some entries may be refused while others are taken. */
  public accept(entries: readonly PutEntry[]): readonly PutResult[] {
    const { chance, faulty } = this.around;
    return entries.map((entry): PutResult => {
      if (faulty() && chance.happens(refused)) return { kind: 'refused', reason: 'ThrottlingException', retryable: true };
      this.archive.push(entry);
      this.deliver(entry);
      return { kind: 'accepted' };
    });
  }

  /** Delivers what the archive has to this region's targets, once more. */
  public replay(): void {
    for (const entry of [...this.archive]) this.deliver(entry, 'again');
  }

  private deliver(entry: PutEntry, replay?: string): void {
    const { chance, scheduler, faulty } = this.around;
    const { origin } = JSON.parse(entry.detail) as MeshEvent;
    const body = JSON.stringify({
      'detail-type': entry.detailType,
      source: entry.source,
      detail: JSON.parse(entry.detail) as unknown,
      ...(replay ? { 'replay-name': replay } : {}),
    });
    const times = faulty() && chance.happens(deliveredTwice) ? 2 : 1;
    for (let time = 0; time < times; time += 1) {
      scheduler.after(chance.between(5, 200), () => this.targets.local(entry, body));
      if (origin === this.region && replay === undefined) for (const peer of this.targets.peers) this.forward(entry, peer, 0);
    }
  }

  private forward(entry: PutEntry, peer: Bus, attempt: number): void {
    const { chance, geography, scheduler } = this.around;
    const wait = attempt === 0 ? chance.between(20, 300) : chance.between(100, 2_000);
    scheduler.after(wait, () => {
      for (const region of [this.region, peer.region]) {
        if (!geography.isUp(region)) return geography.whenUp(region, () => this.forward(entry, peer, attempt + 1));
      }
      const arrived = geography.linked(this.region, peer.region) && peer.accept([entry])[0].kind === 'accepted';
      // Whether the answer of what arrived gets back is another matter.
      if (!arrived || !geography.linked(peer.region, this.region)) this.forward(entry, peer, attempt + 1);
      return undefined;
    });
  }
}
