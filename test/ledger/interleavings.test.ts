import { Faults, noFaults, World } from './world';
import { Attempt } from '../../src/ledger/attempt.service';
import { accountPk } from '../../src/ledger/domain';
import { Account, KeyedOutcome, LedgerLine, MoveType, Payment } from '../../src/ledger/model';
import { PaymentsLedger } from '../../src/ledger/service';
import { trim } from '../../src/ledger/trim.service';

/**
 * Many clients, two regions, duplicates, lost and late requests, crashes at any request, trimming at any time: whatever the seed,
 * the ledger's invariants hold after every step and at the end. What is checked here knows nothing of how the ledger works.
 */

const tenant = 'acme';
const regions = ['us-east-1', 'us-west-2'];
const funded = 500;
const stormy: Faults = { conflict: 0.05, throttled: 0.02, lost: 0.03, unanswered: 0.05, late: 0.03, crash: 0.03 };

interface Intent {
  readonly key: string;
  send(ledger: PaymentsLedger): Promise<KeyedOutcome>;
  readonly answers: KeyedOutcome[];
}

class Story {
  public readonly world: World;
  public readonly intents: Intent[] = [];
  private readonly ledgers: PaymentsLedger[];

  constructor(private readonly seed: number) {
    this.world = new World(seed);
    this.ledgers = regions.map((region) => this.world.ledger(region));
    this.world.afterStep = () => this.checkAccounts();
  }

