import * as fc from 'fast-check';
import { letterBody, letterReason } from '../../src/events/publishing/letter.domain';

/** https://www.w3.org/TR/xml/#charsets, which SQS goes by. */
const taken = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]+$/u;
const anything = fc.string({
  unit: fc.oneof(
    fc.constantFrom('\u0000', '\u001b', '\ufffe', '\uffff', '\ud83d', '\udc00', '\u{1f98a}', '"', '\\'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
});

test("a reason is text that SQS takes, whatever the handler's error quotes", () => {
  fc.assert(fc.property(anything, (text) => expect(letterReason(text)).toMatch(taken)));
  expect([letterReason(''), letterReason('x'.repeat(2_000)).length, letterReason(`${'x'.repeat(999)}\u{1f98a}`)]).toEqual([
    'unknown',
    1_000,
    `${'x'.repeat(999)}\ufffd`,
  ]);
  expect(letterReason('Error: no such currency \u{1f98a}')).toBe('Error: no such currency \u{1f98a}');
});

test("a letter's body is text that SQS takes, and reads as what was given", () => {
  fc.assert(
    fc.property(fc.record({ detail: fc.dictionary(anything, anything) }), (value) => {
      expect(letterBody(value)).toMatch(taken);
      expect(JSON.parse(letterBody(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
