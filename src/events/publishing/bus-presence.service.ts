/** What a look at the bus comes to. `unknown` proves nothing: EventBridge did not answer, or may not be asked. */
export type BusLook = 'there' | 'missing' | 'unknown';

export interface BusPresencePorts {
  readonly look: (timeoutMs: number) => Promise<BusLook>;
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
}

/** How long a look counts. A bus that is deleted meanwhile swallows events for so long. */
export const lookAgainMs = 60_000;
/** The longest time that one look takes from the time of publishing. */
export const lookTimeoutMs = 1_000;

/**
 * Whether the bus is known to be missing. PutEvents to a bus that is not there answers 200 with an event ID, so its answer does not prove
 * that a bus has the event. Only a bus that EventBridge names as missing holds up its publishers: publishing must not depend on a call that
 * manages buses, which can be throttled or down while the bus takes events.
 */
export class BusPresence {
  private lookedAtMs = -Infinity;

  constructor(private readonly ports: BusPresencePorts) {}

  public async isMissing(timeoutMs: number): Promise<boolean> {
    if (this.ports.nowMs() - this.lookedAtMs < lookAgainMs) return false;
    if ((await this.ports.look(Math.min(timeoutMs, lookTimeoutMs))) === 'missing') return true;
    this.lookedAtMs = this.ports.nowMs();
    return false;
  }
}
