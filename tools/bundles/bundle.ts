/**
 * Bundles every Lambda entry (`src/**\/*.handler.ts`) into `assets/<area>/<name>/index.js`, what teams' functions use into
 * `runtime/index.js` and `runtime/index.mjs`, and the package's commands into `bin/index.js`, with its dependencies and without CDK, and
 * keeps the sizes under their limits. Same inputs, same bytes: asset hashes in templates depend on it.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { licensesOf, renderLicenses } from './licenses';
import { renderSbom } from './sbom';
import { withoutUnreached } from './unreached';
import { writeAtomically, writeIfChanged } from '../disk/files';

/**
 * The largest size of a bundle in bytes, by name; every other bundle has the default. The runtime holds every source of credentials: see
 * `runtimeSettings`.
 */
const limits: Readonly<Record<string, number>> = {
  'api/functions/payments': 450_000,
  bin: 1_500_000,
  'runtime/require': 520_000,
  'runtime/import': 520_000,
};
const defaultLimit = 450_000;

const ofConstructs = 'a handler imports a construct file; move what both need to contract.ts';
const ofTeams = 'it is for the code of teams to bring; take it as an argument';

/** Packages that must never reach a function: what makes stacks, and what teams bring themselves (docs/adr/0022). */
const banned: Readonly<Record<string, string>> = {
  'aws-cdk-lib': ofConstructs,
  constructs: ofConstructs,
  '@aws-sdk/lib-dynamodb': ofTeams,
  '@opentelemetry/api': ofTeams,
  'aws-xray-sdk-core': ofTeams,
};

/** One bundled Lambda entry. */
export interface Bundle {
  /** Entry, relative to the repository: `src/api/functions/payments.handler.ts`. */
  readonly entry: string;
  /** Folder below `assets/`: `api/payments`. */
  readonly name: string;
  readonly bytes: number;
  readonly limitBytes: number;
  /** False when the inputs had not changed since the last time. */
  readonly rebuilt: boolean;
  /** What is inside and how many bytes each takes: npm packages by folder (`node_modules/zod`), our own code as `src`. */
  readonly contents: Readonly<Record<string, number>>;
  /** What is wrong with it, one line each; empty when it may ship. */
  readonly problems: readonly string[];
}

export interface BundleOptions {
  /** Repository root. @default the one this file is in */
  readonly root?: string;
  /** Bundle also what has not changed. @default false */
  readonly force?: boolean;
}

/** Some bundle cannot be made or must not ship; `bundles` holds what could be made. */
export class BundleError extends Error {
  constructor(public readonly bundles: readonly Bundle[]) {
    super(bundles.flatMap((bundle) => bundle.problems).join('\n'));
  }
}

interface Remembered {
  /** Input files relative to the root, and the hash over their contents, the options and the versions. */
  readonly inputs: readonly string[];
  readonly inputHash: string;
  readonly outputHash: string;
  readonly contents: Readonly<Record<string, number>>;
}

/** What every bundle is made with. */
export const settings: esbuild.BuildOptions = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  // The SDK's ES modules shake far better than its CommonJS files: 359 KB instead of 600 KB.
  mainFields: ['module', 'main'],
  minify: true,
  // Where the SDK looks for credentials after the environment, in which Lambda always puts them: 110 KB never reached.
  external: ['ini', 'login', 'process', 'sso', 'web-identity'].map((source) => `@aws-sdk/credential-provider-${source}`),
  charset: 'utf8',
  legalComments: 'none',
  sourcemap: 'external',
  metafile: true,
  write: false,
  logLevel: 'silent',
};

/** How every handler is bundled; the benchmark bundles what it compares in the same way. */
export const handlerSettings: esbuild.BuildOptions = { ...settings, plugins: [withoutUnreached()] };

/** Commands run on a person's machine, on any supported Node, and take credentials from wherever the SDK finds them. */
const commandSettings: esbuild.BuildOptions = { ...settings, target: 'node20', external: [], banner: { js: '#!/usr/bin/env node' } };

/**
 * What teams' functions import is bundled again, by whatever bundler the team has: so nothing may be left for that to resolve, neither a
 * package nor, in the ES module, a `require`. It runs wherever the team's code does, with the credentials of that place.
 */
const runtimeSettings: esbuild.BuildOptions = { ...settings, target: 'node20', external: [] };

/** One file to make. */
interface Target {
  readonly entry: string;
  readonly name: string;
  /** Relative to the root. */
  readonly file: string;
  readonly settings: esbuild.BuildOptions;
  /** It is started by its name: the launcher that Python's package makes of it does so. */
  readonly isProgram?: boolean;
  /** Others bundle it again: it may import what Node has, and nothing else. */
  readonly isLibrary?: boolean;
}

const runtimeEntry = 'src/events/consumers/runtime.aws.ts';

