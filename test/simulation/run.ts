import { checkAll } from './checks/all';
import { paymentIdOf, readBooks } from './checks/books';
import { planEvents } from './events/mesh-plan';
import { planFaults, FaultName } from './faults';
import { rememberHashes } from './hashing';
import { History, Intent, isFinal, keyOf, Operation, Violation } from './history';
import { HomeStory } from './home-story';
import { LoadWatch } from './load-watch';
import { planDeployment } from './releases/deployment';
import { releaseBefore } from './releases/release';
import { asItIs, expiresAfterMs, outagesAreShort, setBounds } from './seed-bounds';
import { shipped, Subject } from './subject';
import { StrongTable } from './tables/strong-table';
import { accountOfTwin, AccountPlan, longWavesMs, PaymentPlan, planWorkload, Workload } from './workload';
import { TableKind, World } from './world';
import { LedgerEvent } from '../../src/ledger/model';
import { Chance } from '../../tools/memory/chance';

/**
 * SAFETY: faults never stop, and some clients give up. LIVENESS: faults stop in the last wave, and everything that is asked again
 * must be answered within a bound.
 */
export type Mode = 'SAFETY' | 'LIVENESS';

export interface RunOptions {
  readonly seed: number;
  readonly mode: Mode;
  /** @default 200 */
  readonly payments?: number;
  /** What runs. @default the shipped files */
  readonly subject?: Subject;
  /** The table's consistency, for the mistake of taking one for the other. @default STRONG */
  readonly table?: TableKind;
  /** Whether what is decided is published to consumers in every region. @default false */
  readonly events?: boolean;
  /** HOME: whether clients go by a public name that follows the home, some of them by an old answer. @default false */
  readonly dns?: boolean;
  /** STRONG: whether the regions are deployed one after the other, the release before at work until then. @default false */
  readonly rolling?: boolean;
  /** Faults left out, by name. */
  readonly without?: ReadonlySet<string>;
  /** Plans left in, by number; absent: all. */
  readonly only?: ReadonlySet<number>;
  readonly trace?: (line: string) => void;
}

export interface RunResult {
  readonly violations: readonly Violation[];
  readonly counts: ReadonlyMap<FaultName | LedgerEvent, number>;
  readonly payments: number;
  readonly history: History;
  /** Accounts whose operations were put in order exactly, and those whose search was given up. */
  readonly ordered: number;
  readonly undecided: number;
}

export const modes: readonly Mode[] = ['SAFETY', 'LIVENESS'];
export const regions = ['us-east-1', 'us-west-2'];
/** Enough for many minutes; for ever would hide that a request is never answered. */
const triesInLiveness = 100;

