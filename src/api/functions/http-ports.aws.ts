import { Environment, regionOf } from '../../kernel/env';
import { fromTraceparent, noTracer, Span, TraceContext, Tracer } from '../../kernel/trace';
import { ledgerMetrics } from '../../ledger/contract';
import { countLedgerEvents } from '../../ledger/event-metrics.aws';
import { readSyntheticTenants, SyntheticTenants } from '../../ledger/synthetic-tenants.contract';
import { faultRecord, Telemetry } from '../../runtime/telemetry';
import { traceOf } from '../../runtime/trace';
import { readCallerSource } from '../caller.contract';
import { apiEnv, apiLimits, apiMetrics } from '../contract';
import type { HttpPorts, RequestRecord } from '../http.contract';

/** Where a function's work is shown, and under which name. */
export interface Tracing {
  readonly tracer: Tracer;
  readonly name: string;
}

/** The HTTP layer's ports in Lambda: its clock, its trace, its log. */
export function httpPorts(
  source: Environment,
  telemetry: Telemetry,
  { tracer, name }: Tracing = { tracer: noTracer, name: '' },
): HttpPorts {
  const env = apiEnv.read(source);
  const syntheticTenants = readSyntheticTenants(env.syntheticTenants);
  return {
    region: regionOf(source),
    callerSource: readCallerSource(env.callerSource),
    requestDeadlineMs: deadlineOf(env.requestDeadlineMs),
    nowMs: Date.now,
    beginTrace: (header, startMs) => {
      const traceparent = header('traceparent');
      // Lambda sets its own anew for each invocation, so it is read now and not from the environment at start.
      const context = traceOf({ header: header('X-Amzn-Trace-Id'), traceparent, invocation: process.env._X_AMZN_TRACE_ID }, startMs);
      const span = tracer.begin({ name, context, kind: 'work', startMs });
      // API Gateway begins a trace of its own for a caller who names his in the W3C's header alone.
      const callers = fromTraceparent(traceparent);
      if (callers && callers.traceId !== context.traceId) span.link(callers);
      return span;
    },
    record: (record) => recordRequest(telemetry, record, syntheticTenants),
  };
}

/** What a request met, for its line: most of the time nothing. */
function eventCounts(events: RequestRecord['events']): object {
  const { writeConflict = 0, throttle = 0, takeover = 0, trimFailed } = events;
  return {
    conflicts: writeConflict,
    throttles: throttle,
    takeovers: takeover,
    ...(trimFailed === undefined ? {} : { trimFailures: trimFailed }),
  };
}

/** Writes a request's line with its metrics. Of a synthetic tenant's nothing counts as business; what goes wrong counts as any caller's. */
export function recordRequest(telemetry: Telemetry, record: RequestRecord, syntheticTenants: SyntheticTenants = new Set()): void {
  const { events, became, decidedHere, thrown, ...fields } = record;
  const isBusiness = !syntheticTenants.has(record.tenant ?? '');
  countLedgerEvents(telemetry, events);
  if (became && isBusiness) telemetry.count(apiMetrics[became]);
  if (decidedHere && isBusiness) telemetry.count(ledgerMetrics.decided);
  const isFault = record.status >= 500;
  // A health check that is well counts too, with 0: a region that is not asked is told from one that is.
  if (record.route === '/health') telemetry.count(apiMetrics.unhealthy, isFault ? 1 : 0);
  else if (isFault) telemetry.count(apiMetrics.faults);
  telemetry.record('request', { ...fields, became, ...eventCounts(events) }, thrown === undefined ? undefined : faultRecord(thrown));
}

/** What a function needs to take calls that other regions send here. */
export function forwardedPorts(
  telemetry: Telemetry,
  { tracer, name }: Tracing,
): {
  readonly nowMs: () => number;
  readonly beginTrace: (context: TraceContext, startMs: number) => Span;
  readonly record: ReturnType<typeof recordForwarded>;
} {
  return {
    nowMs: Date.now,
    beginTrace: (context, startMs) => {
      const span = tracer.begin({ name, context, kind: 'work', startMs });
      span.annotate('forwarded', true);
      return span;
    },
    record: recordForwarded(telemetry),
  };
}

/** Writes the line of a call that another region sent here, with its metrics; what became of it is counted where it entered. */
export function recordForwarded(telemetry: Telemetry): (record: Omit<RequestRecord, 'method' | 'route' | 'status' | 'code'>) => void {
  return ({ events, thrown, ...fields }) => {
    countLedgerEvents(telemetry, events);
    if (thrown !== undefined) telemetry.count(apiMetrics.faults);
    telemetry.record('forwarded', { ...fields, ...eventCounts(events) }, thrown === undefined ? undefined : faultRecord(thrown));
  };
}

function deadlineOf(text: string | undefined): number {
  const deadlineMs = Number(text ?? apiLimits.requestDeadlineMs);
  if (Number.isInteger(deadlineMs) && deadlineMs >= 100) return deadlineMs;
  throw new Error(`environment variable API_REQUEST_DEADLINE_MS is '${text}': it must be an integer of at least 100`);
}
