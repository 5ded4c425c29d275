import { coverageGroups, coverageOutcome, CoverageSummary } from '../../tools/coverage-floor';

const count = (covered: number, total = 100) => ({ total, covered, pct: (100 * covered) / total });
const file = (lines: number, branches = lines): CoverageSummary[string] => ({
  lines: count(lines),
  branches: count(branches),
  functions: count(lines),
});
const groups = [{ name: 'adapters', files: /\.aws\.ts$/, floors: { lines: 80, branches: 50, functions: 50 }, eachLines: 40 }];

test('a group is shown by itself, whatever the other files come to', () => {
  const outcome = coverageOutcome(
    { total: file(1), '/r/src/a.aws.ts': file(90, 60), '/r/src/b.aws.ts': file(80, 70), '/r/src/domain.ts': file(0) },
    '/r',
    groups,
  );
  expect(outcome).toEqual({
    passed: 1,
    failed: 0,
    skipped: 0,
    notes: ['coverage of adapters: 85.0 % of the lines, 65.0 % of the branches, 85.0 % of the functions'],
  });
});

test.each<[string, CoverageSummary, string]>([
  [
    'a group below its floor',
    { '/r/src/a.aws.ts': file(79), '/r/src/domain.ts': file(100) },
    '79.0 % of the lines, at least 80 % are asked for',
  ],
  ['another measure below its floor', { '/r/src/a.aws.ts': file(90, 40) }, '40.0 % of the branches, at least 50 % are asked for'],
  [
    'one file that nothing reaches among many',
    { '/r/src/a.aws.ts': file(100), '/r/src/b.aws.ts': file(100), '/r/src/c.aws.ts': file(100), '/r/src/d.aws.ts': file(39) },
    'coverage of src/d.aws.ts: 39 % of the lines',
  ],
  ['a group of which nothing was measured', { '/r/src/domain.ts': file(100) }, 'no file was measured'],
])('%s fails the step, and is named', (_what, summary, problem) => {
  const outcome = coverageOutcome(summary, '/r', groups);
  expect([outcome.failed, outcome.notes!.join('\n')]).toEqual([1, expect.stringContaining(problem)]);
});

test.each<[string, string | undefined]>([
  ['src/ledger/aws.ts', 'adapters (aws.ts, *.aws.ts)'],
  ['src/cutover/machine/caller.aws.ts', 'adapters (aws.ts, *.aws.ts)'],
  ['src/api/functions/health.handler.ts', 'handlers (*.handler.ts)'],
  ['src/ledger/protocol/service.ts', undefined],
  ['local/services/aws.ts', undefined],
])('%s belongs to %s', (path, name) => {
  expect(coverageGroups.find(({ files }) => files.test(path))?.name).toBe(name);
});
