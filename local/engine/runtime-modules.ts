import { mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';

/**
 * What Lambda's Node.js runtime has without being bundled: the AWS SDK's clients. Nothing else of the project's modules can be found there.
 */
export function runtimeModules(runFolder: string): string {
  const folder = path.join(runFolder, 'runtime', 'node_modules');
  mkdirSync(folder, { recursive: true });
  for (const scope of ['@aws-sdk', '@smithy']) {
    symlinkSync(path.resolve(__dirname, '../../node_modules', scope), path.join(folder, scope), 'dir');
  }
  return folder;
}
