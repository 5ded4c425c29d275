import { AuditEnd, CarriedResult } from './contract';
import { Watch, WindowProgress } from '../checks/model';

/** Reads one member; undefined where it is not of the kind. */
type Reader<Kind> = (given: unknown) => Kind | undefined;

const textOf: Reader<string> = (given) => (typeof given === 'string' ? given : undefined);
const numberOf: Reader<number> = (given) => (typeof given === 'number' ? given : undefined);
const textsOf: Reader<readonly string[]> = (given) => (Array.isArray(given) ? given.map(String) : undefined);

const auditOf: Reader<AuditEnd> = (given) => {
  const { records, sha256 } = membersOf(given);
  return typeof records === 'number' && records > 0 && typeof sha256 === 'string' ? { records, sha256 } : undefined;
};

const watchOf: Reader<Watch> = (given) => {
  const { sinceMs, seenMs } = membersOf(given);
  return typeof sinceMs === 'number' && typeof seenMs === 'number' ? { sinceMs, seenMs } : undefined;
};

const progressOf: Reader<WindowProgress> = (given) => (isProgress(given) ? given : undefined);

const readers: { readonly [Member in keyof CarriedResult]-?: Reader<NonNullable<CarriedResult[Member]>> } = {
  outcome: textOf,
  phase: numberOf,
  by: textsOf,
  digest: textOf,
  about: textOf,
  detail: textOf,
  because: textOf,
  since: numberOf,
  changeId: textOf,
  failures: numberOf,
  unreadable: numberOf,
  watch: watchOf,
  progress: progressOf,
  audit: auditOf,
  Error: textOf,
  Cause: textOf,
};

/** What steps read of the results before them; whatever is not of its kind counts as not there. */
export function carriedResult(last: unknown): CarriedResult {
  const given = membersOf(last);
  return Object.fromEntries(
    Object.entries(readers).flatMap(([name, read]) => {
      const value = read(given[name]);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** A value's members by name; none of what is no object. */
export function membersOf(given: unknown): Readonly<Record<string, unknown>> {
  return typeof given === 'object' && given !== null ? { ...given } : {};
}

/** The window made it, and the machine has carried it as it is: what tells it from anything else is enough. */
function isProgress(given: unknown): given is WindowProgress {
  const { startedMs, rounds, place, pending } = membersOf(given);
  return (
    typeof startedMs === 'number' && typeof rounds === 'number' && typeof place === 'object' && place !== null && Array.isArray(pending)
  );
}
