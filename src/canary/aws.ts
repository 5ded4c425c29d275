import { randomUUID } from 'node:crypto';
import { canaryEnv, CanaryPlan, readCanaryPlan } from './contract';
import { CanaryPorts, CanaryTimer, runCanary } from './service';
import { Environment, regionOf } from '../kernel/env';
import { signedRequest } from '../runtime/aws-request';
import { ClientTokens } from '../runtime/client-tokens';
import { clock } from '../runtime/clock';
import { freshCall } from '../runtime/fresh-call';
import { environmentCredentials } from '../runtime/signed-call';
import { telemetryOf } from '../runtime/telemetry';
import { RetryingCaller } from '../scenario/caller.service';
import { ApiAnswer, ApiBody, ApiCall, PaymentsCaller } from '../scenario/model';

/** A canary's run, from its environment. */
export function canaryOf(source: Environment): () => Promise<string> {
  const { plan: text, door } = canaryEnv.read(source);
  const plan = readCanaryPlan(text);
  const telemetry = telemetryOf(source, 'canary', plan.systemName);
  const ports: CanaryPorts = {
    client: canaryCaller(plan, regionOf(source), door),
    nowMs: clock.nowMs,
    timer: timerOf,
    runId: randomUUID,
    record: (run) => telemetry.record('canary run', { ...run }),
  };
  return () => runCanary(plan, ports);
}

function timerOf(ms: number): CanaryTimer {
  let timeout: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timeout = setTimeout(resolve, ms);
  });
  return { over, stop: () => clearTimeout(timeout) };
}

/** API Gateway waits 29 s for a function; a run has no time for a second such wait. */
const answerMs = 30_000;

/** A caller of the canary's one address. Each call goes by a connection of its own, so that the name is resolved for it. */
export function canaryCaller(plan: CanaryPlan, region: string, door?: string): PaymentsCaller {
  const { identity } = plan;
  const tokens = identity.kind === 'client' ? new ClientTokens(region, identity) : undefined;
  const base = door === undefined ? plan.url.replace(/\/$/, '') : doorOf(plan, door);
  return new RetryingCaller<ApiBody>(
    {
      send: (url, call, token) => sent(url, call, tokens ? { token, region, door } : { region, door }),
      token: async () => (await tokens?.token()) ?? '',
      ...(tokens ? { renew: () => tokens.forget() } : {}),
      nowMs: clock.nowMs,
      sleep: clock.sleep,
      chance: Math.random,
    },
    ({ path }) => `${base}${path}`,
  );
}

/** The front door of the local run stands for the name, and leads past it to a region. */
function doorOf({ target, region }: CanaryPlan, door: string): string {
  return target === 'NAME' ? door : `${door}/_local/regions/${region}`;
}

/** As whom, and from where. Without a token the request is signed. */
interface Sender {
  readonly token?: string;
  readonly region: string;
  readonly door?: string;
}

async function sent(url: string, { method, body, key }: ApiCall, { token, region, door }: Sender): Promise<ApiAnswer> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers: Record<string, string> = {
    ...(text === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(text)) }),
    ...(key === undefined ? {} : { 'Idempotency-Key': key }),
    ...(door === undefined ? {} : { 'X-Client-Location': region }),
  };
  const request = { url, method: method ?? (text === undefined ? 'GET' : 'POST'), headers, body: text, timeoutMs: answerMs };
  const began = performance.now();
  const answer = await freshCall({
    ...request,
    headers: token === undefined ? await signedHeaders(request, region) : { ...headers, Authorization: `Bearer ${token}` },
  });
  return { ...answer, body: objectIn(answer.text), ms: performance.now() - began };
}

interface Unsigned {
  readonly url: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

/** As API Gateway wants it of IAM principals. */
async function signedHeaders({ url, method, headers, body }: Unsigned, region: string): Promise<Record<string, string>> {
  const { origin, pathname, searchParams } = new URL(url);
  const signed = await signedRequest(
    {
      service: 'execute-api',
      region,
      endpoint: origin,
      method: method as 'GET' | 'POST' | 'PUT',
      path: pathname,
      query: Object.fromEntries(searchParams),
      headers,
      body,
    },
    () => Promise.resolve(environmentCredentials()),
  );
  return signed.headers;
}

/** An answer that is no JSON has no fields: its status says enough. */
function objectIn(text: string): ApiBody {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
