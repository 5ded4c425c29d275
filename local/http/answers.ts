import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { apiHeaders, problemMediaType, problemOf, retryAfterSeconds, type ProblemCode } from '../../src/api/contract';
import { traceIdOf } from '../../src/runtime/trace';

/** Stands in `X-Served-By-Region` when the front door answers by itself and no region was entered. */
export const noRegion = 'local';

/** One request at the front door. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** X-Ray root ID. */
  readonly traceId: string;
  /** Path and query as sent. */
  readonly target: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

export function exchangeOf(request: IncomingMessage, response: ServerResponse): Exchange {
  const target = request.url ?? '/';
  const question = target.indexOf('?');
  return {
    request,
    response,
    target,
    path: question < 0 ? target : target.slice(0, question),
    query: new URLSearchParams(question < 0 ? '' : target.slice(question + 1)),
    traceId: traceIdOf({ header: headerOf(request, apiHeaders.traceId), traceparent: headerOf(request, 'traceparent') }, Date.now()),
  };
}

export function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name.toLowerCase()];
  return Array.isArray(value) ? value[0] : value;
}

export interface AnswerOptions {
  readonly region?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** When the status is not the problem's usual one. */
  readonly status?: number;
}

export function sendJson(exchange: Exchange, status: number, body: unknown, options: AnswerOptions = {}): void {
  send(exchange, status, 'application/json', JSON.stringify(body), options);
}

export function send(exchange: Exchange, status: number, contentType: string, body: string, options: AnswerOptions = {}): void {
  const { response } = exchange;
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    ...ownHeaders(exchange.traceId, options.region),
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
    ...options.headers,
  });
  response.end(exchange.request.method === 'HEAD' ? undefined : body);
}

/** An error of the front door itself, in the API's one form. */
export function sendProblem(exchange: Exchange, code: ProblemCode, detail: string, options: AnswerOptions = {}): void {
  const problem = problemOf(code, detail, exchange.path, exchange.traceId);
  const status = options.status ?? problem.status;
  const retry: Record<string, string> = status === 429 || status === 503 ? { [apiHeaders.retryAfter]: String(retryAfterSeconds) } : {};
  send(exchange, status, problemMediaType, JSON.stringify({ ...problem, status }), {
    ...options,
    headers: { ...retry, ...options.headers },
  });
}

/** A whole HTTP response for a client whose request could not even be parsed. */
export function rawProblem(status: number, statusText: string, detail: string): string {
  const traceId = traceIdOf({}, Date.now());
  const body = JSON.stringify({ ...problemOf('invalid_request', detail, `urn:trace:${traceId}`, traceId), status });
  const headers = {
    ...ownHeaders(traceId),
    'Content-Type': problemMediaType,
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  };
  const lines = Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  return `HTTP/1.1 ${status} ${statusText}\r\n${lines}\r\n${body}`;
}

/** A value for `X-Amzn-Trace-Id` towards the API, as API Gateway with tracing on makes it. */
export function traceHeader(exchange: Exchange): string {
  const given = headerOf(exchange.request, apiHeaders.traceId);
  if (given !== undefined && given.includes(exchange.traceId)) return given;
  return `Root=${exchange.traceId};Parent=${randomBytes(8).toString('hex')};Sampled=1`;
}

/** What every answer of the front door itself carries. */
export function ownHeaders(traceId: string, region = noRegion): Record<string, string> {
  return { [apiHeaders.traceId]: `Root=${traceId}`, [apiHeaders.servedByRegion]: region, [apiHeaders.cacheControl]: 'no-store' };
}
