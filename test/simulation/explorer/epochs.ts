import { Contradiction, Replicas, Vector } from './replicas';
import { keyId } from '../../../src/kernel/fingerprint';
import { CallContext, KeyedOutcome, MoveCommand, Payment } from '../../../src/ledger/model';
import { AccountReport, LateWrite } from '../../../src/ledger/operator/reconcile.service';
import { EntryToLeave, LedgerPorts, LedgerStore } from '../../../src/ledger/ports';
import { Subject } from '../subject';

/**
 * HOME_REGION: all orders in which items arrive. A home works, is lost, and the next one begins with any version of each item that may have
 * arrived by then: of those that had been there where another region was asked, no earlier one. What it finds must agree, whatever it does
 * then; and so for a third home.
 */

/** What a home does. A look after the account lets a second pass, so that what is complete may go. */
export type Step =
  /** From the one account, or from a second one that the scenario has. */
  | { readonly do: 'pay'; readonly key: string; readonly amount: number; readonly from?: string }
  | { readonly do: MoveCommand['type']; readonly key: string; readonly of: string; readonly amount?: number }
  | { readonly do: 'look' }
  /** No hold stands any more whose key another account has. */
  | { readonly do: 'settled' }
  /** A payment whose function dies behind its claim. */
  | { readonly do: 'claim'; readonly key: string; readonly amount: number; readonly from?: string };

export interface Epochs {
  readonly name: string;
  /** @default one */
  readonly accounts?: readonly string[];
  readonly first: readonly Step[];
  /** Each of these is what a second home may do. */
  readonly second: readonly (readonly Step[])[];
  /** What a third home does, in the first region with all of its own, and any of the second's. Absent: there is none. */
  readonly third?: readonly (readonly Step[])[];
}

export interface Arrivals {
  /** Sets of versions with which a second home began, and a third. */
  readonly begun: number;
  readonly violation?: { readonly what: string; readonly steps: readonly string[] };
}

const tenant = 't';
const accountId = 'acc';
const funds = 1_000;
const beganMs = 1_800_000_000_000;
const untilMs = 600_000;

interface Answered {
  readonly step: Step;
  readonly payment: Payment;
}

/** One home of one epoch, on its own replica. */
class Home {
  private nonces = 0;
  /** Identities that other regions had, by question. */
  public readonly asked: { readonly entries: readonly EntryToLeave[]; readonly at: Vector; readonly answered: number }[] = [];
  /** What was answered 2xx so far. */
  public readonly answered: Answered[] = [];

  constructor(
    private readonly subject: Subject,
    public readonly replicas: Replicas,
    public readonly epoch: number,
    public nowMs: number,
    private readonly accounts: readonly string[],
    /** What is answered to the questions, in turn; beyond them nothing has arrived. */
    private readonly answers: readonly (readonly string[])[] = [],
  ) {}

  private get ports(): LedgerPorts {
    const store: LedgerStore = new this.subject.EpochStore(this.replicas.store, this.epoch);
    return {
      store,
      nowMs: () => this.nowMs,
      random: () => 0.5,
      nonce: () => `e${this.epoch}n${(this.nonces += 1)}`,
      sleep: () => Promise.resolve(),
      arrived: (_context, _account, entries) => {
        this.asked.push({ entries, at: this.replicas.current(), answered: this.answered.length });
        return Promise.resolve({ ids: new Set(this.answers[this.asked.length - 1] ?? []), fromAll: true });
      },
    };
  }

  private get context(): CallContext {
    return { tenant, traceId: '1-0-0', deadlineMs: this.nowMs + untilMs };
  }

  public async open(): Promise<void> {
    for (const own of this.accounts) await this.ledger().openAccount(this.context, { accountId: own, currency: 'EUR', balance: funds });
  }

  private ledger(): InstanceType<Subject['PaymentsLedger']> {
    return new this.subject.PaymentsLedger(this.ports, { region: `r${this.epoch}`, copiesFollow: true });
  }

