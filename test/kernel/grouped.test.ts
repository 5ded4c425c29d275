import fc from 'fast-check';
import { grouped } from '../../src/kernel/grouped';

test("a whole number's thousands are parted as the English locale parts them", () => {
  expect(grouped(1_000_000)).toBe('1,000,000');
  fc.assert(fc.property(fc.maxSafeNat(), (whole) => expect(grouped(whole)).toBe(whole.toLocaleString('en-US'))));
});
