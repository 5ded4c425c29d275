import { EpisodeKind, FaultPlan } from './faults';
import { Scheduler } from './scheduler';
import { Chance } from '../../tools/memory/chance';

const catchUpMs = 4_000;
/** The recovery time that the health checks are to keep. */
const noticedAfterMs = 30_000;
/** The third copy of a strong table: a witness that no client talks to. */
const witness = 'witness';

interface Region {
  readonly name: string;
  up: boolean;
  lostAt: number;
  catchingUpUntil: number;
}

/** Regions, their clocks, and the links between them, as the seed's episodes break and mend them. */
export class Geography {
  public readonly active = new Set<EpisodeKind>();
  private readonly regions: ReadonlyMap<string, Region>;
  /** Broken directions, `from>to`, with how many episodes break them. */
  private readonly broken = new Map<string, number>();
  private readonly storms = new Map<string, number>();
  private readonly onReturn: (() => void)[] = [];

  constructor(
    public readonly names: readonly string[],
    private readonly scheduler: Scheduler,
    private readonly chance: Chance,
    private readonly plan: FaultPlan,
    private readonly met: (what: EpisodeKind, region: string) => void,
  ) {
    this.regions = new Map(names.map((name) => [name, { name, up: true, lostAt: 0, catchingUpUntil: 0 }]));
    for (const episode of plan.episodes) {
      scheduler.at(episode.from, () => this.begin(episode.kind, episode.region));
      if (episode.to < Infinity) scheduler.at(episode.to, () => this.end(episode.kind, episode.region));
    }
  }

  /** A region's clock in epoch milliseconds. */
  public clockMs(region: string): number {
    return Math.floor(1_800_000_000_000 + this.scheduler.nowMs + this.plan.skewMs[region]);
  }

  public isUp(region: string): boolean {
    return this.regions.get(region)!.up;
  }

  /** Runs when a region is up: now, or when it comes back. */
  public whenUp(region: string, run: () => void): void {
    if (this.isUp(region)) run();
    else this.onReturn.push(() => this.whenUp(region, run));
  }

  /** Whether something sent by one region arrives in another. */
  public linked(from: string, to: string): boolean {
    return (
      (this.broken.size === 0 || !this.broken.has(`${from}>${to}`)) &&
      (from === witness || this.isUp(from)) &&
      (to === witness || this.isUp(to))
    );
  }

  public canSend(region: string): boolean {
    return this.isUp(region) && (this.broken.size === 0 || this.others(region).some((other) => this.linked(region, other)));
  }

  public canHear(region: string): boolean {
    return this.isUp(region) && (this.broken.size === 0 || this.others(region).some((other) => this.linked(other, region)));
  }

  public catchingUp(region: string): boolean {
    return this.regions.get(region)!.catchingUpUntil > this.scheduler.nowMs;
  }

  /** How old an eventual read may be. */
  public staleByMs(region: string): number {
    const { catchingUpUntil, lostAt } = this.regions.get(region)!;
    const cutOff = !this.canHear(region) || catchingUpUntil > this.scheduler.nowMs;
    return cutOff ? this.scheduler.nowMs - lostAt : 900;
  }

  public storm(kind: 'throttleStorm' | 'slow' | 'replicationStuck', region: string): boolean {
    return this.storms.size > 0 && (this.storms.get(`${kind} ${region}`) ?? 0) > 0;
  }

  /** One way between a function and the table, through the nearest other region. */
  public latencyMs(region: string): number {
    const usual = this.chance.between(2, 30) * (this.plan.distance ?? 1);
    return this.storm('slow', region) ? usual * 40 : usual;
  }

  private others(region: string): readonly string[] {
    return [...this.names.filter((name) => name !== region), witness];
  }

  private begin(kind: EpisodeKind, name: string): void {
    const region = this.regions.get(name)!;
    this.active.add(kind);
    this.met(kind, name);
    region.lostAt = this.scheduler.nowMs;
    if (kind === 'regionLost') region.up = false;
    else this.change(kind, name, 1);
  }

  private end(kind: EpisodeKind, name: string): void {
    const region = this.regions.get(name)!;
    if (kind === 'regionLost') {
      if (region.up || this.isLostForGood(name)) return;
      region.up = true;
      region.catchingUpUntil = this.scheduler.nowMs + this.chance.between(0, catchUpMs);
      for (const run of this.onReturn.splice(0)) run();
    } else {
      this.change(kind, name, -1);
    }
  }

  /** Where a client that goes to a region is led: health checks take one that stays lost out of the name. */
  public ledTo(name: string): string {
    return this.isLostForGood(name, noticedAfterMs) ? this.others(name)[0] : name;
  }

  private isLostForGood(name: string, sinceMs = 0): boolean {
    return this.plan.episodes.some(
      ({ kind, region, from, to }) => kind === 'regionLost' && region === name && from + sinceMs <= this.scheduler.nowMs && to === Infinity,
    );
  }

  private change(kind: EpisodeKind, name: string, by: number): void {
    const directions = (pairs: readonly string[]): void => pairs.forEach((pair) => count(this.broken, pair, by));
    const out = this.others(name).map((other) => `${name}>${other}`);
    const back = this.others(name).map((other) => `${other}>${name}`);
    if (kind === 'isolated') directions([...out, ...back]);
    else if (kind === 'mute') directions(out);
    else if (kind === 'deaf') directions(back);
    else if (kind === 'linkCut') directions(out.slice(0, 1));
    else count(this.storms, `${kind} ${name}`, by);
  }
}

function count(counts: Map<string, number>, key: string, by: number): void {
  const now = (counts.get(key) ?? 0) + by;
  if (now > 0) counts.set(key, now);
  else counts.delete(key);
}