  private pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.world.random() * from.length)];
  }

  public checkAccounts(): void {
    for (const item of this.world.memory.items.values()) {
      if (item.kind !== 'ACCOUNT') continue;
      const [available, held, settled] = [item.available as number, item.held as number, item.settled as number];
      if (available < 0 || held < 0 || settled < 0 || available + held + settled !== item.openedWith) {
        throw new Error(`seed ${this.seed}: balances broken: ${JSON.stringify({ available, held, settled })}`);
      }
    }
  }

  public async run(): Promise<void> {
    const { world } = this;
    for (const accountId of ['one', 'two']) {
      const opened = this.ledgers[0].openAccount(world.context(tenant), { accountId, currency: 'EUR', balance: funded });
      await world.settle();
      await opened;
    }
    world.faults = stormy;
    for (let round = 0; round < 6; round += 1) {
      this.authorise(4);
      this.move(5);
      this.resend(0.5);
      this.tidy();
      world.releaseStrays(0.3);
      await world.settle();
      if (world.random() < 0.5) world.nowMs += 20 * 60_000;
    }
    world.faults = noFaults;
    world.releaseStrays(1);
    await this.finish();
    await this.check();
  }

  private authorise(count: number): void {
    for (let n = 0; n < count; n += 1) {
      const key = `pay-${this.intents.length}`;
      const accountId = this.pick(['one', 'two']);
      const amount = 1 + Math.floor(this.world.random() * 120);
      this.intend(key, (ledger) => ledger.authorise(this.world.context(tenant), { idempotencyKey: key, accountId, amount, currency: 'EUR' }));
    }
  }

  private move(count: number): void {
    const payments = this.payments();
    for (let n = 0; n < count && payments.length > 0; n += 1) {
      const key = `move-${this.intents.length}`;
      const { paymentId, amount: authorised } = this.pick(payments);
      const type = this.pick<MoveType>(['CAPTURE', 'CAPTURE', 'VOID', 'REFUND', 'REFUND']);
      const amount = type === 'VOID' || this.world.random() < 0.3 ? undefined : 1 + Math.floor(this.world.random() * authorised * 1.2);
      this.intend(key, (ledger) => ledger.move(this.world.context(tenant), {
        idempotencyKey: key, paymentId, type, ...(amount === undefined ? {} : { amount }),
      }));
    }
  }

  private intend(key: string, send: Intent['send']): void {
    const intent: Intent = { key, send, answers: [] };
    this.intents.push(intent);
    const copies = 1 + Math.floor(this.world.random() * 4);
    for (let copy = 0; copy < copies; copy += 1) this.send(intent);
  }

  private send(intent: Intent): void {
    void intent.send(this.pick(this.ledgers)).then((answer) => intent.answers.push(answer), (error: unknown) => {
      throw error;
    });
  }

  private resend(chance: number): void {
    for (const intent of this.intents) if (this.world.random() < chance) this.send(intent);
  }

  private tidy(): void {
    const attempt = new Attempt(this.world.ports(), { region: this.pick(regions) }, this.world.context(tenant));
    void attempt.kindly(() => trim(attempt, accountPk(tenant, this.pick(['one', 'two'])), this.pick(['', 'a', 'Q', 'z'])));
  }

  /** Faults have stopped: everything that is sent again must come to a final answer. */
  private async finish(): Promise<void> {
    for (const intent of this.intents) {
      this.send(intent);
      await this.world.settle();
      const last = intent.answers[intent.answers.length - 1];
      if (!last || !final(last)) throw new Error(`seed ${this.seed}: ${intent.key} came to no answer: ${JSON.stringify(last)}`);
    }
  }

  private payments(): Payment[] {
    return this.intents.filter(({ key }) => key.startsWith('pay')).flatMap(({ answers }) => {
      const answered = answers.find((answer) => answer.kind === 'answered');
      return answered?.kind === 'answered' ? [answered.payment] : [];
    });
  }

  private async ask<T>(call: Promise<T>): Promise<T> {
    await this.world.settle();
    return call;
  }

  private async check(): Promise<void> {
    const [ledger] = this.ledgers;
    for (const { key, answers } of this.intents) {
      const distinct = new Set(answers.filter(final).map((answer) => JSON.stringify({ ...answer, replayed: undefined })));
      expect({ seed: this.seed, key, answers: [...distinct] }).toEqual({ seed: this.seed, key, answers: [expect.any(String)] });
    }
    const payments = new Map<string, Payment>();
    for (const { paymentId } of this.payments()) {
      const found = await this.ask(ledger.getPayment(this.world.context(tenant), paymentId));
      if (found.kind !== 'found') throw new Error(`seed ${this.seed}: ${paymentId} was answered and is lost`);
      payments.set(paymentId, found.payment);
    }
    this.checkMoves(payments);
    for (const accountId of ['one', 'two']) await this.checkBalances(accountId, [...payments.values()].filter((payment) => payment.accountId === accountId));
  }

  /** Every move that was answered with success is one of its payment's operations, and there are no others. */
  private checkMoves(payments: ReadonlyMap<string, Payment>): void {
    const answered = this.intents.filter(({ key }) => key.startsWith('move')).flatMap(({ answers }) => {
      const success = answers.find((answer) => answer.kind === 'answered');
      return success?.kind === 'answered' ? [success.payment] : [];
    });
    for (const [paymentId, payment] of payments) {
      const histories = answered.filter((answer) => answer.paymentId === paymentId).map(({ operations }) => operations);
      expect({ seed: this.seed, paymentId, moves: payment.operations.length }).toEqual({ seed: this.seed, paymentId, moves: histories.length });
      // Each answer shows the payment right after its own move: one history of each length.
      expect(histories.map(({ length }) => length).sort((one, other) => one - other)).toEqual(payment.operations.map((_, n) => n + 1));
      for (const history of histories) expect(payment.operations.slice(0, history.length)).toEqual(history);
    }
  }

  private async checkBalances(accountId: string, payments: readonly Payment[]): Promise<void> {
    const [ledger] = this.ledgers;
    const found = await this.ask(ledger.getAccount(this.world.context(tenant), accountId));
    const account = (found as { account: Account }).account;
    const held = payments.filter(({ status }) => status === 'AUTHORISED').reduce((sum, { amount }) => sum + amount, 0);
    const settled = payments.reduce((sum, { captured, refunded }) => sum + captured - refunded, 0);
    expect({ seed: this.seed, accountId, ...pickBalances(account) }).toEqual({ seed: this.seed, accountId, held, settled, available: funded - held - settled });
    const listed = await this.ask(ledger.listTransactions(this.world.context(tenant), { accountId, limit: 100 }));
    const { items } = listed as { items: readonly LedgerLine[] };
    const total = (...types: LedgerLine['type'][]): number => items.filter(({ type }) => types.includes(type)).reduce((sum, { amount }) => sum + amount, 0);
    expect({ seed: this.seed, held: total('AUTHORISATION') - total('CAPTURE', 'RELEASE', 'VOID'), settled: total('CAPTURE') - total('REFUND') })
      .toEqual({ seed: this.seed, held, settled });
  }
}

const pickBalances = ({ available, held, settled }: Account) => ({ available, held, settled });
const final = (answer: KeyedOutcome): boolean => answer.kind === 'answered' || answer.kind === 'refused';

describe('whatever the order of requests and faults', () => {
  const seeds = Number(process.env.LEDGER_SEEDS ?? 150);
  const first = Number(process.env.LEDGER_SEED ?? 1);
  it(`the ledger's invariants hold for ${seeds} seeds from ${first}`, async () => {
    for (let seed = first; seed < first + seeds; seed += 1) await new Story(seed).run();
  }, 600_000);
});
