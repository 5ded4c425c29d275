import { AskedBy, AuthorityRecord, HomeSettings } from '../homes/authority.domain';
import { Authority } from '../homes/authority.service';
import { journalKeys, JournalPage, notedOn } from '../homes/move-journal.service';
import { Item } from '../ports';
import { Attempt, GaveUp } from '../protocol/attempt.service';

/** An item's key and version, as a replica has it now. */
export interface ItemVersion {
  readonly pk: string;
  readonly version: number;
}

export interface RelocationPorts {
  /** All of a unit's items in a region's replica, in any order; strongly consistent within its region. */
  readonly scan: (region: string) => AsyncIterable<ItemVersion>;
  /** Strong reads of at most 100 items in a region's replica; missing ones are left out. */
  readonly items: (region: string, pks: readonly string[]) => Promise<readonly Item[]>;
}

/** Where two replicas differ; a sample of keys, newest state of both sides. */
export interface Difference {
  readonly missing: number;
  readonly older: number;
  readonly compared: number;
  readonly sample: readonly string[];
}

export type RelocationResult =
  /** `compared`: items that were compared; `pausedMs`: how long nobody wrote. */
  | { readonly kind: 'moved'; readonly record: AuthorityRecord; readonly compared: number; readonly pausedMs: number }
  /** Not in the state for it: nobody is home there, or another move runs. */
  | { readonly kind: 'refused'; readonly detail: string }
  /** Not everything arrived in time; the old home writes, or writes again. */
  | { readonly kind: 'aborted'; readonly difference: Difference };

const sampleSize = 10;
const readAtOnce = 100;
/** A page holds what is written in this time, and is read while the home writes the next one. */
const pageMs = 10_000;
/** Longest that a home is in a hurry: its slower requests are refused meanwhile, and its mover may be dead. */
const hurryMs = 60_000;
/** Between two looks at what had not arrived. */
const lookAgainMs = 100;
/** What timers may add to a wait. */
const slackMs = 50;

/** The move is over, in the middle of its steps. */
class Ended extends Error {
  constructor(public readonly result: RelocationResult) {
    super(result.kind);
  }
}

/**
 * Moves a unit's home, planned. The long part is done while the home writes: every item is compared, and what is written
 * meanwhile is noted by the home and compared again. Then the home stops, what it noted last is compared, and the next epoch opens: its
 * callers wait for that alone, however large the table. Until the last step the move can be called off at any point, and a call that died
 * can be made again.
 */
export async function relocate(
  attempt: Attempt,
  authority: Authority,
  settings: HomeSettings,
  ports: RelocationPorts,
  unit: number,
  asked?: AskedBy,
): Promise<RelocationResult> {
  const { region } = attempt.settings;
  const move = { to: region, by: attempt.ports.nonce(), until: attempt.context.deadlineMs, hurry: false };
  const begun = await authority.beginMove(attempt, unit, move, asked);
  if (!begun) {
    return { kind: 'refused', detail: `the home of unit ${unit} is ${region} already, or the unit is being moved elsewhere: see 'status'` };
  }
  const relocation = new Relocation(attempt, authority, settings, ports, unit, begun);
  try {
    return await relocation.run();
  } catch (error) {
    await relocation.callOff();
    if (error instanceof Ended) return error.result;
    throw error;
  }
}

class Relocation {
  /**
   * What the new home may lack, with the version that it must have; undefined: the old home's, not yet read. Later ones are noted on later
   * pages.
   */
  private readonly open = new Map<string, number | undefined>();
  private compared = 0;
  /** A page that the home has left, or is about to leave. */
  private left: { readonly page: JournalPage; readonly quietAt: number } | undefined;
  private turnedAt: number;

  constructor(
    private readonly attempt: Attempt,
    private readonly authority: Authority,
    private readonly settings: HomeSettings,
    private readonly ports: RelocationPorts,
    private readonly unit: number,
    private mine: AuthorityRecord,
  ) {
    this.turnedAt = this.now();
  }

  public async run(): Promise<RelocationResult> {
    // From then on every writer notes what it writes.
    await this.sleep(this.settings.refreshMs + this.settings.requestMs + slackMs);
    await this.compareAll();
    await this.settleInPassing();
    // The first page takes as long to leave as a request may last, from the second on little is written on each.
    for (let pages = 0; pages < 2; pages += 1) {
      await this.turn(true);
      await this.readLeft();
      await this.settleInPassing();
    }
    await this.readLeft();
    return this.stop();
  }

  /** Leaves the unit where it is, unless the move is somebody else's by now. */
  public async callOff(): Promise<void> {
    await this.attempt.bestEffort(() => this.authority.abortDrain(this.attempt, this.unit, { mine: this.mine }));
  }

  /** The pause: from here on nobody writes, until the next home does. */
  private async stop(): Promise<RelocationResult> {
    const quietMs = this.authority.unawareMs(this.mine);
    const stoppedAt = this.now();
    const until = stoppedAt + this.settings.movePauseMs;
    this.mine = this.still(await this.authority.drain(this.attempt, this.unit, this.mine, until));
    // Judged before the comparison begins: what it reads must not be changed behind its back.
    await this.sleep(quietMs + slackMs);
    await this.readPage(this.pageOf(this.mine));
    await this.settle(until);
    const record = this.still(await this.authority.completeDrain(this.attempt, this.unit, this.mine));
    return { kind: 'moved', record, compared: this.compared, pausedMs: this.now() - stoppedAt };
  }

