import { randomBytes } from 'node:crypto';
import type http from 'node:http';
import type { FrontDoorOptions } from '../../../local/front-door/front-door';
import type { AlarmStatus, DnsAnswer, Observed, ReceivedEvent, RecordStatus, TraceSegment } from '../../../local/ground/model';
import { Door } from '../front-door/door';

export const east = 'us-east-1';
export const west = 'us-west-2';

interface Stored {
  readonly payment: Record<string, unknown> & { paymentId: string; status: string; amount: number; accountId: string };
  readonly traceId: string;
}

interface Given {
  readonly status: number;
  readonly body: object;
  readonly headers?: Record<string, string>;
}

/** How long after a stop the fake's health checks notice, and how long a resolver keeps its answer. */
export interface FakePace {
  readonly noticeMs: number;
  readonly ttlMs: number;
}

/** A front door before two regions that exist in this process only: payments, DNS with health and TTL, events, traces. */
export class FakeRun {
  static async open(pace: FakePace = { noticeMs: 300, ttlMs: 300 }, change: Partial<FrontDoorOptions> = {}): Promise<FakeRun> {
    const run = new FakeRun(pace);
    run.door = await Door.open(
      { [east]: run.engine(east), [west]: run.engine(west) },
      { dns: run.dns(), observed: run.observed(), tables: { status: () => run.tables }, ...change },
    );
    for (const region of run.door.regions) {
      region.onChange((state) => run.changed.set(region.name, { at: Date.now(), up: state === 'running' }));
    }
    return run;
  }

  public door!: Door;
  public tables = [{ name: 'payments-ledger', mode: 'STRONG' as const, replicationLagMs: 34, conflicts: 3 }];
  public alarms: AlarmStatus[] = [
    { name: 'payments-health-us-east-1', region: east, state: 'OK', reason: '0 of 1 datapoints', since: '2026-11-22T03:00:00.000Z' },
    { name: 'payments-events-dead-letters', region: west, state: 'OK', reason: '0 of 1 datapoints', since: '2026-11-22T03:00:00.000Z' },
  ];
  public readonly segments = new Map<string, TraceSegment[]>();
  private readonly stored = new Map<string, Stored>();
  private readonly received: ReceivedEvent[] = [];
  private readonly changed = new Map<string, { readonly at: number; readonly up: boolean }>();
  private readonly cached = new Map<string, { readonly region: string; readonly until: number }>();

  private constructor(private readonly pace: FakePace) {}

  public get url(): string {
    return `http://127.0.0.1:${this.door.port}`;
  }

  public close(): Promise<void> {
    return this.door.close();
  }

  /** One payment through the front door, as a client would make it; returns its ID. */
  public async pay(amount: number, options: { key?: string; region?: string; accountId?: string } = {}): Promise<string> {
    const answer = await this.door.ask('POST', '/api/v1/payments', {
      headers: {
        'Idempotency-Key': options.key ?? randomBytes(8).toString('hex'),
        'X-Client-Location': options.region ?? east,
        'Content-Type': 'application/json',
      },
      body: JSON.stringify({ accountId: options.accountId ?? 'alice', amount, currency: 'USD', reference: '<b>4111 1111 1111 1111</b>' }),
    });
    return answer.json().paymentId;
  }

  public traceOf(paymentId: string): string {
    return [...this.stored.values()].find(({ payment }) => payment.paymentId === paymentId)!.traceId;
  }

  private healthy(region: string): boolean {
    const change = this.changed.get(region);
    return !change || (Date.now() - change.at > this.pace.noticeMs ? change.up : !change.up);
  }

  private dns(): FrontDoorOptions['dns'] {
    return {
      publicName: 'pay.example.com',
      resolve: ({ location, resolver }): DnsAnswer => {
        const key = `${resolver}|${location}`;
        const known = this.cached.get(key);
        const region =
          known && known.until > Date.now() ? known.region : ([location, east, west].find((name) => this.healthy(name)) ?? location);
        if (region !== known?.region || known.until <= Date.now()) this.cached.set(key, { region, until: Date.now() + this.pace.ttlMs });
        return { kind: 'found', host: 'pay.example.com', target: `d-1.execute-api.${region}.amazonaws.com`, region };
      },
      regionHealthy: (region) => this.healthy(region),
      status: () =>
        [east, west].map((region): RecordStatus => ({
          name: 'pay.example.com',
          type: 'CNAME',
          routing: 'latency',
          region,
          setIdentifier: region,
          ttl: 5,
          value: `d-1.execute-api.${region}.amazonaws.com`,
          healthy: this.healthy(region),
          healthCheck: {
            id: `check-${region}`,
            type: 'HTTPS',
            status: 'healthy',
            intervalSeconds: 10,
            failureThreshold: 1,
            reason: this.healthy(region) ? '200 OK' : 'no connection within 4 s',
            since: '2026-11-22T03:00:00.000Z',
          },
        })),
      close: () => {},
    };
  }

