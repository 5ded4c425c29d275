import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { sdkScopes } from '../ground/places';

/**
 * What Lambda's Node.js runtime has without being bundled: the AWS SDK's clients, those of the run and those that the app has besides.
 * Nothing else can be found there. It is in a folder above the functions' own, where ES modules look too, which know no `NODE_PATH`.
 */
export function runtimeModules(runFolder: string, appDirectory: string): string {
  const folder = path.join(runFolder, 'node_modules');
  for (const own of sdkScopes()) {
    const scope = path.join(folder, path.basename(own));
    mkdirSync(scope, { recursive: true });
    const linked = new Set<string>();
    for (const source of [own, path.join(appDirectory, 'node_modules', path.basename(own))]) {
      for (const name of existsSync(source) ? readdirSync(source) : []) {
        if (!linked.has(name)) symlinkSync(path.join(source, name), path.join(scope, name), 'dir');
        linked.add(name);
      }
    }
  }
  return folder;
}
