import { ruleHolds } from './composite';
import { datapoints, judge } from './evaluate';
import { alarmSpecs, type AlarmSpec, type CompositeSpec } from './specs';
import type { AlarmState, AlarmStatus, FabricResource } from '../ground/model';
import type { MetricId, MetricStore } from '../metrics/store';

export interface AlarmsOptions {
  readonly resources: readonly FabricResource[];
  readonly store: MetricStore;
  /** Real milliseconds that stand for a minute. */
  readonly minuteMs: number;
  readonly regionRuns: (region: string) => boolean;
  /**
   * How long after its end a period is looked at: metrics come late. Default: three fifths of a minute as it is here, a second at least.
   */
  readonly delayMs?: number;
  /** Told of each change of state. */
  readonly changed?: (alarm: AlarmSpec | CompositeSpec, state: AlarmState, reason: string, before: AlarmState) => void;
  /** Epoch milliseconds; for tests. */
  readonly now?: () => number;
}

interface TrackedAlarm {
  readonly spec: AlarmSpec | CompositeSpec;
  state: AlarmState;
  /** Held there by hand. */
  forced?: AlarmState;
  reason: string;
  since: number;
  /** End of the last period that was looked at. */
  seen: number;
}

/** Periods that an alarm may look at, and some more for slow ticks. */
const spare = 4;

/** Evaluates the templates' alarms by the run's own metrics, in compressed time. */
export class Alarms {
  /** Metrics that any alarm looks at. */
  public readonly metrics: readonly MetricId[];
  private readonly specs: readonly (AlarmSpec | CompositeSpec)[];
  private readonly entries = new Map<AlarmSpec | CompositeSpec, TrackedAlarm>();
  private readonly now: () => number;
  private readonly delayMs: number;
  private readonly openedAt: number;
  private timer?: NodeJS.Timeout;

  constructor(private readonly options: AlarmsOptions) {
    this.now = options.now ?? Date.now;
    this.delayMs = options.delayMs ?? Math.max(1000, options.minuteMs * 0.6);
    this.openedAt = this.now();
    this.specs = alarmSpecs(options.resources);
    const metrics: MetricId[] = [];
    for (const spec of this.specs) {
      this.entries.set(spec, { spec, state: 'INSUFFICIENT_DATA', reason: 'not evaluated yet', since: this.openedAt, seen: 0 });
      if (spec.kind === 'composite') continue;
      for (const query of spec.queries) {
        if (!('stat' in query)) continue;
        metrics.push(query.metric);
        options.store.want(query.metric, (spec.evaluationPeriods + spare) * this.periodMs(spec) + this.delayMs);
      }
    }
    this.metrics = metrics;
  }

  public start(): void {
    this.timer = setInterval(() => this.tick(), Math.min(1000, this.options.minuteMs / 5));
  }

  public close(): void {
    clearInterval(this.timer);
  }

  /** Looks at every alarm whose latest period has ended. */
  public tick(): void {
    for (const spec of this.specs) if (spec.kind === 'metric') this.evaluate(spec);
    for (const spec of this.specs) if (spec.kind === 'composite') this.compose(spec);
  }

  public status(): AlarmStatus[] {
    return this.specs.map((spec) => {
      const { state, reason, since } = this.entries.get(spec)!;
      return {
        name: spec.name,
        region: spec.region,
        state,
        reason,
        since: new Date(since).toISOString(),
        ...(spec.description === undefined ? {} : { description: spec.description }),
        ...(spec.kind === 'composite' ? { composite: true } : {}),
      };
    });
  }

  /** State of an alarm by name, ARN or what `Ref` gives; undefined for one that is not known. */
  public stateOf(region: string, alarm: string): AlarmState | undefined {
    return this.find(region, alarm)?.state;
  }

  /** An alarm's own name, however it is named, and its state. */
  public named(region: string, alarm: string): Pick<AlarmStatus, 'name' | 'state'> | undefined {
    const entry = this.find(region, alarm);
    return entry && { name: entry.spec.name, state: entry.state };
  }

  /** Holds an alarm in a state, whatever its metrics say, until it is let go with undefined. False: there is no such alarm. */
  public force(region: string, alarm: string, state: AlarmState | undefined): boolean {
    const entry = this.find(region, alarm);
    if (!entry) return false;
    entry.forced = state;
    // What it comes to by itself is looked at anew.
    entry.seen = 0;
    if (state) this.change(entry, state, 'set by hand');
    return true;
  }

  private find(region: string, alarm: string): TrackedAlarm | undefined {
    const name = alarm.startsWith('arn:')
      ? alarm
          .split(':')
          .slice(alarm.includes(':alarm:') ? 6 : 5)
          .join(':')
      : alarm;
    const spec = this.specs.find((one) => one.region === region && (one.name === name || one.alias === name));
    return spec && this.entries.get(spec);
  }

  private periodMs(spec: AlarmSpec): number {
    return Math.max(1, (spec.periodSeconds / 60) * this.options.minuteMs);
  }

  private evaluate(spec: AlarmSpec): void {
    const entry = this.entries.get(spec)!;
    if (spec.unsupported !== undefined) {
      entry.reason = spec.unsupported;
      return;
    }
    if (!this.options.regionRuns(spec.region)) return;
    const periodMs = this.periodMs(spec);
    const end = Math.floor((this.now() - this.delayMs) / periodMs) * periodMs;
    if (end <= entry.seen || end <= this.openedAt) return;
    entry.seen = end;
    // An alarm that has just been made has no past in which data could be missing.
    const young = end < this.openedAt + spec.evaluationPeriods * periodMs && spec.missing === 'breaching';
    try {
      const verdict = judge(young ? { ...spec, missing: 'ignore' } : spec, datapoints(spec, this.options.store, end, periodMs));
      if (verdict) this.change(entry, verdict.state, verdict.reason);
    } catch (error) {
      this.change(entry, 'INSUFFICIENT_DATA', `cannot be evaluated here: ${(error as Error).message}`);
    }
  }

  private compose(spec: CompositeSpec): void {
    if (!this.options.regionRuns(spec.region)) return;
    const entry = this.entries.get(spec)!;
    try {
      const holds = ruleHolds(spec.rule, (alarm) => this.stateOf(spec.region, alarm));
      this.change(entry, holds ? 'ALARM' : 'OK', `${spec.rule} is ${holds ? 'true' : 'false'}`.slice(0, 500));
    } catch (error) {
      this.change(entry, 'INSUFFICIENT_DATA', `cannot be evaluated here: ${(error as Error).message}`);
    }
  }

  private change(entry: TrackedAlarm, found: AlarmState, why: string): void {
    const state = entry.forced ?? found;
    const reason = entry.forced ? 'set by hand' : why;
    const before = entry.state;
    if (before !== state) entry.since = this.now();
    entry.state = state;
    entry.reason = reason;
    if (before !== state) this.options.changed?.(entry.spec, state, reason, before);
  }
}
