import { randomBytes } from 'node:crypto';
import { fromTraceHeader, fromTraceparent, TraceContext } from '../kernel/trace';

/** What a request and its invocation tell about the trace they belong to. */
export interface TraceSources {
  /** Request header `X-Amzn-Trace-Id`; API Gateway adds it when the caller does not. */
  readonly header?: string;
  /** Request header `traceparent` (W3C). */
  readonly traceparent?: string;
  /** `_X_AMZN_TRACE_ID` of the invocation: it may begin a trace of its own, so it comes last. */
  readonly invocation?: string;
}

/** The X-Ray root ID (`1-xxxxxxxx-...`) under which a request is known; a new one when nobody gave any that is well formed. */
export function traceIdOf(sources: TraceSources, nowMs: number): string {
  return traceOf(sources, nowMs).traceId;
}

const decided = /(?:^|;)\s*Sampled=[01]\s*(?:;|$)/;

/** The trace that a request belongs to, its parent there, and whether it is recorded. */
export function traceOf({ header, traceparent, invocation }: TraceSources, nowMs: number): TraceContext {
  const lambda = fromTraceHeader(invocation);
  const fromHeader = fromTraceHeader(header);
  const context = fromHeader ?? fromTraceparent(traceparent) ?? lambda ?? newTrace(nowMs);
  // The same trace: then the gateway and Lambda have decided on it since the header was written, and have segments of their own in it.
  if (lambda?.traceId === context.traceId) return lambda;
  if (context === fromHeader && !decided.test(header ?? '')) return { ...context, sampled: lambda?.sampled ?? false };
  return context;
}

/** A trace that begins here: nobody has asked for it to be recorded. */
function newTrace(nowMs: number): TraceContext {
  return {
    traceId: `1-${Math.floor(nowMs / 1000)
      .toString(16)
      .padStart(8, '0')}-${randomBytes(12).toString('hex')}`,
    sampled: false,
  };
}
