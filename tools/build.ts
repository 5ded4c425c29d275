/**
 * `npm run build`: handlers, library, the API's reference and the packages of all languages into dist/, then the packages as their users
 * get them.
 */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { apiBreaks } from './api/breaks';
import { apiDocs } from './api/docs';
import { bundlesStep } from './bundles-step';
import { consumerSteps } from './consumers';
import { localPackage } from './local-package/step';
import { npmContents } from './published/contents';
import { publishedFolder } from './published/folder';
import { writeRuntimeTypes } from './runtime-types';
import {
  Outcome,
  Step,
  command,
  commandStep,
  failed,
  hasProgram,
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
  { name: 'npm-contents', run: () => npmContents(root) },
  { name: 'local-package', run: () => localPackage(root) },
  ...consumerSteps(),
];

void runSteps(steps, only);

/** jsii leaves files of deleted sources in lib/, and everything in lib/ is published. */
async function compile(): Promise<Outcome> {
  for (const output of ['lib', '.jsii', 'tsconfig.tsbuildinfo']) rmSync(path.join(root, output), { recursive: true, force: true });
  return commandStep('compile', 'jsii', ['--silence-warnings=reserved-word']).run();
}

/** What teams' own functions use, for TypeScript. */
async function runtimeTypes(): Promise<Outcome> {
  const problems = writeRuntimeTypes(root);
  return problems.length === 0 ? passed() : failed(...problems);
}

const names: Readonly<Record<string, string>> = {
  python3: 'Python 3.10 or newer with venv',
  javac: 'a JDK, 17 or newer',
  mvn: 'Maven',
  go: 'Go, 1.23 or newer',
};

/** All languages at once: they wait for downloads most of the time. */
async function packageAll(): Promise<Outcome> {
  rmSync(path.join(root, 'dist'), { recursive: true, force: true });
  const folder = publishedFolder(root);
  return sum(
    await Promise.all([
      packageFor('js', folder, []),
      packageFor('python', folder, ['python3']),
      packageFor('java', folder, ['javac', 'mvn'], ['--maven-local-repository', path.join(root, '.tools', 'm2')]),
      packageFor('go', folder, ['go']),
    ]),
  );
}

async function packageFor(language: string, folder: string, programs: readonly string[], more: readonly string[] = []): Promise<Outcome> {
  const missing = programs.filter((program) => !hasProgram(program));
  if (missing.length > 0) {
    return skipped(`the ${language} package needs ${missing.map((program) => `${names[program]} (${program})`).join(' and ')}`);
  }
  const start = Date.now();
  const { code, output } = await command('jsii-pacmak', ['-v', '--target', language, '--outdir', path.join(root, 'dist'), ...more, folder]);
  if (code !== 0) return failed(`dist/${language}: jsii-pacmak exited with ${code}:`, lastLines(output, 100));
  return passed(`dist/${language} made in ${((Date.now() - start) / 1000).toFixed(0)} s`);
}
