import { AskedBy, AuthorityRecord, HomeSettings, LastAsked, MoveNotice, HomeStanding, TakeoverResult } from './authority.domain';
import { Change, Condition, Item, Value } from '../ports';
import { Attempt, GaveUp } from '../protocol/attempt.service';

/** Records that one request reads. */
const readAtOnce = 100;
/** The share of a lease below which an idle home renews it: long before another region may take over, and no more often than it must. */
const keepBelow = 1 / 3;

const unitPk = (unit: number): string => `u#${unit}`;

/** Asked before a unit without a record counts as new; throws where it is not. */
type FirstUse = () => Promise<void>;

/** A record as it was no earlier than it was asked for. */
interface Copy {
  readonly record: AuthorityRecord;
  readonly readAt: number;
}

/** Reads, renews and moves leases; one instance for each function instance and unit table. */
export class Authority {
  private readonly copies = new Map<number, Copy>();

  constructor(
    private readonly region: string,
    private readonly settings: HomeSettings,
  ) {
    if (settings.leaseMs <= settings.requestMs) {
      throw new Error(`a lease of ${settings.leaseMs} ms does not outlive a request of ${settings.requestMs} ms: make it longer`);
    }
  }

  /** Where the region stands, with a lease that outlives a request if it is home. Throws `GaveUp` when the table cannot tell. */
  public async standing(attempt: Attempt, unit: number, firstUse?: FirstUse): Promise<HomeStanding> {
    let copy = this.copies.get(unit);
    if (!copy || attempt.ports.nowMs() - copy.readAt >= this.timesOf(copy.record).refreshMs) {
      copy = await this.readAgain(attempt, unit, firstUse);
    }
    if (this.isLeftBehind(copy.record, attempt.ports.nowMs())) copy = await this.callOff(attempt, unit, copy.record);
    // A second time when the first one met a change of something else.
    for (let tries = 0; tries < 2 && this.isShort(copy.record, attempt.ports.nowMs()); tries += 1) {
      copy = await this.renew(attempt, unit, copy.record);
    }
    const { record, readAt } = copy;
    if (record.home !== this.region) return { kind: 'elsewhere', record };
    if (record.state === 'DRAINING') return { kind: 'draining', record };
    if (record.leaseUntil < attempt.ports.nowMs() + this.settings.requestMs) {
      throw new GaveUp('unknown', new Error('the lease could not be renewed in time'));
    }
    const { refreshMs, requestMs } = this.timesOf(record);
    return {
      kind: 'home',
      epoch: record.epoch,
      untilMs: Math.min(record.leaseUntil, readAt + refreshMs + requestMs),
      ...(record.move ? { page: record.page! } : {}),
    };
  }

  /** Who is home, for whoever only reads: nothing is made or renewed. */
  public async lookUp(attempt: Attempt, unit: number, firstUse?: FirstUse): Promise<AuthorityRecord> {
    const now = attempt.ports.nowMs();
    const copy = this.copies.get(unit);
    if (copy && now - copy.readAt < this.settings.refreshMs) return copy.record;
    const item = await attempt.strongRead(unitPk(unit));
    if (item) return this.keep(unit, item, now);
    await firstUse?.();
    return this.first(unit);
  }

  /** Reads the record, and makes it if this is the unit's first use. */
  public async read(attempt: Attempt, unit: number, firstUse?: FirstUse): Promise<AuthorityRecord> {
    const readAt = attempt.ports.nowMs();
    let item = await attempt.strongRead(unitPk(unit));
    if (!item) {
      await firstUse?.();
      const first: Item = { ...itemOf(unit, this.first(unit)), version: 1 };
      const put = await attempt.create(first);
      item = put.kind === 'refused' && put.found ? put.found : first;
    }
    return this.keep(unit, item, readAt);
  }

  /**
   * Takes over from a home whose lease has run out, and with it every request that it allowed.
   *
   * @param stopped only a home that was stopped for this, and is still: a takeover that was called off is over
   */
  public async takeOver(attempt: Attempt, unit: number, stopped = false): Promise<TakeoverResult> {
    const record = await this.read(attempt, unit);
    if (record.home === this.region) return { kind: 'changed' };
    if (stopped && (record.state !== 'DRAINING' || record.drainTo !== this.region || record.move)) return { kind: 'changed' };
    const now = attempt.ports.nowMs();
    const free = record.leaseUntil + this.settings.requestMs + this.settings.clockMarginMs;
    // A home that was stopped renews nothing: a mark that it is waited for would only outlast the stop.
    if (now <= free) return stopped ? { kind: 'wait', ms: free - now } : this.wait(attempt, unit, record, free - now);
    return this.assume(attempt, unit, record, now, [unchangedValue('leaseUntil', record.leaseUntil)]);
  }

