import { ArrivalsCommand, Arrivals, ArrivalsOutcome, arrivedHere } from './arrivals.service';
import { HomeSettings, HomeStanding } from './authority.domain';
import { Authority } from './authority.service';
import { EpochStore } from './epoch-store.service';
import { Named, refuseLaterEpochs } from './first-use.service';
import { keyId } from '../../kernel/fingerprint';
import type { TraceContext } from '../../kernel/trace';
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
  Unsure,
} from '../model';
import { JournaledStore, JournalPage } from './move-journal.service';
import { LedgerPorts, LedgerSettings, LedgerStore, StoreFault } from '../ports';
import { Attempt, GaveUp } from '../protocol/attempt.service';
import { callProblem } from '../protocol/commands.domain';
import { PaymentsLedger } from '../protocol/service';

/** A call that writes, as it is sent from one region to the home. */
export type WritingCall =
  | { readonly name: 'openAccount'; readonly command: OpenAccountCommand }
  | { readonly name: 'authorise'; readonly command: AuthoriseCommand }
  | { readonly name: 'move'; readonly command: MoveCommand };

/** What one region asks another one, whichever of them is home. */
export interface ArrivalsCall {
  readonly name: 'arrivals';
  readonly command: ArrivalsCommand;
}

/** A whole request on its way to its home, in one round trip; or a question between regions. */
export interface ForwardedCall {
  readonly tenant: string;
  readonly traceId: string;
  /** Segment of the sender, when the trace is recorded. */
  readonly traceParent?: string;
  /** Milliseconds that the sender still waits; not a time of day, since two regions' clocks differ. */
  readonly remainingMs: number;
  readonly call: WritingCall | ArrivalsCall;
}

export type CallOutcome = OpenAccountOutcome | KeyedOutcome | ArrivalsOutcome;

/** The trace that a forwarded call belongs to. */
export function traceOfForwarded({ traceId, traceParent }: ForwardedCall): TraceContext {
  return { traceId, ...(traceParent === undefined ? {} : { parentId: traceParent }), sampled: traceParent !== undefined };
}

/** The home did not answer: it may be lost, or only the way to it. Whether it acted is not known. */
export class HomeUnreachable extends Error {
  constructor(home: string, options?: ErrorOptions) {
    super(`region ${home} did not answer`, options);
    this.name = 'HomeUnreachable';
  }
}

export interface HomePorts extends LedgerPorts {
  /** The strongly consistent table of authority records. */
  readonly authority: LedgerStore;
  /** Sends a call to its home. Throws `HomeUnreachable`. */
  readonly forward: (home: string, call: ForwardedCall) => Promise<CallOutcome>;
}

/** Epochs, and pages of moves under way, of which an instance keeps what it knows: units that have moved differ in theirs. */
const ledgersKept = 16;

/** Callers are not asked to wait for longer. */
const longestRetryMs = 2_000;

/** The number of the unit that a tenant belongs to. */
export function unitOf(tenant: string, units: number): number {
  // By tenant and not by account: a key is the tenant's, and must meet its first use wherever the second names another account.
  return units === 1 ? 0 : Buffer.from(keyId(tenant, 'home unit'), 'base64url').readUInt32BE(0) % units;
}

/** The ledger where regions replicate with lag: one region writes for each unit, under a lease; the others send their calls there. */
export class HomeLedger implements Ledger {
  private readonly authority: Authority;
  private readonly ledgers = new Map<string, PaymentsLedger>();
  private readonly arrivals: Arrivals;

  constructor(
    private readonly ports: HomePorts,
    private readonly settings: LedgerSettings,
    private readonly home: HomeSettings,
  ) {
    this.authority = new Authority(settings.region, home);
    this.arrivals = new Arrivals(
      ports,
      home.regions.filter((region) => region !== settings.region),
    );
  }

  public openAccount(context: CallContext, command: OpenAccountCommand): Promise<OpenAccountOutcome> {
    return this.write(context, { name: 'openAccount', command }) as Promise<OpenAccountOutcome>;
  }

  public authorise(context: CallContext, command: AuthoriseCommand): Promise<KeyedOutcome> {
    return this.write(context, { name: 'authorise', command }) as Promise<KeyedOutcome>;
  }

  public move(context: CallContext, command: MoveCommand): Promise<KeyedOutcome> {
    return this.write(context, { name: 'move', command }) as Promise<KeyedOutcome>;
  }

