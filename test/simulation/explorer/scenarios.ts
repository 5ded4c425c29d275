import { Actor } from './actor';
import { Explored } from './explore';
import { Subject } from '../subject';
import { Contents, VersionedTable } from './versions';
import { keyId } from '../../../src/kernel/fingerprint';
import { AuthoriseCommand, CallContext, KeyedOutcome, Ledger, MoveCommand, Payment } from '../../../src/ledger/model';
import { LedgerPorts } from '../../../src/ledger/ports';
import { MemoryStore } from '../../../tools/memory/memory-store';

/** What somebody does: asks the ledger for something, or looks after the account, as calls do now and then. */
export type Call =
  | { readonly do: 'pay'; readonly key: string; readonly amount: number }
  | { readonly do: 'CAPTURE' | 'VOID' | 'REFUND'; readonly key: string; readonly of: string }
  | { readonly do: 'look after' };

/** What happens at once on one account, whatever the order, and what had happened before. */
export interface Scenario {
  readonly name: string;
  readonly funds: number;
  readonly before?: readonly Call[];
  readonly calls: readonly Call[];
  readonly faults: number;
}

const tenant = 't';
const account = 'a#t#acc';
const beganMs = 1_800_000_000_000;
/** Between what happened before and what is explored, and between one call's clock and the next one's. */
const laterMs = 100_000;
const apartMs = 10_000;

export const pay = (key: string, amount: number): Call => ({ do: 'pay', key, amount });
export const move = (what: 'CAPTURE' | 'VOID' | 'REFUND', key: string, of: string): Call => ({ do: what, key, of });
export const lookAfter: Call = { do: 'look after' };

const ledgerOf = (subject: Subject, ports: LedgerPorts): Ledger => new subject.PaymentsLedger(ports, { region: 'here' });
const context = (nowMs: number): CallContext => ({ tenant, traceId: '1-0-0', deadlineMs: nowMs + 1_000_000 });
const payment = (call: Extract<Call, { do: 'pay' }>): AuthoriseCommand => ({
  idempotencyKey: call.key,
  accountId: 'acc',
  amount: call.amount,
  currency: 'EUR',
});
const moved = (call: Extract<Call, { do: MoveCommand['type'] }>): MoveCommand => ({
  idempotencyKey: call.key,
  type: call.do,
  paymentId: `pay_${keyId(tenant, call.of)}`,
});

async function perform(subject: Subject, call: Call, ports: LedgerPorts): Promise<unknown> {
  const asked = context(ports.nowMs());
  if (call.do === 'look after') return subject.trim(new subject.Attempt(ports, { region: 'here' }, asked), account);
  const ledger = ledgerOf(subject, ports);
  return call.do === 'pay' ? ledger.authorise(asked, payment(call)) : ledger.move(asked, moved(call));
}

/** One copy of the table in memory, for what is not explored: a past, and what comes after an ending. */
class Quiet {
  private nonces = 0;
  public readonly memory = new MemoryStore();

  constructor(
    private readonly subject: Subject,
    private readonly name: string,
    private readonly nowMs: number,
  ) {}

  public get ports(): LedgerPorts {
    return {
      store: this.memory,
      nowMs: () => this.nowMs,
      random: () => 0,
      nonce: () => `${this.name}${(this.nonces += 1)}`,
      sleep: () => Promise.resolve(),
    };
  }

  public perform(call: Call): Promise<unknown> {
    return perform(this.subject, call, this.ports);
  }
}

/** A scenario as it can be explored, with the shipped service or with one in which a mistake is planted. */
export async function prepare(scenario: Scenario, subject: Subject, statesAtMost: number): Promise<Explored> {
  const quiet = new Quiet(subject, 'before', beganMs);
  await ledgerOf(subject, quiet.ports).openAccount(context(beganMs), { accountId: 'acc', currency: 'EUR', balance: scenario.funds });
  for (const call of scenario.before ?? []) await quiet.perform(call);
  const table = new VersionedTable((pk) => pk.startsWith('k#'));
  const faultOf = (): Error => new subject.StoreFault('unknown', 'not heard of');
  const checks = new Checks(scenario, subject, table);
  return {
    table,
    start: table.begin([...quiet.memory.items.values()]),
    actors: scenario.calls.map(
      (call, at) => new Actor('ABCD'[at], beganMs + laterMs + at * apartMs, (ports) => perform(subject, call, ports), faultOf),
    ),
    faults: scenario.faults,
    check: (contents, ended) => checks.step(contents, ended),
    settled: (contents, ended) => checks.ending(contents, ended),
    statesAtMost,
  };
}

