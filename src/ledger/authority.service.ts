import { Attempt, GaveUp } from './attempt.service';
import { Change, Condition, Item } from './ports';

/** Who may write, and until when: one record for each unit of accounts, in a table that is strongly consistent across regions. */
export interface AuthorityRecord {
  readonly home: string;
  /** Rises with every change of home. */
  readonly epoch: number;
  /** Epoch milliseconds, by the home's clock; nobody writes for the home later than this. */
  readonly leaseUntil: number;
  readonly state: 'OPEN' | 'DRAINING';
  /** While draining: who comes next. */
  readonly drainTo?: string;
  /** Another region could not reach the home and waits for the lease's end: only work renews it now. */
  readonly contested?: boolean;
}

/** How HOME_REGION is run; the same in every region. */
export interface HomeSettings {
  /** Regions that can be home; without a record, a unit begins in one of them by its number. */
  readonly regions: readonly string[];
  /** How many units the tenants are spread over, by hash; 1: all accounts have one home. */
  readonly units: number;
  /** Length of a lease. Longer than `requestMs`. */
  readonly leaseMs: number;
  /** Longest that one request's writing may take: the functions' timeout. */
  readonly requestMs: number;
  /** How far apart two regions' clocks may stand. */
  readonly clockMarginMs: number;
  /** How old a copy of the record may be when a request begins. */
  readonly refreshMs: number;
  /** Who takes over from a home that cannot be reached. */
  readonly takeover: 'AUTOMATIC' | 'OPERATOR';
}

/** What this region may do for a unit now. */
export type Standing =
  /** Write, in this epoch, until then (own clock). */
  | { readonly kind: 'home'; readonly epoch: number; readonly untilMs: number }
  | { readonly kind: 'elsewhere'; readonly record: AuthorityRecord }
  | { readonly kind: 'draining'; readonly record: AuthorityRecord };

export type TakeoverResult =
  | { readonly kind: 'taken'; readonly record: AuthorityRecord }
  /** The home's lease, or a request under it, may still be alive: not before so many milliseconds have passed. */
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'changed' };

/** Records that one request reads. */
const readAtOnce = 100;
/** The share of a lease below which an idle home renews it: long before another region may take over, and no more often than it must. */
const keepBelow = 1 / 3;

const unitPk = (unit: number): string => `u#${unit}`;

/** Reads, renews and moves leases; one instance for each function instance and unit table. */
export class Authority {
  private readonly copies = new Map<number, { readonly record: AuthorityRecord; readonly readAt: number }>();

  constructor(private readonly region: string, private readonly settings: HomeSettings) {
    if (settings.leaseMs <= settings.requestMs) {
      throw new Error(`a lease of ${settings.leaseMs} ms does not outlive a request of ${settings.requestMs} ms: make it longer`);
    }
  }

  /** Where the region stands, with a lease that outlives a request if it is home. Throws `GaveUp` when the table cannot tell. */
  public async standing(attempt: Attempt, unit: number): Promise<Standing> {
    const now = attempt.ports.nowMs();
    const copy = this.copies.get(unit);
    let record = copy && now - copy.readAt < this.settings.refreshMs ? copy.record : await this.read(attempt, unit);
    if (record.home === this.region && record.state === 'OPEN' && this.isShort(record, attempt.ports.nowMs())) record = await this.renew(attempt, unit, record);
    if (record.home !== this.region) return { kind: 'elsewhere', record };
    if (record.state === 'DRAINING') return { kind: 'draining', record };
    if (record.leaseUntil < attempt.ports.nowMs() + this.settings.requestMs) throw new GaveUp('unknown', new Error('the lease could not be renewed in time'));
    return { kind: 'home', epoch: record.epoch, untilMs: record.leaseUntil };
  }

  /** Who is home, for whoever only reads: nothing is made or renewed. */
  public async lookUp(attempt: Attempt, unit: number): Promise<AuthorityRecord> {
    const now = attempt.ports.nowMs();
    const copy = this.copies.get(unit);
    if (copy && now - copy.readAt < this.settings.refreshMs) return copy.record;
    const item = await attempt.strongRead(unitPk(unit));
    return item ? this.keep(unit, item, now) : this.first(unit);
  }