/** Made besides the handlers. */
const others: readonly Target[] = [
  // Declarations stand beside them: see runtime-types.ts.
  { entry: runtimeEntry, name: 'runtime/require', file: 'runtime/index.js', settings: runtimeSettings, isLibrary: true },
  {
    entry: runtimeEntry,
    name: 'runtime/import',
    file: 'runtime/index.mjs',
    settings: { ...runtimeSettings, format: 'esm' },
    isLibrary: true,
  },
  { entry: 'src/commands/main.command.ts', name: 'bin', file: 'bin/index.js', settings: commandSettings, isProgram: true },
];

const sha256 = (...parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
};

/** Bundles all handlers. Throws `BundleError` when one fails, is over its limit or holds CDK. */
export async function bundleHandlers(options: BundleOptions = {}): Promise<readonly Bundle[]> {
  const root = options.root ?? path.resolve(__dirname, '..', '..');
  const targets = [...handlerEntries(root).map(handlerTarget), ...others.filter(({ entry }) => existsSync(path.join(root, entry)))];
  const bundles: Bundle[] = [];
  for (const target of targets) bundles.push(await bundleOne(root, target, options.force ?? false));
  removeStale(
    root,
    bundles.map((bundle) => bundle.name),
  );
  const licenses = licensesOf(root, bundles.flatMap(packagesOf));
  writeIfChanged(root, path.join(root, 'THIRD_PARTY_LICENSES'), renderLicenses(licenses.packages));
  writeIfChanged(root, path.join(root, 'sbom.cdx.json'), renderSbom(productOf(root), licenses.packages));
  const checked = [...bundles, ...(licenses.problems.length === 0 ? [] : [licensesAsBundle(licenses.problems)])];
  if (checked.some((bundle) => bundle.problems.length > 0)) throw new BundleError(checked);
  return bundles;
}

function productOf(root: string): { readonly name: string; readonly version: string } {
  return JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { name: string; version: string };
}

/** The entries of all Lambda functions, sorted, relative to the root with forward slashes. */
export function handlerEntries(root: string): string[] {
  return readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .map((file) => path.posix.join('src', file.split(path.sep).join('/')))
    .filter((file) => file.endsWith('.handler.ts'))
    .sort();
}

/** The sizes as a table for the terminal. */
export function renderTable(bundles: readonly Bundle[]): string {
  const kb = (bytes: number): string => `${(bytes / 1000).toFixed(1)} KB`.padStart(10);
  const width = Math.max(6, ...bundles.map((bundle) => bundle.name.length));
  const rows = bundles.map(
    (bundle) =>
      `${bundle.name.padEnd(width)} ${kb(bundle.bytes)} ${kb(bundle.limitBytes)}  ` +
      `${bundle.problems.length > 0 ? 'FAILED' : bundle.rebuilt ? 'bundled' : 'unchanged'}`,
  );
  return [`${'bundle'.padEnd(width)} ${'size'.padStart(10)} ${'limit'.padStart(10)}`, ...rows].join('\n');
}