type Ended = readonly (string | undefined)[];

/** What must hold, for whoever sees the ledger from outside, and of the account's balances at every step. */
class Checks {
  constructor(
    private readonly scenario: Scenario,
    private readonly subject: Subject,
    private readonly table: VersionedTable,
  ) {}

  public step(contents: Contents, ended: Ended): string | undefined {
    const { available, held, settled, openedWith } = this.table.latest(contents, account) as unknown as Record<string, number>;
    if (available < 0 || held < 0 || settled < 0 || available + held + settled !== openedWith) {
      return `balances: available ${available}, held ${held}, settled ${settled} of ${openedWith}`;
    }
    const thrown = ended.find((outcome) => outcome?.startsWith('{"threw"'));
    return thrown === undefined ? this.oneAnswer(ended) : `a call threw: ${thrown}`;
  }

  /** When nobody is at work any more: somebody looks after the account, everybody asks again, and all that was answered is found. */
  public async ending(contents: Contents, ended: Ended): Promise<string | undefined> {
    const { calls, before = [] } = this.scenario;
    const quiet = new Quiet(this.subject, 'after', beganMs + laterMs + 20 * apartMs);
    for (const item of this.table.all(contents)) quiet.memory.items.set(item.pk, { ...item, version: 1 });
    for (let visits = 0; visits < 3; visits += 1) await quiet.perform(lookAfter);
    const all = [...before, ...calls];
    const answers = [...before.map(() => undefined), ...ended];
    const wrong = await this.wrongIn(quiet, all, answers);
    if (wrong !== undefined) return wrong;
    // Asked again, each says what it said; and whoever died is answered.
    const again: (string | undefined)[] = [];
    for (const call of all) again.push(JSON.stringify((await quiet.perform(call)) ?? null));
    return this.oneAnswer([...answers, ...again], [...all, ...all]) ?? this.wrongIn(quiet, [...all, ...all], [...answers, ...again], true);
  }

  private async wrongIn({ memory, ports }: Quiet, calls: readonly Call[], answers: Ended, repeated = false): Promise<string | undefined> {
    const ledger = ledgerOf(this.subject, ports);
    const { held, settled, available } = memory.items.get(account) as unknown as Record<string, number>;
    const found = await this.payments(ledger, ports.nowMs(), calls);
    const open = sum(
      found.filter(({ status }) => status === 'AUTHORISED'),
      ({ amount }) => amount,
    );
    if (held !== open) return `held ${held}, and the authorised payments are worth ${open}`;
    const kept = sum(found, ({ captured, refunded }) => captured - refunded);
    if (settled !== kept) return `settled ${settled}, and captures less refunds are worth ${kept}`;
    for (const [at, call] of calls.entries()) {
      const outcome = outcomeIn(answers[at]);
      if (call.do === 'look after' || outcome?.kind !== 'answered') continue;
      const now = found.find(({ paymentId }) => paymentId === outcome.payment.paymentId);
      if (!now) return `${text(call)} was answered ${outcome.payment.status} and cannot be found`;
      if ((now.status === 'DECLINED') !== (outcome.payment.status === 'DECLINED')) {
        return `${text(call)} was answered ${outcome.payment.status}, and is ${now.status}`;
      }
      if (outcome.payment.declineReason === 'expired') return `${text(call)} expired`;
      // Funds only go in what is explored with declines: what would do now would have done then.
      if (!repeated && outcome.payment.status === 'DECLINED' && available >= outcome.payment.amount) {
        return `${text(call)} was declined, and ${available} is available`;
      }
    }
    return undefined;
  }

  private async payments(ledger: Ledger, nowMs: number, calls: readonly Call[]): Promise<readonly Payment[]> {
    const keys = [...new Set(calls.flatMap((call) => (call.do === 'pay' ? [call.key] : [])))];
    const found = await Promise.all(keys.map((key) => ledger.getPayment(context(nowMs), `pay_${keyId(tenant, key)}`)));
    return found.flatMap((outcome) => (outcome.kind === 'found' ? [outcome.payment] : []));
  }

