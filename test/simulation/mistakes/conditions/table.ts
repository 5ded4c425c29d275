import { nameOf, StatedCondition } from './derive';
import { DocumentTable } from '../document-table';

const table = new DocumentTable('<!-- conditions: npm run simulate -- --conditions --write -->', '<!-- end of conditions -->');

/** What a condition's entry in the table says: by which test file it was noticed, and how; or why nothing can notice it. */
export interface Entry {
  readonly name: string;
  readonly by: string;
}

/** The table as it is recorded. */
export function recorded(): readonly Entry[] {
  return table.rows().map((line) => {
    const [file, where, what, by] = line.slice(2, -2).split(' | ').map(plain);
    return { name: `${file}, ${where}: ${what}`, by };
  });
}

/** Writes the table anew: all that is stated, with what was found out now, or else what is recorded; what is neither stays out. */
export function write(stated: readonly StatedCondition[], found: ReadonlyMap<string, string>): void {
  const known = new Map([...recorded().map(({ name, by }) => [name, by] as const), ...found]);
  const lines = stated.flatMap((condition) => {
    const { file, where, what } = condition;
    const by = known.get(nameOf(condition));
    return by === undefined ? [] : [`| ${file} | ${where} | \`${cell(what)}\` | ${cell(by)} |`];
  });
  table.write(['| file below `src/` | in | condition | without it fails |', '|---|---|---|---|', ...lines]);
}

/** How the list of the files and that of the table differ; empty: not at all. */
export function differences(stated: readonly StatedCondition[]): readonly string[] {
  const [now, then] = [new Set(stated.map(nameOf)), new Set(recorded().map(({ name }) => name))];
  return [
    ...[...now].filter((name) => !then.has(name)).map((name) => `not in the table: ${name}`),
    ...[...then].filter((name) => !now.has(name)).map((name) => `in the table, and stated nowhere: ${name}`),
  ];
}

const cell = (text: string): string => text.replace(/\|/g, '\\|').replace(/\s+/g, ' ');
const plain = (text: string): string => text.replace(/\\\|/g, '|').replace(/^`|`$/g, '');
