/** One metric of one region, as CloudWatch tells metrics apart. */
export interface MetricId {
  readonly region: string;
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

export interface Sample {
  readonly at: number;
  readonly value: number;
}

/** Samples of one metric that are kept at most, whatever their age. */
const samplesKept = 20_000;

/** The run's metrics, no longer than an alarm looks back or somebody may ask for them. */
export class MetricStore {
  private readonly series = new Map<string, Sample[]>();
  private readonly wanted = new Map<string, number>();

  /** @param keepMs how long what nobody has asked for is kept, for whoever asks afterwards */
  constructor(private readonly keepMs = 0) {}

  /** Keeps a metric from now on, for so long. */
  public want(metric: MetricId, keepMs: number): void {
    const key = keyOf(metric);
    this.wanted.set(key, Math.max(keepMs, this.wanted.get(key) ?? 0));
  }

  public put(metric: MetricId, value: number, at: number): void {
    const key = keyOf(metric);
    const keepMs = this.wanted.get(key) ?? this.keepMs;
    if (keepMs === 0 || !Number.isFinite(value)) return;
    const samples = this.series.get(key) ?? [];
    samples.push({ at, value });
    const old = samples.findIndex((sample) => sample.at > at - keepMs);
    const excess = Math.max(old < 0 ? 0 : old, samples.length - samplesKept);
    // Not at each sample: taking from the front of a long list is dear.
    if (excess > 500 || samples.length > samplesKept) samples.splice(0, excess);
    this.series.set(key, samples);
  }

  /** Whatever has samples. */
  public ids(): MetricId[] {
    return [...this.series.keys()].map((key) => {
      const [region, namespace, name, dimensions] = JSON.parse(key) as [string, string, string, [string, string][]];
      return { region, namespace, name, dimensions: Object.fromEntries(dimensions) };
    });
  }

  /** Values of samples from `from` (included) to `to` (excluded). */
  public values(metric: MetricId, from: number, to: number): number[] {
    return (this.series.get(keyOf(metric)) ?? []).filter(({ at }) => at >= from && at < to).map(({ value }) => value);
  }
}

function keyOf({ region, namespace, name, dimensions }: MetricId): string {
  return JSON.stringify([region, namespace, name, Object.entries(dimensions).sort(([a], [b]) => (a < b ? -1 : 1))]);
}
