import { Alarms } from './alarms/alarms';
import { CloudWatchApi } from './alarms/cloudwatch-api';
import type { AlarmSpec, CompositeSpec } from './alarms/specs';
import { Buses } from './buses/buses';
import type { EventsApi } from './buses/event-calls';
import type { AlarmState, FabricResource, Links, Observed, RegionHandle } from './ground/model';
import { Policies } from './iam/policies';
import { Inboxes } from './inboxes/inboxes';
import { Mailbox } from './mail/mailbox';
import { MetricSources } from './metrics/sources';
import { MetricStore, type MetricId } from './metrics/store';
import { AwsApi } from './network/aws-api';
import { EngineClient } from './network/engine-client';
import type { EngineDirectory } from './network/network';
import { streamMappings } from './streams/mapping';
import { StreamPoller } from './streams/poller';
import { Traces } from './xray/traces';

export interface EventFabricOptions {
  readonly engines: EngineDirectory;
  readonly links: Links;
  readonly accountId: string;
  readonly minuteMs: number;
}

/** Minutes for which metrics are kept that no alarm looks at. */
const keptMinutes = 15;

/** Events, streams, metrics, alarms and traces of the run: made before the deployment, at work after it. */
export class EventFabric implements Observed {
  /** For the X-Ray daemons. */
  public readonly traces = new Traces();
  public readonly minuteMs: number;
  private readonly eventBridge: Buses;
  private readonly client: EngineClient;
  private readonly api: AwsApi;
  private readonly policies: Policies;
  /** What people may be told by e-mail. */
  public readonly mailbox = new Mailbox();
  /** For the proxies. */
  public readonly cloudWatch: CloudWatchApi;
  /** All metrics of the run. */
  public get metrics(): MetricStore {
    return this.store;
  }

  private readonly store: MetricStore;
  private evaluated?: Alarms;
  private sources?: MetricSources;
  private inboxes?: Inboxes;
  private pollers: StreamPoller[] = [];

  constructor(private readonly options: EventFabricOptions) {
    this.minuteMs = options.minuteMs;
    this.store = new MetricStore(keptMinutes * options.minuteMs);
    this.cloudWatch = new CloudWatchApi({ ...options, store: this.store, alarms: () => this.alarms() });
    this.client = new EngineClient(options.engines);
    this.api = new AwsApi(this.client);
    this.policies = new Policies(options.engines);
    this.eventBridge = new Buses({
      ...options,
      api: this.api,
      policies: this.policies,
      store: this.store,
      alarmState: (region, name) => this.alarmState(region, name),
      queueDepth: (region, queue) => this.sources?.depth(region, queue) ?? 0,
    });
  }

  public async open(resources: readonly FabricResource[], regions: readonly RegionHandle[]): Promise<void> {
    const { minuteMs, store, api } = this;
    const { accountId } = this.options;
    const alarms = (this.evaluated = new Alarms({
      resources,
      store,
      minuteMs,
      changed: (alarm, state, reason, before) => this.tell(alarm, state, reason, before),
      regionRuns: (name) => regions.find((region) => region.name === name)?.state === 'running',
    }));
    this.mailbox.useTemplates(resources);
    await this.makeArchives(resources);
    await this.eventBridge.open(resources, regions);
    this.inboxes = new Inboxes(api, resources, regions);
    this.sources = new MetricSources({
      api,
      regions,
      resources,
      store,
      metrics: alarms.metrics,
      queues: this.eventBridge.deadLetterQueues(),
      minuteMs,
    });
    this.pollers = streamMappings(resources).flatMap((mapping) => {
      const region = regions.find(({ name }) => name === mapping.region);
      return region ? [new StreamPoller({ api, region, mapping, store, accountId })] : [];
    });
    await Promise.all(this.pollers.map((poller) => poller.open()));
    this.sources.start();
    alarms.start();
  }

