import { Invocation, MeshAround } from './invocation';
import { ItemChange } from '../../../src/events/outbox/domain';
import { StreamRecord } from '../../../src/events/outbox/service';
import { Ended } from '../process';

export interface StreamSettings {
  readonly region: string;
  readonly name: string;
  readonly batchSize: number;
  /** Attempts at the head of the stream before its range is given up. */
  readonly attempts: number;
  /** Until when the stream shows nothing new. */
  readonly heldUntil: () => number;
  readonly handle: (records: readonly StreamRecord[], invocation: Invocation) => Promise<{ readonly failed?: { readonly id: string } }>;
  /** Told of a range that is given up: first and last place. */
  readonly gaveUp: (from: number, to: number) => void;
}

/** How often a checkpoint is lost: what was done with comes again. */
const checkpointLost = 0.05;

/**
 * A shard of a replica's stream and what reads it: in order, a batch at a time, again from the first record that failed, halved when it
 * fails as a whole.
 */
export class StreamReader {
  public batches = 0;
  private readonly records: (ItemChange & { readonly arrivedMs: number })[] = [];
  private next = 0;
  private size: number;
  private attempts = 0;
  private running = false;

  constructor(
    private readonly around: MeshAround,
    private readonly settings: StreamSettings,
  ) {
    this.size = settings.batchSize;
  }

  public add(change: ItemChange): void {
    this.records.push({ ...change, arrivedMs: this.around.geography.clockMs(this.settings.region) });
    this.plan(this.around.chance.between(10, 250));
  }

  /** Records of a range, as long as the stream remembers them. */
  public range(from: number, to: number): readonly StreamRecord[] {
    return this.records
      .slice(from, to + 1)
      .map((change, place) => ({ id: String(from + place), arrivedMs: change.arrivedMs, change: () => change }));
  }

  private plan(afterMs: number): void {
    if (this.running || this.next >= this.records.length) return;
    this.running = true;
    this.around.scheduler.after(afterMs, () => this.read());
  }

  private read(): void {
    const { geography, scheduler } = this.around;
    const { region, heldUntil } = this.settings;
    if (!geography.isUp(region)) return geography.whenUp(region, () => scheduler.after(100, () => this.read()));
    if (heldUntil() > scheduler.nowMs) return scheduler.at(heldUntil(), () => this.read());
    const to = Math.min(this.records.length, this.next + this.size) - 1;
    const batch = this.range(this.next, to);
    this.batches += 1;
    return new Invocation(this.around, region, `${this.settings.name} ${region}/${this.batches}`).run(
      (invocation) => this.settings.handle(batch, invocation),
      (ended) => this.ended(batch, ended),
    );
  }

  private ended(batch: readonly StreamRecord[], ended: Ended<{ readonly failed?: { readonly id: string } }>): void {
    const { chance, faulty } = this.around;
    const failed = ended.kind === 'answered' ? batch.findIndex(({ id }) => id === ended.answer.failed?.id) : 0;
    this.attempts += 1;
    if (ended.kind !== 'answered') this.size = Math.ceil(this.size / 2);
    if (faulty() && chance.happens(checkpointLost)) {
      // Nothing is remembered of what was done.
    } else if (failed < 0) {
      this.advance(batch.length);
    } else if (failed > 0) {
      this.advance(failed);
    } else if (this.attempts > this.settings.attempts) {
      this.settings.gaveUp(this.next, this.next + batch.length - 1);
      this.advance(batch.length);
    }
    this.running = false;
    this.plan(this.attempts === 0 ? chance.between(1, 50) : chance.between(50, Math.min(5_000, 100 * 2 ** this.attempts)));
  }

  private advance(by: number): void {
    this.next += by;
    this.size = this.settings.batchSize;
    this.attempts = 0;
  }
}