  private observed(): Observed {
    return {
      buses: () =>
        [east, west].map((region) => ({
          region,
          name: 'payments-events',
          sent: this.stored.size,
          received: this.stored.size,
          deadLetters: 0,
          waiting: 0,
        })),
      alarms: () => this.alarms,
      minuteMs: 60_000,
      events: async ({ paymentId }) => this.received.filter((event) => paymentId === undefined || event.paymentId === paymentId),
      trace: (traceId) => this.segments.get(traceId),
      targets: () => [],
      throttle: () => false,
    };
  }

  private engine(region: string): http.RequestListener {
    return (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { status, body, headers = {} } = this.answer(region, request, Buffer.concat(chunks).toString('utf8'));
        response.writeHead(status, { 'Content-Type': 'application/json', 'X-Served-By-Region': region, ...headers });
        response.end(JSON.stringify(body));
      });
    };
  }

  private answer(region: string, request: http.IncomingMessage, text: string): Given {
    const path = (request.url ?? '').replace(/^\/_aws\/execute-api\/[^/]+\/live/, '');
    if (path === '/health') return { status: 200, body: { region, status: 'healthy' } };
    const accountId = /^\/api\/v1\/accounts\/(.+)$/.exec(path)?.[1];
    if (accountId && request.method === 'PUT') return { status: 201, body: { accountId } };
    if (accountId) return { status: 200, body: { accountId, available: 100_000 - this.debitsOf(accountId) } };
    const [, paymentId, move] = /^\/api\/v1\/payments\/([^/]+)\/(\w+)$/.exec(path) ?? [];
    if (paymentId) return { status: 200, body: this.move(paymentId, move, region) };
    return this.authorise(region, request, JSON.parse(text) as { accountId: string; amount: number });
  }

  private authorise(region: string, request: http.IncomingMessage, { accountId, amount }: { accountId: string; amount: number }): Given {
    const key = String(request.headers['idempotency-key']);
    const known = this.stored.get(key);
    if (known) return { status: 201, body: known.payment, headers: { 'Idempotency-Replayed': 'true' } };
    const traceId = /Root=([^;]+)/.exec(String(request.headers['x-amzn-trace-id']))?.[1] ?? '';
    const paymentId = `pay_${randomBytes(11).toString('hex')}`;
    const status = amount % 10 === 7 ? 'DECLINED' : 'AUTHORISED';
    const payment = {
      paymentId,
      status,
      accountId,
      amount,
      captured: 0,
      refunded: 0,
      currency: 'USD',
      reference: 'secret-reference',
      region,
      createdAt: new Date().toISOString(),
      operations: [],
    };
    this.stored.set(key, { payment, traceId });
    this.segments.set(traceId, traceAcross(region, region === east ? west : east));
    this.receive(payment.paymentId, status === 'DECLINED' ? 'payment.declined' : 'payment.authorised', traceId);
    return { status: 201, body: payment };
  }

  private move(paymentId: string, move: string, region: string): object {
    const { payment, traceId } = [...this.stored.values()].find((stored) => stored.payment.paymentId === paymentId)!;
    payment.status = { capture: 'CAPTURED', void: 'VOIDED', refund: 'REFUNDED' }[move] ?? 'AUTHORISED';
    this.receive(paymentId, `payment.${payment.status.toLowerCase()}`, traceId);
    return { ...payment, region };
  }

  private receive(paymentId: string, type: string, traceId: string): void {
    const eventId = `evt_${randomBytes(11).toString('hex')}`;
    for (const region of [east, west]) {
      const event = { eventId, region, type, paymentId, traceId, at: new Date().toISOString(), duplicate: false, consumer: 'recorder' };
      this.received.push(event);
      if (this.received.length % 9 === 0) this.received.push({ ...event, duplicate: true });
    }
  }

  private debitsOf(accountId: string): number {
    return [...this.stored.values()]
      .filter(({ payment }) => payment.accountId === accountId)
      .reduce((sum, { payment }) => sum + payment.amount, 0);
  }
}

/** Segments as a payment in one region and its event in both leave them. */
export function traceAcross(here: string, there: string, start = Date.now()): TraceSegment[] {
  const id = (): string => randomBytes(8).toString('hex');
  const [request, claim, decide, outbox, consumeHere, consumeThere] = Array.from({ length: 6 }, id);
  const segment = (own: string, parentId: string | undefined, name: string, region: string, from: number, to: number): TraceSegment => ({
    id: own,
    ...(parentId ? { parentId } : {}),
    name,
    region,
    start: start + from,
    end: start + to,
  });
  return [
    segment(request, undefined, 'POST /payments', here, 0, 46),
    segment(claim, request, 'DynamoDB PutItem claim', here, 6, 19),
    segment(decide, request, 'DynamoDB UpdateItem account', here, 20, 41),
    segment(outbox, request, 'outbox', here, 96, 141),
    segment(id(), outbox, 'EventBridge PutEvents', here, 118, 139),
    segment(consumeHere, outbox, 'recorder', here, 190, 214),
    segment(consumeThere, outbox, 'recorder', there, 247, 280),
  ];
}