  /**
   * Renews what this region holds, without having work for it: a home with nothing to do must not look like a lost one. Nothing is made or
   * taken over, a draining unit is left alone, and so is one that another region waits for: there only work shows that the home works.
   */
  public async keepHeld(attempt: Attempt): Promise<void> {
    const pks = Array.from({ length: this.settings.units }, (_, unit) => unitPk(unit));
    for (let from = 0; from < pks.length; from += readAtOnce) {
      const items = await attempt.retrying((store) => store.readMany(pks.slice(from, from + readAtOnce)));
      const now = attempt.ports.nowMs();
      const running = (items as unknown as (Item & AuthorityRecord)[]).filter(
        ({ home, state, leaseUntil, contested }) =>
          home === this.region && state === 'OPEN' && !contested && leaseUntil - now < this.settings.leaseMs * keepBelow,
      );
      await Promise.all(
        running.map(({ pk, epoch }) =>
          attempt.change(this.renewal(pk, epoch, now + this.settings.leaseMs, [{ test: 'absent', path: ['contested'] }])),
        ),
      );
    }
  }

  /** Stops the home's writing, in order to take over: from here on no lease is renewed. */
  public async beginDrain(attempt: Attempt, unit: number, to: string, asked?: AskedBy): Promise<AuthorityRecord | undefined> {
    const record = await this.readFor(attempt, unit, to);
    if (record.home === to || (record.state === 'DRAINING' && record.drainTo !== to)) return undefined;
    if (record.state === 'DRAINING' && !record.move) return record;
    const { leaseMs, requestMs, clockMarginMs } = this.settings;
    const until = attempt.ports.nowMs() + leaseMs + requestMs + 2 * clockMarginMs;
    return this.change(
      attempt,
      unit,
      record,
      [[['state'], 'DRAINING'], [['drainTo'], to], [['drainUntil'], until], ...this.noted('takeover', asked, attempt)],
      over,
    );
  }

  /** Announces a planned move: the home goes on, and notes what it writes on a page of the move's journal. */
  public async beginMove(attempt: Attempt, unit: number, move: MoveNotice, asked?: AskedBy): Promise<AuthorityRecord | undefined> {
    const record = await this.readFor(attempt, unit, move.to);
    const others = record.move && record.move.to !== move.to && record.move.until >= attempt.ports.nowMs();
    if (record.home === move.to || others || (record.state === 'DRAINING' && !record.move)) return undefined;
    // What an earlier mover left half done is begun anew, its drain too.
    return this.change(attempt, unit, record, [
      [['state'], 'OPEN'],
      [['move'], { ...move }],
      [['page'], (record.page ?? 0) + 1],
      ...this.noted('relocate', asked, attempt),
    ]);
  }

  /** Has the home go on to the journal's next page. Undefined: the move is no longer this mover's. */
  public async turnPage(
    attempt: Attempt,
    unit: number,
    mine: AuthorityRecord,
    hurry: boolean,
    until = mine.move!.until,
  ): Promise<AuthorityRecord | undefined> {
    return this.change(attempt, unit, mine, [
      [['move'], { ...mine.move!, hurry, until }],
      [['page'], mine.page! + 1],
    ]);
  }

  /** Stops the home's writing, to give it to the next one. Undefined: the move is no longer this mover's. */
  public async drain(attempt: Attempt, unit: number, mine: AuthorityRecord, until: number): Promise<AuthorityRecord | undefined> {
    return this.change(
      attempt,
      unit,
      mine,
      [
        [['state'], 'DRAINING'],
        [['drainTo'], mine.move!.to],
        [['move'], { ...mine.move!, until }],
      ],
      [['contested']],
    );
  }

  /** Gives a drained unit to its next home. Only after the proof that this region has everything that the last epoch wrote. */
  public async completeDrain(attempt: Attempt, unit: number, mine: AuthorityRecord): Promise<AuthorityRecord | undefined> {
    const assumed = await this.assume(attempt, unit, mine, attempt.ports.nowMs(), []);
    return assumed.kind === 'taken' ? assumed.record : undefined;
  }