  public async perform(step: Step): Promise<KeyedOutcome | undefined> {
    this.nowMs += 1_000;
    if (step.do === 'look') {
      const attempt = new this.subject.Attempt(this.ports, { region: `r${this.epoch}`, copiesFollow: true }, this.context);
      for (const own of this.accounts) await this.subject.trim(attempt, this.subject.accountPk(tenant, own));
      return undefined;
    }
    if (step.do === 'settled') {
      for (const own of this.accounts) {
        const standing = (await this.report(own))?.unanswered.filter(({ held }) => held > 0) ?? [];
        if (standing.length > 0) throw new Contradiction(`a hold stands of which another account has the key: ${JSON.stringify(standing)}`);
      }
      return undefined;
    }
    if (step.do === 'claim') {
      const { ports } = this;
      const change = (): Promise<never> => Promise.reject(new Error('the function dies'));
      const dying = new this.subject.PaymentsLedger(
        { ...ports, store: { ...bound(ports.store), change } },
        { region: `r${this.epoch}`, copiesFollow: true },
      );
      await dying
        .authorise(this.context, { idempotencyKey: step.key, accountId: step.from ?? accountId, amount: step.amount, currency: 'EUR' })
        .catch(() => undefined);
      return undefined;
    }
    if (step.do === 'pay') {
      const { key, amount, from = accountId } = step;
      return this.ledger().authorise(this.context, { idempotencyKey: key, accountId: from, amount, currency: 'EUR' });
    }
    return this.ledger().move(this.context, {
      idempotencyKey: step.key,
      paymentId: paymentOf(step.of),
      type: step.do,
      ...(step.amount === undefined ? {} : { amount: step.amount }),
    });
  }

  /**
   * What must hold of what this home has: the books, and what is answered.
   *
   * @param whole whether all claims have arrived: an operation whose claim has not is told by its account's entry alone
   */
  public async check(step: Step, outcome: KeyedOutcome | undefined, whole = true): Promise<void> {
    if (outcome && !['answered', 'refused', 'rejected', 'keyReused'].includes(outcome.kind)) {
      throw new Contradiction(`${describe(step)} is answered ${outcome.kind}`);
    }
    if (whole) await this.addsUp(describe(step));
    if (outcome?.kind !== 'answered') return;
    await this.shows(step, outcome.payment);
    this.answered.push({ step, payment: outcome.payment });
  }

  public async addsUp(when: string): Promise<void> {
    for (const own of this.accounts) {
      const report = await this.report(own);
      // Not even the account may have arrived.
      if (report) await this.isRight(`after ${when} the account`, report);
    }
  }

  private report(own: string): Promise<AccountReport | undefined> {
    const { subject, replicas, epoch, context, ports } = this;
    const plain = new subject.Attempt({ ...ports, store: replicas.store }, { region: `r${epoch}` }, context);
    return subject.reconcileAccount(plain, epoch, tenant, own);
  }

  private async isRight(what: string, report: AccountReport): Promise<void> {
    const [kept, recomputed] = [report.kept, report.recomputed].map((one) => JSON.stringify(one));
    if (kept !== recomputed) throw new Contradiction(`${what} keeps ${kept}, and its payments add up to ${recomputed}`);
    await this.explains(what, keysOfPayments, report);
    const { available, held, settled } = report.kept;
    if (Math.min(available, held, settled) < 0 || available + held + settled !== funds) {
      throw new Contradiction(`${what} keeps ${kept}`);
    }
  }

  /** What its payments show explains its balances too, and what is reported of keys that another account has. */
  private async explains(what: string, keys: readonly string[], { accountId: own, kept, unanswered }: AccountReport): Promise<void> {
    const found = await Promise.all(keys.map((key) => this.ledger().getPayment(this.context, paymentOf(key))));
    const payments = found.flatMap((one) => (one.kind === 'found' && one.payment.status !== 'DECLINED' ? [one.payment] : []));
    const sum = (of: (payment: Payment) => number): number =>
      payments.filter((payment) => payment.accountId === own).reduce((all, payment) => all + of(payment), 0);
    const lost = (of: (one: (typeof unanswered)[number]) => number): number => unanswered.reduce((all, one) => all + of(one), 0);
    const held = sum(({ status, amount }) => (status === 'AUTHORISED' ? amount : 0)) + lost((one) => one.held);
    const settled = sum(({ captured, refunded }) => captured - refunded) + lost((one) => one.settled);
    if (held !== kept.held || settled !== kept.settled) {
      throw new Contradiction(`${what} holds ${kept.held} and has settled ${kept.settled}, its payments show ${held} and ${settled}`);
    }
  }

