import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'fs';
import * as path from 'path';
import { Stage } from 'aws-cdk-lib';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import { assetsContextKey } from '../../cdk/bundled-function';
import { invalidProps } from '../../cdk/checks/invalid-props';
import { canaryBundle } from '../contract';

/** Where runtimes of Synthetics before root folders, and API references still, expect a script. */
const olderFolder = path.join('nodejs', 'node_modules');

/**
 * The canaries' script as an asset. Synthetics takes a script from the archive's root in puppeteer 11.0 and newer. Of the runtimes without
 * a browser AWS names the older folder. So there is a file in both, of which the second loads the first. npm publishes no folder
 * `node_modules`: it is made here.
 */
export function canaryScript(scope: Construct): Asset {
  const source = path.join(bundlesOf(scope), canaryBundle, 'index.js');
  if (!existsSync(source)) {
    throw invalidProps(scope, {
      prop: `script assets/${canaryBundle}/index.js`,
      given: 'missing',
      allowed: 'the file that the published package holds',
      mend: "install the package again; in a clone of the repository run 'npm run build'",
    });
  }
  const folder = path.join(Stage.of(scope)!.assetOutdir, 'canary-script');
  mkdirSync(path.join(folder, olderFolder), { recursive: true });
  copyFileSync(source, path.join(folder, 'index.js'));
  writeFileSync(path.join(folder, olderFolder, 'index.js'), "module.exports = require('../../index.js');\n");
  return new Asset(scope, 'Script', { path: folder });
}

function bundlesOf(scope: Construct): string {
  return (scope.node.tryGetContext(assetsContextKey) as string | undefined) ?? path.join(__dirname, '..', '..', '..', 'assets');
}
