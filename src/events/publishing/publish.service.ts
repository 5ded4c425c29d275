import { causeOf } from '../../kernel/cause';
import { publishLimits } from '../contract';
import type { PutEntry } from '../model';

/** What became of one entry of a request. */
export type PutResult = { readonly kind: 'accepted' } | { readonly kind: 'refused'; readonly reason: string; readonly retryable: boolean };

/** The whole request came to nothing, or to an unknown outcome. */
export class PutFailed extends Error {
  constructor(
    reason: string,
    public readonly retryable: boolean,
    options?: ErrorOptions,
  ) {
    super(reason, options);
    this.name = 'PutFailed';
  }
}

/** An entry that was given up, with why. */
export interface DeadLetter {
  readonly entry: PutEntry;
  readonly reason: string;
}

export interface PublishPorts {
  /**
   * One request, at most `publishLimits.entries` and `publishLimits.bytes`: a result for each entry, in their order. Throws `PutFailed`.
   */
  readonly put: (entries: readonly PutEntry[], timeoutMs: number) => Promise<readonly PutResult[]>;
  /** Keeps what was given up: how many of the letters are safe, from the first on. Absent: it is left to the caller. */
  readonly keep?: (letters: readonly DeadLetter[]) => Promise<number>;
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** - `sent`: EventBridge has it.
 * - `deadLettered`: the dead-letter queue has it.
 * - `open`: nobody has it; the caller has to publish it again, but not as it is when it was refused `forGood`. */
export type EntryOutcome =
  | { readonly kind: 'sent' }
  | { readonly kind: 'deadLettered'; readonly reason: string }
  | { readonly kind: 'open'; readonly reason: string; readonly forGood?: true };

const firstWaitMs = 50;
const longestWaitMs = 2_000;
const keepAttempts = 3;

interface Pending {
  readonly index: number;
  readonly entry: PutEntry;
  readonly bytes: number;
  reason: string;
  /** It was refused, and will be again. */
  forGood?: true;
  /** A request was refused as a whole with it inside: the next one holds it alone, so that it cannot take others with it. */
  alone: boolean;
}

/**
 * Publishes entries: in requests as large as EventBridge takes, checked entry by entry, repeated with full jitter until the deadline.
 * A request holds one entry of a subject at most, and while one waits to be repeated, the later ones of its subject wait too.
 */
export async function publish(ports: PublishPorts, entries: readonly PutEntry[], deadlineMs: number): Promise<readonly EntryOutcome[]> {
  const outcomes: EntryOutcome[] = entries.map(() => ({ kind: 'sent' }));
  const lost: Pending[] = [];
  let pending = entries.map((entry, index): Pending => ({
    index,
    entry,
    bytes: entryBytes(entry),
    reason: 'the time ran out before it was sent',
    alone: false,
  }));
  const giveUp = (gone: readonly Pending[]): void => {
    lost.push(...gone);
    pending = pending.filter((one) => !gone.includes(one));
  };
  const tooLarge = pending.filter(({ bytes }) => bytes > publishLimits.bytes);
  for (const one of tooLarge) {
    one.forGood = true;
    one.reason = `it has ${one.bytes} bytes, EventBridge takes ${publishLimits.bytes}`;
  }
  giveUp(tooLarge);
  for (let pass = 0; pending.length > 0; pass += 1) {
    const wait = pass === 0 ? 0 : ports.random() * Math.min(longestWaitMs, firstWaitMs * 2 ** pass);
    if (ports.nowMs() + wait >= deadlineMs) break;
    if (wait > 0) await ports.sleep(wait);
    const held = new Set<string>();
    for (let batch = nextBatch(pending, held); batch.length > 0 && ports.nowMs() < deadlineMs; batch = nextBatch(pending, held)) {
      const { accepted, hopeless, again } = await send(ports, batch, deadlineMs);
      pending = pending.filter((one) => !accepted.includes(one));
      for (const one of hopeless) one.forGood = true;
      giveUp(hopeless);
      for (const one of again) held.add(subjectOf(one));
    }
  }
  giveUp(pending);
  lost.sort((a, b) => a.index - b.index);
  for (const [at, outcome] of (await keep(ports, lost)).entries()) outcomes[lost[at].index] = outcome;
  return outcomes;
}

/** The size of an entry as EventBridge counts it, and its trace header besides. */
export function entryBytes({ source, detailType, detail, traceHeader = '' }: PutEntry): number {
  return [source, detailType, detail, traceHeader].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
}

const subjectOf = ({ index, entry }: Pending): string => (entry.subject === undefined ? `#${index}` : `=${entry.subject}`);

/** The next entries in their order that nothing holds back. */
function nextBatch(pending: readonly Pending[], held: ReadonlySet<string>): Pending[] {
  const batch: Pending[] = [];
  const passed = new Set(held);
  let bytes = 0;
  for (const one of pending) {
    if (passed.has(subjectOf(one))) continue;
    passed.add(subjectOf(one));
    if (one.alone && batch.length > 0) continue;
    if (batch.length === publishLimits.entries || bytes + one.bytes > publishLimits.bytes) break;
    batch.push(one);
    bytes += one.bytes;
    if (one.alone) break;
  }
  return batch;
}

interface Sent {
  readonly accepted: Pending[];
  readonly hopeless: Pending[];
  readonly again: Pending[];
}

async function send(ports: PublishPorts, batch: readonly Pending[], deadlineMs: number): Promise<Sent> {
  const sent: Sent = { accepted: [], hopeless: [], again: [] };
  let results: readonly PutResult[];
  try {
    results = await ports.put(
      batch.map(({ entry }) => entry),
      Math.max(1, deadlineMs - ports.nowMs()),
    );
  } catch (error) {
    if (!(error instanceof PutFailed)) throw error;
    results = batch.map(({ alone }) => ({
      kind: 'refused',
      reason: error.message,
      retryable: error.retryable || (!alone && batch.length > 1),
    }));
    if (!error.retryable) for (const one of batch) one.alone = true;
  }
  for (const [at, one] of batch.entries()) {
    // An answer without a result for an entry says nothing about it.
    const result = results[at] ?? { kind: 'refused', reason: 'EventBridge returned no result for it', retryable: true };
    if (result.kind === 'refused') one.reason = result.reason;
    (result.kind === 'accepted' ? sent.accepted : result.retryable ? sent.again : sent.hopeless).push(one);
  }
  return sent;
}

/** Puts what was given up into the dead-letter queue; what that does not take either stays open. */
async function keep(ports: PublishPorts, lost: readonly Pending[]): Promise<EntryOutcome[]> {
  const letters = lost.map(({ entry, reason }): DeadLetter => ({ entry, reason }));
  let kept = 0;
  let fault = '';
  for (let attempt = 0; ports.keep && kept < letters.length && attempt < keepAttempts; attempt += 1) {
    if (attempt > 0) await ports.sleep(ports.random() * firstWaitMs * 2 ** attempt);
    try {
      kept += await ports.keep(letters.slice(kept));
    } catch (error) {
      fault = `; nor did the dead-letter queue take it: ${causeOf(error)}`;
    }
  }
  return lost.map(({ reason, forGood }, at) =>
    at < kept ? { kind: 'deadLettered', reason } : { kind: 'open', reason: reason + fault, ...(forGood ? { forGood } : {}) },
  );
}
