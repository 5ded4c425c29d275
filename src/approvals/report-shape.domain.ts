/** A report of any team's own state machine, in the forms that people read: rows, pairs and text. */
export type Block =
  | { readonly kind: 'text'; readonly text: string; readonly verdict?: CheckVerdict }
  | { readonly kind: 'list'; readonly items: readonly Block[] }
  | { readonly kind: 'pairs'; readonly pairs: readonly (readonly [name: string, value: Block])[] }
  | { readonly kind: 'rows'; readonly head: readonly string[]; readonly rows: readonly (readonly Block[])[] };

export type CheckVerdict = 'passed' | 'failed';

/** One check, as it is shown everywhere: on the page, in the message, in the auditor's report. */
export interface ShownCheck {
  readonly name: string;
  readonly found: string;
  readonly allowed: string;
  readonly passed: boolean;
}

type ReportValue = null | boolean | number | string | readonly ReportValue[] | { readonly [name: string]: ReportValue };
type Thing = { readonly [name: string]: ReportValue };

/** Deeper than that nobody reads; what is left is counted. */
const deepest = 6;
const checkKeys: readonly string[] = ['name', 'passed', 'value', 'allowed', 'mend'];
const checkHead = ['Check', 'Found', 'Allowed', 'Passed'] as const;

/** The form of a report, by its shape alone; what is not JSON is text. */
export function blockOf(report: string): Block {
  const value = parsed(report);
  const checks = checksIn(value);
  if (!checks) return shaped(value, 0);
  const table: Block = {
    kind: 'rows',
    head: checkHead,
    rows: checks.map(({ name, found, allowed, passed }) => [text(name), text(found), text(allowed), verdict(passed)]),
  };
  const others = isThing(value) ? restOf(value) : {};
  return Object.keys(others).length === 0 ? table : { kind: 'list', items: [table, shaped(others, 0)] };
}

/** What a report says beside its checks. A cutover's own has its phase in the question and its digest among the details. */
function restOf({ checks, ...others }: Thing): Thing {
  if (typeof others.digest !== 'string' || typeof others.phase !== 'number') return others;
  const { digest, phase, passed, at, ...rest } = others;
  return typeof at === 'string' ? { checked: at, ...rest } : rest;
}

/** The checks of a report, failing ones first; undefined: it is no report of checks. */
export function checksOf(report: string): readonly ShownCheck[] | undefined {
  return checksIn(parsed(report));
}

/** A check as the audit keeps it, on one line. */
export function checkText({ name, found, allowed, passed }: ShownCheck): string {
  return `${passed ? 'ok' : 'NOT'} ${name}: ${shortened(found)}; allowed ${shortened(allowed)}`;
}

/** Reads it back; what is no such line is a name without a result. */
export function readCheck(line: string): Omit<ShownCheck, 'passed'> & { readonly passed?: boolean } {
  const passed = line.startsWith('ok ') ? true : line.startsWith('NOT ') ? false : undefined;
  const rest = passed === undefined ? line : line.slice(line.indexOf(' ') + 1);
  const [name, ...said] = rest.split(': ');
  const [found, ...allowed] = said.join(': ').split('; allowed ');
  return { name, found, allowed: allowed.join('; allowed '), passed };
}

const shortened = (said: string): string => (said.length <= 60 ? said : `${said.slice(0, 57)}...`);

export function failingFirst<T extends { readonly passed: boolean }>(checks: readonly T[]): T[] {
  return [...checks.filter(({ passed }) => !passed), ...checks.filter(({ passed }) => passed)];
}

function checksIn(value: ReportValue): readonly ShownCheck[] | undefined {
  const list = isThing(value) ? value.checks : value;
  if (list === undefined || !isList(list) || list.length === 0) return undefined;
  const things = list.filter(isThing);
  if (things.length !== list.length || !things.every(isCheck)) return undefined;
  return failingFirst(
    things.map(({ name, value: found, allowed, passed }) => ({
      name: String(name),
      found: plainText(found ?? ''),
      allowed: plainText(allowed ?? ''),
      passed: passed === true,
    })),
  );
}

/** With more to say than that, it is a row of its own columns. */
function isCheck(thing: Thing): boolean {
  return typeof thing.name === 'string' && typeof thing.passed === 'boolean' && Object.keys(thing).every((key) => checkKeys.includes(key));
}

