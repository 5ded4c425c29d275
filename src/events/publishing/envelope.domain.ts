import { isRegionName } from '../../kernel/region';
import { isSegmentId, isTraceId, toTraceHeader } from '../../kernel/trace';
import { isTextOf } from '../../ledger/values.contract';
import type { EventTrace, MeshEvent, PutEntry } from '../model';

const idPattern = /^[A-Za-z0-9._:-]{1,128}$/;
const longestType = 128;
const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

type FieldCheck = readonly [keyof MeshEvent, (value: unknown) => boolean, string];

const text = (value: unknown): boolean => typeof value === 'string' && value !== '';
/** An inbox's keys hold both, and have 2,048 bytes; the tenant is there in URL encoding, which knows no half of a surrogate pair. */
const longestName = 128;
const shortText = isTextOf(longestName);
const optional =
  (allowed: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === undefined || allowed(value);

const checks: readonly FieldCheck[] = [
  ['id', (value) => typeof value === 'string' && idPattern.test(value), '1 to 128 of A-Z a-z 0-9 . _ : -'],
  ['type', (value) => text(value) && (value as string).length <= longestType, `1 to ${longestType} characters`],
  ['schemaVersion', (value) => Number.isSafeInteger(value) && (value as number) >= 1, 'a whole number from 1'],
  ['origin', (value) => typeof value === 'string' && isRegionName(value), 'the name of an AWS region'],
  [
    'occurredAt',
    (value) => typeof value === 'string' && isTime(value),
    'ISO 8601 in UTC with milliseconds, such as 2026-11-22T03:00:00.000Z',
  ],
  ['tenant', optional(shortText), `1 to ${longestName} characters without control characters, or absent`],
  ['subject', optional(shortText), `1 to ${longestName} characters without control characters, or absent`],
  ['sequence', optional(Number.isSafeInteger), 'a whole number, or absent'],
  ['trace', optional(isTrace), '{ traceId, parentId?, traceparent? }, or absent'],
  ['data', (value) => value !== undefined, 'any JSON value'],
];

/** Also a day that there is: readers' clocks differ about the others. */
function isTime(value: string): boolean {
  const ms = timePattern.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isFinite(ms) && new Date(ms).toISOString() === value;
}

const longestShown = 200;

/** What is wrong with an envelope, in one line; undefined when it is well formed. */
export function envelopeProblem(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'the event is not an object';
  const event = value as Readonly<Record<string, unknown>>;
  const failed = checks.find(([name, allowed]) => !allowed(event[name]));
  return failed && `'${failed[0]}' is ${JSON.stringify(event[failed[0]])?.slice(0, longestShown)}; allowed: ${failed[2]}`;
}

function isTrace(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { traceId, parentId, traceparent } = value as Partial<EventTrace>;
  return (
    typeof traceId === 'string' &&
    isTraceId(traceId) &&
    (parentId === undefined || (typeof parentId === 'string' && isSegmentId(parentId))) &&
    (traceparent === undefined || typeof traceparent === 'string')
  );
}

/** The event as an entry of PutEvents. */
export function entryOf(event: MeshEvent, source: string): PutEntry {
  const { trace, subject } = event;
  return {
    source,
    detailType: event.type,
    detail: JSON.stringify(event),
    ...(trace
      ? { traceHeader: toTraceHeader({ traceId: trace.traceId, parentId: trace.parentId, sampled: trace.parentId !== undefined }) }
      : {}),
    ...(subject === undefined ? {} : { subject }),
  };
}
