/** An event of an execution's history, as far as it is read. */
export interface HistoryEvent {
  readonly id: number;
  /** The event that led to this one; absent: the one before it. */
  readonly previousId?: number;
  readonly type: string;
  readonly atMs: number;
  /** Of a task's events: the integration, such as `invoke.waitForTaskToken`. */
  readonly resource?: string;
  /** Of an event that enters a state: its name. */
  readonly state?: string;
}

/** A task that waits for its token. */
export interface OpenTask {
  readonly state: string;
  /** When the state was entered: a task that is tried again keeps waiting. */
  readonly sinceMs: number;
}

/** A Parallel state, a Map state or one of its iterations, in which events happen. */
interface Container {
  readonly kind: string;
  readonly id: number;
}

interface OpenPlace {
  readonly containers: readonly Container[];
  readonly state: string;
  readonly sinceMs: number;
}

const begins = new Map([
  ['ParallelStateStarted', 'Parallel'],
  ['MapStateStarted', 'Map'],
  ['MapIterationStarted', 'Iteration'],
]);
const ends = /^(ParallelState|MapState|MapIteration)(Succeeded|Failed|Aborted)$/;
const kinds: Readonly<Record<string, string>> = { ParallelState: 'Parallel', MapState: 'Map', MapIteration: 'Iteration' };
const waiting = new Set(['TaskScheduled', 'TaskStarted', 'TaskSubmitted']);

/**
 * The token tasks that are open at the end of a history, oldest first. Events form a tree, by what led to what: branches of a Parallel
 * state and iterations of a Map are its branches, and a task is open when nothing came after its last event and nothing around it has
 * ended.
 */
export function openTasks(events: readonly HistoryEvent[]): readonly OpenTask[] {
  const places = new Map<number, OpenPlace>();
  const followed = new Set<number>();
  const over = new Set<number>();
  for (const event of events) {
    const previous = event.previousId ?? event.id - 1;
    followed.add(previous);
    places.set(event.id, placeOf(event, places.get(previous), over));
  }
  return events
    .filter(({ id, type, resource }) => waiting.has(type) && (resource ?? '').endsWith('.waitForTaskToken') && !followed.has(id))
    .map(({ id }) => places.get(id)!)
    .filter(({ containers }) => !containers.some((container) => over.has(container.id)))
    .map(({ state, sinceMs }) => ({ state, sinceMs }))
    .sort((a, b) => a.sinceMs - b.sinceMs);
}

function placeOf(event: HistoryEvent, before: OpenPlace | undefined, over: Set<number>): OpenPlace {
  const { containers = [], state = '', sinceMs = event.atMs } = before ?? {};
  if (event.type.endsWith('StateEntered')) return { containers, state: event.state ?? '', sinceMs: event.atMs };
  const begun = begins.get(event.type);
  if (begun) return { containers: [...containers, { kind: begun, id: event.id }], state, sinceMs };
  const ended = ends.exec(event.type)?.[1];
  return ended === undefined ? { containers, state, sinceMs } : { containers: leave(containers, kinds[ended], over), state, sinceMs };
}

/** Ends the innermost container of that kind, and what stands inside it. */
function leave(containers: readonly Container[], kind: string, over: Set<number>): readonly Container[] {
  const at = containers.map((container) => container.kind).lastIndexOf(kind);
  if (at < 0) return containers;
  for (const { id } of containers.slice(at)) over.add(id);
  return containers.slice(0, at);
}
