import { Attempt, GaveUp } from './attempt.service';
import { authorise } from './authorise.service';
import { callProblem, CommandName } from './commands.domain';
import { accountOf, accountPk, bounds } from './domain';
import { lags } from './finish.service';
import {
  AccountOutcome,
  AuthoriseCommand,
  Busy,
  CallContext,
  KeyedOutcome,
  Ledger,
  ListCommand,
  ListOutcome,
  MoveCommand,
  OpenAccountCommand,
  OpenAccountOutcome,
  PaymentOutcome,
  Rejected,
  Unsure,
} from '../model';
import { move } from './move.service';
import { LedgerPorts, LedgerSettings } from '../ports';
import { getAccount, getPayment, listTransactions } from './reading.service';
import { trim } from './trim.service';

const cachedAccounts = 10_000;

/** The ledger: each call brings one request to an answer that is the same for every attempt, or says that it cannot be sure. */
export class PaymentsLedger implements Ledger {
  /** Currencies of accounts that exist; neither ever changes. */
  private readonly currencies = new Map<string, string>();

  constructor(
    private readonly ports: LedgerPorts,
    private readonly settings: LedgerSettings,
  ) {
    if (ports.decide && !settings.decision) {
      throw new Error("a decision port needs 'settings.decision': its timeout, and what its silence means");
    }
  }

  public openAccount(context: CallContext, command: OpenAccountCommand): Promise<OpenAccountOutcome> {
    return this.validly('openAccount', context, command, async (attempt): Promise<OpenAccountOutcome> => {
      const { accountId, currency, balance } = command;
      const item = {
        pk: accountPk(context.tenant, accountId),
        kind: 'ACCOUNT',
        tenant: context.tenant,
        accountId,
        currency,
        openedWith: balance,
        available: balance,
        held: 0,
        settled: 0,
        entries: {},
        trimmedThrough: 0,
        openedAt: this.ports.nowMs(),
        region: this.settings.region,
        traceId: context.traceId,
        nonce: this.ports.nonce(),
        version: 1,
      };
      const put = await attempt.create(item);
      if (put.kind === 'written' || put.found?.nonce === item.nonce) return { kind: 'opened', created: true, account: accountOf(item) };
      const { found } = put;
      return found && found.currency === currency && found.openedWith === balance
        ? { kind: 'opened', created: false, account: accountOf(found) }
        : { kind: 'differs' };
    });
  }

  public getAccount(context: CallContext, accountId: string): Promise<AccountOutcome> {
    return this.answering(context, (attempt) => getAccount(attempt, accountId));
  }

  public authorise(context: CallContext, command: AuthoriseCommand): Promise<KeyedOutcome> {
    return this.validly('authorise', context, command, async (attempt) => {
      const outcome = await authorise(
        attempt,
        command,
        (current, pk) => this.currencyOf(current, pk),
        (pk) => this.lookBeside(attempt, pk, bounds.trimEveryPayment),
      );
      await this.lookBehind(attempt, accountPk(context.tenant, command.accountId), outcome);
      return outcome;
    });
  }

  public move(context: CallContext, command: MoveCommand): Promise<KeyedOutcome> {
    return this.validly('move', context, command, async (attempt) => {
      const { outcome, account } = await move(attempt, command, (pk) => this.lookBeside(attempt, pk, bounds.trimEveryMove));
      if (account !== undefined) await this.lookBehind(attempt, account, outcome);
      return outcome;
    });
  }

  public getPayment(context: CallContext, paymentId: string): Promise<PaymentOutcome> {
    return this.answering(context, (attempt) => getPayment(attempt, paymentId));
  }

  public listTransactions(context: CallContext, command: ListCommand): Promise<ListOutcome> {
    return this.validly('listTransactions', context, command, (attempt) => listTransactions(attempt, command));
  }

  /** Looks after an account now and then, while the call does its work. */
  private async lookBeside(attempt: Attempt, account: string, every: number): Promise<void> {
    if (isDue(attempt.ports.random, lags(attempt) ? every : bounds.trimEvery)) await this.lookAfter(attempt, account);
  }

  /** Looks after an account whenever it is full; before the answer leaves: then the function is frozen. */
  private async lookBehind(attempt: Attempt, account: string, outcome: KeyedOutcome): Promise<void> {
    const full = outcome.kind === 'busy' && outcome.code === 'account_busy';
    if (!full) return;
    attempt.context.observe?.('accountBusy');
    await this.lookAfter(attempt, account);
  }

  private async lookAfter(attempt: Attempt, account: string): Promise<void> {
    try {
      const { ports, settings, context } = attempt;
      // The call's own answer may be known, and waits for this.
      const deadlineMs = Math.min(context.deadlineMs, ports.nowMs() + bounds.lookAtMostMs);
      await trim(new Attempt(ports, settings, { ...context, deadlineMs }), account);
    } catch (error) {
      // The answer stands, whatever this came to: a fault of the store is met again, anything else is for somebody to look at.
      if (!(error instanceof GaveUp)) attempt.context.observe?.('trimFailed');
    }
  }

  private async currencyOf(attempt: Attempt, account: string): Promise<string | undefined> {
    const cached = this.currencies.get(account);
    if (cached !== undefined) return cached;
    // A stale read may miss an account that was just opened elsewhere: only a strong one can say that there is none.
    const item = (await attempt.retrying((store) => store.read(account, false))) ?? (await attempt.strongRead(account));
    if (!item) return undefined;
    if (this.currencies.size >= cachedAccounts) this.currencies.clear();
    this.currencies.set(account, item.currency as string);
    return item.currency as string;
  }

  /** Works on what the ledger takes, whoever calls: nothing else ever reaches an item. */
  private async validly<T>(
    name: CommandName,
    context: CallContext,
    command: object,
    work: (attempt: Attempt) => Promise<T>,
  ): Promise<T | Rejected | Busy | Unsure> {
    return callProblem(name, context, command) ?? this.answering(context, work);
  }

  private async answering<T>(context: CallContext, work: (attempt: Attempt) => Promise<T>): Promise<T | Busy | Unsure> {
    try {
      return await work(new Attempt(this.ports, this.settings, context));
    } catch (error) {
      if (!(error instanceof GaveUp)) throw error;
      return error.fault === 'throttled'
        ? { kind: 'busy', code: 'throttled', retryAfterSeconds: 2, cause: error.reason }
        : { kind: 'unsure', code: 'outcome_unknown', retryAfterSeconds: 1, cause: error.reason };
    }
  }
}

/** By chance, so that no key pays for it each time it is repeated. */
const isDue = (random: () => number, every: number): boolean => random() * every < 1;
