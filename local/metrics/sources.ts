import { embeddedSamples } from './embedded';
import type { MetricId, MetricStore } from './store';
import type { FabricResource, RegionHandle } from '../ground/model';
import type { AwsApi } from '../network/aws-api';

export interface SourcesOptions {
  readonly api: AwsApi;
  readonly regions: readonly RegionHandle[];
  readonly resources: readonly FabricResource[];
  readonly store: MetricStore;
  /** Metrics that somebody looks at. */
  readonly metrics: readonly MetricId[];
  /** Queues that are counted besides. */
  readonly queues: readonly { readonly region: string; readonly queueName: string }[];
  readonly minuteMs: number;
}

/** Counts of functions that the emulators keep. */
const engineMetrics: ReadonlySet<string> = new Set(['Invocations', 'Errors', 'Throttles']);

/**
 * A group in which no metric was found is read once in so many turns: each read looks at every stream of the group, and each invocation is
 * one.
 */
const quietTurns = 10;

/** A line may be stored a moment later than its time says. */
const overlapMs = 2_000;

/** Brings metrics together from where they are: logs in embedded metric format, queues, and the emulators' own counts. */
export class MetricSources {
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly depths = new Map<string, number>();
  private readonly filledSince = new Map<string, number>();
  private readonly queues = new Map<string, { readonly region: string; readonly queueName: string }>();
  /** What is asked of the emulators. */
  private readonly counted = new Map<string, MetricId>();
  private readonly readers: readonly LogReader[];

  constructor(private readonly options: SourcesOptions) {
    for (const queue of options.queues) this.queues.set(`${queue.region}/${queue.queueName}`, queue);
    this.count(options.metrics);
    this.readers = options.regions.map((region) => new LogReader(options, region, logGroups(options.resources, region.name)));
  }

  public start(): void {
    const { minuteMs } = this.options;
    this.every(Math.max(500, minuteMs / 2), () => Promise.all(this.readers.map((reader) => reader.read())));
    this.every(Math.max(500, minuteMs / 5), () => this.countQueues());
    this.every(minuteMs, async () => this.sampleQueues());
    this.every(minuteMs, () => this.askEngines());
  }

  public close(): void {
    for (const timer of this.timers) clearInterval(timer);
  }

  /** Has queues and functions counted for metrics that somebody looks at from now on. */
  public count(metrics: readonly MetricId[]): void {
    for (const { region, namespace, name, dimensions } of metrics) {
      const { QueueName: queueName, FunctionName: functionName } = dimensions;
      if (namespace === 'AWS/SQS' && queueName) this.queues.set(`${region}/${queueName}`, { region, queueName });
      if (namespace !== 'AWS/Lambda' || !functionName || !engineMetrics.has(name)) continue;
      this.counted.set(`${region}/${name}/${functionName}`, { region, namespace, name, dimensions });
    }
  }

  /** Messages in a queue that can be received, when it was last counted. */
  public depth(region: string, queueName: string): number {
    return this.depths.get(`${region}/${queueName}`) ?? 0;
  }

  /** Never twice at once: a region that is stopped answers nothing. */
  private every(ms: number, work: () => Promise<unknown>): void {
    let busy = false;
    this.timers.push(
      setInterval(() => {
        if (busy) return;
        busy = true;
        void work()
          .catch(() => {})
          .finally(() => {
            busy = false;
          });
      }, ms),
    );
  }

  private runs(region: string): boolean {
    return this.options.regions.find(({ name }) => name === region)?.state === 'running';
  }

  private async countQueues(): Promise<void> {
    await Promise.all(
      [...this.queues.values()]
        .filter(({ region }) => this.runs(region))
        .map(async ({ region, queueName }) => {
          const { api } = this.options;
          const key = `${region}/${queueName}`;
          const { Attributes } = await api.json(region, 'sqs', 'GetQueueAttributes', {
            QueueUrl: await api.queueUrl(region, `:${queueName}`),
            AttributeNames: ['ApproximateNumberOfMessages'],
          });
          const depth = Number(Attributes?.ApproximateNumberOfMessages ?? 0);
          this.depths.set(key, depth);
          if (depth === 0) this.filledSince.delete(key);
          else if (!this.filledSince.has(key)) this.filledSince.set(key, Date.now());
        }),
    );
  }

