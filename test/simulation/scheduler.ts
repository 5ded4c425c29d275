interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Many times what the longest story comes to: beyond it, something plans itself again and again. */
export const mostEvents = 2_000_000;

/** Virtual time: events in the order of their times, ties in the order in which they were planned. */
export class Scheduler {
  public nowMs = 0;
  /** Rises with every event: a total order of what happened. */
  public step = 0;
  private readonly heap: Event[] = [];
  private planned = 0;
  private continuations = false;

  public after(delayMs: number, run: () => void): void {
    this.at(this.nowMs + delayMs, run);
  }

  public at(at: number, run: () => void): void {
    const event = { at, order: this.planned, run };
    this.planned += 1;
    const { heap } = this;
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const parent = Math.trunc((index - 1) / 2);
      if (!before(event, heap[parent])) break;
      heap[index] = heap[parent];
      index = parent;
    }
    heap[index] = event;
  }

  /** To be called by whoever settles a promise: code that waited for it runs before the next event. */
  public woke(): void {
    this.continuations = true;
  }

  /** Runs until no event is left. */
  public run(): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = (): void => {
        try {
          for (let event = this.pop(); event; event = this.pop()) {
            if (this.step >= mostEvents) {
              throw new Error(
                `the simulation does not end: ${mostEvents} events by ${this.nowMs} ms, and ${this.heap.length} wait. Something ` +
                  `plans itself again for ever`,
              );
            }
            this.nowMs = Math.max(this.nowMs, event.at);
            this.step += 1;
            event.run();
            if (this.continuations) {
              this.continuations = false;
              // Node empties its queue of microtasks, however deep the promises are nested, before the next tick; only a tick that is
              // asked for by a microtask comes after them.
              queueMicrotask(afterMicrotasks);
              return;
            }
          }
          resolve();
        } catch (error) {
          reject(error as Error);
        }
      };
      const afterMicrotasks = (): void => process.nextTick(go);
      go();
    });
  }

  private pop(): Event | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (!last || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = index * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child += 1;
      if (!before(heap[child], last)) break;
      heap[index] = heap[child];
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

const before = (one: Event, other: Event): boolean => one.at < other.at || (one.at === other.at && one.order < other.order);
