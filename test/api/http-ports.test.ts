import { Readable } from 'node:stream';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { HttpResponse } from '@smithy/protocol-http';
import { writeCallerSource } from '../../src/api/caller.contract';
import { forwardedPorts, httpPorts } from '../../src/api/functions/http-ports.aws';
import { noTracer, SpanStart, untraced } from '../../src/kernel/trace';
import { dynamoClient } from '../../src/runtime/clients';
import { Telemetry, telemetryOf } from '../../src/runtime/telemetry';

const telemetry = new Telemetry({ systemName: 's', region: 'us-east-1', service: 'x', write: () => undefined });
const environment = { AWS_REGION: 'eu-west-1', API_CALLER_SOURCE: writeCallerSource({ kind: 'iamAccount' }) };

test('the ports come from the environment', () => {
  expect(httpPorts(environment, telemetry)).toMatchObject({
    region: 'eu-west-1',
    callerSource: { kind: 'iamAccount' },
    requestDeadlineMs: 10_000,
  });
  expect(httpPorts({ ...environment, API_REQUEST_DEADLINE_MS: '2500' }, telemetry).requestDeadlineMs).toBe(2_500);
});

test.each([
  [{ AWS_REGION: undefined }, 'AWS_REGION is missing'],
  [{ API_CALLER_SOURCE: undefined }, 'API_CALLER_SOURCE is missing'],
  [{ API_REQUEST_DEADLINE_MS: 'soon' }, "API_REQUEST_DEADLINE_MS is 'soon'"],
])('a function with %j fails at its start', (change, message) => {
  expect(() => httpPorts({ ...environment, ...change }, telemetry)).toThrow(message);
});

test("a function's telemetry needs its region", () => {
  expect(() => telemetryOf({}, 'payments', 's')).toThrow('AWS_REGION is missing');
});

test.each([
  ['acme', ['PaymentsAuthorised', 'PaymentsDecided', 'ReplicatedWriteConflicts']],
  ['canary', ['ReplicatedWriteConflicts']],
])("business metrics count no synthetic tenant's payments: %s", (tenant, expected) => {
  const lines: string[] = [];
  const watched = new Telemetry({ systemName: 's', region: 'us-east-1', service: 'x', write: (line) => lines.push(line) });
  const { record } = httpPorts({ ...environment, SYNTHETIC_TENANTS: '["canary"]' }, watched);
  record({
    method: 'POST',
    route: '/api/v1/payments',
    status: 201,
    traceId: '1-5f2330a4-6a0de1cd0e17c0508d386a64',
    latencyMs: 5,
    tenant,
    became: 'authorised',
    decidedHere: true,
    events: { writeConflict: 1 },
  });
  const { _aws: embedded } = JSON.parse(lines[0]) as { _aws: { CloudWatchMetrics: { Metrics: { Name: string }[] }[] } };
  expect(embedded.CloudWatchMetrics[0].Metrics.map(({ Name }) => Name).sort()).toEqual([...expected].sort());
});

test('a list of synthetic tenants that is none fails at the start', () => {
  expect(() => httpPorts({ ...environment, SYNTHETIC_TENANTS: 'canary' }, telemetry)).toThrow("SYNTHETIC_TENANTS is 'canary'");
});

test("the trace of a request wins over the invocation's", () => {
  process.env._X_AMZN_TRACE_ID = 'Root=1-00000001-000000000000000000000001';
  const { beginTrace } = httpPorts(environment, telemetry);
  expect(beginTrace(() => undefined, 0).context.traceId).toBe('1-00000001-000000000000000000000001');
  const header = (name: string) => (name === 'X-Amzn-Trace-Id' ? 'Root=1-5f2330a4-6a0de1cd0e17c0508d386a64' : undefined);
  expect(beginTrace(header, 0).context.traceId).toBe('1-5f2330a4-6a0de1cd0e17c0508d386a64');
  delete process.env._X_AMZN_TRACE_ID;
});