  /** What an earlier home answered is here, or is reported: nothing is lost that nobody learns of. */
  public async tells({ step, payment }: Answered): Promise<void> {
    const found = await this.ledger().getPayment(this.context, payment.paymentId);
    const now = found.kind === 'found' && found.payment.accountId === payment.accountId ? found.payment : undefined;
    const made = (all: Payment['operations']): string[] => all.map(({ type, amount }) => `${type} ${amount}`);
    const last = made(payment.operations).at(-1);
    const isHere =
      now !== undefined &&
      (last === undefined ? now.status !== 'DECLINED' || payment.status === 'DECLINED' : made(now.operations).includes(last));
    if (isHere) return;
    const report = await this.report(payment.accountId);
    const key = step.do === 'REFUND' ? paymentOf(step.key) : payment.paymentId;
    // With a payment whose key another account has, its moves are told.
    const isTold = ({ key: told, otherAccount }: LateWrite): boolean =>
      told === key || (told === payment.paymentId && otherAccount !== undefined);
    if (report && !report.lateWrites.some(isTold)) {
      throw new Contradiction(`${describe(step)} was answered ${payment.status} by the home before, is not here, and is not reported`);
    }
  }

  /** Who has been answered finds no less than that. */
  private async shows(step: Step, { paymentId, accountId: own, status: answered }: Payment): Promise<void> {
    const found = await this.ledger().getPayment(this.context, paymentId);
    // What a lost home answered is repeated, also where another account has the payment's key now.
    if (found.kind === 'found' && found.payment.accountId !== own) return;
    const seen = found.kind === 'found' ? found.payment.status : found.kind;
    const order = ['DECLINED', 'AUTHORISED', 'VOIDED', 'CAPTURED', 'PARTIALLY_REFUNDED', 'REFUNDED'];
    if (order.indexOf(seen) < order.indexOf(answered)) {
      throw new Contradiction(`${describe(step)} is answered ${answered}, and then read as ${seen}`);
    }
  }
}

/** Of all payments that a scenario may make. */
const keysOfPayments = ['P', 'Q', 'D'];

/** A store's calls by themselves. */
const bound = (store: LedgerStore): LedgerStore => ({
  create: (item) => store.create(item),
  change: (change) => store.change(change),
  read: (pk, strong) => store.read(pk, strong),
  readMany: (pks) => store.readMany(pks),
  list: (of, limit, from) => store.list(of, limit, from),
});

const paymentOf = (key: string): string => `pay_${keyId(tenant, key)}`;
const describe = (step: Step): string => {
  if (step.do === 'look') return 'a look';
  return step.do === 'settled' ? 'the end' : `${step.do} ${step.key}${'from' in step ? ` from ${step.from}` : ''}`;
};

/** Everything leaves an account as soon as it may: the shipped bounds are put back behind it. */
async function withSmallBounds<T>({ bounds }: Subject, work: () => Promise<T>): Promise<T> {
  const before = { ...bounds };
  Object.assign(bounds, { crowdedFrom: 0, trimAfterCrowdedMs: 300, askFrom: 1 });
  try {
    return await work();
  } finally {
    Object.assign(bounds, before);
  }
}

/** Goes through all that may have arrived. */
export function exploreEpochs(scenario: Epochs, subject: Subject): Promise<Arrivals> {
  return withSmallBounds(subject, () => new EpochsExplorer(scenario, subject).run());
}

/** A home as it was when it was lost. */
interface Lost {
  /** What has arrived elsewhere before the next one began. */
  readonly arrived: Vector;
  /** All that it had written; the rest arrives when all is done. */
  readonly written: Vector;
  /** How many of its answers it had given. */
  readonly answered: number;
}

/** A home's whole work, with these answers to its questions, in turn. */
type Work = (answers: readonly (readonly string[])[]) => Promise<Home>;

class EpochsExplorer {
  private begun = 0;
  private readonly steps: string[] = [];

  constructor(
    private readonly scenario: Epochs,
    private readonly subject: Subject,
    private readonly accounts = scenario.accounts ?? [accountId],
  ) {}

  public async run(): Promise<Arrivals> {
    try {
      await this.first();
      return { begun: this.begun };
    } catch (error) {
      if (!(error instanceof Contradiction)) throw error;
      return { begun: this.begun, violation: { what: error.message, steps: this.steps } };
    }
  }

  private first(): Promise<void> {
    const work: Work = async (answers) => {
      const home = new Home(this.subject, new Replicas(), 1, beganMs, this.accounts, answers);
      await home.open();
      await this.work(home, this.scenario.first);
      return home;
    };
    return this.arrivals(
      work,
      (home, vector) => home.replicas.at(vector),
      async (home, lost) => {
        for (const script of this.scenario.second) await this.within(() => this.second(home, lost, script));
      },
    );
  }

