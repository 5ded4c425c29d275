import { Actor } from './actor';
import { Explored } from './explore';
import { Subject } from '../subject';
import { Contents, VersionedTable } from './versions';
import { keyId } from '../../../src/kernel/fingerprint';
import {
  AuthoriseCommand,
  CallContext,
  KeyedOutcome,
  Ledger,
  LineType,
  MoveCommand,
  Payment,
  PaymentOutcome,
} from '../../../src/ledger/model';
import { LedgerPorts } from '../../../src/ledger/ports';
import { MemoryStore } from '../../../tools/memory/memory-store';

/** What somebody does: asks the ledger for something, or looks after the account, as calls do now and then. */
export type Call =
  | { readonly do: 'pay'; readonly key: string; readonly amount: number }
  | {
      readonly do: 'CAPTURE' | 'VOID' | 'REFUND';
      readonly key: string;
      readonly of: string;
      readonly amount?: number;
      /** Whether who is answered then reads the payment: it must show what was answered. */
      readonly reads?: true;
    }
  | { readonly do: 'read'; readonly of: string }
  | { readonly do: 'look after' };

type Moving = Extract<Call, { do: MoveCommand['type'] }>;

/** What happens at once on one account, whatever the order, and what had happened before. */
export interface Scenario {
  readonly name: string;
  readonly funds: number;
  readonly before?: readonly Call[];
  readonly calls: readonly Call[];
  readonly faults: number;
  /** Whether calls leave it to others to look after the account. @default false: each does, before it answers */
  readonly untended?: true;
  /** Whether somebody has looked after the account since, so that what had happened before has left it. */
  readonly left?: true;
  /** Whether the last of what had happened before is dated after the first of the calls, and has left the account: the watermark passed. */
  readonly passed?: true;
  /** What happened behind that, and still stands on the account. */
  readonly standing?: readonly Call[];
  /** Whether a call gives funds back, so that one which came before it may have been declined for want of them. */
  readonly fundsCome?: true;
  /** Between one call's clock and the next one's. @default 10 s */
  readonly apartMs?: number;
}

const tenant = 't';
const account = 'a#t#acc';
const beganMs = 1_800_000_000_000;
/** Between what happened before and what is explored. */
const laterMs = 100_000;
/** Between two calls' clocks, where the look after an account is to remove what the calls before it have left. */
export const longApartMs = 100_000;
const apartOf = ({ apartMs = 10_000 }: Scenario): number => apartMs;
const pastOf = ({ before = [], standing = [] }: Scenario): readonly Call[] => [...before, ...standing];

export const pay = (key: string, amount: number): Call => ({ do: 'pay', key, amount });
export const move = (what: MoveCommand['type'], key: string, of: string, amount?: number): Moving => ({
  do: what,
  key,
  of,
  ...(amount === undefined ? {} : { amount }),
});
/** The same by somebody who then reads the payment. */
export const andRead = (call: Moving): Moving => ({ ...call, reads: true });
export const read = (of: string): Call => ({ do: 'read', of });
export const lookAfter: Call = { do: 'look after' };

const ledgerOf = (subject: Subject, ports: LedgerPorts): Ledger => new subject.PaymentsLedger(ports, { region: 'here' });
const context = (nowMs: number): CallContext => ({ tenant, traceId: '1-0-0', deadlineMs: nowMs + 1_000_000 });
const payment = (call: Extract<Call, { do: 'pay' }>): AuthoriseCommand => ({
  idempotencyKey: call.key,
  accountId: 'acc',
  amount: call.amount,
  currency: 'EUR',
});
const idOfPayment = (of: string): string => `pay_${keyId(tenant, of)}`;
const moved = ({ key, of, amount, ...call }: Moving): MoveCommand => ({
  idempotencyKey: key,
  type: call.do,
  paymentId: idOfPayment(of),
  ...(amount === undefined ? {} : { amount }),
});

/** A call, and a look after the account behind it, which the service makes beside it: one that comes sooner is an actor of its own. */
async function tended(subject: Subject, call: Call, ports: LedgerPorts): Promise<unknown> {
  const outcome = await perform(subject, call, ports);
  if ('of' in call || call.do === 'pay') await perform(subject, lookAfter, ports);
  return outcome;
}

