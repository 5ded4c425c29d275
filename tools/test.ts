/**
 * `npm test`: every check of a commit, cheap ones first. `npm test -- --only unit,local [path ...]` runs some of them; `npm run test:full`
 * also the long ones.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { bundlesStep } from './bundles-step';
import { browserAbsence } from './chromium';
import { coverageFloor } from './coverage-floor';
import { engineBinary } from './engine';
import { exampleSteps } from './examples';
import { outcomeOf, type Report } from './jest-outcome';
import {
  Outcome,
  Step,
  command,
  commandStep,
  failed,
  isCi,
  lastLines,
  parseArguments,
  passed,
  root,
  runSteps,
  skipped,
  sum,
} from './steps';

const given = process.argv.slice(2);
/** `npm run test:full`: also what takes too long for every commit. */
const full = given.includes('--full');
const { only, rest } = parseArguments(given.filter((argument) => argument !== '--full'));
const localLeavesOut = ['/node_modules/', ...(full ? [] : ['\\.full\\.test\\.ts$'])].map(
  (pattern) => `--testPathIgnorePatterns=${pattern}`,
);

/** Where no DynamoDB engine runs, the tests on one are left out, and a step says so. */
const withoutEngine = engineBinary() ? [] : ['\\.engine\\.test\\.ts$'];
/** In a step of their own: what they see depends on time. */
const browserTests = '\\.browser\\.test\\.ts$';
/** Measuring coverage makes the simulation and the compiler several times slower, and they are not what coverage is for. */
const unitLeavesOut = [
  '/node_modules/',
  '<rootDir>/test/local/',
  '<rootDir>/test/simulation/',
  '<rootDir>/test/project/',
  browserTests,
  ...withoutEngine,
].map((pattern) => `--testPathIgnorePatterns=${pattern}`);

const folders = ['src', 'local', 'tools', 'test', 'examples', 'projenrc'];
/** What people write in TypeScript; a consumer's app is code of its own language's kind. */
const written = [...folders.map((folder) => `${folder}/**/*.{ts,js,cjs,mjs}`), '.projenrc.ts'];

const steps: Step[] = [
  { name: 'project-files', run: projectFiles },
  commandStep('types', 'tsc', ['--noEmit', '-p', 'tsconfig.dev.json'], { beside: true }),
  commandStep(
    'lint',
    'eslint',
    [
      '--max-warnings',
      '0',
      '--ext',
      '.ts',
      '--report-unused-disable-directives',
      '--no-error-on-unmatched-pattern',
      ...folders,
      '.projenrc.ts',
    ],
    { beside: true, env: { ESLINT_USE_FLAT_CONFIG: 'false', NODE_NO_WARNINGS: '1' } },
  ),
  // `npx prettier --write .` writes what this step asks for.
  commandStep('format', 'prettier', ['--check', '--log-level', 'warn', ...written], { beside: true }),
  commandStep(
    'imports',
    'depcruise',
    ['--config', '.dependency-cruiser.cjs', '--output-type', 'err-long', 'src', 'local', 'tools', 'test', 'examples'],
    { beside: true },
  ),
  // Declared and used nowhere, or used and not declared. What is named by a path or run as a program, which it cannot see, is in knip.json.
  commandStep('dependencies', 'knip', ['--dependencies', '--no-progress', '--no-config-hints'], { beside: true }),
  bundlesStep(),
  { name: 'project', run: () => jest('project', ['--coverage=false', 'test/project/']) },
  { name: 'unit', run: unit },
  { name: 'simulation', run: () => jest('simulation', ['--coverage=false', ...(rest.length > 0 ? rest : ['test/simulation/'])]) },
  ...(withoutEngine.length > 0 ? [engineStep()] : []),
  ...exampleSteps(),
  { name: 'browser', run: browser },
  // In a run of their own, after everything else: they start processes and measure times.
  { name: 'local', run: () => jest('local', [...(rest.length > 0 ? rest : ['test/local/']), '--runInBand', ...localLeavesOut]) },
];

void runSteps(steps, only);

function engineStep(): Step {
  return {
    name: 'engine',
    run: async () =>
      skipped(`no DynamoDB engine comes for ${process.platform}-${process.arch}: *.engine.test.ts were not run; they are on linux-x64`),
  };
}

/** With the coverage of what calls AWS by itself, where nothing was left out of the run. */
async function unit(): Promise<Outcome> {
  const outcome = await jest('unit', [...rest, '--coverage', ...unitLeavesOut]);
  return rest.length > 0 || withoutEngine.length > 0 ? outcome : sum([outcome, coverageFloor()]);
}

/** The local run's page in Chromium. */
async function browser(): Promise<Outcome> {
  const absence = browserAbsence();
  return absence === undefined
    ? jest('browser', ['--coverage=false', '--runInBand', '--testPathPatterns', browserTests])
    : skipped(absence);
}

/** The files that .projenrc.ts generates must be what it generates. */
async function projectFiles(): Promise<Outcome> {
  const { files } = JSON.parse(readFileSync(path.join(root, '.projen', 'files.json'), 'utf8')) as { files: string[] };
  const hashes = (): string[] =>
    files.map((file) => {
      const at = path.join(root, file);
      return existsSync(at) ? createHash('sha256').update(readFileSync(at)).digest('hex') : 'missing';
    });
  const before = hashes();
  const { code, output } = await command('tsx', ['.projenrc.ts'], { env: { PROJEN_DISABLE_POST: 'true' } });
  if (code !== 0) return failed(`.projenrc.ts exited with ${code}:`, lastLines(output, 50));
  const after = hashes();
  const changed = files.filter((_, index) => before[index] !== after[index]);
  return changed.length === 0
    ? passed()
    : failed(
        `${changed.join(', ')} differed from what .projenrc.ts generates: make the change there, run 'npx projen' and commit the result`,
      );
}

/** One jest run; its test cases are counted from its own report, a suite that could not even start as one failure. */
async function jest(name: string, args: readonly string[]): Promise<Outcome> {
  const report = path.join(root, '.tools', 'reports', `${name}.json`);
  mkdirSync(path.dirname(report), { recursive: true });
  rmSync(report, { force: true });
  const { code } = await command('jest', ['--ci', '--json', `--outputFile=${report}`, ...args], {
    live: true,
    env: { NODE_NO_WARNINGS: '1' },
  });
  if (!existsSync(report)) return failed(`jest exited with ${code} before it could report: see its output above`);
  return outcomeOf(JSON.parse(readFileSync(report, 'utf8')) as Report, code, isCi);
}
