import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Admissions } from './admission';
import { EngineForwarder } from './forward';
import { answerHeaders, contentHeaders } from './headers';
import { invocationStart, longestTimeoutMs, outlivedItsTimeout } from './invocation';
import type { EventsApi, EventsRouting } from '../buses/event-calls';
import { isRootKey } from '../engine/credentials';
import { Links } from '../ground/model';
import type { PassingCalls, TableCall } from '../ground/passing';
import { ConditionContext, Judge } from '../iam';
import { globalServices, type Signature } from './signature';
import { EngineClient, readAll } from '../network/engine-client';
import { EngineDirectory, placeOf, sleep } from '../network/network';
import { judgedResources } from '../network/resource';
import { jsonRefusal, type FabricServices, type ServiceCall, type ServiceRouting } from '../services/services';
import { GlobalTables } from '../tables';
import { accessDenied } from '../tables/answer';

export interface RegionProxyOptions {
  readonly region: string;
  readonly engines: EngineDirectory;
  readonly links: Links;
  readonly tables: GlobalTables;
  readonly judge: Judge;
  /** Answers what the emulators' EventBridge cannot. */
  readonly events?: EventsApi;
  /** By name in the credential scope: what else the fabric answers in the emulators' place. */
  readonly services?: FabricServices;
  /** Told of calls of DynamoDB, when they are answered. */
  readonly passing?: Pick<PassingCalls, 'called'>;
  /** Region whose engine answers for a service wherever the call comes from, for example one store for `route53`. */
  readonly regionOfService?: Readonly<Record<string, string>>;
  /** Account of the run. Default 000000000000, the emulator's own. */
  readonly accountId?: string;
  /** Default: a free port. */
  readonly port?: number;
  /** How long a call into a region that cannot be reached hangs before its connection is cut, milliseconds. Default 5,000. */
  readonly unreachableMs?: number;
}

