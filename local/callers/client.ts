import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON; undefined when it is none. */
  readonly body: any;
  readonly ms: number;
}

export interface Call {
  readonly method?: string;
  /** Path inside the front door, query included. */
  readonly path: string;
  /** Sent as JSON, unless it is text already. */
  readonly body?: unknown;
  readonly key?: string;
  readonly token?: string;
  /** Past DNS to this region. */
  readonly region?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How often a call met something that passes, by what it was. */
export interface Met {
  inFlight: number;
  busy: number;
  unsure: number;
  broken: number;
}

/** A caller of the payments API who knows nothing but its contract. */
export class Client {
  /** What this run's calls had to wait and ask again for. */
  public readonly met: Met = { inFlight: 0, busy: 0, unsure: 0, broken: 0 };

  /** @param signal ends what is under way, and the waiting between tries */
  constructor(
    private readonly url: string,
    private readonly token: string,
    private readonly signal?: AbortSignal,
  ) {}

  /** Another caller of the same API. */
  public as(token: string): Client {
    return new Client(this.url, token, this.signal);
  }

  /** One request, one answer. Rejects when the connection breaks. */
  public once(call: Call): Promise<Answer> {
    const target = new URL(`${this.url}${call.region ? `/_local/regions/${call.region}` : ''}${call.path}`);
    const body = call.body === undefined || typeof call.body === 'string' ? call.body : JSON.stringify(call.body);
    const headers: Record<string, string> = {
      Authorization: `Bearer ${call.token ?? this.token}`,
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    };
    if (call.key !== undefined) headers['Idempotency-Key'] = call.key;
    const started = performance.now();
    return new Promise((resolve, reject) => {
      const request = http.request(
        target,
        {
          method: call.method ?? (body === undefined ? 'GET' : 'POST'),
          headers: { ...headers, ...call.headers },
          agent: false,
          signal: this.signal,
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text,
              body: parsed(text),
              ms: performance.now() - started,
            });
          });
        },
      );
      request.setTimeout(60_000, () => request.destroy(new Error('no answer within 60 s')));
      request.on('error', reject);
      request.end(body);
    });
  }

  /** Asks until the answer is final, as the contract tells a caller to: same key, after the time in `Retry-After`. */
  public async call(call: Call, withinMs = 60_000): Promise<Answer> {
    const deadline = Date.now() + withinMs;
    for (;;) {
      const answer = await this.once(call).catch((error: Error) => error);
      this.signal?.throwIfAborted();
      const wait = this.wait(answer);
      if (wait === undefined) return answer as Answer;
      if (Date.now() + wait > deadline) {
        throw new Error(`${call.method ?? ''} ${call.path}: no final answer within ${withinMs / 1000} s, last ${describe(answer)}`);
      }
      await sleep(wait, undefined, { signal: this.signal });
    }
  }

  /** Milliseconds until the next try; undefined when the answer is final. */
  private wait(answer: Answer | Error): number | undefined {
    if (answer instanceof Error) {
      this.met.broken += 1;
      return 500;
    }
    const retryAfter = answer.headers['retry-after'];
    if (answer.status === 503) this.met.unsure += 1;
    else if (answer.status === 429) this.met.busy += 1;
    else if (answer.status === 409 && retryAfter !== undefined) this.met.inFlight += 1;
    else return undefined;
    return Number(retryAfter ?? 1) * 1000 * (0.5 + Math.random());
  }
}

function describe(answer: Answer | Error): string {
  return answer instanceof Error ? answer.message : `${answer.status} ${answer.text.slice(0, 200)}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
