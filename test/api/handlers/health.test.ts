import { DrainRead, healthCheck } from '../../../src/api/health/service';

const ok: DrainRead = { kind: 'read', drained: false };
const drained: DrainRead = { kind: 'read', drained: true };
const throttled: DrainRead = { kind: 'throttled' };
const failed: DrainRead = { kind: 'failed', fault: 'AccessDeniedException' };

function checkWith(strong: DrainRead, weak: DrainRead, takesMs = 10) {
  let nowMs = 0;
  const readDrain = jest.fn((consistent: boolean) => {
    nowMs += takesMs;
    return Promise.resolve(consistent ? strong : weak);
  });
  const check = healthCheck({ region: 'us-east-1', nowMs: () => nowMs, readDrain, cacheMs: 1_000 });
  return {
    check,
    readDrain,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

test.each<[string, DrainRead, DrainRead, number, string, object]>([
  ['a ledger that answers', ok, failed, 10, 'healthy', { ledger: 'ok', drain: 'off' }],
  ['a slow ledger stays: load would make every region slow', ok, failed, 600, 'healthy', { ledger: 'slow', drain: 'off' }],
  [
    'a throttled ledger stays: its load would go on to the next region',
    throttled,
    ok,
    10,
    'healthy',
    { ledger: 'throttled', drain: 'off' },
  ],
  ['a switch that cannot be read is off', throttled, throttled, 10, 'healthy', { ledger: 'throttled', drain: 'unknown' }],
  ['a drained region leaves', drained, failed, 10, 'draining', { ledger: 'ok', drain: 'draining' }],
  ['a drained region leaves though it is throttled', throttled, drained, 10, 'draining', { ledger: 'throttled', drain: 'draining' }],
  ['a ledger out of reach', failed, ok, 10, 'unhealthy', { ledger: 'failed', drain: 'unknown' }],
])('%s', async (_, strong, weak, takesMs, status, checks) => {
  const { report, fault } = await checkWith(strong, weak, takesMs).check();
  expect(report).toEqual({ region: 'us-east-1', status, checks });
  expect(fault).toBe(strong.kind === 'failed' ? strong.fault : undefined);
});

describe('where one region is home', () => {
  const check = (readAuthority: () => Promise<unknown>, drain: DrainRead = ok) =>
    healthCheck({ region: 'us-east-1', nowMs: () => 0, readDrain: async () => drain, readAuthority, cacheMs: 1_000 })();

  test('a region that can tell who is home stays', async () => {
    expect(await check(async () => undefined)).toEqual({
      report: { region: 'us-east-1', status: 'healthy', checks: { ledger: 'ok', drain: 'off', authority: 'ok' } },
    });
  });

  test('one that cannot leaves: it neither writes nor knows where to send', async () => {
    const fault = new Error('no answer');
    expect(await check(() => Promise.reject(fault))).toEqual({
      report: { region: 'us-east-1', status: 'unhealthy', checks: { ledger: 'ok', drain: 'off', authority: 'failed' } },
      fault,
    });
    expect((await check(async () => undefined, failed)).report).toMatchObject({
      status: 'unhealthy',
      checks: { ledger: 'failed', authority: 'ok' },
    });
  });
});

describe('a home without work keeps its leases', () => {
  let nowMs: number;
  const check = (readAuthority: () => Promise<unknown>, keepLeases: () => Promise<void>) =>
    healthCheck({ region: 'us-east-1', nowMs: () => nowMs, readDrain: async () => ok, readAuthority, keepLeases, cacheMs: 1_000 });
  beforeEach(() => {
    nowMs = 0;
  });

  test('as long as the check before was well', async () => {
    const keep = jest.fn().mockResolvedValue(undefined);
    const authority = jest.fn().mockResolvedValueOnce(undefined).mockRejectedValueOnce(new Error('no answer')).mockResolvedValue(undefined);
    const kept: number[] = [];
    const run = check(authority, keep);
    for (let times = 0; times < 4; times += 1, nowMs += 1_000) {
      await run();
      kept.push(keep.mock.calls.length);
    }
    expect(kept).toEqual([0, 1, 1, 2]);
  });

  test('and a fault in it turns nothing red, but is told to the log', async () => {
    const fault = new Error('AccessDeniedException');
    const run = check(
      async () => undefined,
      () => Promise.reject(fault),
    );
    expect(await run()).not.toHaveProperty('fault');
    nowMs += 1_000;
    expect(await run()).toMatchObject({ report: { status: 'healthy' }, fault });
  });
});

test('a healthy answer costs one read', async () => {
  const { check, readDrain } = checkWith(ok, ok);
  await check();
  expect(readDrain.mock.calls).toEqual([[true]]);
});

test('however often it is asked, it reads once a second', async () => {
  const { check, readDrain, pass } = checkWith(ok, ok);
  for (let times = 0; times < 50; times += 1) await check();
  expect(readDrain).toHaveBeenCalledTimes(1);
  pass(1_000);
  await check();
  expect(readDrain).toHaveBeenCalledTimes(2);
});
