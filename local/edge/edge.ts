import { randomUUID } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { EdgeCache, cacheKey, headerIn, secondsOf } from './cache';
import { atRequest, atResponse } from './edge-function';
import type { EdgeAnswer, EdgeBehavior, EdgeDistribution, EdgeOrigin, EdgeRequest, FromOrigin } from './model';
import { causeOf } from '../../src/kernel/cause';
import { html } from '../../src/kernel/markup';
import { isLike } from '../ground/wildcard';
import { readBody } from '../http/body';

/** What stands behind an edge. */
export interface AskedOrigins {
  ask(origin: EdgeOrigin, request: EdgeRequest, behavior: EdgeBehavior): Promise<FromOrigin>;
}

export interface EdgeOptions {
  readonly distribution: EdgeDistribution;
  readonly origins: AskedOrigins;
  /** Port on 127.0.0.1; 0 takes a free one. */
  readonly port: number;
  /** Before the first request is answered: what need not be there until somebody asks. */
  readonly prepare?: () => Promise<void>;
  /** Told of each answer, and how long an origin took for it. */
  readonly count?: (metric: '5xxErrorRate' | 'OriginLatency' | 'Requests', value: number) => void;
  readonly now?: () => number;
}

/** What viewers were answered, since the edge was opened. */
export interface EdgeSight {
  readonly url: string;
  readonly requests: number;
  /** Of them from the cache. */
  readonly hits: number;
  /** Of them with a status of 5xx. */
  readonly failed: number;
  /** Answers of origins by their region. */
  readonly byRegion: Readonly<Record<string, number>>;
}

export interface Edge {
  readonly url: string;
  readonly sight: () => EdgeSight;
  close(): Promise<void>;
}

interface Served {
  readonly answer: EdgeAnswer;
  readonly cached: boolean;
}