export interface RegionProxy {
  readonly region: string;
  readonly port: number;
  /** Requests so far, by service. */
  requests(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}

/** Opens the AWS endpoint of one region: of its functions, and of the CLI when it deploys there. Listens on 127.0.0.1 alone. */
export async function startRegionProxy(options: RegionProxyOptions): Promise<RegionProxy> {
  const endpoint = new RegionEndpoint(options);
  const server = http.createServer({ keepAliveTimeout: 65_000, requestTimeout: 0 }, (request, response) => {
    endpoint.serve(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  return {
    region: options.region,
    port: (server.address() as AddressInfo).port,
    requests: () => Object.fromEntries(endpoint.requests),
    close: async () => {
      endpoint.close();
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

class RegionEndpoint {
  public readonly requests = new Map<string, number>();
  private readonly forwarder = new EngineForwarder();
  private readonly client: EngineClient;
  private readonly closing = new AbortController();
  private readonly accountId: string;
  private readonly admissions: Admissions;

  public constructor(private readonly options: RegionProxyOptions) {
    this.admissions = new Admissions(() => {
      const engine = options.engines.engine(options.region);
      return engine?.state === 'running' ? engine : undefined;
    });
    this.client = new EngineClient(options.engines);
    this.accountId = options.accountId ?? '000000000000';
  }

  public async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const admission = await this.admissions.of(request);
    if (admission.kind === 'unreachable') return this.unreachable(request);
    if (admission.kind === 'refused') return refuse(request, response, admission);
    if (admission.kind === 'awaited') return this.serveAwaited(request, response, admission.body);
    const { call } = admission;
    this.requests.set(call.service, (this.requests.get(call.service) ?? 0) + 1);
    if (await this.comesTooLate(request)) return void request.socket.destroy();
    const region = this.target(call);
    const service = this.options.services?.[call.service];
    const eventsOperation =
      call.service === 'events' && this.options.events ? header(request, 'x-amz-target')?.split('.').pop() : undefined;
    const read = admission.read ?? (service || eventsOperation !== undefined ? await readAll(request) : undefined);
    if (service) {
      const asked: ServiceCall = {
        region,
        operation: header(request, 'x-amz-target')?.split('.').pop(),
        method: request.method!,
        path: request.url!,
        body: read!,
        headers: contentHeaders(request),
      };
      const routing = await service.route(asked);
      if (routing) return this.serveFabric(request, response, call, routing);
      if (service.took) {
        response.once('finish', () => {
          if (response.statusCode < 300) service.took!(asked);
        });
      }
    }
    const events =
      eventsOperation === undefined ? undefined : this.options.events!.route({ region, operation: eventsOperation, body: read! });
    if (events) return this.serveEvents(request, response, call, events, region);
    if (region !== this.options.region) return this.serveElsewhere(request, response, call, region, read);
    const engine = this.options.engines.engine(region);
    if (!engine || engine.state === 'stopped') return this.unreachable(request);
    const operation = dynamoOperation(call, request);
    if (operation === undefined) return this.forwarder.forward(request, response, engine.engineSocket, read);
    return this.serveDynamo(request, response, { call, region, operation, body: read ?? (await readAll(request)) });
  }

  /** What CloudFormation waits for is its emulator's to take, whatever else the request claims to be. */
  private async serveAwaited(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> {
    const engine = this.options.engines.engine(this.options.region);
    return engine?.state === 'running' ? this.forwarder.forward(request, response, engine.engineSocket, body) : this.unreachable(request);
  }

  public close(): void {
    this.closing.abort();
    this.forwarder.close();
    this.client.close();
  }

  /** The region whose engine answers: the signature's, and this one where the run has no engine for that. */
  private target(call: Signature): string {
    const fixed = this.options.regionOfService?.[call.service];
    if (fixed !== undefined) return fixed;
    if (!call.region || globalServices.has(call.service) || !this.options.engines.engine(call.region)) return this.options.region;
    return call.region;
  }

  private async serveDynamo(
    request: IncomingMessage,
    response: ServerResponse,
    dynamo: { call: Signature; region: string; operation: string; body: Buffer },
  ): Promise<void> {
    this.measure(response, dynamo);
    const routing = await this.options.tables.handle({
      region: dynamo.region,
      operation: dynamo.operation,
      body: dynamo.body,
      authorize: (action, table, leadingKeys) =>
        this.judged(
          request,
          dynamo.call,
          action,
          `arn:aws:dynamodb:${dynamo.region}:${this.accountId}:table/${table}`,
          leadingKeys ? { 'dynamodb:leadingkeys': leadingKeys } : {},
        ),
    });
    if (routing.kind === 'answered') return reply(response, routing.answer);
    await this.forwarder.forward(request, response, this.options.engines.engine(dynamo.region)!.engineSocket, dynamo.body);
    routing.done?.();
  }

  private measure(response: ServerResponse, { region, operation, body }: Pick<TableCall, 'region' | 'operation' | 'body'>): void {
    // Without dashboards nobody asks.
    if (!this.options.passing?.called) return;
    const began = performance.now();
    response.once('finish', () =>
      this.options.passing?.called?.({ region, operation, body, status: response.statusCode, tookMs: performance.now() - began }),
    );
  }

  /** A call of EventBridge's that the fabric answers, or events for whichever region an endpoint leads to. */
  private async serveEvents(
    request: IncomingMessage,
    response: ServerResponse,
    call: Signature,
    routing: EventsRouting,
    asked: string,
  ): Promise<void> {
    const region = routing.kind === 'put' ? routing.region : asked;
    if (!this.reaches(region)) return this.unreachable(request);
    const denied =
      routing.kind === 'put'
        ? await this.judgedPuts(request, call, routing)
        : await this.judged(request, call, routing.action, routing.resource);
    if (denied) return reply(response, denied);
    const { links } = this.options;
    const here = this.options.region;
    await this.pause(links.get(here, region).lagMs);
    if (!this.reaches(region)) return this.unreachable(request);
    const answer =
      routing.kind === 'put'
        ? await this.client.call({
            place: placeOf(region),
            service: 'events',
            body: routing.body,
            headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AWSEvents.PutEvents' },
          })
        : routing.answer();
    await this.pause(links.get(region, here).lagMs);
    // What was put was put, whether or not its caller hears of it.
    if (!this.reaches(region)) return this.unreachable(request);
    reply(response, { status: answer.status, headers: answerHeaders(answer.headers), body: answer.body });
  }

  /** A call that the fabric answers in a region's emulator's place. */
  private async serveFabric(
    request: IncomingMessage,
    response: ServerResponse,
    call: Signature,
    { region, needs, answer }: ServiceRouting,
  ): Promise<void> {
    const { links, engines } = this.options;
    const here = this.options.region;
    const inRun = engines.engine(region) !== undefined;
    const reached = (): boolean => (inRun ? this.reaches(region) : engines.engine(here)?.state === 'running');
    if (!reached()) return this.unreachable(request);
    for (const { action, resource, context } of needs) {
      const denied = await this.judged(request, call, action, resource, context);
      if (denied) return reply(response, { ...denied, status: 403 });
    }
    if (inRun) await this.pause(links.get(here, region).lagMs);
    if (!reached()) return this.unreachable(request);
    const answered = await answer();
    if (inRun) await this.pause(links.get(region, here).lagMs);
    // What was done was done, whether or not its caller hears of it.
    if (!reached()) return this.unreachable(request);
    reply(response, answered);
  }

  /** A call into another region: over the links, and signed anew, since its caller's key is not known there. */
  private async serveElsewhere(
    request: IncomingMessage,
    response: ServerResponse,
    call: Signature,
    region: string,
    read?: Buffer,
  ): Promise<void> {
    const body = read ?? (await readAll(request));
    if (!this.reaches(region)) return this.unreachable(request);
    const { links, engines } = this.options;
    const here = this.options.region;
    const root = isRootKey(call.accessKeyId);
    if (!root) {
      const needed = judgedResources({
        service: call.service,
        region,
        accountId: this.accountId,
        method: request.method!,
        path: request.url!,
        target: header(request, 'x-amz-target'),
        body,
      });
      for (const { action, resource } of needed) {
        const denied = await this.judged(request, call, action, resource);
        if (denied) return reply(response, { ...denied, status: call.service === 'dynamodb' ? 400 : 403 });
      }
    }
    await this.pause(links.get(here, region).lagMs);
    const operation = dynamoOperation(call, request);
    if (operation !== undefined) this.measure(response, { region, operation, body });
    const routing =
      operation === undefined ? undefined : await this.options.tables.handle({ region, operation, body, authorize: async () => undefined });
    if (routing?.kind === 'answered') {
      await this.pause(links.get(region, here).lagMs);
      return this.reaches(region) ? reply(response, routing.answer) : this.unreachable(request);
    }
    if (!this.reaches(region)) return this.unreachable(request);
    if (root) {
      await this.forwarder.forward(request, response, engines.engine(region)!.engineSocket, body, () =>
        this.pause(links.get(region, here).lagMs),
      );
    } else {
      const answer = await this.client.call({
        place: placeOf(region),
        service: call.service,
        method: request.method,
        path: request.url,
        headers: contentHeaders(request),
        body,
      });
      await this.pause(links.get(region, here).lagMs);
      reply(response, { status: answer.status, headers: answerHeaders(answer.headers), body: answer.body });
    }
    routing?.done?.();
  }

  /** Events by their caller's policies and the bus's own; refused as a whole when one of them is. */
  private async judgedPuts(request: IncomingMessage, call: Signature, { region, puts }: Extract<EventsRouting, { kind: 'put' }>) {
    const caller = isRootKey(call.accessKeyId)
      ? undefined
      : await this.options.judge.caller(this.options.region, header(request, 'user-agent') ?? '');
    const principal = caller?.roleArn ?? `arn:aws:iam::${this.accountId}:root`;
    for (const put of puts) {
      const denied = await this.judged(request, call, 'events:PutEvents', put.resource, put.context);
      if (denied) return denied;
      if (!this.options.events!.denies(region, put, principal)) continue;
      return accessDenied(
        `${principal} is not authorized to perform: events:PutEvents on resource: ${put.resource} with an explicit deny in a ` +
          `resource-based policy (${JSON.stringify(put.context)})`,
      );
    }
    return undefined;
  }

  private async judged(request: IncomingMessage, call: Signature, action: string, resource: string, context: ConditionContext = {}) {
    const judgement = await this.options.judge.judge({
      region: this.options.region,
      accessKeyId: call.accessKeyId,
      userAgent: header(request, 'user-agent') ?? '',
      action,
      resource,
      context,
    });
    return judgement.allowed ? undefined : accessDenied(judgement.message);
  }

  private reaches(region: string): boolean {
    const { engines, links } = this.options;
    return (
      engines.engine(region)?.state === 'running' &&
      !links.get(this.options.region, region).partitioned &&
      !links.get(region, this.options.region).partitioned
    );
  }

  /** Packets are lost: the caller waits, and its connection is cut in the end. */
  private async unreachable(request: IncomingMessage): Promise<void> {
    const { signal } = this.closing;
    const timer = setTimeout(() => request.socket.destroy(), this.options.unreachableMs ?? 5000);
    const forget = (): void => clearTimeout(timer);
    signal.addEventListener('abort', forget, { once: true });
    request.socket.once('close', () => signal.removeEventListener('abort', forget));
    request.resume();
  }

  /** See `outlivedItsTimeout`. */
  private async comesTooLate(request: IncomingMessage): Promise<boolean> {
    const engine = this.options.engines.engine(this.options.region);
    if (engine?.lastStoppedAt === undefined) return false;
    const started = invocationStart(header(request, 'x-amzn-trace-id'));
    if (started === undefined || started > engine.lastStoppedAt || started < engine.lastStoppedAt - longestTimeoutMs) return false;
    const caller = await this.options.judge.caller(this.options.region, header(request, 'user-agent') ?? '');
    return caller !== undefined && outlivedItsTimeout(started, caller.timeoutMs, engine, Date.now());
  }

  private async pause(ms: number): Promise<void> {
    if (ms > 0) await sleep(ms);
  }
}

const dynamoTarget = 'DynamoDB_20120810.';

function dynamoOperation(call: Signature, request: IncomingMessage): string | undefined {
  const target = call.service === 'dynamodb' ? header(request, 'x-amz-target') : undefined;
  return target?.startsWith(dynamoTarget) ? target.slice(dynamoTarget.length) : undefined;
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** As a service refuses a signature. What its body would be is not awaited. */
function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  { code, message }: { readonly code: string; readonly message: string },
): void {
  const answer = jsonRefusal(code, message);
  reply(response, { ...answer, status: 403, headers: { ...answer.headers, 'x-amzn-errortype': code, connection: 'close' } });
  request.resume();
}

function reply(response: ServerResponse, answer: { status: number; headers: Readonly<Record<string, string>>; body: Buffer }): void {
  response.writeHead(answer.status, { ...answer.headers, 'content-length': answer.body.length });
  response.end(answer.body);
}
