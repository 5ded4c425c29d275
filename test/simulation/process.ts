import { FaultName, FaultPlan, ProvisionalStep, RequestFault } from './faults';
import { Geography } from './geography';
import { Scheduler } from './scheduler';
import { Subject } from './subject';
import { Answer, Request, Table, TableFault } from './tables/table';
import { Change, IndexEntry, Item, LedgerStore, WriteResult } from '../../src/ledger/ports';
import { Chance } from '../../tools/memory/chance';

/** What a function reports: an answer, an exception that it should never throw, or nothing any more. */
export type Ended<T> =
  { readonly kind: 'answered'; readonly answer: T } | { readonly kind: 'threw'; readonly error: unknown } | { readonly kind: 'crashed' };

/** Whether what a region sends to a table arrives, and whether its answer does. */
export interface Route {
  readonly there: (region: string) => boolean;
  readonly back: (region: string) => boolean;
}

/** What stays within a region. */
export const local: Route = { there: () => true, back: () => true };

export interface ProcessWorld {
  readonly scheduler: Scheduler;
  readonly geography: Geography;
  readonly chance: Chance;
  readonly plan: FaultPlan;
  readonly subject: Subject;
  /** Whether faults still strike single requests. */
  readonly faulty: () => boolean;
  readonly met: (fault: FaultName) => void;
  readonly trace: (line: () => string) => void;
}

const storeTimeoutMs = 700;
/** How late a request can arrive whose sender has given up: seconds, minutes, days. */
const lateness = [200, 2_000, 20_000, 20 * 60_000, 3 * 86_400_000];
const pauses = [300, 2_500, 40_000, 17 * 60_000];

/** A process in a region: it may crash or stand still at any of its requests, and what it sends may get lost. */
export class Process {
  public busy = false;
  public dead = false;
  private frozenUntil = 0;

  constructor(
    protected readonly around: ProcessWorld,
    public readonly region: string,
    protected readonly name: string,
  ) {}

  /** Runs one call; `ended` is told once. Whatever is still under way at the timeout has crashed. */
  protected start<T>(call: () => Promise<T>, ended: (ended: Ended<T>) => void, timeoutMs?: number): void {
    const { scheduler } = this.around;
    this.busy = true;
    this.crashed = () => ended({ kind: 'crashed' });
    let running = true;
    if (timeoutMs !== undefined) scheduler.after(timeoutMs, () => running && this.crash());
    const done = (result: Ended<T>): void => {
      this.busy = false;
      running = false;
      if (!this.dead) ended(result);
    };
    scheduler.woke();
    call().then(
      (answer) => done({ kind: 'answered', answer }),
      (error: unknown) => done({ kind: 'threw', error }),
    );
  }

  private crashed: () => void = () => undefined;

  private crash(): void {
    if (this.dead) return;
    this.dead = true;
    this.around.trace(() => `${this.name} crashes`);
    this.crashed();
  }

  protected storeOf(table: Table, route: Route): LedgerStore {
    const send = <T extends Answer>(request: Request): Promise<T> => this.send(table, route, request) as Promise<T>;
    return {
      create: (item) => send<WriteResult>({ kind: 'create', item }),
      change: (change) => send<WriteResult>({ kind: 'change', change }),
      read: (pk, strong) => send<Item | undefined>({ kind: 'read', pk, strong }),
      readMany: (pks) => send<readonly Item[]>({ kind: 'readMany', pks }),
      list: (account, limit, from) =>
        send<readonly IndexEntry[]>({ kind: 'list', account, limit, ...(from === undefined ? {} : { from }) }),
    };
  }

  private send(table: Table, route: Route, request: Request): Promise<Answer> {
    const { around: world } = this;
    const sentAt = world.scheduler.nowMs;
    const text = (): string => `${this.name} ${describe(request)}`;
    return this.travel(
      text,
      route,
      () => table.perform(request, this.region, sentAt),
      () => stepsOf(request),
    );
  }