  /** Reads the record, and makes it if this is the unit's first use. */
  public async read(attempt: Attempt, unit: number): Promise<AuthorityRecord> {
    const readAt = attempt.ports.nowMs();
    let item = await attempt.strongRead(unitPk(unit));
    if (!item) {
      const first = { pk: unitPk(unit), ...this.first(unit), version: 1 };
      const made = await attempt.create(first);
      item = made.kind === 'refused' && made.found ? made.found : first;
    }
    return this.keep(unit, item, readAt);
  }

  /** Takes over from a home whose lease has run out, and with it every request that it allowed. */
  public async takeOver(attempt: Attempt, unit: number): Promise<TakeoverResult> {
    const record = await this.read(attempt, unit);
    if (record.home === this.region) return { kind: 'changed' };
    const now = attempt.ports.nowMs();
    const free = record.leaseUntil + this.settings.requestMs + this.settings.clockMarginMs;
    if (now <= free) return this.wait(attempt, unit, record, free - now);
    return this.assume(attempt, unit, record, now);
  }

  /**
   * Renews what this region holds, without having work for it: a home with nothing to do must not look like a lost one. Nothing is made or
   * taken over, a draining unit is left alone, and so is one that another region waits for: there only work shows that the home works.
   */
  public async keepHeld(attempt: Attempt): Promise<void> {
    const pks = Array.from({ length: this.settings.units }, (_, unit) => unitPk(unit));
    for (let from = 0; from < pks.length; from += readAtOnce) {
      const items = await attempt.patiently((store) => store.readMany(pks.slice(from, from + readAtOnce)));
      const now = attempt.ports.nowMs();
      const running = (items as unknown as (Item & AuthorityRecord)[]).filter(({ home, state, leaseUntil, contested }) =>
        home === this.region && state === 'OPEN' && !contested && leaseUntil - now < this.settings.leaseMs * keepBelow);
      await Promise.all(running.map(({ pk, epoch }) => attempt.change(this.renewal(pk, epoch, now + this.settings.leaseMs, [{ test: 'absent', path: ['contested'] }]))));
    }
  }

  /** Stops the home's writing, in order to move it: from here on no lease is renewed. */
  public async beginDrain(attempt: Attempt, unit: number, to: string): Promise<AuthorityRecord | undefined> {
    if (!this.settings.regions.includes(to)) throw new Error(`'${to}' is no region of this ledger: move to one of ${this.settings.regions.join(', ')}`);
    const record = await this.read(attempt, unit);
    if (record.home === to || (record.state === 'DRAINING' && record.drainTo !== to)) return undefined;
    if (record.state === 'DRAINING') return record;
    return this.change(attempt, unit, record, [[['state'], 'DRAINING'], [['drainTo'], to]]);
  }

  /** Gives a drained unit to its next home. Only after the proof that this region has everything that the last epoch wrote. */
  public async completeDrain(attempt: Attempt, unit: number): Promise<AuthorityRecord | undefined> {
    const record = await this.read(attempt, unit);
    if (record.state !== 'DRAINING' || record.drainTo !== this.region) return undefined;
    const assumed = await this.assume(attempt, unit, record, attempt.ports.nowMs());
    return assumed.kind === 'taken' ? assumed.record : undefined;
  }

  /** Leaves the unit where it is. */
  public async abortDrain(attempt: Attempt, unit: number): Promise<AuthorityRecord | undefined> {
    const record = await this.read(attempt, unit);
    return record.state === 'DRAINING' ? this.change(attempt, unit, record, [[['state'], 'OPEN']]) : undefined;
  }

  /** When the last write of a draining home can have been sent, by any clock: it refreshes its copy, and a request has an end. */
  public quietAfterMs(record: AuthorityRecord, drainedAt: number): number {
    const { refreshMs, requestMs, clockMarginMs } = this.settings;
    return Math.min(record.leaseUntil, drainedAt + refreshMs + requestMs) + clockMarginMs;
  }

  /** Forgets what was read: for whoever was told by another region that it is out of date. */
  public forget(unit: number): void {
    this.copies.delete(unit);
  }

  private first(unit: number): AuthorityRecord {
    return { home: this.settings.regions[unit % this.settings.regions.length], epoch: 1, leaseUntil: 0, state: 'OPEN' };
  }

