/** What steady traffic on one account costs: payments a day, with their captures, in virtual time. */
import { currency, epochOfMode, ledgerIn, LedgerMode, storedAccountPk, VirtualTime } from './ledgers';
import { MeteredStore } from './metered-store';
import { OtherRegion, OtherRegionState } from './other-region';
import type { KeyedOutcome } from '../../../src/ledger/model';
import type { Item } from '../../../src/ledger/ports';
import type { PaymentsLedger } from '../../../src/ledger/protocol/service';
import { Chance } from '../../memory/chance';
import type { Usage } from '../subjects/counting';
import { payment } from '../subjects/subjects';

/** One account's traffic, evenly spread. */
export interface Traffic {
  readonly mode: LedgerMode;
  readonly paymentsADay: number;
  /** How long after its authorization a payment is captured; `never`: all are declined. */
  readonly captureAfterMs: number | 'never';
  /** In HOME_REGION. @default 'answers' */
  readonly otherRegion?: OtherRegionState;
}

export interface TrafficFigures extends Traffic {
  /** Write units of one write of the account's item, on average. */
  readonly unitsOfAWrite: number;
  /** Write units a second that the account's item takes: DynamoDB gives one item about 1,000. */
  readonly unitsASecond: number;
  /**
   * What one payment comes to, with its capture, its share of looking after the account, and all refused tries. In HOME_REGION with what
   * the other region reads for its answers.
   */
  readonly payment: Usage;
  /** How often the other region was asked what has arrived there, for each payment. */
  readonly questions: number;
  /** Most entries that stood on the account while it was measured. */
  readonly entries: number;
  /** Calls answered `account_busy`, of all calls while it was measured. */
  readonly busy: number;
  readonly calls: number;
}

const minuteMs = 60_000;
export const dayMs = 86_400_000;
/**
 * What is measured begins when as many entries go as come: they stay for a minute at most, or for fifteen in HOME_REGION where the other
 * region does not answer. Of little traffic so many payments fill an account as it stays.
 */
const warmMs = ({ otherRegion }: Traffic): number => (otherRegion === 'silent' ? 30 : 5) * minuteMs;
const warmPayments = 30;
const measuredMs = 5 * minuteMs;
/** Of little traffic enough is looked at to say something. */
const paymentsAtLeast = 300;

export const trafficSteps: readonly Traffic[] = [
  ...(['STRONG', 'HOME_REGION'] as const).flatMap((mode): readonly Traffic[] => [
    ...[1_000, 10_000, 100_000, 1_000_000].flatMap((paymentsADay) =>
      [0, 10 * minuteMs].map((captureAfterMs) => ({ mode, paymentsADay, captureAfterMs })),
    ),
    // More payments wait for their capture than an account has entries.
    { mode, paymentsADay: 100_000, captureAfterMs: 80 * minuteMs },
    // As long as card networks keep an authorization: 70,000 holds are open at once.
    { mode, paymentsADay: 10_000, captureAfterMs: 7 * dayMs },
    // Somebody tries cards, six a second, all declined.
    { mode, paymentsADay: 518_400, captureAfterMs: 'never' },
  ]),
  { mode: 'HOME_REGION', paymentsADay: 100_000, captureAfterMs: 0, otherRegion: 'silent' },
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
  private readonly other: OtherRegion;
  private readonly store: MeteredStore;
  private readonly ledger: PaymentsLedger;
  private readonly captures: { readonly at: number; readonly paymentId: string; readonly key: string }[] = [];
  private readonly accountId = 'busy';
  private calls = 0;
  private busy = 0;
  private entries = 0;

  constructor(private readonly traffic: Traffic) {
    const { mode, otherRegion = 'answers' } = traffic;
    this.other = new OtherRegion(this.time, otherRegion);
    this.store = new MeteredStore(mode === 'STRONG' ? undefined : (item) => this.other.replicate(item));
    this.ledger = ledgerIn(mode, this.time, this.store, { arrived: this.other.arrived(epochOfMode(mode)) });
  }

  public async run(): Promise<TrafficFigures> {
    const { paymentsADay, captureAfterMs } = this.traffic;
    const everyMs = dayMs / paymentsADay;
    const warm = Math.max(warmMs(this.traffic), warmPayments * everyMs) + (captureAfterMs === 'never' ? 0 : captureAfterMs);
    const end = warm + Math.max(measuredMs, paymentsAtLeast * everyMs);
    const begin = this.time.nowMs;
    await this.ledger.openAccount(this.time.context(), { accountId: this.accountId, currency, balance: 1_000_000_000 });
    let before = this.soFar();
    let payments = 0;
    for (let number = 0; number * everyMs < end; number += 1) {
      const at = begin + number * everyMs;
      if (at >= begin + warm && payments === 0) {
        before = this.soFar();
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

  private soFar(): SoFar {
    const { usage: asked, questions } = this.other;
    const usage = sumOf(this.store.usage, asked);
    return { usage, accounts: { ...this.store.accounts }, questions };
  }

  private figures(before: SoFar, payments: number): TrafficFigures {
    const { usage, accounts, questions } = this.soFar();
    const each = (name: keyof Usage): number => (usage[name] - before.usage[name]) / payments;
    return {
      ...this.traffic,
      unitsOfAWrite: (accounts.units - before.accounts.units) / (accounts.writes - before.accounts.writes),
      unitsASecond: (((accounts.units - before.accounts.units) / payments) * this.traffic.paymentsADay) / 86_400,
      payment: { requests: each('requests'), writeUnits: each('writeUnits'), indexUnits: each('indexUnits'), readUnits: each('readUnits') },
      questions: (questions - before.questions) / payments,
      entries: this.entries,
      busy: this.busy,
      calls: this.calls,
    };
  }
}

interface SoFar {
  readonly usage: Usage;
  readonly accounts: MeteredStore['accounts'];
  readonly questions: number;
}

const sumOf = (one: Usage, other: Usage): Usage =>
  Object.fromEntries((Object.keys(one) as (keyof Usage)[]).map((name) => [name, one[name] + other[name]])) as unknown as Usage;
