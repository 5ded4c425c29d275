import type { LoadState } from './views/model';
import type { Client } from '../callers/client';
import type { Payer } from '../callers/payer';

export const mostRate = 20;
const defaultRate = 2;
/** Nobody needs to remember to end it. */
const longestMs = 10 * 60_000;
/** A region that is away makes payments wait, and they must not pile up without end. */
const mostUnderWay = 60;
const answerWithinMs = 60_000;

export interface LoadDeps {
  readonly client: Client;
  readonly payer: Payer;
  /** Callers stand near each of them in turn. */
  readonly regions: readonly string[];
  readonly signal: AbortSignal;
  readonly onChange?: () => void;
  readonly random?: () => number;
}

/** Sends payments at a rate, from near each region in turn, and with some of them what can follow. */
export class Load {
  private timer?: NodeJS.Timeout;
  private rate = defaultRate;
  private begun = 0;
  private answered = 0;
  private heldBack = 0;
  private underWay = 0;
  private until?: number;
  private problem?: string;

  constructor(private readonly deps: LoadDeps) {
    deps.signal.addEventListener('abort', () => this.stop(), { once: true });
  }

  public state(): LoadState {
    const { inFlight, busy, unsure, broken } = this.deps.client.met;
    const running = this.timer !== undefined;
    return {
      running,
      rate: this.rate,
      begun: this.begun,
      answered: this.answered,
      askedAgain: inFlight + busy + unsure + broken,
      heldBack: this.heldBack,
      underWay: this.underWay,
      until: running ? this.until : undefined,
      problem: this.problem,
    };
  }

  /** Payments a second, at most `mostRate`; 0 ends it. */
  public set(rate: number): void {
    this.stop();
    if (rate === 0 || this.deps.signal.aborted) return;
    this.rate = rate;
    this.problem = undefined;
    this.until = Date.now() + longestMs;
    this.timer = setInterval(() => this.tick(), 1000 / rate);
    this.timer.unref();
    this.tick();
  }

  private stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.deps.onChange?.();
  }

  private tick(): void {
    if (this.until !== undefined && Date.now() > this.until) return this.stop();
    if (this.underWay >= mostUnderWay) {
      this.heldBack += 1;
      return;
    }
    this.underWay += 1;
    void this.pay(this.begun++)
      .catch((error: Error) => {
        if (!this.deps.signal.aborted) this.problem = error.message.slice(0, 200);
      })
      .finally(() => {
        this.underWay -= 1;
      });
  }

  private async pay(index: number): Promise<void> {
    const { client, payer, regions } = this.deps;
    const random = this.deps.random ?? Math.random;
    const place = regions[index % regions.length];
    const amount = 100 + Math.floor(random() * 20_000);
    // Callers near one region also pay from accounts that were opened near another.
    const accountId =
      random() < 0.08 ? await payer.empty() : await payer.funded(random() < 0.75 ? place : regions[(index + 1) % regions.length]);
    const headers = { 'X-Client-Location': place, 'X-Client-Resolver': `page-${place}` };
    const answer = await client.call(
      { path: '/api/v1/payments', body: { accountId, amount, currency: 'USD' }, key: payer.newKey(), headers },
      answerWithinMs,
    );
    this.answered += 1;
    if (answer.status !== 201) throw new Error(`a payment was answered ${answer.status} ${answer.text.slice(0, 150)}`);
    if (answer.body.status !== 'AUTHORISED') return;
    const chance = random();
    const move = chance < 0.3 ? 'capture' : chance < 0.4 ? 'void' : undefined;
    if (!move) return;
    const follow = (next: string) =>
      client.call({ path: `/api/v1/payments/${answer.body.paymentId}/${next}`, body: {}, key: payer.newKey(), headers }, answerWithinMs);
    await follow(move);
    if (chance < 0.08) await follow('refund');
  }
}
