import http from 'node:http';
import { traceHeader, type Exchange } from './answers';
import { apiHeaders } from '../../src/api/contract';
import type { RegionHandle } from '../ground/model';

/** What a region answered, or why it did not. */
export type Forwarded =
  | { readonly kind: 'answered'; readonly status: number; readonly rawHeaders: readonly string[]; readonly body: Buffer }
  | { readonly kind: 'lost'; readonly reason: string };

/** API Gateway gives an integration so long. */
export const integrationTimeoutMs = 29_000;

/** Belong to one connection, or to the front door, and go no further. */
const notForwarded = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'content-length',
  'host',
  'x-client-location',
  'x-client-resolver',
  'x-amzn-trace-id',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-port',
]);
const notReturned = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'server',
  'date',
  'upgrade',
  'trailer',
  'proxy-authenticate',
]);

/** Carries requests into the regions' engines, and drops what is under way to a region that is lost. */
export class Forwarder {
  private readonly underWay = new Map<string, Set<(reason: string) => void>>();
  private readonly counts = new Map<string, number>();

  constructor(
    regions: readonly RegionHandle[],
    private readonly timeoutMs = integrationTimeoutMs,
  ) {
    for (const region of regions) {
      region.onChange((state) => {
        if (state === 'stopped') [...this.of(region.name)].forEach((drop) => drop('the region was lost while it worked on the request'));
      });
    }
  }

  /** Requests that entered a region since the run began. */
  public requests(region: string): number {
    return this.counts.get(region) ?? 0;
  }

  /** Resolves always: a connection that breaks is an answer too. */
  public forward(exchange: Exchange, region: RegionHandle, path: string, body: Buffer): Promise<Forwarded> {
    this.counts.set(region.name, this.requests(region.name) + 1);
    return new Promise((resolve) => {
      const request = http.request(
        {
          socketPath: region.engineSocket,
          method: exchange.request.method,
          path,
          headers: forwardedHeaders(exchange, body),
          // A kept connection that the engine closes at the wrong moment would make a certain answer uncertain.
          agent: false,
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('aborted', () => drop('the connection to the region broke'));
          response.on('end', () =>
            end({ kind: 'answered', status: response.statusCode ?? 503, rawHeaders: response.rawHeaders, body: Buffer.concat(chunks) }),
          );
        },
      );
      const drop = (reason: string) => end({ kind: 'lost', reason });
      const timer = setTimeout(() => drop(`the region did not answer within ${this.timeoutMs / 1000} s`), this.timeoutMs);
      const end = (result: Forwarded) => {
        clearTimeout(timer);
        this.of(region.name).delete(drop);
        request.destroy();
        resolve(result);
      };
      this.of(region.name).add(drop);
      request.on('error', () => drop('the connection to the region broke'));
      request.end(body);
    });
  }

  private of(region: string): Set<(reason: string) => void> {
    const known = this.underWay.get(region) ?? new Set();
    this.underWay.set(region, known);
    return known;
  }
}

/** Passes a region's answer on as it is; like API Gateway, adds only the trace ID where it is missing. */
export function passOn(exchange: Exchange, answer: Extract<Forwarded, { kind: 'answered' }>): void {
  const { response } = exchange;
  if (response.destroyed) return;
  const headers: string[] = [];
  for (let index = 0; index < answer.rawHeaders.length; index += 2) {
    const name = answer.rawHeaders[index];
    if (!notReturned.has(name.toLowerCase())) headers.push(name, answer.rawHeaders[index + 1]);
  }
  if (!headers.some((name, index) => index % 2 === 0 && name.toLowerCase() === apiHeaders.traceId.toLowerCase())) {
    headers.push(apiHeaders.traceId, `Root=${exchange.traceId}`);
  }
  if (![204, 304].includes(answer.status) && exchange.request.method !== 'HEAD') headers.push('Content-Length', String(answer.body.length));
  response.writeHead(answer.status, headers);
  response.end(exchange.request.method === 'HEAD' ? undefined : answer.body);
}

function forwardedHeaders(exchange: Exchange, body: Buffer): string[] {
  const { request } = exchange;
  const headers: string[] = [];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index];
    if (!notForwarded.has(name.toLowerCase())) headers.push(name, request.rawHeaders[index + 1]);
  }
  const client = request.socket.remoteAddress ?? '127.0.0.1';
  const before = request.headers['x-forwarded-for'];
  headers.push(
    'Host',
    'localhost',
    apiHeaders.traceId,
    traceHeader(exchange),
    'X-Forwarded-For',
    before ? `${String(before)}, ${client}` : client,
    'X-Forwarded-Proto',
    'http',
    'X-Forwarded-Port',
    String(request.socket.localPort ?? 0),
  );
  if (body.length > 0 || ['POST', 'PUT', 'PATCH'].includes(request.method ?? '')) headers.push('Content-Length', String(body.length));
  return headers;
}
