import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { packAll } from './pack';
import { filesBelow } from '../disk/files';
import { localTarball } from '../local-package/step';
import { Outcome, failed, passed, root } from '../steps';

/** The step `packages-again`: packs all languages once more, elsewhere, and finds the same bytes. */
export async function packagesAgain(): Promise<Outcome> {
  const again = mkdtempSync(path.join(os.tmpdir(), 'again-'));
  try {
    const outcome = await packAll(again);
    if (outcome.failed > 0) return outcome;
    const local = await localTarball(root, path.join(again, 'js'));
    if (local.failed > 0) return local;
    const problems = differences(path.join(root, 'dist'), again);
    return problems.length === 0 ? passed(`${filesBelow(again).length} files of two builds are equal`) : failed(...problems);
  } finally {
    rmSync(again, { recursive: true, force: true });
  }
}

/** What differs between two folders of packages, one line each. */
export function differences(first: string, second: string): string[] {
  const [one, two] = [first, second].map((folder) => filesBelow(folder).filter((file) => file !== 'release.json'));
  if (one.length === 0) return [`${first} holds no package: there is nothing to compare`];
  const digest = (folder: string, file: string): string =>
    createHash('sha256')
      .update(readFileSync(path.join(folder, file)))
      .digest('hex');
  return [
    ...one.filter((file) => !two.includes(file)).map((file) => `${file} was made by the first build alone`),
    ...two.filter((file) => !one.includes(file)).map((file) => `${file} was made by the second build alone`),
    ...one
      .filter((file) => two.includes(file) && digest(first, file) !== digest(second, file))
      .map((file) => `${file} differs between two builds: a time, a random name or an order stands in it`),
  ];
}
