import type { FabricResource } from '../ground/model';

export type Routing = 'simple' | 'weighted' | 'latency' | 'failover' | 'multivalue' | 'geolocation';

/** One record set, as Route 53 keeps it. Names in lower case without the closing dot. */
export interface RecordSet {
  /** Hosted zone, where it is known. */
  readonly zoneId?: string;
  readonly name: string;
  readonly type: string;
  readonly routing: Routing;
  readonly setIdentifier?: string;
  readonly region?: string;
  readonly weight?: number;
  readonly failover?: 'PRIMARY' | 'SECONDARY';
  /** Continent, country or subdivision; `*` is the default record. */
  readonly geolocation?: string;
  readonly ttlSeconds: number;
  /** The names or addresses it leads to. */
  readonly values: readonly string[];
  readonly alias: boolean;
  readonly evaluateTargetHealth: boolean;
  readonly healthCheckId?: string;
}

export interface HealthCheckSpec {
  readonly id: string;
  readonly type: string;
  readonly host?: string;
  readonly port?: number;
  readonly path: string;
  readonly searchString?: string;
  readonly intervalSeconds: number;
  readonly failureThreshold: number;
  readonly inverted: boolean;
  readonly disabled: boolean;
  readonly children: readonly string[];
  readonly healthThreshold: number;
  readonly alarm?: { readonly name: string; readonly region: string };
  /** How a CloudWatch alarm without data counts: Healthy, Unhealthy or LastKnownStatus. */
  readonly insufficientData: string;
}

/** An alias to an AWS endpoint has that endpoint's TTL. */
const aliasTtlSeconds = 60;

export function normalName(name: unknown): string {
  return String(name).toLowerCase().replace(/\.$/, '');
}

/** Every record set of the templates, groups included. What cannot be routed here is named in `problems`. */
export function recordSets(resources: readonly FabricResource[], problems: string[] = []): RecordSet[] {
  const records: RecordSet[] = [];
  for (const resource of resources) {
    if (resource.type === 'AWS::Route53::RecordSet') add(records, resource, resource.properties, resources, problems);
    if (resource.type === 'AWS::Route53::RecordSetGroup') {
      for (const properties of resource.properties.RecordSets ?? []) add(records, resource, properties, resources, problems);
    }
  }
  return records;
}

function add(
  records: RecordSet[],
  resource: FabricResource,
  properties: Record<string, any>,
  all: readonly FabricResource[],
  problems: string[],
): void {
  const where = `record set ${resource.stack}/${resource.logicalId}`;
  const unsupported = ['GeoProximityLocation', 'CidrRoutingConfig'].filter((name) => properties[name] !== undefined);
  if (unsupported.length) problems.push(`${where} uses ${unsupported.join(', ')}, which the local DNS does not know: it is left out`);
  const values = properties.AliasTarget ? [properties.AliasTarget.DNSName] : (properties.ResourceRecords ?? []);
  const unresolved = [properties.Name, ...values].find((value) => typeof value !== 'string');
  if (unresolved !== undefined) {
    problems.push(`${where} leads to a value that is unknown here, ${JSON.stringify(unresolved)}: it is left out`);
  }
  if (unsupported.length || unresolved !== undefined) return;
  records.push({
    ...(typeof properties.HostedZoneId === 'string' ? { zoneId: properties.HostedZoneId } : {}),
    name: normalName(properties.Name),
    type: String(properties.Type),
    ...routing(properties),
    setIdentifier: properties.SetIdentifier,
    ttlSeconds: properties.AliasTarget ? aliasTtlSeconds : Number(properties.TTL ?? 300),
    values: values.map(normalName),
    alias: properties.AliasTarget !== undefined,
    evaluateTargetHealth: isTrue(properties.AliasTarget?.EvaluateTargetHealth),
    healthCheckId: healthCheckId(properties.HealthCheckId, resource, all),
  });
}

function routing(properties: Record<string, any>): Pick<RecordSet, 'routing' | 'region' | 'weight' | 'failover' | 'geolocation'> {
  if (properties.Region !== undefined) return { routing: 'latency', region: String(properties.Region) };
  if (properties.Weight !== undefined) return { routing: 'weighted', weight: Number(properties.Weight) };
  if (properties.Failover !== undefined) return { routing: 'failover', failover: properties.Failover };
  if (isTrue(properties.MultiValueAnswer)) return { routing: 'multivalue' };
  if (properties.GeoLocation !== undefined) {
    const { ContinentCode, CountryCode, SubdivisionCode } = properties.GeoLocation;
    return { routing: 'geolocation', geolocation: [ContinentCode, CountryCode, SubdivisionCode].filter(Boolean).join('/') };
  }
  return { routing: 'simple' };
}

/** A reference that could not be resolved still names the health check of its own stack. */
function healthCheckId(given: unknown, resource: FabricResource, all: readonly FabricResource[]): string | undefined {
  if (given === undefined || given === '') return undefined;
  if (typeof given === 'string') return given;
  const reference = given as { Ref?: string; 'Fn::GetAtt'?: string[] };
  const logicalId = reference.Ref ?? reference['Fn::GetAtt']?.[0];
  const record = all.find((other) => other.stack === resource.stack && other.logicalId === logicalId);
  return record ? idOf(record) : `unknown:${JSON.stringify(given)}`;
}

function idOf(resource: FabricResource): string {
  return resource.physicalId ?? `${resource.stack}/${resource.logicalId}`;
}

/** Every health check of the templates. */
export function healthChecks(resources: readonly FabricResource[]): HealthCheckSpec[] {
  return resources
    .filter((resource) => resource.type === 'AWS::Route53::HealthCheck')
    .map((resource) => {
      const config = resource.properties.HealthCheckConfig ?? {};
      const type = String(config.Type);
      return {
        id: idOf(resource),
        type,
        host: config.FullyQualifiedDomainName === undefined ? config.IPAddress : normalName(config.FullyQualifiedDomainName),
        port: config.Port === undefined ? undefined : Number(config.Port),
        path: config.ResourcePath ? `/${String(config.ResourcePath).replace(/^\//, '')}` : '/',
        searchString: config.SearchString,
        intervalSeconds: Number(config.RequestInterval ?? 30),
        failureThreshold: Number(config.FailureThreshold ?? 3),
        inverted: isTrue(config.Inverted),
        disabled: isTrue(config.Disabled),
        children: (config.ChildHealthChecks ?? []).map((child: unknown) => healthCheckId(child, resource, resources) ?? ''),
        healthThreshold: Number(config.HealthThreshold ?? (config.ChildHealthChecks ?? []).length),
        alarm: config.AlarmIdentifier
          ? { name: String(config.AlarmIdentifier.Name), region: String(config.AlarmIdentifier.Region) }
          : undefined,
        insufficientData: String(config.InsufficientDataHealthStatus ?? 'LastKnownStatus'),
      };
    });
}

/** CloudFormation passes booleans as text at times. */
function isTrue(value: unknown): boolean {
  return value === true || value === 'true';
}
