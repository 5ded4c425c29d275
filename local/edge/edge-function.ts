import { randomUUID } from 'node:crypto';
import { createContext, runInContext } from 'node:vm';
import type { EdgeAnswer, EdgeDistribution, EdgeRequest, FunctionEvent } from './model';

/** CloudFront ends a function after about a millisecond of a processor. Here the clock counts, and others have the processor too. */
const longestMs = 1_000;

type Values = Readonly<Record<string, { readonly value: string }>>;

interface FunctionRequest {
  readonly method: string;
  readonly uri: string;
  readonly querystring: Values;
  readonly headers: Values;
}

interface FunctionResponse {
  readonly statusCode: number;
  readonly headers?: Values;
  readonly body?: string | { readonly data: string; readonly encoding?: 'text' | 'base64' };
}

/** What a function at a viewer's request makes of it: another request, or an answer of its own. */
export async function atRequest(code: string, of: EdgeDistribution, request: EdgeRequest): Promise<EdgeRequest | EdgeAnswer> {
  const result = await run(code, of, 'viewer-request', { request: eventRequest(request) });
  if (typeof (result as FunctionResponse).statusCode === 'number') return answerOf(result as FunctionResponse);
  const { uri, querystring, headers } = result as FunctionRequest;
  const query = new URLSearchParams(flat(querystring)).toString();
  return { ...request, uri, query: request.query === '' && query === '' ? '' : query, headers: flat(headers) };
}

/** What a function at the answer to a viewer makes of it; the body stays. */
export async function atResponse(code: string, of: EdgeDistribution, request: EdgeRequest, answer: EdgeAnswer): Promise<EdgeAnswer> {
  const response = {
    statusCode: answer.status,
    headers: values(Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name.toLowerCase(), value]))),
  };
  const result = (await run(code, of, 'viewer-response', { request: eventRequest(request), response })) as FunctionResponse;
  return { ...answer, status: result.statusCode, headers: flat(result.headers ?? {}) };
}

/** In a context that has the language alone: no modules, no clocks of ours, no network. Values go in and out as JSON. */
async function run(code: string, { id }: EdgeDistribution, eventType: FunctionEvent, held: object): Promise<unknown> {
  const context = { distributionDomainName: `${id}.cloudfront.net`, distributionId: id, eventType, requestId: randomUUID() };
  const event = JSON.stringify({ version: '1.0', context, viewer: { ip: '127.0.0.1' }, ...held });
  const sandbox = createContext({ event }, { codeGeneration: { strings: false, wasm: false } });
  const text = (await runInContext(`${code}\n;Promise.resolve(handler(JSON.parse(event))).then((made) => JSON.stringify(made))`, sandbox, {
    timeout: longestMs,
  })) as string;
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) throw new Error('a function returned neither a request nor a response');
  return value;
}

function eventRequest({ method, uri, query, headers }: EdgeRequest): FunctionRequest {
  return { method, uri, querystring: values(Object.fromEntries(new URLSearchParams(query))), headers: values(headers) };
}

function values(given: Readonly<Record<string, string>>): Values {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, { value }]));
}

function flat(given: Values): Record<string, string> {
  return Object.fromEntries(Object.entries(given).map(([name, { value }]) => [name, value]));
}

function answerOf({ statusCode, headers = {}, body = '' }: FunctionResponse): EdgeAnswer {
  const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.from(body.data, body.encoding === 'base64' ? 'base64' : 'utf8');
  return { status: statusCode, headers: flat(headers), body: bytes };
}
