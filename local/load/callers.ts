import { setTimeout as sleep } from 'node:timers/promises';
import type { Answered, Asked } from './verdict';
import { eachOf } from '../../src/kernel/each-of';
import type { ApiCall } from '../../src/scenario/model';
import type { Answer, Client } from '../callers/client';

/** A caller asks again for so long, then gives up; what it gave up is asked again when all is healed. */
const patienceMs = 90_000;
/** Caches of DNS answers that the callers share. */
const resolvers = 8;
const smallestAmount = 100;
const largestAmount = 900;

interface SentCall extends Asked {
  readonly call: ApiCall;
  readonly accountId: string;
  paymentId?: string;
}

export interface CallerOptions {
  readonly client: Client;
  readonly regions: readonly string[];
  /** Funded accounts: ID to minor units. */
  readonly accounts: ReadonlyMap<string, number>;
  /** Prefix of keys, unique to this run. */
  readonly run: string;
  /** Calls begun per second. */
  readonly rate: number;
  readonly seconds: number;
}

/**
 * Callers of the payments API: payments, moves of earlier ones, duplicates through the other region at the same time, replays later.
 * They begin at the given rate whether or not earlier ones are answered; only what is under way is bounded.
 */
export class Callers {
  /** By key. */
  public readonly asked: SentCall[] = [];
  /** Time until the final answer, milliseconds, with every try in between. */
  public readonly waits: number[] = [];
  public begun = 0;
  /** Calls that did not begin because too many were under way. */
  public heldBack = 0;
  private readonly underWay = new Set<Promise<void>>();
  private readonly payments: SentCall[] = [];

  constructor(private readonly options: CallerOptions) {}

  /** Resolves when the last caller is answered or has given up. */
  public async run(): Promise<void> {
    const { rate, seconds } = this.options;
    const mostUnderWay = Math.max(50, rate * 40);
    const started = Date.now();
    for (let due = 0; due < rate * seconds;) {
      const wait = started + (due * 1000) / rate - Date.now();
      if (wait > 0) await sleep(wait);
      if (this.underWay.size >= mostUnderWay) {
        this.heldBack += 1;
        due += 1;
      } else {
        due += this.begin();
      }
    }
    await Promise.all(this.underWay);
  }

  /** Asks again for what nobody was answered; resolves to how many keys these were. */
  public async askAgain(): Promise<number> {
    const open = this.asked.filter(({ unanswered }) => unanswered > 0);
    await eachOf(open, 8, async (sent) => {
      sent.unanswered = 0;
      await this.ask(sent);
    });
    return open.length;
  }

  /** Replays some keys of the whole run in every region; resolves to the number of replays. */
  public async replayEverywhere(most: number): Promise<number> {
    const { regions } = this.options;
    const step = Math.max(1, Math.ceil(this.asked.length / most));
    const some = this.asked.filter((_, index) => index % step === 0).flatMap((sent) => regions.map((region) => ({ sent, region })));
    await eachOf(some, 8, ({ sent, region }) => this.ask(sent, region));
    return some.length;
  }

  /** Starts what is due; returns how many calls that is. */
  private begin(): number {
    const dice = Math.random();
    const known = this.payments.length > 0;
    const sent = dice < 0.2 && known ? pick(this.asked) : dice < 0.45 && known ? this.move(pick(this.payments)) : this.payment();
    const { regions } = this.options;
    this.start(this.ask(sent));
    if (Math.random() >= 0.4) return 1;
    // The same key through two regions, at once or as an impatient caller does it.
    this.start(sleep(Math.random() < 0.5 ? 0 : Math.random() * 500).then(() => this.ask(sent, pick(regions))));
    return 2;
  }

  private start(call: Promise<void>): void {
    this.begun += 1;
    const entry = call.finally(() => this.underWay.delete(entry));
    this.underWay.add(entry);
  }

  private payment(): SentCall {
    const [accountId, funded] = pick([...this.options.accounts]);
    // More than the account ever had: a decline for whoever asks and whenever.
    const amount = Math.random() < 0.03 ? funded + 1 : amountUpTo(largestAmount);
    const key = this.nextKey();
    return this.keep({
      key,
      kind: 'payment',
      paymentKey: key,
      accountId,
      amount,
      answers: [],
      unanswered: 0,
      call: { path: '/api/v1/payments', body: { accountId, amount, currency: 'USD' }, key },
    });
  }

  private move(payment: SentCall): SentCall {
    const kind = pick(['capture', 'capture', 'void', 'refund'] as const);
    const key = this.nextKey();
    const amount = kind === 'capture' && Math.random() < 0.7 ? payment.amount : amountUpTo(payment.amount);
    const call = { path: `/api/v1/payments/${payment.paymentId}/${kind}`, body: kind === 'void' ? {} : { amount }, key };
    return this.keep({ key, kind, paymentKey: payment.key, accountId: payment.accountId, amount, answers: [], unanswered: 0, call });
  }

  private nextKey(): string {
    return `${this.options.run}-${this.asked.length}`;
  }

  private keep(sent: SentCall): SentCall {
    this.asked.push(sent);
    return sent;
  }

  /** Once through the region, if one is given; then as the contract has it, where DNS leads. */
  private async ask(sent: SentCall, region?: string): Promise<void> {
    const { client, regions } = this.options;
    const began = Date.now();
    const first = region && (await client.once({ ...sent.call, region }).catch(() => undefined));
    const headers = {
      'X-Client-Location': pick(regions),
      'X-Client-Resolver': `${this.options.run}-${Math.floor(Math.random() * resolvers)}`,
    };
    const answer = first && isFinal(first) ? first : await client.call({ ...sent.call, headers }, patienceMs).catch(() => undefined);
    if (!answer) {
      sent.unanswered += 1;
      return;
    }
    this.waits.push(Date.now() - began);
    const answered: Answered = { status: answer.status, text: answer.text, body: answer.body, at: Date.now() };
    sent.answers.push(answered);
    if (sent.kind === 'payment' && sent.paymentId === undefined && answered.body?.status === 'AUTHORISED') {
      sent.paymentId = answered.body.paymentId;
      this.payments.push(sent);
    }
  }
}

function isFinal({ status, headers }: Answer): boolean {
  return ![429, 503].includes(status) && !(status === 409 && headers['retry-after'] !== undefined);
}

function amountUpTo(most: number): number {
  const least = Math.min(smallestAmount, most);
  return least + Math.floor(Math.random() * (most - least + 1));
}

function pick<T>(items: readonly T[]): T {
  return items[Math.floor(Math.random() * items.length)];
}
