/** How an entry into the gate ended. */
export type GateEntry = 'entered' | 'full' | 'late' | 'gone';

interface WaitingCall {
  readonly settle: (entry: GateEntry) => void;
}

/** Lets so many through at once; the others wait in line, in order, a bounded time. */
export class Gate {
  private inside = 0;
  private readonly line: WaitingCall[] = [];

  constructor(
    private readonly size: number,
    private readonly lineLength: number,
    private readonly longestWaitMs: number,
  ) {}

  public get waiting(): number {
    return this.line.length;
  }

  public get entered(): number {
    return this.inside;
  }

  /** Whoever gets `entered` must call `leave` once. `gone`: the signal was aborted while waiting. */
  public enter(gone: AbortSignal): Promise<GateEntry> {
    if (gone.aborted) return Promise.resolve('gone');
    if (this.inside < this.size) {
      this.inside += 1;
      return Promise.resolve('entered');
    }
    if (this.line.length >= this.lineLength) return Promise.resolve('full');
    return new Promise((resolve) => {
      const onGone = () => waiting.settle('gone');
      const timer = setTimeout(() => waiting.settle('late'), this.longestWaitMs);
      const waiting: WaitingCall = {
        settle: (entry) => {
          clearTimeout(timer);
          gone.removeEventListener('abort', onGone);
          const index = this.line.indexOf(waiting);
          if (index >= 0) this.line.splice(index, 1);
          resolve(entry);
        },
      };
      gone.addEventListener('abort', onGone, { once: true });
      this.line.push(waiting);
    });
  }

  public leave(): void {
    const next = this.line[0];
    // The place goes to the next in line without ever being free.
    if (next) next.settle('entered');
    else this.inside -= 1;
  }
}