function shaped(value: ReportValue, depth: number): Block {
  if (isList(value)) return listOf(value, depth);
  if (!isThing(value)) return scalar(value);
  const pairs = Object.entries(value);
  if (depth >= deepest) return text(`${pairs.length} entries`);
  return pairs.length === 0
    ? text('-')
    : { kind: 'pairs', pairs: pairs.map(([name, entry]) => [named(name), shaped(entry, depth + 1)] as const) };
}

/** Lists of like things are rows, a column for each name. */
function listOf(values: readonly ReportValue[], depth: number): Block {
  if (values.length === 0) return text('none');
  if (depth >= deepest) return text(`${values.length} entries`);
  const things = values.filter(isThing);
  if (things.length < values.length || things.some((thing) => Object.keys(thing).length === 0)) {
    return { kind: 'list', items: values.map((value) => shaped(value, depth + 1)) };
  }
  const columns = [...new Set(things.flatMap((thing) => Object.keys(thing)))];
  const rank = ({ passed }: Thing): number => (passed === false ? 0 : 1);
  const ordered = [...things].sort((one, other) => rank(one) - rank(other));
  return {
    kind: 'rows',
    head: columns.map(named),
    rows: ordered.map((thing) => columns.map((column) => (Object.hasOwn(thing, column) ? shaped(thing[column], depth + 1) : text('')))),
  };
}

function scalar(value: Exclude<ReportValue, object> | null): Block {
  if (value === null) return text('-');
  if (typeof value === 'boolean') return text(value ? 'yes' : 'no');
  const shown = typeof value === 'number' ? value.toLocaleString('en-GB', { maximumFractionDigits: 6 }) : plainTime(value);
  if (/^(passed|ok|green)$/i.test(shown)) return { kind: 'text', text: shown, verdict: 'passed' };
  return /^(failed|not ok|red|breached)$/i.test(shown) ? { kind: 'text', text: shown, verdict: 'failed' } : text(shown);
}

/** On one line, for a message. */
export function plainText(value: unknown): string {
  return lineOf(shaped(value as ReportValue, 0));
}

function lineOf(block: Block): string {
  switch (block.kind) {
    case 'text':
      return block.text;
    case 'list':
      return block.items.map(lineOf).join(', ');
    case 'pairs':
      return block.pairs.map(([name, value]) => `${name} ${lineOf(value)}`).join(', ');
    case 'rows':
      return block.rows.map((row) => row.map(lineOf).join(' ')).join('; ');
  }
}

/** `targetPercent` as people write it. */
function named(name: string): string {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/[_-]/g, ' ')
    .trim();
  // A name that is no identifier, such as a region's, stays what it is.
  return /^[a-z]+([A-Z][a-z0-9]*|_[a-z0-9]+)*$/.test(name) ? `${words.charAt(0).toUpperCase()}${words.slice(1).toLowerCase()}` : name;
}

/** A time of ISO 8601 as people write it; any other text as it is. */
export function plainTime(value: string): string {
  return value.replace(/\b(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d{1,9})?)?Z/g, '$1 $2 UTC');
}

/** A length of time as people say it: the two largest units that count. */
export function plainSeconds(seconds: number): string {
  const units = [
    ['day', 86_400],
    ['hour', 3_600],
    ['minute', 60],
    ['second', 1],
  ] as const;
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first < 0) return seconds === 0 ? '0 seconds' : `${Math.round(seconds * 1000)} ms`;
  let left = Math.round(seconds);
  const said = units.slice(first, first + 2).map(([unit, size]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return count === 0 ? '' : `${count} ${unit}${count === 1 ? '' : 's'}`;
  });
  return said.filter((part) => part !== '').join(' ');
}

function text(of: string): Block {
  return { kind: 'text', text: of };
}

function verdict(passed: boolean): Block {
  return { kind: 'text', text: passed ? 'yes' : 'NO', verdict: passed ? 'passed' : 'failed' };
}

function parsed(report: string): ReportValue {
  try {
    return JSON.parse(report) as ReportValue;
  } catch {
    return report;
  }
}

function isList(value: ReportValue): value is readonly ReportValue[] {
  return Array.isArray(value);
}

function isThing(value: ReportValue | undefined): value is Thing {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
