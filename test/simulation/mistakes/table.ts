import { Mistake, mistakes } from './catalogue';
import { DocumentTable } from './document-table';
import { plant } from './plant';
import { modes, RunOptions, runSeed } from '../run';

const table = new DocumentTable('<!-- mistakes: npm run simulate -- --mistakes --write -->', '<!-- end of mistakes -->');

/** What a mistake came to: how many seeds it took, and what the first of them that failed shows. */
export interface Caught {
  readonly name: string;
  readonly seeds: number;
  readonly invariants: readonly string[];
}

/** Runs a mistake from seed 1 on, or with the likeliest seed first, in both modes, until an invariant breaks; undefined: none did. */
export async function catchMistake(mistake: Mistake, seedsAtMost: number, likeliest: readonly number[] = []): Promise<Caught | undefined> {
  const subject = await plant(mistake);
  for (const seed of [...likeliest, ...Array.from({ length: seedsAtMost }, (_, place) => place + 1)]) {
    for (const mode of mistake.modes ?? modes) {
      const { payments = 200, table: kind = 'STRONG', events = false, rolling = false } = mistake;
      const options = { seed, mode, payments, table: kind, events, rolling };
      const { violations } = await runSeed({ ...options, subject });
      // What fails without the mistake too is no proof that it was noticed.
      if (violations.length > 0 && mistake.edits && !(await isClean(options))) {
        throw new Error(`${mode} seed ${seed} fails without '${mistake.name}' too`);
      }
      if (violations.length > 0) {
        return { name: mistake.name, seeds: seed, invariants: [...new Set(violations.map(({ invariant }) => invariant))] };
      }
    }
  }
  return undefined;
}

const clean = new Map<string, boolean>();

/** Whether the shipped files pass a run, which is the same for many mistakes. */
async function isClean(options: RunOptions): Promise<boolean> {
  const run = JSON.stringify(options);
  const known = clean.get(run) ?? (await runSeed(options)).violations.length === 0;
  clean.set(run, known);
  return known;
}

export const seedsAtMost = 500;

/** Catches every mistake; the lines of the table in docs/reliability.md. */
export async function catchAll(report: (line: string) => void): Promise<readonly string[]> {
  const lines = ['| mistake | seeds needed | invariants that broke |', '|---|---|---|'];
  for (const mistake of mistakes) {
    const caught = await catchMistake(mistake, seedsAtMost);
    if (!caught) throw new Error(`'${mistake.name}' was not caught within ${seedsAtMost} seeds`);
    lines.push(`| ${caught.name} | ${caught.seeds} | ${caught.invariants.join('; ')} |`);
    report(lines[lines.length - 1]);
  }
  return lines;
}

/** The table as it is recorded. */
export function recorded(): readonly Caught[] {
  return table.rows().map((line) => {
    const [, name, seeds, invariants] = line.split('|').map((cell) => cell.trim());
    return { name, seeds: Number(seeds), invariants: invariants.split('; ') };
  });
}

export function write(lines: readonly string[]): void {
  table.write(lines);
}
