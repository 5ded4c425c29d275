import { namedCauseOf } from '../../kernel/cause';
import { readJson } from '../../kernel/json/strict';
import { LetterOrigin, meshEventSource, reservedSources, reservedTypes } from '../contract';
import type { MeshEvent } from '../model';
import { entryOf, envelopeProblem } from '../publishing/envelope.domain';
import { publish, PublishPorts } from '../publishing/publish.service';

/** A message of the dead-letter queue. */
export interface QueuedLetter {
  readonly body: string;
  /** By which it is deleted. */
  readonly handle: string;
  /** Epoch milliseconds at which it came into the queue. */
  readonly sentAt: number;
  /** ARN of the rule for which EventBridge wrote it; absent where it names none. */
  readonly rule?: string;
}

/** Where the letters come from: it says what may be published of them. */
export interface Letters {
  readonly systemName: string;
  readonly from: LetterOrigin;
}

export interface LetterRedrivePorts extends PublishPorts {
  /** The next messages; none when the queue is empty. What is not deleted comes back after the queue's visibility timeout. */
  readonly receive: () => Promise<readonly QueuedLetter[]>;
  readonly discard: (handles: readonly string[]) => Promise<void>;
  /** Shows messages again at once, to the next run and to the alarm. It does not fail: what it misses comes back by itself. */
  readonly release: (handles: readonly string[]) => Promise<void>;
}

/** What a redrive came to. */
export interface RedriveResult {
  /** Events put back on the bus and deleted from the queue. */
  readonly moved: number;
  /** Events that the bus did not take: they are still in the queue. */
  readonly left: number;
  /** Probes that were deleted: a probe tells how long it took, and must not make a silent region look alive later. */
  readonly dropped: number;
  /**
   * Messages that are no event of the mesh, or that their writer could not have published, still in the queue: what is wrong with them, the
   * first 20.
   */
  readonly refused: readonly string[];
  /** Whether messages that were there at the beginning may be left, because time was up or `max` was reached. */
  readonly more: boolean;
}

const mostReasons = 20;

export interface RedriveLimits {
  readonly max: number;
  readonly deadlineMs: number;
}

/**
 * Puts dead letters back on the region's bus, and deletes each one after the bus has it. Only what was in the queue at the beginning:
 * an event that is not delivered this time either does not go round and round. A letter gets no more rights than its writer had: it goes as
 * it came, under its own source and type, and only if whoever writes into that queue may publish those.
 */
export async function redrive(ports: LetterRedrivePorts, letters: Letters, limits: RedriveLimits): Promise<RedriveResult> {
  const open = new Set<string>();
  try {
    return await putBack(ports, letters, limits, open);
  } finally {
    // Only now: this run would receive them again.
    await ports.release([...open]);
  }
}

/** Redrives one queue after the other. One that fails holds up no other: that is said when all others are done. */
export async function redriveAll(
  queues: readonly (Letters & { readonly ports: LetterRedrivePorts })[],
  { max, deadlineMs }: RedriveLimits,
): Promise<RedriveResult> {
  let sum: RedriveResult = { moved: 0, left: 0, dropped: 0, refused: [], more: false };
  const failures: string[] = [];
  for (const queue of queues) {
    let one: RedriveResult;
    try {
      one = await redrive(queue.ports, queue, { max: Math.max(0, max - sum.moved), deadlineMs });
    } catch (error) {
      failures.push(namedCauseOf(error));
      continue;
    }
    sum = {
      moved: sum.moved + one.moved,
      left: sum.left + one.left,
      dropped: sum.dropped + one.dropped,
      refused: [...sum.refused, ...one.refused].slice(0, mostReasons),
      more: sum.more || one.more,
    };
  }
  if (failures.length === 0) return sum;
  throw new Error(
    `${failures.length} of ${queues.length} queues failed, the others are done (events put back: ${sum.moved}): ` +
      `${failures.join('; ')}. Fix the cause, then call again`,
  );
}

