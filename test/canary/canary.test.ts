import { CanaryPlan, CanaryTarget } from '../../src/canary/contract';
import { canaryAccount, CanaryRun, CanaryTimer, runCanary } from '../../src/canary/service';
import { FinalError } from '../../src/kernel/cause';
import { RetryingCaller } from '../../src/scenario/caller.service';
import { ApiAnswer, ApiBody, ApiCall } from '../../src/scenario/model';
import { Faults, FakeSystem, goodToken } from '../commands/fake-system';
import { VirtualTime } from '../commands/virtual-time';

const plan = (target: CanaryTarget): CanaryPlan => ({
  systemName: 'acme-pay',
  region: 'us-east-1',
  tenant: 'canary',
  regions: ['us-east-1', 'us-west-2'],
  target,
  url: 'https://pay.example.com',
  identity: { kind: 'role' },
});

/** A canary's calls on a system in memory; `spoil` changes what the system answers. */
function canaryOn(
  faults: Faults = {},
  spoil: (call: ApiCall, answer: ApiAnswer, nowMs: number) => ApiAnswer | Promise<ApiAnswer> = (_, answer) => answer,
  target: CanaryTarget = 'NAME',
  token: () => Promise<string> = () => Promise.resolve(goodToken),
  time = new VirtualTime(),
  timer: (ms: number) => CanaryTimer = () => ({ over: new Promise(() => undefined), stop: () => undefined }),
) {
  const system = new FakeSystem(time, faults);
  const runs: CanaryRun[] = [];
  const calls: ApiCall[] = [];
  const client = new RetryingCaller<ApiBody>(
    {
      send: async (_url, call) => {
        calls.push(call);
        const answer = await system.answer({ ...call, region: target === 'REGION' ? 'us-east-1' : undefined }, goodToken);
        return spoil(call, { ...answer, body: JSON.parse(answer.text) as ApiBody, ms: 1 }, time.nowMs());
      },
      token,
      nowMs: time.nowMs,
      sleep: time.sleep,
      chance: () => 0.5,
    },
    ({ path }) => path,
  );
  const run = (id = 'one'): Promise<string> =>
    runCanary(plan(target), { client, nowMs: time.nowMs, timer, runId: () => id, record: (record) => runs.push(record) });
  return { run, runs, calls, system, time };
}

const failedOf = ({ checks }: CanaryRun): string[] => checks.filter(({ ok }) => !ok).map(({ name }) => name);

test.each(['REGION', 'NAME'] as const)('a run tries a payment from its authorisation to the sum of its lines: %s', async (target) => {
  const { run, runs, calls } = canaryOn({}, undefined, target);
  expect(await run()).toBe('9 checks passed');
  expect(runs[0].checks.map(({ name, figure }) => [name, figure])).toEqual([
    ['open an account', '201'],
    ['authorise', '201 AUTHORISED'],
    ['the region that answers', 'us-east-1'],
    ['replay', '201 AUTHORISED'],
    ['same key with another payload', '422 idempotency_key_reused'],
    ['capture', '200 CAPTURED'],
    ['refund', '200 REFUNDED'],
    ['lines of the payment', 'AUTHORISATION, CAPTURE, REFUND'],
    ['lines add up to the balance', '3 lines'],
  ]);
  expect(calls.filter(({ key }) => key !== undefined).map(({ key }) => key)).toEqual([
    ...Array.from({ length: 3 }, () => 'canary-one-pay'),
    'canary-one-capture',
    'canary-one-refund',
  ]);
});

test('runs of an hour share an account, whose funds are all there again after each', async () => {
  const { run, runs, calls } = canaryOn();
  await run('one');
  await run('two');
  expect(failedOf(runs[1])).toEqual([]);
  expect(new Set(calls.filter(({ method }) => method === 'PUT').map(({ path }) => path)).size).toBe(1);
  expect(runs[1].checks.at(-1)).toMatchObject({ name: 'lines add up to the balance', figure: '6 lines' });
});

test('accounts differ by region, by what is asked, and by the hour', () => {
  const at = Date.UTC(2026, 10, 30, 1, 59);
  const accounts = [canaryAccount(plan('NAME'), at), canaryAccount(plan('REGION'), at), canaryAccount(plan('NAME'), at + 60_000)];
  expect(accounts).toEqual(['canary-us-east-1-name-2026113001', 'canary-us-east-1-region-2026113001', 'canary-us-east-1-name-2026113002']);
});

