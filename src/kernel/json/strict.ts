import type { Json } from '../fingerprint';

/**
 * The one reader of JSON that somebody else wrote. `JSON.parse` takes the last of two members of one name, and rounds numbers; two readers
 * of one text can then see two things. What is read here means one thing to every reader (RFC 7493, I-JSON), or is refused.
 */
export type JsonRead = { readonly kind: 'read'; readonly value: Json } | JsonRefused;

export interface JsonRefused {
  readonly kind: 'refused';
  readonly why: JsonFault;
  /** Member that the fault is at, where it is at one. */
  readonly name?: string;
  /** A sentence for whoever sent it. It names a member, and never says a value: that may be anyone's secret. */
  readonly detail: string;
}

/**
 * - `syntax`: no JSON text
 * - `duplicate`: two members of one object have one name
 * - `reserved`: a member is called `__proto__`, which some readers do not take for a member
 * - `number`: a number is none that a double holds as it is written
 * - `text`: a text has half a character, which UTF-8 cannot say
 * - `depth`: too many levels
 */
export type JsonFault = 'syntax' | 'duplicate' | 'reserved' | 'number' | 'text' | 'depth';

/**
 * - `exact`: whole numbers up to 9007199254740991 in either direction, and fractions without a digit that is lost; not `-0`
 * - `double`: whatever a double says again as it was written
 */
export type NumberRule = 'exact' | 'double';

const mostLevels = 64;
/** A surrogate without its other half: with the flag, a pair is one character. */
const half = /\p{Surrogate}/u;

/** Reads a JSON text. One pass after the parser's own, whatever the text. */
export function readJson(text: string, numbers: NumberRule = 'exact'): JsonRead {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    // The parser's own message quotes the text.
    return jsonRefusal('syntax');
  }
  const fault = faultIn(text, numbers);
  if (fault) return fault;
  return { kind: 'read', value: escapedLetter.test(text) ? built(text) : value };
}

/**
 * What a name of one character can be written as, where it is an escape; a text that looks like it does no harm. V8 reads some of these
 * names as `\\`: `JSON.parse` of Node 24.21.0 did so with about one in ten thousand texts, and gave another answer to the same text the
 * next time.
 */
const escapedLetter = /"\\(?:u[0-9A-Fa-f]{4}|[^u])"/;

/** The text of a body as it comes from the gateway, as bytes or decoded; undefined: it is no UTF-8. */
export function textOfBody(body: Uint8Array | string): string | undefined {
  // What the gateway has decoded has U+FFFD where the bytes were none.
  if (typeof body === 'string') return body.includes('\uFFFD') ? undefined : body;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return undefined;
  }
}

const shownLength = 40;

function jsonRefusal(why: JsonFault, name?: string): JsonRefused {
  const shown = name === undefined ? '' : JSON.stringify(name.slice(0, shownLength));
  const details: Readonly<Record<JsonFault, string>> = {
    syntax: 'It is not valid JSON.',
    duplicate: `It has the member ${shown} twice in one object: send each member once.`,
    reserved: `It has a member ${shown}: this name is not allowed.`,
    number:
      `The number${name === undefined ? '' : ` in ${shown}`} cannot be represented exactly: allowed are whole numbers up to ` +
      `9007199254740991, and fractions of at most 15 digits.`,
    text: `The text${name === undefined ? '' : ` in ${shown}`} has half of a surrogate pair: send valid Unicode text.`,
    depth: `It has more than ${mostLevels} levels of nesting: at most ${mostLevels} are allowed.`,
  };
  return { kind: 'refused', why, ...(name === undefined ? {} : { name }), detail: details[why] };
}