  /** Once a minute, as SQS itself does. The age is that of the queue's not being empty. */
  private async sampleQueues(): Promise<void> {
    const at = Date.now();
    for (const { region, queueName } of [...this.queues.values()].filter((queue) => this.runs(queue.region))) {
      const metric = { region, namespace: 'AWS/SQS', dimensions: { QueueName: queueName } };
      const since = this.filledSince.get(`${region}/${queueName}`);
      this.options.store.put({ ...metric, name: 'ApproximateNumberOfMessagesVisible' }, this.depth(region, queueName), at);
      this.options.store.put({ ...metric, name: 'ApproximateAgeOfOldestMessage' }, since === undefined ? 0 : (at - since) / 1000, at);
    }
  }

  /** What the emulators count of invocations. */
  private async askEngines(): Promise<void> {
    const end = Date.now();
    const asked = [...this.counted.values()].filter(({ region }) => this.runs(region));
    await Promise.all(
      asked.map(async (metric) => {
        const { Datapoints = [] } = await this.options.api
          .json<{ Datapoints?: { Sum?: number }[] }>(metric.region, 'monitoring', 'GetMetricStatistics', {
            Namespace: metric.namespace,
            MetricName: metric.name,
            Dimensions: Object.entries(metric.dimensions).map(([Name, Value]) => ({ Name, Value })),
            StartTime: (end - this.options.minuteMs) / 1000,
            EndTime: end / 1000,
            Period: 1,
            Statistics: ['Sum'],
          })
          .catch(() => ({ Datapoints: [] }));
        for (const { Sum } of Datapoints) if (Sum !== undefined) this.options.store.put(metric, Sum, end);
      }),
    );
  }
}

/** Log groups of a region's functions. */
function logGroups(resources: readonly FabricResource[], region: string): string[] {
  const functions = resources.filter((resource) => resource.type === 'AWS::Lambda::Function' && resource.region === region);
  return [
    ...new Set(
      functions.map(({ properties, physicalId }) =>
        String(properties.LoggingConfig?.LogGroup ?? `/aws/lambda/${properties.FunctionName ?? physicalId}`),
      ),
    ),
  ];
}

/** Reads the embedded metrics of one region's logs as they come. */
class LogReader {
  private readonly from = new Map<string, number>();
  private readonly telling = new Set<string>();
  private seen = new Set<string>();
  private turn = 0;

  constructor(
    private readonly options: SourcesOptions,
    private readonly region: RegionHandle,
    private readonly groups: readonly string[],
  ) {}

  public async read(): Promise<void> {
    if (this.region.state === 'stopped') return;
    const all = this.turn++ % quietTurns === 0;
    await Promise.all(this.groups.filter((group) => all || this.telling.has(group)).map((group) => this.readGroup(group).catch(() => {})));
    if (this.seen.size > 20_000) this.seen = new Set([...this.seen].slice(-5_000));
  }

  private async readGroup(logGroupName: string): Promise<void> {
    const startTime = this.from.get(logGroupName) ?? Date.now() - 120_000;
    const { events = [] } = await this.options.api.json<{ events?: { message: string; timestamp: number; logStreamName: string }[] }>(
      this.region.name,
      'logs',
      'FilterLogEvents',
      { logGroupName, startTime, filterPattern: '"CloudWatchMetrics"' },
    );
    for (const { message, timestamp, logStreamName } of events) {
      // One stream is one invocation there, and a line may be read twice: the time to read from overlaps.
      const key = `${logStreamName} ${message}`;
      if (this.seen.has(key)) continue;
      this.seen.add(key);
      for (const { namespace, name, dimensions, values, at } of embeddedSamples(message, timestamp)) {
        for (const value of values) this.options.store.put({ region: this.region.name, namespace, name, dimensions }, value, at);
      }
    }
    if (events.length) this.telling.add(logGroupName);
    const latest = events.reduce((most, { timestamp }) => Math.max(most, timestamp), startTime);
    this.from.set(logGroupName, Math.max(startTime, latest - overlapMs));
  }
}
