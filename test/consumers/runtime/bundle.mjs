// The same function through each bundler, in both module forms, into `bundled/`. Every warning is an error: a team would have to look into
// it.
import { nodeResolve } from '@rollup/plugin-node-resolve';
import * as esbuild from 'esbuild';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { rollup } from 'rollup';
import webpack from 'webpack';

const out = path.resolve('bundled');
const fail = (tool, message) => {
  throw new Error(`${tool}: ${message}`);
};

for (const [format, extension] of [
  ['cjs', 'cjs'],
  ['esm', 'mjs'],
]) {
  for (const entry of format === 'cjs' ? ['handler.ts', 'handler.cjs'] : ['handler.ts']) {
    const outfile = path.join(out, `esbuild.${entry.replace('handler.', 'of-')}.${extension}`);
    const { warnings } = await esbuild.build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      platform: 'node',
      target: 'node20',
      format,
      logLevel: 'silent',
    });
    for (const { text } of warnings) fail('esbuild', text);
  }
}

const rolled = await rollup({
  input: 'handler.mjs',
  plugins: [nodeResolve({ preferBuiltins: true })],
  external: [...builtinModules, /^node:/],
  // A circle inside of a bundle that was made by another bundler is none of the team's business.
  onwarn: ({ code, message }) => code === 'CIRCULAR_DEPENDENCY' || code === 'THIS_IS_UNDEFINED' || fail('rollup', message),
});
await rolled.write({ file: path.join(out, 'rollup.mjs'), format: 'es', inlineDynamicImports: true });
await rolled.write({ file: path.join(out, 'rollup.cjs'), format: 'cjs', inlineDynamicImports: true });

const packed = (options) =>
  new Promise((resolve, reject) =>
    webpack(options, (error, stats) => {
      const { errors = [], warnings = [] } = stats?.toJson({ all: false, errors: true, warnings: true }) ?? {};
      const [problem] = [...(error ? [error] : []), ...errors, ...warnings];
      if (problem) reject(new Error(`webpack: ${problem.message}`));
      else resolve();
    }),
  );
const settings = { mode: 'production', target: 'node20', performance: { hints: false }, devtool: false };
await packed({ ...settings, entry: './handler.mjs', output: { path: out, filename: 'webpack.cjs', library: { type: 'commonjs2' } } });
await packed({
  ...settings,
  entry: './handler.mjs',
  experiments: { outputModule: true },
  output: { path: out, filename: 'webpack.mjs', library: { type: 'module' }, chunkFormat: 'module' },
});
