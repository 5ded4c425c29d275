import { readdirSync } from 'node:fs';
import { percentile } from '../../src/scenario/figures.domain';
import { family, proportionalBytes } from '../smoke/memory';

/** What the run's processes hold at one moment. */
export interface ResourceSample {
  readonly bytes: number;
  readonly handles: number;
  readonly processes: number;
}

/** From here on thirds are long enough to tell growth from warming up. */
export const leastSecondsToJudge = 300;

/** Looks at memory (proportional set size) and open files and sockets, every so often. Linux only: elsewhere there are no samples. */
export class ResourceWatch {
  public readonly samples: ResourceSample[] = [];
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly processIds: () => readonly number[],
    everyMs = 5_000,
  ) {
    this.timer = setInterval(() => this.look(), everyMs);
    this.look();
  }

  public stop(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    try {
      const ids = family(this.processIds());
      const sum = (of: (id: number) => number): number => ids.reduce((total, id) => total + of(id), 0);
      this.samples.push({ bytes: sum(proportionalBytes), handles: sum(handlesOf), processes: ids.length });
    } catch {
      // No /proc here: nothing to report.
    }
  }
}

export interface Growth {
  readonly first: number;
  readonly last: number;
  readonly steady: boolean;
}

/** Medians of the first and of the last third; steady when the last is at most a fifth and `slack` above the first. */
export function growthOf(values: readonly number[], slack: number): Growth | undefined {
  const third = Math.floor(values.length / 3);
  if (third === 0) return undefined;
  const [first, last] = [percentile(values.slice(0, third), 0.5), percentile(values.slice(-third), 0.5)];
  return { first, last, steady: last <= first * 1.2 + slack };
}

function handlesOf(id: number): number {
  try {
    return readdirSync(`/proc/${id}/fd`).length;
  } catch {
    // It has ended meanwhile.
    return 0;
  }
}
