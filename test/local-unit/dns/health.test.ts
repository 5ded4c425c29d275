import http from 'node:http';
import { apisOf, check, FakeRegion, latencyZone } from './fakes';
import { startDns } from '../../../local/dns/dns';
import { Checker, HealthChecks } from '../../../local/dns/health';
import { endpointProbe } from '../../../local/dns/probe';
import { healthChecks } from '../../../local/dns/records';
import type { Dns, FabricResource } from '../../../local/ground/model';
import { until } from '../../waits';
import { listenOnSocket, removeSockets } from '../engine-socket';

const bad = { ok: false, reason: 'status 503' };
const good = { ok: true, reason: 'status 200' };

describe('a checker', () => {
  test('changes its mind after as many equal looks in a row as the threshold says, both ways', () => {
    const checker = new Checker(3);
    const seen = [bad, bad, good, bad, bad, bad, good, good, bad, good, good, good].map((look) => {
      checker.saw(look);
      return checker.healthy;
    });
    expect(seen).toEqual([true, true, true, true, true, false, false, false, false, false, false, true]);
  });
});

describe('health checks', () => {
  const health = (resources: FabricResource[], alarms: Record<string, string> = {}) =>
    new HealthChecks({
      checks: healthChecks(resources),
      probe: async () => good,
      now: () => 1000,
      alarmState: (region, name) => alarms[`${region}/${name}`],
    });

  test('that are disabled count as healthy, inverted ones the other way round', () => {
    const checks = health([
      check('disabled', { Disabled: true }),
      check('both', { Disabled: true, Inverted: true }),
      check('inverted', { Inverted: 'true' }),
    ]);
    expect(checks.healthy('disabled')).toBe(true);
    expect(checks.healthy('both')).toBe(false);
    expect(checks.healthy('inverted')).toBe(false);
    expect(checks.healthy('nobody made it')).toBe(true);
  });

  test('that are calculated count their children', () => {
    const children = [check('a', {}), check('b', { Inverted: true }), check('c', { Inverted: true })];
    const calculated = (threshold: number) => [
      ...children,
      check('sum', { Type: 'CALCULATED', ChildHealthChecks: ['a', 'b', 'c'], HealthThreshold: threshold }),
    ];
    expect(health(calculated(1)).healthy('sum')).toBe(true);
    expect(health(calculated(2)).status('sum')).toMatchObject({ healthy: false, reason: '1 of 3 healthy, 2 needed' });
  });

  test('that follow an alarm are unhealthy in ALARM, and without data as the template says', () => {
    const following = (insufficient?: string) => [
      check('alarm', {
        Type: 'CLOUDWATCH_METRIC',
        AlarmIdentifier: { Name: 'drained', Region: 'us-east-1' },
        InsufficientDataHealthStatus: insufficient,
      }),
    ];
    expect(health(following(), { 'us-east-1/drained': 'ALARM' }).healthy('alarm')).toBe(false);
    expect(health(following(), { 'us-east-1/drained': 'OK' }).healthy('alarm')).toBe(true);
    expect(health(following()).healthy('alarm')).toBe(true);
    expect(health(following('Unhealthy')).healthy('alarm')).toBe(false);
  });
});

describe('checkers against real endpoints', () => {
  const servers: http.Server[] = [];
  let dns: Dns | undefined;

  async function engine(answer: http.RequestListener): Promise<string> {
    const server = http.createServer(answer);
    servers.push(server);
    return listenOnSocket(server);
  }

  afterEach(() => {
    dns?.close();
    for (const server of servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
    removeSockets();
  });

  const spec = (config: Record<string, unknown> = {}) =>
    healthChecks([check('c', { FullyQualifiedDomainName: 'us-east-1.pay.example.com', ResourcePath: '/health', ...config })])[0];

  async function look(socket: string, config: Record<string, unknown> = {}, limits = {}) {
    const regions = [new FakeRegion('us-east-1', socket)];
    const resolve = (name: string) =>
      ({ kind: 'found', host: name, target: 'd-1.execute-api.us-east-1.amazonaws.com', region: 'us-east-1' }) as const;
    return endpointProbe({ resolve, regions, apis: apisOf(['us-east-1']), ...limits })(spec(config));
  }

  test("ask the template's path at the region's own API, and judge the status", async () => {
    const paths: string[] = [];
    const socket = await engine((request, response) => {
      paths.push(request.url ?? '');
      response.writeHead(paths.length === 1 ? 200 : 503).end('{"status":"ok"}');
    });
    expect(await look(socket)).toEqual({ ok: true, reason: 'status 200' });
    expect(await look(socket)).toEqual({ ok: false, reason: 'status 503' });
    expect(paths).toEqual(['/_aws/execute-api/api-us-east-1/live/health', '/_aws/execute-api/api-us-east-1/live/health']);
  });

  test('look for the text of a string match check', async () => {
    const socket = await engine((_request, response) => response.end('{"status":"ok"}'));
    expect(await look(socket, { Type: 'HTTPS_STR_MATCH', SearchString: '"ok"' })).toMatchObject({ ok: true });
    expect(await look(socket, { Type: 'HTTPS_STR_MATCH', SearchString: 'fine' })).toMatchObject({ ok: false });
  });

  test('give up on an endpoint that takes the connection and never answers', async () => {
    const socket = await engine(() => {});
    expect(await look(socket, {}, { connectTimeoutMs: 100, responseTimeoutMs: 50 })).toEqual({
      ok: false,
      reason: 'no answer within 0.05 s',
    });
  });

  test('see a refused connection and a name that no API answers to', async () => {
    expect(await look('/nowhere')).toMatchObject({ ok: false });
    expect(await look('/nowhere', { FullyQualifiedDomainName: 'other.example.com' })).toMatchObject({
      ok: false,
      reason: expect.stringContaining('status 403'),
    });
  });

  test('turn a region red after the threshold and green again, and DNS follows', async () => {
    let healthy = true;
    const answer: http.RequestListener = (_request, response) => response.writeHead(healthy ? 200 : 503).end();
    const east = new FakeRegion('us-east-1', await engine(answer));
    const west = new FakeRegion('us-west-2', await engine((_request, response) => response.end()));
    const zone = latencyZone(['us-east-1', 'us-west-2']).map((resource) =>
      resource.type.endsWith('HealthCheck')
        ? { ...resource, properties: { HealthCheckConfig: { ...resource.properties.HealthCheckConfig, RequestInterval: 0.06 } } }
        : { ...resource, properties: { ...resource.properties, TTL: '0' } },
    );
    dns = startDns({ resources: zone, regions: [east, west], apis: apisOf(['us-east-1', 'us-west-2']) });
    expect(dns.publicName).toBe('pay.example.com');
    const region = () => {
      const found = dns?.resolve({ name: 'pay.example.com', location: 'us-east-1' });
      return found?.kind === 'found' ? found.region : undefined;
    };
    const becomes = async (expected: string) => {
      await until(`the name leads to ${expected}`, () => region() === expected);
    };
    expect(region()).toBe('us-east-1');
    healthy = false;
    await becomes('us-west-2');
    expect(dns.regionHealthy('us-east-1')).toBe(false);
    expect(dns.regionHealthy('us-west-2')).toBe(true);
    expect(dns.status().find((entry) => entry.setIdentifier === 'us-east-1')).toMatchObject({
      name: 'pay.example.com',
      routing: 'latency',
      ttl: 0,
      healthy: false,
      healthCheck: { status: 'unhealthy', failureThreshold: 2, reason: '0 of 3 checkers: status 503' },
    });
    healthy = true;
    await becomes('us-east-1');
  });
});