describe('a copy that is behind, as in HOME_REGION', () => {
  const isRead = ({ path, method }: ApiCall): boolean =>
    method === undefined && (path.startsWith('/api/v1/transactions') || path.startsWith('/api/v1/accounts/'));
  const unknown = (answer: ApiAnswer): ApiAnswer => ({ ...answer, status: 404, body: { code: 'account_not_found' }, text: '{}' });

  /** For a while from the first look on, what is read is what `before` says. */
  function behind(ms: number, before: (call: ApiCall, answer: ApiAnswer) => ApiAnswer) {
    let sinceMs: number | undefined;
    return (call: ApiCall, answer: ApiAnswer, nowMs: number): ApiAnswer => {
      if (!isRead(call)) return answer;
      sinceMs ??= nowMs;
      return nowMs - sinceMs < ms ? before(call, answer) : answer;
    };
  }

  test.each([
    ['the account', isRead],
    ['its lines', ({ path }: ApiCall) => path.startsWith('/api/v1/transactions')],
  ])('and has not got %s of a new account yet: it is waited for', async (_, is) => {
    const { run, runs, time } = canaryOn(
      {},
      behind(25_000, (call, answer) => (is(call) ? unknown(answer) : answer)),
    );
    const began = time.nowMs();
    expect(await run()).toBe('9 checks passed');
    expect([time.nowMs() - began, runs[0].checks.at(-1)?.figure]).toEqual([25_000, '3 lines']);
  });

  test('and shows an older state that adds up by itself: the lines of this payment are waited for', async () => {
    const seen = new Map<string, ApiAnswer>();
    const late = behind(25_000, ({ path }) => seen.get(path)!);
    let runsBegun = 0;
    const { run, runs } = canaryOn({}, (call, answer, nowMs) => {
      if (runsBegun === 2) return late(call, answer, nowMs);
      seen.set(call.path, answer);
      return answer;
    });
    for (const id of ['one', 'two']) {
      runsBegun += 1;
      await run(id);
    }
    expect(failedOf(runs[1])).toEqual([]);
    expect(runs[1].checks.at(-1)).toMatchObject({ name: 'lines add up to the balance', figure: '6 lines' });
  });

  test('for the whole of a run: the run fails by lateness, and says nothing of money', async () => {
    const { run, runs, time } = canaryOn(
      {},
      behind(100_000, ({ path }, answer) => {
        if (!path.startsWith('/api/v1/transactions')) return answer;
        return { ...answer, body: { items: answer.body.items!.filter(({ type }) => type !== 'REFUND') } };
      }),
    );
    const began = time.nowMs();
    await expect(run()).rejects.toThrow('1 of 8 checks failed: the payment can be read: AUTHORISATION,CAPTURE after 44 s');
    expect(failedOf(runs[0])).toEqual(['the payment can be read']);
    expect(time.nowMs() - began).toBeLessThan(48_000);
  });

  test('is not what a line too many is', async () => {
    const twice = ({ items, ...rest }: ApiBody): ApiBody => ({ ...rest, ...(items && { items: [...items, items[0]] }) });
    const { run, runs } = canaryOn({}, (call, answer) => (isRead(call) ? { ...answer, body: twice(answer.body) } : answer));
    await expect(run()).rejects.toThrow('2 of 9 checks failed: lines of the payment');
    expect(failedOf(runs[0])).toEqual(['lines of the payment', 'lines add up to the balance']);
  });
});

test('a run that is not over in its time ends itself: what it saw is kept, and the failure is told', async () => {
  const time = new VirtualTime();
  const hang = (call: ApiCall, answer: ApiAnswer) => (call.path.endsWith('/refund') ? new Promise<ApiAnswer>(() => undefined) : answer);
  const timer = (ms: number): CanaryTimer => ({ over: time.sleep(ms), stop: () => undefined });
  const { run, runs } = canaryOn({}, hang, 'NAME', undefined, time, timer);
  const began = time.nowMs();
  await expect(run()).rejects.toThrow('1 of 7 checks failed: all steps were made: the run was not over after 48 s');
  expect(time.nowMs() - began).toBe(48_000);
  expect(runs[0].checks.map(({ name }) => name).slice(-2)).toEqual(['capture', 'all steps were made']);
});