/** The first fault of a text that is valid JSON: so each token ends where its first characters say. */
function faultIn(text: string, numbers: NumberRule): JsonRefused | undefined {
  if (half.test(text)) return jsonRefusal('text');
  // One for each object or array that is open; an array has no names.
  const open: (Set<string> | undefined)[] = [];
  let nameComes = false;
  let name: string | undefined;
  for (let at = 0; at < text.length;) {
    const character = text[at];
    if (character === '"') {
      const end = endOfString(text, at);
      const string = stringOf(text.slice(at, end));
      at = end;
      if (half.test(string)) return jsonRefusal('text', nameComes ? undefined : name);
      if (!nameComes) continue;
      const names = open[open.length - 1]!;
      if (names.has(string)) return jsonRefusal('duplicate', string);
      if (string === '__proto__') return jsonRefusal('reserved', string);
      names.add(string);
      name = string;
      nameComes = false;
    } else if (isOfNumber(character)) {
      const end = endOfNumber(text, at);
      if (!isExact(text.slice(at, end), numbers)) return jsonRefusal('number', name);
      at = end;
    } else {
      if (character === '{' || character === '[') {
        if (open.push(character === '{' ? new Set() : undefined) > mostLevels) return jsonRefusal('depth');
        nameComes = character === '{';
      } else if (character === '}' || character === ']') {
        open.pop();
        nameComes = false;
      } else if (character === ',') {
        nameComes = open[open.length - 1] !== undefined;
      }
      at += 1;
      // `true`, `false` and `null` have letters of a number's exponent, but none of its beginnings.
    }
  }
  return undefined;
}

/** The value of a text that has no fault, of its tokens: names are read one by one. */
function built(text: string): Json {
  let at = 0;
  /** The next character that is not blank, passed over where it is this one. */
  const next = (passed: string): string => {
    while (' \t\n\r'.includes(text[at])) at += 1;
    const character = text[at];
    if (passed.includes(character)) at += 1;
    return character;
  };
  const token = (): string => {
    const start = at;
    at = text[at] === '"' ? endOfString(text, at) : at + /^[^\s,\]}]+/.exec(text.slice(at))![0].length;
    return text.slice(start, at);
  };
  const value = (): Json => {
    const opening = next('{[');
    if (opening === '{') return Object.fromEntries(all('}', member));
    return opening === '[' ? all(']', value) : (JSON.parse(token()) as Json);
  };
  const member = (): readonly [string, Json] => {
    const name = stringOf(token());
    next(':');
    return [name, value()];
  };
  const all = <T>(closing: string, one: () => T): T[] => {
    const items: T[] = [];
    while (next(`,${closing}`) !== closing) {
      if (text[at - 1] === ',') next('');
      items.push(one());
    }
    return items;
  };
  return value();
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** Two spellings of a name are one name. */
function stringOf(token: string): string {
  return token.includes('\\') ? (JSON.parse(token) as string) : token.slice(1, -1);
}

function isOfNumber(character: string): boolean {
  return (character >= '0' && character <= '9') || character === '-';
}

function endOfNumber(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && (isOfNumber(text[at]) || '.eE+'.includes(text[at]))) at += 1;
  return at;
}

function isExact(number: string, rule: NumberRule): boolean {
  const value = Number(number);
  if (!Number.isFinite(value)) return false;
  if (rule === 'exact' && (Object.is(value, -0) || (Number.isInteger(value) && !Number.isSafeInteger(value)))) return false;
  const again = String(value);
  return again === number || decimalOf(again) === decimalOf(number);
}

/** One spelling of a decimal number: its digits without zeros at either end, and the power of ten of the last one. */
function decimalOf(number: string): string {
  const [mantissa, exponent = '0'] = number.toLowerCase().split('e');
  const [whole, fraction = ''] = mantissa.replace('-', '').split('.');
  const digits = whole + fraction;
  let end = digits.length;
  while (end > 0 && digits[end - 1] === '0') end -= 1;
  let start = 0;
  while (start < end && digits[start] === '0') start += 1;
  if (start === end) return '0';
  return `${mantissa.startsWith('-') ? '-' : ''}${digits.slice(start, end)}e${Number(exponent) - fraction.length + digits.length - end}`;
}
