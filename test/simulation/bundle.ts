import { createRequire } from 'node:module';
import path from 'node:path';
import { build, Plugin } from 'esbuild';

export const root = path.resolve(__dirname, '..', '..');

/** A file below `test/simulation/` with all that it imports, as one text: open to changes on the way. */
export async function bundledText(file: string, plugins: Plugin[] = []): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [path.join(root, 'test/simulation', file)],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    // As it is, so that what is bundled and what is not throw and catch the same errors.
    external: ['@aws-sdk/*'],
    logLevel: 'silent',
    plugins,
  });
  return outputFiles[0].text;
}

/** The same, loaded: as fast as the shipped bundle. */
export async function loadBundle<T>(file: string, plugins: Plugin[] = []): Promise<T> {
  const loaded = { exports: {} as T };
  new Function('module', 'exports', 'require', await bundledText(file, plugins))(loaded, loaded.exports, createRequire(__filename));
  return loaded.exports;
}
