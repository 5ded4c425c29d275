import { entryOf, envelopeProblem } from './envelope.domain';
import type { MeshEvent } from './model';
import { publish, PublishPorts } from './publish.service';

/** A message of the dead-letter queue. */
export interface QueuedLetter {
  readonly body: string;
  /** By which it is deleted. */
  readonly handle: string;
  /** Epoch milliseconds at which it came into the queue. */
  readonly sentAt: number;
}

export interface RedrivePorts extends PublishPorts {
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
  /** Messages that are no event of the mesh, still in the queue: what is wrong with them, the first 20. */
  readonly refused: readonly string[];
  /** Whether messages that were there at the beginning may be left, because time was up or `max` was reached. */
  readonly more: boolean;
}

export interface RedriveLimits {
  readonly max: number;
  readonly deadlineMs: number;
}

/**
 * Puts dead letters back on the region's bus, and deletes each one after the bus has it. Only what was in the queue at the beginning:
 * an event that is not delivered this time either does not go round and round.
 */
export async function redrive(ports: RedrivePorts, limits: RedriveLimits): Promise<RedriveResult> {
  const open = new Set<string>();
  try {
    return await putBack(ports, limits, open);
  } finally {
    // Only now: this run would receive them again.
    await ports.release([...open]);
  }
}

/** `open`: the messages that are neither deleted nor released yet. */
async function putBack(ports: RedrivePorts, { max, deadlineMs }: RedriveLimits, open: Set<string>): Promise<RedriveResult> {
  const begun = ports.nowMs();
  const result = { moved: 0, left: 0, refused: [] as string[], more: false };
  for (let seen = 0; ;) {
    result.more = seen >= max || ports.nowMs() >= deadlineMs;
    if (result.more) return result;
    const received = await ports.receive();
    if (received.length === 0) return result;
    seen += received.length;
    for (const { handle } of received) open.add(handle);
    const readable = received.filter(({ sentAt }) => sentAt <= begun).flatMap((letter) => readLetter(letter, result.refused));
    // Without a queue to give up into: what fails stays where it is.
    const { keep: _none, ...bus } = ports;
    const outcomes = await publish(bus, readable.map(({ event, source }) => entryOf(event, source)), deadlineMs);
    const moved = readable.filter((_letter, at) => outcomes[at].kind === 'sent').map(({ handle }) => handle);
    if (moved.length > 0) await ports.discard(moved);
    for (const handle of moved) open.delete(handle);
    result.moved += moved.length;
    result.left += readable.length - moved.length;
  }
}

function readLetter({ body, handle }: QueuedLetter, refused: string[]): { event: MeshEvent; source: string; handle: string }[] {
  const refuse = (why: string): [] => {
    if (refused.length < 20) refused.push(why);
    return [];
  };
  try {
    const { source, detail } = JSON.parse(body) as { source?: unknown; detail?: unknown };
    const problem = envelopeProblem(detail);
    if (problem !== undefined) return refuse(problem);
    return typeof source === 'string' && source !== '' ? [{ event: detail as MeshEvent, source, handle }] : refuse('it has no source');
  } catch {
    return refuse('it is no JSON');
  }
}
