import { isKnownLocation, knownLocations } from '../dns/region-latency';
import type { ApiEndpoint, Dns, RegionHandle } from '../ground/model';
import type { PassingCalls } from '../ground/passing';
import { headerOf, sendProblem, type Exchange } from '../http/answers';
import { readBody } from '../http/body';
import { passOn, type Forwarder } from '../http/forward';
import type { Gate } from '../http/gate';
import { enginePath } from '../network/apis';
import type { Passage } from '../page/passages';

export interface PublicApiDeps {
  readonly regions: readonly RegionHandle[];
  readonly apis: readonly ApiEndpoint[];
  readonly dns: Dns;
  readonly gate: Gate;
  readonly forwarder: Forwarder;
  /** Told of each request that was led to a region, and what came of it. */
  readonly saw?: (passage: Passage) => void;
  /** Told how long each answer took. */
  readonly passing?: Pick<PassingCalls, 'answered'>;
}

/** Lambda takes no larger request; API Gateway answers 413 by itself. */
const largestBody = 6 * 1024 * 1024;

const regionPrefix = /^\/_local\/regions\/[^/]+/;

/** Requests to the API: through DNS as a client's, or to one region past DNS. */
export class PublicApi {
  constructor(private readonly deps: PublicApiDeps) {}

  /** As the public name would answer: the client's location and resolver decide what DNS says. */
  public async viaDns(exchange: Exchange): Promise<void> {
    const { dns, regions } = this.deps;
    const location = locationOf(exchange, regions);
    const resolver = headerOf(exchange.request, 'x-client-resolver');
    if (!isKnownLocation(location) && !regions.some((region) => region.name === location)) {
      return sendProblem(
        exchange,
        'invalid_request',
        `X-Client-Location '${location.slice(0, 64)}' is not a region: use one of ${knownLocations().join(', ')}`,
      );
    }
    if (resolver !== undefined && !/^[\x21-\x7e]{1,64}$/.test(resolver)) {
      return sendProblem(exchange, 'invalid_request', 'X-Client-Resolver is a name of 1 to 64 visible ASCII characters.');
    }
    if (dns.publicName === undefined) {
      return sendProblem(
        exchange,
        'unknown_route',
        `No record set of this app leads to an API: use /_local/regions/{region}${exchange.path}.`,
      );
    }
    const answer = dns.resolve({ name: dns.publicName, location, resolver });
    const region = answer.kind === 'found' ? regions.find((handle) => handle.name === answer.region) : undefined;
    if (answer.kind === 'nowhere' || !region) {
      const reason =
        answer.kind === 'nowhere' ? answer.reason : `${answer.target} is in ${answer.region}, which is not a region of this run`;
      return sendProblem(exchange, 'unavailable', `${dns.publicName} cannot be resolved: ${reason}.`);
    }
    return this.enter(
      exchange,
      region,
      enginePath(this.deps.apis, region.name, dns.publicName, exchange.target),
      answer.kind === 'found' ? answer.ttlSeconds : undefined,
    );
  }

  /** One region's endpoint; `target` is path and query inside the API. */
  public async direct(exchange: Exchange, region: RegionHandle, target: string): Promise<void> {
    const { apis, dns } = this.deps;
    const here = apis.filter((api) => api.region === region.name);
    const names = here.flatMap((api) => api.domains.map((domain) => domain.name));
    const name = names.find((candidate) => candidate === dns.publicName) ?? names[0];
    const bare = here[0] && `/_aws/execute-api/${here[0].apiId}/${here[0].stage}${target}`;
    const path = name === undefined ? bare : enginePath(apis, region.name, name, target);
    return this.enter(exchange, region, path);
  }

  private async enter(exchange: Exchange, region: RegionHandle, path: string | undefined, ttlSeconds?: number): Promise<void> {
    const at = { region: region.name };
    if (path === undefined) return sendProblem(exchange, 'forbidden', `No API in ${region.name} answers to this name and path.`, at);
    if (leavesItsFolder(exchange.path)) return sendProblem(exchange, 'invalid_path', 'A path holds no . or .. segment.', at);
    // What a client sees of a lost region is a connection that does not come about.
    if (region.state === 'stopped') return this.dead(exchange, region);
    const gone = new AbortController();
    exchange.response.once('close', () => gone.abort());
    const entry = await this.deps.gate.enter(gone.signal);
    if (entry === 'gone') return;
    if (entry !== 'entered') {
      return sendProblem(
        exchange,
        'throttled',
        entry === 'full' ? 'Too many requests wait already.' : 'The request waited too long for its turn; nothing was done with it.',
        at,
      );
    }
    try {
      await this.pass(exchange, region, path, ttlSeconds);
    } finally {
      this.deps.gate.leave();
    }
  }

  private async pass(exchange: Exchange, region: RegionHandle, path: string, ttlSeconds?: number): Promise<void> {
    const at = { region: region.name };
    const read = await readBody(exchange.request, largestBody);
    if (read.kind === 'gone') return;
    if (read.kind === 'tooLarge') {
      return sendProblem(exchange, 'body_too_large', `A body of more than ${largestBody} bytes does not pass the gateway.`, at);
    }
    if (read.kind === 'slow') {
      return sendProblem(exchange, 'invalid_request', 'The body did not arrive within 10 s.', {
        ...at,
        status: 408,
        headers: { Connection: 'close' },
      });
    }
    if (region.state === 'stopped') return this.dead(exchange, region);
    const began = performance.now();
    const answer = await this.deps.forwarder.forward(exchange, region, path, read.body);
    const status = answer.kind === 'answered' ? answer.status : undefined;
    this.deps.passing?.answered?.({ region: region.name, status, tookMs: performance.now() - began });
    this.saw(exchange, region, answer.kind === 'answered' ? answer : undefined);
    // A client has no other way to see what its resolver was told.
    const seen = ttlSeconds === undefined ? [] : ['X-Resolver-Ttl', String(ttlSeconds)];
    if (answer.kind === 'answered') return passOn(exchange, { ...answer, rawHeaders: [...answer.rawHeaders, ...seen] });
    sendProblem(
      exchange,
      'outcome_unknown',
      `No answer from ${region.name}: ${answer.reason}. Repeat the request with the same Idempotency-Key after the time in Retry-After.`,
      at,
    );
  }

  private dead(exchange: Exchange, region: RegionHandle): void {
    this.saw(exchange, region, undefined);
    sendProblem(
      exchange,
      'outcome_unknown',
      `${region.name}, to which the name leads, takes no connection; nothing was sent there. ` +
        'Repeat the request with the same Idempotency-Key after the time in Retry-After.',
      { region: region.name },
    );
  }

  private saw(exchange: Exchange, region: RegionHandle, answer: Passage['answer']): void {
    const { path, request, traceId } = exchange;
    const direct = path.startsWith('/_local/');
    this.deps.saw?.({
      method: request.method ?? '',
      path: direct ? path.replace(regionPrefix, '') : path,
      region: region.name,
      location: direct ? undefined : locationOf(exchange, this.deps.regions),
      traceId,
      answer,
    });
  }
}

/** Where the client stands, as it says. */
function locationOf(exchange: Exchange, regions: readonly RegionHandle[]): string {
  return headerOf(exchange.request, 'x-client-location') ?? regions[0].name;
}

/** The engine's own addresses lie beside the API's: no path may climb out of it. */
function leavesItsFolder(path: string): boolean {
  return path.split(/\/|%2f|\\|%5c/i).some((segment) => ['.', '..'].includes(segment.replace(/%2e/gi, '.')));
}
