/** What is inside of the npm package: everything that is needed, nothing of the workshop, and no link that leads nowhere. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { isFree, linksOf, targetOf } from './links';
import { documentsOf, picturesOf } from '../../src/kernel/documents';
import { filesBelow } from '../disk/files';
import { Outcome, command, failed, passed } from '../steps';

/**
 * Size of the npm package in bytes. Most of it is the bundles: some forty functions, since each right has one of its own, and the
 * commands, which ask eleven of AWS's services by the SDK's clients. The canary's script and the pictures of drill and page came
 * before, the checks of a cutover's end and the faults of drills last.
 */
const packageLimit = 4_900_000;

/** What may be in it, by family. */
const families: readonly RegExp[] = [
  /^(?:\.jsii(?:\.gz)?|API\.md|ARCHITECTURE\.md|CHANGELOG\.md|LICENSE|NOTICE|README\.md|THIRD_PARTY_LICENSES|package\.json|sbom\.cdx\.json)$/,
  /^docs\/(?:(?:adr|api)\/)?[\w-]+\.md$/,
  /^docs\/openapi\.yaml$/,
  /^docs\/images\/[a-z-]+\.(?:svg|png)$/,
  /^lib\/.+\.(?:js|d\.ts)$/,
  /^assets\/(?:[a-z-]+\/){2,3}index\.js$/,
  /^runtime\/index\.(?:m?js|d\.m?ts)$/,
  /^runtime\/types\/.+\.d\.ts$/,
  /^bin\/(?:index\.js|apps\.json)$/,
  /^schemas\/[a-z.-]+\.schema\.json$/,
];

/** Must be in it besides what the repository's folders say. */
const needed = [
  '.jsii',
  'API.md',
  'ARCHITECTURE.md',
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
];

/** Below this size two files may be equal: declarations that say nothing. */
const smallBytes = 400;
/** Declarations for functions stand by themselves: what a team bundles must not lead into the constructs. */
const standsAlone = /^runtime\/types\//;

/** The step `npm-contents`: unpacks the library's tarball in `dist/js` and looks. */
export async function npmContents(root: string): Promise<Outcome> {
  return tarballContents(root, '.jsii.tgz', packageLimit, (files) => problemsOf(files, expectedFiles(root), root));
}

/** Unpacks a tarball in `dist/js`, and judges what is inside, and its size. */
export async function tarballContents(
  root: string,
  end: string,
  limit: number,
  judge: (files: ReadonlyMap<string, Buffer>) => string[],
): Promise<Outcome> {
  const folder = path.join(root, 'dist', 'js');
  const tarball = existsSync(folder) ? readdirSync(folder).find((file) => file.endsWith(end)) : undefined;
  if (!tarball) return failed(`dist/js holds no package *${end}`);
  const place = mkdtempSync(path.join(os.tmpdir(), 'contents-'));
  try {
    const { code, output } = await command('tar', ['-xzf', path.join(folder, tarball), '-C', place]);
    if (code !== 0) return failed('the package cannot be read:', output);
    const texts = filesIn(path.join(place, 'package'));
    const bytes = statSync(path.join(folder, tarball)).size;
    const problems = judge(texts);
    if (bytes > limit) {
      problems.push(`it has ${bytes} bytes, over the limit of ${limit}: publish less, or raise the limit with a reason`);
    }
    return problems.length === 0 ? passed(`${texts.size} files, ${(bytes / 1000).toFixed(0)} KB`) : failed(`${tarball}:`, ...problems);
  } finally {
    rmSync(place, { recursive: true });
  }
}

function filesIn(folder: string): Map<string, Buffer> {
  return new Map(filesBelow(folder).map((name) => [name, readFileSync(path.join(folder, name))]));
}

/** The names that the package must have, by what is in the repository. */
function expectedFiles(root: string): string[] {
  const below = (folder: string): string[] => readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' });
  return [
    ...needed,
    ...below('schemas').map((file) => `schemas/${file}`),
    ...below('docs')
      .filter((file) => file.endsWith('.md'))
      .map((file) => `docs/${file}`),
    ...below('src')
      .filter((file) => file.endsWith('.handler.ts'))
      .map((file) => `assets/${file.replace(/\.handler\.ts$/, '')}/index.js`),
  ];
}

/** What is wrong with a package's files, one line each. */
export function problemsOf(files: ReadonlyMap<string, Buffer>, expected: readonly string[], root: string): string[] {
  const names = [...files.keys()];
  return [
    ...expected.filter((file) => !files.has(file)).map((file) => `${file} is missing`),
    ...names.filter((file) => !families.some((family) => family.test(file))).map((file) => `${file} must not be published`),
    ...names
      .filter((file) => /^lib\/(runtime\/|commands\/|.*\/http\/|.*(\/|\.)(aws|service|domain|handler)\.)/.test(file))
      .map((file) => `${file} runs inside Lambda: it belongs in a bundle only`),
    ...problemsOfAny(files, root),
    ...readmeProblems(files),
  ];
}

/** What no package may have. */
export function problemsOfAny(files: ReadonlyMap<string, Buffer>, root: string): string[] {
  const names = [...files.keys()];
  return [
    ...names.filter((file) => files.get(file)!.includes(root)).map((file) => `${file} holds the path of the machine that built it`),
    ...twice(files),
    ...names.filter((file) => file.endsWith('.md')).flatMap((file) => linkProblems(file, files, root)),
  ];
}

function twice(files: ReadonlyMap<string, Buffer>): string[] {
  const seen = new Map<string, string>();
  return [...files].flatMap(([file, content]) => {
    if (content.length < smallBytes || standsAlone.test(file)) return [];
    const hash = createHash('sha256').update(content).digest('hex');
    const first = seen.get(hash);
    seen.set(hash, first ?? file);
    return first === undefined ? [] : [`${file} is there twice: it equals ${first}`];
  });
}

/** Relative links lead to a file of the package, those to the repository to a file that it has. */
function linkProblems(document: string, files: ReadonlyMap<string, Buffer>, root: string): string[] {
  const { version = '0.0.0' } = JSON.parse(files.get('package.json')?.toString() ?? '{}') as { version?: string };
  const repository = [documentsOf(version), picturesOf(version)].map((address) => `${address}/`);
  return linksOf(files.get(document)!.toString()).flatMap((target) => {
    const here = repository.find((address) => target.startsWith(address));
    if (here !== undefined) {
      const file = target.slice(here.length).split('#')[0];
      return existsSync(path.join(root, file)) ? [] : [`${document} leads to ${target}, which the repository has not`];
    }
    if (isFree(target)) return [];
    if (document === 'README.md') return [`README.md leads to ${target}, which a registry's page has not`];
    return files.has(targetOf(document, target)) ? [] : [`${document} leads to ${target}, which the package has not`];
  });
}

/** The other languages' packages are made of the assembly: their pages show its README. */
function readmeProblems(files: ReadonlyMap<string, Buffer>): string[] {
  const assembly = files.get('.jsii');
  if (assembly === undefined) return [];
  const { readme } = JSON.parse(assembly.toString()) as { readme?: { markdown: string } };
  return readme?.markdown === files.get('README.md')?.toString() ? [] : ['.jsii holds another README than README.md'];
}
