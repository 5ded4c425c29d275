import { bundleHandlers } from '../tools/bundle';

/** The constructs take their code from assets/: fresh bundles before the tests, at the price of a few hashes when nothing changed. */
export default async function setupBundles(): Promise<void> {
  try {
    await bundleHandlers();
  } catch (error) {
    process.stderr.write(`the handlers cannot be bundled, so tests may see old bundles or none:\n${(error as Error).message}\n`);
  }
}
