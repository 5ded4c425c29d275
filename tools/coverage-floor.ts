import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { failed, type Outcome, passed, root } from './steps';

/** Jest's `coverage-summary.json`, as far as it is read: by absolute path. */
export type CoverageSummary = Readonly<
  Record<string, Readonly<Record<Measure, { readonly total: number; readonly covered: number; readonly pct: number }>>>
>;
type Measure = 'lines' | 'branches' | 'functions';

interface Group {
  readonly name: string;
  readonly files: RegExp;
  /** Per cent of all files of the group together. */
  readonly floors: Readonly<Record<Measure, number>>;
  /** Per cent of the lines of each file: none is left to the deployed tests alone. */
  readonly eachLines: number;
}

/**
 * What stands between the services and AWS, counted by itself: among all files it would not show that nothing in the process reaches it. A
 * floor only rises: set it a little below what the step says.
 */
export const coverageGroups: readonly Group[] = [
  {
    name: 'adapters (aws.ts, *.aws.ts)',
    files: /^src\/(.*[/.])?aws\.ts$/,
    floors: { lines: 98, branches: 85, functions: 96 },
    eachLines: 90,
  },
  { name: 'handlers (*.handler.ts)', files: /^src\/.*\.handler\.ts$/, floors: { lines: 94, branches: 65, functions: 78 }, eachLines: 40 },
];

/** Holds each group to its floor: one line a group, and each file that is below its own. */
export function coverageOutcome(summary: CoverageSummary, from: string, groups: readonly Group[] = coverageGroups): Outcome {
  const files = Object.entries(summary).map(([file, counts]) => ({ file: path.relative(from, file).replaceAll(path.sep, '/'), counts }));
  const problems: string[] = [];
  const notes = groups.map(({ name, files: pattern, floors, eachLines }) => {
    const own = files.filter(({ file }) => pattern.test(file));
    if (own.length === 0) problems.push(`coverage of ${name}: no file was measured: see collectCoverageFrom in .projenrc.ts`);
    const percents = (Object.keys(floors) as Measure[]).map((measure) => {
      const [total, covered] = (['total', 'covered'] as const).map((which) =>
        own.reduce((sum, { counts }) => sum + counts[measure][which], 0),
      );
      const percent = total === 0 ? 100 : (100 * covered) / total;
      if (percent < floors[measure]) {
        problems.push(
          `coverage of ${name}: ${percent.toFixed(1)} % of the ${measure}, at least ${floors[measure]} % are asked for: test ` +
            `what was added`,
        );
      }
      return `${percent.toFixed(1)} % of the ${measure}`;
    });
    for (const {
      file,
      counts: { lines },
    } of own) {
      if (lines.pct < eachLines) {
        problems.push(
          `coverage of ${file}: ${lines.pct} % of the lines, at least ${eachLines} % are asked for, by tests in the process: ` +
            `test/runtime/fake-aws.ts stands for AWS`,
        );
      }
    }
    return `coverage of ${name}: ${percents.join(', ')}`;
  });
  return problems.length === 0 ? passed(...notes) : failed(...notes, ...problems);
}

/** The same for the run that has just ended. */
export function coverageFloor(): Outcome {
  const file = path.join(root, 'coverage', 'coverage-summary.json');
  if (!existsSync(file)) return failed(`there is no ${path.relative(root, file)}: jest measured nothing`);
  return coverageOutcome(JSON.parse(readFileSync(file, 'utf8')) as CoverageSummary, root);
}
