import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A run that a signal ends: what is under way is ended, and what must be put back is waited for. */
export class InterruptibleRun {
  /** A name that no other run has. */
  public readonly name = `v${randomBytes(4).toString('hex')}`;
  private readonly controller = new AbortController();
  private by?: string;
  private readonly end = (signal: string): void => {
    this.by ??= signal;
    this.controller.abort(new Error(`ended by ${signal}`));
  };

  constructor() {
    // Each request under way listens, and there are as many as the scenario sends at once.
    setMaxListeners(0, this.controller.signal);
    // Kept until the end: a second signal must not end what puts a region back.
    for (const signal of signals) process.on(signal, this.end);
  }

  public get signal(): AbortSignal {
    return this.controller.signal;
  }

  public readonly endedBy = (): string | undefined => this.by;

  public readonly nowMs = Date.now;

  /** Not ended with the run. */
  public readonly wait = (ms: number): Promise<void> => wait(ms);

  /** Rejects when the run is ended. */
  public readonly sleep = (ms: number): Promise<void> => wait(ms, undefined, { signal: this.signal });

  public close(): void {
    for (const signal of signals) process.off(signal, this.end);
  }
}