  /** Reads stay in the region that was asked; elsewhere than at home they lag behind by the replication. */
  public async getAccount(context: CallContext, accountId: string): Promise<AccountOutcome> {
    return this.read(context, { accountId }, async (ledger, homeRegion) => {
      const outcome = await ledger.getAccount(context, accountId);
      return outcome.kind === 'found' ? { ...outcome, account: { ...outcome.account, homeRegion } } : outcome;
    });
  }

  public getPayment(context: CallContext, paymentId: string): Promise<PaymentOutcome> {
    return this.read(context, { paymentId }, (ledger) => ledger.getPayment(context, paymentId));
  }

  public listTransactions(context: CallContext, command: ListCommand): Promise<ListOutcome> {
    return this.read(context, command, (ledger) => ledger.listTransactions(context, command));
  }

  /** A call that another region has sent here. It is never sent on: who is not home says so. */
  public async receive(forwarded: ForwardedCall, observe?: CallContext['observe']): Promise<CallOutcome> {
    const { tenant, remainingMs, call } = forwarded;
    const trace = traceOfForwarded(forwarded);
    const context: CallContext = {
      tenant,
      traceId: trace.traceId,
      trace,
      deadlineMs: this.ports.nowMs() + remainingMs,
      ...(observe ? { observe } : {}),
    };
    if (call.name === 'arrivals') return this.answerArrivals(context, call);
    return this.validly(context, call, async (attempt) => {
      const standing = await this.standingHere(attempt, call);
      return 'code' in standing ? standing : standing.kind === 'home' ? this.atHome(context, standing, call) : this.fenced(context);
    });
  }

  /** By what this region's own copies have, home or not. */
  private async answerArrivals(context: CallContext, { name, command }: ArrivalsCall): Promise<CallOutcome> {
    const problem = callProblem(name, context, command);
    if (problem) return problem;
    try {
      return { kind: 'arrived', ids: await arrivedHere(this.ports.store, context.tenant, command) };
    } catch (error) {
      if (error instanceof StoreFault) return { kind: 'unsure', code: 'outcome_unknown', retryAfterSeconds: 1, cause: error.message };
      throw error;
    }
  }

  /** A home that cannot learn where it stands is as good as silent: its sender may replace it. */
  private async standingHere(attempt: Attempt, call: WritingCall): Promise<HomeStanding | Unsure> {
    try {
      return await this.standing(attempt, call);
    } catch (error) {
      if (error instanceof GaveUp) return { kind: 'unsure', code: 'home_unreachable', retryAfterSeconds: 1, cause: error.reason };
      throw error;
    }
  }

  private write(context: CallContext, call: WritingCall): Promise<CallOutcome> {
    return this.validly(context, call, (attempt) => this.route(attempt, call));
  }

  /** Neither a lease nor another region is asked for with what no ledger takes. */
  private async validly(
    context: CallContext,
    { name, command }: WritingCall,
    work: (attempt: Attempt) => Promise<CallOutcome>,
  ): Promise<CallOutcome> {
    return callProblem(name, context, command) ?? this.answering(context, work);
  }

  /** @param left the region that has just said that it is not home */
  private async route(attempt: Attempt, call: WritingCall, left?: string): Promise<CallOutcome> {
    const { context } = attempt;
    const standing = await this.standing(attempt, call);
    if (standing.kind === 'home') return this.atHome(context, standing, call);
    if (standing.kind === 'draining' || standing.record.home === left) return this.fenced(context);
    return this.send(attempt, standing.record.home, call, left === undefined);
  }

  private standing(attempt: Attempt, { command }: WritingCall): Promise<HomeStanding> {
    const { context } = attempt;
    return this.authority.standing(attempt, this.unit(context), this.firstUse(context, command));
  }

  private firstUse(context: CallContext, named: Named): () => Promise<void> {
    return () => refuseLaterEpochs(new Attempt(this.ports, this.settings, context), this.unit(context), named);
  }

  private async atHome(context: CallContext, standing: Extract<HomeStanding, { kind: 'home' }>, call: WritingCall): Promise<CallOutcome> {
    // No request is sent after the lease: not even a retry of one.
    const bounded = { ...context, deadlineMs: Math.min(context.deadlineMs, standing.untilMs) };
    const outcome = await this.work(bounded, standing, call);
    // Nor is one answered: another region may have looked at what was there, and opened without what this request wrote.
    return this.ports.nowMs() > standing.untilMs ? { kind: 'unsure', code: 'outcome_unknown', retryAfterSeconds: 1 } : outcome;
  }

