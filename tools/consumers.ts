/**
 * The packages as their users get them. A small app is synthesised in TypeScript and Python, and the templates must be equal; then the apps
 * that `init` writes, in every language.
 */
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ConsumerError, must, outside, packageIn } from './consumers-commands';
import { initSteps } from './consumers-init';
import { bundlers, forms, takeLocally, takesAnEvent } from './consumers-runtime';
import { compare, keepsData } from './consumers-templates';
import { Outcome, Step, failed, hasProgram, passed, root, skipped, sum } from './steps';

const sources = path.join(root, 'test', 'consumers');
const workshop = path.join(root, '.tools', 'consumers');

const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { devDependencies: Record<string, string> };
/** What the app uses, in every language. */
const versions = { cdk: manifest.devDependencies['aws-cdk-lib'], constructs: manifest.devDependencies.constructs };

/** The steps, TypeScript first: its templates are what the others are compared with. */
export function consumerSteps(): Step[] {
  return [
    { name: 'use-typescript', run: () => attempt('typescript', [], useTypescript) },
    { name: 'use-runtime', run: () => outside((folder) => attempt('runtime', [], useRuntime, tryForms, folder)) },
    { name: 'use-python', run: () => attempt('python', ['python3'], usePython) },
    ...initSteps(workshop),
  ];
}

/** esbuild's three, two each of rollup, webpack and plain Node, and three of `NodejsFunction`. */
const leastForms = 12;

async function attempt(
  language: string,
  programs: readonly string[],
  use: (folder: string) => Promise<void>,
  judge: (folder: string) => Outcome | Promise<Outcome> = (made) => compare(made, path.join(workshop, 'typescript')),
  folder = path.join(workshop, language),
): Promise<Outcome> {
  const missing = programs.filter((program) => !hasProgram(program));
  if (missing.length > 0) return skipped(`the ${language} package cannot be tried without ${missing.join(' and ')}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(path.join(sources, language), folder, { recursive: true });
  fillPlaceholders(folder);
  try {
    await use(folder);
  } catch (error) {
    if (error instanceof ConsumerError) return failed(error.message);
    throw error;
  }
  return judge(folder);
}

async function useTypescript(folder: string): Promise<void> {
  const options = { cwd: folder };
  await must(
    'npm',
    [
      'install',
      '--no-audit',
      '--no-fund',
      '--prefer-offline',
      '--loglevel=error',
      packageIn('js', '.jsii.tgz'),
      `aws-cdk-lib@${versions.cdk}`,
      `constructs@${versions.constructs}`,
    ],
    options,
  );
  await must('tsc', ['--noEmit', '-p', '.'], options);
  const tsx = ['--import', path.join(root, 'node_modules', 'tsx', 'dist', 'loader.mjs')];
  await must('node', [...tsx, 'app.ts'], options);
  await must('node', [...tsx, 'handlers.ts'], options);
  // As a module too: the runtime and the schemas are found by the names that the manual gives.
  const asModule =
    "import { createPublisher } from 'cdk-multi-region-payments/runtime'; import schema from " +
    "'cdk-multi-region-payments/schemas/event.schema.json' with { type: 'json' }; " +
    "if (typeof createPublisher !== 'function' || schema.title !== 'Event') process.exit(1);";
  await must('node', ['--input-type=module', '--eval', asModule], options);
}

/** The runtime in an empty folder: nothing but the package, what it asks for, and the bundlers. */
async function useRuntime(folder: string): Promise<void> {
  const options = { cwd: folder };
  await must(
    'npm',
    ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', packageIn('js', '.jsii.tgz'), ...bundlers],
    options,
  );
  await must('tsc', ['--noEmit', '-p', '.'], options);
  await must('node', ['bundle.mjs'], options);
  const tsx = ['--import', path.join(root, 'node_modules', 'tsx', 'dist', 'loader.mjs')];
  await must('node', [...tsx, 'app.ts'], options);
  // npm has taken the newest aws-cdk-lib that the package allows; everywhere else it is the lowest.
  cpSync(path.join(sources, 'typescript', 'app.ts'), path.join(folder, 'newest.ts'));
  await must('node', [...tsx, 'newest.ts'], { ...options, env: { CDK_OUTDIR: path.join(folder, 'newest') } });
}

/** Each form takes an event, by itself and then deployed; every one counts. */
async function tryForms(folder: string): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  for (const file of forms(folder)) {
    const problem = await takesAnEvent(folder, file);
    outcomes.push(problem === undefined ? passed() : failed(problem));
  }
  if (outcomes.length < leastForms) return failed(`only ${outcomes.length} forms were made, not ${leastForms}`);
  const newest = JSON.parse(readFileSync(path.join(folder, 'node_modules', 'aws-cdk-lib', 'package.json'), 'utf8')) as { version: string };
  const data = keepsData(path.join(folder, 'newest'), path.join(workshop, 'typescript', 'cdk.out'), newest.version);
  return sum([...outcomes, data, await takeLocally(folder)]);
}

async function usePython(folder: string): Promise<void> {
  const options = { cwd: folder };
  await must('python3', ['-m', 'venv', 'venv'], options);
  await must(
    path.join(folder, 'venv', 'bin', 'pip'),
    [
      'install',
      '--quiet',
      '--no-compile',
      '--disable-pip-version-check',
      packageIn('python', '.whl'),
      `aws-cdk-lib==${versions.cdk}`,
      `constructs==${versions.constructs}`,
    ],
    options,
  );
  await must(path.join(folder, 'venv', 'bin', 'python'), ['app.py'], options);
}

/** The consumers' build files name a place that only the build knows. */
function fillPlaceholders(folder: string): void {
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(xml|mod|json)$/.test(name))) {
    const at = path.join(folder, file);
    writeFileSync(at, readFileSync(at, 'utf8').replaceAll('@@REPOSITORY@@', root));
  }
}
