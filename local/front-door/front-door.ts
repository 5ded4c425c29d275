import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { AwsDoor, awsPath } from './aws-door';
import { Control, foreign } from './control';
import { PublicApi } from './public-api';
import { statusOf } from './status';
import type { CanaryParts } from '../canary/calls';
import { Approvals } from '../cutover/approvals';
import { cutoverOf } from '../cutover/cutover';
import type { DashboardParts } from '../dashboard/calls';
import { BackfillRun } from '../documents/backfill-run';
import { DocumentCalls, documentsPath } from '../documents/calls';
import type { DocumentFabric } from '../documents/fabric';
import { documentSight } from '../documents/sight';
import { DrillCalls, type DrillParts } from '../drill/calls';
import type { Edge } from '../edge/edge';
import { LocalRunError } from '../ground/failure';
import type { FrontDoor, FrontDoorDeps } from '../ground/model';
import type { PassingCalls } from '../ground/passing';
import { exchangeOf, rawProblem, sendProblem, type Exchange } from '../http/answers';
import { Forwarder } from '../http/forward';
import { Gate } from '../http/gate';
import { Page } from '../page/page';

/** Requests that may wait for their turn, and how long (as API Gateway's own limit): then 429. They wait with their bodies unread. */
const lineLength = 5_000;
const longestWaitMs = 28_000;

const regionPath = /^\/_local\/regions\/([^/]+)(\/(?:api\/v1(?:\/.*)?|health\/?))$/s;

export interface FrontDoorOptions extends FrontDoorDeps {
  /** Absent: no bucket is copied. */
  readonly documents?: DocumentFabric;
  /** Absent: no region is drilled. */
  readonly drills?: DrillParts;
  /** Absent: the app has no distribution. */
  readonly edge?: Pick<Edge, 'sight'>;
  /** Absent: the app has no canary. */
  readonly canaries?: CanaryParts;
  /** Absent: the app has no dashboard. */
  readonly dashboards?: DashboardParts;
  /** Told of what a region's API answered. */
  readonly passing?: Pick<PassingCalls, 'answered'>;
}

/** Opens the front door on 127.0.0.1. Rejects when the port is taken. */
export async function startFrontDoor(deps: FrontDoorOptions): Promise<FrontDoor> {
  const server = http.createServer({ requestTimeout: 60_000, headersTimeout: 20_000, keepAliveTimeout: 65_000 });
  server.on('clientError', refuseUnparsed);
  await listen(server, deps.port);
  const { port } = server.address() as AddressInfo;
  const forwarder = new Forwarder(deps.regions);
  const gate = new Gate(deps.inFlight ?? 8, lineLength, longestWaitMs);
  const url = `http://127.0.0.1:${port}`;
  const backfill = deps.documents && new BackfillRun(deps.documents, url);
  const cutover = cutoverOf(deps, url, backfill && ((from, to) => backfill.once(from, to)));
  const status = () => statusOf(deps, forwarder, cutover.watch);
  const drills = new DrillCalls(deps.drills);
  const around = {
    drills: () => drills.latest(),
    documents: () => deps.documents && backfill && documentSight(deps.documents, backfill),
    edge: () => deps.edge?.sight(),
    backfill: (from: string, to: string) => backfill?.start(from, to) ?? false,
  };
  const page = new Page({ ...deps, status, cutover: cutover.watch, around, url });
  const publicApi = new PublicApi({ ...deps, gate, forwarder, saw: page.saw });
  const control = new Control(deps, status, page, cutover.calls, drills);
  const awsDoor = new AwsDoor(deps.regions);
  const documents = deps.documents && backfill && new DocumentCalls(deps.documents, deps.regions, backfill);
  const approvals = new Approvals(deps.cutover?.gates ?? [], deps.regions);
  server.on('request', (request, response) => {
    const exchange = exchangeOf(request, response);
    request.on('error', () => response.destroy());
    answer(exchange).catch((error: Error) => {
      process.stderr.write(`front door: ${request.method} ${exchange.path}: ${error.stack ?? error.message}\n`);
      sendProblem(exchange, 'unavailable', 'The front door failed at this request.');
    });
  });
  async function answer(exchange: Exchange): Promise<void> {
    if (isUnder('/api/v1', exchange.path) || isUnder('/health', exchange.path)) return publicApi.viaDns(exchange);
    if (Approvals.has(exchange.path)) return approvals.answer(exchange);
    const [, place, rest = ''] = awsPath.exec(exchange.path) ?? [];
    if (place) return awsDoor.answer(exchange, place, rest + exchange.target.slice(exchange.path.length));
    const [, of, key] = documentsPath.exec(exchange.path) ?? [];
    if (documents && of) {
      const refused = foreign(exchange);
      return refused ? sendProblem(exchange, 'forbidden', refused) : documents.answer(exchange, of, key);
    }
    const [, name, inside] = regionPath.exec(exchange.path) ?? [];
    const region = deps.regions.find((handle) => handle.name === name);
    if (region && inside) return publicApi.direct(exchange, region, inside + exchange.target.slice(exchange.path.length));
    if (name) {
      return sendProblem(
        exchange,
        'unknown_route',
        `There is no region '${name.slice(0, 64)}' in this run: it has ${deps.regions.map((handle) => handle.name).join(', ')}.`,
      );
    }
    return control.answer(exchange);
  }
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        page.close();
        backfill?.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function isUnder(base: string, path: string): boolean {
  return path === base || path.startsWith(`${base}/`);
}

function refuseUnparsed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    socket.end(rawProblem(431, 'Request Header Fields Too Large', 'The request line and headers together have at most 16 KB.'));
  } else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    socket.end(rawProblem(408, 'Request Timeout', 'The request did not arrive in time.'));
  } else {
    socket.end(rawProblem(400, 'Bad Request', 'This is not an HTTP/1.1 request.'));
  }
}

function listen(server: http.Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new LocalRunError(`port ${port} is in use: end what listens there, or choose another one with --port`)
          : new LocalRunError(`the front door cannot listen on 127.0.0.1:${port}: ${error.message}`),
      );
    });
    server.listen({ host: '127.0.0.1', port, backlog: 4096 }, () => resolve());
  });
}
