import { Answered, Violation } from './history';
import { EventualTable } from './tables/eventual-table';
import { StrongTable } from './tables/strong-table';
import { LoadPlan } from './workload';
import { World } from './world';
import { Item } from '../../src/ledger/ports';

const sampledEveryMs = 250;
/**
 * STRONG: how long an entry may stand unchanged where there are more than `standingAtMost` of them. Then it may go after 0.6 s, with the
 * next look that succeeds. At the slowest rate two calls a second look, each at all entries: nearly seven looks in this time.
 */
const standsAtMostMs = 4_000;
/** On an account with no more entries than that (`crowdedFrom`) each may stand for a minute. */
const standingAtMost = 12;
/** Regions that were lost have caught up by then; a home that was lost has been replaced. */
const recoveredAfterMs = { strong: 10_000, home: 150_000 };
/** Of the answers to a load that nothing disturbs, so many may say "not sure" or "busy". 0.021 is the most that was seen. */
const unsureAtMost = 0.05;
const answersAtLeast = 50;
/** Who asks late in the load is answered later. */
const answeredAfterMs = 10_000;
/** Longer than any entry has to stand. */
const restMs = 16 * 60_000;
/** HOME: one look completes what is open or carried over, and its time begins; one removes it; one is to spare. */
const rounds = { strong: 1, home: 3 };

const codesOf = (item: Item | undefined): readonly (readonly [string, string])[] =>
  Object.entries((item?.entries ?? {}) as Readonly<Record<string, string>>);

/** Looks at the account of an open load, in the table itself: during the load, and when all is over. */
export class LoadWatch {
  private readonly kind: 'strong' | 'home';
  private readonly calmFromMs: number;
  /** Entries as the last sample saw them, and since when they are so. */
  private since = new Map<string, number>();
  private mostStanding = 0;
  private left = 0;

  constructor(
    private readonly world: World,
    private readonly load: LoadPlan,
    faultsEndMs: number,
  ) {
    this.kind = world.options.table === 'HOME' ? 'home' : 'strong';
    this.calmFromMs = faultsEndMs + recoveredAfterMs[this.kind];
  }

  public begin(): void {
    const { load, world } = this;
    world.scheduler.at(load.from, () => world.met('openLoad'));
    if (load.from >= this.calmFromMs) world.scheduler.at(load.from, () => world.met('loadInCalm'));
    if (this.kind === 'home') return;
    for (let at = Math.max(load.from, this.calmFromMs); at <= load.to; at += sampledEveryMs) world.scheduler.at(at, () => this.sample());
  }

  /** How many calls have to look after the account now, so that each entry is looked at. */
  public get looks(): number {
    return 2 * Math.ceil(this.entries().length / this.world.options.subject.bounds.trimAtMost) + 4;
  }

  /** When all calls have ended: lets time pass, and some look after the account. `look` lets one of them. */
  public async end(look: () => Promise<void>): Promise<void> {
    const { scheduler } = this.world;
    for (let round = 0; round < rounds[this.kind]; round += 1) {
      scheduler.after(restMs, () => undefined);
      await scheduler.run();
      for (let { looks } = this; looks > 0; looks -= 1) await look();
    }
    this.left = this.entries().length;
  }

  public violations(): readonly Violation[] {
    const { accountId, tenant } = this.load.account;
    const calm = this.answersInCalm();
    const unsure = calm.filter(({ outcome }) => ['unsure', 'busy', 'failed'].includes(outcome.kind)).length;
    const told = (invariant: string, isBroken: boolean, detail: string): readonly Violation[] =>
      isBroken ? [{ invariant, detail: `account ${tenant}/${accountId}, ${this.load.perSecond} payments a second: ${detail}` }] : [];
    return [
      ...told(
        'entries leave while others come',
        this.mostStanding > standingAtMost,
        `${this.mostStanding} entries stood unchanged for ${standsAtMostMs} ms, at most ${standingAtMost} may`,
      ),
      ...told('an account gets small again', this.left > this.mayStay, `${this.left} entries are left that nothing needs`),
      ...told(
        'most calls are answered',
        calm.length >= answersAtLeast && unsure > unsureAtMost * calm.length,
        `${unsure} of ${calm.length} answers were "not sure" or "busy" although nothing disturbed the load`,
      ),
    ];
  }

  /** With homes, as many as other regions are not asked for. */
  private get mayStay(): number {
    return this.kind === 'home' ? this.world.options.subject.bounds.askFrom - 1 : 0;
  }

  /** To calls that were sent in calm: one that stood still among the faults goes on long after them, and is "not sure" then. */
  private answersInCalm(): readonly Answered[] {
    const { calmFromMs, load, world } = this;
    return world.history.intents
      .filter(({ plan }) => plan >= load.firstNumber)
      .flatMap(({ answers }) => answers)
      .filter(({ atMs, sentMs }) => sentMs >= Math.max(load.from, calmFromMs) && atMs <= load.to + answeredAfterMs);
  }

  private sample(): void {
    const { nowMs } = this.world.scheduler;
    const names = this.entries().map((entry) => entry.join(' '));
    this.since = new Map(names.map((name) => [name, this.since.get(name) ?? nowMs]));
    const standing = [...this.since.values()].filter((since) => nowMs - since >= standsAtMostMs).length;
    this.mostStanding = Math.max(this.mostStanding, standing);
  }

  private entries(): readonly (readonly [string, string])[] {
    const { options, table } = this.world;
    const pk = options.subject.accountPk(this.load.account.tenant, this.load.account.accountId);
    if (table instanceof StrongTable) return codesOf(table.peek(pk));
    const epochOf = (item: Item): number => (item.pk.startsWith(`${pk}@`) ? Number(item.pk.slice(pk.length + 1)) : 0);
    const [newest] = options.regions
      .flatMap((region) => [...(table as EventualTable).items(region)].filter((item) => epochOf(item) > 0))
      .sort((one, other) => epochOf(other) - epochOf(one) || (other.version as number) - (one.version as number));
    return codesOf(newest as Item | undefined);
  }
}
