import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Apps, Disk } from './init.service';

export const disk: Disk = {
  entries: (folder) => {
    try {
      return readdirSync(folder).sort();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  },
  write: (folder, file, text) => {
    const at = path.join(folder, file);
    mkdirSync(path.dirname(at), { recursive: true });
    writeFileSync(at, text, { flag: 'wx' });
  },
};

/** The apps that were packed beside this command. */
export const packedApps = (): Apps => JSON.parse(readFileSync(path.join(__dirname, 'apps.json'), 'utf8')) as Apps;

/** The version of the package that this command is a part of. */
export function packageVersion(): string {
  return (JSON.parse(readFileSync(path.join(__dirname, '..', 'package.json'), 'utf8')) as { version: string }).version;
}
