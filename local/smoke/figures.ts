import type { ScenarioReport } from '../../src/scenario/model';

/** The lines that the scenario prints, and whether all of them are as promised. */
export class Figures implements ScenarioReport {
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