/** CloudFront passes bodies of 50 GB; nothing here is larger than the API takes. */
const largestBody = 6 * 1024 * 1024;
/** CloudFront fails over these alone. */
const failingOver = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Opens an edge that follows one distribution, on 127.0.0.1. */
export async function startEdge(options: EdgeOptions): Promise<Edge> {
  const edge = new EdgeServer(options);
  const server = http.createServer({ requestTimeout: 60_000, headersTimeout: 20_000 }, (request, response) => {
    request.on('error', () => response.destroy());
    edge.answer(request, response).catch((error: Error) => {
      process.stderr.write(`edge: ${request.method} ${request.url}: ${error.stack ?? error.message}\n`);
      response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    sight: () => ({ url, ...edge.seen }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

class EdgeServer {
  public seen: Omit<EdgeSight, 'url'> = { requests: 0, hits: 0, failed: 0, byRegion: {} };
  private readonly cache: EdgeCache;
  private prepared?: Promise<void>;

  constructor(private readonly options: EdgeOptions) {
    this.cache = new EdgeCache(options.now ?? Date.now);
  }

  public async answer(incoming: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const read = await readBody(incoming, largestBody);
    if (read.kind === 'gone') return;
    const { cached, answer } =
      read.kind === 'read' ? await this.serve(requestOf(incoming, read.body)) : { cached: false, answer: own(413) };
    this.note(cached, answer);
    this.options.count?.('Requests', 1);
    this.options.count?.('5xxErrorRate', answer.status >= 500 ? 100 : 0);
    response.writeHead(answer.status, {
      ...answer.headers,
      'Content-Length': answer.body.length,
      'X-Cache': `${cached ? 'Hit' : 'Miss'} from cloudfront`,
      'X-Amz-Cf-Id': randomUUID(),
      ...(answer.region === undefined ? {} : { 'X-Origin-Region': answer.region }),
    });
    response.end(incoming.method === 'HEAD' ? undefined : answer.body);
  }

  private note(cached: boolean, { status, region }: EdgeAnswer): void {
    const { requests, hits, failed, byRegion } = this.seen;
    this.seen = {
      requests: requests + 1,
      hits: hits + (cached ? 1 : 0),
      failed: failed + (status >= 500 ? 1 : 0),
      byRegion: cached || region === undefined ? byRegion : { ...byRegion, [region]: (byRegion[region] ?? 0) + 1 },
    };
  }

  /** The first behavior that matches is the only one, whatever its function makes of the path. */
  private async serve(viewer: EdgeRequest): Promise<Served> {
    const { distribution, prepare } = this.options;
    const behavior = behaviorFor(distribution, viewer.uri);
    if (!behavior.methods.includes(viewer.method)) return { cached: false, answer: withHeaders(behavior, own(403)) };
    // Only once, and by itself: a second request waits for the first one's. What failed, in a lost region, is tried by the next one.
    this.prepared ??= prepare?.().catch((error: unknown) => {
      this.prepared = undefined;
      process.stderr.write(`edge: not prepared yet: ${causeOf(error)}\n`);
    });
    await this.prepared;
    const code = behavior.functions['viewer-request'];
    const rewritten = code === undefined ? viewer : await atRequest(code, distribution, viewer).catch(() => own(503));
    const served = 'status' in rewritten ? { cached: false, answer: rewritten } : await this.cachedOr(rewritten, behavior);
    const answer = withHeaders(behavior, served.answer);
    const after = behavior.functions['viewer-response'];
    if (after === undefined) return { ...served, answer };
    return { ...served, answer: await atResponse(after, distribution, viewer, answer).catch(() => own(503)) };
  }

  private async cachedOr(asked: EdgeRequest, behavior: EdgeBehavior): Promise<Served> {
    const { distribution } = this.options;
    const request = asked.uri === '/' && distribution.root !== '' ? { ...asked, uri: `/${distribution.root}` } : asked;
    const mayCache = behavior.cachedMethods.includes(request.method);
    const key = `${behavior.pattern} ${cacheKey(request, behavior.cache)}`;
    const known = mayCache ? this.cache.get(key) : undefined;
    if (known) return { cached: true, answer: known };
    const answer = await this.fetch(request, behavior);
    const error = distribution.errors.get(answer.status);
    const shown = error?.page === undefined ? answer : await this.pageFor(error.page, error.status ?? answer.status, answer, request);
    if (mayCache) this.cache.put(key, shown, secondsOf(answer, behavior.cache, error?.ttl));
    return { cached: false, answer: shown };
  }

  /** A page in the place of an error, by the behavior of its own path. */
  private async pageFor(page: string, status: number, error: EdgeAnswer, request: EdgeRequest): Promise<EdgeAnswer> {
    const pageAnswer = await this.fetch(
      { ...request, method: 'GET', uri: page, query: '', body: Buffer.alloc(0) },
      behaviorFor(this.options.distribution, page),
    );
    return pageAnswer.status === 200 ? { ...pageAnswer, status } : error;
  }

  private async fetch(request: EdgeRequest, behavior: EdgeBehavior): Promise<EdgeAnswer> {
    const { origins, groups } = this.options.distribution;
    const group = groups.find(({ id }) => id === behavior.target);
    const [first, ...others] = (group?.members ?? [behavior.target]).map((id) => origins.find((origin) => origin.id === id)!);
    let from = await this.ask(first, request, behavior);
    for (const next of group && failingOver.has(request.method) ? others : []) {
      if (typeof from !== 'string' && !group!.codes.includes(from.status)) break;
      from = await this.ask(next, request, behavior);
    }
    return typeof from === 'string' ? own(from === 'late' ? 504 : 502) : from;
  }

  private async ask(origin: EdgeOrigin, request: EdgeRequest, behavior: EdgeBehavior): Promise<FromOrigin> {
    const began = Date.now();
    // HEAD is asked as GET where the answer may be kept: it serves both.
    const asked = request.method === 'HEAD' && origin.bucket ? { ...request, method: 'GET' } : request;
    const from = await this.options.origins.ask(origin, asked, behavior);
    if (this.options.distribution.countsMore) this.options.count?.('OriginLatency', Date.now() - began);
    return from;
  }
}

function behaviorFor({ behaviors }: EdgeDistribution, uri: string): EdgeBehavior {
  return behaviors.find(({ pattern }) => isLike(uri, pattern))!;
}

function withHeaders({ headers: { set, removed } }: EdgeBehavior, answer: EdgeAnswer): EdgeAnswer {
  const replaced = new Set([
    ...removed,
    ...set
      .filter(({ override, name }) => override || headerIn(answer, name.toLowerCase()) === undefined)
      .map(({ name }) => name.toLowerCase()),
  ]);
  const kept = Object.entries(answer.headers).filter(([name]) => !replaced.has(name.toLowerCase()));
  const added = set.filter(({ name }) => replaced.has(name.toLowerCase())).map(({ name, value }) => [name, value]);
  return { ...answer, headers: Object.fromEntries([...kept, ...added]) };
}

/** An answer of the edge itself. */
function own(status: number): EdgeAnswer {
  const reason = http.STATUS_CODES[status] ?? 'Error';
  return {
    status,
    headers: { 'Content-Type': 'text/html' },
    body: Buffer.from(html`<h1>${status} ${reason}</h1><p>This is the edge.</p>`.toString()),
  };
}

function requestOf({ method = 'GET', url = '/', headers }: http.IncomingMessage, body: Buffer): EdgeRequest {
  const at = url.indexOf('?');
  return {
    method,
    uri: at < 0 ? url : url.slice(0, at),
    query: at < 0 ? '' : url.slice(at + 1),
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
    ),
    body,
  };
}