  /** A request's way to its effect and back, with all that can befall it. */
  protected travel<T>(
    what: string | (() => string),
    route: Route,
    effect: () => T,
    steps: () => readonly ProvisionalStep[] = () => [],
  ): Promise<T> {
    const { around: world } = this;
    const { geography, scheduler } = world;
    const text = typeof what === 'string' ? () => what : what;
    return new Promise<T>((resolve, reject) => {
      if (this.dead) return;
      const fate = this.fate();
      if (fate) world.met(fate);
      const fail = (kind: 'throttled' | 'conflict' | 'unknown', why: string, afterMs: number): void =>
        scheduler.after(afterMs, () =>
          this.wake(() => {
            world.trace(() => `${text()} -> ${kind} (${why})`);
            reject(new world.subject.StoreFault(kind, why));
          }),
        );
      const arrive = (delayMs: number, then: (result: () => T) => void): void =>
        scheduler.after(delayMs, () => {
          if (!route.there(this.region)) return fail('unknown', 'the request did not get through', storeTimeoutMs);
          return then(this.perform(text, effect, steps));
        });
      const answer = (result: () => T): void => {
        if (!route.back(this.region)) return fail('unknown', 'the answer did not get through', storeTimeoutMs);
        return scheduler.after(geography.latencyMs(this.region), () =>
          this.wake(() => {
            try {
              resolve(result());
            } catch (error) {
              reject(error instanceof TableFault ? new world.subject.StoreFault(error.fault, error.message) : (error as Error));
            }
          }),
        );
      };
      // Half of the pauses strike between the decision to send and the sending.
      const pause = fate === 'pause' ? world.chance.pick(pauses) * world.chance.between(0.5, 1.5) : 0;
      const onTheWay = geography.latencyMs(this.region) + (world.chance.happens(0.5) ? pause : 0);
      if (fate === 'throttled' || fate === 'conflict') return fail(fate, 'refused', onTheWay);
      if (fate === 'lost') return fail('unknown', 'lost', storeTimeoutMs);
      if (fate === 'late') {
        scheduler.after(
          world.chance.pick(lateness) * world.chance.between(0.5, 1.5),
          () => void this.perform(() => `(late) ${text()}`, effect, steps),
        );
        return fail('unknown', 'late', storeTimeoutMs);
      }
      if (fate === 'crash') {
        if (world.chance.happens(0.6)) arrive(onTheWay, () => undefined);
        return this.crash();
      }
      if (fate === 'unanswered') return arrive(onTheWay, () => fail('unknown', 'unanswered', storeTimeoutMs));
      if (fate === 'resent') arrive(onTheWay, () => undefined);
      this.frozenUntil = Math.max(this.frozenUntil, scheduler.nowMs + pause);
      return arrive(fate === 'resent' ? onTheWay + geography.latencyMs(this.region) : onTheWay, answer);
    });
  }

  private perform<T>(text: () => string, effect: () => T, steps: () => readonly ProvisionalStep[]): () => T {
    try {
      const result = effect();
      if ((result as { kind?: string } | undefined)?.kind === 'written') for (const step of steps()) this.around.met(step);
      this.around.trace(() => `${text()} -> ${outcomeOf(result)}`);
      return () => result;
    } catch (error) {
      if (!(error instanceof TableFault)) throw error;
      this.around.met(error.fault === 'conflict' ? 'writeOverlap' : error.message.startsWith('no quorum') ? 'noQuorum' : 'catchingUp');
      this.around.trace(() => `${text()} -> ${error.message}`);
      return () => {
        throw error;
      };
    }
  }

  private fate(): RequestFault | undefined {
    const { around: world } = this;
    if (!world.faulty()) return undefined;
    if (world.geography.storm('throttleStorm', this.region) && world.chance.happens(0.7)) return 'throttled';
    let dice = world.chance.next();
    for (const fault of storeFates) {
      dice -= world.plan.rates[fault];
      if (dice < 0) return fault;
    }
    return undefined;
  }

  /** Lets the function go on, once it is not frozen: neither paused nor in a region that is lost. */
  public wake(run: () => void): void {
    const { scheduler, geography } = this.around;
    if (this.dead) return;
    if (this.frozenUntil > scheduler.nowMs) {
      scheduler.at(this.frozenUntil, () => this.wake(run));
    } else if (!geography.isUp(this.region)) {
      geography.whenUp(this.region, () => scheduler.after(0, () => this.wake(run)));
    } else {
      scheduler.woke();
      run();
    }
  }
}

