/** `npm run demo`: an example, or a team's app, in a clone of the repository. */
import { exampleFolder } from './examples';
import { parseDemoOptions } from './options';
import { runUntilEnd } from './stay';
import { bundleHandlers } from '../tools/bundles/bundle';

runUntilEnd(async () => {
  const options = parseDemoOptions(process.argv.slice(2), exampleFolder);
  await bundleHandlers();
  return options;
});
