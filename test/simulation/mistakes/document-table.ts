import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../bundle';

const document = path.join(root, 'docs', 'reliability.md');

/** A table in docs/reliability.md that a command renews: it stands between two comments, of which the first names the command. */
export class DocumentTable {
  constructor(
    private readonly begin: string,
    private readonly end: string,
  ) {}

  /** Its lines as they are recorded, without the heading. */
  public rows(): readonly string[] {
    const text = readFileSync(document, 'utf8');
    return text
      .slice(text.indexOf(this.begin), text.indexOf(this.end))
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .slice(1);
  }

  /** Puts lines into its place, heading included. */
  public write(lines: readonly string[]): void {
    const text = readFileSync(document, 'utf8');
    writeFileSync(
      document,
      `${text.slice(0, text.indexOf(this.begin) + this.begin.length)}\n${lines.join('\n')}\n${text.slice(text.indexOf(this.end))}`,
    );
  }
}
