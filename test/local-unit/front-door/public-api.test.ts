import { createConnection } from 'node:net';
import { Door, type Answer } from './door';
import { startFrontDoor } from '../../../local/front-door/front-door';
import { timePasses } from '../../waits';

const twoRegions = ['us-east-1', 'us-west-2'];
let door: Door;

afterEach(async () => door.close());

function expectProblem(answer: Answer, status: number, code: string, region = 'us-east-1'): void {
  const text = expect.any(String);
  expect(answer.json()).toMatchObject({ type: expect.stringContaining(code), title: text, status, detail: text, instance: text, code });
  expect(answer.status).toBe(status);
  expect(answer.headers).toMatchObject({
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    'x-served-by-region': region,
    'x-amzn-trace-id': expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/),
  });
  if (status === 429 || status === 503) expect(answer.headers['retry-after']).toBe('1');
}

interface Seen {
  method?: string;
  url?: string;
  headers: Record<string, unknown>;
  body: string;
}

/** Engines that tell what they saw. */
async function echoing(): Promise<Seen[]> {
  const seen: Seen[] = [];
  door = await Door.open(
    Object.fromEntries(
      twoRegions.map((region) => [
        region,
        (request, response) => {
          let body = '';
          request.on('data', (chunk) => {
            body += chunk;
          });
          request.on('end', () => {
            seen.push({ method: request.method, url: request.url, headers: request.headers, body });
            response.writeHead(201, {
              'Content-Type': 'application/json',
              'X-Served-By-Region': region,
              Location: '/api/v1/payments/1',
              Server: 'engine',
            });
            response.end(JSON.stringify({ region, body }));
          });
        },
      ]),
    ),
  );
  return seen;
}

describe('a request to the public name', () => {
  test('reaches the API of the region that DNS names, with method, query, body and headers as sent', async () => {
    const seen = await echoing();
    const answer = await door.ask('POST', '/api/v1/payments?a=1&a=2', {
      body: '{"amount":1}',
      headers: {
        'X-Client-Location': 'us-west-2',
        'X-Client-Resolver': 'mine',
        'Idempotency-Key': 'k 1',
        'X-Amzn-Trace-Id': 'Root=1-68a1b2c3-000000000000000000000001;Sampled=0',
      },
    });
    expect(answer).toMatchObject({ status: 201, headers: { location: '/api/v1/payments/1', 'x-served-by-region': 'us-west-2' } });
    expect(answer.headers.server).toBeUndefined();
    expect(answer.headers['x-amzn-trace-id']).toBe('Root=1-68a1b2c3-000000000000000000000001');
    expect(seen[0]).toMatchObject({
      method: 'POST',
      url: '/_aws/execute-api/api-us-west-2/live/api/v1/payments?a=1&a=2',
      body: '{"amount":1}',
    });
    expect(seen[0].headers).toMatchObject({
      'idempotency-key': 'k 1',
      'x-amzn-trace-id': 'Root=1-68a1b2c3-000000000000000000000001;Sampled=0',
      'x-forwarded-for': '127.0.0.1',
    });
    expect(seen[0].headers).not.toHaveProperty('x-client-location');
    expect(seen[0].headers).not.toHaveProperty('x-client-resolver');
  });

  test('gets a trace ID when it has none or a malformed one', async () => {
    const seen = await echoing();
    for (const headers of [{}, { 'X-Amzn-Trace-Id': 'Root=nonsense' }]) {
      const answer = await door.ask('GET', '/health', { headers: headers as Record<string, string> });
      const sent = String(seen[seen.length - 1].headers['x-amzn-trace-id']);
      expect(sent).toMatch(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=1$/);
      expect(sent).toContain(String(answer.headers['x-amzn-trace-id']));
    }
  });

  test('stands in the first region when it does not say where; an unknown location is refused', async () => {
    const seen = await echoing();
    expect((await door.ask('GET', '/health')).json()).toMatchObject({ region: 'us-east-1' });
    expectProblem(await door.ask('GET', '/health', { headers: { 'X-Client-Location': 'mars-north-1' } }), 400, 'invalid_request', 'local');
    expectProblem(await door.ask('GET', '/health', { headers: { 'X-Client-Resolver': 'a b' } }), 400, 'invalid_request', 'local');
    expect(seen).toHaveLength(1);
  });

  test("cannot climb out of the API to the engine's own addresses", async () => {
    const seen = await echoing();
    for (const path of ['/api/v1/../../_ministack/reset', '/api/v1/%2e%2e/%2E%2e/x', '/api/v1/..%2f..%2fx']) {
      expectProblem(await door.ask('POST', path), 400, 'invalid_path');
    }
    expect(seen).toHaveLength(0);
  });

  test('with a body that no gateway lets through gets 413', async () => {
    const seen = await echoing();
    expectProblem(await door.ask('POST', '/api/v1/payments', { body: Buffer.alloc(6 * 1024 * 1024 + 1, ' ') }), 413, 'body_too_large');
    expectProblem(
      await door.ask('POST', '/api/v1/payments', {
        body: Buffer.alloc(6 * 1024 * 1024 + 1, ' '),
        headers: { 'Transfer-Encoding': 'chunked' },
      }),
      413,
      'body_too_large',
    );
    expect(seen).toHaveLength(0);
    expect((await door.ask('POST', '/api/v1/payments', { body: Buffer.alloc(70_000, ' ') })).status).toBe(201);
  });

  test('past DNS reaches one region', async () => {
    const seen = await echoing();
    expect((await door.ask('GET', '/_local/regions/us-west-2/api/v1/accounts/a?x=1')).json()).toMatchObject({ region: 'us-west-2' });
    expect((await door.ask('GET', '/_local/regions/us-west-2/health')).json()).toMatchObject({ region: 'us-west-2' });
    expect(seen.map((request) => request.url)).toEqual([
      '/_aws/execute-api/api-us-west-2/live/api/v1/accounts/a?x=1',
      '/_aws/execute-api/api-us-west-2/live/health',
    ]);
    expectProblem(await door.ask('GET', '/_local/regions/eu-west-1/api/v1/accounts/a'), 404, 'unknown_route', 'local');
  });
});

