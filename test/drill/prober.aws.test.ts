import { callerAnswer } from './caller';
import { FakeServices, region } from './fake-services';
import { run } from './world';
import { drillKeys, DrillPlan, proberEnv } from '../../src/drill/contract';
import type { ProbedCalls } from '../../src/drill/model';
import { loadedHandler } from '../runtime/loaded-handler';
import { timePasses } from '../waits';

let services: FakeServices;
beforeEach(async () => {
  services = await FakeServices.start();
});
afterEach(() => services.stop());

describe('prober', () => {
  const probe = (remainingMs = 300_000) => loadedHandler<{ readonly run: string }, void>('drill/functions/prober', remainingMs)({ run });
  let paid: Map<string, { readonly paymentId: string; readonly amount: number }>;
  let balance: number;
  beforeEach(() => {
    [paid, balance] = [new Map(), 0];
    services.asking = (one) => callerAnswer(one, {});
    Object.assign(
      process.env,
      proberEnv.write({ identity: JSON.stringify({ tokenUrl: `${services.aws.url}/token` }), door: services.aws.url }),
    );
    services.instead = ({ path, action, input, headers }) => {
      if (path === '/token') return { body: { access_token: 'a-token', expires_in: 3600 } };
      if (action.startsWith('PUT /api/')) {
        balance = input.balance as number;
        return { status: 201 };
      }
      const held = [...paid.values()].reduce((sum, { amount }) => sum + amount, 0);
      if (path.startsWith('/api/v1/accounts/')) return { body: { available: balance - held, held, settled: 0 } };
      if (path === '/api/v1/transactions') {
        return { body: { items: [...paid.values()].map((line) => ({ ...line, type: 'AUTHORISATION' })) } };
      }
      if (path !== '/api/v1/payments') return undefined;
      const key = headers['idempotency-key'] as string;
      const payment = paid.get(key) ?? { paymentId: `pay-${paid.size}`, amount: input.amount as number };
      paid.set(key, payment);
      return {
        status: 201,
        body: { paymentId: payment.paymentId, status: 'AUTHORISED' },
        headers: { 'x-served-by-region': headers['x-client-location'] as string, 'x-resolver-ttl': '5' },
      };
    };
  });

  test('pays near both regions until it is told to end, and accounts for what it paid', async () => {
    services.objects.set(drillKeys.end('first'), '{}');
    await probe();
    const seen = JSON.parse(services.objects.get(drillKeys.calls('first'))!) as ProbedCalls;
    expect(seen).toMatchObject({ account: 'drill-first-probe', ttlSeconds: 5 });
    expect(seen.calls.map((one) => [one.caller, one.region, one.answered]).sort()).toEqual([
      [0, 'us-east-1', true],
      [1, region, true],
      [2, 'us-east-1', true],
      [3, region, true],
    ]);
    const sums = { paid: 4, sentAgain: 0, failed: [], lost: 0, duplicates: 0, wrong: [] };
    expect(JSON.parse(services.objects.get(drillKeys.audit('first'))!)).toEqual(sums);
    expect([...paid.keys()].sort()).toEqual([0, 1, 2, 3].map((caller) => `drill-first-${caller}-0`));
    const api = services.aws.calls.filter(({ path }) => path.startsWith('/api/'));
    expect(new Set(api.map(({ headers }) => headers.authorization))).toEqual(new Set(['Bearer a-token']));
    expect(services.logged('prober ended')).toEqual([
      expect.objectContaining({ service: 'drill-prober', run, paid: 4, sentAgain: 0, failed: 0, lost: 0, duplicates: 0 }),
    ]);
    expect(JSON.stringify(services.lines)).not.toContain('a-token');
  });

  test('asks again with the same key where a region answers 500, 502 or 504, and gets its final answer', async () => {
    services.objects.set(drillKeys.end('first'), '{}');
    const healthy = services.instead!;
    const faults = [500, 502, 504];
    const key = 'drill-first-0-0';
    services.instead = (one) => {
      const status = one.headers['idempotency-key'] === key ? faults.shift() : undefined;
      return status === undefined ? healthy(one) : { status, body: { message: 'Internal server error' } };
    };
    await probe();
    const asked = services.aws.calls.filter(({ headers }) => headers['idempotency-key'] === key);
    expect(asked).toHaveLength(4);
    expect(new Set(asked.map(({ input }) => input.amount)).size).toBe(1);
    expect(JSON.parse(services.objects.get(drillKeys.audit('first'))!)).toMatchObject({ paid: 4, failed: [], lost: 0, duplicates: 0 });
    const seen = JSON.parse(services.objects.get(drillKeys.calls('first'))!) as ProbedCalls;
    expect(seen.calls.map(({ caller, answered }) => [caller, answered]).sort()).toEqual([
      [0, false],
      [1, true],
      [2, true],
      [3, true],
    ]);
  });

  test('that is started twice, by an announcement that was repeated, pays once', async () => {
    services.objects.set(drillKeys.end('first'), '{}');
    await Promise.all([probe(), probe()]);
    expect(services.logged('prober ended')).toHaveLength(1);
    expect(services.logged('prober not needed')).toEqual([expect.objectContaining({ run, why: 'another one pays for this run' })]);
    expect(services.aws.calls.filter(({ action }) => action.startsWith('PUT /api/'))).toHaveLength(1);
    expect(
      services.aws.calls.filter(({ path }) => path === '/api/v1/payments').map(({ headers }) => headers['idempotency-key']),
    ).toHaveLength(4);
  });

  test('has no time for a payment where Lambda leaves it none besides the last look', async () => {
    await probe(119_000);
    expect(paid.size).toBe(0);
    expect(JSON.parse(services.objects.get(drillKeys.audit('first'))!)).toMatchObject({ paid: 0, lost: 0 });
  });

  test('that may not open its account ends at once, and has accounted for nothing', async () => {
    const usual = services.instead;
    services.instead = (seen) => (seen.action.startsWith('PUT /api/') ? { status: 403, body: { code: 'forbidden' } } : usual(seen));
    await expect(probe()).rejects.toThrow('PUT /accounts/drill-first-probe: 403 forbidden');
    expect([paid.size, [...services.objects.keys()], services.logged('prober ended')]).toEqual([0, [drillKeys.prober('first')], []]);
  });

  test('that may not write what it saw stops paying, and says why', async () => {
    const usual = services.instead;
    services.instead = (seen) => (seen.service === 's3' ? { status: 403, body: '<Error><Code>AccessDenied</Code></Error>' } : usual(seen));
    await expect(probe()).rejects.toThrow('s3 in us-west-2 answered 403 AccessDenied');
    const before = paid.size;
    expect(before).toBeLessThanOrEqual(4);
    await timePasses(700, 'no payment may follow');
    expect(paid.size).toBe(before);
  });

  test('of a plan that is none is not loaded', async () => {
    process.env.DRILL_PLAN = JSON.stringify({ drilled: 'us-east-1' } satisfies Partial<DrillPlan>);
    await expect((async () => probe())()).rejects.toThrow('environment variable DRILL_PLAN is');
  });
});
