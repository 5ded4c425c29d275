import { causeOf } from '../../src/kernel/cause';

test.each([
  [new Error('no'), 'no'],
  ['a text', 'a text'],
  [undefined, 'undefined'],
  [Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
  [new TypeError(), 'TypeError'],
])('what %p says is not empty', (error, says) => {
  expect(causeOf(error)).toBe(says);
});