  /** Every item once, while the home writes on. */
  private async compareAll(): Promise<void> {
    let batch: ItemVersion[] = [];
    for await (const item of this.ports.scan(this.mine.home)) {
      batch.push(item);
      if (batch.length < readAtOnce) continue;
      await this.compareBatch(batch.splice(0));
      await this.keepPagesShort();
    }
    await this.compareBatch(batch);
    await this.readLeft();
  }

  private async compareBatch(batch: readonly ItemVersion[]): Promise<void> {
    const there = await this.versions(
      this.attempt.settings.region,
      batch.map(({ pk }) => pk),
    );
    this.compared += batch.length;
    for (const { pk, version } of batch) if ((there.get(pk) ?? -1) < version) this.open.set(pk, version);
  }

  private async keepPagesShort(): Promise<void> {
    if (this.left && this.now() >= this.left.quietAt) await this.readLeft();
    if (!this.left && this.now() >= this.turnedAt + pageMs) await this.turn(this.mine.move!.hurry);
  }

  /** The home goes on to the next page; what it leaves may be read when nobody is left who does not know it. */
  private async turn(hurry: boolean): Promise<void> {
    await this.readLeft();
    const before = this.mine;
    const { move } = before;
    const until = hurry && !move!.hurry ? Math.min(move!.until, this.now() + hurryMs) : move!.until;
    this.mine = this.still(await this.authority.turnPage(this.attempt, this.unit, before, hurry, until));
    this.turnedAt = this.now();
    this.left = { page: this.pageOf(before), quietAt: this.turnedAt + this.authority.unawareMs(before) + slackMs };
  }

  private async readLeft(): Promise<void> {
    if (!this.left) return;
    const { page, quietAt } = this.left;
    await this.sleep(quietAt - this.now());
    await this.readPage(page);
    this.left = undefined;
  }

  /** What a page says was written is compared again. */
  private async readPage(page: JournalPage): Promise<void> {
    const noted = notedOn(page, await this.ports.items(this.mine.home, journalKeys(page)));
    if (!noted) {
      throw new Ended({
        kind: 'refused',
        detail: `too many items of unit ${this.unit} were written during the move: move it when there is less traffic`,
      });
    }
    for (const pk of noted) this.open.set(pk, undefined);
    this.compared += noted.length;
  }

  /**
   * Waits until the new home has all that it may lack, item by item: replication keeps no order across items, so no single one can prove
   * it.
   */
  private async settle(until: number, meanwhile?: () => Promise<void>): Promise<void> {
    for (;;) {
      await meanwhile?.();
      const difference = await this.compareOpen();
      if (this.open.size === 0) return;
      if (this.now() + lookAgainMs >= until) throw new Ended({ kind: 'aborted', difference });
      await this.sleep(lookAgainMs);
    }
  }

  private settleInPassing(): Promise<void> {
    // The hurry has an end of its own, long before the mover's time is over.
    return this.settle(this.mine.move!.until - this.settings.movePauseMs, () => this.keepPagesShort());
  }

  private async compareOpen(): Promise<Difference> {
    let [missing, older] = [0, 0];
    const sample: string[] = [];
    const pks = [...this.open.keys()];
    for (let from = 0; from < pks.length; from += readAtOnce) {
      const batch = pks.slice(from, from + readAtOnce);
      await this.readWanted(batch.filter((pk) => this.open.get(pk) === undefined));
      const there = await this.versions(this.attempt.settings.region, batch);
      for (const pk of batch) {
        const copy = there.get(pk);
        if ((copy ?? -1) >= this.open.get(pk)!) {
          this.open.delete(pk);
          continue;
        }
        if (copy === undefined) missing += 1;
        else older += 1;
        if (sample.length < sampleSize) sample.push(pk);
      }
    }
    return { missing, older, compared: this.compared, sample };
  }

  private async readWanted(pks: readonly string[]): Promise<void> {
    const here = await this.versions(this.mine.home, pks);
    // What is not there was noted, and then not written.
    for (const pk of pks) this.open.set(pk, here.get(pk) ?? -1);
  }

  private async versions(region: string, pks: readonly string[]): Promise<ReadonlyMap<string, number>> {
    if (pks.length === 0) return new Map();
    return new Map((await this.ports.items(region, pks)).map(({ pk, version }) => [pk, version as number]));
  }

  private pageOf({ epoch, page }: AuthorityRecord): JournalPage {
    return { unit: this.unit, epoch, page: page! };
  }

  private still(record: AuthorityRecord | undefined): AuthorityRecord {
    if (record) return record;
    throw new Ended({ kind: 'refused', detail: `unit ${this.unit} was changed by another move in the meantime: see 'status'` });
  }

  private async sleep(ms: number): Promise<void> {
    if (ms <= 0) return;
    if (this.now() + ms >= this.attempt.context.deadlineMs) throw new GaveUp('unknown', new Error('the time for the move is over'));
    await this.attempt.ports.sleep(ms);
  }

  private now(): number {
    return this.attempt.ports.nowMs();
  }
}
