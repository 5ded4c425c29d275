import { randomUUID } from 'node:crypto';
import { canaryEnv, CanaryPlan, readCanaryPlan } from './contract';
import { CanaryPorts, CanaryTimer, runCanary } from './service';
import { Environment, regionOf } from '../kernel/env';
import { signedRequest } from '../runtime/aws-request';
import { ClientTokens } from '../runtime/client-tokens';
import { clock } from '../runtime/clock';
import type { FreshRequest } from '../runtime/fresh-call';
import { environmentCredentials } from '../runtime/signed-call';
import { telemetryOf } from '../runtime/telemetry';
import { byToken, sendFresh } from '../scenario/api-call.aws';
import { RetryingCaller } from '../scenario/caller.service';
import { ApiBody, PaymentsCaller } from '../scenario/model';

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
      send: (url, call, token) =>
        sendFresh(url, call, {
          headers: door === undefined ? {} : { 'X-Client-Location': region },
          timeoutMs: answerMs,
          proven: tokens ? byToken(token) : (request) => signedHeaders(request, region),
        }),
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

/** As API Gateway wants it of IAM principals. */
async function signedHeaders({ url, method, headers, body }: FreshRequest, region: string): Promise<Record<string, string>> {
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
