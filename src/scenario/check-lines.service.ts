import type { ScenarioReport } from './model';

/** One figure that is as promised or not. */
export interface CheckLine {
  readonly part: string;
  readonly name: string;
  readonly ok: boolean;
  readonly figure: string;
  readonly note: string;
}

/** What was found, and one line of each check for the terminal. What must not be told is hidden in both. */
export class CheckLines implements ScenarioReport {
  public readonly checks: CheckLine[] = [];
  /** Figures without a promise. */
  public readonly notes: Omit<CheckLine, 'ok'>[] = [];
  private part = '';

  /** @param hide takes what is secret out of a text */
  constructor(
    private readonly print: (line: string) => void,
    private readonly hide: (text: string) => string = (text) => text,
  ) {}

  public heading(title: string): void {
    this.part = title;
  }

  public check(name: string, ok: boolean, value: unknown, note = ''): void {
    const line = { part: this.part, name, ok, figure: this.text(value), note: this.text(note) };
    this.checks.push(line);
    const figure = `${line.figure}${line.note ? ` (${line.note})` : ''}`;
    this.print(ok ? `ok ${name}: ${figure}` : `FAIL ${name}: ${figure}`);
  }

  public note(name: string, value: unknown, note = ''): void {
    this.notes.push({ part: this.part, name, figure: this.text(value), note: this.text(note) });
  }

  public get passed(): number {
    return this.checks.filter(({ ok }) => ok).length;
  }

  public get failed(): number {
    return this.checks.length - this.passed;
  }

  private text(value: unknown): string {
    return this.hide(String(value)).replace(/\s+/g, ' ').trim();
  }
}
