/**
 * Where in a trace something happened: the X-Ray root (`1-xxxxxxxx-24 hex`), the segment that caused it (16 hex), and whether the
 * trace is recorded. Both spellings, X-Ray's header and W3C's `traceparent`, say the same and are made from it.
 * Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader, https://www.w3.org/TR/trace-context/
 */
export interface TraceContext {
  readonly traceId: string;
  /** Segment of whoever is asked to continue the trace; absent: nobody's. */
  readonly parentId?: string;
  readonly sampled: boolean;
}

const traceIdPattern = /^1-[0-9a-f]{8}-[0-9a-f]{24}$/;
const segmentIdPattern = /^[0-9a-f]{16}$/;
/**
 * Version 00 ends with the flags; a later one may go on after a `-`, and is read as far as it is known.
 * https://www.w3.org/TR/trace-context/#versioning-of-traceparent
 */
const traceparentPattern = /^(?:00(?=.{53}$)|(?!00|ff)[0-9a-f]{2})-([0-9a-f]{8})([0-9a-f]{24})-([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/;

export const isTraceId = (text: string): boolean => traceIdPattern.test(text);
export const isSegmentId = (text: string): boolean => segmentIdPattern.test(text);

/** `Root=1-...;Parent=...;Sampled=1`, for `X-Amzn-Trace-Id`, PutEvents' `TraceHeader` and SQS's `AWSTraceHeader`. */
export function toTraceHeader({ traceId, parentId, sampled }: TraceContext): string {
  return [`Root=${traceId}`, ...(parentId === undefined ? [] : [`Parent=${parentId}`]), `Sampled=${sampled ? 1 : 0}`].join(';');
}

/** `00-<32 hex>-<16 hex>-<flags>`; W3C knows no context without a parent, so without one there is none. */
export function toTraceparent({ traceId, parentId, sampled }: TraceContext): string | undefined {
  return parentId === undefined ? undefined : `00-${traceId.slice(2).replace('-', '')}-${parentId}-${sampled ? '01' : '00'}`;
}

/** Reads X-Ray's header; undefined for what has no well-formed root. Without `Sampled` nothing is recorded. */
export function fromTraceHeader(header: string | undefined): TraceContext | undefined {
  const parts = new Map((header ?? '').split(';').map((part) => [part.trim().split('=')[0], part.trim().split('=')[1]] as const));
  const traceId = parts.get('Root')?.toLowerCase();
  if (traceId === undefined || !isTraceId(traceId)) return undefined;
  const parentId = parts.get('Parent')?.toLowerCase();
  return { traceId, ...(parentId !== undefined && isSegmentId(parentId) ? { parentId } : {}), sampled: parts.get('Sampled') === '1' };
}

/** Reads a `traceparent`; undefined for what is malformed or all zeros, and for version ff, which none may have. */
export function fromTraceparent(header: string | undefined): TraceContext | undefined {
  const match = traceparentPattern.exec(header ?? '');
  if (!match || /^0+$/.test(match[1] + match[2]) || /^0+$/.test(match[3])) return undefined;
  return { traceId: `1-${match[1]}-${match[2]}`, parentId: match[3], sampled: parseInt(match[4], 16) % 2 === 1 };
}

/** Work that is shown in a trace. Once ended it takes nothing more. */
export interface Span {
  /**
   * What those go on from that this work calls or causes: its trace, and itself as their parent. As given at `begin`, when nothing is
   * recorded.
   */
  readonly context: TraceContext;
  /**
   * Something to find the trace by: no secret, and nothing that a caller has written. At most 1,000 characters, and 50 names in a trace.
   */
  annotate(name: string, value: string | number | boolean): void;
  /** Names a trace that led here without this work being a part of it: that of a replayed or late event, say. */
  link(other: Pick<TraceContext, 'traceId'>): void;
  /** The work is done: with an HTTP status when it has one, as a fault when it failed. */
  end(result?: { readonly status?: number; readonly fault?: boolean }): void;
}

/** What is begun, and in which trace. */
export interface SpanStart {
  /** Such as `acme-pay-payments`: at most 200 letters, digits, blanks and `_.:/%&#=+-@`. */
  readonly name: string;
  readonly context: TraceContext;
  /** `work`: a function takes up a request or an event; `step`: a part of the work that is the context's parent. */
  readonly kind: 'work' | 'step';
  /** Epoch milliseconds; default now. */
  readonly startMs?: number;
}

/** Records work in traces. It never throws, and nobody waits for it. */
export interface Tracer {
  begin(start: SpanStart): Span;
  /** The trace that the platform began for this invocation; it may be another one than the request's or the event's. */
  invocation(): TraceContext | undefined;
}

/** Work that nobody records, with its context handed on as it came. */
export function untraced(context: TraceContext): Span {
  return { context, annotate: () => undefined, link: () => undefined, end: () => undefined };
}

/** Records nothing. */
export const noTracer: Tracer = { begin: ({ context }) => untraced(context), invocation: () => undefined };
