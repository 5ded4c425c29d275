import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { localFiles, localFolder, localName } from './package';
import { problemsOfAny, tarballContents } from '../published/contents';
import { Outcome, command, failed, passed } from '../steps';

/** Size of the tarball in bytes: half of it is the library's commands, of which the run starts `backfill`. */
const sizeLimit = 800_000;

/** The step `local-package`: the local run's package, beside the library's in `dist/js`, and what is inside. */
export async function localPackage(root: string): Promise<Outcome> {
  const place = path.join(root, 'dist', 'js');
  const packed = await localTarball(root, place);
  if (packed.failed > 0) return packed;
  return tarballContents(root, tarballsIn(place)[0] ?? `${localName}-*.tgz`, sizeLimit, (files) => localProblems(files, root));
}

/** Packs it into a folder. */
export async function localTarball(root: string, place: string): Promise<Outcome> {
  const folder = await localFolder(root);
  for (const file of tarballsIn(place)) rmSync(path.join(place, file));
  const { code, output } = await command('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', place, folder]);
  return code === 0 ? passed() : failed(`npm pack exited with ${code}:`, output);
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