async function perform(subject: Subject, call: Call, ports: LedgerPorts): Promise<unknown> {
  const asked = context(ports.nowMs());
  if (call.do === 'look after') {
    const attempt = new subject.Attempt(ports, { region: 'here' }, asked);
    return attempt.bestEffort(() => subject.trim(attempt, account));
  }
  const ledger = ledgerOf(subject, ports);
  if (call.do === 'pay') return ledger.authorise(asked, payment(call));
  if (call.do === 'read') {
    const seen = await ledger.getPayment(asked, idOfPayment(call.of));
    if (seen.kind === 'found') return seen;
    throw new Error(`reads a payment that is there, and finds ${seen.kind}`);
  }
  const outcome = await ledger.move(asked, moved(call));
  if (call.reads && outcome.kind === 'answered') shows(outcome.payment, await ledger.getPayment(asked, idOfPayment(call.of)));
  return outcome;
}

/** A reader who comes after an answer sees no less than that. */
function shows({ status, operations }: Payment, seen: PaymentOutcome): void {
  const found = seen.kind === 'found' ? seen.payment.operations : [];
  if (operations.every((one, at) => JSON.stringify(one) === JSON.stringify(found.at(at)))) return;
  throw new Error(`was answered ${status}, and then reads ${seen.kind === 'found' ? seen.payment.status : seen.kind}`);
}

/** One copy of the table in memory, for what is not explored: a past, and what comes after an ending. */
class Quiet {
  private nonces = 0;
  public readonly memory = new MemoryStore();

