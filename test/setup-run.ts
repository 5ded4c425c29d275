import path from 'node:path';
import { writeApps } from '../tools/apps/apps';
import { bundleHandlers } from '../tools/bundles/bundle';
import { holdRunFolder } from '../tools/run-folder.cjs';

/**
 * Before the tests: one temporary folder for all that they leave, gone when jest ends, and fresh bundles, at the price of a few hashes when
 * nothing changed: the constructs take their code from assets/.
 */
export default async function setupRun(): Promise<void> {
  holdRunFolder();
  try {
    await bundleHandlers();
    writeApps(path.resolve(__dirname, '..'));
  } catch (error) {
    process.stderr.write(`the handlers cannot be bundled, so tests may see old bundles or none:\n${(error as Error).message}\n`);
  }
}
