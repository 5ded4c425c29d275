import { readFileSync } from 'node:fs';
import path from 'node:path';
import { mistakes as planted } from '../simulation/mistakes/catalogue';
import { leavingByOrder } from '../simulation/mistakes/leaving';
import { edited } from '../simulation/mistakes/plant';
import { foundByOrder } from '../simulation/mistakes/provisional';

/** Those, too, that the explorer alone finds. */
const mistakes = [...planted, ...leavingByOrder, ...foundByOrder];

/** The simulation plants them, and takes long: that their texts are still there is seen here, at once. */
test('each mistake that is planted has its texts in the files', () => {
  const edits = mistakes.flatMap(({ edits: all = [] }) => all);
  expect(edits.length).toBeGreaterThan(60);
  const problems = mistakes.flatMap(({ name, edits: all = [] }) => {
    const files = new Map<string, string>();
    try {
      for (const edit of all) {
        const contents = files.get(edit.file) ?? readFileSync(path.join(__dirname, '../../src', edit.file), 'utf8');
        files.set(edit.file, edited(name, contents, edit));
      }
      return [];
    } catch (error) {
      return [(error as Error).message];
    }
  });
  expect(problems).toEqual([]);
});

test('a text that is not there, or there twice, is an error that names mistake and file', () => {
  const edit = { file: 'a.ts', find: 'one', replace: 'two' };
  expect(edited('m', 'one', edit)).toBe('two');
  for (const contents of ['', 'one one']) expect(() => edited('m', contents, edit)).toThrow("mistake 'm': src/a.ts does not hold");
});
