import { HealthChecks, type HealthDeps } from './health';
import { endpointProbe } from './probe';
import type { RecordSource } from './record-store';
import { healthChecks, recordSets, type RecordSet } from './records';
import { Resolver } from './resolver';
import type { ApiEndpoint, Dns, FabricResource, RecordStatus, RegionHandle } from '../ground/model';

export interface DnsDeps {
  /** All RecordSet, RecordSetGroup and HealthCheck resources (others are ignored), with resolved properties. */
  readonly resources: readonly FabricResource[];
  readonly regions: readonly RegionHandle[];
  readonly apis: readonly ApiEndpoint[];
  /** Default: the resources' own records, which then never change. */
  readonly records?: RecordSource;
  /** Shown when something in the records cannot be done here; one line each. */
  readonly warn?: (line: string) => void;
  /** State of a CloudWatch alarm, for health checks that follow one. */
  readonly alarmState?: (region: string, name: string) => string | undefined;
  /** Where the states of health checks go as datapoints, and how often. */
  readonly publish?: HealthDeps['publish'];
  /** Epoch milliseconds; for tests. */
  readonly now?: () => number;
  /** From 0 to below 1; for tests. */
  readonly random?: () => number;
}

/** Whoever asks what checkers see. */
export interface Checkers {
  /** What each checker says; undefined when there is no such check of an endpoint. */
  checkers(healthCheckId: string): readonly { readonly healthy: boolean; readonly reason: string; readonly at: number }[] | undefined;
}

/** Starts the system's DNS and its health checkers. */
export function startDns(deps: DnsDeps): Dns & Checkers {
  const now = deps.now ?? Date.now;
  const problems: string[] = [];
  const declared = recordSets(deps.resources, problems);
  problems.forEach((problem) => deps.warn?.(problem));
  const records = deps.records ?? { served: () => declared, recorded: () => declared };
  const random = deps.random ?? Math.random;
  const resolver: Resolver = new Resolver({ records: () => records.served(), now, random, healthyCheck: (id) => health.healthy(id) });
  const health = new HealthChecks({
    checks: healthChecks(deps.resources),
    now,
    alarmState: deps.alarmState,
    publish: deps.publish,
    probe: endpointProbe({
      regions: deps.regions,
      apis: deps.apis,
      resolve: (name) => resolver.resolve({ name, location: deps.regions[0]?.name ?? '', resolver: 'health checker' }),
    }),
  });
  health.start();
  const name = publicName(resolver, deps.apis);
  return {
    publicName: name,
    resolve: (query) => resolver.resolve(query),
    regionHealthy: (region) => {
      const leading = (name === undefined ? [] : resolver.group(name)).filter((record) => resolver.regionsBehind(record).includes(region));
      if (leading.length === 0) return deps.regions.find((handle) => handle.name === region)?.state === 'running';
      return leading.some((record) => resolver.isHealthy(record));
    },
    status: () => records.recorded().map((record) => recordStatus(record, resolver, health)),
    checkers: (id) => health.observations(id),
    close: () => health.stop(),
  };
}

/** The name with APIs behind it in most regions; of equals the shortest, which the per-region names are not. */
function publicName(resolver: Resolver, apis: readonly ApiEndpoint[]): string | undefined {
  const reach = (name: string) => {
    const regions = new Set(resolver.group(name).flatMap((record) => resolver.regionsBehind(record)));
    return [...regions].filter((region) => apis.some((api) => api.region === region && api.domains.some((domain) => domain.name === name)))
      .length;
  };
  return resolver
    .names()
    .filter((name) => reach(name) > 0)
    .sort((a, b) => reach(b) - reach(a) || a.length - b.length || a.localeCompare(b))[0];
}

function recordStatus(record: RecordSet, resolver: Resolver, health: HealthChecks): RecordStatus {
  const spec = record.healthCheckId === undefined ? undefined : health.spec(record.healthCheckId);
  const status = record.healthCheckId === undefined ? undefined : health.status(record.healthCheckId);
  const endpoint = spec !== undefined && !['CALCULATED', 'CLOUDWATCH_METRIC'].includes(spec.type);
  return {
    name: record.name,
    type: record.alias ? `${record.type} (alias)` : record.type,
    routing: record.routing,
    setIdentifier: record.setIdentifier,
    region: record.region ?? resolver.regionsBehind(record)[0],
    weight: record.weight,
    ttl: record.ttlSeconds,
    value: record.values.join(' '),
    healthy: resolver.isHealthy(record),
    healthCheck: status && {
      id: record.healthCheckId as string,
      type: spec?.type ?? 'unknown',
      status: status.healthy ? 'healthy' : 'unhealthy',
      intervalSeconds: endpoint ? spec.intervalSeconds : undefined,
      failureThreshold: endpoint ? spec.failureThreshold : undefined,
      reason: status.reason,
      since: new Date(status.since).toISOString(),
    },
  };
}
