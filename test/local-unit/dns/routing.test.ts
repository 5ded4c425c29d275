import { apiName, record, resource } from './fakes';
import { recordSets } from '../../../local/dns/records';
import { latencyMs } from '../../../local/dns/region-latency';
import { Resolver } from '../../../local/dns/resolver';
import type { FabricResource } from '../../../local/ground/model';

const east = apiName('us-east-1');
const west = apiName('us-west-2');

function resolverOf(resources: FabricResource[], unhealthy = new Set<string>(), clock = { now: 0, random: 0 }) {
  return new Resolver({
    records: () => recordSets(resources),
    healthyCheck: (id) => !unhealthy.has(id),
    now: () => clock.now,
    random: () => clock.random,
  });
}

function targetOf(resolver: Resolver, location = 'us-east-1', name = 'pay.example.com', client?: string) {
  const answer = resolver.resolve({ name, location, resolver: client });
  return answer.kind === 'found' ? answer.region : answer.reason;
}

const byLatency = [
  record({ Region: 'us-east-1', SetIdentifier: 'a', ResourceRecords: [east], HealthCheckId: 'east' }),
  record({ Region: 'us-west-2', SetIdentifier: 'b', ResourceRecords: [west], HealthCheckId: 'west' }),
];

describe('latency records', () => {
  test('lead a client to the nearest region', () => {
    const resolver = resolverOf(byLatency);
    expect(targetOf(resolver, 'us-east-1')).toBe('us-east-1');
    expect(targetOf(resolver, 'us-west-2')).toBe('us-west-2');
    expect(targetOf(resolver, 'eu-central-1')).toBe('us-east-1');
    expect(targetOf(resolver, 'ap-northeast-1')).toBe('us-west-2');
  });

  test('lead to the other region while the nearest is unhealthy, and fail open when all are', () => {
    expect(targetOf(resolverOf(byLatency, new Set(['east'])))).toBe('us-west-2');
    expect(targetOf(resolverOf(byLatency, new Set(['east', 'west'])))).toBe('us-east-1');
  });

  test('go by a table in which each region is nearest to itself', () => {
    expect(latencyMs('us-east-1', 'us-west-2')).toBeGreaterThan(40);
    expect(latencyMs('us-east-1', 'us-west-2')).toBeLessThan(90);
    expect(latencyMs('made-up-1', 'us-east-1')).toBeGreaterThan(latencyMs('ap-south-1', 'us-east-1'));
  });
});

describe("a resolver's cache", () => {
  test('keeps an answer for its TTL, whatever the health', () => {
    const unhealthy = new Set<string>();
    const clock = { now: 0, random: 0 };
    const resolver = resolverOf(byLatency, unhealthy, clock);
    expect(targetOf(resolver)).toBe('us-east-1');
    unhealthy.add('east');
    clock.now = 4_999;
    expect(targetOf(resolver)).toBe('us-east-1');
    expect(targetOf(resolver, 'us-east-1', 'pay.example.com', 'another')).toBe('us-west-2');
    clock.now = 5_000;
    expect(targetOf(resolver)).toBe('us-west-2');
  });
});

describe('weighted records', () => {
  const weighted = (a: number, b: number) => [
    record({ Weight: a, SetIdentifier: 'a', TTL: '0', ResourceRecords: [east], HealthCheckId: 'east' }),
    record({ Weight: b, SetIdentifier: 'b', TTL: '0', ResourceRecords: [west], HealthCheckId: 'west' }),
  ];
  const share = (resources: FabricResource[], unhealthy?: Set<string>) => {
    const clock = { now: 0, random: 0 };
    const resolver = resolverOf(resources, unhealthy, clock);
    const regions = Array.from({ length: 100 }, (_, index) => {
      clock.random = index / 100;
      return targetOf(resolver);
    });
    return regions.filter((region) => region === 'us-east-1').length;
  };

  test('split by weight', () => {
    expect(share(weighted(90, 10))).toBe(90);
    expect(share(weighted(1, 1))).toBe(50);
    expect(share(weighted(0, 0))).toBe(50);
  });

  test('of weight 0 or unhealthy are left out while another one can answer', () => {
    expect(share(weighted(0, 10))).toBe(0);
    expect(share(weighted(90, 10), new Set(['east']))).toBe(0);
    expect(share(weighted(0, 10), new Set(['west']))).toBe(100);
    expect(share(weighted(70, 30), new Set(['east', 'west']))).toBe(70);
  });
});

describe('failover and simple records', () => {
  const pair = [
    record({ Failover: 'PRIMARY', SetIdentifier: 'a', ResourceRecords: [east], HealthCheckId: 'east' }),
    record({ Failover: 'SECONDARY', SetIdentifier: 'b', ResourceRecords: [west], HealthCheckId: 'west' }),
  ];

  test('lead to the secondary only while the primary is unhealthy and the secondary is not', () => {
    expect(targetOf(resolverOf(pair))).toBe('us-east-1');
    expect(targetOf(resolverOf(pair, new Set(['east'])))).toBe('us-west-2');
    expect(targetOf(resolverOf(pair, new Set(['east', 'west'])))).toBe('us-east-1');
  });

  test("follow chains and aliases, and an alias takes over its target's health", () => {
    const alias = (region: string, name: string) =>
      record({
        Type: 'A',
        Name: 'pay.example.com',
        Region: region,
        SetIdentifier: region,
        TTL: undefined,
        AliasTarget: { DNSName: `${name}.`, HostedZoneId: 'Z', EvaluateTargetHealth: true },
      });
    const zone = [
      alias('us-east-1', 'east.example.com'),
      alias('us-west-2', 'west.example.com'),
      record({ Name: 'east.example.com', ResourceRecords: [east], HealthCheckId: 'east' }),
      record({ Name: 'west.example.com', ResourceRecords: [west] }),
    ];
    expect(targetOf(resolverOf(zone))).toBe('us-east-1');
    expect(targetOf(resolverOf(zone, new Set(['east'])))).toBe('us-west-2');
  });

  test('that lead nowhere or in a circle say so', () => {
    expect(targetOf(resolverOf([record({ ResourceRecords: ['pay.example.com'] })]))).toMatch(/circle/);
    expect(targetOf(resolverOf([]))).toBe('no record set leads from pay.example.com to an API');
  });
});

describe('record sets of the templates', () => {
  test('are read from groups too, health check references of the own stack included', () => {
    const [found] = recordSets([
      resource('AWS::Route53::RecordSetGroup', 'Group', {
        RecordSets: [{ Name: 'PAY.example.com.', Type: 'CNAME', TTL: '5', ResourceRecords: [east], HealthCheckId: { Ref: 'Check' } }],
      }),
      resource('AWS::Route53::HealthCheck', 'Check', {}, { physicalId: 'hc-1' }),
    ]);
    expect(found).toMatchObject({ name: 'pay.example.com', routing: 'simple', ttlSeconds: 5, values: [east], healthCheckId: 'hc-1' });
  });

  test('that cannot be routed here are named and left out', () => {
    const problems: string[] = [];
    const found = recordSets(
      [
        record({ GeoProximityLocation: { AWSRegion: 'us-east-1' }, ResourceRecords: [east] }, 'Near'),
        record({ ResourceRecords: [{ Ref: 'Unknown' }] }, 'Unresolved'),
      ],
      problems,
    );
    expect(found).toEqual([]);
    expect(problems).toEqual([
      'record set stack/Near uses GeoProximityLocation, which the local DNS does not know: it is left out',
      'record set stack/Unresolved leads to a value that is unknown here, {"Ref":"Unknown"}: it is left out',
    ]);
  });
});
