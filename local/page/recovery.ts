import http from 'node:http';
import { isAnswered, type Passage } from './passages';
import { apiHeaders } from '../../src/api/contract';
import type { Dns, RegionHandle } from '../ground/model';
import type { Outage } from './views/model';

export interface RecoveryDeps {
  readonly regions: readonly RegionHandle[];
  readonly dns: Pick<Dns, 'publicName' | 'resolve' | 'regionHealthy'>;
  /** Asks the public name as a caller at `location` with this resolver; the region that answered, undefined without an answer. */
  readonly ask: (location: string, resolver: string) => Promise<string | undefined>;
  /** Called when an outage has gone a step further. */
  readonly onChange?: () => void;
  readonly now?: () => number;
  /** How often the caller asks. Default 100 ms. */
  readonly everyMs?: number;
}

const outagesKept = 5;
const patienceMs = 15_000;

type Open = { -readonly [Key in keyof Outage]: Outage[Key] } & { readonly resolver: string };

/** Counts how long callers of a lost region are without an answer: one of them stands there, and asks all the time. */
export class RecoveryClock {
  /** Newest first. */
  private readonly list: Open[] = [];
  private readonly watches = new Map<string, NodeJS.Timeout>();
  private closed = false;
  private stops = 0;

  constructor(private readonly deps: RecoveryDeps) {
    for (const region of deps.regions) region.onChange((state) => (state === 'stopped' ? this.stopped(region) : this.started(region)));
  }

  public outages(): Outage[] {
    return this.list.map(({ resolver, ...outage }) => outage);
  }

  /** An answer to anybody who stands where the region was lost counts, once callers are led elsewhere. */
  public readonly saw = (passage: Passage): void => {
    const outage = this.list.find(({ region, redirectedAt }) => region === passage.location && redirectedAt !== undefined);
    if (outage && isAnswered(passage)) this.answered(outage, passage.region);
  };

  public close(): void {
    this.closed = true;
    for (const watch of this.watches.values()) clearInterval(watch);
    this.watches.clear();
  }

  private now(): number {
    return (this.deps.now ?? Date.now)();
  }

  private stopped(region: RegionHandle): void {
    const { publicName } = this.deps.dns;
    if (
      this.closed ||
      publicName === undefined ||
      this.list.some((outage) => outage.region === region.name && outage.startedAt === undefined)
    ) {
      return;
    }
    const resolver = `recovery-clock-${region.name}-${(this.stops += 1)}`;
    const answer = this.deps.dns.resolve({ name: publicName, location: region.name, resolver });
    const unaffected = answer.kind === 'found' && answer.region !== region.name;
    const outage: Open = { region: region.name, stoppedAt: this.now(), unaffected, resolver };
    this.list.unshift(outage);
    this.list.length = Math.min(this.list.length, outagesKept);
    if (!unaffected) this.watch(region.name, () => this.look(outage));
  }

  private started(region: RegionHandle): void {
    const outage = this.list.find((each) => each.region === region.name && each.startedAt === undefined);
    if (this.closed || !outage) return;
    outage.startedAt = this.now();
    let resolvers = 0;
    // Each look has a resolver of its own: what an old answer would hide is not what is counted here.
    this.watch(region.name, async () => {
      if (
        this.leadsTo(region.name, region.name, `${outage.resolver}-back-${(resolvers += 1)}`) &&
        this.deps.dns.regionHealthy(region.name)
      ) {
        outage.backAt = this.now();
        this.unwatch(region.name);
      }
    });
  }

  private async look(outage: Open): Promise<void> {
    const { dns, ask } = this.deps;
    if (outage.unhealthyAt === undefined && !dns.regionHealthy(outage.region)) outage.unhealthyAt = this.now();
    if (this.leadsTo(outage.region, outage.region, outage.resolver)) return;
    if (
      dns.publicName === undefined ||
      dns.resolve({ name: dns.publicName, location: outage.region, resolver: outage.resolver }).kind !== 'found'
    ) {
      return;
    }
    outage.unhealthyAt ??= this.now();
    outage.redirectedAt ??= this.now();
    const by = await ask(outage.region, outage.resolver);
    if (by !== undefined) this.answered(outage, by);
  }

  private answered(outage: Open, by: string): void {
    if (by === outage.region || outage.startedAt !== undefined || outage.answeredAt !== undefined) return;
    outage.answeredAt = this.now();
    outage.answeredBy = by;
    this.unwatch(outage.region);
  }

  private leadsTo(region: string, location: string, resolver: string): boolean {
    const { dns } = this.deps;
    const answer = dns.publicName === undefined ? undefined : dns.resolve({ name: dns.publicName, location, resolver });
    return answer?.kind === 'found' && answer.region === region;
  }

  /** One look after the other, never two at once. */
  private watch(region: string, look: () => Promise<void>): void {
    this.unwatch(region);
    let looking = false;
    const once = async (): Promise<void> => {
      if (looking) return;
      looking = true;
      await look().catch(() => {});
      looking = false;
      this.deps.onChange?.();
    };
    const timer = setInterval(() => void once(), this.deps.everyMs ?? 100);
    timer.unref();
    this.watches.set(region, timer);
  }

  private unwatch(region: string): void {
    clearInterval(this.watches.get(region));
    this.watches.delete(region);
  }
}

/** Asks the front door's `/health` as a caller at a place would. */
export function askHealth(url: string): RecoveryDeps['ask'] {
  return (location, resolver) =>
    new Promise((resolve) => {
      const request = http.get(
        `${url}/health`,
        { headers: { 'X-Client-Location': location, 'X-Client-Resolver': resolver }, agent: false, timeout: patienceMs },
        (response) => {
          response.resume();
          const by = response.headers[apiHeaders.servedByRegion.toLowerCase()];
          response.once('close', () => resolve(response.statusCode === 200 && typeof by === 'string' ? by : undefined));
        },
      );
      request.on('timeout', () => request.destroy());
      request.on('error', () => resolve(undefined));
    });
}