/** `open`: the messages that are neither deleted nor released yet. */
async function putBack(
  ports: LetterRedrivePorts,
  letters: Letters,
  { max, deadlineMs }: RedriveLimits,
  open: Set<string>,
): Promise<RedriveResult> {
  const begun = ports.nowMs();
  const result = { moved: 0, left: 0, dropped: 0, refused: [] as string[], more: false };
  for (let seen = 0; ;) {
    result.more = seen >= max || ports.nowMs() >= deadlineMs;
    if (result.more) return result;
    const received = await ports.receive();
    if (received.length === 0) return result;
    seen += received.length;
    for (const { handle } of received) open.add(handle);
    const read = received
      .filter(({ sentAt }) => sentAt <= begun)
      .map((letter) => ({ handle: letter.handle, ...readLetter(letter, letters) }));
    for (const one of read) if (one.kind === 'refused' && result.refused.length < mostReasons) result.refused.push(one.reason);
    const probes = read.flatMap((one) => (one.kind === 'probe' ? [one.handle] : []));
    const readable = read.flatMap((one) => (one.kind === 'event' ? [one] : []));
    // Without a queue to give up into: what fails stays where it is.
    const { keep: _none, ...bus } = ports;
    const outcomes = await publish(
      bus,
      readable.map(({ event, source }) => entryOf(event, source)),
      deadlineMs,
    );
    const moved = readable.filter((_letter, at) => outcomes[at].kind === 'sent').map(({ handle }) => handle);
    const done = [...moved, ...probes];
    if (done.length > 0) await ports.discard(done);
    for (const handle of done) open.delete(handle);
    result.dropped += probes.length;
    result.moved += moved.length;
    result.left += readable.length - moved.length;
  }
}

type ReadLetter =
  | { readonly kind: 'event'; readonly event: MeshEvent; readonly source: string }
  | { readonly kind: 'probe' }
  | { readonly kind: 'refused'; readonly reason: string };

function readLetter({ body, rule }: QueuedLetter, { systemName, from }: Letters): ReadLetter {
  // It is written anew: what would not come out as it went in stays.
  const read = readJson(body, 'double');
  if (read.kind === 'refused') {
    return { kind: 'refused', reason: read.why === 'syntax' ? 'it is not JSON' : `it cannot be put back as it came. ${read.detail}` };
  }
  const letter = read.value as { readonly source?: unknown; readonly 'detail-type'?: unknown; readonly detail?: unknown } | null;
  const reason =
    envelopeProblem(letter?.detail) ??
    asItCame(letter!) ??
    originProblem(letter!.source as string, letter!['detail-type'] as string, rule, { systemName, from });
  if (reason !== undefined) return { kind: 'refused', reason };
  const source = letter!.source as string;
  return source === meshEventSource(systemName) ? { kind: 'probe' } : { kind: 'event', event: letter!.detail as MeshEvent, source };
}

/** Whether what is put back would be what it was: an entry's type is its envelope's. */
function asItCame({
  source,
  'detail-type': type,
  detail,
}: {
  readonly source?: unknown;
  readonly 'detail-type'?: unknown;
  readonly detail?: unknown;
}): string | undefined {
  if (typeof source !== 'string' || source === '') return 'it has no source';
  return type === (detail as MeshEvent).type
    ? undefined
    : `its detail-type is ${JSON.stringify(type)}, but its envelope says ${JSON.stringify((detail as MeshEvent).type)}`;
}

/** Whether those who write into the queue could have published it themselves. */
function originProblem(source: string, type: string, rule: string | undefined, { systemName, from }: Letters): string | undefined {
  if (from.kind === 'rules') {
    if (rule === undefined) return from.bus ? undefined : 'it does not name the rule that failed to deliver it';
    return rule.startsWith(from.rules) ? undefined : `its rule is ${rule}; allowed: ${from.rules}*`;
  }
  if (source !== from.source || reservedSources(systemName).includes(source)) {
    return `its source is '${source}'; the functions that write into this queue publish '${from.source}'`;
  }
  const allowed = from.types ? from.types.includes(type) : !reservedTypes.includes(type);
  return allowed
    ? undefined
    : `its type is '${type}'; the functions that write into this queue publish ` +
        `${from.types?.join(', ') ?? `none of ${reservedTypes.join(', ')}`}`;
}
