import { Change } from './change-feed';
import { sleep } from '../network/network';

/** A change on its way to a replica. */
export interface PendingChange extends Change {
  /** Region where the write entered; undefined when the run did not see it enter. */
  readonly origin?: string;
}

export interface ReplicaCopyOptions {
  /** One-way lag of a change that began in `origin`, milliseconds; undefined while nothing reaches the region. */
  readonly lagMs: (origin?: string) => number | undefined;
  /** Writes changes of different items to the replica; false: not done, to be tried again. */
  readonly write: (batch: readonly PendingChange[]) => Promise<boolean>;
}

const batchLimit = 25;
/** How far ahead of the oldest change a batch looks for other items. */
const lookAhead = 200;
const blockedRetryMs = 50;

/** A region's own copy of a global table: takes the changes in order per item, as soon as the links let them through. */
export class ReplicaCopy {
  private queue: PendingChange[] = [];
  private closed = false;
  private wake?: () => void;
  private readonly running: Promise<void>;

  public constructor(private readonly options: ReplicaCopyOptions) {
    this.running = this.run();
  }

  public push(changes: readonly PendingChange[]): void {
    for (const change of changes) this.queue.push(change);
    this.wake?.();
  }

  /** Age of the oldest change that has not arrived, milliseconds; 0 when all have. */
  public behindMs(now: number): number {
    return this.queue.length ? now - this.queue[0].at : 0;
  }

  public async close(): Promise<void> {
    this.closed = true;
    this.wake?.();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.closed) {
      if (!this.queue.length) {
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
        continue;
      }
      const { batch, waitMs } = this.next(Date.now());
      if (!batch.length) {
        await sleep(waitMs);
        continue;
      }
      if (await this.options.write(batch).catch(() => false)) {
        const written = new Set(batch);
        const ahead = this.queue.splice(0, lookAhead).filter((change) => !written.has(change));
        this.queue = ahead.length ? [...ahead, ...this.queue] : this.queue;
      } else if (!this.closed) {
        await sleep(blockedRetryMs);
      }
    }
  }

  /** Changes that may be written together now: the oldest of each item, and only what has had its time on the link. */
  private next(now: number): { batch: PendingChange[]; waitMs: number } {
    const seen = new Set<string>();
    const batch: PendingChange[] = [];
    let waitMs = Number.POSITIVE_INFINITY;
    for (const change of this.queue.slice(0, lookAhead)) {
      if (seen.has(change.id)) continue;
      seen.add(change.id);
      const lag = this.options.lagMs(change.origin);
      if (lag === undefined) waitMs = Math.min(waitMs, blockedRetryMs);
      else if (change.at + lag > now) waitMs = Math.min(waitMs, change.at + lag - now);
      else batch.push(change);
      if (batch.length === batchLimit) break;
    }
    return { batch, waitMs };
  }
}
