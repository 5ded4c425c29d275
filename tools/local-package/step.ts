import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { localFiles, localFolder, localName } from './package';
import { problemsOfAny, tarballContents } from '../published/contents';
import { Outcome, command, failed } from '../steps';

/** Size of the tarball in bytes: half of it is the library's commands, of which the run starts `backfill`. */
const sizeLimit = 800_000;

/** The step `local-package`: the local run's package, beside the library's in `dist/js`, and what is inside. */
export async function localPackage(root: string): Promise<Outcome> {
  const folder = await localFolder(root);
  const place = path.join(root, 'dist', 'js');
  for (const file of tarballsIn(place)) rmSync(path.join(place, file));
  const { code, output } = await command('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', place, folder]);
  if (code !== 0) return failed(`npm pack exited with ${code}:`, output);
  return tarballContents(root, tarballsIn(place)[0] ?? `${localName}-*.tgz`, sizeLimit, (files) => localProblems(files, root));
}

function tarballsIn(place: string): string[] {
  try {
    return readdirSync(place).filter((file) => file.startsWith(`${localName}-`) && file.endsWith('.tgz'));
  } catch {
    return []; // The library was not packed: npm says so.
  }
}

/** What is wrong with its files, one line each. */
export function localProblems(files: ReadonlyMap<string, Buffer>, root: string): string[] {
  const names = [...files.keys()];
  const { dependencies = {} } = JSON.parse(files.get('package.json')?.toString() ?? '{}') as { dependencies?: Record<string, string> };
  return [
    ...localFiles.filter((file) => !files.has(file)).map((file) => `${file} is missing`),
    ...names.filter((file) => !localFiles.includes(file)).map((file) => `${file} must not be published`),
    ...['tsx', 'typescript', 'esbuild'].filter((name) => name in dependencies).map((name) => `${name} is for the build, not for the run`),
    ...problemsOfAny(files, root),
  ];
}
