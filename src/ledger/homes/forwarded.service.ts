import { forwardedMember } from '../contract';
import { CallOutcome, ForwardedCall, traceOfForwarded } from './home.service';
import { isSegmentId, isTraceId, Span, TraceContext } from '../../kernel/trace';
import { CallContext, LedgerEvent } from '../model';
import { isTenant } from '../values.contract';

/** A forwarded call as it is told to the log; its caller is told to the log of the region that it entered. */
export interface ForwardedRecord {
  readonly call: ForwardedCall['call']['name'] | 'none';
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
  /** What this function answers other regions; anything else is not its to do, whoever asks. */
  readonly takes: readonly ForwardedCall['call']['name'][];
  readonly nowMs: () => number;
  /** Begins this region's part of the trace. */
  readonly beginTrace: (context: TraceContext, startMs: number) => Span;
  readonly record: (record: ForwardedRecord) => void;
}

/** What is asked of Lambda's context. */
export interface Invocation {
  getRemainingTimeInMillis(): number;
}

/** Time kept back from the invocation's end to answer in. */
const reserveMs = 500;

/** A function that answers calls of other regions itself, and leaves all else to the next. */
export function takingForwarded<Event, Result>(
  ports: ForwardedPorts,
  next: (event: Event, invocation: Invocation) => Promise<Result>,
): (event: Event, invocation: Invocation) => Promise<Result | CallOutcome> {
  const { receive } = ports;
  if (!receive) return next;
  return async (event, invocation) => {
    const sent = (event as { readonly [forwardedMember]?: unknown })[forwardedMember];
    if (sent === undefined) return next(event, invocation);
    const startedMs = ports.nowMs();
    const forwarded = forwardedCallOf(sent, ports.takes);
    if (typeof forwarded === 'string') return refuse(ports, forwarded, startedMs);
    const events: Partial<Record<LedgerEvent, number>> = {};
    const remainingMs = Math.max(0, Math.min(forwarded.remainingMs, invocation.getRemainingTimeInMillis() - reserveMs));
    const span = ports.beginTrace(traceOfForwarded(forwarded), startedMs);
    const settled = await receive({ ...forwarded, ...parentOf(span), remainingMs }, (what) => {
      events[what] = (events[what] ?? 0) + 1;
    }).then(
      (outcome) => ({ outcome }),
      (thrown: unknown) => ({ outcome: unknown, thrown }),
    );
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

/**
 * Reads what another region has sent. The members of the command itself are the ledger's to judge (`callProblem`); here it is what the
 * ledger does not see: whether this function takes the call, how long there is, and what goes to the log and into the trace.
 */
function forwardedCallOf(sent: unknown, takes: ForwardedPorts['takes']): ForwardedCall | string {
  const { tenant, traceId, traceParent, remainingMs, call, ...more } = membersOf(sent);
  const { name, command, ...others } = membersOf(call);
  const unknownMember = [...Object.keys(more), ...Object.keys(others)][0];
  if (unknownMember !== undefined) return `it has a member '${unknownMember.slice(0, 40)}' that this version does not know`;
  if (!takes.some((taken) => taken === name)) return `it asks for something that this function does not take: it takes ${takes.join(', ')}`;
  if (!isTenant(tenant)) return "its 'tenant' is not valid";
  if (typeof traceId !== 'string' || !isTraceId(traceId)) return "its 'traceId' is not valid";
  if (traceParent !== undefined && !(typeof traceParent === 'string' && isSegmentId(traceParent))) return "its 'traceParent' is not valid";
  // Compared with a time that is none, no deadline would ever pass: not even the end of a lease.
  if (typeof remainingMs !== 'number' || !Number.isFinite(remainingMs)) return "its 'remainingMs' is not a finite number of milliseconds";
  return {
    tenant,
    traceId,
    ...(traceParent === undefined ? {} : { traceParent }),
    remainingMs,
    call: { name, command } as ForwardedCall['call'],
  };
}

/** Nothing was done, and nothing is known of what was meant: whoever asked is told to ask again, as while two versions run side by side. */
function refuse(ports: ForwardedPorts, why: string, startedMs: number): CallOutcome {
  ports.record({
    call: 'none',
    outcome: 'unsure',
    code: 'region_fenced',
    latencyMs: ports.nowMs() - startedMs,
    traceId: '',
    tenant: '',
    events: {},
    thrown: new Error(`a call that another region forwarded was refused: ${why}`),
  });
  return { kind: 'unsure', code: 'region_fenced', retryAfterSeconds: 1 };
}

const membersOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

const parentOf = ({ context: { parentId, sampled } }: Span): Pick<ForwardedCall, 'traceParent'> =>
  sampled && parentId !== undefined ? { traceParent: parentId } : {};

const unknown: CallOutcome = { kind: 'unsure', code: 'outcome_unknown', retryAfterSeconds: 1 };
