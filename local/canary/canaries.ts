import type { PlannedCanary } from './plans';
import type { ScriptEnd } from './script-run';
import { canaryMetrics } from '../../src/canary/contract';
import type { MetricStore } from '../metrics/store';

/** The last run of a canary. */
export interface CanaryRunView {
  /** ISO 8601, when it began. */
  readonly at: string;
  readonly passed: boolean;
  readonly durationMs: number;
  readonly failure?: string;
}

/** A canary as the front door shows it. */
export interface CanaryView {
  readonly name: string;
  readonly region: string;
  /** `STOPPED` while its region is: a canary is a function of its region. */
  readonly state: 'RUNNING' | 'STOPPED';
  readonly lastRun?: CanaryRunView;
}

export interface CanariesOptions {
  readonly canaries: readonly PlannedCanary[];
  readonly run: (canary: PlannedCanary, signal: AbortSignal) => Promise<ScriptEnd>;
  readonly regionRuns: (region: string) => boolean;
  readonly store: Pick<MetricStore, 'put'>;
  /** How long a minute of the template lasts here. */
  readonly minuteMs: number;
  readonly nowMs: () => number;
}

/** Runs the canaries on their schedules, in compressed time, and publishes of each run what Synthetics does. */
export class Canaries {
  private readonly last = new Map<PlannedCanary, CanaryRunView>();
  private readonly running = new Set<PlannedCanary>();
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly ending = new AbortController();

  constructor(private readonly options: CanariesOptions) {}

  /** The first runs come one after the other: all at once would be a burst. */
  public async start(): Promise<void> {
    for (const canary of this.options.canaries) {
      await this.work(canary);
      if (this.ending.signal.aborted) return;
      this.timers.push(setInterval(() => void this.work(canary), canary.intervalMinutes * this.options.minuteMs));
    }
  }

  public close(): void {
    this.timers.forEach((timer) => clearInterval(timer));
    this.ending.abort();
  }

  public list(): readonly CanaryView[] {
    return this.options.canaries.map((canary) => ({
      name: canary.name,
      region: canary.region,
      state: this.options.regionRuns(canary.region) ? 'RUNNING' : 'STOPPED',
      lastRun: this.last.get(canary),
    }));
  }

  /** One run, unless the one before still goes on or the region is stopped. */
  private async work(canary: PlannedCanary): Promise<void> {
    const { run, regionRuns, nowMs } = this.options;
    if (this.running.has(canary) || !regionRuns(canary.region)) return;
    this.running.add(canary);
    const began = nowMs();
    const { passed, failure } = await run(canary, this.ending.signal);
    this.running.delete(canary);
    // A region that is stopped meanwhile takes the run along: it tells nothing.
    if (this.ending.signal.aborted || !regionRuns(canary.region)) return;
    const durationMs = nowMs() - began;
    this.last.set(canary, { at: new Date(began).toISOString(), passed, durationMs, ...(passed ? {} : { failure }) });
    this.publish(canary, passed, durationMs);
  }

  private publish({ region, name: canary }: PlannedCanary, passed: boolean, durationMs: number): void {
    const { store, nowMs } = this.options;
    const { namespace, canaryDimension, success, duration } = canaryMetrics;
    const metric = { region, namespace, dimensions: { [canaryDimension]: canary } };
    store.put({ ...metric, name: success }, passed ? 100 : 0, nowMs());
    store.put({ ...metric, name: duration }, durationMs, nowMs());
  }
}
