/**
 * The local run as a package of its own: one bundle with its assets beside it, and what npm has to install besides. Same inputs, same
 * bytes.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { bundleHandlers, settings } from '../bundles/bundle';
import { licensesOf, renderLicenses } from '../bundles/licenses';
import { renderSbom } from '../bundles/sbom';
import { published } from '../published/links';

export const localName = 'cdk-multi-region-payments-local';

/** What runs beside the bundle, by its name there: a file of the repository. */
export const assets: Readonly<Record<string, string>> = {
  'lib/emulator.py': 'local/engine/emulator.py',
  'lib/small-heap.cjs': 'local/engine/small-heap.cjs',
  'lib/supervisor-process.mjs': 'local/engine/supervisor-process.mjs',
  'lib/sign-datagrams.cjs': 'local/xray/sign-datagrams.cjs',
  'lib/python/sitecustomize.py': 'local/xray/python/sitecustomize.py',
  'lib/commands.js': 'bin/index.js',
  'lib/assets/board.css': 'local/page/assets/board.css',
  'lib/assets/icon.svg': 'local/page/assets/icon.svg',
  'lib/assets/page.css': 'local/page/assets/page.css',
  'lib/assets/page.js': 'local/page/assets/page.js',
  'lib/assets/parts.css': 'local/page/assets/parts.css',
  'lib/assets/htmx.js': 'node_modules/htmx.org/dist/htmx.min.js',
  'lib/assets/sse.js': 'node_modules/htmx-ext-sse/dist/sse.min.js',
  'lib/assets/idiomorph.js': 'node_modules/idiomorph/dist/idiomorph-ext.min.js',
  'requirements.txt': 'local/requirements.txt',
  LICENSE: 'LICENSE',
};

/** Every file of the package. */
export const localFiles: readonly string[] = [
  ...Object.keys(assets),
  'lib/index.js',
  'bin/index.js',
  'README.md',
  'THIRD_PARTY_LICENSES',
  'package.json',
  'sbom.cdx.json',
];

/**
 * What npm has to install: a program of its own, and what functions ask Lambda's Node for, those of the constructs' custom resources too.
 * An app in another language than TypeScript has nothing of it.
 */
export const dependencies = [
  'aws-cdk',
  '@aws-sdk/client-dynamodb',
  '@aws-sdk/client-eventbridge',
  '@aws-sdk/client-s3',
  '@smithy/node-http-handler',
];

interface Manifest {
  readonly version: string;
  readonly license: string;
  readonly author: unknown;
  readonly repository: unknown;
  readonly engines: unknown;
  readonly publishConfig: unknown;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** Makes the folder, with the version that package.json has at this time, and returns its path. */
export async function localFolder(root: string): Promise<string> {
  const folder = path.join(root, '.tools', 'local-package');
  rmSync(folder, { recursive: true, force: true });
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as Manifest;
  const write = (file: string, text: string | Uint8Array, mode = 0o644): void => {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), text, { mode });
  };
  for (const [file, source] of Object.entries(assets)) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    cpSync(path.join(root, source), path.join(folder, file));
  }
  const run = await bundled(root, 'local/installed.ts', { ...settings, target: 'node20' });
  const program = await bundled(root, 'tools/local-package/start.cjs', {
    ...settings,
    target: 'node12',
    banner: { js: '#!/usr/bin/env node' },
  });
  write('lib/index.js', run.code);
  write('bin/index.js', program.code, 0o755);
  const licensed = licensesOf(root, [...run.packages, ...(await packagesOfCommands(root)), ...packagesOfAssets()]);
  if (licensed.problems.length > 0) throw new Error(licensed.problems.join('\n'));
  write('THIRD_PARTY_LICENSES', renderLicenses(licensed.packages, 'lib/'));
  write('sbom.cdx.json', renderSbom({ name: localName, version: manifest.version }, licensed.packages));
  const readme = readFileSync(path.join(root, 'tools', 'local-package', 'README.md'), 'utf8');
  write(
    'README.md',
    published('tools/local-package/README.md', readme, manifest.version, () => false),
  );
  write('package.json', `${JSON.stringify(localManifest(manifest), undefined, 2)}\n`);
  return folder;
}

function localManifest(manifest: Manifest): object {
  const { version, license, author, repository, engines, publishConfig, devDependencies } = manifest;
  return {
    name: localName,
    version,
    description: 'Two emulated AWS regions on your machine for a CDK app on cdk-multi-region-payments: deploy it, pay, stop a region.',
    license,
    author,
    repository,
    keywords: ['active-active', 'aws', 'cdk', 'emulator', 'multi-region', 'payments'],
    bin: { [localName]: 'bin/index.js' },
    engines,
    os: ['linux', 'darwin'],
    dependencies: Object.fromEntries(dependencies.map((name) => [name, devDependencies[name]])),
    publishConfig,
  };
}

interface Bundled {
  readonly code: Uint8Array;
  /** Folders of the packages inside, relative to the root. */
  readonly packages: readonly string[];
}

async function bundled(root: string, entry: string, options: esbuild.BuildOptions): Promise<Bundled> {
  const { outputFiles, metafile } = await esbuild.build({
    ...options,
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: path.join(root, '.tools', 'local-bundle', 'index.js'),
    sourcemap: false,
  });
  return { code: outputFiles![0].contents, packages: packagesIn(Object.keys(metafile!.inputs)) };
}

const packagesIn = (inputs: readonly string[]): string[] => [
  ...new Set(inputs.flatMap((input) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? [])),
];

const packagesOfAssets = (): string[] => packagesIn(Object.values(assets));

/** The library's commands are a bundle already. */
async function packagesOfCommands(root: string): Promise<string[]> {
  const bundle = (await bundleHandlers({ root })).find(({ name }) => name === 'bin');
  if (bundle === undefined || !existsSync(path.join(root, 'bin', 'index.js'))) throw new Error('the commands were not bundled');
  return Object.keys(bundle.contents).filter((name) => name.includes('node_modules/'));
}
