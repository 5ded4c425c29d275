import type { ApiAnswer, ApiBody, ApiCall, PaymentsCaller } from './model';
import { asError, causeOf, FinalError } from '../kernel/cause';

export interface CallerPorts<Body> {
  /** One request, one answer, on a connection of its own. Rejects when the connection breaks. */
  send(url: string, call: ApiCall, token: string): Promise<ApiAnswer<Body>>;
  token(): Promise<string>;
  /** Forgets the token, because it was refused; absent where there is no other one. */
  renew?(): void;
  nowMs(): number;
  sleep(ms: number): Promise<void>;
  /** From 0 to 1. */
  chance(): number;
}

/** How often a call met something that passes, by what it was. */
export interface PassingTroubles {
  inFlight: number;
  busy: number;
  unsure: number;
  broken: number;
}

/** What API Gateway answers for functions that fail or are late. The payments API itself says 503 where a caller is to ask again. */
export const faultStatuses: readonly number[] = [500, 502, 504];

/** A caller that repeats what may be repeated. */
export class RetryingCaller<Body = ApiBody> implements PaymentsCaller<Body> {
  /** What this run's calls had to wait and ask again for. */
  public readonly met: PassingTroubles = { inFlight: 0, busy: 0, unsure: 0, broken: 0 };

  /**
   * @param address where a call goes: to the public name, or to its region past it
   * @param passing statuses besides after which it asks again: a key makes that safe
   */
  constructor(
    private readonly ports: CallerPorts<Body>,
    private readonly address: (call: ApiCall) => string,
    private readonly passing: readonly number[] = [],
  ) {}

  public nowMs(): number {
    return this.ports.nowMs();
  }

  public sleep(ms: number): Promise<void> {
    return this.ports.sleep(ms);
  }

  public async once(call: ApiCall): Promise<ApiAnswer<Body>> {
    const answer = await this.send(call);
    // A token may have come to its end, or its issuer may have changed its keys: only a new one that is refused is wrong.
    if (answer.status !== 401 || call.token !== undefined || !this.ports.renew) return answer;
    this.ports.renew();
    return this.send(call);
  }

  public async call(call: ApiCall, withinMs = 60_000): Promise<ApiAnswer<Body>> {
    const deadlineMs = this.nowMs() + withinMs;
    for (;;) {
      const answer = await this.once(call).catch(asError);
      if (answer instanceof FinalError) throw answer;
      const waitMs = this.waitMs(answer);
      if (waitMs === undefined) return answer as ApiAnswer<Body>;
      if (this.nowMs() + waitMs > deadlineMs) {
        throw new Error(`${call.method ?? ''} ${call.path}: no final answer within ${withinMs / 1000} s, last ${inBrief(answer)}`.trim());
      }
      await this.sleep(waitMs);
    }
  }

  private async send(call: ApiCall): Promise<ApiAnswer<Body>> {
    return this.ports.send(this.address(call), call, call.token ?? (await this.ports.token()));
  }

  /** Until the next try; undefined when the answer is final. */
  private waitMs(answer: ApiAnswer<Body> | Error): number | undefined {
    if (answer instanceof Error) {
      this.met.broken += 1;
      return 500;
    }
    const retryAfter = answer.headers['retry-after'];
    if (answer.status === 503 || this.passing.includes(answer.status)) this.met.unsure += 1;
    else if (answer.status === 429) this.met.busy += 1;
    else if (answer.status === 409 && retryAfter !== undefined) this.met.inFlight += 1;
    else return undefined;
    return Number(retryAfter ?? 1) * 1000 * (0.5 + this.ports.chance());
  }
}

/** An answer in a line: status and code of the problem. The rest of a body is in no message and no log. */
export function inBrief(answer: ApiAnswer<unknown> | Error): string {
  if (answer instanceof Error) return causeOf(answer);
  const { code } = Object(answer.body) as { readonly code?: unknown };
  return typeof code === 'string' ? `${answer.status} ${code.slice(0, 64)}` : String(answer.status);
}
