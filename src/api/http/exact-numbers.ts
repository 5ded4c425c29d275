/**
 * Whether every number of a JSON text that a double holds as a whole one was written as one. A number whose digits a double rounds away
 * would be taken for another amount than was sent. One pass, whatever the text: it is a stranger's. The text must be valid JSON.
 */
export function holdsExactNumbers(json: string): boolean {
  for (let at = 0; at < json.length;) {
    if (json[at] === '"') {
      at = endOfString(json, at);
    } else if (isOfNumber(json[at])) {
      const end = endOfNumber(json, at);
      if (!isExact(json.slice(at, end))) return false;
      at = end;
    } else {
      // `true`, `false` and `null` have letters of a number's exponent.
      at = endOfOther(json, at);
    }
  }
  return true;
}

function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at + 1;
}

function endOfNumber(json: string, start: number): number {
  let at = start;
  while (at < json.length && (isOfNumber(json[at]) || '.eE+'.includes(json[at]))) at += 1;
  return at;
}

function endOfOther(json: string, start: number): number {
  let at = start;
  while (at < json.length && json[at] !== '"' && !isOfNumber(json[at])) at += 1;
  return at;
}

function isOfNumber(character: string): boolean {
  return (character >= '0' && character <= '9') || character === '-';
}

function isExact(number: string): boolean {
  const value = Number(number);
  if (!Number.isInteger(value)) return true;
  const [mantissa, exponent = '0'] = number.toLowerCase().split('e');
  const [whole, fraction = ''] = mantissa.split('.');
  return isWhole(whole + fraction, Number(exponent) - fraction.length) && Number.isSafeInteger(value);
}

/** Whether `digits` times ten to the `exponent` is a whole number. */
function isWhole(digits: string, exponent: number): boolean {
  let significant = digits.length;
  while (significant > 0 && digits[significant - 1] === '0') significant -= 1;
  const isZero = significant === 0 || (significant === 1 && digits[0] === '-');
  return isZero || exponent + digits.length - significant >= 0;
}
