/** What pages of `GET /transactions` cost: deep ones, and those of an account whose newest payments were all declined. */
import { currency, ledgerIn, VirtualTime } from './ledgers';
import { MeteredStore } from './metered-store';
import { apiLimits } from '../../../src/api/contract';
import type { ListOutcome } from '../../../src/ledger/model';
import type { PaymentsLedger } from '../../../src/ledger/protocol/service';
import { Chance } from '../../memory/chance';
import { spent, Usage } from '../subjects/counting';
import { payment } from '../subjects/subjects';

export interface PageFigures extends Usage {
  readonly limit: number;
  /** 1 for the newest. */
  readonly page: number;
  readonly lines: number;
}

export interface DeclinesFigures {
  readonly declines: number;
  /** Pages until the first one that has a line, that one included. */
  readonly pages: number;
  /** The dearest of them. */
  readonly requestsAtMost: number;
  readonly readUnitsAtMost: number;
  /** All of them. */
  readonly requests: number;
  readonly readUnits: number;
}

export const pageLimits = [20, 100] as const;
export const pageDepths = [1, 10, 100] as const;
export const declineSteps = [0, 800, 8_000, 20_000] as const;

/** One account, and whoever pays from it in virtual time. */
class Listed {
  private readonly time = new VirtualTime(new Chance(7, 'listed').next);
  private readonly store = new MeteredStore();
  private readonly ledger: PaymentsLedger = ledgerIn('STRONG', this.time, this.store);
  private keys = 0;

  public static async open(): Promise<Listed> {
    const listed = new Listed();
    await listed.ledger.openAccount(listed.time.context(), { accountId: 'listed', currency, balance: 1_000_000_000 });
    return listed;
  }

  /** Payments with their captures, one in two seconds: two lines each. */
  public async captured(count: number): Promise<void> {
    for (let number = 0; number < count; number += 1) {
      const outcome = await this.pay(1, 2_000);
      if (outcome.kind !== 'answered') throw new Error(`expected an answered payment, got ${JSON.stringify(outcome)}`);
      await this.ledger.move(this.time.context(), { type: 'CAPTURE', paymentId: outcome.payment.paymentId, idempotencyKey: this.key() });
    }
  }

  /** Payments that leave no line, one a second. */
  public async declined(count: number): Promise<void> {
    for (let number = 0; number < count; number += 1) await this.pay(2_000_000_000, 1_000);
  }

  /** A page, and what it took. */
  public async page(
    limit: number,
    cursor?: string,
  ): Promise<{ readonly outcome: Extract<ListOutcome, { kind: 'found' }>; readonly usage: Usage }> {
    let outcome: ListOutcome | undefined;
    const usage = await spent(this.store.usage, async () => {
      outcome = await this.ledger.listTransactions(this.time.context(), {
        accountId: 'listed',
        limit,
        ...(cursor === undefined ? {} : { cursor }),
      });
    });
    if (outcome?.kind !== 'found') throw new Error(`expected a page, got ${JSON.stringify(outcome)}`);
    return { outcome, usage };
  }

  private pay(amount: number, afterMs: number) {
    this.time.goTo(this.time.nowMs + afterMs);
    return this.ledger.authorise(this.time.context(), { ...payment, amount, accountId: 'listed', idempotencyKey: this.key() });
  }

  private key(): string {
    return `k${(this.keys += 1)}`;
  }
}

export async function countPages(
  limits: readonly number[] = pageLimits,
  depths: readonly number[] = pageDepths,
): Promise<readonly PageFigures[]> {
  const listed = await Listed.open();
  await listed.captured(Math.ceil((Math.max(...limits) * Math.max(...depths)) / 2) + 1);
  const figures: PageFigures[] = [];
  for (const limit of limits) {
    let cursor: string | undefined;
    for (let page = 1; page <= Math.max(...depths); page += 1) {
      const { outcome, usage } = await listed.page(limit, cursor);
      if (depths.includes(page)) figures.push({ limit, page, lines: outcome.items.length, ...usage });
      cursor = outcome.nextCursor;
    }
  }
  return figures;
}

/** With the API's default limit. */
export async function countDeclines(
  steps: readonly number[] = declineSteps,
  limit: number = apiLimits.listLimitDefault,
): Promise<readonly DeclinesFigures[]> {
  const figures: DeclinesFigures[] = [];
  for (const declines of steps) {
    const listed = await Listed.open();
    await listed.captured(limit);
    await listed.declined(declines);
    const pages: Usage[] = [];
    let cursor: string | undefined;
    for (;;) {
      const { outcome, usage } = await listed.page(limit, cursor);
      pages.push(usage);
      cursor = outcome.nextCursor;
      if (outcome.items.length > 0) break;
      if (cursor === undefined) throw new Error(`${declines} declines in front, and no line was found`);
    }
    const total = (of: (usage: Usage) => number): number => pages.reduce((sum, usage) => sum + of(usage), 0);
    figures.push({
      declines,
      pages: pages.length,
      requestsAtMost: Math.max(...pages.map(({ requests }) => requests)),
      readUnitsAtMost: Math.max(...pages.map(({ readUnits }) => readUnits)),
      requests: total(({ requests }) => requests),
      readUnits: total(({ readUnits }) => readUnits),
    });
  }
  return figures;
}
