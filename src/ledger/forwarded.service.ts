import { forwardedMember } from './contract';
import { CallOutcome, ForwardedCall, traceOfForwarded } from './home.service';
import { CallContext, LedgerEvent } from './model';
import type { Span, TraceContext } from '../kernel/trace';

/** A forwarded call as it is told to the log; its caller is told to the log of the region that it entered. */
export interface ForwardedRecord {
  readonly call: ForwardedCall['call']['name'];
  readonly outcome: string;
  readonly code?: string;
  readonly latencyMs: number;
  readonly traceId: string;
  readonly tenant: string;
  readonly events: Readonly<Partial<Record<LedgerEvent, number>>>;
  readonly thrown?: unknown;
}

export interface ForwardedPorts {
  /** Absent where no region sends calls to another one. */
  readonly receive?: (call: ForwardedCall, observe: CallContext['observe']) => Promise<CallOutcome>;
  readonly nowMs: () => number;
  /** Begins this region's part of the trace. */
  readonly beginTrace: (context: TraceContext, startMs: number) => Span;
  readonly record: (record: ForwardedRecord) => void;
}

/** What is asked of Lambda's context. */
export interface Invocation { getRemainingTimeInMillis(): number }

/** Time kept back from the invocation's end to answer in. */
const reserveMs = 500;

/** A function that answers calls of other regions itself, and leaves all else to the next. */
export function takingForwarded<Event, Result>(
  ports: ForwardedPorts, next: (event: Event, invocation: Invocation) => Promise<Result>,
): (event: Event, invocation: Invocation) => Promise<Result | CallOutcome> {
  const { receive } = ports;
  if (!receive) return next;
  return async (event, invocation) => {
    const forwarded = (event as { readonly [forwardedMember]?: ForwardedCall })[forwardedMember];
    if (forwarded === undefined) return next(event, invocation);
    const startedMs = ports.nowMs();
    const events: Partial<Record<LedgerEvent, number>> = {};
    const remainingMs = Math.max(0, Math.min(forwarded.remainingMs, invocation.getRemainingTimeInMillis() - reserveMs));
    const span = ports.beginTrace(traceOfForwarded(forwarded), startedMs);
    const settled = await receive({ ...forwarded, ...parentOf(span), remainingMs }, (what) => { events[what] = (events[what] ?? 0) + 1; })
      .then((outcome) => ({ outcome }), (thrown: unknown) => ({ outcome: unknown, thrown }));
    const { outcome } = settled;
    ports.record({
      call: forwarded.call.name,
      outcome: outcome.kind,
      ...('code' in outcome ? { code: outcome.code } : {}),
      latencyMs: ports.nowMs() - startedMs,
      traceId: forwarded.traceId,
      tenant: forwarded.tenant,
      events,
      ...('thrown' in settled ? { thrown: settled.thrown } : {}),
    });
    span.end({ fault: 'thrown' in settled });
    return outcome;
  };
}

const parentOf = ({ context: { parentId, sampled } }: Span): Pick<ForwardedCall, 'traceParent'> => (sampled && parentId !== undefined ? { traceParent: parentId } : {});

const unknown: CallOutcome = { kind: 'unsure', code: 'outcome_unknown', retryAfterSeconds: 1 };
