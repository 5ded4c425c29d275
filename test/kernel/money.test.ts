import { isAmount, isCurrency, maxAmount, minorUnitDigits } from '../../src/kernel/money';

describe('currencies', () => {
  it.each([
    ['JPY', 0],
    ['EUR', 2],
    ['USD', 2],
    ['BHD', 3],
    ['CLF', 4],
  ])('%s has %i digits', (code, digits) => {
    expect(isCurrency(code)).toBe(true);
    expect(minorUnitDigits(code)).toBe(digits);
  });

  it.each(['eur', 'XXX', 'EU', '', 'EUR ', 'toString'])('%j is none', (code) => {
    expect(isCurrency(code)).toBe(false);
    expect(() => minorUnitDigits(code)).toThrow(`'${code}' is not an ISO 4217 currency code`);
  });
});

describe('amounts', () => {
  it.each([1, 1250.0, maxAmount])('%d is one', (value) => expect(isAmount(value)).toBe(true));
  it.each([0, -1, 1.5, maxAmount + 1, NaN, Infinity, '1', null, undefined])('%p is none', (value) => expect(isAmount(value)).toBe(false));
});
