import { Function, FunctionCode, FunctionEventType } from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { edgeOf } from './template';
import { startEdge, type Edge } from '../../../local/edge/edge';
import type { EdgeAnswer, EdgeBehavior, EdgeDistribution, EdgeOrigin, EdgeRequest, FromOrigin } from '../../../local/edge/model';
import type { PaymentsEdge } from '../../../src/index';

interface Asked {
  readonly origin: EdgeOrigin;
  readonly request: EdgeRequest;
  readonly behavior: EdgeBehavior;
}

let edge: Edge;
let asked: Asked[];
let counted: [string, number][];
/** What each origin says, by its domain's first letters. */
let answers: (one: Asked) => FromOrigin;
let now: number;

const page = (text: string, headers: Readonly<Record<string, string>> = {}, status = 200): EdgeAnswer => ({
  status,
  headers: { 'Content-Type': 'text/html', ...headers },
  body: Buffer.from(text),
  region: 'us-east-1',
});
const isFirst = ({ origin }: Asked): boolean => origin.bucket?.region === 'us-east-1';

async function open(distribution: EdgeDistribution = edgeOf(), prepare?: () => Promise<void>): Promise<void> {
  await edge?.close();
  asked = [];
  counted = [];
  now = 0;
  answers = () => page('hello', { 'Cache-Control': 'public, max-age=0, s-maxage=60' });
  edge = await startEdge({
    distribution,
    port: 0,
    now: () => now,
    prepare,
    count: (name, value) => counted.push([name, value]),
    origins: {
      ask: async (origin, request, behavior) => {
        asked.push({ origin, request, behavior });
        return answers(asked.at(-1)!);
      },
    },
  });
}

const get = (path: string, init?: RequestInit): Promise<Response> => fetch(`${edge.url}${path}`, init);
const cacheOf = (answer: Response): string | null => answer.headers.get('x-cache');

beforeEach(() => open());
afterAll(() => edge.close());

test('what could not be prepared holds up no answer, and is tried again by the next request, until it succeeds', async () => {
  let tries = 0;
  await open(edgeOf(), async () => {
    tries += 1;
    if (tries < 3) throw new Error('the region is lost');
  });
  const seen: [number, number][] = [];
  for (const file of ['/a.js', '/b.js', '/c.js', '/d.js']) seen.push([(await get(file)).status, tries]);
  expect(seen).toEqual([
    [200, 1],
    [200, 2],
    [200, 3],
    [200, 3],
  ]);
});

