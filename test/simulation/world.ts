import { Client, ClientWorld, Patience } from './client';
import { EventMesh } from './events/mesh';
import { MeshSettings } from './events/mesh-plan';
import { FaultName, FaultPlan } from './faults';
import { Call, FunctionInstance, FunctionWorld } from './functions';
import { Geography } from './geography';
import { Answered, describeOperation, describeOutcome, History, Intent, Outcome } from './history';
import { forwarder, homeSettings, HomeWorld } from './home';
import { PublicName, staleShare } from './public-name';
import { Scheduler } from './scheduler';
import { Subject } from './subject';
import { EventualTable } from './tables/eventual-table';
import { StrongTable } from './tables/strong-table';
import { Table } from './tables/table';
import { CallContext, Ledger, LedgerEvent } from '../../src/ledger/model';
import { Decision, DecisionRequest, Item } from '../../src/ledger/ports';
import { Chance } from '../../tools/memory/chance';

/** A strong global table; an eventual one, last writer wins; an eventual one in which one region writes for each account. */
export type TableKind = 'STRONG' | 'EVENTUAL' | 'HOME';

export interface WorldOptions {
  readonly seed: number;
  readonly regions: readonly string[];
  readonly plan: FaultPlan;
  readonly subject: Subject;
  readonly table: TableKind;
  /** Virtual time at which faults end; none: they never do. */
  readonly faultsEndMs: number;
  /** The release before, and until when each region works with it; absent: all run the subject. */
  readonly rolling?: { readonly before: Subject; readonly deployedAt: Readonly<Record<string, number>> };
  /** Whether a team's own decision function takes part. */
  readonly decides: boolean;
  /** HOME: clients go where the public name leads them, and it follows the home. @default false */
  readonly dns?: boolean;
  /** Absent: nobody publishes what was decided. */
  readonly mesh?: MeshSettings;
  /** Told of everything that happens, to print a failure. */
  readonly trace?: (line: string) => void;
}

const latenessMs = [1_000, 20_000, 20 * 60_000, 2 * 86_400_000];

/** Regions with a strong global table, functions that run the ledger, and the network between clients and them. */
export class World {
  public readonly scheduler = new Scheduler();
  public readonly history = new History();
  public readonly counts = new Map<FaultName | LedgerEvent, number>();
  public readonly geography: Geography;
  public readonly table: Table;
  public readonly mesh?: EventMesh;
  /** By which clients find their region; absent: they choose for themselves. */
  private readonly publicName?: PublicName;
  private readonly chance: Chance;
  private readonly pools: ReadonlyMap<string, FunctionInstance[]>;
  public readonly functions: FunctionWorld;
  private instances = 0;
  /** How many clients each plan has had so far. */
  private readonly places = new Map<number, number>();
  private tracing = true;
  private calmed = false;

  constructor(public readonly options: WorldOptions) {
    const { seed, regions, plan } = options;
    this.chance = new Chance(seed, 'faults');
    this.geography = new Geography(regions, this.scheduler, this.chance, plan, (what, region) => {
      this.met(what);
      this.trace(() => `--- ${what} ${region}`);
    });
    this.pools = new Map(regions.map((region) => [region, []]));
    if (options.dns) {
      this.publicName = new PublicName(regions, new Chance(seed, 'public name').pick(regions), (region) => this.geography.isUp(region));
    }
    const eventual = options.table !== 'STRONG';
    this.table = eventual ? this.eventualTable() : this.strongTable();
    this.table.onWrite = (item) => this.checkBalances(item);
    this.functions = {
      scheduler: this.scheduler,
      geography: this.geography,
      chance: this.chance,
      plan,
      table: this.table,
      route: eventual
        ? { there: (region) => this.geography.isUp(region), back: (region) => this.geography.isUp(region) }
        : { there: (region) => this.geography.canSend(region), back: (region) => this.geography.canHear(region) },
      subject: options.subject,
      faulty: () => this.faulty(),
      met: (fault) => this.met(fault),
      observe: (event) => this.met(event),
      trace: (line) => this.trace(line),
      ...(options.table === 'HOME' ? { home: this.homeWorld() } : {}),
      ...(options.decides ? { decide: (request: DecisionRequest) => this.decide(request) } : {}),
    };
    if (!options.mesh) return;
    const mesh = new EventMesh({ ...this.functions, chance: new Chance(seed, 'mesh') }, regions, options.mesh);
    this.mesh = mesh;
    this.table.onStream = (change, replica) => mesh.wrote(change, replica);
  }

