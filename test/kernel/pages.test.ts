import fc from 'fast-check';
import { onwards, PagesRepeat } from '../../src/kernel/pages';

/** Where a list leads after so many pages, when each of its cursors names the next. */
const follow = (cursors: readonly (string | undefined)[], mostPages: number): number => {
  const next = onwards<string>('a list');
  let pages = 0;
  for (let at = 0; pages < mostPages; at += 1) {
    pages += 1;
    if (next(cursors[at % cursors.length]) === undefined) break;
  }
  return pages;
};

test('a list that ends is read to its end', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 40 }), (cursors) => {
      expect(follow([...cursors, undefined], 1_000)).toBe(cursors.length + 1);
    }),
  );
});

test('one that leads round in a circle is an error that names it, however long the circle', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 40 }), (cursors) => {
      expect(() => follow(cursors, 8 * cursors.length + 8)).toThrow(PagesRepeat);
    }),
  );
  expect(() => follow(['same'], 9)).toThrow('the pages of a list do not end: a page names a next one that was read before');
});

test('keys of several members are compared as a whole', () => {
  const next = onwards<{ readonly pk: { readonly S: string } }>('a table');
  expect([next({ pk: { S: 'a' } }), next({ pk: { S: 'b' } })]).toEqual([{ pk: { S: 'a' } }, { pk: { S: 'b' } }]);
  expect(() => next({ pk: { S: 'b' } })).toThrow(PagesRepeat);
});
