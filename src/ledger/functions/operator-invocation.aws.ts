import type { Environment } from '../../kernel/env';
import { Telemetry, telemetryOf } from '../../runtime/telemetry';
import { countLedgerEvents } from '../event-metrics.aws';
import { Invocation } from '../homes/forwarded.service';
import { CallContext, LedgerEvent } from '../model';

/** Time kept back from the invocation's end to answer in. */
const reserveMs = 20_000;

export interface OperatorInvocationPorts {
  readonly nowMs: () => number;
  readonly traceId: () => string;
  readonly record: ReturnType<typeof recordOperation>;
}

/** Lambda's clock, its trace, and the function's log. */
export function operatorPorts(source: Environment, service: string, systemName: string): OperatorInvocationPorts {
  return {
    nowMs: Date.now,
    traceId: () => source._X_AMZN_TRACE_ID ?? '',
    record: recordOperation(telemetryOf(source, service, systemName)),
  };
}

/** A function that reads a request, has it worked on within its own time, and writes a line of what was asked and what came of it. */
export function answeringOperator<Request extends object, Result extends { readonly kind: string }>(
  ports: OperatorInvocationPorts,
  read: (event: unknown) => Request | string,
  work: (request: Request, context: CallContext) => Promise<Result>,
): (event: unknown, invocation: Invocation) => Promise<Result | { readonly kind: 'refused'; readonly detail: string }> {
  return async (event, invocation) => {
    const events: LedgerEvent[] = [];
    const request = read(event);
    const result =
      typeof request === 'string'
        ? ({ kind: 'refused', detail: request } as const)
        : await work(request, {
            tenant: '',
            traceId: ports.traceId(),
            deadlineMs: ports.nowMs() + invocation.getRemainingTimeInMillis() - reserveMs,
            observe: (what) => {
              events.push(what);
            },
          });
    ports.record(typeof request === 'string' ? {} : request, result, events);
    return result;
  };
}

/** Writes the line of what an operator has asked, and what came of it. */
function recordOperation(telemetry: Telemetry): (request: object, result: object, events: readonly LedgerEvent[]) => void {
  return (request, result, events) => {
    for (const event of events) countLedgerEvents(telemetry, { [event]: 1 });
    telemetry.record('operation', { request, result });
  };
}