const storeFates = ['conflict', 'throttled', 'lost', 'unanswered', 'late', 'resent', 'crash', 'pause'] as const;

/** What a write that was made has done to provisional entries, and to fences. */
function stepsOf(request: Request): readonly ProvisionalStep[] {
  if (request.kind === 'create') return request.item.kind === 'FENCE' ? ['fenced'] : [];
  if (request.kind !== 'change') return [];
  const { require, set = [], remove = [] } = request.change;
  const of = (id: string | undefined): string =>
    set
      .filter(([[name, member]]) => name === 'entries' && member === id)
      .map(([, value]) => String(value))
      .join();
  return [
    ...leavingStepsOf(request.change),
    ...set.flatMap(([[name], value]): ProvisionalStep[] => (name === 'entries' && String(value).startsWith('P') ? ['beside'] : [])),
    ...require.flatMap((condition): ProvisionalStep[] => {
      if (condition.test !== 'equals' || typeof condition.value !== 'string') return [];
      if (condition.value === 'FENCE') return ['fenceTaken'];
      if (condition.path[0] !== 'entries' || !condition.value.startsWith('P')) return [];
      const {
        path: [, id],
        value,
      } = condition;
      if (remove.some(([, member]) => member === id)) return sets(set, 'trimmedThrough') ? [] : ['givenBack'];
      const now = of(id);
      return now === ''
        ? []
        : [now === `H${value.slice(1, value.indexOf('/'))}` && request.change.add!.length === 1 ? 'settled' : 'placeTaken'];
    }),
  ];
}

const sets = (set: Change['set'], attribute: string): boolean => (set ?? []).some(([[name]]) => name === attribute);

/** What it has done to holds that leave their accounts, and to what is decided on payments then. */
function leavingStepsOf({ require, set = [], remove = [] }: Change): readonly ProvisionalStep[] {
  const left = require.filter(
    (condition) =>
      condition.test === 'equals' &&
      remove.some(([, member]) => member === condition.path[1]) &&
      'HP'.includes(String(condition.value).charAt(0)),
  );
  return [
    ...(sets(set, 'trimmedThrough') ? left.map((): ProvisionalStep => 'left') : []),
    ...(sets(set, 'entryAt') ? ['datedAgain' as const] : []),
    ...(sets(set, 'dueAt') ? [sets(set, 'closedBy') ? ('closedLate' as const) : ('redated' as const)] : []),
    ...set.flatMap(([[name], value]): ProvisionalStep[] => [
      ...(name === 'entries' && 'KW'.includes(String(value).charAt(0)) ? ['taken' as const] : []),
      ...(name === 'pending' && (value as { refused?: true }).refused ? ['refusedLate' as const] : []),
    ]),
  ];
}

function describe(request: Request): string {
  switch (request.kind) {
    case 'create':
      return `create ${request.item.pk}`;
    case 'change': {
      const { pk, require, set, add, remove } = request.change;
      const parts = [
        ...require.map((condition) =>
          `if ${condition.path.join('.')} ${condition.test} ${'value' in condition ? condition.value : ''}`.trim(),
        ),
        ...(set ?? []).filter(([path]) => path[0] !== 'writtenBy').map(([path, value]) => `${path.join('.')} = ${JSON.stringify(value)}`),
        ...(add ?? [])
          .filter(([path]) => path[0] !== 'version')
          .map(([path, amount]) => `${path.join('.')} ${amount < 0 ? '-' : '+'} ${Math.abs(amount)}`),
        ...(remove ?? []).map((path) => `remove ${path.join('.')}`),
      ];
      return `change ${pk}: ${parts.join(', ')}`;
    }
    case 'read':
      return `read ${request.pk}${request.strong ? '' : ' (eventually)'}`;
    case 'readMany':
      return `read ${request.pks.join(', ')}`;
    case 'list':
      return `list ${request.account}`;
  }
}

function outcomeOf(result: unknown): string {
  const written = result as { kind?: string } | undefined;
  return written?.kind ?? (result === undefined ? 'none' : 'found');
}
