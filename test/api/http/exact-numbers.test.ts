import * as fc from 'fast-check';
import { holdsExactNumbers } from '../../../src/api/http/exact-numbers';

/** The number without its sign as a whole one, in exact arithmetic; undefined when it has a fraction. */
function magnitudeOf(whole: string, fraction: string, exponent: number): bigint | undefined {
  const digits = BigInt(`${whole}${fraction}`);
  const shift = exponent - fraction.length;
  if (shift >= 0) return digits * 10n ** BigInt(shift);
  const unit = 10n ** BigInt(-shift);
  return digits % unit === 0n ? digits / unit : undefined;
}

test('a number is exact when it is the whole number that a double makes of it, or is none', () => {
  const digits = fc.string({ unit: fc.constantFrom('0', '0', '0', '1', '9'), minLength: 0, maxLength: 25 });
  fc.assert(fc.property(fc.constantFrom('', '-'), digits, digits, fc.integer({ min: -30, max: 30 }), (sign, head, fraction, exponent) => {
    const whole = head.replace(/^0+/, '') || '0';
    const text = `${sign}${whole}${fraction && `.${fraction}`}e${exponent}`;
    const exact = magnitudeOf(whole, fraction, exponent);
    const expected = !Number.isInteger(Number(text)) || (exact !== undefined && exact <= BigInt(Number.MAX_SAFE_INTEGER));
    expect([text, holdsExactNumbers(`{"a":[true,null,false,"1e\\"9",${text}]}`)]).toEqual([text, expected]);
  }), { numRuns: 2000 });
});

test.each<[string, boolean]>([
  ['"9007199254740993"', true],
  ['{"9007199254740993":"\\\\"}', true],
  ['["\\\\",9007199254740993]', false],
  ['[1,2,9007199254740993]', false],
  ['-9007199254740993', false],
  ['1e400', true],
  ['-0', true],
  ['', true],
])('%s', (json, exact) => expect(holdsExactNumbers(json)).toBe(exact));
