/** `npm run build`: handlers, library, API.md and the packages of all languages into dist/, then the packages as their users get them. */
import { existsSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { apiBreaks } from './api/breaks';
import { bundlesStep } from './bundles-step';
import { consumerSteps } from './consumers';
import { writeRuntimeTypes } from './runtime-types';
import {
  Outcome,
  Step,
  command,
  commandStep,
  failed,
  hasProgram,
  isCi,
  lastLines,
  parseArguments,
  passed,
  root,
  runSteps,
  skipped,
  sum,
} from './steps';

const { only } = parseArguments(process.argv.slice(2));

const steps: Step[] = [
  bundlesStep(),
  { name: 'runtime-types', run: runtimeTypes },
  { name: 'compile', run: compile },
  { name: 'api-breaks', run: apiBreaks },
  { name: 'api-docs', run: apiDocs },
  { name: 'packages', run: packageAll },
  { name: 'npm-contents', run: npmContents },
  ...consumerSteps(),
];

void runSteps(steps, only);

/** jsii leaves files of deleted sources in lib/, and everything in lib/ is published. */
async function compile(): Promise<Outcome> {
  for (const made of ['lib', '.jsii', 'tsconfig.tsbuildinfo']) rmSync(path.join(root, made), { recursive: true, force: true });
  return commandStep('compile', 'jsii', ['--silence-warnings=reserved-word']).run();
}

/** What teams' own functions use, for TypeScript. */
async function runtimeTypes(): Promise<Outcome> {
  const problems = writeRuntimeTypes(root);
  return problems.length === 0 ? passed() : failed(...problems);
}

/** The reference is read on the repository's page, so the committed one must be the current one. */
async function apiDocs(): Promise<Outcome> {
  const file = path.join(root, 'API.md');
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const { code, output } = await command('jsii-docgen', ['-o', 'API.md']);
  if (code !== 0) return failed(`jsii-docgen exited with ${code}:`, lastLines(output, 50));
  if (readFileSync(file, 'utf8') === before) return passed();
  return isCi ? failed("API.md was not up to date: commit the one that 'npm run build' makes") : passed('API.md was renewed: commit it');
}

/**
 * Size of the npm package in bytes. Most of it is the bundles: some thirty functions, since each right has one of its own, and the
 * commands.
 */
const packageLimit = 4_000_000;

const names: Readonly<Record<string, string>> = {
  python3: 'Python 3.10 or newer with venv',
  javac: 'a JDK, 17 or newer',
  mvn: 'Maven',
  go: 'Go, 1.23 or newer',
};

/** All languages at once: they wait for downloads most of the time. */
async function packageAll(): Promise<Outcome> {
  rmSync(path.join(root, 'dist'), { recursive: true, force: true });
  return sum(
    await Promise.all([
      packageFor('js', []),
      packageFor('python', ['python3']),
      packageFor('java', ['javac', 'mvn'], ['--maven-local-repository', path.join(root, '.tools', 'm2')]),
      packageFor('go', ['go']),
    ]),
  );
}

async function packageFor(language: string, programs: readonly string[], more: readonly string[] = []): Promise<Outcome> {
  const missing = programs.filter((program) => !hasProgram(program));
  if (missing.length > 0) {
    return skipped(`the ${language} package needs ${missing.map((program) => `${names[program]} (${program})`).join(' and ')}`);
  }
  const start = Date.now();
  const { code, output } = await command('jsii-pacmak', ['-v', '--target', language, ...more]);
  if (code !== 0) return failed(`dist/${language}: jsii-pacmak exited with ${code}:`, lastLines(output, 100));
  return passed(`dist/${language} made in ${((Date.now() - start) / 1000).toFixed(0)} s`);
}

/** What `npm install` brings: everything that is needed, and nothing of the workshop. */
async function npmContents(): Promise<Outcome> {
  const folder = path.join(root, 'dist', 'js');
  const tarball = existsSync(folder) ? readdirSync(folder).find((file) => file.endsWith('.tgz')) : undefined;
  if (!tarball) return failed('dist/js holds no package');
  const { code, output } = await command('tar', ['-tzf', path.join(folder, tarball)]);
  if (code !== 0) return failed('the package cannot be read:', output);
  const files = output
    .trim()
    .split('\n')
    .map((file) => file.replace(/^package\//, ''));
  const needed = [
    '.jsii',
    'API.md',
    'LICENSE',
    'README.md',
    'THIRD_PARTY_LICENSES',
    'sbom.cdx.json',
    'package.json',
    'lib/index.js',
    'lib/index.d.ts',
    'runtime/index.js',
    'runtime/index.mjs',
    'runtime/index.d.ts',
    'runtime/index.d.mts',
    'bin/index.js',
    'bin/apps.json',
    ...readdirSync(path.join(root, 'schemas')).map((file) => `schemas/${file}`),
  ];
  const allowed =
    /^(\.jsii(\.gz)?|API\.md|CHANGELOG\.md|LICENSE|NOTICE|README\.md|THIRD_PARTY_LICENSES|sbom\.cdx\.json|package\.json|lib\/.+\.(js|d\.ts)|assets\/([a-z-]+\/){2,3}index\.js|runtime\/index\.(m?js|d\.m?ts)|bin\/(index\.js|apps\.json)|runtime\/types\/.+\.d\.ts|schemas\/[a-z.-]+\.schema\.json)$/;
  const handlers = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.handler.ts'),
  );
  const problems = [
    ...[...needed, ...handlers.map((file) => `assets/${file.replace(/\.handler\.ts$/, '')}/index.js`)]
      .filter((file) => !files.includes(file))
      .map((file) => `${file} is missing`),
    ...files.filter((file) => !allowed.test(file)).map((file) => `${file} must not be published`),
    ...files
      .filter((file) => /^lib\/(runtime\/|commands\/|.*\/http\/|.*(\/|\.)(aws|service|domain|handler)\.)/.test(file))
      .map((file) => `${file} runs inside Lambda: it belongs in a bundle only`),
  ];
  const bytes = statSync(path.join(folder, tarball)).size;
  if (bytes > packageLimit) {
    problems.push(`it has ${bytes} bytes, over the limit of ${packageLimit}: publish less, or raise the limit with a reason`);
  }
  return problems.length === 0 ? passed(`${files.length} files, ${(bytes / 1000).toFixed(0)} KB`) : failed(`${tarball}:`, ...problems);
}
