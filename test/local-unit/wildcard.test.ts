import * as fc from 'fast-check';
import { isLike } from '../../local/ground/wildcard';

test.each<[string, string, boolean]>([
  ['', '', true],
  ['', '*', true],
  ['a', '', false],
  ['abc', 'abc', true],
  ['abc', 'a*', true],
  ['abc', '*c', true],
  ['abc', 'a*b*c', true],
  ['abc', 'a*c*b', false],
  ['aa', 'a*a*a', false],
  ['abab', '*ab', true],
  ['aXb', 'a?b', true],
  ['ab', 'a?b', false],
  ['a.c', 'a.c', true],
  ['abc', 'a.c', false],
  ['a\nb', 'a*b', true],
])('%j is like %j: %s', (text, pattern, expected) => expect(isLike(text, pattern)).toBe(expected));

test('a question mark may stand for itself, and capitals may count for nothing', () => {
  expect(isLike('aXb', 'a?b', { questionMark: false })).toBe(false);
  expect(isLike('a?b', 'a?*', { questionMark: false })).toBe(true);
  expect(isLike('Events:PutEvents', 'events:put*', { ignoreCase: true })).toBe(true);
});

test('says what a regular expression says', () => {
  const piece = (...of: string[]) => fc.string({ unit: fc.constantFrom(...of), maxLength: 8 });
  fc.assert(
    fc.property(piece('a', 'b'), piece('a', 'b', '*', '?'), (text, pattern) => {
      expect(isLike(text, pattern)).toBe(new RegExp(`^${pattern.replace(/\*/g, '.*').replace(/\?/g, '.')}$`, 's').test(text));
    }),
    { numRuns: 3000 },
  );
});
