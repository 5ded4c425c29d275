/** The packages as their users get them: in each language the same small app is synthesised, and the templates must be equal. */
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ConsumerError, dist, must, outside, packageIn } from './consumers-commands';
import { initSteps } from './consumers-init';
import { bundlers, forms, takeLocally, takesAnEvent } from './consumers-runtime';
import { compare } from './consumers-templates';
import { Outcome, Step, failed, hasProgram, passed, root, skipped, sum } from './steps';

const sources = path.join(root, 'test', 'consumers');
const workshop = path.join(root, '.tools', 'consumers');

const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
  version: string;
  devDependencies: Record<string, string>;
};
/** What the app uses, in every language. */
const versions = { ours: manifest.version, cdk: manifest.devDependencies['aws-cdk-lib'], constructs: manifest.devDependencies.constructs };

/** The steps, TypeScript first: its templates are what the others are compared with. */
export function consumerSteps(): Step[] {
  return [
    { name: 'use-typescript', run: () => attempt('typescript', [], useTypescript) },
    { name: 'use-runtime', run: () => outside((folder) => attempt('runtime', [], useRuntime, tryForms, folder)) },
    { name: 'use-python', run: () => attempt('python', ['python3'], usePython) },
    { name: 'use-java', run: () => attempt('java', ['javac', 'mvn'], useJava) },
    { name: 'use-go', run: () => attempt('go', ['go'], useGo) },
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
  await must('node', ['--import', path.join(root, 'node_modules', 'tsx', 'dist', 'loader.mjs'), 'app.ts'], options);
}

/** Each form takes an event, by itself and then deployed; every one counts. */
async function tryForms(folder: string): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  for (const file of forms(folder)) {
    const problem = await takesAnEvent(folder, file);
    outcomes.push(problem === undefined ? passed() : failed(problem));
  }
  if (outcomes.length < leastForms) return failed(`only ${outcomes.length} forms were made, not ${leastForms}`);
  return sum([...outcomes, await takeLocally(folder)]);
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

async function useJava(folder: string): Promise<void> {
  const repository = path.join(root, '.tools', 'm2');
  // Maven never looks again for a release that it has: forget the one of the last build.
  for (const group of packagesOf(path.join(dist, 'java'))) rmSync(path.join(repository, group), { recursive: true, force: true });
  await must('mvn', ['--batch-mode', '--no-transfer-progress', '--quiet', `-Dmaven.repo.local=${repository}`, 'compile', 'exec:java'], {
    cwd: folder,
  });
}

async function useGo(folder: string): Promise<void> {
  const options = { cwd: folder, env: { GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'local' } };
  await must('go', ['mod', 'tidy'], options);
  await must('go', ['run', '.'], options);
}

/** Folders of artifacts in a Maven repository, relative to it. */
function packagesOf(repository: string): string[] {
  if (!existsSync(repository)) throw new ConsumerError('dist/java is missing: the step "packages" makes it');
  return readdirSync(repository, { recursive: true, encoding: 'utf8' })
    .filter((file) => path.basename(file) === 'maven-metadata.xml')
    .map((file) => path.dirname(file));
}

/** The consumers' build files name versions and places that only the build knows. */
function fillPlaceholders(folder: string): void {
  const values: Record<string, string> = {
    OUR_VERSION: versions.ours,
    CDK_VERSION: versions.cdk,
    CONSTRUCTS_VERSION: versions.constructs,
    DIST: dist,
    REPOSITORY: root,
  };
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(xml|mod|json)$/.test(name))) {
    const at = path.join(folder, file);
    writeFileSync(
      at,
      readFileSync(at, 'utf8').replace(/@@([A-Z_]+)@@/g, (whole, key: string) => values[key] ?? whole),
    );
  }
}
