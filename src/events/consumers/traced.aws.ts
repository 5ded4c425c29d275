import { isSegmentId, isTraceId, TraceContext } from '../../kernel/trace';
import { withinTrace } from '../../runtime/team-tracers';
import { traceOf } from '../../runtime/trace';
import { tracerOf } from '../../runtime/xray';
import type { TracedHandler, TracedOptions } from '../runtime.model';

/** What is looked at in an event: a request of API Gateway, or an event of a mesh as a rule hands it over. */
interface KnownEvent {
  readonly headers?: Readonly<Record<string, string | undefined>> | null;
  readonly detail?: { readonly trace?: { readonly traceId?: unknown; readonly parentId?: unknown } } | null;
}

/**
 * Makes a handler whose work is shown in the trace of the request, or of the event, that it works on, and that gives this trace to the
 * team's own tracers: what these record stands below it.
 */
export function traced<I, O, C = unknown>(options: TracedOptions, handler: TracedHandler<I, O, C>): (event: I, context: C) => Promise<O> {
  const source = options.environment ?? process.env;
  const tracer = tracerOf(source, options.systemName);
  return async (event, context) => {
    const span = tracer.begin({ name: options.name, context: contextOf(event), kind: 'work' });
    try {
      const result = await withinTrace(options.tracers, span.context, () => handler(event, context, span.context));
      span.end();
      return result;
    } catch (error) {
      span.end({ fault: true });
      throw error;
    }
  };
}

function contextOf(event: unknown): TraceContext {
  const { headers, detail } = (typeof event === 'object' && event !== null ? event : {}) as KnownEvent;
  const { traceId, parentId } = detail?.trace ?? {};
  if (typeof traceId === 'string' && isTraceId(traceId)) {
    const hasParent = typeof parentId === 'string' && isSegmentId(parentId);
    return { traceId, ...(hasParent ? { parentId } : {}), sampled: hasParent };
  }
  const invocation = process.env._X_AMZN_TRACE_ID;
  const named = new Map(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  return traceOf({ header: named.get('x-amzn-trace-id'), traceparent: named.get('traceparent'), invocation }, Date.now());
}
