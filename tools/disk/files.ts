/** Files of the repository and of what is made from it. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Every file below a folder, relative to it, with forward slashes, in their order; none where there is no folder. */
export function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .sort();
}

/** Another process may bundle, synthesise or run a command at the same time: it must see the old file or the new one, nothing between. */
export function writeAtomically(root: string, file: string, content: string | Uint8Array, mode = 0o644): void {
  const name = createHash('sha256').update(file).digest('hex').slice(0, 12);
  const temporary = path.join(root, '.tools', 'tmp', `${process.pid}-${name}`);
  for (const target of [temporary, file]) mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(temporary, content, { mode });
  renameSync(temporary, file);
}

/** The same, where the content is another one. */
export function writeIfChanged(root: string, file: string, content: string): void {
  if (!existsSync(file) || readFileSync(file, 'utf8') !== content) writeAtomically(root, file, content);
}
