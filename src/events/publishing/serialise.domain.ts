import { readJson } from '../../kernel/json/strict';

/** What JSON would leave out, or say as something else; the message ends an `InvalidEvent`. */
class Unsaid extends Error {}

/**
 * A value as its readers will find it: what is judged is what is sent, since a `toJSON` may say something else each time. What JSON loses
 * without a word (`NaN`, a `Map`, a function) is refused by the member's name, and so is what two readers could take for two things. A
 * member that is `undefined` is absent.
 */
export function serialised(
  given: unknown,
): { readonly kind: 'said'; readonly value: unknown } | { readonly kind: 'unsaid'; readonly why: string } {
  const unsaid = (why: string): { readonly kind: 'unsaid'; readonly why: string } => ({
    kind: 'unsaid',
    why: `it cannot be written as JSON: ${why}`,
  });
  const paths = new WeakMap<object, string>();
  let text: string | undefined;
  try {
    text = JSON.stringify(given, function (this: unknown, key: string, value: unknown): unknown {
      const holder = paths.get(this as object);
      const path = holder === undefined || holder === '' ? key : Array.isArray(this) ? `${holder}[${key}]` : `${holder}.${key}`;
      const lost = lossOf(value, Array.isArray(this));
      if (lost !== undefined) throw new Unsaid(`${path === '' ? 'the event' : `'${path.slice(0, longestPath)}'`} ${lost}`);
      if (typeof value === 'object' && value !== null) paths.set(value, path);
      return value;
    });
  } catch (error) {
    if (error instanceof Unsaid) return unsaid(error.message);
    // The engine's own message of a circle goes over several lines and tells of classes.
    const [line] = String(error instanceof Error ? error.message : error).split('\n');
    return unsaid(/circular/i.test(line) ? 'it refers to itself' : line);
  }
  if (text === undefined) return unsaid('its JSON form is undefined');
  const read = readJson(text, 'double');
  return read.kind === 'read' ? { kind: 'said', value: read.value } : unsaid(read.detail);
}

const longestPath = 200;

function lossOf(value: unknown, isElement: boolean): string | undefined {
  switch (typeof value) {
    case 'bigint':
      return 'is a bigint; send it as text';
    case 'number':
      return Number.isFinite(value) ? undefined : `is ${value}, which JSON writes as null`;
    case 'function':
    case 'symbol':
      return `is a ${typeof value}, which JSON leaves out`;
    case 'undefined':
      return isElement ? 'is undefined, which JSON writes as null' : undefined;
    case 'object':
      return value === null ? undefined : lossOfObject(value);
    default:
      return undefined;
  }
}

/** A date says what it is by its own `toJSON`, and comes here as text, or as null when it is none. */
function lossOfObject(value: object): string | undefined {
  if (value instanceof Number) return lossOf(Number(value), false);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (Array.isArray(value) || prototype === Object.prototype || prototype === null || value instanceof Boolean || value instanceof String) {
    return undefined;
  }
  const isEmpty = Object.keys(value).length === 0 && !ArrayBuffer.isView(value);
  return isEmpty || value instanceof Error
    ? `is a ${value.constructor?.name || 'thing'}, which JSON cannot represent; send its content as an object, a list or text`
    : undefined;
}
