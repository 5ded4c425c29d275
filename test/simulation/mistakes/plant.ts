import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Edit, Mistake } from './catalogue';
import { loadBundle, root } from '../bundle';
import { Subject } from '../subject';

/** The shipped files with a mistake planted: exact texts replaced, then bundled and loaded. Fails when a text is no longer there. */
export async function plant(mistake: Mistake): Promise<Subject> {
  const left = new Set(mistake.edits ?? []);
  const { shipped } = await loadBundle<{ shipped: Subject }>('subject.ts', [
    {
      name: 'mistake',
      setup: (bundle) =>
        bundle.onLoad({ filter: /[/\\]src[/\\].*\.ts$/ }, ({ path: file }) => {
          let contents = readFileSync(file, 'utf8');
          for (const edit of mistake.edits ?? []) {
            if (path.join(root, 'src', edit.file) !== file) continue;
            contents = edited(mistake.name, contents, edit);
            left.delete(edit);
          }
          return { contents, loader: 'ts' };
        }),
    },
  ]);
  if (left.size > 0) {
    throw new Error(`mistake '${mistake.name}': ${[...left].map(({ file }) => `src/${file}`).join(', ')} is not part of what is simulated`);
  }
  return shipped;
}

/** A file's text with one edit made. Fails when it does not hold the edit's text exactly once. */
export function edited(name: string, contents: string, { file, find, replace }: Edit): string {
  const text = inAnyLayout(find);
  if (contents.split(text).length === 2) return contents.replace(text, () => replace);
  throw new Error(`mistake '${name}': src/${file} does not hold this text exactly once:\n${find}`);
}

/** The same code however the formatter broke its lines: any white space between two words or signs, a comma before a closing bracket. */
function inAnyLayout(code: string): RegExp {
  const parts = code.match(/\w+|[^\s\w]/g) ?? [];
  return new RegExp(
    parts
      .map((part, at) => {
        const sign = part.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&');
        return at > 0 && /^[)\]}]$/.test(part) && parts[at - 1] !== ',' ? `,?\\s*${sign}` : sign;
      })
      .join('\\s*'),
  );
}