  private strongTable(): Table {
    return new StrongTable({
      nowMs: () => this.scheduler.nowMs,
      chance: this.chance.next,
      hasQuorum: (region) => this.geography.canSend(region),
      staleByMs: (region) => this.geography.staleByMs(region),
      catchingUp: (region) => this.geography.catchingUp(region),
    });
  }

  private homeWorld(): HomeWorld {
    const authority = this.strongTable();
    const epochs = new Map<string, number>();
    // Counted where it happens: a function may take over, and die before it can say so.
    authority.onWrite = ({ pk, epoch, home, move }) => {
      if ((epoch as number) > (epochs.get(pk) ?? 1)) {
        this.met('homeChanged');
        this.publicName?.moveTo(home as string);
      }
      epochs.set(pk, epoch as number);
      if ((move as { hurry?: boolean } | undefined)?.hurry) this.onHomeMove();
    };
    return {
      settings: homeSettings(new Chance(this.options.seed, 'home'), this.options.regions),
      authority,
      forward: forwarder({
        scheduler: this.scheduler,
        geography: this.geography,
        chance: this.chance,
        subject: this.options.subject,
        trace: (line) => this.trace(line),
        observe: (event) => this.met(event),
        observeStep: (step) => this.met(step),
        fate: () => (this.faulty() ? this.clientFate() : undefined),
        instance: (region) => this.instance(region),
        threw: (error) => this.threw(error),
        doubtful: (tenant, key) => this.history.doubtful(tenant, key),
      }),
    };
  }

  private eventualTable(): EventualTable {
    const carry = (from: string, to: string, deliver: () => void): void => {
      // Usually a fraction of a second; what a broken link holds back comes when it is mended, in no order.
      const arrive = (): void =>
        this.geography.linked(from, to) && !this.geography.storm('replicationStuck', from)
          ? deliver()
          : this.scheduler.after(this.chance.between(500, 3_000), arrive);
      this.scheduler.after(this.chance.between(40, this.chance.happens(0.1) ? 3_000 : 250), arrive);
    };
    return new EventualTable(this.options.regions, { clockMs: (region) => this.geography.clockMs(region), carry });
  }

  public client(intent: Intent, patience: Patience, finished?: (outcome: Outcome) => void): Client {
    const { publicName } = this;
    // By its place within its plan: leaving other plans out does not change what this client does.
    const place = this.places.get(intent.plan) ?? 0;
    this.places.set(intent.plan, place + 1);
    const stale = publicName && new Chance(this.options.seed, `resolver ${intent.plan} ${place}`).happens(staleShare);
    const world: ClientWorld = {
      regions: this.options.regions,
      ...(publicName
        ? {
            resolve: () => {
              const { region, old } = publicName.resolve(stale!);
              if (old) this.met('staleName');
              return region;
            },
          }
        : {}),
      dispatch: (sent, region, heard) => this.dispatch(sent, this.geography.ledTo(region), heard),
      after: (delayMs, run) => this.scheduler.after(delayMs, run),
      now: () => ({ step: this.scheduler.step, ms: this.scheduler.nowMs }),
    };
    return new Client(world, new Chance(this.options.seed, `client ${intent.plan} ${place}`), intent, patience, finished);
  }

  /** Runs something in a function of a region: the client's request, or an inquiry of the checks. */
  public invoke<T>(
    region: string,
    tenant: string,
    call: Call<T>,
    ended: (answer: T | undefined, older?: boolean) => void,
    unlimited = false,
  ): void {
    if (!this.geography.isUp(region)) return ended(undefined);
    const instance = this.instance(region);
    return instance.run(
      call,
      tenant,
      (result) => {
        if (result.kind === 'threw') this.threw(result.error, instance.older);
        ended(result.kind === 'answered' ? result.answer : undefined, instance.older);
      },
      unlimited,
    );
  }

  /** One may be lost for good. */
  public get upRegions(): readonly string[] {
    return this.options.regions.filter((region) => this.geography.isUp(region));
  }

  /** Whether a region's functions are still those of the release before. */
  private isOlder(region: string): boolean {
    const { rolling } = this.options;
    return rolling !== undefined && this.scheduler.nowMs < rolling.deployedAt[region];
  }

  private threw(error: unknown, older = false): void {
    // The release before does not know what it has met, and says so: its caller is answered 500, and sends again. So it does where the
    // hold that it looks for has left its account.
    const notKnown = /has an unknown form|not readable by this version|has neither a hold nor a closure/;
    if (older && error instanceof Error && notKnown.test(error.message)) {
      return this.met('refusedByOlder');
    }
    this.history.broken.push({ invariant: 'never throws', detail: error instanceof Error ? error.message : String(error) });
  }

  /** What follows is no part of the history: the checks' own inquiries. */
  public quiet(): void {
    this.tracing = false;
  }