export async function runSeed(options: RunOptions): Promise<RunResult> {
  const { seed, mode, subject = shipped } = options;
  rememberHashes();
  const home = options.table === 'HOME';
  const workload = planWorkload(seed, options.payments ?? 200, { without: options.without, ...(home ? { wavesMs: longWavesMs } : {}) });
  const asShipped = workload.load?.boundsAsShipped ?? false;
  const restoreBounds = asShipped ? asItIs(subject) : setBounds(subject, seed, mode === 'SAFETY', home);
  const restoreBefore = options.rolling && !asShipped ? setBounds(releaseBefore(), seed, mode === 'SAFETY', false) : undefined;
  const { stackTraceLimit } = Error;
  // Simulated faults are thrown by the thousand; nobody reads where.
  Error.stackTraceLimit = 0;
  try {
    const chance = new Chance(seed, 'run');
    const last = workload.busy[workload.busy.length - 1];
    const faultsEndMs = mode === 'SAFETY' ? Infinity : chance.between(last[0], last[1]);
    const plan = planFaults({
      seed,
      regions,
      without: options.without ?? new Set(),
      busy: workload.busy,
      // A lease rests on clocks that are no further apart than its margin; a strong table on none.
      clocksKept: mode === 'LIVENESS' || home,
      lengthsMs: home && !outagesAreShort(seed) ? [300, 3_000, 15_000, 60_000, 120_000] : [300, 3_000, 15_000],
    });
    const episodes = plan.episodes
      .filter(({ from }) => from < faultsEndMs)
      .map((episode) => ({ ...episode, to: Math.min(episode.to, faultsEndMs) }));
    const events = options.events ? planEvents(options, workload.busy, regions) : undefined;
    const world = new World({
      seed,
      regions,
      subject,
      faultsEndMs,
      plan: { ...plan, distance: workload.load?.distance ?? 1, episodes: [...episodes, ...(events?.episodes ?? [])] },
      decides: chance.happens(0.25),
      ...(options.rolling ? { rolling: planDeployment(seed, regions, workload) } : {}),
      table: options.table ?? 'STRONG',
      dns: home && (options.dns ?? false),
      ...(events ? { mesh: events.mesh } : {}),
      ...(options.trace ? { trace: options.trace } : {}),
    });
    const story = new Story(world, workload, options, chance, faultsEndMs);
    const homeStory = home ? new HomeStory(world, chance) : undefined;
    const watch = workload.load && options.table !== 'EVENTUAL' ? new LoadWatch(world, workload.load, faultsEndMs) : undefined;
    watch?.begin();
    story.begin();
    homeStory?.begin(workload.busy.filter(([from]) => from < faultsEndMs));
    await story.end();
    if ((options.table ?? 'STRONG') === 'STRONG') await story.settle();
    if (watch && mode === 'LIVENESS') await story.settleLoad(watch, workload.load!.account);
    // Each reading of what an earlier epoch left takes many requests.
    if (home) world.calm();
    await homeStory?.settle(workload.accounts, (account, paymentId) => story.lookAtHome(account, paymentId));
    const books = await readBooks(world, workload.accounts);
    const reported = await homeStory?.reconcile(workload.accounts);
    const takeovers = (world.counts.get('homeChanged') ?? 0) - (world.counts.get('homeMoved') ?? 0);
    // When faults are over, every event has to arrive.
    if (world.mesh) world.calm();
    const consumed = await world.mesh?.settle();
    const checked = checkAll({
      history: world.history,
      books,
      mode,
      faultsEndMs,
      bounds: subject.bounds,
      trimAfterMs: expiresAfterMs(subject.bounds, options.rolling),
      ...(consumed ? { consumed } : {}),
      ...(reported ? { home: { reported, takeovers } } : {}),
    });
    const violations = [...checked.violations, ...(watch && mode === 'LIVENESS' ? watch.violations() : [])];
    const payments = world.history.intents.filter(({ operation }) => operation.kind === 'authorise').length;
    return { ...checked, violations, counts: world.counts, payments, history: world.history };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    restoreBounds();
    restoreBefore?.();
  }
}

