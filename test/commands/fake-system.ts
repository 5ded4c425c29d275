import http, { type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defaultScopeNames } from '../../src/api/caller.contract';
import { problemOf } from '../../src/api/contract';
import { accountEndpoints, healthEndpoints, paymentEndpoints, transactionEndpoints } from '../../src/api/http/endpoints';
import { httpFunction, type GatewayResult } from '../../src/api/http/function';
import type { GatewayEvent } from '../../src/api/http/request';
import { untraced } from '../../src/kernel/trace';
import { PaymentsLedger } from '../../src/ledger/protocol/service';
import type { ApiAnswer, ApiCall } from '../../src/scenario/model';
import { MemoryStore } from '../../tools/memory/memory-store';
import { eventOf } from '../api/http/http-api';

export const goodToken = 'header.payload.the-signature-of-a-good-token';
const traceId = '1-5f2330a4-6a0de1cd0e17c0508d386a64';

/** Time that passes as somebody waits for it, or the machine's. */
export interface FakeTime {
  nowMs(): number;
  sleep(ms: number): Promise<void>;
}

/** What is wrong with the system. */
export interface Faults {
  /** A region that takes no connection. */
  dead?: string;
  /** Keys are forgotten: the same one pays again. */
  forgetful?: boolean;
  /** This region's own address leads to the other one. */
  crossed?: string;
  /** The health check never looks at the drain switch. */
  blindHealth?: boolean;
  /** The switch cannot be taken back so many times. */
  stuckSwitch?: number;
  /** Answers name the token that came with the request. */
  echoesToken?: boolean;
}

/** Two regions on one ledger: the API's own code, a public name with a TTL, and the switch that drains a region. */
export class FakeSystem {
  readonly regions = ['us-east-1', 'us-west-2'];
  readonly store = new MemoryStore();
  /** Items of drain switches by region, as DynamoDB has them. */
  readonly switches = new Map<string, Record<string, unknown>>();
  readonly switchCalls: string[] = [];
  private readonly functions: Map<string, (event: GatewayEvent) => Promise<GatewayResult>>;
  private nonces = 0;
  private keys = 0;
  private movedAtMs = -Infinity;

  constructor(
    readonly time: FakeTime,
    readonly faults: Faults = {},
    /** From a switch of DNS to the callers' arrival elsewhere. */
    readonly ttlMs = 8_000,
  ) {
    this.functions = new Map(this.regions.map((region) => [region, this.functionOf(region)]));
  }

  /** Whoever stands in the first region is led there, and to the next one while it is drained. */
  lead(): string {
    const [first, second] = this.regions;
    if (this.faults.blindHealth) return first;
    const moved = this.switches.has(first);
    const settled = this.time.nowMs() - this.movedAtMs >= this.ttlMs;
    return moved === settled ? second : first;
  }

  drain(region: string, item: Record<string, unknown>): void {
    this.switches.set(region, item);
    this.movedAtMs = this.time.nowMs();
  }

  putBack(region: string): void {
    this.switches.delete(region);
    this.movedAtMs = this.time.nowMs();
  }

  async answer(call: ApiCall, token: string): Promise<Omit<ApiAnswer, 'body' | 'ms'>> {
    const asked = call.region ?? this.lead();
    const region = this.faults.crossed === call.region && call.region !== undefined ? this.regions.find((one) => one !== asked)! : asked;
    if (region === this.faults.dead) throw new Error('connect ECONNREFUSED');
    if (token !== goodToken && call.path !== '/health') {
      const detail = this.faults.echoesToken ? `The token ${token} is not known.` : 'The token is not valid.';
      const problem = problemOf('unauthorized', detail, call.path, traceId);
      const headers = {
        'content-type': 'application/problem+json',
        'x-amzn-trace-id': traceId,
        'x-served-by-region': region,
        'cache-control': 'no-store',
      };
      return { status: 401, headers, text: JSON.stringify(problem) };
    }
    this.keys += 1;
    const key = this.faults.forgetful && call.key !== undefined ? `${call.key}-${this.keys}` : call.key;
    const body = call.body === undefined || typeof call.body === 'string' ? call.body : JSON.stringify(call.body);
    const [path, query = ''] = call.path.split('?');
    const event = eventOf(call.method ?? (body === undefined ? 'GET' : 'POST'), path, {
      body: body as string | undefined,
      key: key ?? null,
      headers: { ...call.headers },
      query: Object.fromEntries(new URLSearchParams(query)),
    });
    const { statusCode, headers, body: text } = await this.functions.get(region)!(event);
    return {
      status: statusCode,
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
      text: this.faults.echoesToken ? text.replace('"paymentId"', `"x":"${token}","paymentId"`) : text,
    };
  }