  public calm(): void {
    this.calmed = true;
  }

  public faulty(): boolean {
    return !this.calmed && this.scheduler.nowMs < this.options.faultsEndMs;
  }

  private dispatch(intent: Intent, region: string, heard: (answered: Answered) => void): void {
    const { scheduler, chance } = this;
    const { step: sentStep, nowMs: sentMs } = scheduler;
    const fate = this.faulty() ? this.clientFate() : undefined;
    if (fate) this.met(fate);
    this.trace(() => `client ${intent.number} -> ${region}  ${describeOperation(intent)}${fate ? ` (${fate})` : ''}`);
    if (fate === 'requestLost') return;
    const arrive = (): void => {
      if (this.geography.isUp(region)) this.history.delivered(intent);
      this.invoke(
        region,
        intent.tenant,
        (ledger, context) => ask(ledger, context, intent),
        (answer, older = false) => {
          const outcome: Outcome = answer ?? { kind: 'failed' };
          const answered: Answered = { sentStep, step: scheduler.step, sentMs, atMs: scheduler.nowMs, region, outcome, older };
          if (answer) intent.answers.push(answered);
          this.trace(() => `client ${intent.number} <- ${region}  ${describeOutcome(outcome)}${fate === 'answerLost' ? ' (lost)' : ''}`);
          if (fate !== 'answerLost') scheduler.after(chance.between(3, 40), () => heard(answered));
        },
      );
    };
    const delay = fate === 'deliveredLate' ? chance.pick(latenessMs) * chance.between(0.5, 1.5) : chance.between(3, 40);
    scheduler.after(delay, arrive);
    if (fate === 'deliveredTwice') scheduler.after(delay + chance.pick([0, 5, 300]), arrive);
  }

  private clientFate(): 'requestLost' | 'answerLost' | 'deliveredTwice' | 'deliveredLate' | undefined {
    let dice = this.chance.next();
    for (const fate of ['requestLost', 'answerLost', 'deliveredTwice', 'deliveredLate'] as const) {
      dice -= this.options.plan.rates[fate];
      if (dice < 0) return fate;
    }
    return undefined;
  }

  private instance(region: string): FunctionInstance {
    const pool = this.pools.get(region)!;
    for (let at = pool.length - 1; at >= 0; at -= 1) {
      if (pool[at].dead) pool.splice(at, 1);
      else if (!pool[at].busy && pool[at].older === this.isOlder(region)) return pool[at];
    }
    this.instances += 1;
    const older = this.isOlder(region);
    const subject = older ? this.options.rolling!.before : this.options.subject;
    const instance = new FunctionInstance({ ...this.functions, subject }, region, `${region}/${this.instances}`, older);
    pool.push(instance);
    return instance;
  }

  /** A team's function that cannot make up its mind: the ledger must hold to the first word that it wrote down. */
  private decide(request: DecisionRequest): Decision {
    const dice = this.chance.next();
    if (dice < 0.8) return { kind: 'approve' };
    return dice < 0.92 ? { kind: 'decline', reason: `risk_${request.amount % 3}` } : { kind: 'unknown' };
  }

  /** Conservation of money at every single write: the one check that looks into the table. */
  private checkBalances(item: Item): void {
    if (item.kind !== 'ACCOUNT') return;
    const [available, held, settled] = [item.available as number, item.held as number, item.settled as number];
    if (available >= 0 && held >= 0 && settled >= 0 && available + held + settled === item.openedWith) return;
    this.history.broken.push({
      invariant: 'money is conserved',
      detail: `${item.pk}: available ${available}, held ${held}, settled ${settled}, opened with ${String(item.openedWith)}`,
    });
  }

  /** Told when a home is about to be moved, or is being moved. */
  public onHomeMove: () => void = () => undefined;

  /** Adds a line to the history. */
  public note(line: () => string): void {
    this.trace(line);
  }

  public met(what: FaultName | LedgerEvent): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  private trace(line: () => string): void {
    if (this.tracing) this.options.trace?.(`${(this.scheduler.nowMs / 1000).toFixed(3).padStart(12)}  ${line()}`);
  }
}

/** The call of the ledger that an intent stands for. */
function ask(ledger: Ledger, context: CallContext, { operation }: Intent): Promise<Outcome> {
  switch (operation.kind) {
    case 'open':
      return ledger.openAccount(context, operation.command);
    case 'authorise':
      return ledger.authorise(context, operation.command);
    case 'move':
      return ledger.move(context, operation.command);
    case 'readAccount':
      return ledger.getAccount(context, operation.accountId);
    case 'readPayment':
      return ledger.getPayment(context, operation.paymentId);
  }
}
