import { ProblemError } from './answer';
import { holdsExactNumbers } from './exact-numbers';
import type { HttpRequest } from './request';
import { apiLimits } from '../contract';

/**
 * The request's JSON value; `undefined` when there is no body. Throws a `ProblemError` for a body that is too large, of another
 * type, not UTF-8 or not JSON, and for a number that would lose digits.
 */
export function readJson(request: HttpRequest): unknown {
  const size = typeof request.body === 'string' ? Buffer.byteLength(request.body) : request.body.length;
  if (size > apiLimits.bodyBytes) {
    throw new ProblemError('body_too_large', `The body has ${size} bytes; at most ${apiLimits.bodyBytes} are taken.`);
  }
  if (size === 0) return undefined;
  requireJsonType(request);
  const text = decode(request.body);
  const value = parse(text);
  if (!holdsExactNumbers(text)) {
    throw new ProblemError('invalid_amount', 'A number in the body cannot be represented exactly: send whole minor units up to 9007199254740991.');
  }
  return value;
}

/** No type that is taken is nearly as long. */
const longestType = 255;
const jsonType = /^application\/(?:[\w.!#$&^-]+\+)?json$/;
const utf8 = ['utf-8', '"utf-8"', 'utf8', '"utf8"'];

/** `application/json` or another type written in JSON, with no parameter but `charset=utf-8`. */
function isJsonType(text: string): boolean {
  if (text.length > longestType) return false;
  const [type, ...parameters] = text.toLowerCase().split(';').map((part) => part.trim());
  return jsonType.test(type) && parameters.length <= 2 && parameters.every((parameter, index) => {
    const [name, value, ...more] = parameter.split('=').map((part) => part.trim());
    return name === 'charset' ? index === 0 && more.length === 0 && utf8.includes(value ?? '') : parameter === '';
  });
}

function requireJsonType(request: HttpRequest): void {
  const [type, ...others] = request.header('Content-Type');
  const coded = request.header('Content-Encoding').some((coding) => !/^(identity)?$/i.test(coding.trim()));
  if (type === undefined || others.length > 0 || coded || !isJsonType(type.trim())) {
    throw new ProblemError('unsupported_media_type', 'Send the body as application/json in UTF-8, without a content coding.');
  }
}

function decode(body: Uint8Array | string): string {
  if (typeof body === 'string') {
    // The gateway has decoded it and put U+FFFD where the bytes were no UTF-8.
    if (body.includes('\uFFFD')) throw notUtf8();
    return body;
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw notUtf8();
  }
}

function notUtf8(): ProblemError {
  return new ProblemError('invalid_json', 'The body is not UTF-8 text.');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the body.
    throw new ProblemError('invalid_json', 'The body is not valid JSON.');
  }
}
