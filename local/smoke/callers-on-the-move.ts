import { setTimeout as sleep } from 'node:timers/promises';
import type { Setting } from './setting';
import { sameAnswer } from '../../src/scenario/figures.domain';
import { openAccount } from '../../src/scenario/ledger-view.service';
import type { ApiCall } from '../../src/scenario/model';
import type { Answer, Client } from '../callers/client';

/** One payment, as its caller saw it. Times are epoch milliseconds. */
export interface MovedPayment {
  readonly key: string;
  readonly caller: Caller;
  readonly accountId: string;
  readonly amount: number;
  readonly begunAt: number;
  readonly answeredAt: number;
  readonly answer: Answer;
  /** Answers to copies of it that were sent at the same time. */
  readonly copies: readonly Answer[];
}

/** Somebody with a place and a resolver of their own. */
export interface Caller {
  readonly name: string;
  readonly place: string;
  /** Its resolver keeps its first answer for good, whatever the TTL says. */
  readonly stale: boolean;
}

/** Of fifty callers so many are stale: 8 %. */
const callersInAll = 50;
const staleCallers = 4;
const accountsInAll = 8;
/** Every third payment is sent twice at once, every fifth is captured afterwards. */
const copiedEvery = 3;
const capturedEvery = 5;
const everyMs = 800;
/** A machine that cannot keep up gets fewer of them instead of a queue: it is the cutover that is tried here, not the machine. */
const mostUnderWay = 2;
const longestEveryMs = 8_000;
/** The accounts of all of them never have less. */
const fundedWith = 50_000_000;
/** A caller asks again and again for so long. */
const patienceMs = 240_000;

/** Callers who pay all the time while everything moves under them. */
export class CallersOnTheMove {
  public readonly paid: MovedPayment[] = [];
  public readonly problems: string[] = [];
  public readonly callers: readonly Caller[];
  private readonly accounts: string[] = [];
  private readonly underWay = new Set<Promise<void>>();
  private readonly ending = new AbortController();
  private sending?: Promise<void>;
  private begun = 0;

  constructor(private readonly setting: Setting) {
    const { regions } = setting;
    this.callers = Array.from({ length: callersInAll }, (_, index) => {
      // Spread among the others.
      const stale = index % (callersInAll / staleCallers) < 1;
      return { stale, place: regions[index % regions.length], name: `${stale ? 'stale' : 'caller'}-${setting.run}-${index}` };
    });
  }

  /** Opens accounts, lets each stale caller ask once, and then pays at a rate. */
  public async start(): Promise<void> {
    for (let index = 0; index < accountsInAll; index += 1) {
      this.accounts.push(await openAccount(this.setting, `moving-${index}`, fundedWith));
    }
    for (const caller of this.callers.filter(({ stale }) => stale)) await this.pay(caller);
    this.sending = this.send();
  }

  /** Begins nothing more, and waits for what was begun. */
  public async stop(): Promise<void> {
    this.ending.abort();
    await this.sending;
    await Promise.all(this.underWay);
  }

  /** Sends some of the payments again, from somebody else's place; returns how many were answered otherwise than before. */
  public async replay(client: Client, share = 10): Promise<{ readonly replayed: number; readonly differ: readonly string[] }> {
    const { regions } = this.setting;
    const chosen = this.paid.filter((_, index) => index % share === 0);
    const differ: string[] = [];
    for (const [index, { key, accountId, amount, answer }] of chosen.entries()) {
      const again = await client.call(
        { path: '/api/v1/payments', key, body: { accountId, amount, currency: 'USD' }, region: regions[index % regions.length] },
        patienceMs,
      );
      if (!sameAnswer(again, answer) || again.headers['idempotency-replayed'] !== 'true') {
        differ.push(`${key}: ${again.status} ${again.text.slice(0, 80)}`);
      }
    }
    return { replayed: chosen.length, differ };
  }

  private async send(): Promise<void> {
    const { signal } = this.ending;
    for (; !signal.aborted; await sleep(this.everyMs(), undefined, { signal }).catch(() => undefined)) {
      if (this.underWay.size >= mostUnderWay) continue;
      const paying = this.pay(this.callers[this.begun % this.callers.length]).catch((error: Error) => {
        this.problems.push(error.message.slice(0, 300));
      });
      this.underWay.add(paying);
      void paying.finally(() => this.underWay.delete(paying));
    }
  }

  /** Twice as long as the last answer took, when that is longer. */
  private everyMs(): number {
    const last = this.paid.at(-1);
    return Math.min(longestEveryMs, Math.max(everyMs, last ? 2 * (last.answeredAt - last.begunAt) : 0));
  }

  private async pay(caller: Caller): Promise<void> {
    const { client, run, accepted } = this.setting;
    const number = (this.begun += 1);
    const key = `${run}-moving-${number}`;
    const accountId = this.accounts[number % this.accounts.length];
    const amount = 100 + number;
    const call = (from: Caller): ApiCall => ({
      path: '/api/v1/payments',
      key,
      body: { accountId, amount, currency: 'USD' },
      headers: headersOf(from),
    });
    const begunAt = Date.now();
    let answeredAt = 0;
    const first = client.call(call(caller), patienceMs).then((answer) => {
      answeredAt = Date.now();
      return answer;
    });
    const other = this.callers[(number + 7) % this.callers.length];
    const [answer, ...copies] = await Promise.all([first, ...(number % copiedEvery === 0 ? [client.call(call(other), patienceMs)] : [])]);
    if (answer.status !== 201) throw new Error(`${key}: ${answer.status} ${answer.text.slice(0, 200)}`);
    accepted.set(answer.body.paymentId, answer.body.region);
    this.paid.push({ key, caller, accountId, amount, begunAt, answeredAt, answer, copies });
    if (number % capturedEvery > 0) return;
    const captured = await client.call(
      { path: `/api/v1/payments/${answer.body.paymentId}/capture`, key: `${key}-capture`, body: {}, headers: headersOf(caller) },
      patienceMs,
    );
    if (captured.status !== 200) throw new Error(`capture of ${key}: ${captured.status} ${captured.text.slice(0, 200)}`);
  }
}

function headersOf({ name, place }: Caller): Record<string, string> {
  return { 'X-Client-Location': place, 'X-Client-Resolver': name };
}
