import { bounds } from './domain';
import { CallContext, LedgerEvent } from '../model';
import { Change, FaultKind, Item, LedgerPorts, LedgerSettings, LedgerStore, StoreFault, WriteResult } from '../ports';

/** The call's time is over, and the store's last word was a fault: nothing may be answered. */
export class GaveUp extends Error {
  constructor(
    public readonly fault: FaultKind,
    cause?: unknown,
  ) {
    super(`the store did not complete the request before the deadline; last fault: ${fault}`, { cause });
    this.name = 'GaveUp';
  }

  /** What the store said last, in one line. */
  public get reason(): string {
    const why = this.cause instanceof Error ? this.cause.message : 'the deadline passed before another request could be sent';
    return `${this.fault}: ${why}`;
  }
}

const eventOf: Readonly<Record<FaultKind, LedgerEvent>> = { conflict: 'writeConflict', throttled: 'throttle', unknown: 'unknownOutcome' };
const firstWaitMs = 25;
/**
 * A conflict is over with the other region's write, in tens of milliseconds: whoever waits for longer loses its turn to those who do not,
 * and where one region sends more than the other, the other would not be served at all.
 */
const longestWaitMs: Readonly<Record<FaultKind, number>> = { conflict: 100, throttled: 800, unknown: 800 };

/**
 * The store within one call: every fault is retried with full jitter until the call's deadline. That is safe because each of the
 * ledger's writes can be repeated: a second one is refused by the trace that the first one left.
 */
export class Attempt {
  constructor(
    public readonly ports: LedgerPorts,
    public readonly settings: LedgerSettings,
    public readonly context: CallContext,
  ) {}

  public create(item: Item): Promise<WriteResult> {
    return this.retrying((store) => store.create({ ...item, writtenBy: this.settings.region, writtenAt: this.ports.nowMs() }));
  }

  /** Changes an item; each change raises its version and says when and where it began, since a replica's stream does not. */
  public change(change: Change, triesAtMost = Infinity): Promise<WriteResult> {
    return this.retrying(
      (store) =>
        store.change({
          ...change,
          set: [...(change.set ?? []), [['writtenBy'], this.settings.region], [['writtenAt'], this.ports.nowMs()]],
          add: [...(change.add ?? []), [['version'], 1]],
        }),
      triesAtMost,
    );
  }

  /** What an item says of the trace under which it was made. */
  public traceAttributes(): { readonly traceId: string; readonly traceParent?: string } {
    const { traceId, trace } = this.context;
    return { traceId, ...(trace?.sampled && trace.parentId !== undefined ? { traceParent: trace.parentId } : {}) };
  }

  public async strongRead(pk: string): Promise<Item | undefined> {
    return this.retrying((store) => store.read(pk, true));
  }

  public async retrying<T>(call: (store: LedgerStore) => Promise<T>, triesAtMost = Infinity): Promise<T> {
    const { nowMs, random, sleep, store } = this.ports;
    let triesLeft = triesAtMost;
    for (let tries = 0; ; tries += 1) {
      if (nowMs() >= this.context.deadlineMs) throw new GaveUp('unknown');
      try {
        return await call(store);
      } catch (error) {
        if (!(error instanceof StoreFault)) throw error;
        this.context.observe?.(eventOf[error.fault]);
        const wait = random() * Math.min(longestWaitMs[error.fault], firstWaitMs * 2 ** tries);
        if (error.fault !== 'throttled') triesLeft -= 1;
        if (triesLeft <= 0 || nowMs() + wait >= this.context.deadlineMs) throw new GaveUp(error.fault, error);
        await sleep(wait);
      }
    }
  }

  /** Reports that this call finishes what another attempt left behind; a duplicate sent at the same time is not that. */
  public noteTakeover(claimedAt: number): void {
    if (this.ports.nowMs() - claimedAt > bounds.abandonedAfterMs) this.context.observe?.('takeover');
  }

  /** Makes a write that only spares others work: a fault in it does not concern the caller, who can already be answered. */
  public async bestEffort(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof GaveUp)) throw error;
    }
  }
}

/** What is done for an account beside a call's own work. */
export type Beside = (account: string) => Promise<void>;

/** Both, even if one fails: nothing of a call is under way behind its answer. Strongly consistent requests sent so are one crossing. */
export async function bothOf<A, B>(one: Promise<A>, other: Promise<B>): Promise<readonly [A, B]> {
  await Promise.allSettled([one, other]);
  return [await one, await other];
}

/** For what the protocol rules out: a defect or a tampered item. Never answered as anything but "unsure". */
export class BrokenInvariant extends Error {
  constructor(what: string) {
    super(`ledger invariant broken: ${what}`);
    this.name = 'BrokenInvariant';
  }
}
