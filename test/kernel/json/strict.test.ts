import * as fc from 'fast-check';
import { JsonFault, NumberRule, readJson, textOfBody } from '../../../src/kernel/json/strict';

const blank = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), maxLength: 2 });

/** JSON texts of a value, with white space anywhere and each character of a text plain or as an escape; the choices are chance's. */
function written(value: unknown, chance: () => number, space: () => string): string {
  const escaped = (character: string): string =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join('');
  const isPlain = (token: string): boolean => [...token].length === 1;
  const text = (plain: string): string =>
    `"${[
      ...JSON.stringify(plain)
        .slice(1, -1)
        .matchAll(/\\u[0-9a-f]{4}|\\.|[^]/gu),
    ]
      .map(([token]) => (isPlain(token) && chance() === 0 ? escaped(token) : token))
      .join('')}"`;
  const walk = (one: unknown): string => {
    if (typeof one === 'string') return text(one);
    if (Array.isArray(one)) return `[${one.map((item) => space() + walk(item) + space()).join(',') || space()}]`;
    if (typeof one === 'object' && one !== null) {
      return `{${
        Object.entries(one)
          .map(([name, item]) => `${space()}${text(name)}${space()}:${space()}${walk(item)}${space()}`)
          .join(',') || space()
      }}`;
    }
    return JSON.stringify(one);
  };
  return space() + walk(value) + space();
}

const names = fc
  .oneof(
    fc.constantFrom('a', 'b', 'amount', '"', '\\', '{', '}', '[', ']', ',', ':', '1', '-', 'e', '', 'ä'),
    fc.string({ unit: 'grapheme', maxLength: 4 }),
  )
  .filter((name) => name !== '__proto__');
const numbers = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (number === 0 ? 0 : number)),
);
const leaves = fc.oneof(fc.constantFrom(true, false, null), numbers, names);
const { value: values } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    leaves,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(names, tie('value'), { maxKeys: 4 }),
  ),
}));
const texts = fc.tuple(values, fc.infiniteStream(fc.nat({ max: 3 })), fc.infiniteStream(blank)).map(([value, chances, blanks]) => ({
  value,
  text: written(
    value,
    () => chances.next().value as number,
    () => blanks.next().value as string,
  ),
}));

describe('the reader of JSON', () => {
  test('reads what was written, however it is written', () => {
    fc.assert(
      fc.property(texts, ({ text, value }) => {
        // Not what the parser makes of the text: it is wrong now and then, see below.
        expect(readJson(text, 'double')).toEqual({ kind: 'read', value });
      }),
      { numRuns: 1_000 },
    );
  });

  test('reads a name of one character as it is, also where the parser takes its escape for a backslash', () => {
    const parse = JSON.parse;
    const spy = jest.spyOn(JSON, 'parse').mockImplementation((text: string) => {
      // As V8 does with some of these texts.
      const value: unknown = parse(text);
      return value !== null && typeof value === 'object' ? { '\\': 'misread' } : value;
    });
    const read = readJson('{"\\u007d": [1, {"\\"" : "a\\u003a", "\\\\":null}, [ ], { },true ], "x" :-2.5e3 }');
    spy.mockRestore();
    expect(read).toEqual({ kind: 'read', value: { '}': [1, { '"': 'a:', '\\': null }, [], {}, true], x: -2500 } });
  });

  test('takes for JSON what the parser takes, and nothing else', () => {
    const broken = fc
      .tuple(texts, fc.nat(), fc.constantFrom('', '"', '\\', ',', '{', '}', '[', ']', '1', '-', 'e', 'x'))
      .map(
        ([{ text }, at, put]) => text.slice(0, at % (text.length + 1)) + put + text.slice((at % (text.length + 1)) + (put === '' ? 1 : 0)),
      );
    fc.assert(
      fc.property(broken, (text) => {
        const isJson = ((): boolean => {
          try {
            JSON.parse(text);
            return true;
          } catch {
            return false;
          }
        })();
        const read = readJson(text, 'double');
        expect([text, read.kind === 'refused' && read.why === 'syntax']).toEqual([text, !isJson]);
      }),
      { numRuns: 2_000 },
    );
  });

  test('refuses a second member of a name, wherever it stands and however it is spelt', () => {
    const around = fc.tuple(
      values,
      values,
      fc.constantFrom(
        (inner: string) => inner,
        (inner: string) => `[${inner}]`,
        (inner: string) => `{"x":[{}, ${inner}]}`,
        (inner: string) => `{"a":{"b":${inner}}}`,
      ),
    );
    fc.assert(
      fc.property(names, values, around, fc.infiniteStream(fc.nat({ max: 2 })), (name, between, [first, second, wrap], chances) => {
        const text = (value: unknown): string =>
          written(
            value,
            () => chances.next().value as number,
            () => '',
          );
        const inner = `{${text(name)}:${text(first)},${text(`${name}!`)}:${text(between)},${text(name)}:${text(second)}}`;
        expect(readJson(wrap(inner), 'double')).toMatchObject({ kind: 'refused', why: 'duplicate', name });
      }),
      { numRuns: 1_000 },
    );
  });

  test('takes a name again in another object', () => {
    expect(readJson('{"a":{"a":[{"a":1},{"a":1}]},"b":{"a":1}}').kind).toBe('read');
  });

  test.each<[string, JsonFault, string | undefined]>([
    ['{"amount":1,"amount":1000}', 'duplicate', 'amount'],
    ['{"amount":1,"\\u0061mount":1}', 'duplicate', 'amount'],
    ['{"":1,"":1}', 'duplicate', ''],
    ['{"__proto__":{}}', 'reserved', '__proto__'],
    ['{"a":{"__pr\\u006fto__":1}}', 'reserved', '__proto__'],
    ['{"amount":9007199254740993}', 'number', 'amount'],
    ['[[1,9007199254740992]]', 'number', undefined],
    ['{"a":1e21}', 'number', 'a'],
    ['{"a":1e400}', 'number', 'a'],
    ['{"a":-1e400}', 'number', 'a'],
    ['{"a":1e-400}', 'number', 'a'],
    ['{"a":-0}', 'number', 'a'],
    ['{"a":-0.0e5}', 'number', 'a'],
    ['{"a":0.1000000000000000055}', 'number', 'a'],
    ['{"a":5.00000000000000000001}', 'number', 'a'],
    ['{"a":"\\ud83d"}', 'text', 'a'],
    ['{"a":"\ud83d"}', 'text', undefined],
    ['{"\\udc00":1}', 'text', undefined],
    ['\uFEFF{}', 'syntax', undefined],
    ['', 'syntax', undefined],
    ["{'a':1}", 'syntax', undefined],
    ['{"a":NaN}', 'syntax', undefined],
    ['{"a":01}', 'syntax', undefined],
  ])('refuses %s', (text, why, name) => {
    expect(readJson(text)).toEqual({ kind: 'refused', why, detail: expect.any(String), ...(name === undefined ? {} : { name }) });
  });

  test('reads 64 levels and refuses more, however many', () => {
    const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
    expect([64, 65, 30_000].map((levels) => readJson(nested(levels))).map((read) => (read.kind === 'read' ? 'read' : read.why))).toEqual([
      'read',
      'depth',
      'depth',
    ]);
  });

  test('names the member, and never says a value', () => {
    const details = ['{"card":"4111 SECRET","card":"4111 SECRET"}', '{"card":9007199254740993123}', '{"card":"4111 \\ud83d"}', 'card 4111']
      .map((text) => readJson(text))
      .map((read) => ('detail' in read ? read.detail : ''));
    expect(details).toEqual([
      'It has the member "card" twice in one object: send each member once.',
      'The number in "card" cannot be represented exactly: ' +
        'allowed are whole numbers up to 9007199254740991, and fractions of at most 15 digits.',
      'The text in "card" has half of a surrogate pair: send valid Unicode text.',
      'It is not valid JSON.',
    ]);
    expect(readJson(`{"${'n'.repeat(5_000)}":1,"${'n'.repeat(5_000)}":1}`)).toMatchObject({
      detail: `It has the member "${'n'.repeat(40)}" twice in one object: send each member once.`,
    });
  });

  test.each([
    '{"a":1250.0}',
    '{"a":1.25e3}',
    '{"a":0}',
    '{"a":0e999999999999}',
    '{"a":0.1}',
    '{"a":0.30000000000000004}',
    '{"a":-9007199254740991}',
    '{"a":"9007199254740993"}',
    '{"a":"🦊\\ud83e\\udd8a"}',
    'null',
  ])('reads %s', (text) => {
    expect(readJson(text)).toEqual({ kind: 'read', value: JSON.parse(text) });
  });
});

