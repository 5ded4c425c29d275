import { nameOf, StatedCondition, statedConditions } from './derive';
import { equivalent, reasonOf } from './equivalent';
import { simulate } from './simulated';
import { recorded, write } from './table';
import { runTests, testsBySource } from './tests';
import { turns } from '../../../turns';

export interface ConditionsTask {
  /** Only conditions whose file, function or text contains this. */
  readonly only?: string;
  /** Seeds of each kind for what the tests do not notice. */
  readonly seeds: number;
  readonly write: boolean;
  readonly atOnce: number;
}

/** Test files that are still at work after this are ended; the one that was under way must not end alone either to count as hung. */
const testsWithinMs = 300_000;
const fileWithinMs = 120_000;
const seedWithinMs = 60_000;

type Verdict =
  | { readonly kind: 'noticed'; readonly by: string }
  | { readonly kind: 'equivalent'; readonly reason: string }
  | { readonly kind: 'survived' };

/** Leaves each condition out, and says which ones nothing noticed; whether there were none but those with a reason. */
export async function findSurvivors(task: ConditionsTask, print: (line: string) => void): Promise<boolean> {
  const all = statedConditions();
  const unknown = Object.keys(equivalent).filter((name) => !all.some((condition) => nameOf(condition) === name));
  if (unknown.length > 0) throw new Error(`equivalent.ts gives reasons for conditions that no file states: ${unknown.join('; ')}`);
  const { only = '' } = task;
  const chosen = all.filter((condition) => only.split('|').some((text) => nameOf(condition).includes(text)));
  if (chosen.length === 0) {
    throw new Error(`no condition's file, function or text contains '${only}': leave --only out to see all ${all.length}`);
  }
  print(`${chosen.length} of ${all.length} conditions`);

  const tests = await testsBySource();
  await expectGreen([...new Set(chosen.flatMap(({ file }) => tests.get(file) ?? []))], print);
  const verdicts: Verdict[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: task.atOnce }, async () => {
      while (next < chosen.length) {
        const at = next;
        next += 1;
        const started = Date.now();
        verdicts[at] = await tryWithout(chosen[at], tests.get(chosen[at].file) ?? [], task.seeds);
        print(
          `${String(at + 1).padStart(3)}/${chosen.length} ${((Date.now() - started) / 1000).toFixed(0).padStart(3)} s  ` +
            `${nameOf(chosen[at])}: ${spoken(verdicts[at])}`,
        );
      }
    }),
  );

  const survived = chosen.filter((_, at) => verdicts[at].kind === 'survived');
  const count = (kind: Verdict['kind']): number => verdicts.filter((verdict) => verdict.kind === kind).length;
  print(`${count('noticed')} noticed, ${count('equivalent')} equivalent, ${survived.length} survived`);
  for (const condition of survived) print(`survived: ${nameOf(condition)}`);
  if (survived.length > 0) {
    print(
      'write a test that fails without it, one that stages the race at the port; or give the reason why nothing can tell in ' +
        'test/simulation/mistakes/conditions/equivalent.ts',
    );
  }
  if (task.write && survived.length === 0) write(all, new Map(chosen.map((condition, at) => [nameOf(condition), spoken(verdicts[at])])));
  return survived.length === 0;
}

/** What fails as shipped is no proof that anything was noticed; what fails once and not again, on a busy machine, neither way. */
async function expectGreen(files: readonly string[], print: (line: string) => void): Promise<void> {
  const started = Date.now();
  const together = await runTests(files, undefined, 10 * testsWithinMs);
  const tested = together.kind === 'green' ? together : await runTests([together.file], undefined, fileWithinMs);
  if (tested.kind === 'hung') throw new Error(`${tested.file} does not end as shipped within ${fileWithinMs / 1000} s: mend it first`);
  if (tested.kind === 'red') throw new Error(`'${tested.test}' of ${tested.file} fails as shipped: mend it first\n${tested.message}`);
  print(`${files.length} test files pass as shipped, in ${((Date.now() - started) / 1000).toFixed(0)} s`);
}

/** Runs test files until one is red or hangs, and is so by itself too: a busy machine must not pass for a test that noticed something. */
async function noticedBy(files: readonly string[], condition: StatedCondition): Promise<string | undefined> {
  const turn = turns('running test files against one condition');
  for (let left = files; left.length > 0;) {
    turn();
    const together = await runTests(left, condition, testsWithinMs);
    if (together.kind === 'green') return undefined;
    const { file } = together;
    const alone = await runTests([file], condition, fileWithinMs);
    if (alone.kind === 'red') return `${file}: ${alone.test}`;
    if (alone.kind === 'hung') return `hangs: ${file}`;
    left = left.filter((other) => other !== file);
  }
  return undefined;
}

/** The test file of the table first, then all others that load the file, then the simulation: most end after seconds. */
async function tryWithout(condition: StatedCondition, tests: readonly string[], seeds: number): Promise<Verdict> {
  const known = recorded()
    .find(({ name }) => name === nameOf(condition))
    ?.by.split(': ')[0];
  const first = tests.filter((test) => test === known || (known === undefined && test.includes('races')));
  for (const files of [first, tests.filter((test) => !first.includes(test))]) {
    const by = await noticedBy(files, condition);
    if (by !== undefined) return { kind: 'noticed', by };
  }
  const reason = reasonOf(condition);
  const simulated = await simulate(condition, reason === undefined ? seeds : 1, seedWithinMs);
  if (simulated?.kind === 'broken') return { kind: 'noticed', by: `simulation: ${simulated.what}` };
  if (simulated?.kind === 'hung') return { kind: 'noticed', by: `hangs: simulation, ${simulated.what}` };
  return reason === undefined ? { kind: 'survived' } : { kind: 'equivalent', reason };
}

function spoken(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'noticed':
      return verdict.by;
    case 'equivalent':
      return `nothing: ${verdict.reason}`;
    case 'survived':
      return 'SURVIVED';
  }
}