describe('the site', () => {
  test.each([
    ['/', '/index.html'],
    ['/pay/4711', '/index.html'],
    ['/app.js', '/app.js'],
    ['/assets/a.b.css', '/assets/a.b.css'],
    ['/.well-known/change-password', '/.well-known/change-password'],
  ])('asks a bucket for %s as %s: the function of the template routes', async (path, uri) => {
    expect((await get(path)).status).toBe(200);
    expect(asked.map(({ request }) => request.uri)).toEqual([uri]);
    expect(asked[0].origin.bucket).toEqual({ name: 'acme-site-111122223333-us-east-1', region: 'us-east-1' });
  });

  test('is kept as long as the answer says, and HEAD is served by what GET got', async () => {
    expect(cacheOf(await get('/app.js'))).toBe('Miss from cloudfront');
    expect(cacheOf(await get('/app.js?v=2'))).toBe('Hit from cloudfront');
    const head = await get('/app.js', { method: 'HEAD' });
    expect([cacheOf(head), head.headers.get('content-length'), head.headers.get('x-origin-region')]).toEqual([
      'Hit from cloudfront',
      '5',
      'us-east-1',
    ]);
    now = 60_001;
    expect(cacheOf(await get('/app.js'))).toBe('Miss from cloudfront');
    expect(asked).toHaveLength(2);
  });

  test.each<[string, FromOrigin]>([
    ...[403, 404, 500, 502, 503, 504].map((status): [string, FromOrigin] => [String(status), page('no', {}, status)]),
    ['no connection', 'unreachable'],
    ['no answer', 'late'],
  ])('comes from the second bucket after %s of the first', async (_what, first) => {
    answers = (one) => (isFirst(one) ? first : page('second'));
    const answer = await get('/app.js');
    expect([answer.status, await answer.text()]).toEqual([200, 'second']);
    expect(asked.map(({ origin }) => origin.bucket?.region)).toEqual(['us-east-1', 'us-west-2']);
  });

  test('does not fail over after another code, and says what both say when both fail', async () => {
    answers = (one) => page('no', {}, isFirst(one) ? 416 : 200);
    expect((await get('/a.js')).status).toBe(416);
    answers = () => page('no', {}, 403);
    expect((await get('/b.js')).status).toBe(403);
    answers = () => 'unreachable';
    expect((await get('/c.js')).status).toBe(502);
    answers = () => 'late';
    expect((await get('/d.js')).status).toBe(504);
  });

  test('takes no other method than those of its behavior', async () => {
    expect((await get('/', { method: 'POST', body: 'x' })).status).toBe(403);
    expect(asked).toEqual([]);
  });

  test('has the headers of its policy', async () => {
    const { headers } = await get('/');
    expect(headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(headers.get('strict-transport-security')).toBe('max-age=31536000; includeSubDomains');
    expect([headers.get('x-frame-options'), headers.get('referrer-policy'), headers.get('x-content-type-options')]).toEqual([
      'DENY',
      'strict-origin-when-cross-origin',
      'nosniff',
    ]);
  });
});

describe('the API', () => {
  test.each([200, 400, 401, 403, 404, 409, 422, 429, 500, 501, 503])('an answer of %i is never kept', async (status) => {
    answers = () => page('{}', { 'Cache-Control': 'no-store' }, status);
    for (let turn = 0; turn < 2; turn++) {
      const answer = await get('/api/v1/payments/pay_1');
      expect([answer.status, cacheOf(answer), answer.headers.get('cache-control')]).toEqual([status, 'Miss from cloudfront', 'no-store']);
    }
    expect(asked).toHaveLength(2);
  });

  test('without the error TTLs of the template an error would be kept for ten seconds, and shown to other callers', async () => {
    await open(edgeOf(undefined, (config) => void delete config.CustomErrorResponses));
    answers = () => page('{}', { 'Cache-Control': 'no-store' }, 503);
    await get('/api/v1/payments', { headers: { authorization: 'one' } });
    expect(cacheOf(await get('/api/v1/payments', { headers: { authorization: 'two' } }))).toBe('Hit from cloudfront');
    now = 10_001;
    expect(cacheOf(await get('/api/v1/payments'))).toBe('Miss from cloudfront');
  });

  test('has no page in the place of its 404, which an error page of the site would put there', async () => {
    const found = { ErrorCode: 404, ResponseCode: 200, ResponsePagePath: '/index.html' };
    const withPage = edgeOf(undefined, (config) => void (config.CustomErrorResponses = [found]));
    await open(withPage);
    answers = ({ request }) => (request.uri.startsWith('/api/') ? page('{}', {}, 404) : page('index'));
    expect(await (await get('/api/v1/payments/none')).text()).toBe('index');
    await open();
    answers = ({ request }) => (request.uri.startsWith('/api/') ? page('{}', {}, 404) : page('index'));
    const answer = await get('/api/v1/payments/none');
    expect([answer.status, await answer.text()]).toEqual([404, '{}']);
  });

  test('a POST that finds no region is answered, and sent once', async () => {
    answers = () => 'unreachable';
    const answer = await get('/api/v1/payments', { method: 'POST', body: '{}' });
    expect([answer.status, cacheOf(answer), answer.headers.get('cache-control')]).toEqual([502, 'Miss from cloudfront', 'no-store']);
    expect(asked).toHaveLength(1);
  });

  test('gets the request as it came: path, query, body and method', async () => {
    await get('/api/v1/payments?a=1&a=2&b=%20', { method: 'PUT', body: 'text' });
    const [{ request, origin }] = asked;
    expect([origin.domain, request.method, request.uri, request.query, request.body.toString()]).toEqual([
      'pay.example.com',
      'PUT',
      '/api/v1/payments',
      'a=1&a=2&b=%20',
      'text',
    ]);
  });
});

describe('what else a template says', () => {
  const adding =
    (code: string, eventType = FunctionEventType.VIEWER_REQUEST) =>
    ({ distribution }: PaymentsEdge): void => {
      const made = new Function(distribution, 'Own', { code: FunctionCode.fromInline(code) });
      distribution.addBehavior('/own/*', new HttpOrigin('own.example.com'), { functionAssociations: [{ function: made, eventType }] });
    };

  test('a function may answer by itself', async () => {
    await open(edgeOf(adding("function handler() { return { statusCode: 302, headers: { location: { value: '/' } } }; }")));
    const answer = await get('/own/a', { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location'), asked]).toEqual([302, '/', []]);
  });

  test.each([
    ['throws', "function handler() { throw new Error('no'); }"],
    ['does not end', 'function handler() { for (;;); }'],
    ['returns nothing', 'function handler() {}'],
    ['looks for a way out', 'function handler() { return process.exit ? {} : {}; }'],
  ])('a function that %s is answered with 503', async (_what, code) => {
    await open(edgeOf(adding(code)));
    expect((await get('/own/a')).status).toBe(503);
    expect((await get('/')).status).toBe(200);
  });

  test("a function at the viewer's response changes headers", async () => {
    const code = "function handler(event) { event.response.headers['x-own'] = { value: 'yes' }; return event.response; }";
    await open(edgeOf(adding(code, FunctionEventType.VIEWER_RESPONSE)));
    expect((await get('/own/a')).headers.get('x-own')).toBe('yes');
  });

  test('counts what its alarms read: the share of 5xx, and latency where the additional metrics are on', async () => {
    answers = ({ request }) => (request.uri === '/b.js' ? page('', {}, 503) : page(''));
    await get('/a.js');
    await get('/b.js');
    expect(counted.filter(([name]) => name === '5xxErrorRate').map(([, value]) => value)).toEqual([0, 100]);
    expect(counted.filter(([name]) => name === 'OriginLatency')).toHaveLength(3);
  });
});