  /** In another region, with what has arrived there. */
  private second(first: Home, lost: Lost, script: readonly Step[]): Promise<void> {
    const { third = [] } = this.scenario;
    const work: Work = async (answers) => {
      this.begun += 1;
      const home = new Home(this.subject, first.replicas.at(lost.arrived), 2, first.nowMs + 60_000, this.accounts, answers);
      await this.work(home, script, first.replicas.hasAll(lost.arrived));
      await this.rest(home, first, lost);
      return home;
    };
    if (third.length === 0) return work([]).then(() => undefined);
    return this.arrivals(
      work,
      (home, vector) => first.replicas.with(home.replicas, vector),
      async (home, lostToo) => {
        for (const later of third) await this.within(() => this.third(first, home, lostToo, later));
      },
    );
  }

  /** In the region of the first home, which has all that it wrote, and what has arrived of the second's. */
  private async third(first: Home, second: Home, lost: Lost, script: readonly Step[]): Promise<void> {
    this.begun += 1;
    const home = new Home(this.subject, first.replicas.with(second.replicas, lost.arrived), 3, second.nowMs + 60_000, this.accounts);
    await this.work(home, script, second.replicas.hasAll(lost.arrived));
    await this.rest(home, second, lost);
  }

  /**
   * Goes through all that may have arrived elsewhere when a home is lost, at any time: before its first question, between two, at its end.
   *
   * @param elsewhere another region, with what it had of the home's versions
   * @param since what may have been there, at least one of these, when the last of the answers was given
   */
  private async arrivals(
    work: Work,
    elsewhere: (home: Home, vector: Vector) => Replicas,
    then: (home: Home, lost: Lost) => Promise<void>,
    answers: readonly (readonly string[])[] = [],
    since: readonly Vector[] = [[]],
  ): Promise<void> {
    const before = this.steps.length;
    const home = await work(answers);
    const question = home.asked[answers.length];
    const { at: written, answered } = question ?? { at: home.replicas.current(), answered: home.answered.length };
    const arrived = home.replicas.between(since, written);
    const began = this.steps.length;
    for (const vector of arrived) {
      this.steps.splice(began);
      this.steps.push(...answers.map((ids) => `arrived, as the home was told: ${ids.join(', ') || 'nothing'}`));
      this.steps.push(`is lost; arrived: ${home.replicas.describe(vector)}`);
      await then(home, { arrived: vector, written, answered });
    }
    this.steps.splice(before);
    if (!question) return;
    // What another region may answer, and with what there it is that.
    const byAnswer = new Map<string, Vector[]>();
    for (const vector of arrived) {
      const { store } = elsewhere(home, vector);
      const ids = await this.subject.arrivedHere(store, tenant, { accountId, epoch: home.epoch, entries: question.entries });
      const answer = [...ids].sort().join();
      byAnswer.set(answer, [...(byAnswer.get(answer) ?? []), vector]);
    }
    for (const [answer, vectors] of byAnswer) {
      await this.arrivals(work, elsewhere, then, [...answers, answer === '' ? [] : answer.split(',')], vectors);
    }
  }

  private async work(home: Home, script: readonly Step[], whole = true): Promise<void> {
    for (const step of script) {
      this.steps.push(`home of epoch ${home.epoch}: ${describe(step)}`);
      const outcome = await home.perform(step).catch((error: unknown) => {
        if (error instanceof Contradiction) throw error;
        throw new Contradiction(`${describe(step)} throws ${String(error)}`);
      });
      if (outcome) this.steps.push(`  is answered ${outcome.kind === 'answered' ? outcome.payment.status : outcome.kind}`);
      await home.check(step, outcome, whole);
    }
  }

  /** When all is done, the rest of what the home before wrote arrives: then the books must add up. */
  private async rest(home: Home, before: Home, { written, answered }: Lost): Promise<void> {
    const last = new Home(this.subject, home.replicas.withLate(before.replicas, written), home.epoch, home.nowMs, this.accounts);
    await last.addsUp('all has arrived');
    for (const told of before.answered.slice(0, answered)) await last.tells(told);
  }

  /** What it says of its steps is forgotten when it ends well. */
  private async within(work: () => Promise<void>): Promise<void> {
    const before = this.steps.length;
    await work();
    this.steps.splice(before);
  }
}