  /** Tells of global endpoints before their deployment: stacks look them up while they are deployed themselves. */
  public declare(resources: readonly FabricResource[]): void {
    this.eventBridge.calls.declare(resources);
  }

  /** For the proxies. */
  public get calls(): EventsApi {
    return this.eventBridge.calls;
  }

  public alarmState(region: string, name: string): AlarmState | undefined {
    return this.evaluated?.stateOf(region, name);
  }

  /** An alarm by its ARN. */
  public alarm(region: string, arn: string): ReturnType<Alarms['named']> {
    return this.evaluated?.named(region, arn);
  }

  /** Has queues and functions counted that no alarm looks at. */
  public count(metrics: readonly MetricId[]): void {
    this.sources?.count(metrics);
  }

  /** Holds an alarm in a state until it is let go with undefined; false: there is no such alarm. */
  public forceAlarm(region: string, name: string, state: AlarmState | undefined): boolean {
    return this.evaluated?.force(region, name, state) ?? false;
  }

  /** An item of a global table has come to another region. */
  public replicated(table: string, from: string, to: string, latencyMs: number): void {
    this.store.put(
      { region: from, namespace: 'AWS/DynamoDB', name: 'ReplicationLatency', dimensions: { TableName: table, ReceivingRegion: to } },
      latencyMs,
      Date.now(),
    );
  }

  /** What Route 53 says of a health check, as the metric that it publishes: in us-east-1 alone. */
  public checked(healthCheckId: string, healthy: boolean): void {
    this.store.put(
      { region: 'us-east-1', namespace: 'AWS/Route53', name: 'HealthCheckStatus', dimensions: { HealthCheckId: healthCheckId } },
      healthy ? 1 : 0,
      Date.now(),
    );
  }

  public buses(): ReturnType<Observed['buses']> {
    return this.eventBridge.status();
  }

  public alarms(): ReturnType<Observed['alarms']> {
    return this.evaluated?.status() ?? [];
  }

  public async events(query: Parameters<Observed['events']>[0]): ReturnType<Observed['events']> {
    return this.inboxes?.events(query) ?? [];
  }

  public trace(traceId: string): ReturnType<Observed['trace']> {
    return this.traces.segments(traceId);
  }

  public targets(): ReturnType<Observed['targets']> {
    return this.eventBridge.targets();
  }

  public throttle(arn: string, throttled: boolean): boolean {
    return this.eventBridge.throttle(arn, throttled);
  }

  public async close(): Promise<void> {
    this.sources?.close();
    this.evaluated?.close();
    const closing = [this.eventBridge.close(), ...this.pollers.map((poller) => poller.close())];
    // What waits for an emulator ends with its connection.
    this.client.close();
    this.policies.close();
    await Promise.all(closing);
  }

  /** Topics among an alarm's actions. */
  private tell(alarm: AlarmSpec | CompositeSpec, state: AlarmState, reason: string, before: AlarmState): void {
    for (const arn of alarm.actions[state]) {
      if (arn.split(':')[2] !== 'sns') continue;
      this.mailbox.sent(
        arn,
        `${state}: "${alarm.name}" in ${alarm.region}`,
        `${alarm.name} in ${alarm.region} went from ${before} to ${state}: ${reason}`,
      );
    }
  }

  /** A template cannot make an archive in the emulator; its API can. */
  private async makeArchives(resources: readonly FabricResource[]): Promise<void> {
    await Promise.all(
      resources
        .filter(({ type }) => type === 'AWS::Events::Archive')
        .map(({ region, properties, physicalId }) =>
          this.api.json(region, 'events', 'CreateArchive', {
            ArchiveName: properties.ArchiveName ?? physicalId,
            EventSourceArn: properties.SourceArn,
            ...(properties.EventPattern ? { EventPattern: JSON.stringify(properties.EventPattern) } : {}),
            RetentionDays: Number(properties.RetentionDays ?? 0),
          }),
        ),
    );
  }
}