  constructor(
    private readonly subject: Subject,
    private readonly name: string,
    public nowMs: number,
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

  /** Looks after the account later, when nothing needs to stand there any more. */
  public async settle(afterMs: number): Promise<void> {
    this.nowMs += afterMs;
    await this.perform(lookAfter);
    const { entries } = this.memory.items.get(account)!;
    if (Object.keys(entries as object).length > 0) throw new Error('not all has left the account');
  }
}

/** A scenario as it can be explored, with the shipped service or with one in which a mistake is planted. */
export async function prepare(scenario: Scenario, subject: Subject, statesAtMost: number): Promise<Explored> {
  const quiet = new Quiet(subject, 'before', beganMs);
  await ledgerOf(subject, quiet.ports).openAccount(context(beganMs), { accountId: 'acc', currency: 'EUR', balance: scenario.funds });
  const { before = [], left, passed, standing = [] } = scenario;
  for (const call of passed ? before.slice(0, -1) : before) await quiet.perform(call);
  if (left) await quiet.settle(laterMs - 1);
  if (passed) {
    quiet.nowMs = beganMs + laterMs + 1;
    await quiet.perform(before.at(-1)!);
    await quiet.settle(laterMs);
  }
  for (const call of standing) await quiet.perform(call);
  const table = new VersionedTable((pk) => pk.startsWith('k#'));
  const faultOf = (): Error => new subject.StoreFault('unknown', 'not heard of');
  const checks = new Checks(scenario, subject, table);
  return {
    table,
    start: table.begin([...quiet.memory.items.values()]),
    actors: scenario.calls.map(
      (call, at) =>
        new Actor(
          'ABCD'[at],
          beganMs + laterMs + at * apartOf(scenario),
          (ports) => (scenario.untended ? perform : tended)(subject, call, ports),
          faultOf,
        ),
    ),
    faults: scenario.faults,
    check: (contents, ended) => checks.step(contents, ended),
    seen: (contents) => checks.seen(contents),
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
    return thrown === undefined ? (this.oneAnswer(ended) ?? this.notShown(contents, ended)) : `a call threw: ${thrown}`;
  }

  /** An answered move is in its payment's item: the release before looks at nothing else, and both may be at work. */
  private notShown(contents: Contents, ended: Ended): string | undefined {
    for (const [at, call] of this.scenario.calls.entries()) {
      if (!('of' in call) || call.do === 'read' || outcomeIn(ended[at])?.kind !== 'answered') continue;
      const { moves = {} } = this.table.latest(contents, `k#${keyId(tenant, call.of)}`)!;
      const isShown = Object.keys(moves).includes(keyId(tenant, call.key));
      if (!isShown) return `${text(call)} was answered, and its payment's item does not show it`;
    }
    return undefined;
  }

  /** Whoever reads at any moment sees the money that the account has moved, in payments and in lines. */
  public async seen(contents: Contents): Promise<string | undefined> {
    const { calls } = this.scenario;
    const before = pastOf(this.scenario);
    if (![...calls, ...before].some(isMoving)) return undefined;
    const quiet = new Quiet(this.subject, 'seen', beganMs + laterMs);
    for (const item of this.table.all(contents)) quiet.memory.items.set(item.pk, item);
    const ledger = ledgerOf(this.subject, quiet.ports);
    const asked = context(quiet.ports.nowMs());
    const found = await this.payments(ledger, quiet.ports.nowMs(), [...before, ...calls]);
    const listed = await ledger.listTransactions(asked, { accountId: 'acc', limit: 100 });
    if (listed.kind !== 'found') return `the lines cannot be read: ${listed.kind}`;
    const kept = sum(found, ({ captured, refunded }) => captured - refunded);
    const open = sum(found, ({ status, amount }) => (status === 'AUTHORISED' ? amount : 0));
    const total = (type: LineType): number => sum(listed.items, (line) => (line.type === type ? line.amount : 0));
    const lines = [total('AUTHORISATION') - total('CAPTURE') - total('RELEASE') - total('VOID'), total('CAPTURE') - total('REFUND')];
    const { settled } = this.table.latest(contents, account) as unknown as Record<string, number>;
    if (settled !== kept) return `settled ${settled}, and who reads sees captures less refunds of ${kept}`;
    return lines.join() === [open, kept].join()
      ? undefined
      : `who reads sees ${open} held and ${kept} settled, and lines of ${lines.join()}`;
  }

  /** When nobody is at work any more: somebody looks after the account, everybody asks again, and all that was answered is found. */
  public async ending(contents: Contents, ended: Ended): Promise<string | undefined> {
    const { calls } = this.scenario;
    const before = pastOf(this.scenario);
    const quiet = new Quiet(this.subject, 'after', beganMs + laterMs + 20 * apartOf(this.scenario));
    for (const item of this.table.all(contents)) quiet.memory.items.set(item.pk, { ...item, version: 1 });
    for (let visits = 0; visits < 3; visits += 1) await quiet.perform(lookAfter);
    const all = [...before, ...calls];
    const answers = [...before.map(() => undefined), ...ended];
    const wrong = await this.wrongIn(quiet, all, answers);
    if (wrong !== undefined) return wrong;
    // Asked again, each says what it said; and whoever died is answered.
    const again: (string | undefined)[] = [];
    for (const call of all) {
      try {
        again.push(JSON.stringify((await quiet.perform(call)) ?? null));
      } catch (error) {
        return `${text(call)}, asked again, threw ${String(error)}`;
      }
    }
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
      if (call.do === 'look after' || call.do === 'read' || outcome?.kind !== 'answered') continue;
      const now = found.find(({ paymentId }) => paymentId === outcome.payment.paymentId);
      if (!now) return `${text(call)} was answered ${outcome.payment.status} and cannot be found`;
      if ((now.status === 'DECLINED') !== (outcome.payment.status === 'DECLINED')) {
        return `${text(call)} was answered ${outcome.payment.status}, and is ${now.status}`;
      }
      if (outcome.payment.declineReason === 'expired') return `${text(call)} expired`;
      // Where funds only go, what would do now would have done then.
      if (!repeated && !this.scenario.fundsCome && outcome.payment.status === 'DECLINED' && available >= outcome.payment.amount) {
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
      if (call.do === 'look after' || call.do === 'read' || (outcome?.kind !== 'answered' && outcome?.kind !== 'refused')) continue;
      const answer = JSON.stringify({ ...outcome, replayed: undefined });
      const other = answers.get(call.key);
      if (other && (other.answer !== answer || other.call !== asked(call))) {
        return `one key, two answers: ${asked(call)} -> ${answer}; ${other.call} -> ${other.answer}`;
      }
      answers.set(call.key, { call: asked(call), answer });
    }
    return undefined;
  }
}

const outcomeIn = (ended: string | undefined): KeyedOutcome | undefined =>
  ended === undefined ? undefined : (JSON.parse(ended) as KeyedOutcome);
const text = (call: Call): string => JSON.stringify(call);
/** What was asked for, without what is done besides. */
const asked = (call: Call): string => text({ ...call, reads: undefined } as Call);
const isMoving = (call: Call): boolean => 'of' in call;
const sum = <T>(all: readonly T[], of: (one: T) => number): number => all.reduce((total, one) => total + of(one), 0);
