import { randomUUID } from 'node:crypto';

export type Json = any;

/** A payload's bound on AWS. */
const mostBytes = 262_144;

/** A fault that a state machine's Retry and Catch know by name. */
export class StateFault extends Error {
  constructor(
    readonly error: string,
    readonly reason: string,
  ) {
    super(`${error}: ${reason}`);
  }
}

/** Value at a reference path of the data, or with `$$` of the context. */
export function readPath(path: string, data: Json, context: Json): Json {
  if (path.startsWith('States.')) return intrinsic(path, data, context);
  const [root, rest] = path.startsWith('$$') ? [context, path.slice(2)] : [data, path.slice(1)];
  let value = root;
  for (const step of steps(rest)) {
    const member =
      Array.isArray(value) && typeof step === 'number'
        ? value[step]
        : typeof value === 'object' && value !== null
          ? (value as Record<string, Json>)[step]
          : undefined;
    if (member === undefined) throw new StateFault('States.ParameterPathFailure', `the path '${path}' leads nowhere in the input`);
    value = member;
  }
  return value;
}

/** Whether there is something at a path. */
export function isPresent(path: string, data: Json, context: Json): boolean {
  try {
    readPath(path, data, context);
    return true;
  } catch {
    return false;
  }
}

/** A copy of the data with a value at a path; a path of null leaves the data as it is. */
export function write(path: string | null | undefined, data: Json, value: Json): Json {
  if (path === null) return data;
  const way = steps((path ?? '$').slice(1));
  if (way.length === 0) return value;
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new StateFault('States.ResultPathMatchFailure', `'${path}' cannot be applied to input that is not an object`);
  }
  const copy = structuredClone(data);
  let place = copy;
  for (const step of way.slice(0, -1)) {
    if (typeof place[step] !== 'object' || place[step] === null) place[step] = {};
    place = place[step];
  }
  place[way[way.length - 1]] = value;
  return copy;
}

/** A template with everything filled in that ends in `.$`. */
export function fill(template: Json, data: Json, context: Json): Json {
  if (Array.isArray(template)) return template.map((one) => fill(one, data, context));
  if (typeof template !== 'object' || template === null) return template;
  return Object.fromEntries(
    Object.entries(template as Record<string, Json>).map(([name, value]) =>
      name.endsWith('.$') ? [name.slice(0, -2), readPath(String(value), data, context)] : [name, fill(value, data, context)],
    ),
  );
}

/** A time of a task in milliseconds; none is for ever. */
export function timeOf(state: Readonly<Record<string, Json>>, member: string, input: Json, context: Json): number {
  const path = state[`${member}Path`];
  return 1000 * Number(path === undefined ? (state[member] ?? Infinity) : readPath(String(path), input, context));
}

/** Input or output through its path; null takes nothing. */
export function part(path: string | null | undefined, data: Json, context: Json): Json {
  if (path === null) return {};
  return path === undefined ? data : readPath(path, data, context);
}

/** Refuses what is larger than a payload may be on AWS. */
export function bounded(data: Json): void {
  const bytes = Buffer.byteLength(JSON.stringify(data ?? null));
  if (bytes > mostBytes) throw new StateFault('States.DataLimitExceeded', `a payload of ${bytes} bytes: ${mostBytes} are allowed`);
}

/** Paths that are understood here: names and indexes, no filters. */
export const pathPattern = /^\$\$?((\.[A-Za-z_][\w-]*)|(\['[^']+'\])|(\[\d+\]))*$/;

function steps(rest: string): (string | number)[] {
  return [...rest.matchAll(/\.([A-Za-z_][\w-]*)|\['([^']+)'\]|\[(\d+)\]/g)].map(([, name, quoted, index]) =>
    index === undefined ? (name ?? quoted) : Number(index),
  );
}

const functions: Readonly<Record<string, (...given: any[]) => Json>> = {
  Format: (text: string, ...values: Json[]) =>
    text.replace(/\\([{}'\\])|\{\}/g, (whole, literal?: string) => {
      if (literal) return literal;
      if (values.length === 0) throw new StateFault('States.IntrinsicFailure', `States.Format has no value for a {} of '${text}'`);
      const value: Json = values.shift();
      return whole && typeof value === 'string' ? value : JSON.stringify(value);
    }),
  StringToJson: (text: string) => JSON.parse(text) as Json,
  JsonToString: (value: Json) => JSON.stringify(value),
  Array: (...values: Json[]) => values,
  ArrayLength: (array: Json[]) => array.length,
  ArrayGetItem: (array: Json[], index: number) => array[index],
  ArrayContains: (array: Json[], value: Json) => array.some((one) => JSON.stringify(one) === JSON.stringify(value)),
  MathAdd: (a: number, b: number) => a + b,
  UUID: () => randomUUID(),
};

/** Names of the intrinsic functions that are known here. */
export const knownFunctions: ReadonlySet<string> = new Set(Object.keys(functions));

function intrinsic(text: string, data: Json, context: Json): Json {
  const reader = { text, at: 0 };
  try {
    const value = call(reader, data, context);
    if (reader.at !== text.length) throw new Error(`unexpected '${text.slice(reader.at)}'`);
    return value;
  } catch (error) {
    throw error instanceof StateFault ? error : new StateFault('States.IntrinsicFailure', `${text}: ${(error as Error).message}`);
  }
}

interface Reader {
  readonly text: string;
  at: number;
}

function call(reader: Reader, data: Json, context: Json): Json {
  const name = take(reader, /States\.(\w+)\(\s*/y);
  const values: Json[] = [];
  while (take(reader, /\s*(\))/y) === undefined) {
    if (values.length > 0 && take(reader, /\s*(,)\s*/y) === undefined) throw new Error(`a comma is missing at ${reader.at}`);
    values.push(argument(reader, data, context));
  }
  if (name === undefined || !functions[name]) throw new Error(`there is no function ${name}`);
  return functions[name](...values);
}

function argument(reader: Reader, data: Json, context: Json): Json {
  if (reader.text.startsWith('States.', reader.at)) return call(reader, data, context);
  const quoted = take(reader, /'((?:[^'\\]|\\.)*)'/y);
  // Braces stay escaped for Format, which tells them from its own.
  if (quoted !== undefined) return quoted.replace(/\\(['\\])/g, '$1');
  const path = take(reader, /(\$\$?(?:\.[A-Za-z_][\w-]*|\['[^']+'\]|\[\d+\])*)/y);
  if (path !== undefined) return readPath(path, data, context);
  const literal = take(reader, /(-?\d+(?:\.\d+)?|true|false|null)/y);
  if (literal === undefined) throw new Error(`no value at ${reader.at}`);
  return JSON.parse(literal);
}

function take(reader: Reader, pattern: RegExp): string | undefined {
  pattern.lastIndex = reader.at;
  const match = pattern.exec(reader.text);
  if (!match) return undefined;
  reader.at = pattern.lastIndex;
  return match[1];
}
