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
import { packagesAgain } from './packing/again';
import { packAll } from './packing/pack';
import { npmContents } from './published/contents';
import { writeRuntimeTypes } from './runtime-types';
import { Outcome, Step, commandStep, failed, parseArguments, passed, root, runSteps } from './steps';

const { only } = parseArguments(process.argv.slice(2));

const steps: Step[] = [
  bundlesStep(),
  { name: 'runtime-types', run: runtimeTypes },
  { name: 'compile', run: compile },
  { name: 'api-breaks', run: apiBreaks },
  { name: 'api-docs', run: apiDocs },
  { name: 'packages', run: packages },
  { name: 'npm-contents', run: () => npmContents(root) },
  { name: 'local-package', run: () => localPackage(root) },
  { name: 'packages-again', run: packagesAgain },
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

async function packages(): Promise<Outcome> {
  const dist = path.join(root, 'dist');
  rmSync(dist, { recursive: true, force: true });
  return packAll(dist);
}