/** A number as a fraction of whole ones in lowest terms, by exact arithmetic. */
function fractionOf(whole: string, fraction: string, exponent: number): string {
  const shift = exponent - fraction.length;
  const [top, bottom] = [BigInt(whole + fraction) * 10n ** BigInt(Math.max(0, shift)), 10n ** BigInt(Math.max(0, -shift))];
  const divisor = ((a: bigint, b: bigint): bigint => {
    for (; b > 0n; [a, b] = [b, a % b]);
    return a;
  })(top, bottom);
  return `${top / divisor}/${bottom / divisor}`;
}

/** The shortest decimal that a double is written as. */
function shortestOf(value: number): string {
  const [, whole, fraction = '', exponent = '0'] = /^(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(Math.abs(value)))!;
  return fractionOf(whole, fraction, Number(exponent));
}

test('a number is taken when a double says it again as it was written, and for people when it is also no unsafe whole number', () => {
  const digits = fc.string({ unit: fc.constantFrom('0', '0', '0', '1', '9'), maxLength: 25 });
  fc.assert(
    fc.property(fc.constantFrom('', '-'), digits, digits, fc.integer({ min: -30, max: 30 }), (sign, head, fraction, exponent) => {
      const whole = head.replace(/^0+/, '') || '0';
      const text = `${sign}${whole}${fraction && `.${fraction}`}e${exponent}`;
      const value = Number(text);
      const isSaid = fractionOf(whole, fraction, exponent) === shortestOf(value);
      const expected = {
        double: isSaid,
        exact: isSaid && !Object.is(value, -0) && (!Number.isInteger(value) || Number.isSafeInteger(value)),
      };
      for (const rule of ['double', 'exact'] as const satisfies readonly NumberRule[]) {
        expect([text, rule, readJson(`{"a":[true,null,false,"1e\\"9",${text}]}`, rule).kind === 'read']).toEqual([
          text,
          rule,
          expected[rule],
        ]);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('a body is text when its bytes are UTF-8', () => {
  expect(textOfBody(Buffer.from('{"a":"ä"}'))).toBe('{"a":"ä"}');
  expect(textOfBody('{"a":"ä"}')).toBe('{"a":"ä"}');
  for (const body of [Uint8Array.of(0x22, 0xc3, 0x28, 0x22), Uint8Array.of(0xed, 0xa0, 0x80), '"\uFFFD"']) {
    expect(textOfBody(body)).toBeUndefined();
  }
});
