import type { Exchange } from '../http/answers';
import { sendProblem } from '../http/answers';

const mostClients = 16;
/** A client that does not read is let go before it fills the memory. */
const mostUnsent = 2 * 1024 * 1024;
const everyMs = 250;
/** Something passes at least so often, or whoever is between would end the connection. */
const heartbeatMs = 15_000;

/** The page's live parts as server-sent events: to each client what differs from what it has. */
export class Stream {
  private readonly clients = new Map<Exchange, Map<string, string>>();
  private timer?: NodeJS.Timeout;
  private lastSent = 0;
  private soon?: NodeJS.Immediate;

  /** @param render the parts as they are now, by the name of their event */
  constructor(private readonly render: () => Readonly<Record<string, string>>) {}

  public get size(): number {
    return this.clients.size;
  }

  public open(exchange: Exchange, headers: Readonly<Record<string, string>>): void {
    if (this.clients.size >= mostClients) {
      return sendProblem(exchange, 'throttled', `The page is open ${mostClients} times already: close one of them.`, {
        headers: { 'Retry-After': '10' },
      });
    }
    const { request, response } = exchange;
    response.writeHead(200, {
      ...headers,
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      Connection: 'keep-alive',
    });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    request.socket.setNoDelay(true);
    response.write('retry: 1000\n\n');
    this.clients.set(exchange, new Map());
    response.once('close', () => this.drop(exchange));
    this.send();
    this.timer ??= setInterval(() => this.send(), everyMs).unref();
  }

  /** Something changed that should be seen at once. */
  public nudge(): void {
    if (this.clients.size === 0 || this.soon) return;
    this.soon = setImmediate(() => {
      this.soon = undefined;
      this.send();
    });
  }

  /** Tells the clients that nothing more will come. */
  public close(): void {
    for (const exchange of [...this.clients.keys()]) {
      exchange.response.end('event: close\ndata: the run ended\n\n');
      this.drop(exchange);
    }
  }

  private send(): void {
    if (this.clients.size === 0) return;
    const parts = Object.entries(this.render());
    const beat = Date.now() - this.lastSent > heartbeatMs ? ': still there\n\n' : '';
    for (const [exchange, has] of this.clients) {
      const changed = parts.filter(([name, markup]) => has.get(name) !== markup);
      changed.forEach(([name, markup]) => has.set(name, markup));
      const text = changed.map(([name, markup]) => message(name, markup)).join('') || beat;
      if (text === '') continue;
      this.lastSent = Date.now();
      exchange.response.write(text);
      if (exchange.response.writableLength > mostUnsent) exchange.response.destroy();
    }
  }

  private drop(exchange: Exchange): void {
    this.clients.delete(exchange);
    if (this.clients.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }
}

/** One event; each line of the data has its own field. */
function message(name: string, data: string): string {
  return `event: ${name}\n${data
    .split(/\r\n|\r|\n/)
    .map((line) => `data: ${line}\n`)
    .join('')}\n`;
}