  private work(bounded: CallContext, { epoch, page }: Extract<HomeStanding, { kind: 'home' }>, call: WritingCall): Promise<CallOutcome> {
    const ledger = this.ledgerOf(epoch, page === undefined ? undefined : { unit: this.unit(bounded), epoch, page });
    switch (call.name) {
      case 'openAccount':
        return ledger.openAccount(bounded, call.command);
      case 'authorise':
        return ledger.authorise(bounded, call.command);
      case 'move':
        return ledger.move(bounded, call.command);
    }
  }

  private async send(attempt: Attempt, home: string, call: WritingCall, again: boolean): Promise<CallOutcome> {
    const { context } = attempt;
    const { tenant, deadlineMs } = context;
    try {
      const outcome = await this.ports.forward(home, {
        tenant,
        ...attempt.traceAttributes(),
        remainingMs: deadlineMs - this.ports.nowMs(),
        call,
      });
      if (outcome.kind === 'unsure' && outcome.code === 'home_unreachable') throw new HomeUnreachable(home);
      if (outcome.kind !== 'unsure' || outcome.code !== 'region_fenced') return outcome;
      // The home has moved since the record was read.
      this.authority.forget(this.unit(context));
      return again ? await this.route(attempt, call, home) : outcome;
    } catch (error) {
      if (!(error instanceof HomeUnreachable)) throw error;
      context.observe?.('homeUnreachable');
      return this.home.takeover === 'AUTOMATIC' ? this.replace(attempt, call) : unreachable(5_000);
    }
  }

  /** Nobody answers at the home: this region takes over when the home's lease has run out, and not a moment before. */
  private async replace(attempt: Attempt, call: WritingCall): Promise<CallOutcome> {
    const unit = this.unit(attempt.context);
    const taken = await this.authority.takeOver(attempt, unit);
    if (taken.kind === 'wait') return unreachable(taken.ms);
    if (taken.kind === 'taken') attempt.context.observe?.('homeTakeover');
    const standing = await this.authority.standing(attempt, unit);
    return standing.kind === 'home' ? this.atHome(attempt.context, standing, call) : unreachable(1_000);
  }

  private async read<T>(
    context: CallContext,
    named: Named,
    ask: (ledger: PaymentsLedger, homeRegion: string) => Promise<T>,
  ): Promise<T | Busy | Unsure> {
    return this.answering(context, async (attempt) => {
      const { epoch, home } = await this.authority.lookUp(attempt, this.unit(context), this.firstUse(context, named));
      return ask(this.ledgerOf(epoch), home);
    });
  }

  private ledgerOf(epoch: number, noted?: JournalPage): PaymentsLedger {
    const name = noted ? `${epoch}/${noted.unit}/${noted.page}` : `${epoch}`;
    let ledger = this.ledgers.get(name);
    if (!ledger) {
      const replica = noted ? new JournaledStore(this.ports.store, noted) : this.ports.store;
      const arrived: LedgerPorts['arrived'] = (context, accountId, entries) =>
        this.arrivals.arrived(context, { accountId, epoch, entries });
      ledger = new PaymentsLedger(
        { ...this.ports, store: new EpochStore(replica, epoch), arrived },
        { ...this.settings, copiesFollow: true },
      );
      if (this.ledgers.size >= ledgersKept) this.ledgers.clear();
      this.ledgers.set(name, ledger);
    }
    return ledger;
  }

  private unit(context: CallContext): number {
    return unitOf(context.tenant, this.home.units);
  }

  private fenced(context: CallContext): Unsure {
    this.authority.forget(this.unit(context));
    return { kind: 'unsure', code: 'region_fenced', retryAfterSeconds: 1 };
  }

  private async answering<T>(context: CallContext, work: (attempt: Attempt) => Promise<T>): Promise<T | Unsure> {
    try {
      return await work(new Attempt({ ...this.ports, store: this.ports.authority }, this.settings, context));
    } catch (error) {
      if (error instanceof GaveUp) return { kind: 'unsure', code: 'region_fenced', retryAfterSeconds: 1, cause: error.reason };
      throw error;
    }
  }
}

/** When to ask again. Not only when the home may be replaced: mostly just the way there was cut, and is mended long before. */
function unreachable(waitMs: number): Unsure {
  return { kind: 'unsure', code: 'home_unreachable', retryAfterSeconds: Math.max(1, Math.ceil(Math.min(waitMs, longestRetryMs) / 1000)) };
}
