import { requireDocumented } from './document';
import { defaultScopeNames } from '../../../src/api/caller.contract';
import { accountEndpoints, Endpoints, healthEndpoints, paymentEndpoints, transactionEndpoints } from '../../../src/api/http/endpoints';
import { GatewayResult, httpFunction } from '../../../src/api/http/function';
import type { GatewayEvent } from '../../../src/api/http/request';
import type { HttpPorts, RequestRecord } from '../../../src/api/http.contract';
import { untraced } from '../../../src/kernel/trace';
import type { Ledger } from '../../../src/ledger/model';
import { PaymentsLedger } from '../../../src/ledger/protocol/service';
import { MemoryStore } from '../../../tools/memory/memory-store';

export const traceId = '1-5f2330a4-6a0de1cd0e17c0508d386a64';
export const region = 'us-east-1';

/** What a caller sends; `json` is a value, `body` the very text or bytes. */
export interface Sent {
  readonly json?: unknown;
  readonly body?: string | Uint8Array;
  readonly key?: string | null;
  readonly headers?: Record<string, string | string[]>;
  readonly query?: Record<string, string | string[]>;
  /** `null`: the authorizer gave none. */
  readonly tenant?: string | null;
  /** Scopes in the authorizer's context, all by default; `null`: the authorizer gave none. */
  readonly scopes?: readonly string[] | null;
}

export interface Received {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly text: string;
  readonly json: Record<string, any>;
}

/** The API's functions as one, on the ledger's own service and a store in memory, or on whatever ledger is given. */
export class HttpApi {
  public readonly store = new MemoryStore();
  public readonly records: RequestRecord[] = [];
  public readonly ports: HttpPorts;
  private nowMs = 1_800_000_000_000;
  private nonces = 0;
  private readonly answer: (event: GatewayEvent) => Promise<GatewayResult>;

  constructor(ledger?: Partial<Ledger>, ports: Partial<HttpPorts> = {}) {
    const used = (ledger as Ledger | undefined) ?? this.realLedger();
    const endpoints: Endpoints = {
      ...accountEndpoints(used),
      ...paymentEndpoints(used),
      ...transactionEndpoints(used),
      ...healthEndpoints(() => Promise.resolve({ report: { region, status: 'healthy', checks: { ledger: 'ok', drain: 'off' } } })),
    };
    this.ports = {
      region,
      callerSource: { kind: 'context', key: 'tenant', scopeKey: 'scope', names: defaultScopeNames },
      requestDeadlineMs: 10_000,
      nowMs: () => this.nowMs,
      beginTrace: () => untraced({ traceId, sampled: false }),
      record: (record) => this.records.push(record),
      ...ports,
    };
    const run = httpFunction(endpoints, this.ports);
    this.answer = (event) => run(event, { getRemainingTimeInMillis: () => 15_000 });
  }

  /** Sends a request; whatever comes back must be as the document says. */
  public async send(method: string, path: string, sent: Sent = {}): Promise<Received> {
    this.nowMs += 1;
    const result = await this.answer(eventOf(method, path, sent));
    requireDocumented(method, path, result);
    const answer = received(result);
    if (answer.json.code !== undefined && !answer.json.traceId) throw new Error(`${method} ${path}: the problem names no trace`);
    return answer;
  }

  /** A call with a key of its own. */
  public post(path: string, json: unknown, key: string = `key-${(this.nonces += 1)}`): Promise<Received> {
    return this.send('POST', path, { json, key });
  }

  /** Everything the store holds, to see that nothing was written. */
  public snapshot(): string {
    return JSON.stringify([...this.store.items].sort(([one], [other]) => (one < other ? -1 : 1)));
  }

  private realLedger(): PaymentsLedger {
    return new PaymentsLedger(
      {
        store: this.store,
        nowMs: () => this.nowMs,
        random: () => 0.5,
        nonce: () => `nonce-${(this.nonces += 1)}`,
        sleep: () => Promise.resolve(),
      },
      { region },
    );
  }
}

/** The event of a REST API's proxy integration. */
export function eventOf(method: string, path: string, sent: Sent = {}): GatewayEvent {
  const { json, key, tenant = 'acme', scopes = Object.values(defaultScopeNames) } = sent;
  const body = sent.body ?? (json === undefined ? undefined : JSON.stringify(json));
  const headers: Record<string, string[]> = { ...(body === undefined ? {} : { 'Content-Type': ['application/json'] }) };
  if (typeof key === 'string') headers['Idempotency-Key'] = [key];
  for (const [name, value] of Object.entries(sent.headers ?? {})) headers[name] = [value].flat();
  return {
    httpMethod: method,
    path,
    headers: Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, values[values.length - 1]])),
    multiValueHeaders: headers,
    multiValueQueryStringParameters: Object.fromEntries(Object.entries(sent.query ?? {}).map(([name, value]) => [name, [value].flat()])),
    body: body === undefined ? null : typeof body === 'string' ? body : Buffer.from(body).toString('base64'),
    isBase64Encoded: body !== undefined && typeof body !== 'string',
    requestContext: tenant === null ? {} : { authorizer: { tenant, ...(scopes === null ? {} : { scope: scopes.join(' ') }) } },
  };
}

function received(result: GatewayResult): Received {
  return { status: result.statusCode, headers: result.headers, text: result.body, json: JSON.parse(result.body) as Record<string, any> };
}