  private isShort(record: AuthorityRecord, now: number): boolean {
    const { leaseMs, requestMs } = this.settings;
    return record.contested === true || record.leaseUntil - now < requestMs + (leaseMs - requestMs) / 2;
  }

  /** Not before the lease has run out; until then the home has to show by its work that it works. */
  private async wait(attempt: Attempt, unit: number, { epoch, contested }: AuthorityRecord, ms: number): Promise<TakeoverResult> {
    const contest = (): Promise<unknown> => attempt.change({
      pk: unitPk(unit), require: [{ test: 'equals', path: ['epoch'], value: epoch }, { test: 'absent', path: ['contested'] }], set: [[['contested'], true]],
    });
    if (!contested) await attempt.kindly(contest);
    return { kind: 'wait', ms };
  }

  private renewal(pk: string, epoch: number, leaseUntil: number, more: readonly Condition[]): Change {
    return {
      pk,
      require: [
        { test: 'equals', path: ['home'], value: this.region }, { test: 'equals', path: ['epoch'], value: epoch },
        { test: 'equals', path: ['state'], value: 'OPEN' }, { test: 'below', path: ['leaseUntil'], value: leaseUntil }, ...more,
      ],
      set: [[['leaseUntil'], leaseUntil]],
    };
  }

  private async renew(attempt: Attempt, unit: number, record: AuthorityRecord): Promise<AuthorityRecord> {
    const now = attempt.ports.nowMs();
    const leaseUntil = now + this.settings.leaseMs;
    const result = await attempt.change({ ...this.renewal(unitPk(unit), record.epoch, leaseUntil, []), remove: [['contested']] });
    if (result.kind === 'written') return this.keep(unit, { ...itemOf(unit, record), leaseUntil, contested: false }, now);
    if (!result.found) throw new Error(`the authority's record of unit ${unit} has vanished`);
    return this.keep(unit, result.found, now);
  }

  private async assume(attempt: Attempt, unit: number, record: AuthorityRecord, now: number): Promise<TakeoverResult> {
    const next: AuthorityRecord = { home: this.region, epoch: record.epoch + 1, leaseUntil: now + this.settings.leaseMs, state: 'OPEN' };
    const changed = await this.change(attempt, unit, record, [
      [['home'], next.home], [['epoch'], next.epoch], [['leaseUntil'], next.leaseUntil], [['state'], 'OPEN'],
      [['takenFrom'], record.home], [['takenAt'], now],
    ]);
    return changed ? { kind: 'taken', record: changed } : { kind: 'changed' };
  }

  /** Changes a record that is still as it was read: any renewal in between refuses it. */
  private async change(
    attempt: Attempt, unit: number, record: AuthorityRecord, set: readonly (readonly [readonly [string], string | number])[],
  ): Promise<AuthorityRecord | undefined> {
    const result = await attempt.change({
      pk: unitPk(unit),
      require: [
        { test: 'equals', path: ['epoch'], value: record.epoch }, { test: 'equals', path: ['leaseUntil'], value: record.leaseUntil },
        { test: 'equals', path: ['state'], value: record.state },
      ],
      set,
      remove: [['contested']],
    });
    const item = { ...itemOf(unit, record), ...Object.fromEntries(set.map(([[name], value]) => [name, value])) };
    if (result.kind === 'written') return this.keep(unit, item, attempt.ports.nowMs());
    // Made by an earlier try of this same call whose answer was lost.
    const mine = result.found && set.every(([[name], value]) => result.found![name] === value);
    return mine ? this.keep(unit, result.found!, attempt.ports.nowMs()) : undefined;
  }

  private keep(unit: number, item: Item, readAt: number): AuthorityRecord {
    const { home, epoch, leaseUntil, state, drainTo, contested } = item as unknown as AuthorityRecord;
    const record: AuthorityRecord = {
      home, epoch, leaseUntil, state, ...(state === 'DRAINING' && drainTo ? { drainTo } : {}), ...(contested ? { contested } : {}),
    };
    this.copies.set(unit, { record, readAt });
    return record;
  }
}

const itemOf = (unit: number, record: AuthorityRecord): Item => ({ pk: unitPk(unit), ...record });
