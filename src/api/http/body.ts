import { ProblemError } from './answer';
import type { HttpRequest } from './request';
import { JsonRefused, readJson as readStrict, textOfBody } from '../../kernel/json/strict';
import { isJsonType } from '../../kernel/json/type';
import { apiLimits } from '../contract';
import type { ProblemCode } from '../contract';

/**
 * The request's JSON value; `undefined` when there is no body. Throws a `ProblemError` for a body that is too large, of another
 * type, not UTF-8, not JSON, or one that two readers could take for two things.
 */
export function readJson(request: HttpRequest): unknown {
  const size = typeof request.body === 'string' ? Buffer.byteLength(request.body) : request.body.length;
  if (size > apiLimits.bodyBytes) {
    throw new ProblemError('body_too_large', `The body has ${size} bytes; at most ${apiLimits.bodyBytes} are allowed.`);
  }
  if (size === 0) return undefined;
  requireJsonType(request);
  const text = textOfBody(request.body);
  if (text === undefined) throw new ProblemError('invalid_json', 'The body is not UTF-8 text.');
  const read = readStrict(text);
  if (read.kind === 'read') return read.value;
  throw new ProblemError(codeOf(read), `The body was refused. ${read.detail}`);
}

function requireJsonType(request: HttpRequest): void {
  const [type, ...others] = request.header('Content-Type');
  const coded = request.header('Content-Encoding').some((coding) => !/^(identity)?$/i.test(coding.trim()));
  if (type === undefined || others.length > 0 || coded || !isJsonType(type.trim())) {
    throw new ProblemError('unsupported_media_type', 'Send the body as application/json in UTF-8, without a content coding.');
  }
}

/** The code that the same fault has where a field's own rule finds it. */
function codeOf({ why }: JsonRefused): ProblemCode {
  switch (why) {
    case 'number':
      return 'invalid_amount';
    case 'reserved':
      return 'unknown_field';
    case 'text':
      return 'invalid_request';
    default:
      return 'invalid_json';
  }
}