  private functionOf(region: string): (event: GatewayEvent) => Promise<GatewayResult> {
    const { time } = this;
    const ledger = new PaymentsLedger(
      {
        store: this.store,
        nowMs: () => time.nowMs(),
        random: () => 0.5,
        nonce: () => `nonce-${(this.nonces += 1)}`,
        sleep: (ms) => time.sleep(ms),
      },
      { region },
    );
    const endpoints = {
      ...accountEndpoints(ledger),
      ...paymentEndpoints(ledger),
      ...transactionEndpoints(ledger),
      ...healthEndpoints(async () => {
        const drained = this.switches.has(region) && !this.faults.blindHealth;
        return {
          report: { region, status: drained ? 'draining' : 'healthy', checks: { ledger: 'ok', drain: drained ? 'draining' : 'off' } },
        };
      }),
    };
    const run = httpFunction(endpoints, {
      region,
      callerSource: { kind: 'context', key: 'tenant', scopeKey: 'scope', names: defaultScopeNames },
      requestDeadlineMs: 10_000,
      nowMs: () => time.nowMs(),
      beginTrace: () => untraced({ traceId, sampled: false }),
      record: () => undefined,
    });
    return (event) => run(event, { getRemainingTimeInMillis: () => 15_000 });
  }
}

/** The system behind HTTP: `/api/v1` and `/health` as the public name, `/REGION/...` past it, `/aws/REGION` for DynamoDB. */
export class SystemServer {
  private readonly server = http.createServer((request, response) => {
    this.respond(request)
      .then(({ status, headers, text }) => {
        response.writeHead(status, headers as http.OutgoingHttpHeaders);
        response.end(text);
      })
      .catch(() => response.destroy());
  });

  constructor(readonly system: FakeSystem) {}

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The options that every run needs. */
  get options(): string[] {
    const regions = this.system.regions.flatMap((region) => [
      '--region',
      `${region}=${this.url}/${region}`,
      '--endpoint-url',
      `${region}=${this.url}/aws/${region}`,
    ]);
    return ['verify', '--api', this.url, ...regions];
  }

  private async respond(request: IncomingMessage): Promise<Omit<ApiAnswer, 'body' | 'ms'>> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    if (request.url!.startsWith('/aws/')) return this.dynamodb(request, JSON.parse(body));
    const [, region, path] = /^(?:\/(us-east-1|us-west-2))?(\/.*)$/.exec(request.url!)!;
    const key = request.headers['idempotency-key'];
    const type = request.headers['content-type'];
    return this.system.answer(
      {
        path,
        region,
        method: request.method,
        ...(body === '' ? {} : { body }),
        ...(typeof key === 'string' ? { key } : {}),
        ...(type === undefined ? {} : { headers: { 'Content-Type': type } }),
      },
      String(request.headers.authorization).replace(/^Bearer /, ''),
    );
  }

  private dynamodb(request: IncomingMessage, body: any): Omit<ApiAnswer, 'body' | 'ms'> {
    const { system } = this;
    const action = String(request.headers['x-amz-target']).split('.').pop()!;
    system.switchCalls.push(action);
    const answer = (status: number, content: object) => ({
      status,
      headers: { 'content-type': 'application/x-amz-json-1.0' },
      text: JSON.stringify(content),
    });
    const refused = answer(400, { __type: 'ConditionalCheckFailedException' });
    if (action === 'ListTables') return answer(200, { TableNames: ['acme-pay-homes', 'acme-pay-ledger'] });
    const region = String((body.Item ?? body.Key).pk.S).replace('drain#', '');
    const standing = system.switches.get(region) as { drainedBy?: { S: string }; drainedUntil?: { N: string } } | undefined;
    if (action === 'GetItem') return answer(200, standing ? { Item: standing } : {});
    if (action === 'PutItem') {
      const isOver = Number(standing?.drainedUntil?.N ?? Infinity) < Number(body.ExpressionAttributeValues[':at'].N);
      if (standing && !isOver) return answer(400, { __type: 'ConditionalCheckFailedException', Item: standing });
      system.drain(region, body.Item);
      return answer(200, {});
    }
    if ((system.faults.stuckSwitch ?? 0) > 0) {
      system.faults.stuckSwitch! -= 1;
      return answer(400, { __type: 'ProvisionedThroughputExceededException' });
    }
    if (standing?.drainedBy?.S !== body.ExpressionAttributeValues[':owner'].S) return refused;
    system.putBack(region);
    return answer(200, {});
  }
}
