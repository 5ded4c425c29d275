import { HttpAnswer, instanceOf, problemAnswer, ProblemError, retryAfter } from './answer';
import { Caller, callerOf, scopeNameOf } from './caller';
import type { Endpoints } from './endpoints';
import { GatewayEvent, HttpRequest, readRequest } from './request';
import { matchRoute, templateOf } from './routes';
import type { CallContext, LedgerEvent } from '../../ledger/model';
import type { ApiScope } from '../caller.contract';
import { apiHeaders } from '../contract';
import type { HttpPorts } from '../http.contract';

/** What the function asks of Lambda's context. */
export interface InvocationContext {
  getRemainingTimeInMillis(): number;
}

/** What the gateway takes as the answer. */
export interface GatewayResult {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** Time kept back from the invocation's end to answer in. */
const reserveMs = 500;
/** Time beyond the ledger's own deadline after which it is not waited for. */
const graceMs = 300;

/** A Lambda function that answers these endpoints, 404 and 405 for all others, and never throws. */
export function httpFunction(
  endpoints: Endpoints,
  ports: HttpPorts,
): (event: GatewayEvent, invocation: InvocationContext) => Promise<GatewayResult> {
  return async (event, invocation) => {
    const startedMs = ports.nowMs();
    const request = readRequest(event);
    const span = ports.beginTrace((name) => traceHeader(request, name), startedMs);
    const { traceId } = span.context;
    const events: Partial<Record<LedgerEvent, number>> = {};
    const context: Omit<CallContext, 'tenant'> = {
      traceId,
      trace: span.context,
      deadlineMs: startedMs + Math.max(0, Math.min(ports.requestDeadlineMs, invocation.getRemainingTimeInMillis() - reserveMs - graceMs)),
      observe: (what) => {
        events[what] = (events[what] ?? 0) + 1;
      },
    };
    const caller = callerOf(ports.callerSource, event.requestContext);
    const asker = { caller, nameOf: (scope: ApiScope) => scopeNameOf(ports.callerSource, scope) };
    const { answer, thrown } = await settle(
      request,
      async () => answerOf(endpoints, request, asker, context),
      context.deadlineMs - ports.nowMs(),
    );
    ports.record({
      method: /^[A-Z]{1,10}$/.test(request.method) ? request.method : 'OTHER',
      route: templateOf(request.path) ?? 'unknown',
      status: answer.status,
      code: answer.code,
      latencyMs: ports.nowMs() - startedMs,
      traceId,
      tenant: caller?.tenant,
      paymentId: answer.paymentId,
      became: answer.became,
      decidedHere: answer.decidedIn === ports.region,
      events,
      thrown: thrown ?? answer.fault,
    });
    if (answer.paymentId !== undefined) span.annotate('paymentId', answer.paymentId);
    if (answer.became === 'replayed') span.annotate('replayed', true);
    span.end({ status: answer.status });
    return resultOf(answer, traceId, ports.region);
  };
}

/** Two callers' traces in one request are nobody's; API Gateway itself writes its own header once. */
function traceHeader(request: HttpRequest, name: string): string | undefined {
  const values = request.header(name);
  return values.length > 1 && name === 'traceparent' ? undefined : values[0];
}

async function answerOf(
  endpoints: Endpoints,
  request: HttpRequest,
  { caller, nameOf }: { readonly caller?: Caller; readonly nameOf: (scope: ApiScope) => string },
  context: Omit<CallContext, 'tenant'>,
): Promise<HttpAnswer> {
  const open = request.path === '/health';
  if (caller === undefined && !open) throw new ProblemError('forbidden', 'The credentials are valid but belong to no tenant of this API.');
  // Whoever may do nothing here is not told what there is.
  if (caller?.scopes.length === 0 && !open) {
    throw new ProblemError('forbidden_scope', 'The credentials are valid but have no scope of this API.');
  }
  const { route, params } = matchRoute(request.method, request.path);
  if (route.scope !== undefined && !caller?.scopes.includes(route.scope)) {
    throw new ProblemError(
      'forbidden_scope',
      `The credentials are valid but lack the scope '${nameOf(route.scope)}', which this call needs.`,
    );
  }
  const endpoint = endpoints[`${route.method} ${route.path}`];
  if (!endpoint) throw new ProblemError('unknown_route', 'This API has no call with this path: see the API reference.');
  return endpoint({ request, params, context: { ...context, tenant: caller?.tenant ?? '' }, instance: instanceOf(request.path) });
}

/** Turns whatever happens into an answer: what is thrown without being foreseen leaves the outcome unknown. */
async function settle(
  request: HttpRequest,
  work: () => Promise<HttpAnswer>,
  waitMs: number,
): Promise<{ answer: HttpAnswer; thrown?: unknown }> {
  const instance = instanceOf(request.path);
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the ledger did not answer before the deadline')), Math.max(0, waitMs) + graceMs);
  });
  try {
    return { answer: await Promise.race([work(), tooLate]) };
  } catch (thrown) {
    if (thrown instanceof ProblemError) return { answer: problemAnswer(thrown.code, thrown.detail, instance, thrown.headers) };
    const detail =
      'It is not known yet whether the request was carried out. Repeat it with the same Idempotency-Key after the time in Retry-After.';
    return { answer: problemAnswer('outcome_unknown', detail, instance, retryAfter()), thrown };
  } finally {
    clearTimeout(timer);
  }
}

function resultOf(answer: HttpAnswer, traceId: string, region: string): GatewayResult {
  const headers = {
    ...answer.headers,
    [apiHeaders.traceId]: `Root=${traceId}`,
    [apiHeaders.servedByRegion]: region,
    [apiHeaders.cacheControl]: 'no-store',
  };
  const { code, body } = answer;
  return {
    statusCode: answer.status,
    headers,
    body: JSON.stringify(code === undefined || 'traceId' in body ? body : { ...body, traceId }),
  };
}
