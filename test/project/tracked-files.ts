import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Root of the repository. */
export const root = path.resolve(__dirname, '..', '..');

/** Files that git tracks or would track, relative to the root, with forward slashes. */
export function trackedFiles(): string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: root, encoding: 'utf8' });
  return listed
    .split('\0')
    .filter((file) => file !== '' && existsSync(path.join(root, file)))
    .sort();
}

/** A tracked file's text. */
export function readTracked(file: string): string {
  return readFileSync(path.join(root, file), 'utf8');
}

/** Made by the build of the library's own texts. */
export const isApiReference = (file: string): boolean => file === 'API.md' || file.startsWith('docs/api/');
