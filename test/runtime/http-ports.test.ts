import { writeTenantSource } from '../../src/api/contract';
import { dynamoClient } from '../../src/runtime/clients';
import { httpPorts, telemetryOf } from '../../src/runtime/http-ports';
import { Telemetry } from '../../src/runtime/telemetry';

const telemetry = new Telemetry({ systemName: 's', region: 'us-east-1', service: 'x', write: () => undefined });
const environment = { AWS_REGION: 'eu-west-1', API_TENANT_SOURCE: writeTenantSource({ kind: 'iamAccount' }) };

test('the ports come from the environment', () => {
  expect(httpPorts(environment, telemetry)).toMatchObject({ region: 'eu-west-1', tenantSource: { kind: 'iamAccount' }, requestDeadlineMs: 10_000 });
  expect(httpPorts({ ...environment, API_REQUEST_DEADLINE_MS: '2500' }, telemetry).requestDeadlineMs).toBe(2_500);
});

test.each([
  [{ AWS_REGION: undefined }, 'AWS_REGION is missing'],
  [{ API_TENANT_SOURCE: undefined }, 'API_TENANT_SOURCE is missing'],
  [{ API_REQUEST_DEADLINE_MS: 'soon' }, "API_REQUEST_DEADLINE_MS is 'soon'"],
])('a function with %j fails at its start', (change, message) => {
  expect(() => httpPorts({ ...environment, ...change }, telemetry)).toThrow(message);
});

test('a function\'s telemetry needs its region', () => {
  expect(() => telemetryOf({}, 'payments', 's')).toThrow('AWS_REGION is missing');
});

test('the trace of a request wins over the invocation\'s', () => {
  process.env._X_AMZN_TRACE_ID = 'Root=1-00000001-000000000000000000000001';
  const { traceId } = httpPorts(environment, telemetry);
  expect(traceId(() => undefined)).toBe('1-00000001-000000000000000000000001');
  expect(traceId((name) => (name === 'X-Amzn-Trace-Id' ? 'Root=1-5f2330a4-6a0de1cd0e17c0508d386a64' : undefined))).toBe('1-5f2330a4-6a0de1cd0e17c0508d386a64');
  delete process.env._X_AMZN_TRACE_ID;
});

test('the DynamoDB client sends once, and gives up in time', async () => {
  const client = dynamoClient('eu-west-1', { requestTimeoutMs: 1_234 });
  expect(await client.config.maxAttempts()).toBe(1);
  expect(await client.config.region()).toBe('eu-west-1');
  // The handler resolves its settings with its first request.
  const settings = await (client.config.requestHandler as unknown as { configProvider: Promise<object> }).configProvider;
  expect(settings).toMatchObject({ connectionTimeout: 1_000, requestTimeout: 1_234, throwOnRequestTimeout: true });
  client.destroy();
});