  /** Leaves the unit where it is; with `mine`, only if the move is still this mover's. */
  public async abortDrain(
    attempt: Attempt,
    unit: number,
    { mine, asked }: { mine?: AuthorityRecord; asked?: AskedBy } = {},
  ): Promise<AuthorityRecord | undefined> {
    const record = mine ?? (await this.read(attempt, unit));
    if (record.state !== 'DRAINING' && !record.move) return undefined;
    return this.change(attempt, unit, record, [[['state'], 'OPEN'], ...this.noted('abort', asked, attempt)], over);
  }

  /**
   * How long after a change of the record the last writer that does not know of it may go on. Its copy is no older than it says, and it
   * neither writes nor answers later than that: lengths of time, so it does not matter how far apart the clocks stand.
   */
  public unawareMs(before: AuthorityRecord): number {
    const { refreshMs, requestMs } = this.timesOf(before);
    return refreshMs + requestMs;
  }

  /** Forgets what was read: for whoever was told by another region that it is out of date. */
  public forget(unit: number): void {
    this.copies.delete(unit);
  }

  private noted(
    action: LastAsked['action'],
    asked: AskedBy | undefined,
    { ports }: Attempt,
  ): readonly (readonly [readonly [string], Value])[] {
    return asked ? [[['lastAsked'], { ...asked, action, region: this.region, at: ports.nowMs() }]] : [];
  }

  private first(unit: number): AuthorityRecord {
    return { home: this.settings.regions[unit % this.settings.regions.length], epoch: 1, leaseUntil: 0, state: 'OPEN' };
  }

  private isShort(record: AuthorityRecord, now: number): boolean {
    const { leaseMs, requestMs } = this.settings;
    if (record.home !== this.region || record.state !== 'OPEN') return false;
    return record.contested === true || record.leaseUntil - now < requestMs + (leaseMs - requestMs) / 2;
  }

  /** A move or takeover whose maker must have died, at home here; its request may also have arrived late, after it was called off. */
  private isLeftBehind({ home, move, drainUntil }: AuthorityRecord, now: number): boolean {
    return home === this.region && now > (move?.until ?? drainUntil ?? Infinity) + this.settings.clockMarginMs;
  }

  private timesOf({ move }: AuthorityRecord): Pick<HomeSettings, 'refreshMs' | 'requestMs'> {
    const { refreshMs, requestMs, moveRefreshMs, moveRequestMs } = this.settings;
    return move?.hurry ? { refreshMs: moveRefreshMs, requestMs: moveRequestMs } : { refreshMs, requestMs };
  }

  private async readFor(attempt: Attempt, unit: number, to: string): Promise<AuthorityRecord> {
    if (!this.settings.regions.includes(to)) {
      throw new Error(`'${to}' is not a region of this ledger: move to one of ${this.settings.regions.join(', ')}`);
    }
    return this.read(attempt, unit);
  }

  private async readAgain(attempt: Attempt, unit: number, firstUse?: FirstUse): Promise<Copy> {
    await this.read(attempt, unit, firstUse);
    return this.copies.get(unit)!;
  }

  private async callOff(attempt: Attempt, unit: number, record: AuthorityRecord): Promise<Copy> {
    const off = await this.change(attempt, unit, record, [[['state'], 'OPEN']], [['move']]);
    return off ? this.copies.get(unit)! : this.readAgain(attempt, unit);
  }

  /** Not before the lease has run out; until then the home has to show by its work that it works. */
  private async wait(attempt: Attempt, unit: number, { epoch, contested }: AuthorityRecord, ms: number): Promise<TakeoverResult> {
    const contest = (): Promise<unknown> =>
      attempt.change({
        pk: unitPk(unit),
        require: [
          { test: 'equals', path: ['epoch'], value: epoch },
          { test: 'absent', path: ['contested'] },
        ],
        set: [[['contested'], true]],
      });
    if (!contested) await attempt.bestEffort(contest);
    return { kind: 'wait', ms };
  }

  private renewal(pk: string, epoch: number, leaseUntil: number, more: readonly Condition[]): Change {
    return {
      pk,
      require: [
        { test: 'equals', path: ['home'], value: this.region },
        { test: 'equals', path: ['epoch'], value: epoch },
        { test: 'equals', path: ['state'], value: 'OPEN' },
        { test: 'below', path: ['leaseUntil'], value: leaseUntil },
        ...more,
      ],
      set: [[['leaseUntil'], leaseUntil]],
    };
  }