/** Visits of an account until none of its entries is an orphan: each looks at four dozen. */
const settlingRounds = 400;
function hasOrphan(table: StrongTable, account: string): boolean {
  const entries = (table.peek(account)?.entries ?? {}) as Readonly<Record<string, string>>;
  return Object.entries(entries).some(([id, code]) => code.startsWith('P') && !code.endsWith(`/${String(table.peek(`k#${id}`)?.nonce)}`));
}

const isOpen = (intent: Intent): boolean => keyOf(intent) !== undefined && !intent.answers.some(({ outcome }) => isFinal(outcome));

/** The clients of a run. */
class Story {
  private readonly opened = new Set<AccountPlan>();
  private readonly replayed = new Set<Intent>();
  private readonly begun = new Set<PaymentPlan>();

  constructor(
    private readonly world: World,
    private readonly workload: Workload,
    private readonly options: RunOptions,
    private readonly chance: Chance,
    private readonly faultsEndMs: number,
  ) {}

  public begin(): void {
    const { scheduler } = this.world;
    this.world.onHomeMove = () => this.hasten();
    for (const account of this.workload.accounts) {
      const { accountId, balance, tenant } = account;
      this.want(
        -1,
        tenant,
        accountId,
        { kind: 'open', command: { accountId, currency: 'EUR', balance } },
        this.options.mode === 'LIVENESS' ? triesInLiveness : Infinity,
        () => this.opened.add(account),
      );
    }
    for (const payment of this.workload.payments) {
      if (!this.options.only || this.options.only.has(payment.number)) scheduler.at(payment.atMs, () => this.payOnce(payment));
    }
    for (const { account, atMs } of this.workload.looks) {
      scheduler.at(atMs, () => {
        if (this.opened.has(account)) {
          this.want(-2, account.tenant, account.accountId, { kind: 'readAccount', accountId: account.accountId }, 4);
        }
      });
    }
    this.tidy();
  }

  /** Keys that nobody was answered for are sent again, late; some authorizations are never heard of again. */
  private replayAbandoned(): void {
    for (const intent of this.world.history.intents) {
      if (!isOpen(intent) || (intent.operation.kind === 'authorise' && this.options.mode === 'SAFETY' && this.chance.happens(0.3))) {
        continue;
      }
      this.replayed.add(intent);
      this.world.met('sentAgainLate');
    }
    this.replayOpen();
  }

  /** Sends again what was replayed and is still open; whether there was any. */
  private replayOpen(): boolean {
    // Whoever is told that a payment does not exist, having been lost with its region, need not ask for ever.
    const open = [...this.replayed].filter(
      (intent) => isOpen(intent) && intent.answers.filter(({ outcome }) => outcome.kind === 'rejected').length < 20,
    );
    for (const intent of open) this.world.client(intent, { tries: 40, longestWaitMs: 5_000 }).start();
    return open.length > 0;
  }

  /** Runs until all is quiet, and brings what was begun to its end. */
  public async end(): Promise<void> {
    const { world } = this;
    await world.scheduler.run();
    this.replayAbandoned();
    await world.scheduler.run();
    // In the worst weather not even patience helps; what was begun must be brought to its end before the books are read.
    if (this.replayOpen()) {
      world.calm();
      await world.scheduler.run();
    }
    world.quiet();
  }

  /** What attempts that died have left on accounts goes when somebody looks; in the end somebody has looked often enough. */
  public async settle(): Promise<void> {
    const { world, workload } = this;
    const left = (): readonly AccountPlan[] =>
      workload.accounts.filter(({ tenant, accountId }) =>
        hasOrphan(world.table as StrongTable, world.options.subject.accountPk(tenant, accountId)),
      );
    world.calm();
    for (let rounds = 0; rounds < settlingRounds && left().length > 0; rounds += 1) {
      for (const account of left()) this.visit(account, world.upRegions);
      await world.scheduler.run();
    }
  }

  /** The account of an open load gets small again when some calls look after it, one after the other and with nothing amiss. */
  public async settleLoad(watch: LoadWatch, account: AccountPlan): Promise<void> {
    const { world } = this;
    const home = world.options.table === 'HOME';
    world.calm();
    await watch.end(() => {
      if (home) return this.lookAtHome(account);
      this.visit(account, world.upRegions);
      return world.scheduler.run();
    });
  }

  /** Whichever call it is looks after the account then; one of this payment if need be, answered or not. */
  public lookAtHome(account: AccountPlan, paymentId?: string): Promise<void> {
    (this.world.options.subject.bounds as { trimEvery: number }).trimEvery = 1;
    this.repeat(account, paymentId);
    return this.world.scheduler.run();
  }

  private payOnce(payment: PaymentPlan): void {
    if (this.begun.has(payment)) return;
    this.begun.add(payment);
    this.pay(payment);
  }

  /** A home that is moved is in use: some of the payments to come are made around that moment. */
  private hasten(): void {
    const { only } = this.options;
    const next = this.workload.payments.filter((payment) => !this.begun.has(payment) && (!only || only.has(payment.number))).slice(0, 2);
    for (const payment of next) {
      this.begun.add(payment);
      this.world.scheduler.after(this.chance.below(1_500), () => this.pay(payment));
    }
  }

  private pay(payment: PaymentPlan): void {
    const { account, number } = payment;
    if (!this.opened.has(account)) return this.world.scheduler.after(1_000, () => this.pay(payment));
    const command = { idempotencyKey: payment.key, accountId: account.accountId, amount: payment.amount, currency: 'EUR' };
    const { tries } = this;
    if (number >= (this.workload.load?.firstNumber ?? Infinity)) this.world.met('loadPayment');
    this.want(number, account.tenant, account.accountId, { kind: 'authorise', command }, tries, (outcome) => {
      if (outcome.kind === 'answered' && 'payment' in outcome) this.follow(payment, outcome.payment.paymentId);
    });
    if (payment.earlyReadAfterMs !== undefined) {
      const paymentId = paymentIdOf(account.tenant, command.idempotencyKey);
      this.world.scheduler.after(payment.earlyReadAfterMs, () =>
        this.want(number, account.tenant, account.accountId, { kind: 'readPayment', paymentId }, 2),
      );
    }
    if (payment.twinAfterMs === undefined) return undefined;
    return this.world.scheduler.after(payment.twinAfterMs, () => {
      const { accountId } = accountOfTwin(payment, this.opened);
      this.world.met(accountId === account.accountId ? 'otherAmount' : 'otherAccount');
      const twin = { ...command, accountId, amount: payment.amount + 1 };
      this.want(number, account.tenant, accountId, { kind: 'authorise', command: twin }, tries);
    });
  }

  /** What is asked of a payment once its client knows it. */
  private follow(payment: PaymentPlan, paymentId: string): void {
    const {
      account: { tenant, accountId },
      key,
      moves,
      number,
    } = payment;
    const { scheduler } = this.world;
    moves.forEach(({ type, amount, afterMs, reusesKey }, move) =>
      scheduler.after(afterMs, () => {
        const idempotencyKey = reusesKey ? key : `${key}-move-${move}`;
        this.want(
          number,
          tenant,
          accountId,
          { kind: 'move', command: { idempotencyKey, paymentId, type, ...(amount === undefined ? {} : { amount }) } },
          this.tries,
        );
      }),
    );
    for (const afterMs of payment.readAfterMs) {
      scheduler.after(afterMs, () => this.want(number, tenant, accountId, { kind: 'readPayment', paymentId }, 4));
    }
  }

  private want(
    plan: number,
    tenant: string,
    accountId: string,
    operation: Operation,
    tries: number,
    finished?: (outcome: Intent['answers'][number]['outcome']) => void,
  ): void {
    const intent = this.world.history.add({ plan, tenant, accountId, operation });
    this.world
      .client(intent, { tries, longestWaitMs: 2_000, ...(tries === triesInLiveness ? { againAtMs: this.faultsEndMs } : {}) }, finished)
      .start();
  }

  private get tries(): number {
    const some = this.options.table === 'HOME' ? [3, 10, 30] : [2, 5, 8];
    return this.options.mode === 'LIVENESS' ? triesInLiveness : this.chance.pick(some);
  }

  /** Trimming happens after some answers; here it happens at other times too, since it may at any. */
  private tidy(): void {
    // Where items are kept by epoch, only the ledger itself knows where they are.
    if (this.options.table === 'HOME') return;
    const { scheduler } = this.world;
    for (const [from, to] of this.workload.busy) {
      for (let round = 0; round < 4; round += 1) {
        const account = this.chance.pick(this.workload.accounts);
        scheduler.at(this.chance.between(from, to), () => this.visit(account));
      }
    }
  }

  /** Repeats a payment of an account: whichever call it is looks after the account, where only calls do. */
  private repeat({ tenant, accountId }: AccountPlan, paymentId?: string): void {
    const isAnswered = ({ answers }: Intent): boolean => answers.some(({ outcome }) => outcome.kind === 'answered');
    const answered = this.world.history.of({ tenant, accountId }).filter((intent) => {
      if (intent.operation.kind !== 'authorise') return false;
      return paymentId === undefined ? isAnswered(intent) : paymentIdOf(tenant, intent.operation.command.idempotencyKey) === paymentId;
    });
    if (answered.length === 0) return;
    const { operation } = this.chance.pick(answered);
    this.world.invoke(
      this.chance.pick(regions),
      tenant,
      (ledger, context) => ledger.authorise(context, (operation as Extract<Operation, { kind: 'authorise' }>).command),
      () => undefined,
    );
  }

  private visit({ tenant, accountId }: AccountPlan, from: readonly string[] = regions): void {
    const { subject: shippedNow, rolling } = this.world.options;
    this.world.invoke(
      this.chance.pick(from),
      tenant,
      async (_, context, { ports, region, older }) => {
        const subject = older ? rolling!.before : shippedNow;
        const attempt = new subject.Attempt(ports, { region }, context);
        await attempt.bestEffort(() => subject.trim(attempt, subject.accountPk(tenant, accountId)));
      },
      () => undefined,
    );
  }
}
