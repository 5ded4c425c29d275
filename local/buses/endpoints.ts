import { createHash } from 'node:crypto';
import { healthChecks, type HealthCheckSpec } from '../dns/records';
import type { AlarmState, FabricResource, RegionHandle } from '../ground/model';

/** A global endpoint of EventBridge, as a template says it. */
export interface GlobalEndpoint {
  /** Region of its stack: there its API answers. */
  readonly region: string;
  readonly id: string;
  readonly name: string;
  readonly arn: string;
  readonly properties: Readonly<Record<string, any>>;
}

/** AWS sends publishers to the other region within 360 s of the primary's loss, by its own advice on alarms. */
const failoverMinutes = 6;

export function globalEndpoints(resources: readonly FabricResource[], accountId: string): GlobalEndpoint[] {
  return resources
    .filter(({ type }) => type === 'AWS::Events::Endpoint')
    .map(({ region, properties, physicalId, logicalId, stack }) => {
      const name = typeof properties.Name === 'string' ? properties.Name : `${stack}-${logicalId}`;
      return {
        region,
        name,
        id: physicalId ?? endpointId(stack, logicalId),
        arn: `arn:aws:events:${region}:${accountId}:endpoint/${name}`,
        properties,
      };
    });
}

/** An ID in the form of AWS's: `abcdefghij.veo`. */
export function endpointId(stack: string, logicalId: string): string {
  const letters = [...createHash('sha256').update(`${stack}/${logicalId}`).digest()]
    .map((byte) => String.fromCharCode(97 + (byte % 26)))
    .join('');
  return `${letters.slice(0, 10)}.${letters.slice(10, 13)}`;
}

export interface EndpointDeps {
  readonly regions: readonly RegionHandle[];
  readonly resources: readonly FabricResource[];
  readonly alarmState: (region: string, name: string) => AlarmState | undefined;
  readonly minuteMs: number;
  readonly now?: () => number;
}

/** Where the events of a global endpoint go at this moment. */
export class EndpointRouting {
  /** The two regions, the primary one first. */
  public readonly regions: readonly string[];
  /** Name of the bus, the same in both. */
  public readonly bus: string;
  public readonly replicates: boolean;
  public readonly roleArn?: string;
  private readonly check?: HealthCheckSpec;
  private lastHealthy = true;

  constructor(
    endpoint: GlobalEndpoint,
    private readonly deps: EndpointDeps,
  ) {
    const { EventBuses = [], RoutingConfig, ReplicationConfig, RoleArn } = endpoint.properties;
    const secondary = String(RoutingConfig?.FailoverConfig?.Secondary?.Route);
    const buses = (EventBuses as { EventBusArn: unknown }[]).map(({ EventBusArn }) => String(EventBusArn).split(':'));
    const named = buses.map((arn) => arn[3]);
    this.regions = [...named.filter((region) => region !== secondary), secondary];
    this.bus = buses[0]?.[5]?.split('/').pop() ?? 'default';
    this.replicates = (ReplicationConfig?.State ?? 'ENABLED') !== 'DISABLED';
    this.roleArn = RoleArn === undefined ? undefined : String(RoleArn);
    const id = String(RoutingConfig?.FailoverConfig?.Primary?.HealthCheck ?? '')
      .split('/')
      .pop();
    this.check = healthChecks(deps.resources).find((one) => one.id === id);
  }

  public active(): string {
    const [primary, secondary] = this.regions;
    return this.primaryLost(primary) || !this.healthy() ? secondary : primary;
  }

  private primaryLost(primary: string): boolean {
    const region = this.deps.regions.find(({ name }) => name === primary);
    const now = (this.deps.now ?? Date.now)();
    return region?.state === 'stopped' && now - (region.lastStoppedAt ?? now) >= failoverMinutes * this.deps.minuteMs;
  }

  private healthy(): boolean {
    if (!this.check || this.check.disabled) return true;
    const state = this.check.alarm && this.deps.alarmState(this.check.alarm.region, this.check.alarm.name);
    const isHealthy =
      state === 'OK' || state === 'ALARM'
        ? state === 'OK'
        : this.check.insufficientData === 'LastKnownStatus'
          ? this.lastHealthy
          : this.check.insufficientData !== 'Unhealthy';
    this.lastHealthy = isHealthy;
    return this.check.inverted ? !isHealthy : isHealthy;
  }
}

/** What DescribeEndpoint answers. */
export function describeEndpoint(endpoint: GlobalEndpoint): Record<string, unknown> {
  const { properties } = endpoint;
  return {
    Name: endpoint.name,
    Arn: endpoint.arn,
    EndpointId: endpoint.id,
    EndpointUrl: `https://${endpoint.id}.endpoint.events.amazonaws.com`,
    State: 'ACTIVE',
    Description: properties.Description,
    RoutingConfig: properties.RoutingConfig,
    ReplicationConfig: properties.ReplicationConfig,
    EventBuses: properties.EventBuses,
    RoleArn: properties.RoleArn,
    CreationTime: 0,
    LastModifiedTime: 0,
  };
}