function handlerTarget(entry: string): Target {
  const name = entry.replace(/^src\//, '').replace(/\.handler\.ts$/, '');
  // Synthetics chooses the Node of a canary, and is behind Lambda's newest.
  const own = name.startsWith('canary/') ? { ...handlerSettings, target: 'node20' } : handlerSettings;
  return { entry, name, file: path.posix.join('assets', name, 'index.js'), settings: own };
}

async function bundleOne(root: string, target: Target, force: boolean): Promise<Bundle> {
  const { entry, name } = target;
  const file = path.join(root, target.file);
  const stateFile = path.join(root, '.tools', 'bundle', `${name}.json`);
  const limitBytes = limits[name] ?? defaultLimit;
  const known = force ? undefined : recall(root, target, stateFile, file);
  if (known) return finish({ entry, name, limitBytes, rebuilt: false, contents: known.contents, bytes: readFileSync(file).length });
  try {
    const built = await esbuild.build({ ...target.settings, absWorkingDir: root, entryPoints: [entry], outfile: file });
    if (target.isLibrary) requireWhole(built.metafile!, target.settings.format);
    const code = built.outputFiles!.find((output) => /\.m?js$/.test(output.path))!.contents;
    const inputs = Object.keys(built.metafile!.inputs).sort();
    const contents = weigh(built.metafile!);
    writeAtomically(root, file, code, target.isProgram ? 0o755 : 0o644);
    // For reading a stack trace by hand; not in the asset, where it would triple the size and change the hash.
    writeAtomically(
      root,
      path.join(root, '.tools', 'maps', `${name}.js.map`),
      built.outputFiles!.find((output) => output.path.endsWith('.map'))!.contents,
    );
    const remembered: Remembered = { inputs, inputHash: hashInputs(root, target, inputs), outputHash: sha256(code), contents };
    writeAtomically(root, stateFile, JSON.stringify(remembered));
    return finish({ entry, name, limitBytes, rebuilt: true, contents, bytes: code.length });
  } catch (error) {
    const messages = (error as Partial<esbuild.BuildFailure>).errors?.map(
      (message) => `${message.location ? `${message.location.file}:${message.location.line}: ` : ''}${message.text}`,
    ) ?? [String(error)];
    return {
      entry,
      name,
      bytes: 0,
      limitBytes,
      rebuilt: true,
      contents: {},
      problems: [`${entry} cannot be bundled: ${messages.join('; ')}`],
    };
  }
}

/** Throws for what a team's bundler could not resolve, or could not say in an ES module. */
function requireWhole(metafile: esbuild.Metafile, format: esbuild.Format | undefined): void {
  for (const { path: name, kind } of Object.values(metafile.outputs).flatMap(({ imports }) => imports)) {
    if (!isBuiltin(name)) throw new Error(`it needs '${name}', which a team may not have: a library is complete`);
    if (format === 'esm' && kind === 'require-call') {
      throw new Error(`it says require('${name}'), which an ES module may not use: import it`);
    }
  }
}

function finish(bundle: Omit<Bundle, 'problems'>): Bundle {
  const problems: string[] = [];
  if (bundle.bytes > bundle.limitBytes) {
    const largest = Object.entries(bundle.contents)
      .sort(([, a], [, b]) => b - a)
      .slice(0, 8)
      .map(([name, bytes]) => `${name} ${bytes}`)
      .join(', ');
    problems.push(
      `${bundle.name} is ${bundle.bytes} bytes, over its limit of ${bundle.limitBytes}: import less, or raise the limit in ` +
        `tools/bundle.ts with a reason (largest: ${largest})`,
    );
  }
  const held = new Set(packagesOf(bundle).map((folder) => folder.split('node_modules/').pop()));
  for (const [name, mend] of Object.entries(banned)) {
    if (held.has(name)) problems.push(`${bundle.name} holds ${name}: ${mend}`);
  }
  return { ...bundle, problems };
}

/** What is remembered of a bundle, if neither its inputs nor its output have changed since. */
function recall(root: string, target: Target, stateFile: string, file: string): Remembered | undefined {
  if (!existsSync(stateFile) || !existsSync(file)) return undefined;
  try {
    const state = JSON.parse(readFileSync(stateFile, 'utf8')) as Remembered;
    if (state.inputHash !== hashInputs(root, target, state.inputs) || state.outputHash !== sha256(readFileSync(file))) return undefined;
    return state;
  } catch {
    return undefined; // half-written or an input is gone: bundle again
  }
}

function hashInputs(root: string, target: Target, inputs: readonly string[]): string {
  const contents = inputs.flatMap((input) => [input, readFileSync(path.join(root, input))]);
  const lockfile = path.join(root, 'package-lock.json');
  const omissions = readFileSync(path.join(__dirname, 'unreached.ts'));
  return sha256(
    '4',
    JSON.stringify(target.settings),
    omissions,
    esbuild.version,
    existsSync(lockfile) ? readFileSync(lockfile) : '',
    ...contents,
  );
}

function packagesOf(bundle: Pick<Bundle, 'contents'>): string[] {
  return Object.keys(bundle.contents).filter((name) => name.includes('node_modules/'));
}

/** Every input counts, also one of which no byte is left: an import of CDK is wrong even when it was shaken off. */
function weigh(metafile: esbuild.Metafile): Record<string, number> {
  const [output] = Object.entries(metafile.outputs)
    .filter(([file]) => /\.m?js$/.test(file))
    .map(([, made]) => made);
  const weights = new Map<string, number>();
  for (const input of Object.keys(metafile.inputs)) {
    const name = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? 'src';
    weights.set(name, (weights.get(name) ?? 0) + (output.inputs[input]?.bytesInOutput ?? 0));
  }
  return Object.fromEntries([...weights].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Folders of handlers that no longer exist would be published for ever. */
function removeStale(root: string, names: readonly string[]): void {
  const assets = path.join(root, 'assets');
  if (!existsSync(assets)) return;
  const bundles = readdirSync(assets, { recursive: true, encoding: 'utf8' }).filter((file) => path.basename(file) === 'index.js');
  for (const file of bundles.map((entry) => path.dirname(entry))) {
    if (!names.includes(file.split(path.sep).join('/'))) rmSync(path.join(assets, file), { recursive: true });
  }
}

function licensesAsBundle(problems: readonly string[]): Bundle {
  return { entry: '-', name: 'licenses', bytes: 0, limitBytes: 0, rebuilt: true, contents: {}, problems };
}

if (require.main === module) {
  bundleHandlers({ force: process.argv.includes('--force') }).then(
    (bundles) => process.stdout.write(`${renderTable(bundles)}\n`),
    (error: unknown) => {
      if (error instanceof BundleError) process.stderr.write(`${renderTable(error.bundles)}\n`);
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = 1;
    },
  );
}