describe('a lost region', () => {
  test('gives 503 with Retry-After at once, through DNS and past it, and answers again after its return', async () => {
    const seen = await echoing();
    await door.regions[0].stop();
    expectProblem(await door.ask('GET', '/health'), 503, 'outcome_unknown');
    expectProblem(await door.ask('POST', '/_local/regions/us-east-1/api/v1/payments', { body: '{}' }), 503, 'outcome_unknown');
    expect(seen).toHaveLength(0);
    await door.regions[0].start();
    expect((await door.ask('GET', '/health')).status).toBe(201);
  });

  test('fails what is under way, and frees its places', async () => {
    door = await Door.open({ 'us-east-1': () => {}, 'us-west-2': (_request, response) => response.end('fine') }, { inFlight: 2 });
    const stuck = [1, 2].map(() => door.ask('POST', '/api/v1/payments', { body: '{}' }));
    const waiting = door.ask('GET', '/_local/regions/us-west-2/health');
    await timePasses(100, 'the calls are to be under way');
    await door.regions[0].stop();
    for (const answer of await Promise.all(stuck)) expectProblem(answer, 503, 'outcome_unknown');
    expect((await waiting).body).toBe('fine');
  });

  test('that refuses or breaks the connection is no 500', async () => {
    door = await Door.open({ 'us-east-1': (request) => request.socket.destroy() });
    expectProblem(await door.ask('GET', '/health'), 503, 'outcome_unknown');
  });
});

describe('requests in flight', () => {
  test('are bounded over both regions; the rest waits in order', async () => {
    let inside = 0;
    let most = 0;
    const engine = (_request: unknown, response: { end(body: string): void }) => {
      inside += 1;
      most = Math.max(most, inside);
      setTimeout(() => {
        inside -= 1;
        response.end('ok');
      }, 5);
    };
    door = await Door.open({ 'us-east-1': engine, 'us-west-2': engine }, { inFlight: 3 });
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) => door.ask('GET', '/health', { headers: { 'X-Client-Location': twoRegions[index % 2] } })),
    );
    expect(answers.every((answer) => answer.status === 200)).toBe(true);
    expect(most).toBe(3);
    const status = (await door.ask('GET', '/_local/status')).json();
    expect(status.regions.map((region: { requests: number }) => region.requests)).toEqual([30, 30]);
  });
});

describe('what is not HTTP', () => {
  const raw = (text: string) =>
    new Promise<string>((resolve, reject) => {
      const socket = createConnection({ host: '127.0.0.1', port: door.port }, () => socket.write(text));
      let received = '';
      socket.on('data', (chunk) => {
        received += chunk;
      });
      socket.on('close', () => resolve(received));
      socket.on('error', reject);
    });

  test('gets an answer in the same form', async () => {
    await echoing();
    const nonsense = await raw('nonsense\r\n\r\n');
    expect(nonsense).toMatch(/^HTTP\/1.1 400 /);
    expect(nonsense).toContain('Content-Type: application/problem+json');
    expect(nonsense).toContain('Cache-Control: no-store');
    expect(await raw(`GET /health HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'a'.repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1.1 431 /);
  });
});

test('a port in use is one clear line', async () => {
  door = await Door.open({ 'us-east-1': () => {} });
  const { port } = door;
  const again = startFrontDoor({ port, regions: [], links: {} as never, tables: { status: () => [] }, dns: {} as never, apis: [] });
  await expect(again).rejects.toThrow(`port ${port} is in use: end what listens there, or choose another one with --port`);
});
