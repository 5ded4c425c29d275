import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalRun } from '../../local/run';

const [east, west] = ['us-east-1', 'us-west-2'];
/** The target that the example's recovery budget of 26 s is held to, as in the scripted scenario. */
const targetMs = 30_000;

/** What the edge of a running example does, while its regions come and go. Declares tests. */
export function edgeTests(run: () => LocalRun): void {
  const edge = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`${run().edgeUrl}${path}`, init);
  const regionOf = (name: string): LocalRun['regions'][number] => run().regions.find((one) => one.name === name)!;
  const origins = (answer: Response): unknown[] => [answer.status, answer.headers.get('x-cache'), answer.headers.get('x-origin-region')];
  const token = async (): Promise<string> => (await fetch(`${run().url}/_local/token?tenant=edge`)).text();

  test('the front door says where the edge is', async () => {
    const { edge: told } = (await (await fetch(`${run().url}/_local/status`)).json()) as { edge: { url: string } };
    expect(told).toEqual({ url: run().edgeUrl });
  });

  test('the site comes from the first region, is kept, and has one page for all of its paths', async () => {
    const first = await edge('/');
    expect([first.status, first.headers.get('x-origin-region')]).toEqual([200, east]);
    expect(first.headers.get('content-type')).toBe('text/html');
    expect(await first.text()).toContain('<title>Payments</title>');
    expect(origins(await edge('/accounts/4711'))).toEqual([200, 'Hit from cloudfront', east]);
    // As on AWS a bucket does not say what it lacks.
    expect((await edge('/none.js')).status).toBe(403);
  });

  test.each([
    [east, '/app.js', west],
    [west, '/style.css', east],
  ])('with %s lost the site is served on', async (lost, path, from) => {
    await regionOf(lost).stop();
    try {
      expect(origins(await edge(path))).toEqual([200, 'Miss from cloudfront', from]);
      expect(origins(await edge('/'))).toEqual([200, 'Hit from cloudfront', east]);
    } finally {
      await regionOf(lost).start();
    }
  });

  test('an answer of the API is never kept, whatever its status', async () => {
    const authorization = `Bearer ${await token()}`;
    const calls: readonly [number, string, RequestInit][] = [
      [401, '/api/v1/accounts/none', {}],
      [404, '/api/v1/payments/pay_none', { headers: { authorization } }],
      [404, '/api/v1/accounts/none', { headers: { authorization } }],
    ];
    for (const [status, path, init] of [...calls, ...calls]) {
      const answer = await edge(path, init);
      expect([path, answer.status, answer.headers.get('x-cache'), answer.headers.get('cache-control')]).toEqual([
        path,
        status,
        'Miss from cloudfront',
        'no-store',
      ]);
    }
  });

  test('a POST while its region is lost is answered within the recovery budget, and debited once', async () => {
    const headers = {
      authorization: `Bearer ${await token()}`,
      'content-type': 'application/json',
      'idempotency-key': 'edge-1',
      'x-client-location': east,
    };
    const account = JSON.stringify({ currency: 'EUR', balance: 1_000 });
    expect((await edge('/api/v1/accounts/edge', { method: 'PUT', headers, body: account })).status).toBe(201);
    await regionOf(east).stop();
    const began = Date.now();
    try {
      const body = JSON.stringify({ accountId: 'edge', amount: 100, currency: 'EUR' });
      const statuses: number[] = [];
      while (statuses.at(-1) !== 201 && Date.now() - began < targetMs) {
        if (statuses.length > 0) await sleep(500);
        const answer = await edge('/api/v1/payments', { method: 'POST', headers, body });
        statuses.push(answer.status);
        expect(answer.headers.get('x-cache')).toBe('Miss from cloudfront');
      }
      expect(statuses.at(-1)).toBe(201);
      expect(statuses.slice(0, -1).filter((status) => status < 500)).toEqual([]);
      const { available, held } = (await (await edge('/api/v1/accounts/edge', { headers })).json()) as { available: number; held: number };
      expect([available, held]).toEqual([900, 100]);
    } finally {
      await regionOf(east).start();
    }
  });
}
