import type { ApiEndpoint, FabricResource, RegionHandle, RegionState } from '../../../local/ground/model';

/** A region whose engine is a socket of the test's own. */
export class FakeRegion implements RegionHandle {
  public state: RegionState = 'running';
  public readonly proxyPort = 0;
  private readonly listeners: ((state: RegionState) => void)[] = [];

  constructor(
    public readonly name: string,
    public readonly engineSocket: string,
  ) {}

  public async stop(): Promise<void> {
    this.change('stopped');
  }

  public async start(): Promise<void> {
    this.change('running');
  }

  public onChange(listener: (state: RegionState) => void): void {
    this.listeners.push(listener);
  }

  private change(state: RegionState): void {
    this.state = state;
    this.listeners.forEach((listener) => listener(state));
  }
}

export function resource(
  type: string,
  logicalId: string,
  properties: Record<string, unknown>,
  more: Partial<FabricResource> = {},
): FabricResource {
  return { stack: 'stack', region: 'us-east-1', logicalId, type, properties, ...more };
}

export function record(properties: Record<string, unknown>, logicalId = `Record${JSON.stringify(properties)}`): FabricResource {
  return resource('AWS::Route53::RecordSet', logicalId, { Type: 'CNAME', TTL: '5', Name: 'pay.example.com.', ...properties });
}

export function check(id: string, config: Record<string, unknown>): FabricResource {
  return resource(
    'AWS::Route53::HealthCheck',
    id,
    { HealthCheckConfig: { Type: 'HTTPS', RequestInterval: 10, FailureThreshold: 2, ...config } },
    { physicalId: id },
  );
}

export function apiName(region: string): string {
  return `d-1.execute-api.${region}.amazonaws.com`;
}

/** Latency records of `pay.example.com` with a health check each on `<region>.pay.example.com`. */
export function latencyZone(regions: readonly string[]): FabricResource[] {
  return regions.flatMap((region) => [
    record({ Region: region, SetIdentifier: region, ResourceRecords: [apiName(region)], HealthCheckId: `check-${region}` }),
    record({ Name: `${region}.pay.example.com`, ResourceRecords: [apiName(region)] }),
    check(`check-${region}`, { FullyQualifiedDomainName: `${region}.pay.example.com`, ResourcePath: '/health' }),
  ]);
}

export function apisOf(regions: readonly string[]): ApiEndpoint[] {
  return regions.map((region) => ({
    region,
    apiId: `api-${region}`,
    stage: 'live',
    domains: [
      { name: 'pay.example.com', basePath: '' },
      { name: `${region}.pay.example.com`, basePath: '' },
    ],
  }));
}