  /** One key, one answer; and it is refused as used only by another request. */
  private oneAnswer(ended: Ended, calls: readonly Call[] = this.scenario.calls): string | undefined {
    const answers = new Map<string, { readonly call: string; readonly answer: string }>();
    for (const [at, call] of calls.entries()) {
      const outcome = outcomeIn(ended[at]);
      if (call.do === 'look after' || (outcome?.kind !== 'answered' && outcome?.kind !== 'refused')) continue;
      const answer = JSON.stringify({ ...outcome, replayed: undefined });
      const other = answers.get(call.key);
      if (other && (other.answer !== answer || other.call !== text(call))) {
        return `one key, two answers: ${text(call)} -> ${answer}; ${other.call} -> ${other.answer}`;
      }
      answers.set(call.key, { call: text(call), answer });
    }
    return undefined;
  }
}

const outcomeIn = (ended: string | undefined): KeyedOutcome | undefined =>
  ended === undefined ? undefined : (JSON.parse(ended) as KeyedOutcome);
const text = (call: Call): string => JSON.stringify(call);
const sum = <T>(all: readonly T[], of: (one: T) => number): number => all.reduce((total, one) => total + of(one), 0);

/** Few enough orders for every run of the tests, and enough to find what is planted. */
export const bySmallBound: readonly Scenario[] = [
  { name: 'an attempt and a look after the account', funds: 100, calls: [pay('k', 60), lookAfter], faults: 1 },
  { name: 'two attempts of one payment', funds: 100, calls: [pay('k', 60), pay('k', 60)], faults: 1 },
  { name: 'one key, two amounts', funds: 200, calls: [pay('k', 60), pay('k', 50)], faults: 0 },
  { name: 'two payments of which one can be paid', funds: 100, calls: [pay('k', 60), pay('other', 60)], faults: 0 },
  { name: 'two that look after the account', funds: 100, calls: [pay('k', 60), lookAfter, lookAfter], faults: 0 },
  {
    name: 'a void and a look after the account',
    funds: 100,
    before: [pay('k', 60)],
    calls: [move('VOID', 'v', 'k'), lookAfter],
    faults: 0,
  },
  {
    name: 'a replay of what the account has forgotten, and a look after it',
    funds: 100,
    before: [pay('k', 60), move('VOID', 'v', 'k')],
    calls: [pay('k', 60), lookAfter, lookAfter],
    faults: 0,
  },
  {
    name: 'a refund and a payment under one key',
    funds: 100,
    before: [pay('k', 60), move('CAPTURE', 'c', 'k')],
    calls: [move('REFUND', 'r', 'k'), pay('r', 40)],
    faults: 0,
  },
];

/** What is explored: three calls at once, two keys, one account. All may die at any step; what was sent lands at any time, or never. */
export const scenarios: readonly Scenario[] = [
  { name: 'two attempts of one payment', funds: 100, calls: [pay('k', 60), pay('k', 60)], faults: 2 },
  { name: 'an attempt and a look after the account', funds: 100, calls: [pay('k', 60), lookAfter], faults: 2 },
  {
    name: 'two attempts of one payment, and a look after the account',
    funds: 100,
    calls: [pay('k', 60), pay('k', 60), lookAfter],
    faults: 0,
  },
  { name: 'an attempt, and two that look after the account', funds: 100, calls: [pay('k', 60), lookAfter, lookAfter], faults: 1 },
  {
    name: 'two payments of which one can be paid, and a duplicate',
    funds: 100,
    calls: [pay('k', 60), pay('other', 60), pay('k', 60)],
    faults: 0,
  },
  {
    name: 'one key, two amounts, and a payment that needs the money',
    funds: 100,
    calls: [pay('k', 60), pay('k', 50), pay('other', 60)],
    faults: 0,
  },
  { name: 'three attempts of one payment', funds: 100, calls: [pay('k', 60), pay('k', 60), pay('k', 60)], faults: 0 },
  {
    name: 'a replay of what the account has forgotten, beside a payment that needs the money',
    funds: 100,
    before: [pay('k', 60), move('VOID', 'v', 'k')],
    calls: [pay('k', 60), pay('other', 60), lookAfter],
    faults: 0,
  },
  {
    name: 'a capture and a void, and a look after the account',
    funds: 100,
    before: [pay('k', 60)],
    calls: [move('CAPTURE', 'c', 'k'), move('VOID', 'v', 'k'), lookAfter],
    faults: 0,
  },
  {
    name: 'a refund and a payment under one key, and a look after the account',
    funds: 100,
    before: [pay('k', 60), move('CAPTURE', 'c', 'k')],
    calls: [move('REFUND', 'r', 'k'), pay('r', 40), lookAfter],
    faults: 0,
  },
];
