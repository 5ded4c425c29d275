/** What steady traffic on one account costs: payments a day, with their captures, in virtual time. */
import { currency, ledgerIn, LedgerMode, storedAccountPk, VirtualTime } from './ledgers';
import { MeteredStore } from './metered-store';
import type { KeyedOutcome } from '../../../src/ledger/model';
import type { Item } from '../../../src/ledger/ports';
import type { PaymentsLedger } from '../../../src/ledger/protocol/service';
import { Chance } from '../../memory/chance';
import { noUsage, Usage } from '../subjects/counting';
import { payment } from '../subjects/subjects';

/** One account's traffic, evenly spread. */
export interface Traffic {
  readonly mode: LedgerMode;
  readonly paymentsADay: number;
  /** How long after its authorization a payment is captured; `never`: all are declined. */
  readonly captureAfterMs: number | 'never';
}

export interface TrafficFigures extends Traffic {
  /** Write units of one write of the account's item, on average. */
  readonly unitsOfAWrite: number;
  /** Write units a second that the account's item takes: DynamoDB gives one item about 1,000. */
  readonly unitsASecond: number;
  /** What one payment comes to, with its capture, its share of looking after the account, and all refused tries. */
  readonly payment: Usage;
  /** Most entries that stood on the account while it was measured. */
  readonly entries: number;
  /** Calls answered `account_busy`, of all calls while it was measured. */
  readonly busy: number;
  readonly calls: number;
}

const minuteMs = 60_000;
/** Closed entries stay for a minute, in HOME_REGION for fifteen: what is measured begins when as many go as come. */
const warmMs = (mode: LedgerMode): number => (mode === 'STRONG' ? 5 : 30) * minuteMs;
const measuredMs = 5 * minuteMs;
/** Of little traffic enough is looked at to say something. */
const paymentsAtLeast = 300;

export const trafficSteps: readonly Traffic[] = [
  ...(['STRONG', 'HOME_REGION'] as const).flatMap((mode) =>
    [1_000, 10_000, 100_000].flatMap((paymentsADay) =>
      [0, 10 * minuteMs].map((captureAfterMs) => ({ mode, paymentsADay, captureAfterMs })),
    ),
  ),
  { mode: 'HOME_REGION', paymentsADay: 250_000, captureAfterMs: 0 },
  // More payments wait for their capture than an account has entries.
  { mode: 'STRONG', paymentsADay: 100_000, captureAfterMs: 80 * minuteMs },
  { mode: 'STRONG', paymentsADay: 1_000_000, captureAfterMs: 0 },
  { mode: 'STRONG', paymentsADay: 1_000_000, captureAfterMs: 10 * minuteMs },
  // Somebody tries cards, six a second, all declined.
  ...(['STRONG', 'HOME_REGION'] as const).map((mode) => ({ mode, paymentsADay: 518_400, captureAfterMs: 'never' }) as const),
];

export async function countTraffic(steps: readonly Traffic[] = trafficSteps): Promise<readonly TrafficFigures[]> {
  const figures: TrafficFigures[] = [];
  for (const traffic of steps) figures.push(await steady(traffic));
  return figures;
}

export async function steady(traffic: Traffic): Promise<TrafficFigures> {
  return new SteadyTraffic(traffic).run();
}

class SteadyTraffic {
  private readonly time = new VirtualTime(new Chance(7, 'steady').next);
  private readonly store = new MeteredStore();
  private readonly ledger: PaymentsLedger;
  private readonly captures: { readonly at: number; readonly paymentId: string; readonly key: string }[] = [];
  private readonly accountId = 'busy';
  private calls = 0;
  private busy = 0;
  private entries = 0;

  constructor(private readonly traffic: Traffic) {
    this.ledger = ledgerIn(traffic.mode, this.time, this.store);
  }

  public async run(): Promise<TrafficFigures> {
    const { mode, paymentsADay, captureAfterMs } = this.traffic;
    const everyMs = 86_400_000 / paymentsADay;
    const warm = warmMs(mode) + (captureAfterMs === 'never' ? 0 : captureAfterMs);
    const end = warm + Math.max(measuredMs, paymentsAtLeast * everyMs);
    const begin = this.time.nowMs;
    await this.ledger.openAccount(this.time.context(), { accountId: this.accountId, currency, balance: 1_000_000_000 });
    let before: { readonly usage: Usage; readonly accounts: MeteredStore['accounts'] } = {
      usage: noUsage(),
      accounts: { writes: 0, units: 0 },
    };
    let payments = 0;
    for (let number = 0; number * everyMs < end; number += 1) {
      const at = begin + number * everyMs;
      if (at >= begin + warm && payments === 0) {
        before = { usage: { ...this.store.usage }, accounts: { ...this.store.accounts } };
        Object.assign(this, { calls: 0, busy: 0, entries: 0 });
      }
      await this.captureUntil(at);
      this.time.goTo(at);
      await this.pay(number);
      if (at >= begin + warm) payments += 1;
    }
    return this.figures(before, payments);
  }

  private async pay(number: number): Promise<void> {
    const declined = this.traffic.captureAfterMs === 'never';
    const amount = declined ? 2_000_000_000 : 1;
    const outcome = await this.ledger.authorise(this.time.context(), {
      ...payment,
      amount,
      accountId: this.accountId,
      idempotencyKey: `p${number}`,
    });
    this.note(outcome);
    if (outcome.kind !== 'answered' || declined) return;
    this.captures.push({
      at: this.time.nowMs + (this.traffic.captureAfterMs as number),
      paymentId: outcome.payment.paymentId,
      key: `c${number}`,
    });
    await this.captureUntil(this.time.nowMs);
  }

  private async captureUntil(at: number): Promise<void> {
    while (this.captures.length > 0 && this.captures[0].at <= at) {
      const { at: due, paymentId, key } = this.captures.shift()!;
      this.time.goTo(due);
      this.note(await this.ledger.move(this.time.context(), { type: 'CAPTURE', paymentId, idempotencyKey: key }));
    }
  }

  private note(outcome: KeyedOutcome): void {
    this.calls += 1;
    if (outcome.kind === 'busy') this.busy += 1;
    else if (outcome.kind !== 'answered') throw new Error(`expected an answer or a busy account, got ${JSON.stringify(outcome)}`);
    this.entries = Math.max(this.entries, Object.keys(this.account().entries as object).length);
  }

  private account(): Item {
    return this.store.peek(storedAccountPk(this.traffic.mode, this.accountId))!;
  }

  private figures(before: { readonly usage: Usage; readonly accounts: MeteredStore['accounts'] }, payments: number): TrafficFigures {
    const { usage, accounts } = this.store;
    const each = (name: keyof Usage): number => (usage[name] - before.usage[name]) / payments;
    return {
      ...this.traffic,
      unitsOfAWrite: (accounts.units - before.accounts.units) / (accounts.writes - before.accounts.writes),
      unitsASecond: (((accounts.units - before.accounts.units) / payments) * this.traffic.paymentsADay) / 86_400,
      payment: { requests: each('requests'), writeUnits: each('writeUnits'), indexUnits: each('indexUnits'), readUnits: each('readUnits') },
      entries: this.entries,
      busy: this.busy,
      calls: this.calls,
    };
  }
}