describe('a run fails, and says why', () => {
  const answerOf = (status: number, body: ApiBody): Pick<ApiAnswer, 'status' | 'body' | 'text'> => ({
    status,
    body,
    text: JSON.stringify(body),
  });

  test('where a key pays twice', async () => {
    const { run, runs } = canaryOn({ forgetful: true });
    await expect(run()).rejects.toThrow(/^\d of 9 checks failed: replay: 201 AUTHORISED; same key with another payload: 201 AUTHORISED/);
    expect(failedOf(runs[0])).toEqual(expect.arrayContaining(['replay', 'same key with another payload']));
  });

  test.each<[string, (call: ApiCall) => boolean, Pick<ApiAnswer, 'status' | 'body' | 'text'>, string | RegExp]>([
    [
      'a payment is declined',
      ({ path }) => path === '/api/v1/payments',
      answerOf(201, { paymentId: 'p', status: 'DECLINED' }),
      'authorise: 201 DECLINED',
    ],
    [
      'it is refused',
      ({ path }) => path === '/api/v1/payments',
      answerOf(403, { code: 'forbidden_scope' }),
      'authorise: 403 forbidden_scope',
    ],
    ['a capture is refused', ({ path }) => path.endsWith('/capture'), answerOf(409, { code: 'wrong_state' }), 'capture: 409 wrong_state'],
    ['a refund comes to nothing', ({ path }) => path.endsWith('/refund'), answerOf(200, { status: 'CAPTURED' }), 'refund: 200 CAPTURED'],
    [
      'the balance is not what the lines make',
      ({ path, method }) => path.startsWith('/api/v1/accounts/') && method !== 'PUT',
      answerOf(200, { available: 999_999, held: 0, settled: 0 }),
      /lines add up to the balance: 3 lines \(canary-us-east-1-name-\d+ in us-east-1: \{"available":999999/,
    ],
  ])('where %s', async (_, isSpoilt, given, reason) => {
    const { run } = canaryOn({}, (call, answer) => (isSpoilt(call) ? { ...answer, ...given } : answer));
    await expect(run()).rejects.toThrow(reason);
  });

  test('where another region answers than the one that is watched', async () => {
    const { run, runs } = canaryOn({ crossed: 'us-east-1' }, undefined, 'REGION');
    await expect(run()).rejects.toThrow('1 of 9 checks failed: the region that answers: us-west-2');
    expect(failedOf(runs[0])).toEqual(['the region that answers']);
  });

  test('where nobody answers, within the time that a run has', async () => {
    const { run, runs, time } = canaryOn({ dead: 'us-east-1' }, undefined, 'REGION');
    const began = time.nowMs();
    await expect(run()).rejects.toThrow('1 of 1 checks failed: all steps were made: PUT /api/v1/accounts/');
    expect(time.nowMs() - began).toBeLessThan(20_000);
    expect(runs).toHaveLength(1);
  });

  test('where the client is refused: the token endpoint is asked once', async () => {
    const token = jest.fn(() => Promise.reject(new FinalError('the token endpoint answered 401')));
    const { run } = canaryOn({}, undefined, 'NAME', token);
    await expect(run()).rejects.toThrow('1 of 1 checks failed: all steps were made: the token endpoint answered 401');
    expect(token).toHaveBeenCalledTimes(1);
  });

  test.each<[string, (call: ApiCall) => boolean, number]>([
    ['a payment', ({ path }) => path === '/api/v1/payments', 503],
    ['the lines', ({ path }) => path.startsWith('/api/v1/transactions'), 500],
    ['the account', ({ path }) => path.startsWith('/api/v1/accounts/'), 503],
  ])('by status and code alone, and nothing of the body: %s', async (_, isSpoilt, status) => {
    const problem = { code: 'internal_error', detail: 'card 4000' };
    const { run, runs } = canaryOn({}, (call, answer) =>
      isSpoilt(call) ? { ...answer, status, body: problem, text: JSON.stringify(problem) } : answer,
    );
    await expect(run()).rejects.toThrow(`${status} internal_error`);
    expect(JSON.stringify(runs)).not.toContain('4000');
  });

  test('where there is no token', async () => {
    const { run } = canaryOn({}, undefined, 'NAME', () => Promise.reject(new Error('the token endpoint answered 401')));
    await expect(run()).rejects.toThrow(/no final answer within 15 s, last the token endpoint answered 401$/);
  });
});
