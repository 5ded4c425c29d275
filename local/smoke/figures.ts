/** The lines that the scenario prints, and whether all of them are as promised. */
export class Figures {
  private passed = 0;
  private failed = 0;

  constructor(private readonly print: (line: string) => void) {}

  public get allPassed(): boolean {
    return this.failed === 0 && this.passed > 0;
  }

  public heading(title: string): void {
    this.print(`\n${title}`);
  }

  /** A figure that is as promised or not. */
  public check(name: string, ok: boolean, value: unknown, note = ''): void {
    if (ok) this.passed += 1;
    else this.failed += 1;
    this.line(ok ? 'pass' : 'FAIL', name, value, note);
  }

  /** A figure to know, without a promise. */
  public note(name: string, value: unknown, note = ''): void {
    this.line('    ', name, value, note);
  }

  public summary(seconds: number, name = 'smoke'): void {
    this.print(`\n${name}: ${this.passed} passed, ${this.failed} failed, in ${seconds.toFixed(0)} s`);
  }

  private line(mark: string, name: string, value: unknown, note: string): void {
    this.print(`  ${mark}  ${name.padEnd(44)} ${String(value)}${note ? `   (${note})` : ''}`);
  }
}

/** The value below which the share `p` of the sorted values lies. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))] : 0;
}

/** Runs `work` for each item, so many at once, in order of the items. */
export async function eachOf<T, R>(items: readonly T[], atOnce: number, work: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array(items.length);
  let next = 0;
  await Promise.all(
    Array.from({ length: Math.min(atOnce, items.length) }, async () => {
      while (next < items.length) {
        const index = next;
        next += 1;
        results[index] = await work(items[index], index);
      }
    }),
  );
  return results;
}
