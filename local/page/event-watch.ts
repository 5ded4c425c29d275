import { setTimeout as sleep } from 'node:timers/promises';
import type { ReceivedEvent } from '../ground/model';
import type { PageState, ReceivedEvents } from './views/model';

export interface EventWatchDeps {
  readonly read: () => Promise<readonly ReceivedEvent[]>;
  /** Whether anybody looks. */
  readonly wanted: () => boolean;
  readonly everyMs?: number;
}

const latestKept = 20;
const longestReadMs = 10_000;
/** Reading the inboxes costs the emulators time: it may take this part of it. */
const shareOfTime = 5;

/** What the regions' consumers received, read again and again while somebody looks. */
export class EventWatch {
  private readonly timer: NodeJS.Timeout;
  private reading?: Promise<void>;
  private notBefore = 0;
  private current?: PageState['events'];

  constructor(private readonly deps: EventWatchDeps) {
    this.timer = setInterval(() => {
      if (deps.wanted() && Date.now() >= this.notBefore) void this.look();
    }, deps.everyMs ?? 1_000).unref();
  }

  public seen(): PageState['events'] {
    return this.current ?? { received: [], latest: [] };
  }

  public close(): void {
    clearInterval(this.timer);
  }

  /** Reads now, unless it is being read. */
  public look(): Promise<void> {
    this.reading ??= this.read().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  /** A region that is away tells nothing: what it told before stays. */
  private withAway(fresh: NonNullable<PageState['events']>): PageState['events'] {
    const away = this.current?.received.filter(({ region }) => !fresh.received.some((each) => each.region === region)) ?? [];
    return { ...fresh, received: [...fresh.received, ...away] };
  }

  private async read(): Promise<void> {
    const began = Date.now();
    const events = await soon(this.deps.read(), longestReadMs);
    this.notBefore = Date.now() + (Date.now() - began) * shareOfTime;
    if (events) this.current = this.withAway(summaryOf(events));
  }
}

/** What comes in time; undefined for what fails or waits for a region that is stopped meanwhile. */
export function soon<T>(work: Promise<T>, withinMs: number): Promise<T | undefined> {
  return Promise.race([work.catch(() => undefined), sleep(withinMs, undefined, { ref: false })]);
}

/** Counts by region and type, and the latest events, newest first. */
export function summaryOf(events: readonly ReceivedEvent[]): NonNullable<PageState['events']> {
  const received = new Map<string, { region: string; events: number; duplicates: number; byType: Record<string, number> }>();
  for (const { region, type, duplicate } of events) {
    const counts = received.get(region) ?? { region, events: 0, duplicates: 0, byType: {} };
    received.set(region, counts);
    if (duplicate) {
      counts.duplicates += 1;
    } else {
      counts.events += 1;
      counts.byType[type] = (counts.byType[type] ?? 0) + 1;
    }
  }
  const time = ({ at }: ReceivedEvent): number => new Date(at).getTime();
  return {
    received: [...received.values()] satisfies ReceivedEvents[],
    latest: [...events].sort((a, b) => time(b) - time(a)).slice(0, latestKept),
  };
}
