import { readdirSync, readFileSync } from 'node:fs';

/** Watches the proportional set size of processes and all that they started. Linux only: elsewhere the peak stays undefined. */
export class MemoryWatch {
  public peakBytes?: number;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly processIds: () => readonly number[],
    everyMs = 2000,
  ) {
    this.timer = setInterval(() => this.look(), everyMs);
    this.look();
  }

  public stop(): void {
    clearInterval(this.timer);
    this.look();
  }

  private look(): void {
    try {
      const bytes = family(this.processIds()).reduce((sum, id) => sum + proportionalBytes(id), 0);
      if (bytes > 0) this.peakBytes = Math.max(this.peakBytes ?? 0, bytes);
    } catch {
      // No /proc here: nothing to report.
    }
  }
}

/** The processes and all that they started. */
export function family(roots: readonly number[]): number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const parent = parentOf(Number(entry));
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const ids = new Set<number>();
  const add = (id: number): void => {
    if (ids.has(id)) return;
    ids.add(id);
    (children.get(id) ?? []).forEach(add);
  };
  roots.forEach(add);
  return [...ids];
}

function parentOf(id: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${id}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

export function proportionalBytes(id: number): number {
  try {
    return Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${id}/smaps_rollup`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    // It has ended meanwhile.
    return 0;
  }
}
