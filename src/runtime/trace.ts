import { randomBytes } from 'node:crypto';

const rootPattern = /(?:^|[;\s])Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:$|[;\s])/i;
const traceparentPattern = /^[0-9a-f]{2}-([0-9a-f]{8})([0-9a-f]{24})-[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/;

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
  return rootOf(sources.header) ?? fromTraceparent(sources.traceparent) ?? rootOf(sources.invocation) ?? newTraceId(nowMs);
}

function rootOf(header: string | undefined): string | undefined {
  return header === undefined ? undefined : rootPattern.exec(header)?.[1].toLowerCase();
}

function fromTraceparent(header: string | undefined): string | undefined {
  const match = traceparentPattern.exec(header ?? '');
  if (!match || /^0+$/.test(match[1] + match[2])) return undefined;
  return `1-${match[1]}-${match[2]}`;
}

function newTraceId(nowMs: number): string {
  return `1-${Math.floor(nowMs / 1000).toString(16).padStart(8, '0')}-${randomBytes(12).toString('hex')}`;
}
