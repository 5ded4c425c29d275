/**
 * Where the run has what it does not carry in its own code. In a clone that is in the project's `node_modules`. In the published package
 * the whole run is one file, with its assets beside it and its dependencies wherever npm has put them.
 */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const packages = createRequire(__filename);

/** What is below `node_modules` here; the file of a package that the run carries as its asset is looked for there first. */
const modules = path.resolve(__dirname, '..', '..', 'node_modules');

/** What the emulator's environment is made of. */
export const requirementsFile = path.join(__dirname, '..', 'requirements.txt');

/** The CDK CLI, a program for Node. */
export const cdkProgram = (): string => packages.resolve('aws-cdk/bin/cdk');

/** Folders of the scopes in which the AWS SDK's clients for functions are. */
export const sdkScopes = (): string[] =>
  ['@aws-sdk/client-dynamodb', '@smithy/node-http-handler'].map((name) => path.resolve(packages.resolve(`${name}/package.json`), '../..'));

/** A script of the page: carried as an asset, else as its package has it. */
export function pageScript(asset: string, ...parts: readonly string[]): string {
  return existsSync(asset) ? asset : path.join(modules, ...parts);
}

/** The Node that functions run on, as a folder for PATH: in a clone the lockfile's, which is Lambda's version, else the run's own. */
export function functionNodeFolder(): string {
  return existsSync(path.join(modules, '.bin', 'node')) ? path.join(modules, '.bin') : path.dirname(process.execPath);
}

/** Arguments for Node to start the library's commands: in a clone of their source, which needs no build, else of the run's own copy. */
export function commandsProgram(): string[] {
  const source = path.resolve(__dirname, '..', '..', 'src', 'commands', 'main.command.ts');
  return existsSync(source) ? [path.join(modules, 'tsx', 'dist', 'cli.mjs'), source] : [path.join(__dirname, 'commands.js')];
}
