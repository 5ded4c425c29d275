import http from 'node:http';
import { connect } from 'node:net';
import type { Probe } from './health';
import type { HealthCheckSpec } from './records';
import type { ApiEndpoint, DnsAnswer, RegionHandle } from '../ground/model';
import { enginePath } from '../network/apis';

export interface ProbeDeps {
  readonly resolve: (name: string) => DnsAnswer;
  readonly regions: readonly RegionHandle[];
  readonly apis: readonly ApiEndpoint[];
  /** Route 53's limits: 4 s to connect, 2 s for the answer. */
  readonly connectTimeoutMs?: number;
  readonly responseTimeoutMs?: number;
}

type Look = { readonly ok: boolean; readonly reason: string };

/** Route 53 reads so much of the body when it looks for a text. */
const searchedBytes = 5120;

/** Looks at the endpoint that a health check names, as a checker on the internet would: through DNS, with that name as Host. */
export function endpointProbe(deps: ProbeDeps): Probe {
  return async (check) => {
    const answer = deps.resolve(check.host ?? '');
    if (answer.kind === 'nowhere') return { ok: false, reason: answer.reason };
    const region = deps.regions.find((handle) => handle.name === answer.region);
    if (!region) return { ok: false, reason: `${answer.region} is not a region of this run` };
    if (region.state === 'stopped') return lookTimedOut(deps.connectTimeoutMs ?? 4000);
    if (check.type === 'TCP') return takesConnections(region.engineSocket, deps.connectTimeoutMs ?? 4000);
    const path = enginePath(deps.apis, answer.region, answer.host, check.path);
    if (path === undefined) return { ok: false, reason: `status 403: no API in ${answer.region} answers to ${answer.host}` };
    return ask(region.engineSocket, path, check, deps);
  };
}

/** A lost region answers no packet: the checker waits for its whole limit. */
function lookTimedOut(timeoutMs: number): Promise<Look> {
  return new Promise((resolve) =>
    setTimeout(() => resolve({ ok: false, reason: `no connection within ${timeoutMs / 1000} s` }), timeoutMs),
  );
}

function takesConnections(engineSocket: string, timeoutMs: number): Promise<Look> {
  return new Promise((resolve) => {
    const socket = connect({ path: engineSocket, timeout: timeoutMs });
    const end = (look: Look) => {
      socket.destroy();
      resolve(look);
    };
    socket.once('connect', () => end({ ok: true, reason: 'connected' }));
    socket.once('timeout', () => end({ ok: false, reason: `no connection within ${timeoutMs / 1000} s` }));
    socket.once('error', (error) => end({ ok: false, reason: error.message }));
  });
}

function ask(engineSocket: string, path: string, check: HealthCheckSpec, deps: ProbeDeps): Promise<Look> {
  const limit = (deps.connectTimeoutMs ?? 4000) + (deps.responseTimeoutMs ?? 2000);
  return new Promise((resolve) => {
    const headers = { 'user-agent': 'Amazon-Route53-Health-Check-Service (local run)' };
    const request = http.get({ socketPath: engineSocket, path, agent: false, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => end(judge(response.statusCode ?? 0, Buffer.concat(chunks), check)));
    });
    // A frozen process still takes connections, and never answers: the second limit counts from the connection.
    const connectTimer = setTimeout(() => end({ ok: false, reason: 'no connection within the limit' }), limit);
    let responseTimer: NodeJS.Timeout | undefined;
    request.on('socket', (socket) =>
      socket.once('connect', () => {
        responseTimer = setTimeout(
          () => end({ ok: false, reason: `no answer within ${(deps.responseTimeoutMs ?? 2000) / 1000} s` }),
          deps.responseTimeoutMs ?? 2000,
        );
      }),
    );
    request.on('error', (error) => end({ ok: false, reason: error.message }));
    function end(look: Look): void {
      clearTimeout(connectTimer);
      clearTimeout(responseTimer);
      request.destroy();
      resolve(look);
    }
  });
}

function judge(status: number, body: Buffer, check: HealthCheckSpec): Look {
  if (status < 200 || status >= 400) return { ok: false, reason: `status ${status}` };
  const wanted = check.type.endsWith('STR_MATCH') ? (check.searchString ?? '') : undefined;
  if (wanted !== undefined && !body.subarray(0, searchedBytes).toString('utf8').includes(wanted)) {
    return { ok: false, reason: `status ${status}, but the text is not in the body` };
  }
  return { ok: true, reason: `status ${status}` };
}
