import { sha256 } from '../../kernel/digest';
import { AuditRecord } from '../model';

/** The longest text of a standard parameter in bytes. */
export const recordBytes = 4096;

/** How much is left of a long record: characters of each text, members of each list. */
interface Cut {
  readonly text: number;
  readonly list: number;
}

const cuts: readonly Cut[] = [
  { text: 240, list: Infinity },
  { text: 120, list: Infinity },
  { text: 60, list: 40 },
  { text: 60, list: 20 },
  { text: 60, list: 10 },
  { text: 40, list: 5 },
  { text: 20, list: 2 },
  { text: 20, list: 1 },
];
/** What others read out of a record as it is. */
const whole: readonly string[] = ['at', 'prev', 'key', 'run', 'value', 'healthCheckId', 'source', 'target'];

/** A record as it is stored, with room for what is put behind it: its texts and lists are cut, with what proves the rest, until it fits. */
export function storedText(record: AuditRecord, room: number): string {
  const fits = (written: string): boolean => bytesOf(written) <= recordBytes - room;
  const full = textOf(record);
  if (fits(full)) return full;
  const text = cuts.map((to) => textOf(shorten(record, '', to))).find(fits);
  if (text === undefined) {
    throw new Error(
      `a record '${record.entry.what}' does not fit into a parameter of ${recordBytes} bytes: its key of ${record.key.length} ` +
        `characters is too long`,
    );
  }
  return text;
}

/**
 * Parameter Store refuses `{{...}}` as a reference to another parameter; in JSON two braces stand together only in a text, where one can be
 * escaped.
 */
function textOf(value: unknown): string {
  return JSON.stringify(value).replace(/\{(?=\{)/g, '\\u007b');
}

const bytesOf = (text: string): number => Buffer.byteLength(text);

function shorten(value: unknown, name: string, to: Cut): unknown {
  if (typeof value === 'string') return whole.includes(name) ? value : shortText(value, to.text);
  if (Array.isArray(value)) return value.every((one) => typeof one === 'string') ? shortList(value, to) : value;
  if (typeof value !== 'object' || value === null) return value;
  const named = name === 'attested';
  const members = Object.entries(value).map(([key, member]): [string, unknown] => [key, shorten(member, named ? '' : key, to)]);
  return Object.fromEntries(named ? shortNames(value, members, to) : members);
}

/** A text that is as long as a reader or a service takes; a longer one is cut, and says how long it was. */
export function beginningOf(text: string, length: number, more = ''): string {
  return text.length <= length ? text : `${text.slice(0, length)}... (${text.length} characters${more})`;
}

/** A long text's beginning, with what proves the rest. */
function shortText(text: string, length: number): string {
  const cut = beginningOf(text, length, `, sha256 ${sha256(text)}`);
  return bytesOf(cut) < bytesOf(text) ? cut : text;
}

const rest = (all: unknown, left: number): string => `... and ${left} more, sha256 of all ${sha256(JSON.stringify(all))}`;

function shortList(all: readonly string[], { text, list }: Cut): string[] {
  const first = all.slice(0, list).map((one) => shortText(one, text));
  return all.length <= list ? first : [...first, rest(all, all.length - list)];
}

/** Names that people have given: as long and as many as texts may be. */
function shortNames(all: object, members: readonly [string, unknown][], { text, list }: Cut): [string, unknown][] {
  const first = members.slice(0, list).map(([name, member]): [string, unknown] => [shortText(name, text), member]);
  return members.length <= list ? first : [...first, ['...', rest(all, members.length - list)]];
}
