import { afterFailure, type Next, type DeliveryOutcome, type RetryPolicy } from './retry';

/** An event as a rule's target gets it; only what the fabric looks at is typed. */
export interface BusEvent {
  readonly id: string;
  readonly source: string;
  readonly 'detail-type': string;
  readonly detail: unknown;
  readonly resources?: readonly string[];
  readonly time?: string;
}

export interface Delivery {
  readonly event: BusEvent;
  /** When the event came to the rule, epoch milliseconds. */
  readonly since: number;
  /** Attempts so far. */
  readonly attempts: number;
}

export interface GivenUp extends Delivery {
  readonly failure: Extract<DeliveryOutcome, { kind: 'failed' }>;
  readonly exhausted?: 'MaximumRetryAttempts' | 'MaximumEventAgeInSeconds';
}

export interface LineOptions {
  readonly policy: RetryPolicy;
  /** Delivers events of one batch; one outcome for each. A rejection counts as an internal error of all. */
  readonly send: (events: readonly BusEvent[]) => Promise<readonly DeliveryOutcome[]>;
  readonly giveUp: (given: GivenUp) => Promise<void>;
  /** Whether whoever delivers is at work: a stopped region delivers nothing. */
  readonly runs: () => boolean;
  /** Told of each attempt. */
  readonly attempted?: (outcome: DeliveryOutcome, delivery: Delivery) => void;
  readonly now?: () => number;
  readonly random?: () => number;
}

/** Largest batch of PutEvents and SendMessageBatch. */
const batchSize = 10;
/** Batches that are on their way at once: a link's lag must not bound the throughput. */
const batchesAtOnce = 4;
/** How often a region that was stopped is looked at. */
const pauseMs = 200;

interface DueDelivery extends Delivery {
  dueAt: number;
}

/** Deliveries of one rule to one target: in order at first, as the retries allow later. */
export class DeliveryLine {
  private waiting: DueDelivery[] = [];
  private underWay = 0;
  private timer?: NodeJS.Timeout;
  private closed = false;
  private readonly now: () => number;
  private readonly random: () => number;

  constructor(private readonly options: LineOptions) {
    this.now = options.now ?? Date.now;
    this.random = options.random ?? Math.random;
  }

  /** Deliveries that are not over. */
  public get size(): number {
    return this.waiting.length + this.underWay;
  }

  public push(event: BusEvent, since = this.now()): void {
    this.waiting.push({ event, since, attempts: 0, dueAt: 0 });
    this.pump();
  }

  /** Tries what waits at once: something has changed on the way. */
  public wake(): void {
    for (const delivery of this.waiting) delivery.dueAt = 0;
    this.pump();
  }

  public close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private pump(): void {
    if (this.closed) return;
    clearTimeout(this.timer);
    if (!this.options.runs()) return this.later(pauseMs);
    const now = this.now();
    while (this.underWay < batchesAtOnce * batchSize) {
      const due = this.waiting.filter(({ dueAt }) => dueAt <= now).slice(0, batchSize);
      if (due.length === 0) break;
      const taken = new Set(due);
      this.waiting = this.waiting.filter((delivery) => !taken.has(delivery));
      this.underWay += due.length;
      void this.deliver(due);
    }
    if (this.waiting.length && this.underWay < batchesAtOnce * batchSize) {
      this.later(Math.max(1, Math.min(...this.waiting.map(({ dueAt }) => dueAt)) - now));
    }
  }

  private later(ms: number): void {
    if (this.waiting.length) this.timer = setTimeout(() => this.pump(), ms);
  }

  private async deliver(batch: readonly DueDelivery[]): Promise<void> {
    const outcomes = await this.options
      .send(batch.map(({ event }) => event))
      .catch((error: Error): DeliveryOutcome[] =>
        batch.map(() => ({ kind: 'failed', code: 'INTERNAL_ERROR', message: error.message, retriable: true })),
      );
    await Promise.all(batch.map((delivery, index) => this.settle(delivery, outcomes[index])));
    this.underWay -= batch.length;
    this.pump();
  }

  private async settle(delivery: DueDelivery, outcome: DeliveryOutcome): Promise<void> {
    this.options.attempted?.(outcome, delivery);
    if (outcome.kind === 'delivered' || this.closed) return;
    const attempts = delivery.attempts + 1;
    const next: Next = afterFailure(
      this.options.policy,
      { retriable: outcome.retriable, attempts, ageMs: this.now() - delivery.since },
      this.random(),
    );
    if (next.kind === 'retry') {
      this.waiting.push({ ...delivery, attempts, dueAt: this.now() + next.afterMs });
      return;
    }
    await this.options
      .giveUp({ event: delivery.event, since: delivery.since, attempts, failure: outcome, exhausted: next.exhausted })
      .catch(() => {});
  }
}