describe('work is shown', () => {
  const begun: unknown[] = [];
  const tracing = {
    name: 'acme-payments',
    tracer: {
      ...noTracer,
      begin: (start: SpanStart) => {
        begun.push(start);
        return {
          ...untraced(start.context),
          link: (other: unknown) => begun.push(other),
          annotate: (...what: unknown[]) => begun.push(what),
        };
      },
    },
  };
  const w3c = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  beforeEach(() => void begun.splice(0));

  test('from the time when the request came, and names the trace of a caller who speaks the other language', () => {
    const { beginTrace } = httpPorts(environment, telemetry, tracing);
    const header = 'Root=1-5f2330a4-6a0de1cd0e17c0508d386a64;Parent=53995c3f42cd8ad8;Sampled=1';
    beginTrace((name) => ({ 'X-Amzn-Trace-Id': header, traceparent: w3c })[name], 7);
    expect(begun).toEqual([
      {
        name: 'acme-payments',
        kind: 'work',
        startMs: 7,
        context: { traceId: '1-5f2330a4-6a0de1cd0e17c0508d386a64', parentId: '53995c3f42cd8ad8', sampled: true },
      },
      expect.objectContaining({ traceId: '1-4bf92f35-77b34da6a3ce929d0e0e4736' }),
    ]);
    begun.length = 0;
    beginTrace((name) => (name === 'traceparent' ? w3c : undefined), 7);
    expect(begun).toHaveLength(1);
  });

  test('as forwarded, where a call came from another region', () => {
    const context = { traceId: '1-5f2330a4-6a0de1cd0e17c0508d386a64', sampled: true };
    forwardedPorts(telemetry, tracing).beginTrace(context, 7);
    expect(begun).toEqual([{ name: 'acme-payments', kind: 'work', startMs: 7, context }, ['forwarded', true]]);
  });
});

describe('the DynamoDB client', () => {
  const put = new PutItemCommand({ TableName: 't', Item: { pk: { S: 'x' } } });
  const answering = (answer: () => Promise<{ response: HttpResponse }>) => {
    const client = dynamoClient('eu-west-1');
    const handle = jest.fn((_request: { headers: Record<string, string> }) => answer());
    Object.assign(client.config, {
      credentials: () => Promise.resolve({ accessKeyId: 'k', secretAccessKey: 's' }),
      requestHandler: { handle },
    });
    return { client, handle };
  };

  test('does with a request what is needed and no more', async () => {
    process.env.AWS_SDK_UA_APP_ID = 'acme';
    const { client, handle } = answering(() =>
      Promise.resolve({ response: new HttpResponse({ statusCode: 200, body: Readable.from(['{}']), headers: {} }) }),
    );
    delete process.env.AWS_SDK_UA_APP_ID;
    await client.send(put);
    const { headers } = handle.mock.calls[0][0];
    expect(headers['user-agent']).toBe('cdk-multi-region-payments app/acme');
    expect(Object.keys(headers).filter((name) => /^(amz-sdk|x-amz-user)/.test(name))).toEqual([]);
    expect(headers.authorization).toContain('x-amz-target');
    expect(client.middlewareStack.identify().filter((name) => /^loggerMiddleware/.test(name))).toEqual([]);
  });

  test('sends a request that finds nobody no second time, and tells it for a fault of the request', async () => {
    const { client, handle } = answering(() => Promise.reject(new Error('no credentials')));
    await expect(client.send(put)).rejects.toMatchObject({ message: 'no credentials', $metadata: {} });
    expect(handle).toHaveBeenCalledTimes(1);
  });

  test('tells a refused condition with the item that refused it', async () => {
    const body = JSON.stringify({ __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException', Item: { pk: { S: 'x' } } });
    const { client } = answering(() =>
      Promise.resolve({ response: new HttpResponse({ statusCode: 400, body: Readable.from([body]), headers: {} }) }),
    );
    await expect(client.send(put)).rejects.toMatchObject({
      name: 'ConditionalCheckFailedException',
      Item: { pk: { S: 'x' } },
      $metadata: { httpStatusCode: 400 },
    });
  });
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