  private async renew(attempt: Attempt, unit: number, record: AuthorityRecord): Promise<Copy> {
    const now = attempt.ports.nowMs();
    const leaseUntil = now + this.settings.leaseMs;
    // Its own copy counts as read now, so what it says of a move must still be so.
    const result = await attempt.change({
      ...this.renewal(unitPk(unit), record.epoch, leaseUntil, [unchangedValue('page', record.page)]),
      remove: [['contested']],
    });
    if (result.kind === 'refused' && !result.found) throw new Error(`the authority's record of unit ${unit} was deleted during the call`);
    this.keep(unit, result.kind === 'written' ? { ...itemOf(unit, record), leaseUntil, contested: false } : result.found!, now);
    return this.copies.get(unit)!;
  }

  private async assume(
    attempt: Attempt,
    unit: number,
    record: AuthorityRecord,
    now: number,
    more: readonly Condition[],
  ): Promise<TakeoverResult> {
    const changed = await this.change(
      attempt,
      unit,
      record,
      [
        [['home'], this.region],
        [['epoch'], record.epoch + 1],
        [['leaseUntil'], now + this.settings.leaseMs],
        [['state'], 'OPEN'],
        [['takenFrom'], record.home],
        [['takenAt'], now],
      ],
      over,
      more,
      // Its lease may have been renewed since, and the next change have begun.
      ({ home, epoch, takenAt }) => home === this.region && epoch === record.epoch + 1 && takenAt === now,
    );
    return changed ? { kind: 'taken', record: changed } : { kind: 'changed' };
  }

  /**
   * Changes a record that is still as it was read, but for its lease.
   *
   * @param isMade whether a record that refused the change shows that an earlier try of this same call made it, whose answer was lost
   */
  private async change(
    attempt: Attempt,
    unit: number,
    record: AuthorityRecord,
    set: readonly (readonly [readonly [string], Value])[],
    remove: readonly (readonly [string])[] = [],
    more: readonly Condition[] = [],
    isMade = (stored: Item): boolean =>
      set.every(([[name], value]) => alike(stored[name], value)) && remove.every(([name]) => stored[name] === undefined),
  ): Promise<AuthorityRecord | undefined> {
    const now = attempt.ports.nowMs();
    const by = record.move?.by;
    const result = await attempt.change({
      pk: unitPk(unit),
      require: [
        unchangedValue('epoch', record.epoch),
        unchangedValue('state', record.state),
        unchangedValue('page', record.page),
        by === undefined ? { test: 'absent', path: ['move'] } : { test: 'equals', path: ['move', 'by'], value: by },
        ...more,
      ],
      set,
      remove,
    });
    const gone = new Set(remove.map(([name]) => name));
    const kept = Object.entries(itemOf(unit, record)).filter(([name]) => !gone.has(name));
    if (result.kind === 'written') {
      return this.keep(
        unit,
        { ...Object.fromEntries(kept), ...Object.fromEntries(set.map(([[name], value]) => [name, value])) } as Item,
        now,
      );
    }
    return result.found && isMade(result.found) ? this.keep(unit, result.found, now) : undefined;
  }

  private keep(unit: number, item: Item, readAt: number): AuthorityRecord {
    const { home, epoch, leaseUntil, state, drainTo, drainUntil, contested, move, lastAsked, page } = item as unknown as AuthorityRecord;
    const record: AuthorityRecord = {
      home,
      epoch,
      leaseUntil,
      state,
      ...(state === 'DRAINING' && drainTo ? { drainTo } : {}),
      ...(state === 'DRAINING' && drainUntil !== undefined ? { drainUntil } : {}),
      ...(contested ? { contested } : {}),
      ...(move ? { move } : {}),
      ...(lastAsked ? { lastAsked } : {}),
      ...(page === undefined ? {} : { page }),
    };
    this.copies.set(unit, { record, readAt });
    return record;
  }
}

const itemOf = (unit: number, record: AuthorityRecord): Item => ({ pk: unitPk(unit), ...record }) as unknown as Item;

/** What a record loses when a home stops, changes or stays after all. */
const over = [['move'], ['contested']] as const;

/** The same value; a table keeps no order in a map. */
function alike(one: Value | undefined, other: Value): boolean {
  if (typeof one !== 'object' || typeof other !== 'object') return one === other;
  return Object.entries(other).every(([name, value]) => (one as Readonly<Record<string, Value>>)[name] === value);
}

/** An attribute is still as it was read. */
const unchangedValue = (name: string, value: string | number | undefined): Condition =>
  value === undefined ? { test: 'absent', path: [name] } : { test: 'equals', path: [name], value };
