/** `npm test`: every check of a commit, cheap ones first. `npm test -- --only unit,local [path ...]` runs some of them; `npm run test:full` also the long ones. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { bundlesStep } from './bundles-step';
import { exampleSteps } from './examples';
import { Outcome, Step, command, commandStep, failed, isCi, lastLines, parseArguments, passed, root, runSteps, skipped } from './steps';
import { engineBinary } from '../test/contract/engine';
import { browserAbsence } from '../test/local-unit/page/chromium';

const given = process.argv.slice(2);
/** `npm run test:full`: also what takes too long for every commit. */
const full = given.includes('--full');
const { only, rest } = parseArguments(given.filter((argument) => argument !== '--full'));
const localLeavesOut = ['/node_modules/', ...(full ? [] : ['\\.full\\.test\\.ts$'])].map((pattern) => `--testPathIgnorePatterns=${pattern}`);

/** Where no DynamoDB engine runs, the tests on one are left out, and a step says so. */
const withoutEngine = engineBinary() ? [] : ['\\.engine\\.test\\.ts$'];
/** In a step of their own: what they see depends on time. */
const browserTests = '\\.browser\\.test\\.ts$';
/** Measuring coverage makes the simulation and the compiler several times slower, and they are not what coverage is for. */
const unitLeavesOut = ['/node_modules/', '<rootDir>/test/local/', '<rootDir>/test/simulation/', '<rootDir>/test/project/', browserTests, ...withoutEngine]
  .map((pattern) => `--testPathIgnorePatterns=${pattern}`);

const steps: Step[] = [
  { name: 'project-files', run: projectFiles },
  commandStep('types', 'tsc', ['--noEmit', '-p', 'tsconfig.dev.json']),
  commandStep('lint', 'eslint', ['--max-warnings', '0', '--ext', '.ts', '--report-unused-disable-directives', '--no-error-on-unmatched-pattern', 'src', 'local', 'tools', 'test', 'examples', '.projenrc.ts'],
    { env: { ESLINT_USE_FLAT_CONFIG: 'false', NODE_NO_WARNINGS: '1' } }),
  commandStep('imports', 'depcruise', ['--config', '.dependency-cruiser.cjs', '--output-type', 'err-long', 'src', 'local', 'tools', 'test', 'examples']),
  // Declared and used nowhere, or used and not declared. What is named by a path or run as a program, which it cannot see, is in knip.json.
  commandStep('dependencies', 'knip', ['--dependencies', '--no-progress', '--no-config-hints']),
  bundlesStep(),
  { name: 'project', run: () => jest('project', ['--coverage=false', 'test/project/']) },
  { name: 'unit', run: () => jest('unit', [...rest, '--coverage', ...unitLeavesOut]) },
  { name: 'simulation', run: () => jest('simulation', ['--coverage=false', ...(rest.length > 0 ? rest : ['test/simulation/'])]) },
  ...(withoutEngine.length > 0 ? [engineStep()] : []),
  ...exampleSteps(),
  { name: 'browser', run: browser },
  // In a run of their own, after everything else: they start processes and measure times.
  { name: 'local', run: () => jest('local', [...(rest.length > 0 ? rest : ['test/local/']), '--runInBand', ...localLeavesOut]) },
];

void runSteps(steps, only);

function engineStep(): Step {
  return { name: 'engine', run: async () => skipped(`no DynamoDB engine comes for ${process.platform}-${process.arch}: *.engine.test.ts were not run; they are on linux-x64`) };
}

/** The local run's page in Chromium. */
async function browser(): Promise<Outcome> {
  const absence = browserAbsence();
  return absence === undefined ? jest('browser', ['--coverage=false', '--runInBand', '--testPathPatterns', browserTests]) : skipped(absence);
}

/** The files that .projenrc.ts generates must be what it generates. */
async function projectFiles(): Promise<Outcome> {
  const { files } = JSON.parse(readFileSync(path.join(root, '.projen', 'files.json'), 'utf8')) as { files: string[] };
  const hashes = (): string[] => files.map((file) => {
    const at = path.join(root, file);
    return existsSync(at) ? createHash('sha256').update(readFileSync(at)).digest('hex') : 'missing';
  });
  const before = hashes();
  const { code, output } = await command('tsx', ['.projenrc.ts'], { env: { PROJEN_DISABLE_POST: 'true' } });
  if (code !== 0) return failed(`.projenrc.ts exited with ${code}:`, lastLines(output, 50));
  const after = hashes();
  const changed = files.filter((_, index) => before[index] !== after[index]);
  return changed.length === 0 ? passed() : failed(`${changed.join(', ')} differed from what .projenrc.ts generates: make the change there, run 'npx projen' and commit the result`);
}

type Report = Record<'numPassedTests' | 'numFailedTests' | 'numPendingTests' | 'numTodoTests' | 'numRuntimeErrorTestSuites', number> & {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string; readonly failureMessages: readonly string[] }[];
  }[];
};

/** Every failed case with the beginning of its message, where the cause stands; without colours. */
function causes({ testResults }: Report): string[] {
  const beginning = (text: string): string => text.replace(/\u001b\[\d+m/g, '').split('\n').filter((line) => line.trim() !== '' && !/^\s+at .*(node_modules|node:)/.test(line)).slice(0, 12).map((line) => `      ${line.slice(0, 300)}`).join('\n');
  return testResults.flatMap(({ name, message, assertionResults }) => {
    const cases = assertionResults.filter(({ status }) => status === 'failed');
    const file = path.relative(root, name);
    if (cases.length > 0) return cases.map(({ fullName, failureMessages }) => `${file}: ${fullName}\n${beginning(failureMessages.join('\n'))}`);
    return assertionResults.length === 0 && message !== '' ? [`${file}\n${beginning(message)}`] : [];
  });
}

/** One jest run; its test cases are counted from its own report, a suite that could not even start as one failure. */
async function jest(name: string, args: readonly string[]): Promise<Outcome> {
  const report = path.join(root, '.tools', 'reports', `${name}.json`);
  mkdirSync(path.dirname(report), { recursive: true });
  rmSync(report, { force: true });
  const { code } = await command('jest', ['--ci', '--json', `--outputFile=${report}`, ...args], { live: true, env: { NODE_NO_WARNINGS: '1' } });
  if (!existsSync(report)) return failed(`jest exited with ${code} before it could report: see its output above`);
  const counts = JSON.parse(readFileSync(report, 'utf8')) as Report;
  // A case that is skipped for want of a tool is a failure in CI, where nothing may be left out quietly.
  const left = counts.numPendingTests;
  const failures = counts.numFailedTests + counts.numRuntimeErrorTestSuites + (isCi ? left : 0);
  const none = counts.numPassedTests + failures === 0;
  const unexplained = failures === 0 && (code !== 0 || none) ? 1 : 0;
  return {
    passed: counts.numPassedTests,
    failed: failures + unexplained,
    skipped: counts.numTodoTests + (isCi ? 0 : left),
    notes: [
      ...(none ? ['no test was found'] : unexplained ? [`jest exited with ${code} although no test failed`] : []),
      ...causes(counts),
      ...(isCi && left > 0 ? [`${left} test cases were skipped, which CI=true does not allow: see 'skipped' above`] : []),
    ],
  };
}
