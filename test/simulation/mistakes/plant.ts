import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { build } from 'esbuild';
import { Mistake } from './catalogue';
import { Subject } from '../subject';

const root = path.resolve(__dirname, '..', '..', '..');

/** The shipped files with a mistake planted: exact texts replaced, then bundled and loaded. Fails when a text is no longer there. */
export async function plant(mistake: Mistake): Promise<Subject> {
  const left = new Set(mistake.edits ?? []);
  const { outputFiles } = await build({
    entryPoints: [path.join(root, 'test/simulation/subject.ts')],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    logLevel: 'silent',
    plugins: [{
      name: 'mistake',
      setup: (bundle) => bundle.onLoad({ filter: /[/\\]src[/\\].*\.ts$/ }, ({ path: file }) => {
        let contents = readFileSync(file, 'utf8');
        for (const edit of mistake.edits ?? []) {
          if (path.join(root, 'src', edit.file) !== file) continue;
          if (contents.split(edit.find).length !== 2) throw new Error(`mistake '${mistake.name}': src/${edit.file} does not hold this text exactly once:\n${edit.find}`);
          contents = contents.replace(edit.find, () => edit.replace);
          left.delete(edit);
        }
        return { contents, loader: 'ts' };
      }),
    }],
  });
  if (left.size > 0) throw new Error(`mistake '${mistake.name}': ${[...left].map(({ file }) => `src/${file}`).join(', ')} is not part of what is simulated`);
  const loaded = { exports: {} as { shipped: Subject } };

  new Function('module', 'exports', 'require', outputFiles[0].text)(loaded, loaded.exports, createRequire(__filename));
  return loaded.exports.shipped;
}
