import { createHash } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export type Fault = 'debits some keys twice' | 'answers differ' | 'books wrong amounts' | 'takes anything' | 'none';

interface Booked {
  readonly answer: { status: number; body: any };
  readonly amount: number;
  readonly accountId: string;
}
interface Line {
  readonly paymentId: string;
  readonly type: string;
  readonly amount: number;
}
interface AccountState {
  available: number;
  held: number;
  version: number;
  readonly lines: Line[];
}

/** Just enough of the contract to stand before the scenario, and to break it on purpose. */
export class FakeApi {
  static async open(fault: Fault): Promise<FakeApi> {
    const api = new FakeApi(fault);
    await new Promise<void>((resolve) => api.server.listen(0, '127.0.0.1', resolve));
    return api;
  }

  private readonly server: http.Server;
  private readonly accounts = new Map<string, AccountState>();
  private readonly booked = new Map<string, Booked>();
  private conflicts = 0;

  private constructor(private readonly fault: Fault) {
    this.server = http.createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        const { status, body: answer, headers = {} } = this.answer(request, body);
        response.writeHead(status, { 'Content-Type': status < 400 ? 'application/json' : 'application/problem+json', ...headers });
        response.end(JSON.stringify(answer));
      });
    });
  }

  public get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  public close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private answer(request: http.IncomingMessage, body: string): { status: number; body: any; headers?: Record<string, string> } {
    const [, region = 'us-east-1', path] = /^(?:\/_local\/regions\/([^/]+))?(\/.*)$/.exec(request.url ?? '') ?? [];
    if (path === '/_local/status') return { status: 200, body: { tables: [{ mode: 'STRONG', conflicts: this.conflicts }] } };
    const [, accountId] = /^\/api\/v1\/accounts\/(.+)$/.exec(path) ?? [];
    if (request.method === 'PUT') {
      const { balance } = JSON.parse(body);
      this.accounts.set(accountId, { available: balance, held: 0, version: 1, lines: [] });
      return { status: 201, body: {} };
    }
    if (accountId) {
      const { available, held, version } = this.accounts.get(accountId) as AccountState;
      return { status: 200, body: { available, held, settled: 0, version } };
    }
    if (path.startsWith('/api/v1/transactions')) {
      const query = new URL(path, 'http://localhost').searchParams;
      const { lines } = this.accounts.get(query.get('accountId') ?? '') as AccountState;
      const from = Number(query.get('cursor') ?? 0);
      return {
        status: 200,
        body: { items: lines.slice(from, from + 100), ...(from + 100 < lines.length ? { nextCursor: String(from + 100) } : {}) },
      };
    }
    return this.pay(String(request.headers['idempotency-key']), region, body);
  }

  private pay(key: string, region: string, body: string): { status: number; body: any; headers?: Record<string, string> } {
    if (this.fault === 'takes anything') return { status: 201, body: { paymentId: 'pay_1' } };
    const number = Number(key.split('-').pop());
    const known = this.booked.get(key);
    this.conflicts += 1;
    if (known && !(this.fault === 'debits some keys twice' && number === 7)) {
      const differs = this.fault === 'answers differ' && number === 7;
      return {
        ...known.answer,
        headers: { 'Idempotency-Replayed': 'true' },
        body: differs ? { ...known.answer.body, amount: 0 } : known.answer.body,
      };
    }
    const { accountId, amount } = JSON.parse(body);
    const account = this.accounts.get(accountId) as AccountState;
    const booking = this.fault === 'books wrong amounts' && number === 7 ? amount + 1 : amount;
    const paymentId = `pay_${createHash('sha256').update(key).digest('base64url').slice(0, 22)}`;
    account.available -= booking;
    account.held += booking;
    account.lines.push({ paymentId, type: 'AUTHORISATION', amount: booking });
    const answer = { status: 201, body: { paymentId, status: 'AUTHORISED', amount, region } };
    this.booked.set(key, { answer, amount, accountId });
    return answer;
  }
}
